"""Clauses: half-open spans of the original text, cut for a whole column at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Clauses"]


@dataclass(frozen=True)
class Clauses:
    """The clauses of a column of n_reviews texts, in order of review, then of start.

    Attributes
    ----------
    review : int64 array of shape (n_clauses,)
        Position of the review in the column; non-decreasing.
    index : int32 array of shape (n_clauses,)
        0-based position of the clause within its review.
    start, end : int32 arrays of shape (n_clauses,)
        Half-open span in code points of the original text; never empty, ordered and disjoint within a review.
    n_reviews : int
        Number of texts in the column, including those without a clause.
    """

    review: NDArray[np.int64]
    index: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    n_reviews: int

    def __len__(self) -> int:
        return len(self.review)
