"""The small network between its matrix products: what ``scorers.linear_student`` does array by array.

The products themselves stay with ``scorers.products``, so that both give the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels.jit import compiled

__all__ = ["hidden_units", "means"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@compiled
def means(sums: Floats, first: int, count: Floats, review: Ints, own: Floats, whole: Floats) -> None:
    """Write sums over sqrt(number of n-grams): of each clause into ``own``, of each review into ``whole``.

    Parameters
    ----------
    sums : float32 array of shape (n_clauses, n_columns)
        The table's columns begin at ``first``.
    first : int
    count : float32 array of shape (n_clauses,)
    review : int64 array of shape (n_clauses,)
        Ascending.
    own, whole : float32 arrays of shape (n_clauses, width) and (n_reviews, width)
    """
    one, width = np.float32(1), own.shape[1]
    whole[:] = 0
    clause = 0
    while clause < len(review):
        row, grams = review[clause], np.float32(0)
        while clause < len(review) and review[clause] == row:
            grams += count[clause]
            root = np.sqrt(max(count[clause], one))
            for column in range(width):
                value = sums[clause, first + column]
                whole[row, column] += value
                own[clause, column] = value / root
            clause += 1
        root = np.sqrt(max(grams, one))
        for column in range(width):
            whole[row, column] /= root


@compiled
def hidden_units(
    own: Floats,
    before: Floats,
    after: Floats,
    whole: Floats,
    review: Ints,
    tone: Floats,
    weights: Floats,
    bias: Floats,
    hidden: Floats,
) -> None:
    """Write the hidden layer of each clause.

    Parameters
    ----------
    own, before, after : float32 arrays of shape (n_clauses, n_hidden)
        Products of each clause with the weights for itself, for the next and for the one before it.
    whole : float32 array of shape (n_reviews, n_hidden)
        Products of each review.
    review : int64 array of shape (n_clauses,)
    tone : float32 array of shape (n_clauses, n_tones)
    weights : float32 array of shape (n_tones, n_hidden)
    bias : float32 array of shape (n_hidden,)
    hidden : float32 array of shape (n_clauses, n_hidden)
        May be ``own``.
    """
    count, zero = len(review), np.float32(0)
    for clause in range(count):
        row = review[clause]
        units = hidden[clause]
        for unit in range(len(bias)):
            units[unit] = own[clause, unit] + whole[row, unit]
        if clause > 0 and review[clause - 1] == row:
            for unit in range(len(bias)):
                units[unit] += before[clause - 1, unit]
        if clause + 1 < count and review[clause + 1] == row:
            for unit in range(len(bias)):
                units[unit] += after[clause + 1, unit]
        for place in range(tone.shape[1]):
            for unit in range(len(bias)):
                units[unit] += tone[clause, place] * weights[place, unit]
        for unit in range(len(bias)):
            units[unit] = max(units[unit] + bias[unit], zero)
