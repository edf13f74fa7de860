"""The small network beside the linear heads: what it adds to their log-odds, learnt from the encoder.

A clause's n-grams are also rows of a narrow table; one hidden layer looks at the sums of the clause, of its
neighbours and of its review. Sums of weights alone can't say that 不 before 差 turns it round unless those
characters stand together; a hidden layer can, and what it learns for one facet serves the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.products import rowwise_product

__all__ = ["STUDENT", "Seen", "additions", "has_student"]

# Names of its arrays among ``LinearWeights.bias``.
STUDENT = "student_"

Floats = NDArray[np.float32]


class Seen(NamedTuple):
    """What the network looks at.

    Attributes
    ----------
    sums : float32 array of shape (n_clauses, width)
        Sums of the table's rows over the known n-grams of each clause.
    counts : float32 array of shape (n_clauses,)
        Number of these n-grams.
    tone : float32 array of shape (n_clauses, 3)
        As ``Evidence.tone``.
    review : int64 array of shape (n_clauses,)
        Ascending.
    whole : float32 array of shape (n_reviews, width + 1)
        ``sums`` and ``counts`` summed over the clauses of each review.
    """

    sums: Floats
    counts: Floats
    tone: Floats
    review: NDArray[np.int64]
    whole: Floats


def has_student(arrays: Mapping[str, Floats]) -> bool:
    """Tell whether the arrays of a linear model hold a network."""
    return STUDENT + "out" in arrays


def additions(arrays: Mapping[str, Floats], seen: Seen) -> Floats:
    """Return log-odds to add to those of the heads: mention, polar, neutral, (n_clauses, 3 · n_facets).

    Parameters
    ----------
    arrays : mapping
        Under the prefix ``STUDENT``, float32: ``own``, ``before``, ``after``, ``review`` (width, n_hidden),
        ``tone`` (3, n_hidden), ``hidden`` (n_hidden,), ``out`` (n_hidden, 3 · n_facets), ``shift``
        (3 · n_facets,).
    seen : Seen
    """
    # In one order, as the compiled path has them: a product's bits hang on it.
    part = {
        name.removeprefix(STUDENT): np.ascontiguousarray(value)
        for name, value in arrays.items()
        if name.startswith(STUDENT)
    }
    own = _per_root(seen.sums, seen.counts[:, None])
    whole = _per_root(seen.whole[:, :-1], seen.whole[:, -1:])
    hidden = rowwise_product(own, part["own"])
    hidden += rowwise_product(whole, part["review"])[seen.review]
    follows = np.append(False, seen.review[1:] == seen.review[:-1])[: len(own)]
    rows = np.flatnonzero(follows)
    hidden[rows] += rowwise_product(own, part["before"])[rows - 1]
    hidden[rows - 1] += rowwise_product(own, part["after"])[rows]
    for column in range(seen.tone.shape[1]):
        hidden += seen.tone[:, column, None] * part["tone"][column]
    hidden += part["hidden"]
    np.maximum(hidden, 0, out=hidden)
    return rowwise_product(hidden, part["out"]) + part["shift"]


def _per_root(sums: Floats, counts: Floats) -> Floats:
    return np.asarray(sums / np.sqrt(np.maximum(counts, 1)), dtype=np.float32)
