"""The forward pass of the linear scorer over a long column, a part at a time.

A part's arrays stay in the processor's cache, where a pass over them costs a fraction of what it costs in
memory. A review's judgement depends on its own rows alone, so the parts make no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.linear_evidence import from_judged
from feedback_nlp.text.clauses import Clauses

if TYPE_CHECKING:
    from feedback_nlp.scorers.lexicon import Judged
    from feedback_nlp.scorers.linear_model import LinearWeights
    from feedback_nlp.scorers.sparse_rows import Rows

__all__ = ["Inputs", "parts", "predict_in_parts"]

# Clauses in a part: 115 float32 outputs of four thousand are 1.8 MB.
_CLAUSES = 4_000


class Inputs(NamedTuple):
    """What the model sees of a column.

    ``judged`` is the lexicon's judgement, ``rows`` the known n-grams of each clause, ``tone`` their
    ``Tone.sums`` of shape (n_clauses, 2).
    """

    judged: Judged
    rows: Rows
    tone: NDArray[np.float32]
    clauses: Clauses

    def part(self, reviews: slice, rows: slice) -> Inputs:
        """Return some reviews, whose clauses are ``rows``."""
        judged, clauses = self.judged, self.clauses
        cells = slice(*np.searchsorted(judged.clause, [rows.start, rows.stop]).tolist())
        return Inputs(
            judged._replace(
                clause=judged.clause[cells] - rows.start,
                facet=judged.facet[cells],
                sides=judged.sides[cells],
                overall=judged.overall[reviews],
                flags=judged.flags[reviews],
            ),
            self.rows.part(rows.start, rows.stop),
            self.tone[rows],
            Clauses(
                clauses.review[rows] - reviews.start,
                clauses.index[rows],
                clauses.start[rows],
                clauses.end[rows],
                reviews.stop - reviews.start,
            ),
        )


def predict_in_parts(weights: LinearWeights, inputs: Inputs, general: NDArray[np.intp]) -> Prediction:
    """Return calibrated probabilities.

    Parameters
    ----------
    weights : LinearWeights
    inputs : Inputs
    general : int array
        As in ``linear_model.overall_features``.
    """
    facets = len(weights.bias["mention"])
    whole = Prediction(
        np.empty((len(inputs.clauses), facets, 3), dtype=np.float32),
        np.empty((inputs.clauses.n_reviews, 3), dtype=np.float32),
        np.empty((inputs.clauses.n_reviews, 5), dtype=np.float32),
    )
    for reviews, rows in parts(inputs.clauses):
        part = inputs.part(reviews, rows)
        evidence = from_judged(part.judged, part.tone, part.clauses, facets)
        logits = weights.logits_of(part.rows, weights.table, part.clauses, evidence)
        found = weights.calibrated(logits, part.clauses, evidence, general)
        whole.clauses[rows], whole.overall[reviews], whole.flags[reviews] = (
            found.clauses,
            found.overall,
            found.flags,
        )
    return whole


def parts(clauses: Clauses) -> Iterator[tuple[slice, slice]]:
    """Yield slices of whole reviews and of their clauses: about ``_CLAUSES`` of these, or one review."""
    starts = np.searchsorted(clauses.review, np.arange(clauses.n_reviews + 1))
    first = 0
    while first < clauses.n_reviews:
        last = int(np.searchsorted(starts, starts[first] + _CLAUSES, side="right")) - 1
        last = max(min(last, clauses.n_reviews), first + 1)
        yield slice(first, last), slice(int(starts[first]), int(starts[last]))
        first = last
