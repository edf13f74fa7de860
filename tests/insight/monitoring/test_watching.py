"""Watching series: false alarms are as rare as promised, shifts are found, nothing looks into the future."""

from __future__ import annotations

import numpy as np
import pytest

from feedback_nlp.insight.monitoring.control_charts import RATE
from feedback_nlp.insight.monitoring.watching import CALM, MIN_HISTORY, Design, watch


def flat(periods: int, x: int = 5, n: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """A series as even as can be: it alternates about its mean."""
    return np.array([[x - 1, x + 1] * (periods // 2)]), np.full(periods, n)


def overdispersed(seed: int, streams: int, periods: int, p: float, n: int, rho: float):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    m = 1 / rho - 1
    base = rng.poisson(n, size=(streams, periods)) + 1
    return rng.binomial(base, rng.beta(p * m, (1 - p) * m, size=base.shape)), base


def test_too_little_history_judges_nothing() -> None:
    x, n = flat(MIN_HISTORY)
    x[0, -1] = 90
    found = watch(x, n)
    assert not found.judged.any()
    assert found.signals == []


def test_a_jump_is_told_in_its_period() -> None:
    x, n = flat(40)
    x[0, 30] = 25
    found = watch(x, n)
    told = [s for s in found.signals if s.rule == "limit"]
    assert [(s.period, s.since, s.up) for s in told] == [(30, 30, True)]


def test_a_drift_is_told_with_its_beginning() -> None:
    x, n = flat(60, x=20)
    x[0, 40:] += 6  # one and a half standard deviations
    told = [s for s in watch(x, n).signals if s.rule == "drift"]
    assert told
    assert told[0].period > 40
    assert 38 <= told[0].since <= 42
    assert told[0].up


def test_a_long_run_is_told() -> None:
    x, n = flat(60, x=20)
    x[0, 30:] = 22
    design = Design(run=9, width=99.0, tail=1e-12, pair=99.0)
    told = watch(x, n, design=design).signals
    assert [(s.rule, s.since, s.up) for s in told[:1]] == [("run", told[0].period - 8, True)]


def test_two_of_three_are_told() -> None:
    x, n = flat(40, x=20)
    x[0, 30], x[0, 32] = 31, 31
    design = Design(width=99.0, tail=1e-12, run=99, pair=2.0)
    told = watch(x, n, design=design).signals
    assert [(s.rule, s.period, s.since) for s in told] == [("pair", 32, 30)]


def test_less_is_told_too() -> None:
    x, n = flat(60, x=40)
    x[0, 40:] = 12
    assert not any(s.up for s in watch(x, n).signals)


def test_the_future_changes_nothing() -> None:
    x, n = overdispersed(1, 30, 80, 0.05, 200, 0.02)
    early, late = watch(x[:, :60], n[:, :60]), watch(x, n)
    np.testing.assert_array_equal(early.score, late.score[:, :60])
    assert early.signals == [s for s in late.signals if s.period < 60]


def test_series_do_not_touch_each_other() -> None:
    x, n = overdispersed(2, 20, 60, 0.05, 200, 0.02)
    whole, alone = watch(x, n), watch(x[7:8], n[7:8])
    np.testing.assert_allclose(whole.score[7], alone.score[0])


def test_what_lasts_becomes_usual() -> None:
    x, n = flat(120, x=5)
    x[0, 40:] += 20
    found = watch(x, n)
    assert found.centre[0, 60] == pytest.approx(0.05, abs=0.02)
    assert found.centre[0, -1] == pytest.approx(0.25, abs=0.02)
    assert max(s.period for s in found.signals) < 40 + 2 * MIN_HISTORY + CALM


@pytest.mark.parametrize(("p", "n", "rho"), [(0.01, 60, 0.02), (0.05, 100, 0.02), (0.2, 150, 0.03)])
def test_in_control_run_length(p: float, n: int, rho: float) -> None:
    """At least 370 by the whole benchmark; here few streams, so only that it is no fraction of it."""
    x, base = overdispersed(3, 150, 200, p, n, rho)
    found = watch(x, base, once=True)
    alarmed = {signal.series for signal in found.signals}
    assert found.judged.sum() / max(len(alarmed), 1) > 280


def test_scores_are_about_standard_normal() -> None:
    x, base = overdispersed(4, 200, 120, 0.05, 200, 0.01)
    score = watch(x, base).score
    known = score[~np.isnan(score)]
    assert abs(known.mean()) < 0.05
    assert known.std() == pytest.approx(1.0, abs=0.07)


def test_a_shift_of_half_is_found() -> None:
    x, base = overdispersed(5, 100, 40, 0.1, 400, 0.002)
    more, base_more = overdispersed(6, 100, 40, 0.15, 400, 0.002)
    found = watch(np.hstack([x, more]), np.hstack([base, base_more]), once=True)
    soon = {s.series for s in found.signals if 40 <= s.period < 50 and s.up}
    assert len(soon) >= 90


def test_rates_per_exposure() -> None:
    rng = np.random.default_rng(7)
    orders = rng.integers(2_000, 5_000, size=60).astype(float)
    x = rng.poisson(orders * 0.004)[None, :]
    x[0, 50] = 60
    told = watch(x, orders, family=RATE).signals
    assert [s.period for s in told if s.rule == "limit"] == [50]


@pytest.mark.parametrize("x", [np.zeros((1, 50)), np.full((1, 50), 80)])
def test_never_and_always_are_no_alarm(x: np.ndarray) -> None:
    found = watch(x, np.full(50, 80))
    assert found.signals == []
    assert np.isfinite(found.score[found.judged]).all()


def test_the_first_ever_alarm() -> None:
    x = np.zeros((1, 50))
    x[0, 45] = 6
    told = watch(x, np.full(50, 80)).signals
    assert [(s.period, s.rule) for s in told] == [(45, "limit")]
