"""Corrected shares: by hand, by simulation, and where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.errors import InputError
from feedback_nlp.insight.quantify import allocate, audited, rogan_gladen, strata


def test_rogan_gladen_by_hand() -> None:
    # q = 0.3, se = 0.8, sp = 0.9: (0.3 + 0.9 − 1) / (0.8 + 0.9 − 1) = 2 / 7
    found = rogan_gladen((300, 1000), (80, 100), (180, 200))
    assert found.value == pytest.approx(2 / 7)
    assert found.low < 2 / 7 < found.high


@pytest.mark.parametrize(
    ("se", "sp"), [((6, 9), (99, 100)), ((30, 60), (70, 100))], ids=["few positives", "near guessing"]
)
def test_rogan_gladen_refuses(se: tuple[int, int], sp: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="校正不了"):
        rogan_gladen((300, 1000), se, sp)


def test_audited_by_hand() -> None:
    # 40 of 100 predicted; 20 of those labelled, 15 true (a = ¾); 20 of the rest labelled, 4 true (b = ⅕):
    # share 0.4·0.75 + 0.6·0.2 = 0.42, precision 0.75, recall 0.30 / 0.42
    predicted = np.arange(100) < 40
    rows = np.concatenate([np.arange(20), np.arange(40, 60)])
    truth = np.concatenate([np.arange(20) < 15, np.arange(20) < 4])
    weight = np.concatenate([np.full(20, 2.0), np.full(20, 3.0)])
    found = audited(predicted, rows, truth, weight)
    assert found.naive.value == 0.4
    assert found.share is not None
    assert found.precision is not None
    assert found.recall is not None
    assert found.share.value == pytest.approx(0.42)
    assert found.precision.value == pytest.approx(0.75)
    assert found.recall.value == pytest.approx(0.3 / 0.42)
    assert (found.n_audited, found.n_positive, found.n_predicted) == (40, 19, 20)
    assert found.verdict == "check"


def test_weights_undo_the_choice_of_rows() -> None:
    # All predicted yes. Of 10 easy ones all 10 are labelled and true, of 90 hard ones 9, none true: a tenth.
    predicted = np.ones(100, dtype=bool)
    truth = np.concatenate([np.ones(10, bool), np.zeros(9, bool)])
    weight = np.concatenate([np.ones(10), np.full(9, 10.0)])
    found = audited(predicted, np.arange(19), truth, weight)
    assert found.precision is not None
    assert found.precision.value == pytest.approx(0.1)
    assert found.verdict == "avoid"


def test_few_positives_are_no_verdict() -> None:
    predicted = np.zeros(200, dtype=bool)
    found = audited(predicted, np.arange(50), np.zeros(50, bool), np.ones(50))
    assert (found.share, found.precision, found.recall, found.verdict) == (None, None, None, "unknown")
    nine = audited(predicted, np.arange(50), np.arange(50) < 9, np.ones(50))
    assert (nine.share, nine.verdict) == (None, "unknown")
    with pytest.raises(InputError, match="没有标注过的行"):
        audited(predicted, np.arange(0), np.zeros(0, bool), np.ones(0))


@pytest.mark.parametrize(
    ("hits", "missed", "verdict"), [(95, 2, "use"), (75, 2, "check"), (30, 2, "avoid"), (60, 60, "avoid")]
)
def test_verdicts(hits: int, missed: int, verdict: str) -> None:
    predicted = np.arange(1000) < 500
    rows = np.concatenate([np.arange(100), np.arange(500, 600)])
    truth = np.concatenate([np.arange(100) < hits, np.arange(100) < missed])
    assert audited(predicted, rows, truth, np.ones(200)).verdict == verdict


def test_intervals_cover_where_naive_ones_do_not() -> None:
    generator = np.random.default_rng(1)
    covered = naive = 0
    for seed in range(300):
        truth = generator.uniform(size=2000) < 0.15
        predicted = np.where(truth, generator.uniform(size=2000) < 0.7, generator.uniform(size=2000) < 0.08)
        groups = [np.flatnonzero(predicted == side) for side in (True, False)]
        rows = np.concatenate([generator.choice(group, 100, replace=False) for group in groups])
        weight = np.concatenate([np.full(100, len(group) / 100) for group in groups])
        found = audited(predicted, rows, truth[rows], weight, draws=500, seed=seed)
        assert found.share is not None
        covered += found.share.low <= 0.15 <= found.share.high
        naive += found.naive.low <= 0.15 <= found.naive.high
    assert covered >= 0.92 * 300
    assert naive < 0.6 * 300


def test_strata_are_the_rarest_element_blamed() -> None:
    predicted = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], dtype=bool)
    assert strata(predicted).tolist() == [0, 0, 1, 2]
    assert strata(np.zeros((2, 3), dtype=bool)).tolist() == [3, 3]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=14), st.integers(0, 600))
def test_rows_are_shared_out_whole(sizes: list[int], n: int) -> None:
    given_ = allocate(np.array(sizes), n)
    assert given_.sum() == min(n, sum(sizes))
    assert ((given_ >= 0) & (given_ <= np.array(sizes))).all()
    if n >= 8 * sum(size > 0 for size in sizes):
        assert (given_ >= np.minimum(sizes, 8)).all()
