"""Satisfaction scores: mean rating, NPS and CSAT, each with an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feedback_nlp.insight.shares import wilson, z_value

__all__ = [
    "NOTHING",
    "Interval",
    "csat",
    "guess_scale",
    "is_detractor",
    "is_low",
    "is_satisfied",
    "mean",
    "net_points",
    "nps",
    "satisfaction",
]

_PROMOTER, _DETRACTOR = 9.0, 6.0
# The part of the scale, from its top, that counts as satisfied; as much from its bottom counts as low.
_TOP = 0.4
# Answers that Rocks's adjusted interval adds: a quarter promoters, a quarter detractors, half passives.
_MORE = 3.0
_SCALES = ((1.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))


class Interval(NamedTuple):
    """An estimate with its 95 % interval and its base; ``value`` and bounds are None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int


NOTHING = Interval(None, None, None, 0)


def net_points(values: ArrayLike) -> NDArray[np.float64]:
    """Return +100 for promoters (9–10), −100 for detractors (0–6), else 0: their mean is the NPS."""
    given = np.asarray(values, dtype=float)
    return 100.0 * ((given >= _PROMOTER).astype(float) - is_detractor(given))


def is_detractor(values: ArrayLike) -> NDArray[np.bool_]:
    """Return which NPS answers are 0–6."""
    return np.asarray(values, dtype=float) <= _DETRACTOR


def is_satisfied(values: ArrayLike, scale: tuple[float, float]) -> NDArray[np.bool_]:
    """Return which ratings are above low + 0.6·(high − low): 4–5 of 1–5, 7–10 of 1–10."""
    return np.asarray(values, dtype=float) > scale[0] + (1 - _TOP) * (scale[1] - scale[0])


def is_low(values: ArrayLike, scale: tuple[float, float]) -> NDArray[np.bool_]:
    """Return which ratings are below low + 0.4·(high − low): 1–2 of 1–5, 1–4 of 1–10."""
    return np.asarray(values, dtype=float) < scale[0] + _TOP * (scale[1] - scale[0])


def _answers(values: ArrayLike, weights: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    given = np.asarray(values, dtype=float)
    counts = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=float)
    known = ~np.isnan(given) & (counts > 0)
    return given[known], counts[known]


def mean(values: ArrayLike, weights: ArrayLike | None = None) -> Interval:
    """Return the mean of ``values`` (n,), NaN left out, each counted ``weights`` (n,) times.

    The interval is m ± 1.96 s/√n; with one answer there is a value and no interval.
    """
    given, counts = _answers(values, weights)
    n = int(counts.sum())
    if n == 0:
        return NOTHING
    centre = float(np.average(given, weights=counts))
    if n == 1:
        return Interval(centre, None, None, 1)
    variance = float((counts * (given - centre) ** 2).sum() / (n - 1))
    half = z_value() * (variance / n) ** 0.5
    return Interval(centre, centre - half, centre + half, n)


def nps(values: ArrayLike, weights: ArrayLike | None = None) -> Interval:
    """Return the net promoter score of answers from 0 to 10, in [-100, 100].

    % promoters (9–10) − % detractors (0–6), base all answers. With p and d these shares, the multinomial
    variance of p − d is (p + d − (p − d)²)/n; the interval is cut to [-100, 100]. Where all answers fall in
    one class that variance is 0, though a few equal answers say little: their interval is the adjusted one of
    Rocks (2016, The American Statistician 70), as if three more had answered, ¾ promoters and ¾ detractors.
    """
    given, counts = _answers(values, weights)
    n = int(counts.sum())
    if n == 0:
        return NOTHING
    promoters = float(counts[given >= _PROMOTER].sum())
    detractors = float(counts[is_detractor(given)].sum())
    net = (promoters - detractors) / n
    centre, half = _net(promoters, detractors, n)
    if max(promoters, detractors, n - promoters - detractors) == n:
        centre, half = _net(promoters + _MORE / 4, detractors + _MORE / 4, n + _MORE)
    low, high = max(min(centre - half, net), -1.0), min(max(centre + half, net), 1.0)
    return Interval(100 * net, 100 * low, 100 * high, n)


def _net(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Return p − d and half its Wald interval."""
    p, d = promoters / n, detractors / n
    return p - d, z_value() * (max(p + d - (p - d) ** 2, 0.0) / n) ** 0.5


def csat(values: ArrayLike, scale: tuple[float, float], weights: ArrayLike | None = None) -> Interval:
    """Return the share of satisfied answers, in [0, 1], with Wilson's interval.

    Satisfied is above low + 0.6·(high − low), the top 40 % of the scale: 4–5 of 1–5, 7–10 of 1–10.
    """
    given, counts = _answers(values, weights)
    n = int(counts.sum())
    if n == 0:
        return NOTHING
    yes = float(counts[is_satisfied(given, scale)].sum())
    low, high = wilson(yes, n)
    return Interval(yes / n, float(low), float(high), n)


def guess_scale(values: ArrayLike) -> tuple[float, float] | None:
    """Return the first usual scale (1–5, 1–10, 0–10, 0–100) that holds all ``values``, or None."""
    given, _ = _answers(values, None)
    if len(given) == 0:
        return None
    low, high = float(given.min()), float(given.max())
    return next((scale for scale in _SCALES if scale[0] <= low and high <= scale[1]), None)


def satisfaction(
    ratings: ArrayLike, answers: ArrayLike, *, scale: tuple[float, float] | None = None
) -> dict[str, object]:
    """Return the satisfaction block of a report.

    Parameters
    ----------
    ratings, answers : array-like of shape (n_reviews,)
        Rating and NPS answer of each counted review, NaN where missing.
    scale : (low, high), optional
        Scale of the ratings; guessed from the values where not given.

    Returns
    -------
    dict
        rating_mean, nps and csat with _low and _high, rating_scale, n_rating, n_nps; None where there is no
        answer.
    """
    scale = scale or guess_scale(ratings)
    parts = {
        "rating": mean(ratings),
        "nps": nps(answers),
        "csat": csat(ratings, scale) if scale else NOTHING,
    }
    block: dict[str, object] = {
        "rating_mean": parts["rating"].value,
        "rating_scale": scale if parts["rating"].n else None,
        "n_rating": parts["rating"].n,
        "n_nps": parts["nps"].n,
        "nps": parts["nps"].value,
        "csat": parts["csat"].value,
    }
    for name, part in parts.items():
        block[f"{name}_low"], block[f"{name}_high"] = part.low, part.high
    return block
