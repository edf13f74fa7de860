"""The corpora: gold form, legal labels, cards, and no held-out text among the training texts."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from feedback_nlp import gold
from feedback_nlp.schema import FLAGS
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.normalize import normalize

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
CHALLENGE = CORPORA / "challenge" / "challenge.jsonl"
FILES = [*sorted(CORPORA.glob("*.jsonl")), CHALLENGE]
HELD_OUT = ("demo", "challenge")
TYPES = {
    "negation", "contrast", "degree", "polarity_pairs", "implied", "elided", "comparison", "sarcasm",
    "complaining_question", "typos", "unpunctuated", "traditional", "emoji", "neutral_facts", "hotline",
}  # fmt: skip
# What customers everywhere leave as the default comment: the same two characters are no leak.
DEFAULT_COMMENTS = {"好评"}
LEAST_PER_TYPE = 20
LEAST_PER_FACET = 5

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@cache
def read(path: Path) -> tuple[gold.GoldReview, ...]:
    return tuple(gold.read(path))


def key(text: str) -> str:
    """Return the text without punctuation and space, normalised; texts of symbols only as they are."""
    plain = normalize(text)
    return re.sub(r"[\W_]+", "", plain) or plain


def card(path: Path) -> Path:
    return path.parent / "README.md" if path == CHALLENGE else path.with_suffix(".md")


def of_type(kind: str) -> list[gold.GoldReview]:
    return [item for item in read(CHALLENGE) if item.meta["type"] == kind]


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load("default")


def test_all_corpora_are_there() -> None:
    assert {"services", "consumer", "hard", "products", "places", "narratives", "survey", "demo"} < {
        path.stem for path in FILES
    }


@each_file
def test_spans_are_ordered_and_disjoint(path: Path) -> None:
    for review in read(path):
        bounds = [bound for span in review.clauses for bound in span]
        assert bounds == sorted(bounds), review.id
        assert all(0 <= start < end <= len(review.text) for start, end in review.clauses), review.id


@each_file
def test_labels_are_legal(path: Path, taxonomy: Taxonomy) -> None:
    for review in read(path):
        for clause, facet, polarity in review.labels:
            assert 0 <= clause < len(review.clauses), review.id
            assert facet in taxonomy.index, f"{review.id}: {facet}"
            assert polarity in (-1, 0, 1), review.id
        assert review.overall in (-1, 0, 1), review.id
        assert set(review.flags) <= set(FLAGS), review.id
        assert len(review.flags) == len(set(review.flags)), review.id


@each_file
def test_no_clause_names_a_facet_twice_with_one_polarity(path: Path) -> None:
    for review in read(path):
        assert len(review.labels) == len(set(review.labels)), review.id


def test_ids_are_unique() -> None:
    counts = Counter(review.id for path in FILES for review in read(path))
    assert "" not in counts
    assert not [name for name, count in counts.items() if count > 1]


@pytest.mark.parametrize("held_out", HELD_OUT)
def test_no_held_out_text_is_trained_on(held_out: str) -> None:
    training = {key(r.text): r.id for path in FILES if path.stem not in HELD_OUT for r in read(path)}
    (path,) = (path for path in FILES if path.stem == held_out)
    texts = {key(review.text): review.id for review in read(path)}
    shared = {texts[text]: training[text] for text in texts.keys() & training.keys() - DEFAULT_COMMENTS}
    assert not shared


def test_no_challenge_text_stands_in_demo_or_taxonomy(taxonomy: Taxonomy) -> None:
    known = {key(review.text) for review in read(CORPORA / "demo.jsonl")}
    known |= {key(example.text) for facet in taxonomy.facets for example in facet.examples}
    assert not [item.id for item in read(CHALLENGE) if key(item.text) in known]


def test_challenge_texts_differ() -> None:
    counts = Counter(key(item.text) for item in read(CHALLENGE))
    assert max(counts.values()) == 1


@each_file
def test_card_states_the_size(path: Path) -> None:
    reviews = read(path)
    size = (len(reviews), sum(len(r.clauses) for r in reviews), sum(len(r.labels) for r in reviews))
    assert "{} / {} / {}".format(*size) in card(path).read_text(encoding="utf-8")


@each_file
def test_readme_names_every_corpus(path: Path) -> None:
    target = card(path).relative_to(CORPORA).as_posix()
    assert f"]({target})" in (CORPORA / "README.md").read_text(encoding="utf-8")


def test_challenge_types_are_known_and_large_enough() -> None:
    counts = Counter(item.meta["type"] for item in read(CHALLENGE))
    assert set(counts) == TYPES
    assert min(counts.values()) >= LEAST_PER_TYPE


def test_challenge_covers_every_facet(taxonomy: Taxonomy) -> None:
    counts = Counter(facet for item in read(CHALLENGE) for _, facet, _ in item.labels)
    assert not [code for code in taxonomy.codes if counts[code] < LEAST_PER_FACET]


def test_challenge_items_say_what_they_test() -> None:
    for item in read(CHALLENGE):
        assert item.meta["tests"].strip(), item.id
        assert item.clauses, item.id
        assert item.source == "challenge"
        assert item.domain, item.id


def test_challenge_card_counts_its_types() -> None:
    text = card(CHALLENGE).read_text(encoding="utf-8")
    for kind, count in Counter(item.meta["type"] for item in read(CHALLENGE)).items():
        assert f"| `{kind}` | {count} |" in text


def test_polarity_pairs_are_neighbours_of_opposite_polarity() -> None:
    items = of_type("polarity_pairs")
    assert len(items) % 2 == 0
    for first, second in zip(items[::2], items[1::2], strict=True):
        assert {first.overall, second.overall} == {-1, 1}, (first.id, second.id)


def test_neutral_facts_have_no_opinion() -> None:
    assert not [item.id for item in of_type("neutral_facts") if item.labels or item.overall or item.flags]


def test_traditional_items_are_traditional() -> None:
    assert not [item.id for item in of_type("traditional") if normalize(item.text) == item.text]
