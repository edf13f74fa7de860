"""Scope: how many customers an issue reaches, and whether it is one unit's problem or everyone's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from feedback_nlp.insight.shares import BetaPrior, beta_prior, posterior_interval, shrink, wilson

__all__ = [
    "FUNNEL_LEVELS",
    "MIN_UNIT_REVIEWS",
    "funnel_limits",
    "issue_spread_schema",
    "issue_units_schema",
    "spread",
    "unit_rates",
    "verdicts",
]

# Units with fewer reviews say nothing about whether a problem is local.
MIN_UNIT_REVIEWS = 10
# A local problem is one of which a single unit holds more than this part.
_LOCAL_PART = 0.5
# Below this many reviews an issue is too rare to be called spread out.
_MIN_EVERYWHERE = 5
# Two and three standard deviations, as funnel plots have them.
FUNNEL_LEVELS = (0.95, 0.998)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def issue_units_schema() -> pa.Schema:
    """Schema of the shrunk rate of each issue in each unit, with its 95 % interval."""
    return pa.schema(
        [
            ("issue_id", pa.string()),
            ("column", pa.string()),
            ("unit", pa.string()),
            ("n_reviews", pa.int64()),
            ("n_base", pa.int64()),
            ("rate", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
        ]
    )


def issue_spread_schema() -> pa.Schema:
    """Schema of the verdict on each issue: ``unit`` is the one where a local problem sits, else null."""
    return pa.schema(
        [
            ("issue_id", pa.string()),
            ("column", pa.string()),
            ("unit", pa.string()),
            ("verdict", pa.string()),
            ("spread", pa.float64()),
        ]
    )


def _wide(prior: BetaPrior) -> BetaPrior:
    return BetaPrior(prior.a[..., None], prior.b[..., None])


def unit_rates(counts: Ints, base: Ints, *, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return the shrunk rate of each issue in each unit with its interval.

    Parameters
    ----------
    counts : int64 array of shape (n_issues, n_units)
        Distinct reviews of the unit that mention the issue.
    base : int64 array of shape (n_units,)
        Reviews of the unit.

    Returns
    -------
    rate, low, high : float64 arrays of shape (n_issues, n_units)
        Beta-binomial posterior mean and interval; the prior of an issue comes from all units.
    """
    prior = _wide(beta_prior(counts, base))
    low, high = posterior_interval(counts, base, prior, level=level)
    return shrink(counts, base, prior), low, high


def spread(counts: Ints, base: Ints) -> Floats:
    """Return how evenly each issue is spread over the units, in [0.5, 1].

    ½ + ½·H/ln K, H the entropy of the shrunk rates normalised to sum 1, over the K units with at least
    ``MIN_UNIT_REVIEWS`` reviews; 1 when K ≤ 1. Rates, not counts: a big store is not a local problem.
    Shapes as in :func:`unit_rates`; returns shape (n_issues,).
    """
    enough = base >= MIN_UNIT_REVIEWS
    n_units = int(enough.sum())
    if n_units <= 1 or len(counts) == 0:
        return np.ones(len(counts))
    rate = unit_rates(counts[:, enough], base[enough])[0]
    part = rate / rate.sum(axis=1, keepdims=True)
    entropy = -(part * np.log(part)).sum(axis=1)
    evenness: Floats = np.minimum(0.5 + 0.5 * entropy / np.log(n_units), 1.0)
    return evenness


def verdicts(counts: Ints, base: Ints) -> tuple[list[str], Ints]:
    """Say for each issue whether it is local, everywhere or unclear.

    Returns
    -------
    verdict : list of str of length n_issues
        "local": the shrunk rate of one unit lies above Wilson's upper bound of all others together (at a
        level corrected for the number of units, Bonferroni) and it holds more than half of the reviews that
        mention the issue. "everywhere": no unit is local, and at least half of the units, and five reviews,
        mention it.
    unit : int64 array of shape (n_issues,)
        Position of the local unit, else -1.
    """
    enough = np.flatnonzero(base >= MIN_UNIT_REVIEWS)
    where = np.full(len(counts), -1, dtype=np.int64)
    if len(enough) < 2 or len(counts) == 0:
        return ["unclear"] * len(counts), where
    x, n = counts[:, enough], base[enough]
    total, level = x.sum(axis=1), 1 - 0.05 / len(enough)
    low = unit_rates(x, n, level=level)[1]
    rest_high = wilson(total[:, None] - x, n.sum() - n, level=level)[1]
    local = (low > rest_high) & (x > _LOCAL_PART * total[:, None])
    where[local.any(axis=1)] = enough[np.argmax(local, axis=1)][local.any(axis=1)]
    broad = ((x > 0).sum(axis=1) * 2 >= len(enough)) & (total >= _MIN_EVERYWHERE)
    names = np.where(where >= 0, "local", np.where(broad, "everywhere", "unclear"))
    return [str(name) for name in names], where


def funnel_limits(share: float, base: Ints, *, level: float) -> tuple[Floats, Floats]:
    """Return between which shares units of a size lie when they differ by chance alone.

    Interpolated exact binomial limits around the common share (Spiegelhalter 2005): with r the smallest count
    of P(X ≤ r) > α, the limit is (r − (P(X ≤ r) − α)/P(X = r))/n, at α = (1 ∓ level)/2, cut to [0, 1].

    Parameters
    ----------
    share : float in [0, 1]
    base : int64 array of shape (n,)
        Reviews of a unit, at least 1.
    level : float in (0, 1)

    Returns
    -------
    low, high : float64 arrays of shape (n,)
    """
    size = np.asarray(base, dtype=float)
    bounds = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        count = stats.binom.ppf(tail, size, share)
        mass = np.maximum(stats.binom.pmf(count, size, share), 1e-300)
        over = (stats.binom.cdf(count, size, share) - tail) / mass
        bounds.append(np.clip((count - over) / size, 0.0, 1.0))
    return bounds[0], bounds[1]
