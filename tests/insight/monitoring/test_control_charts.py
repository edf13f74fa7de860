"""Charts by hand, and limits against the distributions they are quantiles of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from feedback_nlp.insight.monitoring.control_charts import (
    RATE,
    SHARE,
    dispersion,
    ewma,
    ewma_spread,
    laney,
    p_chart,
    u_chart,
)


def test_p_chart_by_hand() -> None:
    # p̄ = 30/300 = .1; √(.09/100) = .03
    chart = p_chart([5, 10, 15], [100, 100, 100])
    assert chart.centre == pytest.approx(0.1)
    assert chart.low == pytest.approx([0.01] * 3)
    assert chart.high == pytest.approx([0.19] * 3)


def test_p_chart_stays_a_share() -> None:
    chart = p_chart([0, 2], [10, 10])
    assert chart.low.min() == 0.0
    assert chart.high.max() <= 1.0


def test_u_chart_by_hand() -> None:
    # ū = 8/400 = .02; half width 3·√(.02/100) = .0424, 3·√(.02/300) = .0245
    chart = u_chart([2, 6], [100, 300])
    assert chart.centre == pytest.approx(0.02)
    assert chart.high == pytest.approx([0.02 + 0.042426, 0.02 + 0.024495], abs=1e-6)
    assert chart.low.tolist() == [0.0, 0.0]


def test_laney_by_hand() -> None:
    # p̄ = .1, s = .03: z = −1, 1, −1, 1; mean|Δz| = 2, σ_z = 2/1.128
    x, n = [7, 13, 7, 13], [100] * 4
    z, sigma = dispersion(x, n)
    assert z == pytest.approx([-1, 1, -1, 1])
    assert sigma == pytest.approx(2 / 1.128)
    assert laney(x, n).high == pytest.approx([0.1 + 3 * 0.03 * 2 / 1.128] * 4)


def test_laney_does_not_hide_a_shift() -> None:
    # Half the periods at .05, half at .15: the standard deviation of z is large, that of its steps is not.
    x = [5, 6, 5, 6, 5, 15, 14, 15, 14, 15]
    z, sigma = dispersion(x, [100] * 10)
    assert sigma < 0.5 * z.std()


def test_ewma_by_hand() -> None:
    w, half = ewma([1.0, 2.0, -1.0], 1.5)
    assert w == pytest.approx([0.2, 0.56, 0.248])
    # λ/(2 − λ) = 1/9; 1 − .64 = .36
    assert half[0] == pytest.approx(2.86 * 1.5 * np.sqrt(0.36 / 9))
    assert half[1] == pytest.approx(2.86 * 1.5 * np.sqrt((1 - 0.8**4) / 9))


def test_ewma_alone_runs_370() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(600, 3000))
    w, lengths = np.zeros(600), np.full(600, 3000)
    bound = 2.86 * ewma_spread(np.arange(1, 3001))
    for t in range(3000):
        w = 0.2 * z[:, t] + 0.8 * w
        out = (np.abs(w) > bound[t]) & (lengths == 3000)
        lengths[out] = t + 1
    assert lengths.sum() / (lengths < 3000).sum() == pytest.approx(370, rel=0.12)


@pytest.mark.parametrize(("n", "c", "rho"), [(60, 0.01, 0.02), (100, 0.05, 0.0), (40, 0.6, 0.1)])
def test_share_tails_are_those_of_the_beta_binomial(n: int, c: float, rho: float) -> None:
    model = stats.betabinom(n, c * (1 / rho - 1), (1 - c) * (1 / rho - 1)) if rho else stats.binom(n, c)
    for x in range(n + 1):
        below, above = SHARE.tails(x, n, c, rho)
        assert below == pytest.approx(model.cdf(x), abs=1e-6)
        assert above == pytest.approx(model.sf(x - 1), abs=1e-6)


@pytest.mark.parametrize(("n", "c", "rho"), [(1000.0, 0.004, 0.3), (500.0, 0.002, 0.0)])
def test_rate_tails_are_those_of_the_negative_binomial(n: float, c: float, rho: float) -> None:
    r = 1 / rho if rho else 0
    model = stats.nbinom(r, r / (r + n * c)) if rho else stats.poisson(n * c)
    for x in range(20):
        below, above = RATE.tails(x, n, c, rho)
        assert below == pytest.approx(model.cdf(x), abs=1e-6)
        assert above == pytest.approx(model.sf(x - 1), abs=1e-6)


@pytest.mark.parametrize("family", [SHARE, RATE])
def test_limits_keep_both_tails(family) -> None:  # type: ignore[no-untyped-def]
    for n, c in ((50, 0.02), (200, 0.2), (2000, 0.4)):
        low, high = family.limits(n, c, 0.01, 0.001)
        assert family.tails(high + 1, n, c, 0.01)[1] <= 0.001 < family.tails(high, n, c, 0.01)[1]
        if low > 0:
            assert family.tails(low - 1, n, c, 0.01)[0] <= 0.001 < family.tails(low, n, c, 0.01)[0]


@pytest.mark.parametrize("family", [SHARE, RATE])
def test_rho_is_the_inverse_of_factor(family) -> None:  # type: ignore[no-untyped-def]
    for n, c, times in ((80, 0.1, 2.5), (300, 0.02, 1.0)):
        rho = family.rho(n, c, times)
        assert family.factor(n, c, rho) == pytest.approx(times)


def test_skewness_is_that_of_the_distributions() -> None:
    n, c, rho = 80, 0.05, 0.02
    m = 1 / rho - 1
    times = SHARE.factor(n, c, rho)
    assert SHARE.skewness(n, c, times) == pytest.approx(stats.betabinom(n, c * m, (1 - c) * m).stats("s"))
    mu, phi = 4.0, 1.8
    r = mu / (phi - 1)
    assert RATE.skewness(1000, mu / 1000, phi) == pytest.approx(stats.nbinom(r, 1 / phi).stats("s"))


def test_nothing_is_no_error() -> None:
    assert p_chart([], []).centre == 0.0
    assert dispersion([0, 0, 0], [5, 5, 5])[1] == 0.0
    assert dispersion([3], [5])[1] == 1.0


def test_lengths_and_bases_are_checked() -> None:
    with pytest.raises(ValueError, match="one length"):
        p_chart([1, 2], [3])
    with pytest.raises(ValueError, match="above 0"):
        p_chart([0], [0])
