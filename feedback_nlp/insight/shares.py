"""Shares with intervals: Wilson's interval and beta-binomial shrinkage."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["BetaPrior", "beta_prior", "posterior_interval", "shrink", "wilson", "z_value"]

# Intraclass correlation of the prior: the lower bound keeps strength finite where units differ only by
# chance, the upper one keeps a prior worth at least one observation.
_LEAST_RHO, _MOST_RHO = 1e-4, 0.5

Floats = NDArray[np.float64]


class BetaPrior(NamedTuple):
    """Parameters of a Beta distribution of rates; ``a`` and ``b`` are pseudo-counts of yes and no."""

    a: Floats
    b: Floats


def z_value(level: float = 0.95) -> float:
    """Return the two-sided standard normal quantile of a confidence level in (0, 1)."""
    return float(special.ndtri(0.5 + level / 2))


def wilson(x: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return Wilson's score interval of a share.

    Parameters
    ----------
    x, n : array-like of the same shape
        Counts of yes and of all.
    level : float in (0, 1)

    Returns
    -------
    low, high : float64 arrays in [0, 1]
        (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), Wilson 1927; 0 and 1 where n is 0.
    """
    yes, total = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    z, size = z_value(level), np.maximum(total, 1.0)
    share = yes / size
    centre = (share + z * z / (2 * size)) / (1 + z * z / size)
    spread = share * (1 - share) / size + z * z / (4 * size * size)
    half = z * np.sqrt(np.maximum(spread, 0.0)) / (1 + z * z / size)
    # The bounds at no or all are exact; rounding would leave 1e-17.
    low = np.where((total > 0) & (yes > 0), np.maximum(centre - half, 0.0), 0.0)
    high = np.where((total > 0) & (yes < total), np.minimum(centre + half, 1.0), 1.0)
    return low, high


def beta_prior(x: ArrayLike, n: ArrayLike) -> BetaPrior:
    """Estimate a Beta prior of unit rates from all units of the file, by moments.

    Parameters
    ----------
    x, n : array-like of shape (..., n_units)
        Counts of yes and of all per unit.

    Returns
    -------
    BetaPrior of arrays of shape (...)
        Mean (Σx + ½)/(Σn + 1). With p = Σx/Σn, S = Σ n_i (x_i/n_i − p)² and U units, the intraclass
        correlation is ρ = (S/(p(1−p)) − (U−1)) / (Σn − Σn²/Σn − (U−1)) (moment estimator of the
        beta-binomial, Kleinman 1973), cut to [0.0001, 0.5], and a + b = 1/ρ − 1. With fewer than two units a
        + b = 1 and the mean is ½ (Jeffreys).
    """
    yes, total = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(n, dtype=float))
    units = (total > 0).sum(axis=-1)
    sum_n, sum_x = total.sum(axis=-1), yes.sum(axis=-1)
    share = sum_x / np.maximum(sum_n, 1.0)
    rates = yes / np.maximum(total, 1.0)
    scatter = (total * (rates - share[..., None]) ** 2).sum(axis=-1)
    variance = share * (1 - share)
    excess = np.divide(scatter, variance, out=np.zeros_like(scatter), where=variance > 0) - (units - 1)
    scale = sum_n - (total**2).sum(axis=-1) / np.maximum(sum_n, 1.0) - (units - 1)
    rho = np.clip(np.divide(excess, scale, out=np.zeros_like(excess), where=scale > 0), _LEAST_RHO, _MOST_RHO)
    alone = units < 2
    strength = np.where(alone, 1.0, 1 / rho - 1)
    mean = np.where(alone, 0.5, (sum_x + 0.5) / (sum_n + 1))
    return BetaPrior(mean * strength, (1 - mean) * strength)


def shrink(x: ArrayLike, n: ArrayLike, prior: BetaPrior) -> Floats:
    """Return the posterior mean (x + a)/(n + a + b) of a rate; ``x`` and ``n`` broadcast with the prior."""
    yes, total = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    shrunk: Floats = (yes + prior.a) / (total + prior.a + prior.b)
    return shrunk


def posterior_interval(
    x: ArrayLike, n: ArrayLike, prior: BetaPrior, *, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the equal-tailed interval of the posterior Beta(x + a, n − x + b) of a rate."""
    yes, total = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    a, b, tail = yes + prior.a, total - yes + prior.b, (1 - level) / 2
    return special.betaincinv(a, b, tail), special.betaincinv(a, b, 1 - tail)
