"""The small layers behind the n-grams: log-odds, probabilities, and what the review layers see of them.

What ``scorers.linear_model`` does array by array, clause by clause and in the same order. Exponentials are
NumPy's, taken of whole arrays between the steps, since no two libraries round them alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels.jit import compiled

__all__ = ["balances", "blocks", "clause_exponents", "review_exponents", "review_sums", "whole_sums"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@compiled
def _bounded(value: np.float32) -> np.float32:
    """Return minus the log-odds, bounded: what a sigmoid takes the exponential of."""
    return -min(max(value, np.float32(-30.0)), np.float32(30.0))


@compiled
def review_sums(values: Floats, review: Ints, n_reviews: int) -> Floats:
    """Return the sum of the clauses' rows for each review."""
    total = np.zeros((n_reviews, values.shape[1]), np.float32)
    for clause in range(len(review)):
        for column in range(values.shape[1]):
            total[review[clause], column] += values[clause, column]
    return total


@compiled
def balances(first: Ints, sides: Floats) -> Floats:
    """Return the sum of positive minus negative over the lexicon's cells of each clause.

    ``first`` (n_clauses + 1,) is the first cell of each clause, ``sides`` (n_cells, 3) their probabilities.
    """
    result = np.zeros(len(first) - 1, np.float32)
    for clause in range(len(result)):
        for cell in range(first[clause], first[clause + 1]):
            result[clause] += sides[cell, 2] - sides[cell, 0]
    return result


@compiled
def whole_sums(raw: Floats, size: Floats, review: Ints, wanted: Ints, n_reviews: int) -> Floats:
    """Return the sums of ``wanted`` columns over the clauses of each review, over sqrt of their n-grams.

    Parameters
    ----------
    raw : float32 array of shape (n_clauses, width)
    size : float32 array of shape (n_clauses,)
        Number of short n-grams of each clause.
    review : int64 array of shape (n_clauses,)
    wanted : int64 array of shape (n_wanted,)
    n_reviews : int

    Returns
    -------
    float32 array of shape (n_reviews, n_wanted)
    """
    total = np.zeros((n_reviews, len(wanted)), np.float32)
    grams = np.zeros(n_reviews, np.float32)
    for clause in range(len(review)):
        row = review[clause]
        grams[row] += size[clause]
        for place in range(len(wanted)):
            total[row, place] += raw[clause, wanted[place]]
    for row in range(n_reviews):
        root = np.sqrt(max(grams[row], np.float32(1.0)))
        for place in range(len(wanted)):
            total[row, place] /= root
    return total


@compiled
def _lexicon_votes(
    facets: Ints, values: Floats, first: int, last: int, weights: Floats, votes: Floats
) -> None:
    """Put what the lexicon's cells of a clause say of every facet into ``votes``."""
    votes[:] = 0
    for cell in range(first, last):
        if values[cell] != 0:
            for facet in range(len(votes)):
                votes[facet] += values[cell] * weights[facets[cell], facet]


@compiled
def clause_exponents(
    raw: Floats,
    scale: Floats,
    whole: Floats,
    review: Ints,
    cells: tuple[Any, ...],
    tone: Floats,
    bias: tuple[Any, ...],
    fit: tuple[Any, ...],
) -> tuple[Floats, Floats, Floats]:
    """Return minus the bounded log-odds of mentioned, neutral, positive: each (n_clauses, n_facets).

    Parameters
    ----------
    raw : float32 array of shape (n_clauses, width)
        Sums of weights, columns as ``linear_model.Columns`` has them.
    scale : float32 array of shape (n_clauses,)
        1 / sqrt(number of n-grams).
    whole : float32 array of shape (n_reviews, n_facets + 10)
        Of ``whole_sums``: mention, polar, neutral, overall, flags.
    review : int64 array of shape (n_clauses,)
    cells : arrays
        The lexicon's: first cell of each clause (n_clauses + 1,), facet of each, and its values for mention,
        polar and neutral.
    tone : float32 array of shape (n_clauses, 3)
    bias : arrays
        ``mention``, ``polar``, ``neutral``, ``evidence_mention``, ``evidence_polar``, ``evidence_neutral``.
    fit : arrays
        ``mention_slope``, ``mention_shift``, ``polar_slope``.
    """
    count, n_facets = len(review), len(bias[0])
    mention = np.empty((count, n_facets), np.float32)
    neutral = np.empty((count, n_facets), np.float32)
    polar = np.empty((count, n_facets), np.float32)
    votes = np.empty(n_facets, np.float32)
    near = 3 * n_facets
    for clause in range(count):
        row, by = review[clause], scale[clause]
        first, last = cells[0][clause], cells[0][clause + 1]
        _lexicon_votes(cells[1], cells[2], first, last, bias[3], votes)
        before = clause > 0 and review[clause - 1] == row
        after = clause + 1 < count and review[clause + 1] == row
        earlier = raw[clause - 1, near] * scale[clause - 1] if before else np.float32(0)
        later = raw[clause + 1, near + 1] * scale[clause + 1] if after else np.float32(0)
        even = raw[clause, near + 3] * by + whole[row, n_facets + 1]
        for facet in range(n_facets):
            value = raw[clause, facet] * by + whole[row, facet] + votes[facet] + bias[0][facet]
            mention[clause, facet] = _bounded(value * fit[0][facet] + fit[1][facet])
            polar[clause, facet] = raw[clause, 2 * n_facets + facet] * by + whole[row, n_facets]
            if before:
                polar[clause, facet] += earlier
            if after:
                polar[clause, facet] += later
            neutral[clause, facet] = even
        for cell in range(first, last):
            polar[clause, cells[1][cell]] += cells[3][cell] * bias[4][0]
            neutral[clause, cells[1][cell]] += cells[4][cell] * bias[5][0]
        for facet in range(n_facets):
            value = polar[clause, facet]
            for place in range(tone.shape[1]):
                value += tone[clause, place] * bias[4][1 + place]
            value += bias[1][facet]
            even = neutral[clause, facet] + bias[2][facet]
            polar[clause, facet] = _bounded(value * fit[2][0])
            neutral[clause, facet] = _bounded(even)
    return mention, neutral, polar


@compiled
def blocks(mention: Floats, neutral: Floats, polar: Floats, block: Floats) -> None:
    """Write probabilities (n_clauses, n_facets, 3) from exponentials, as ``linear_model.clause_block``."""
    one = np.float32(1)
    for clause in range(mention.shape[0]):
        for facet in range(mention.shape[1]):
            score = one / (one + mention[clause, facet])
            even = one / (one + neutral[clause, facet])
            positive = one / (one + polar[clause, facet])
            sided = score * (one - even)
            block[clause, facet, 0] = sided * (one - positive)
            block[clause, facet, 1] = score * even
            block[clause, facet, 2] = sided * positive


@compiled
def _review_features(
    block: Floats, first: int, last: int, general: Ints, features: Floats, blame: Floats, sides: Floats
) -> None:
    """Write mean, greatest and last of the clauses' sides, those of the whole, their balance; and blame."""
    features[:] = 0
    blame[:] = 0
    for clause in range(first, last):
        sides[:] = 0
        for facet in range(block.shape[1]):
            for side in range(3):
                sides[side] = max(sides[side], block[clause, facet, side])
            blame[facet] = max(blame[facet], block[clause, facet, 0])
        for side in range(3):
            features[side] += sides[side]
            features[3 + side] = max(features[3 + side], sides[side])
            features[6 + side] = sides[side]
        for place in range(len(general)):
            features[9] = max(features[9], block[clause, general[place], 0])
            features[10] = max(features[10], block[clause, general[place], 2])
    number = max(np.float32(last - first), np.float32(1))
    for side in range(3):
        features[side] /= number
    features[11] = (features[2] - features[0]) / (features[2] + features[0] + np.float32(0.1))


@compiled
def _small_product(features: Floats, weights: Floats, bias: Floats, result: Floats) -> None:
    for column in range(len(bias)):
        value = bias[column]
        for place in range(len(features)):
            value += features[place] * weights[place, column]
        result[column] = value


@compiled
def review_exponents(
    block: Floats,
    first: Ints,
    bags: tuple[Any, ...],
    evidence: tuple[Any, ...],
    general: Ints,
    layers: tuple[Any, ...],
) -> tuple[Floats, Floats]:
    """Return what the review layers take the exponentials of: (n_reviews, 3) and (n_reviews, 5).

    Parameters
    ----------
    block : float32 array of shape (n_clauses, n_facets, 3)
    first : int64 array of shape (n_reviews + 1,)
        First clause of each review.
    bags, evidence : arrays
        Log-odds of the n-grams, bounded by ±6, and the lexicon's, for overall and for flags.
    general : int64 array
    layers : arrays
        Weights and bias of overall and of flags, and of the hidden units before overall: none or some.
    """
    n_reviews, n_facets = len(first) - 1, block.shape[1]
    n_said, n_flags = evidence[0].shape[1], bags[1].shape[1]
    overall = np.empty((n_reviews, 3), np.float32)
    flags = np.empty((n_reviews, n_flags), np.float32)
    seen = np.empty(3 + n_said + 12, np.float32)
    flagged = np.empty(2 * n_flags + n_facets, np.float32)
    sides = np.empty(3, np.float32)
    hidden = np.empty(len(layers[5]), np.float32)
    for row in range(n_reviews):
        seen[:3] = bags[0][row]
        seen[3 : 3 + n_said] = evidence[0][row]
        flagged[:n_flags] = bags[1][row]
        flagged[n_flags : 2 * n_flags] = evidence[1][row]
        _review_features(
            block, first[row], first[row + 1], general, seen[3 + n_said :], flagged[2 * n_flags :], sides
        )
        if len(hidden):
            _small_product(seen, layers[4], layers[5], hidden)
            for place in range(len(hidden)):
                hidden[place] = max(hidden[place], np.float32(0))
            _small_product(hidden, layers[0], layers[1], overall[row])
        else:
            _small_product(seen, layers[0], layers[1], overall[row])
        _small_product(flagged, layers[2], layers[3], flags[row])
        top = max(overall[row, 0], overall[row, 1], overall[row, 2])
        for side in range(3):
            overall[row, side] -= top
        for flag in range(n_flags):
            flags[row, flag] = _bounded(flags[row, flag])
    return overall, flags
