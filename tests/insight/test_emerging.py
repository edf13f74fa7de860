from __future__ import annotations

import numpy as np
import pytest

from feedback_nlp.insight.emerging import emerging


def test_hand_worked():
    """Five of five in a last month of a tenth of the reviews: p = 1e-5, times 2 tests. Five of 50: no."""
    counts = np.array([[0, 0, 5], [25, 20, 5], [0, 0, 2]])
    assert emerging(counts, np.array([450, 450, 100])).tolist() == [True, False, False]


def test_a_few_reviews_in_a_big_month_are_chance():
    """Three of three where half of all reviews are of the last month: p = 1/8."""
    assert not emerging(np.array([[0, 3]]), np.array([500, 500])).any()


def test_what_was_there_before_rises_but_is_not_new():
    """40 against 40 before, in a tenth of the reviews: nine times the share is new, four times is not."""
    base = np.array([900, 100])
    assert emerging(np.array([[40, 40]]), base).tolist() == [True]
    assert emerging(np.array([[90, 40]]), base).tolist() == [False]


@pytest.mark.parametrize(
    ("counts", "base"),
    [
        (np.zeros((2, 0), dtype=int), np.zeros(0, dtype=int)),
        (np.array([[7], [0]]), np.array([10])),
        (np.array([[0, 7]]), np.array([0, 10])),
        (np.array([[7, 0]]), np.array([10, 0])),
        (np.zeros((0, 3), dtype=int), np.array([5, 5, 5])),
    ],
)
def test_too_little_to_tell(counts, base):
    found = emerging(counts, base)
    assert found.shape == (len(counts),)
    assert not found.any()


def test_nothing_is_new_where_nothing_changed():
    """200 files of 40 steady issues: hardly any has a false "new" (false discovery rate 5 %)."""
    rng = np.random.default_rng(0)
    base = np.array([300, 300, 300, 100])
    rates = rng.uniform(0.001, 0.05, size=40)
    false = [emerging(rng.binomial(base, rates[:, None]), base).any() for _ in range(200)]
    assert np.mean(false) <= 0.05


def test_what_flares_up_is_found():
    rng = np.random.default_rng(1)
    base = np.array([300, 300, 300, 100])
    rates = np.vstack([np.full((20, 4), 0.02), [[0, 0, 0, 0.1]]])
    found = [emerging(rng.binomial(base, rates), base)[-1] for _ in range(100)]
    assert np.mean(found) >= 0.95
