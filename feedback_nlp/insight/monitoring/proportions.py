"""Two shares compared: the difference with its interval first, then whether chance explains it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from feedback_nlp.insight.shares import wilson

__all__ = ["Difference", "cohen_h", "difference", "two_proportions"]

Floats = NDArray[np.float64]

# Under this expected count the normal approximation is left for Fisher's exact test (Cochran 1954).
_EXACT = 5.0


class Difference(NamedTuple):
    """new − old in [-1, 1] with its 95 % interval, and new/old; ``ratio`` is NaN where old is 0."""

    value: Floats
    low: Floats
    high: Floats
    ratio: Floats


def difference(
    x_old: ArrayLike, n_old: ArrayLike, x_new: ArrayLike, n_new: ArrayLike, *, level: float = 0.95
) -> Difference:
    """Return how much larger the new share is, with Newcombe's hybrid score interval (1998, method 10).

    Parameters
    ----------
    x_old, n_old, x_new, n_new : array-like of shape (n_cells,)
        Counts, and their bases above 0; may be fractions (effective sizes).
    level : float in (0, 1)

    Returns
    -------
    Difference
        With d = p₂ − p₁ and Wilson's bounds l, u of each: d − √((p₂ − l₂)² + (u₁ − p₁)²) and d + √((u₂ − p₂)²
        + (p₁ − l₁)²).
    """
    x1, n1, x2, n2 = (np.asarray(part, dtype=float) for part in (x_old, n_old, x_new, n_new))
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = wilson(x1, n1, level=level), wilson(x2, n2, level=level)
    value = p2 - p1
    low = value - np.sqrt((p2 - low2) ** 2 + (high1 - p1) ** 2)
    high = value + np.sqrt((high2 - p2) ** 2 + (p1 - low1) ** 2)
    ratio = np.divide(p2, p1, out=np.full(value.shape, np.nan), where=p1 > 0)
    return Difference(value, low, high, ratio)


def cohen_h(x_old: ArrayLike, n_old: ArrayLike, x_new: ArrayLike, n_new: ArrayLike) -> Floats:
    """Return Cohen's h = 2·arcsin√p₂ − 2·arcsin√p₁ (1988): about 0.2 small, 0.5 middling, 0.8 large."""
    old = np.asarray(x_old, dtype=float) / np.asarray(n_old, dtype=float)
    new = np.asarray(x_new, dtype=float) / np.asarray(n_new, dtype=float)
    found: Floats = 2 * np.arcsin(np.sqrt(new)) - 2 * np.arcsin(np.sqrt(old))
    return found


def two_proportions(x_old: ArrayLike, n_old: ArrayLike, x_new: ArrayLike, n_new: ArrayLike) -> Floats:
    """Return two-sided p-values that both shares are one.

    Parameters
    ----------
    x_old, n_old, x_new, n_new : array-like of int of shape (n_cells,)

    Returns
    -------
    float64 array of shape (n_cells,)
        From z = (p₂ − p₁)/√(p(1 − p)(1/n₁ + 1/n₂)), p pooled; Fisher's exact test where an expected count is
        under 5; 1 where nothing or everything was counted.
    """
    x1, n1, x2, n2 = (np.asarray(part, dtype=float) for part in (x_old, n_old, x_new, n_new))
    pooled = (x1 + x2) / (n1 + n2)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    z = np.divide(x2 / n2 - x1 / n1, spread, out=np.zeros(spread.shape), where=spread > 0)
    p: Floats = 2 * special.ndtr(-np.abs(z))
    small = np.minimum(n1, n2) * np.minimum(pooled, 1 - pooled) < _EXACT
    for place in np.flatnonzero(small & (spread > 0)):
        a, b = x1[place], x2[place]
        table = [[a, n1[place] - a], [b, n2[place] - b]]
        p[place] = float(stats.fisher_exact(np.asarray(table, dtype=np.int64)).pvalue)
    return p
