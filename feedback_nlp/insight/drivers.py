"""Drivers: what goes together with satisfaction, and how much it explains. Association, not effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import stats

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import Features, outcome, poisson_weights
from feedback_nlp.insight.kano import asymmetry, coefficients, design, kinds, penalty_reward
from feedback_nlp.insight.relative import weigh

__all__ = [
    "Drivers",
    "drivers",
    "drivers_schema",
    "enough",
    "importance",
    "importance_draws",
    "refusal",
    "score_impact",
]

_MIN_ANSWERS = 50
# A feature needs this many reviews that mention it, and ten answers stand behind each feature.
_MIN_MENTIONS = 8
_ANSWERS_PER_FEATURE = 10
_LEVEL = 0.05
_FLOOR = 0.05
_Z = 1.96
# From this part of negative reviews on, a file holds complaints only: nobody is there to compare with.
_COMPLAINTS = 0.95

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
    """Schema of the drivers.

    ``weight`` is the part of R² (sum 1); ``_low`` and ``_high`` bound 95 % of the bootstrap draws, but those
    of ``score_impact`` are 1.96 standard errors; ``kind_share`` is the part of the draws with the same kind.
    """
    numbers = (
        *("weight", "weight_low", "weight_high", "sign"),
        *("penalty", "penalty_low", "penalty_high", "penalty_se"),
        *("reward", "reward_low", "reward_high", "reward_se"),
        *("asymmetry", "score_impact", "score_impact_low", "score_impact_high", "score_impact_se"),
    )
    head = [("code", pa.string()), ("n_negative", pa.int64()), ("n_positive", pa.int64())]
    tail = [("kind", pa.string()), ("kind_share", pa.float64())]
    return pa.schema([*head, *((name, pa.float64()) for name in numbers), *tail])


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
    answers per feature. Refuses, with the reason, under 50 answers, without variance, in complaint-only
    files, without features, or where the features together explain nothing (F test of R², p ≥ .05).
    """
    name, values = outcome(facts)
    rows = np.flatnonzero(~np.isnan(values))
    y, n = values[rows], len(rows)
    refused = refusal(facts, name, values)
    if refused:
        return Drivers.refused(n, name, refused)
    chosen = enough(found, rows)
    used = found.subset(rows, chosen)
    if len(chosen) == 0:
        return Drivers.refused(n, name, _NO_FEATURES)
    estimate = weigh(used.signed, y, np.ones((n, 1)))
    parts, r2, k = estimate.parts[0], float(estimate.r2[0]), len(chosen)
    f_value = (r2 / k) / max((1 - r2) / max(n - k - 1, 1), 1e-12)
    if stats.f.sf(f_value, k, max(n - k - 1, 1)) >= _LEVEL:
        return Drivers.refused(n, name, _explains_nothing(r2), r2=r2)
    x = design(used.negative, used.positive)
    drawn, contrasts = [estimate.parts], []
    for weights in poisson_weights(facts, draws, seed):
        drawn.append(weigh(used.signed, y, weights[rows]).parts)
        contrasts.append(coefficients(x, y, weights[rows])[:, 1:])
    parts_drawn = np.concatenate(drawn)
    columns = {
        "weight": parts,
        **_bounds("weight", parts_drawn),
        "sign": np.sign(estimate.coefficients[0]),
        **_impacts(used, y),
        **_contrast(used, y, np.concatenate(contrasts)),
    }
    return Drivers(_table(used, columns), r2, n, name, parts_drawn)


def enough(found: Features, rows: NDArray[np.int64], *, room: int | None = None) -> NDArray[np.int64]:
    """Return the features that can be estimated from the reviews ``rows``, in order.

    Those with at least eight mentions, of them the most mentioned: one for ten reviews, or ``room``.
    """
    mentions = (found.negative[rows] + found.positive[rows]).sum(axis=0)
    most = len(rows) // _ANSWERS_PER_FEATURE if room is None else room
    ranked = np.argsort(-mentions, kind="stable")[:most]
    return np.sort(ranked[mentions[ranked] >= _MIN_MENTIONS])


def _bounds(name: str, drawn: Floats) -> dict[str, Floats]:
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {f"{name}_low": low, f"{name}_high": high}


def _impacts(used: Features, y: Floats) -> dict[str, list[float | None]]:
    dense = used.negative.toarray().astype(bool)
    found = np.array([score_impact(dense[:, column], y) for column in range(len(used.codes))])
    value, error = found.T
    parts = {
        "score_impact": value,
        "score_impact_low": value - _Z * error,
        "score_impact_high": value + _Z * error,
        "score_impact_se": error,
    }
    return {name: [None if np.isnan(item) else float(item) for item in part] for name, part in parts.items()}


def _contrast(used: Features, y: Floats, drawn: Floats) -> dict[str, object]:
    """Return the columns of the penalty–reward contrast; ``drawn`` has shape (draws, 2·n_features)."""
    k = len(used.codes)
    found = penalty_reward(used, y)
    penalty, reward = np.minimum(drawn[:, :k], 0.0), np.maximum(drawn[:, k:], 0.0)
    same = kinds(asymmetry(penalty, reward)) == np.array([kind or "" for kind in found.kind])
    stays = same.mean(axis=0).tolist()
    return {
        **found._asdict(),
        **_bounds("penalty", penalty),
        **_bounds("reward", reward),
        "kind_share": [None if kind is None else part for kind, part in zip(found.kind, stays, strict=True)],
    }


def _table(used: Features, columns: dict[str, object]) -> pa.Table:
    counts = {
        "code": list(used.codes),
        "n_negative": used.negative.sum(axis=0).astype(np.int64),
        "n_positive": used.positive.sum(axis=0).astype(np.int64),
    }
    told = counts | columns
    return pa.table({name: told[name] for name in drivers_schema().names}, schema=drivers_schema())


_NO_FEATURES = Bilingual(
    f"没有哪个方面被提到 {_MIN_MENTIONS} 次以上，无法估计它与评分的关系。",
    f"No facet is mentioned {_MIN_MENTIONS} times or more, so its relation to the score can't be estimated.",
)


def refusal(facts: Facts, name: str, values: Floats) -> Bilingual | None:
    """Return why nothing can be said of what moves the outcome ``name``, or None.

    Parameters
    ----------
    facts : Facts
    name : str
        "rating", "nps" or "" for none.
    values : float64 array of shape (n_reviews,)
        NaN where there is no answer.
    """
    rows = np.flatnonzero(~np.isnan(values))
    if not name or len(rows) == 0:
        return Bilingual("没有评分或 NPS 列。", "There is no rating or NPS column.")
    if len(rows) < _MIN_ANSWERS:
        what = Bilingual("NPS 作答", "an NPS answer") if name == "nps" else Bilingual("评分", "a score")
        return Bilingual(
            f"只有 {len(rows)} 条有{what.zh}，少于 {_MIN_ANSWERS} 条。",
            f"Only {len(rows)} reviews have {what.en}, fewer than {_MIN_ANSWERS}.",
        )
    if float(np.ptp(values[rows])) == 0:
        return Bilingual("所有评分都相同。", "All scores are the same.")
    negative = np.asarray(pc.equal(facts.reviews["fb_label"], "negative"), dtype=bool)[rows].mean()
    if negative >= _COMPLAINTS:
        return Bilingual(
            f"有评分的评价里 {negative:.0%} 是负面：这是一份投诉，没有满意的客户可比。",
            f"{negative:.0%} of the reviews with a score are negative: in a file of complaints there are no "
            "satisfied customers to compare with.",
        )
    return None


def _explains_nothing(r2: float) -> Bilingual:
    return Bilingual(
        f"提到的方面与评分没有可辨认的关系（R² = {r2:.2f}）。",
        f"What is mentioned has no discernible relation to the score (R² = {r2:.2f}).",
    )
