"""Importance–performance quadrants, and how often each element stays in its own over the bootstrap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from feedback_nlp.insight.drivers import Features, weigh
from feedback_nlp.insight.shares import beta_prior, shrink

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
    """Place of each element, arrays of shape (n_codes,)."""

    performance: Floats
    importance: Floats


def quadrants_schema() -> pa.Schema:
    """Schema of the quadrants: x performance, y importance; ``stability`` is the share of draws that keep the quadrant."""
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

    Performance is 1 − the beta-binomially shrunk share of negative reviews among those that mention the element.
    Importance is the relative weight where there is an outcome, else the share of mentions; both sum to 1.

    Parameters
    ----------
    found : Features of n reviews
    weights : float64 array of shape (n_reviews,)
    answers : Answers, optional
    """
    negative, mentioned = found.negative.T @ weights, found.mentioned.T @ weights
    performance = 1 - shrink(negative, mentioned, beta_prior(negative, mentioned))
    raw = mentioned
    if answers is not None:
        used = sparse.csr_array(found.signed[answers.rows])
        raw = weigh(used, answers.values, weights[answers.rows])[0]
    return Point(performance, raw / max(float(raw.sum()), 1e-12))


def _quadrant(point: Point) -> NDArray[np.int64]:
    high = point.importance >= point.importance.mean()
    good = point.performance >= point.performance.mean()
    return 2 * high.astype(np.int64) + good.astype(np.int64)


def quadrants(found: Features, draws: Iterator[Floats], answers: Answers | None) -> pa.Table:
    """Sort mentioned elements into quadrants, the crosshair at the means.

    Parameters
    ----------
    found : Features of n reviews
    draws : iterator of bootstrap weights of shape (n_reviews,)
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
    point = place(used, np.ones(len(every)), answers)
    where = _quadrant(point)
    same = [_quadrant(place(used, weights, answers)) == where for weights in draws]
    columns = {
        "code": list(used.codes),
        "x": point.performance,
        "y": point.importance,
        "quadrant": [QUADRANTS[bool(code >= 2), bool(code % 2)] for code in where],
        "stability": np.mean(same, axis=0) if same else np.full(len(some), np.nan),
    }
    return pa.table(columns, schema=quadrants_schema())
