"""Which issues are new: hardly there before the last period, and too many in it for chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from feedback_nlp.insight.trends import adjust

__all__ = ["emerging"]

MIN_PERIODS = 2
MIN_REVIEWS = 3
# The last period's share must be this many times that of all earlier ones together.
RATIO = 5.0
_LEVEL = 0.05


def emerging(counts: NDArray[np.int64], base: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which issues are new in the last period against all earlier ones together.

    Given that x₀ + x₁ reviews tell of an issue, x₁ of them in the last period is Binomial(x₀ + x₁,
    n₁ / (n₀ + n₁)) where nothing changed (Przyborowski and Wilenski 1940); one-sided, Benjamini–Hochberg over
    the issues with at least ``MIN_REVIEWS`` reviews, q < 0.05.

    Parameters
    ----------
    counts : int64 array of shape (n_issues, n_periods)
        Distinct reviews.
    base : int64 array of shape (n_periods,)
        All counted reviews of each period.

    Returns
    -------
    bool array of shape (n_issues,)
        True where q < 0.05, at least ``MIN_REVIEWS`` reviews are of the last period, and its share is at
        least ``RATIO`` times the earlier one. All false with fewer than ``MIN_PERIODS`` periods.
    """
    n_issues, n_periods = counts.shape
    found = np.zeros(n_issues, dtype=bool)
    if n_periods < MIN_PERIODS:
        return found
    now, before = counts[:, -1], counts[:, :-1].sum(axis=1)
    n_now, n_before = int(base[-1]), int(base[:-1].sum())
    tested = np.flatnonzero(now + before >= MIN_REVIEWS)
    if not (n_now and n_before and len(tested)):
        return found
    chance = n_now / (n_now + n_before)
    p_values = stats.binom.sf(now[tested] - 1, now[tested] + before[tested], chance)
    many = now[tested] * n_before >= RATIO * before[tested] * n_now
    found[tested] = (adjust(p_values) < _LEVEL) & many & (now[tested] >= MIN_REVIEWS)
    return found
