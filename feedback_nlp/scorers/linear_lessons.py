"""What the linear heads learn from: labelled reviews, and reviews that another judge has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.linear_evidence import Evidence
from feedback_nlp.scorers.targets import Judged, Targets
from feedback_nlp.text.clauses import Clauses

if TYPE_CHECKING:
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["Lessons"]

_OF_REVIEWS = ("overall", "flags")


@dataclass(frozen=True)
class Lessons:
    """Reviews, what the lexicon says of them, and what is to be learnt.

    Attributes
    ----------
    texts : tuple of str, length n_reviews
    clauses : Clauses
    evidence : Evidence
    targets : Targets
    weight : float32 array of shape (n_reviews,)
        How much each counts; a review that people have labelled counts 1.
    """

    texts: tuple[str, ...]
    clauses: Clauses
    evidence: Evidence
    targets: Targets
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def labelled(cls, examples: Examples, evidence: Evidence) -> Lessons:
        """Return what people have labelled."""
        weight = np.ones(len(examples), np.float32)
        return cls(examples.texts, examples.clauses, evidence, Targets.labelled(examples), weight)

    @classmethod
    def judged(cls, seen: Judged, evidence: Evidence, weight: float) -> Lessons:
        """Return what another judge thinks."""
        each = np.full(len(seen.texts), weight, np.float32)
        return cls(seen.texts, seen.clauses, evidence, Targets.judged(seen), each)

    @classmethod
    def joined(cls, parts: Sequence[Lessons]) -> Lessons:
        """Return the reviews of all ``parts``, one after the other."""
        first = np.cumsum([0, *(len(part) for part in parts)])
        cuts = [part.clauses for part in parts]
        review = np.concatenate([cut.review + at for cut, at in zip(cuts, first[:-1], strict=True)])
        index, start, end = (
            np.concatenate([getattr(cut, name) for cut in cuts]) for name in ("index", "start", "end")
        )
        return cls(
            tuple(text for part in parts for text in part.texts),
            Clauses(review, index, start, end, int(first[-1])),
            Evidence(
                *(
                    np.concatenate([getattr(part.evidence, name) for part in parts])
                    for name in vars(parts[0].evidence)
                )
            ),
            Targets.joined([part.targets for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )

    def judging(self, reviews: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Clauses, Evidence]:
        """Return the rows of the clauses of some reviews, those clauses and what the lexicon says of them."""
        cut = self.clauses
        rows = np.flatnonzero(reviews[cut.review])
        place = np.cumsum(reviews) - 1
        clauses = Clauses(
            place[cut.review[rows]], cut.index[rows], cut.start[rows], cut.end[rows], int(reviews.sum())
        )
        picked = {
            name: value[reviews] if name in _OF_REVIEWS else value[rows]
            for name, value in vars(self.evidence).items()
        }
        return rows, clauses, Evidence(**picked)
