"""Two shares: Newcombe's own example, a hand-worked z, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from feedback_nlp.insight.monitoring.proportions import cohen_h, difference, two_proportions


def test_interval_of_newcombes_example() -> None:
    # Newcombe (1998), table II, row a: 56/70 − 48/80, method 10: .0524 to .3339
    found = difference([48], [80], [56], [70])
    assert found.value == pytest.approx([0.2])
    assert (found.low[0], found.high[0]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.ratio == pytest.approx([0.8 / 0.6])


def test_nothing_before_has_no_ratio() -> None:
    found = difference([0], [100], [5], [100])
    assert np.isnan(found.ratio[0])
    assert found.low[0] > 0


def test_two_proportions_by_hand() -> None:
    # pooled .15; z = .1/√(.15·.85·.02) = 1.9803
    p = two_proportions([10], [100], [20], [100])
    assert p[0] == pytest.approx(2 * stats.norm.sf(1.980295), abs=1e-6)


def test_few_use_fishers_test() -> None:
    p = two_proportions([0], [20], [5], [20])
    assert p[0] == pytest.approx(stats.fisher_exact([[0, 20], [5, 15]]).pvalue)


def test_nothing_and_everything_differ_in_nothing() -> None:
    assert two_proportions([0, 20], [20, 20], [0, 30], [30, 30]).tolist() == [1.0, 1.0]


def test_effect_by_hand() -> None:
    assert cohen_h([25], [100], [50], [100])[0] == pytest.approx(np.pi / 2 - np.pi / 3)


def test_intervals_cover_and_tests_hold_their_level() -> None:
    rng = np.random.default_rng(1)
    x1, x2 = rng.binomial(120, 0.06, 4000), rng.binomial(80, 0.12, 4000)
    n1, n2 = np.full(4000, 120), np.full(4000, 80)
    found = difference(x1, n1, x2, n2)
    assert np.mean((found.low <= 0.06) & (found.high >= 0.06)) > 0.94
    same = rng.binomial(80, 0.06, 4000)
    assert np.mean(two_proportions(x1, n1, same, n2) < 0.05) < 0.06
