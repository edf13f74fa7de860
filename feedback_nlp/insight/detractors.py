"""Who gives low scores: a logistic model beside the mean, since stars are skewed and means hide the tail.

Firth's penalised likelihood (Firth 1993; Heinze and Schemper 2002): estimates stay finite where all who blame
something are dissatisfied, and are less biased where such answers are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.drivers import enough, refusal
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import Features, outcome
from feedback_nlp.insight.nps import guess_scale, is_detractor, is_low
from feedback_nlp.insight.shares import wilson

__all__ = ["Detractors", "Fit", "detractors", "detractors_schema", "firth"]

# Fewer low scores (or others) than this carry no model; five of the rarer kind stand behind each column.
_MIN_EVENTS = 10
_EVENTS_PER_COLUMN = 5
_STEPS = 100
_STEP = 5.0
_DONE = 1e-8
_Z = 1.96

Floats = NDArray[np.float64]


class Fit:
    """Coefficients and standard errors of shape (m,), and McFadden's R²."""

    def __init__(self, coefficients: Floats, errors: Floats, r2: float) -> None:
        self.coefficients, self.errors, self.r2 = coefficients, errors, r2


@dataclass(frozen=True)
class Detractors:
    """What goes together with a low score.

    Attributes
    ----------
    table : Arrow table of ``detractors_schema``; empty where nothing could be estimated.
    outcome : {"nps", "rating", ""}
        Detractors of the NPS (0–6), or low ratings (the bottom 40 % of the scale).
    n, n_low : int
        Answers, and low ones.
    r2 : float or None
        McFadden's R² = 1 − log-likelihood / log-likelihood of the constant alone.
    reason : Bilingual or None
        Why nothing could be estimated.
    """

    table: pa.Table
    outcome: str
    n: int
    n_low: int
    r2: float | None
    reason: Bilingual | None = None


def detractors_schema() -> pa.Schema:
    """Schema: share of low scores with and without the blame (Wilson), and the adjusted odds ratio (Wald)."""
    shares = ("share_with", "with_low", "with_high", "share_without", "without_low", "without_high")
    numbers = (*shares, "odds", "odds_low", "odds_high")
    head = [("code", pa.string()), ("n_negative", pa.int64())]
    return pa.schema([*head, *((name, pa.float64()) for name in numbers)])


def firth(x: Floats, yes: Floats, total: Floats) -> Fit:
    """Fit a logistic model by Firth's penalised likelihood.

    Parameters
    ----------
    x : float64 array of shape (m, k)
        Distinct rows, the constant among the columns.
    yes, total : float64 arrays of shape (m,)
        Answers that are low, and all, of each row.

    Returns
    -------
    Fit
        Solves Xᵀ(yes − n π + h (½ − π)) = 0, h the diagonal of the hat matrix; standard errors from the
        inverse of XᵀWX with W = n π (1 − π).
    """
    b = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        chance, information = _information(x, total, b)
        inverse = np.linalg.pinv(information, hermitian=True)
        hat = total * chance * (1 - chance) * np.einsum("ij,jk,ik->i", x, inverse, x)
        step = inverse @ (x.T @ (yes - total * chance + hat * (0.5 - chance)))
        step *= min(1.0, _STEP / max(float(np.abs(step).max()), 1e-12))
        b = b + step
        if float(np.abs(step).max()) < _DONE:
            break
    chance, information = _information(x, total, b)
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(information, hermitian=True)), 0.0))
    part = yes.sum() / total.sum()
    of_model = _log_likelihood(yes, total, chance)
    of_constant = _log_likelihood(yes, total, np.full(len(total), part))
    return Fit(b, errors, max(1 - of_model / of_constant, 0.0))


def _information(x: Floats, total: Floats, b: Floats) -> tuple[Floats, Floats]:
    chance = 1 / (1 + np.exp(-np.clip(x @ b, -30, 30)))
    return chance, x.T @ (x * (total * chance * (1 - chance))[:, None])


def _log_likelihood(yes: Floats, total: Floats, chance: Floats) -> float:
    return float((yes * np.log(chance) + (total - yes) * np.log1p(-chance)).sum())


def detractors(facts: Facts, found: Features, *, scale: tuple[float, float] | None = None) -> Detractors:
    """Estimate what goes together with a low score of the counted reviews.

    Blame and praise of each code enter the model; the odds ratio of the blame is reported. Answers of one
    customer count as independent ones.

    Parameters
    ----------
    facts : Facts
    found : Features
    scale : (low, high), optional
        Of the ratings; guessed where not given.
    """
    name, values = outcome(facts)
    rows = np.flatnonzero(~np.isnan(values))
    low = _low(name, values[rows], scale)
    n, n_low = len(rows), int(low.sum())
    why = refusal(facts, name, values) or _too_few(n, n_low)
    if why is not None:
        return Detractors(detractors_schema().empty_table(), name, n, n_low, None, why)
    room = min(n_low, n - n_low) // _EVENTS_PER_COLUMN // 2
    used = found.subset(rows, enough(found, rows, room=max(room, 1)))
    if not used.codes:
        return Detractors(detractors_schema().empty_table(), name, n, n_low, None, _TOO_RARE)
    x, yes, total = _patterns(used, low)
    fit = firth(x, yes, total)
    return Detractors(_table(used, low, fit), name, n, n_low, fit.r2)


def _low(name: str, values: Floats, scale: tuple[float, float] | None) -> NDArray[np.bool_]:
    if name == "nps":
        return is_detractor(values)
    bounds = scale or guess_scale(values)
    if bounds is None:
        return np.zeros(len(values), dtype=bool)
    return is_low(values, bounds)


def _too_few(n: int, n_low: int) -> Bilingual | None:
    if min(n_low, n - n_low) >= _MIN_EVENTS:
        return None
    return Bilingual(
        f"{n} 条评分里低分 {n_low} 条、其余 {n - n_low} 条，"
        f"有一边少于 {_MIN_EVENTS} 条，低分的由来无法估计。",
        f"Of {n} scores {n_low} are low and {n - n_low} are not; with fewer than {_MIN_EVENTS} on a side, "
        "what goes with low scores can't be estimated.",
    )


_TOO_RARE = Bilingual(
    "在有评分的评价里没有哪一项被提到 8 次以上。",
    "Nothing is mentioned eight times or more in the reviews with a score.",
)


def _patterns(used: Features, low: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return the distinct rows of the design, low answers and answers of each: few even in large files."""
    both = sparse.hstack([used.negative, used.positive], format="csr")
    packed = np.packbits(both.astype(bool).toarray(), axis=1)
    keys = np.ascontiguousarray(packed).view([("", packed.dtype)] * packed.shape[1]).ravel()
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    rows = both[first].toarray()
    total = np.bincount(place, minlength=len(first)).astype(float)
    yes = np.bincount(place, weights=low, minlength=len(first)).astype(float)
    return np.column_stack([np.ones(len(first)), rows]), yes, total


def _table(used: Features, low: NDArray[np.bool_], fit: Fit) -> pa.Table:
    k, n, n_low = len(used.codes), len(low), int(low.sum())
    blamed = used.negative.sum(axis=0).astype(np.int64)
    both = (used.negative.T @ low.astype(float)).astype(np.int64)
    inside, outside = wilson(both, blamed), wilson(n_low - both, n - blamed)
    b, error = fit.coefficients[1 : k + 1], fit.errors[1 : k + 1]
    columns = {
        "code": list(used.codes),
        "n_negative": blamed,
        "share_with": _share(both, blamed),
        "with_low": inside[0],
        "with_high": inside[1],
        "share_without": _share(n_low - both, n - blamed),
        "without_low": outside[0],
        "without_high": outside[1],
        "odds": np.exp(b),
        "odds_low": np.exp(b - _Z * error),
        "odds_high": np.exp(b + _Z * error),
    }
    # Nobody blames it: there is no odds ratio, only the prior's.
    silent = blamed == 0
    told = {
        name: pa.array(column, mask=silent) if name.startswith("odds") else column
        for name, column in columns.items()
    }
    return pa.table(told, schema=detractors_schema())


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> list[float | None]:
    return [p / w if w else None for p, w in zip(part.tolist(), whole.tolist(), strict=True)]
