"""How praise and blame sound: one linear model over n-grams, learnt from whole reviews of many industries."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.hashing import Vocabulary, distinct, ngram_slots
from feedback_nlp.scorers.linear_model import quantise, restore
from feedback_nlp.scorers.sparse_rows import Rows, Table
from feedback_nlp.text.clauses import cut_column

if TYPE_CHECKING:
    from feedback_nlp.scorers.hashing import Grams

__all__ = ["Tone", "learn_tone", "silent"]

# Reviews an n-gram must stand in, and the inverse regularisation: by held-out tenths of the public sets.
LEAST_REVIEWS = 6
STRENGTH = 8.0


@dataclass(frozen=True)
class Tone:
    """Log-odds of praise against blame.

    Attributes
    ----------
    slots : uint32 array of shape (n_grams,)
    weights : float32 array of shape (n_grams,)
    """

    slots: NDArray[np.uint32]
    weights: NDArray[np.float32]

    def sums(self, grams: Grams, vocabulary: Vocabulary) -> NDArray[np.float32]:
        """Return sum of weights and number of known n-grams of each clause: (n_clauses, 2)."""
        return self.sums_of(vocabulary.known(distinct(grams)))

    def sums_of(self, rows: Rows) -> NDArray[np.float32]:
        """Return the same from the known n-grams of each clause."""
        return rows.sums(self._table)

    @cached_property
    def _table(self) -> Table:
        small, scale = self.quantised
        one = np.float32(1)
        return Table(np.stack([small, np.ones_like(small)], axis=1), np.array([scale, one], np.float32))

    @cached_property
    def quantised(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The weights in eight bits, and their factor, of shape ()."""
        return quantise(self.weights)


def silent() -> Tone:
    """Return a tone that knows nothing: one n-gram without weight."""
    return Tone(np.zeros(1, np.uint32), np.zeros(1, np.float32))


def learn_tone(texts: Sequence[str], positive: Sequence[bool]) -> Tone:
    """Learn from whole reviews and the side each is on."""
    from scipy.sparse import csr_matrix

    clauses = cut_column(texts)
    grams = ngram_slots(texts, clauses)
    pairs = np.unique(clauses.review[grams.clause] << 32 | grams.slot)
    review, slot = pairs >> 32, pairs & 0xFFFFFFFF
    known, counts = np.unique(slot, return_counts=True)
    known = known[counts >= LEAST_REVIEWS]
    column = np.searchsorted(known, slot)
    inside = known[np.minimum(column, len(known) - 1)] == slot if len(known) else np.zeros(len(slot), bool)
    review, column = review[inside], column[inside]
    sizes = np.maximum(np.bincount(review, minlength=len(texts)), 1)
    values = (1 / np.sqrt(sizes[review])).astype(np.float32)
    matrix = csr_matrix((values, (review, column)), shape=(len(texts), max(len(known), 1)))
    weights = _logistic(matrix, np.asarray(positive, dtype=bool))
    # As they will be read back from the model folder.
    return Tone(known.astype(np.uint32), restore(*quantise(weights[: len(known)])))


def _logistic(matrix: Any, positive: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the weights of a logistic regression, (n_grams,); zeros where all are on one side."""
    from sklearn.linear_model import LogisticRegression

    if positive.all() or not positive.any():
        return np.zeros(matrix.shape[1], np.float32)
    model = LogisticRegression(
        C=STRENGTH, solver="liblinear", dual=True, tol=0.05, max_iter=100, intercept_scaling=3, random_state=0
    )
    # That the solver stops at its limit is meant: the limit is a regulariser too.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(matrix, positive)
    return np.asarray(model.coef_[0], dtype=np.float32)
