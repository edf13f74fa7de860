"""Drivers: what goes together with satisfaction, and how much it explains. Association, not effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse, stats

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import Features, outcome, poisson_weights
from feedback_nlp.insight.relative import weigh

__all__ = [
    "Drivers",
    "drivers",
    "drivers_schema",
    "importance",
    "importance_draws",
    "penalty_reward",
    "score_impact",
]

_MIN_ANSWERS = 50
# A feature needs this many reviews that mention it, and ten answers stand behind each feature.
_MIN_MENTIONS = 8
_ANSWERS_PER_FEATURE = 10
_LEVEL = 0.05
_FLOOR = 0.05
# A penalty and a reward both within this many standard errors of 0 say nothing.
_NEAR = 1.96
_ASYMMETRY = 0.2

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drivers:
    """What explains the outcome.

    Attributes
    ----------
    table : Arrow table of ``drivers_schema``; empty where nothing could be estimated.
    r2 : float or None
        Share of the outcome's variance that all features together explain.
    n : int
        Answers used.
    outcome : str
        "rating", "nps" or "".
    drawn : float64 array of shape (n_draws, n_features)
        Weights of the bootstrap draws, columns as the rows of ``table``.
    reason : Bilingual or None
        Why nothing could be estimated.
    """

    table: pa.Table
    r2: float | None
    n: int
    outcome: str
    drawn: Floats
    reason: Bilingual | None = None

    @classmethod
    def refused(cls, n: int, outcome: str, reason: Bilingual, *, r2: float | None = None) -> Drivers:
        """Return drivers without an estimate."""
        return cls(drivers_schema().empty_table(), r2, n, outcome, np.zeros((0, 0)), reason)


def drivers_schema() -> pa.Schema:
    """Schema of the drivers: ``weight`` is the part of R² (sum 1), its interval a bootstrap one."""
    numbers = (
        "weight",
        "weight_low",
        "weight_high",
        "sign",
        "penalty",
        "penalty_se",
        "reward",
        "reward_se",
        "asymmetry",
        "score_impact",
        "score_impact_se",
    )
    head = [("code", pa.string()), ("n_negative", pa.int64()), ("n_positive", pa.int64())]
    return pa.schema([*head, *((name, pa.float64()) for name in numbers), ("kind", pa.string())])


def penalty_reward(found: Features, y: Floats) -> dict[str, list[float | str | None]]:
    """Return the penalty–reward contrast (Brandt 1987) of reviews with an outcome.

    y = b₀ + Σ_k (penalty_k·1[k negative] + reward_k·1[k positive]) by least squares; not mentioned is the
    reference. Wrong signs are cut to 0. Asymmetry (reward − |penalty|)/(reward + |penalty|): basic below
    −0.2, excitement above 0.2, else performance, as in Kano; null where both lie within 1.96 standard errors
    of 0. Who mentions something chose to, so penalties are inflated.

    Parameters
    ----------
    found : Features of the n reviews
    y : float64 array of shape (n,)
    """
    k = len(found.codes)
    ones = sparse.csr_array(np.ones((len(y), 1)))
    design = sparse.csr_array(sparse.hstack([ones, found.negative, found.positive]))
    inverse = np.linalg.pinv((design.T @ design).toarray(), hermitian=True)
    coefficients = inverse @ (design.T @ y)
    spare = max(len(y) - int(np.linalg.matrix_rank(inverse, hermitian=True)), 1)
    noise = float(((y - design @ coefficients) ** 2).sum()) / spare
    errors = np.sqrt(np.maximum(np.diag(inverse) * noise, 0.0))
    penalty, reward = np.minimum(coefficients[1 : k + 1], 0.0), np.maximum(coefficients[k + 1 :], 0.0)
    penalty_se, reward_se = errors[1 : k + 1], errors[k + 1 :]
    near = (-penalty <= _NEAR * penalty_se) & (reward <= _NEAR * reward_se)
    size = reward - penalty
    asymmetry = np.divide(reward + penalty, size, out=np.zeros(k), where=size > 0)
    kinds = np.select(
        [asymmetry < -_ASYMMETRY, asymmetry > _ASYMMETRY], ["basic", "excitement"], "performance"
    )
    silent = near | (size <= 0)
    return {
        "penalty": penalty.tolist(),
        "penalty_se": penalty_se.tolist(),
        "reward": reward.tolist(),
        "reward_se": reward_se.tolist(),
        "asymmetry": [
            None if quiet else value for quiet, value in zip(silent, asymmetry.tolist(), strict=True)
        ],
        "kind": [None if quiet else str(kind) for quiet, kind in zip(silent, kinds, strict=True)],
    }


def score_impact(negative: NDArray[np.bool_], y: Floats) -> tuple[float, float]:
    """Return the impact of an issue on the mean score, and its standard error.

    Impact = mean(y) − mean(y of reviews that don't mention it negatively) = p (S − S̄) with p the share that
    does, S and S̄ the means with and without. By the delta method
    se² = p²(s²/m + s̄²/(n − m)) + (S − S̄)² p(1 − p)/n. It removes these customers, it doesn't mend the
    issue. NaN where fewer than two reviews are on either side.

    Parameters
    ----------
    negative : bool array of shape (n,)
    y : float64 array of shape (n,)
    """
    with_it, without = y[negative], y[~negative]
    n, m = len(y), len(with_it)
    if m < 2 or n - m < 2:
        return float("nan"), float("nan")
    p, gap = m / n, float(with_it.mean() - without.mean())
    of_means = p * p * (float(with_it.var(ddof=1)) / m + float(without.var(ddof=1)) / (n - m))
    return p * gap, (of_means + gap * gap * p * (1 - p) / n) ** 0.5


def importance(found: Drivers, codes: Sequence[str]) -> Floats:
    """Return the importance of ``codes``, in [0.05, 1], of shape (n_codes,).

    Relative weight over the largest, at least 0.05 (also for codes too rare to be estimated); 1 for all where
    there are no drivers.
    """
    if found.table.num_rows == 0:
        return np.ones(len(codes))
    weights = np.asarray(found.table["weight"], dtype=float)
    return _over_largest(found, weights[None, :], codes).ravel()


def importance_draws(found: Drivers, codes: Sequence[str]) -> Floats:
    """Return the importance of ``codes`` in each bootstrap draw, of shape (n_draws, n_codes)."""
    return _over_largest(found, found.drawn, codes)


def _over_largest(found: Drivers, weights: Floats, codes: Sequence[str]) -> Floats:
    """Return weights of shape (n, n_features) by ``codes``, over each row's largest and floored."""
    if len(weights) == 0:
        return np.ones((0, len(codes)))
    place = {code: column for column, code in enumerate(found.table["code"].to_pylist())}
    # One more column for codes that were too rare to be estimated.
    padded = np.concatenate([weights, np.zeros((len(weights), 1))], axis=1)
    columns = np.array([place.get(code, weights.shape[1]) for code in codes], dtype=np.int64)
    largest = np.maximum(weights.max(axis=1, keepdims=True), 1e-12)
    relative: Floats = np.maximum(padded[:, columns] / largest, _FLOOR)
    return relative


def drivers(facts: Facts, found: Features, *, draws: int = 200, seed: int = 0) -> Drivers:
    """Estimate what explains the rating (or NPS answer) of the counted reviews.

    Features with fewer than eight mentions are left out, then all but the most mentioned ones that leave ten
    answers per feature. Refuses, with the reason, under 50 answers, without variance, without features, or
    where the features together explain nothing (F test of R², p ≥ .05).
    """
    name, values = outcome(facts)
    rows = np.flatnonzero(~np.isnan(values))
    y, n = values[rows], len(rows)
    refused = _refusal(name, y)
    if refused:
        return Drivers.refused(n, name, refused)
    chosen = _chosen(found, rows)
    used = found.subset(rows, chosen)
    if len(chosen) == 0:
        return Drivers.refused(n, name, _NO_FEATURES)
    estimate = weigh(used.signed, y, np.ones((n, 1)))
    parts, r2, k = estimate.parts[0], float(estimate.r2[0]), len(chosen)
    f_value = (r2 / k) / max((1 - r2) / max(n - k - 1, 1), 1e-12)
    if stats.f.sf(f_value, k, max(n - k - 1, 1)) >= _LEVEL:
        return Drivers.refused(n, name, _explains_nothing(r2), r2=r2)
    resampled = [
        weigh(used.signed, y, weights[rows]).parts for weights in poisson_weights(facts, draws, seed)
    ]
    drawn = np.concatenate([estimate.parts, *resampled])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    sign = np.sign(estimate.coefficients[0])
    return Drivers(_table(used, y, parts, low, high, sign), r2, n, name, drawn)


def _chosen(found: Features, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    mentions = (found.negative[rows] + found.positive[rows]).sum(axis=0)
    ranked = np.argsort(-mentions, kind="stable")[: len(rows) // _ANSWERS_PER_FEATURE]
    return np.sort(ranked[mentions[ranked] >= _MIN_MENTIONS])


def _table(used: Features, y: Floats, parts: Floats, low: Floats, high: Floats, sign: Floats) -> pa.Table:
    dense = used.negative.toarray().astype(bool)
    impacts = np.array([score_impact(dense[:, column], y) for column in range(len(used.codes))])
    known = [[None if np.isnan(value) else float(value) for value in column] for column in impacts.T]
    columns = {
        "code": list(used.codes),
        "n_negative": used.negative.sum(axis=0).astype(np.int64),
        "n_positive": used.positive.sum(axis=0).astype(np.int64),
        "weight": parts,
        "weight_low": low,
        "weight_high": high,
        "sign": sign,
        "score_impact": known[0],
        "score_impact_se": known[1],
        **penalty_reward(used, y),
    }
    return pa.table(columns, schema=drivers_schema())


_NO_FEATURES = Bilingual(
    f"没有哪个方面被提到 {_MIN_MENTIONS} 次以上，无法估计它与评分的关系。",
    f"No facet is mentioned {_MIN_MENTIONS} times or more, so its relation to the score can't be estimated.",
)


def _refusal(name: str, y: Floats) -> Bilingual | None:
    if not name:
        return Bilingual("没有评分或 NPS 列。", "There is no rating or NPS column.")
    if len(y) < _MIN_ANSWERS:
        return Bilingual(
            f"只有 {len(y)} 条有评分，少于 {_MIN_ANSWERS} 条。",
            f"Only {len(y)} reviews have a score, fewer than {_MIN_ANSWERS}.",
        )
    if float(np.ptp(y)) == 0:
        return Bilingual("所有评分都相同。", "All scores are the same.")
    return None


def _explains_nothing(r2: float) -> Bilingual:
    return Bilingual(
        f"提到的方面与评分没有可辨认的关系（R² = {r2:.2f}）。",
        f"What is mentioned has no discernible relation to the score (R² = {r2:.2f}).",
    )
