"""How sure the ranks are: Poisson bootstrap × Bernoulli draws of mentions × Dirichlet draws of the weights.

Each draw (a) weighs every respondent (customer, else review) with a Poisson(1) count, (b) keeps each
(respondent, issue) pair with the calibrated probability that at least one of its mentions is real, and (c)
draws the three weights around those in use (as in SMAA, Lahdelma & Salminen 2001). Without (b) intervals
would vanish in large files while labels are still wrong.

Drawing mentions from scores below 1 only ever removes some, while the mentions that fell below the threshold
can't come back. Each issue's drawn count is therefore scaled by (pairs found / pairs expected under the
draw): the draws are centred on the counts that the point estimate uses, and add uncertainty, not a shift.

The importance of facets is drawn from its own bootstrap; spread and the prior of the shares stay at their
estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from feedback_nlp.insight.facts import Facts, encode
from feedback_nlp.insight.priority import CONCERN_FLAGS, priority, severity
from feedback_nlp.insight.shares import BetaPrior, shrink
from feedback_nlp.schema import FLAGS

__all__ = ["CLEAR", "Evidence", "Factors", "Ranks", "evidence", "order", "simulate"]

# P(rank 1) from which a first is named.
CLEAR = 0.95
# Sum of the Dirichlet parameters: the weight .5 then has a standard deviation of about .07.
_CONCENTRATION = 50.0
# Draws made at a time, and (pair, draw) cells held at a time.
_CHUNK = 64
_CELLS = 4_000_000
_LEVELS = np.arange(1, 6) / 5
_TIER_STEP = 1e6

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """What the draws draw from: one entry per (respondent, issue) pair, sorted by respondent, then issue.

    Attributes
    ----------
    unit, issue : int64 arrays of shape (n_pairs,)
        Respondent (0 to n_units − 1, only those with a pair are numbered) and issue.
    chance : float64 array of shape (n_pairs,)
        Probability that at least one of the pair's mentions is real: 1 − Π(1 − score).
    sums : float64 array of shape (4, n_pairs)
        Sum of −polarity, mentions, concern flags of the reviews, and distinct reviews.
    n_issues, n_units, n_silent : int
        Number of issues; of respondents with an issue; of those without.
    """

    unit: Ints
    issue: Ints
    chance: Floats
    sums: Floats
    n_issues: int
    n_units: int
    n_silent: int

    @property
    def counts(self) -> Ints:
        """Respondents per issue, of shape (n_issues,)."""
        return np.bincount(self.issue, minlength=self.n_issues).astype(np.int64)

    @cached_property
    def adder(self) -> sparse.csr_array:
        """Matrix of shape (5·n_issues, n_pairs) that adds up pairs, then each of ``sums``, by issue."""
        pairs = np.arange(len(self.issue))
        rows = np.concatenate([self.issue + part * self.n_issues for part in range(5)])
        values = np.concatenate([np.ones(len(pairs)), *self.sums]).astype(np.float32)
        shape = (5 * self.n_issues, len(pairs))
        return sparse.csr_array((values, (rows, np.tile(pairs, 5))), shape=shape)

    @property
    def n_respondents(self) -> int:
        """All respondents, the base of the shares."""
        return self.n_units + self.n_silent


@dataclass(frozen=True)
class Factors:
    """The point estimates that enter the priority of each issue, arrays of shape (n_issues,).

    ``importance_draws``, of shape (n_draws, n_issues), is the bootstrap of ``importance``; without rows it is
    fixed. ``fixed`` tells where the user set the severity, ``given`` where the feasibility, ``band`` which
    issues are in the safety band, ``other`` which are the 其他 of a facet; ``prior`` is that of the shares
    (scalars).
    """

    severity: Floats
    fixed: Bools
    importance: Floats
    importance_draws: Floats
    share: Floats
    spread: Floats
    feasibility: Floats
    given: Bools
    band: Bools
    other: Bools
    prior: BetaPrior

    @property
    def impact(self) -> Floats:
        """Severity × importance."""
        return self.severity * self.importance

    @property
    def scope(self) -> Floats:
        """Shrunk share × spread."""
        return self.share * self.spread

    @property
    def tier(self) -> Ints:
        """0 and 1 for the safety band, 2 for named issues, 3 for the 其他 of facets: ranked in this order.

        In the band too the 其他 comes after what has a name.
        """
        return np.where(self.band, 0, 2) + self.other.astype(np.int64)


@dataclass(frozen=True)
class Ranks:
    """Uncertainty of the ranks, arrays of shape (n_issues,).

    ``low`` and ``high`` are the 95 % interval; it also covers the whole range of feasibility for issues whose
    feasibility the user didn't set. ``p_first`` and ``p_top3`` take the feasibility in use and count among
    issues of the same tier; ``p_first_open`` leaves the feasibility open.
    """

    low: Ints
    high: Ints
    p_first: Floats
    p_top3: Floats
    p_first_open: Floats


def evidence(facts: Facts, issue_ids: Sequence[str]) -> Evidence:
    """Collect the pairs of the counted mentions; mentions of no issue are left out."""
    codes, names = encode(facts.mentions["issue_id"])
    position = {issue: place for place, issue in enumerate(issue_ids)}
    of_name = np.array([position.get(name, -1) for name in names] + [-1], dtype=np.int64)
    known = of_name[codes] >= 0
    rows = facts.rows[known]
    respondent, everyone = encode(facts.respondents)
    key = respondent[rows] * len(issue_ids) + of_name[codes][known]
    pairs, pair = np.unique(key, return_inverse=True)
    units, unit = np.unique(pairs // max(len(issue_ids), 1), return_inverse=True)
    concern = facts.flags[:, [FLAGS.index(flag) for flag in CONCERN_FLAGS]].sum(axis=1)
    score = np.clip(facts.mention_column("score")[known], 0.0, 1.0 - 1e-9)
    # A review counts once per pair, however many of its clauses mention the issue.
    _, first = np.unique(pair * facts.n_reviews + rows, return_index=True)
    sums = [
        _sum(pair, -facts.mention_column("polarity")[known], len(pairs)),
        _sum(pair, np.ones(len(pair)), len(pairs)),
        _sum(pair[first], concern[rows[first]], len(pairs)),
        _sum(pair[first], np.ones(len(first)), len(pairs)),
    ]
    chance = -np.expm1(_sum(pair, np.log1p(-score), len(pairs)))
    return Evidence(
        unit=unit.astype(np.int64),
        issue=pairs % max(len(issue_ids), 1),
        chance=chance,
        sums=np.stack(sums),
        n_issues=len(issue_ids),
        n_units=len(units),
        n_silent=len(everyone) - len(units),
    )


def _sum(groups: Ints, values: NDArray[np.generic], n: int) -> Floats:
    return np.bincount(groups, weights=values, minlength=n).astype(float)


def order(factors: Factors, weights: tuple[float, float, float], issue_ids: Sequence[str]) -> Ints:
    """Return the rank of each issue, from 1: by tier, then priority, then id.

    The 其他 of a facet comes after every named issue: a heap of remarks can't be mended as one thing.
    """
    value = priority(factors.impact, factors.scope, factors.feasibility, weights)
    tier = factors.tier
    placed = sorted(range(len(issue_ids)), key=lambda i: (tier[i], -value[i], issue_ids[i]))
    rank = np.empty(len(issue_ids), dtype=np.int64)
    rank[placed] = np.arange(1, len(issue_ids) + 1)
    return rank


def simulate(
    found: Evidence,
    factors: Factors,
    *,
    weights: tuple[float, float, float],
    rank: Ints,
    draws: int = 1000,
    seed: int = 0,
) -> Ranks:
    """Draw the ranks again and again.

    Parameters
    ----------
    found : Evidence
    factors : Factors
    weights : three floats ≥ 0 that sum to 1
    rank : int64 array of shape (n_issues,)
        Rank of the point estimate; the interval always holds it.
    draws, seed : int
        The same seed gives the same result, whatever the order of the input rows.

    Returns
    -------
    Ranks
    """
    rng = np.random.default_rng(seed)
    if found.n_issues == 0:
        nothing = np.zeros(0)
        return Ranks(rank, rank, nothing, nothing, nothing)
    step = min(max(_CELLS // max(len(found.issue), 1), 1), _CHUNK)
    sizes = (min(step, draws - done) for done in range(0, draws, step))
    drawn = [_draw(found, factors, weights, size, rng) for size in sizes]
    fixed = np.concatenate([chunk[0] for chunk in drawn], axis=1)
    free = np.concatenate([chunk[1] for chunk in drawn], axis=1)
    low, high = _bounds(np.concatenate([fixed, free], axis=1) if not factors.given.all() else fixed)
    among, among_open = _within(fixed, factors.tier), _within(free, factors.tier)
    return Ranks(
        low=np.minimum(low, rank),
        high=np.maximum(high, rank),
        p_first=(among == 1).mean(axis=1),
        p_top3=(among <= 3).mean(axis=1),
        p_first_open=(among_open == 1).mean(axis=1),
    )


def _within(ranks: Ints, tier: Ints) -> Ints:
    """Return the ranks of shape (n_issues, draws) among issues of the same tier."""
    among = np.empty_like(ranks)
    for one in np.unique(tier):
        among[tier == one] = _rank(-ranks[tier == one])
    return among


def _bounds(ranks: Ints) -> tuple[Ints, Ints]:
    low = np.quantile(ranks, 0.025, axis=1, method="inverted_cdf")
    high = np.quantile(ranks, 0.975, axis=1, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def _draw(
    found: Evidence,
    factors: Factors,
    weights: tuple[float, float, float],
    draws: int,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Return ranks of shape (n_issues, draws) with the feasibility in use, and with an open one."""
    count, negativity, mentions, flags, reviews, n_respondents = _resample(found, draws, rng)
    some = mentions > 0
    mean_negativity = np.divide(negativity, mentions, out=np.zeros_like(mentions), where=some)
    mean_flags = np.divide(flags, reviews, out=np.zeros_like(reviews), where=some)
    read = some & ~factors.fixed[:, None]
    severe = np.where(read, severity(mean_negativity, mean_flags), factors.severity[:, None])
    scope = shrink(count, n_respondents, factors.prior) * factors.spread[:, None]
    a, b, c = _weights(weights, draws, rng)
    base = a * np.log(severe * _importance(factors, draws, rng)) + b * np.log(scope)
    # Any step will do that the rest of the sum, which is above -100, can't bridge.
    base -= (_TIER_STEP * factors.tier)[:, None]
    feasible = np.repeat(factors.feasibility[:, None], draws, axis=1)
    any_level = rng.choice(_LEVELS, size=feasible.shape)
    open_level = np.where(factors.given[:, None], feasible, any_level)
    return _rank(base + c * np.log(feasible)), _rank(base + c * np.log(open_level))


def _resample(found: Evidence, draws: int, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Return respondents and sums per issue, each (n_issues, draws), and the base of shape (draws,)."""
    drawn = _poisson(found.n_units, draws, rng)
    kept = rng.random(size=(len(found.issue), draws), dtype=np.float32) < found.chance[:, None]
    weight = drawn[found.unit] * kept
    # The sum of independent Poisson(1) counts of those without an issue is one Poisson count.
    n_respondents = drawn.sum(axis=0, dtype=float) + rng.poisson(found.n_silent, size=draws)
    count, *sums = (found.adder @ weight).astype(float).reshape(5, found.n_issues, draws)
    expected = np.bincount(found.issue, weights=found.chance, minlength=found.n_issues)
    centred = count * (found.counts / np.maximum(expected, 1e-12))[:, None]
    return centred, *sums, np.maximum(n_respondents, 1).astype(float)


def _poisson(n: int, draws: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return Poisson(1) counts of shape (n, draws), ten times as fast as the generator's own.

    A 16-bit number looks the count up, so that probabilities are right to 2⁻¹⁶ and counts end at 8.
    """
    middle = (np.arange(1 << 16) + 0.5) / (1 << 16)
    table = np.searchsorted(special.pdtr(np.arange(20), 1.0), middle).astype(np.float32)
    return table[rng.integers(1 << 16, size=(n, draws), dtype=np.uint16)]


def _importance(factors: Factors, draws: int, rng: np.random.Generator) -> Floats:
    """Return importance of shape (n_issues, draws)."""
    if len(factors.importance_draws) == 0:
        return factors.importance[:, None]
    return factors.importance_draws[rng.integers(len(factors.importance_draws), size=draws)].T


def _weights(weights: tuple[float, float, float], draws: int, rng: np.random.Generator) -> Floats:
    """Return weights of shape (3, draws); one that is 0 stays 0."""
    given = np.array(weights)
    drawn = np.zeros((3, draws))
    drawn[given > 0] = rng.dirichlet(_CONCENTRATION * given[given > 0], size=draws).T
    return drawn


def _rank(value: Floats | Ints) -> Ints:
    placed = np.argsort(-value, axis=0, kind="stable")
    rank = np.empty(value.shape, dtype=np.int64)
    np.put_along_axis(rank, placed, np.arange(1, len(value) + 1)[:, None], axis=0)
    return rank
