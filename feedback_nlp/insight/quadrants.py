"""Importance–performance quadrants, and how often each element stays in its own over the bootstrap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from feedback_nlp.insight.features import Features
from feedback_nlp.insight.relative import weigh
from feedback_nlp.insight.shares import BetaPrior, beta_prior, shrink

__all__ = ["QUADRANTS", "Answers", "Point", "place", "quadrants", "quadrants_schema"]

# By (important, performs well).
QUADRANTS = {
    (True, False): "improve_first",
    (True, True): "keep_up",
    (False, False): "low_priority",
    (False, True): "possible_overkill",
}

Floats = NDArray[np.float64]


class Answers(NamedTuple):
    """Outcome of the reviews that have one: their positions and values, both of shape (n_answers,)."""

    rows: NDArray[np.int64]
    values: Floats


class Point(NamedTuple):
    """Place of each element in each draw, arrays of shape (draws, n_codes)."""

    performance: Floats
    importance: Floats


def quadrants_schema() -> pa.Schema:
    """Schema: x performance, y importance; ``stability`` is the share of draws that keep the quadrant."""
    return pa.schema(
        [
            ("code", pa.string()),
            ("x", pa.float64()),
            ("y", pa.float64()),
            ("quadrant", pa.string()),
            ("stability", pa.float64()),
        ]
    )


def place(found: Features, weights: Floats, answers: Answers | None) -> Point:
    """Place the elements on both axes.

    Performance is 1 − the beta-binomially shrunk share of negative reviews among those that mention the
    element. Importance is the relative weight where there is an outcome, else the share of mentions; both sum
    to 1.

    Parameters
    ----------
    found : Features of n reviews
    weights : float64 array of shape (n_reviews, draws)
    answers : Answers, optional
    """
    negative, mentioned = (found.negative.T @ weights).T, (found.mentioned.T @ weights).T
    prior = beta_prior(negative, mentioned)
    wide = BetaPrior(prior.a[:, None], prior.b[:, None])
    raw = mentioned
    if answers is not None:
        used = sparse.csr_array(found.signed[answers.rows])
        raw = weigh(used, answers.values, weights[answers.rows]).parts
    total = np.maximum(raw.sum(axis=1, keepdims=True), 1e-12)
    return Point(1 - shrink(negative, mentioned, wide), raw / total)


def _quadrant(point: Point) -> NDArray[np.int64]:
    high = point.importance >= point.importance.mean(axis=1, keepdims=True)
    good = point.performance >= point.performance.mean(axis=1, keepdims=True)
    code: NDArray[np.int64] = 2 * high.astype(np.int64) + good.astype(np.int64)
    return code


def quadrants(found: Features, draws: Iterator[Floats], answers: Answers | None) -> pa.Table:
    """Sort mentioned elements into quadrants, the crosshair at the means.

    Parameters
    ----------
    found : Features of n reviews
    draws : iterator of bootstrap weights of shape (n_reviews, some draws)
    answers : Answers, optional
        Outcome; without it importance is the share of mentions.

    Returns
    -------
    Arrow table of ``quadrants_schema``, in the order of ``found.codes``; empty with fewer than two elements.
    """
    some = np.flatnonzero(found.mentioned.sum(axis=0))
    if len(some) < 2:
        return quadrants_schema().empty_table()
    every = np.arange(found.mentioned.shape[0])
    used = found.subset(every, some)
    point = place(used, np.ones((len(every), 1)), answers)
    where = _quadrant(point)
    same = [_quadrant(place(used, weights, answers)) == where for weights in draws]
    columns = {
        "code": list(used.codes),
        "x": point.performance[0],
        "y": point.importance[0],
        "quadrant": [QUADRANTS[bool(code >= 2), bool(code % 2)] for code in where[0]],
        "stability": np.concatenate(same).mean(axis=0) if same else np.full(len(some), np.nan),
    }
    return pa.table(columns, schema=quadrants_schema())
