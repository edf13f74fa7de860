"""What scorers learn from, as probabilities: the labels of people, and what another judge thinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Prediction
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.text.clauses import Clauses

__all__ = ["Judged", "Targets"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Judged:
    """Reviews without labels and what another judge, or the mean of several, thinks of them."""

    texts: tuple[str, ...]
    clauses: Clauses
    found: Prediction


@dataclass(frozen=True)
class Targets:
    """Probabilities to learn, and which of them are known.

    Attributes
    ----------
    sides : float32 (n_clauses, n_facets, 3)
        Probability of each facet and side, in [0, 1].
    known : float32 (n_clauses, n_facets)
        1 where that is known, else 0.
    overall : float32 (n_reviews, 3)
        All zero where unknown.
    flags, flags_known : float32 (n_reviews, 5)
    fold : int8 (n_reviews,)
        As in ``Examples``.
    """

    sides: Floats
    known: Floats
    overall: Floats
    flags: Floats
    flags_known: Floats
    fold: NDArray[np.int8]

    @classmethod
    def labelled(cls, examples: Examples) -> Targets:
        """Return what people have labelled; unknown labels (−1) count for nothing."""
        return cls(
            examples.sides.astype(np.float32),
            np.asarray(examples.mention >= 0, dtype=np.float32),
            np.asarray(examples.overall[:, None] == np.arange(3), dtype=np.float32),
            np.maximum(examples.flags, 0).astype(np.float32),
            np.asarray(examples.flags >= 0, dtype=np.float32),
            examples.fold,
        )

    @classmethod
    def judged(cls, seen: Judged) -> Targets:
        """Return what another judge thinks, all of it known; these reviews are in no fold."""
        sides = np.asarray(seen.found.clauses, dtype=np.float32)
        flags = np.asarray(seen.found.flags, dtype=np.float32)
        return cls(
            sides,
            np.ones(sides.shape[:2], dtype=np.float32),
            np.asarray(seen.found.overall, dtype=np.float32),
            flags,
            np.ones_like(flags),
            np.full(len(seen.texts), -1, np.int8),
        )

    @classmethod
    def joined(cls, parts: Sequence[Targets]) -> Targets:
        """Return the reviews of all ``parts``, one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))
