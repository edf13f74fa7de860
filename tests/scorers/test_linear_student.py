"""The network beside the linear heads: a case by hand, the same bits in any batch, saved and adapted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import WIDTH, arrays, networked

from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_adapt import adapt
from feedback_nlp.scorers.linear_student import STUDENT, Seen, additions, has_student
from feedback_nlp.scorers.products import rowwise_product


def seen(n_clauses: int, n_reviews: int, seed: int = 1) -> Seen:
    random = np.random.default_rng(seed)
    review = np.sort(random.integers(0, n_reviews, n_clauses))
    sums = random.normal(size=(n_clauses, WIDTH)).astype(np.float32)
    counts = random.integers(1, 9, n_clauses).astype(np.float32)
    whole = np.zeros((n_reviews, WIDTH + 1), np.float32)
    np.add.at(whole, review, np.concatenate([sums, counts[:, None]], axis=1))
    return Seen(sums, counts, random.normal(size=(n_clauses, 3)).astype(np.float32), review, whole)


def test_a_case_worked_by_hand() -> None:
    """Two clauses of one review, width and hidden layer of one."""
    one = np.ones((1, 1), np.float32)
    given = {
        "own": 2 * one,
        "before": 10 * one,
        "after": 100 * one,
        "review": one,
        "tone": np.array([[1.0], [0.0], [0.0]], np.float32),
        "hidden": np.array([0.5], np.float32),
        "out": np.array([[1.0, -1.0, 0.0]], np.float32),
        "shift": np.array([0.0, 0.0, 7.0], np.float32),
    }
    # 4 n-grams that sum to 6: 6 / √4 = 3; 9 n-grams that sum to −3: −1; the review: 3 / √13.
    look = Seen(
        np.array([[6.0], [-3.0]], np.float32),
        np.array([4.0, 9.0], np.float32),
        np.array([[1.0, 0, 0], [0.0, 0, 0]], np.float32),
        np.array([0, 0]),
        np.array([[3.0, 13.0]], np.float32),
    )
    whole = 3 / np.sqrt(13)
    first = max(2 * 3 + 100 * -1 + whole + 1 + 0.5, 0)
    second = max(2 * -1 + 10 * 3 + whole + 0.5, 0)
    found = additions({STUDENT + name: value for name, value in given.items()}, look)
    assert first == 0
    np.testing.assert_allclose(found, [[0, 0, 7], [second, -second, 7]], rtol=1e-6)


def test_a_review_alone_and_among_many_gets_the_same_bits() -> None:
    given, look = arrays(5), seen(700, 150)
    together = additions(given, look)
    for review in (0, 1, 77, 149):
        rows = look.review == review
        count = int(rows.sum())
        part = Seen(
            look.sums[rows], look.counts[rows], look.tone[rows], np.zeros(count, int), look.whole[[review]]
        )
        alone = additions(given, part)
        assert alone.tobytes() == together[rows].tobytes()


def test_products_of_no_rows_and_many() -> None:
    random = np.random.default_rng(2)
    weights = random.normal(size=(3, 2)).astype(np.float32)
    assert rowwise_product(np.zeros((0, 3), np.float32), weights).shape == (0, 2)
    rows = random.normal(size=(201, 3)).astype(np.float32)
    np.testing.assert_allclose(rowwise_product(rows, weights), rows @ weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("width", "wanted"), [(64, 128), (128, 102), (768, 34)])
def test_a_row_has_the_same_bits_wherever_it_stands(width: int, wanted: int) -> None:
    random = np.random.default_rng(5)
    weights = random.normal(size=(width, wanted)).astype(np.float32)
    rows = np.repeat(random.normal(size=(1, width)).astype(np.float32), 200, axis=0)
    assert len({row.tobytes() for row in rowwise_product(rows, weights)}) == 1
    assert rowwise_product(rows[:1], weights).tobytes() == rowwise_product(rows, weights)[7].tobytes()


@pytest.fixture(scope="module")
def taught() -> LinearScorer:
    """The shipped heads with an arbitrary network."""
    base = load_model("linear")
    assert isinstance(base, LinearScorer)
    return networked(base)


TEXTS = [
    "物流太慢了，客服也不理人，不过东西不错。",
    "不是不好，就是贵",
    "",
    "屏幕碎了\n没人管。退款三周没到！",
    "好",
]


def test_it_changes_what_is_predicted_and_is_saved(taught: LinearScorer, tmp_path: Path) -> None:
    assert has_student(taught.weights_.bias)
    found = taught.predict(TEXTS)
    plain = networked(taught, network=False).predict(TEXTS)
    assert np.abs(found.clauses - plain.clauses).max() > 0.05
    taught.save(tmp_path / "model")
    loaded = LinearScorer.load(tmp_path / "model")
    again = loaded.predict(TEXTS)
    assert again.clauses.tobytes() == found.clauses.tobytes()
    assert again.overall.tobytes() == found.overall.tobytes()
    assert loaded.fingerprint() == taught.fingerprint()
    assert not has_student(networked(taught, network=False).weights_.bias)


def test_predictions_with_it_do_not_depend_on_the_batch(taught: LinearScorer) -> None:
    texts = [text * (1 + place % 3) for place in range(60) for text in TEXTS]
    together = taught.predict(texts)
    for place in (0, 1, 3, 137, 299):
        alone = taught.predict([texts[place]])
        assert alone.overall.tobytes() == together.overall[[place]].tobytes()
        assert alone.flags.tobytes() == together.flags[[place]].tobytes()


def test_corrections_adapt_what_it_says(taught: LinearScorer) -> None:
    text = "屏幕碎了，没人管"
    review = GoldReview("1", text, clauses=((0, 4), (5, 8)), labels=((0, "product.safety", -1),), overall=-1)
    moved = adapt(taught, [review] * 3)
    place = taught.taxonomy_.index["product.safety"]
    before, after = (scorer.predict([text]).clauses[0, place].sum() for scorer in (taught, moved))
    assert after > before
    assert has_student(moved.weights_.bias)
