"""Control charts of shares and of rates: p, u, Laney p′ and EWMA, with limits that know of overdispersion.

A share is x of n reviews, a rate x reviews per n units of exposure (orders, units sold). Both are a
:class:`Family`: what chance alone does to x, and how much more it does where periods differ among themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["RATE", "SHARE", "Family", "Limits", "dispersion", "ewma", "laney", "p_chart", "u_chart"]

Floats = NDArray[np.float64]

WIDTH = 3.0
LAMBDA, EWMA_WIDTH = 0.2, 2.86
# Mean absolute difference of two standard normal draws, d₂ for samples of two (Montgomery, appendix VI).
_D2 = 1.128
# Below it a Beta or Gamma spread is as good as none, and its parameters would overflow.
_LEAST = 1e-9
# Tails are summed this many standard deviations out, where nothing is left of them.
_REACH = 60


class Limits(NamedTuple):
    """Centre line and limits of a chart; ``centre`` is a number, ``low`` and ``high`` have one value a
    point.
    """

    centre: float
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Family:
    """How counts x on a base n vary around the centre c: binomial shares or Poisson rates, and the
    beta-binomial and negative binomial that add ``rho``, the spread of the true share or rate among periods.

    Attributes
    ----------
    share : bool
        True for x of n (x ≤ n), False for x per n.
    """

    share: bool

    def variance(self, centre: ArrayLike) -> Floats:
        """Return the variance of x for n = 1: c(1 − c) for shares, c for rates."""
        c = np.asarray(centre, dtype=float)
        found: Floats = c * (1 - c) if self.share else c
        return found

    def factor(self, n: ArrayLike, centre: ArrayLike, rho: ArrayLike) -> Floats:
        """Return how many times the chance variance x has: 1 + (n − 1)ρ, or 1 + n·c·ρ for rates."""
        size, spread = np.asarray(n, dtype=float), np.asarray(rho, dtype=float)
        found: Floats = 1 + (size - 1) * spread if self.share else 1 + size * np.asarray(centre) * spread
        return found

    def rho(self, n: ArrayLike, centre: ArrayLike, factor: ArrayLike) -> Floats:
        """Return the spread at which x on base n has ``factor`` times the chance variance, at least 0."""
        size, times = np.asarray(n, dtype=float), np.asarray(factor, dtype=float)
        weight = np.maximum(size - 1, 0) if self.share else size * np.asarray(centre, dtype=float)
        found = np.divide(
            times - 1, weight, out=np.zeros(np.broadcast(times, weight).shape), where=weight > 0
        )
        bounded: Floats = np.clip(found, 0.0, 0.99 if self.share else np.inf)
        return bounded

    def skewness(self, n: ArrayLike, centre: ArrayLike, factor: ArrayLike) -> Floats:
        """Return the skewness of x with that centre and variance factor.

        Beta-binomial with a + b = m: (m + 2n)(1 − 2c)/(m + 2) · √((1 + m)/(n·c(1 − c)(n + m))); negative
        binomial with variance φμ: (2φ − 1)/√(φμ) (Johnson, Kemp & Kotz 2005, §6.2.2 and §5.1).
        """
        size, c, times = (np.asarray(part, dtype=float) for part in (n, centre, factor))
        if not self.share:
            rate: Floats = (2 * times - 1) / np.sqrt(times * np.maximum(size * c, _LEAST))
            return rate
        m = 1 / np.maximum(self.rho(size, c, times), _LEAST) - 1
        scale = np.sqrt((1 + m) / (np.maximum(size * self.variance(c), _LEAST) * (size + m)))
        found: Floats = (m + 2 * size) * (1 - 2 * c) / (m + 2) * scale
        return found

    def log_mass(self, x: ArrayLike, n: float, centre: float, rho: float) -> Floats:
        """Return log P(X = x) of the beta-binomial, or negative binomial for rates."""
        k, spread = np.asarray(x, dtype=float), max(rho, _LEAST)
        if self.share:
            m = 1 / spread - 1
            a, b = centre * m, (1 - centre) * m
            choose = -np.log(n + 1) - special.betaln(n - k + 1, k + 1)
            found: Floats = choose + special.betaln(k + a, n - k + b) - special.betaln(a, b)
            return found
        r, mu = 1 / spread, n * centre
        rise = special.gammaln(k + r) - special.gammaln(r) - special.gammaln(k + 1)
        rate: Floats = rise - r * np.log1p(mu / r) + k * (np.log(mu) - np.log(mu + r))
        return rate

    def tails(self, x: float, n: float, centre: float, rho: float) -> tuple[float, float]:
        """Return P(X ≤ x) and P(X ≥ x)."""
        mean, reach = n * centre, self._reach(n, centre, rho)
        top = min(n, max(x, mean) + reach) if self.share else max(x, mean) + reach
        below = np.exp(
            self.log_mass(np.arange(max(0, np.floor(min(x, mean) - reach)), x + 1), n, centre, rho)
        )
        above = np.exp(self.log_mass(np.arange(x, np.floor(top) + 1), n, centre, rho))
        return min(1.0, float(below.sum())), min(1.0, float(above.sum()))

    def limits(self, n: float, centre: float, rho: float, tail: float) -> tuple[float, float]:
        """Return the smallest and the largest count that don't alarm.

        Parameters
        ----------
        tail : float
            Chance of a false alarm on either side, at most: P(X < low) ≤ tail and P(X > high) ≤ tail.
        """
        mean, reach = n * centre, self._reach(n, centre, rho)
        low, top = max(0.0, np.floor(mean - reach)), np.ceil(mean + reach)
        counts = np.arange(low, (min(n, top) if self.share else top) + 1)
        mass = np.exp(self.log_mass(counts, n, centre, rho))
        down, up = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
        # P(X ≥ x) ≤ tail alarms above, P(X ≤ x) ≤ tail below.
        fine_low, fine_high = counts[down > tail], counts[up > tail]
        return float(fine_low[0]), float(fine_high[-1])

    def _reach(self, n: float, centre: float, rho: float) -> float:
        chance = float(self.variance(centre)) * n
        return _REACH * float(np.sqrt(chance * self.factor(n, centre, rho))) + _REACH


SHARE = Family(share=True)
RATE = Family(share=False)


def _checked(x: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    counts, base = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    if counts.shape != base.shape or counts.ndim != 1:
        raise ValueError(f"x and n must be vectors of one length, got {counts.shape} and {base.shape}")
    if len(base) and base.min() <= 0:
        raise ValueError(f"every n must be above 0, got {base.min():g}")
    return counts, base


def _shewhart(x: ArrayLike, n: ArrayLike, family: Family, times: float = 1.0) -> Limits:
    counts, base = _checked(x, n)
    centre = float(counts.sum() / base.sum()) if len(base) else 0.0
    half = WIDTH * times * np.sqrt(family.variance(centre) / base)
    high = centre + half
    return Limits(centre, np.maximum(centre - half, 0.0), np.minimum(high, 1.0) if family.share else high)


def p_chart(x: ArrayLike, n: ArrayLike) -> Limits:
    """Return the p chart of shares x_i/n_i: p̄ ± 3√(p̄(1 − p̄)/n_i), p̄ = Σx/Σn (Shewhart 1931).

    Parameters
    ----------
    x, n : array-like of shape (n_periods,)
        Reviews that mention it, and all counted reviews, of each period; every n > 0.

    Returns
    -------
    Limits
        In [0, 1].
    """
    return _shewhart(x, n, SHARE)


def u_chart(x: ArrayLike, n: ArrayLike) -> Limits:
    """Return the u chart of rates x_i/n_i per unit of exposure: ū ± 3√(ū/n_i), at least 0 (Shewhart 1931).

    Parameters
    ----------
    x, n : array-like of shape (n_periods,)
        Counts, and exposure (orders, units) above 0, of each period.
    """
    return _shewhart(x, n, RATE)


def dispersion(x: ArrayLike, n: ArrayLike, family: Family = SHARE) -> tuple[Floats, float]:
    """Return Laney's z_i and their σ_z.

    Returns
    -------
    z : float64 array of shape (n_periods,)
        (x_i/n_i − c)/s_i with s_i = √(c(1 − c)/n_i), or √(c/n_i) for rates; 0 where c leaves no variance.
    sigma_z : float
        mean|z_i − z_{i−1}|/1.128; 1 for fewer than two periods. Not the standard deviation of z, in which a
        shift that lasts would hide itself (Laney 2002).
    """
    counts, base = _checked(x, n)
    centre = float(counts.sum() / base.sum()) if len(base) else 0.0
    spread = np.sqrt(family.variance(centre) / base)
    z = np.divide(counts / base - centre, spread, out=np.zeros(len(base)), where=spread > 0)
    return z, float(np.abs(np.diff(z)).mean() / _D2) if len(z) > 1 else 1.0


def laney(x: ArrayLike, n: ArrayLike, family: Family = SHARE) -> Limits:
    """Return Laney's p′ chart (u′ for rates): c ± 3·s_i·σ_z (Laney 2002), in [0, 1] for shares.

    Parameters
    ----------
    x, n : array-like of shape (n_periods,)
    family : Family
    """
    return _shewhart(x, n, family, dispersion(x, n, family)[1])


def ewma(
    z: ArrayLike, sigma: float = 1.0, *, weight: float = LAMBDA, width: float = EWMA_WIDTH
) -> tuple[Floats, Floats]:
    """Return the EWMA of z and the half width of its limits.

    Parameters
    ----------
    z : array-like of shape (n_periods,)
    sigma : float
        σ_z.
    weight : float in (0, 1]
        λ.
    width : float
        L; 2.86 with λ = 0.2 has an in-control run length of about 370 on its own (Lucas & Saccucci 1990).

    Returns
    -------
    w, half : float64 arrays of shape (n_periods,)
        w_t = λz_t + (1 − λ)w_{t−1} with w_0 = 0; L·σ_z·√(λ/(2 − λ)·(1 − (1 − λ)^{2t})), t from 1 (Roberts
        1959).
    """
    values = np.asarray(z, dtype=float)
    smooth, last = np.empty(len(values)), 0.0
    for t, value in enumerate(values):
        last = weight * value + (1 - weight) * last
        smooth[t] = last
    return smooth, width * sigma * ewma_spread(np.arange(1, len(values) + 1), weight)


def ewma_spread(t: ArrayLike, weight: float = LAMBDA) -> Floats:
    """Return the standard deviation of the t-th value (from 1) of an EWMA of standard normal draws."""
    steps = np.asarray(t, dtype=float)
    found: Floats = np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * steps)))
    return found
