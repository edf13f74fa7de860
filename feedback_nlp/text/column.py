"""The clauses of a column of texts in normal form, joined to one long text: what scorers work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.codepoints import Joined, decode, encode
from feedback_nlp.text.normalize import normalize_codes

if TYPE_CHECKING:
    from feedback_nlp.text.clauses import Clauses

__all__ = ["Column"]


@dataclass(frozen=True)
class Column:
    """Clauses in normal form.

    Attributes
    ----------
    text : str
        All reviews in normal form, each followed by a line feed.
    codes : uint32 array of shape (len(text),)
    origin : int64 array of shape (n_reviews + 1,)
        Where each review starts.
    starts, ends : int64 arrays of shape (n_clauses,)
        The clauses, half-open.
    owner : int32 array of shape (len(text),)
        Clause of each character, -1 for none.
    """

    text: str
    codes: NDArray[np.uint32]
    origin: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    owner: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str | None], clauses: Clauses) -> Column:
        """Return the clauses, which are spans into ``texts``, in normal form."""
        joined = Joined.of(texts)
        codes = normalize_codes(encode(joined.text))
        origin = joined.starts[clauses.review]
        starts, ends = origin + clauses.start, origin + clauses.end
        edges = np.empty(2 * len(starts) + 2, dtype=np.int64)
        edges[0], edges[1:-1:2], edges[2:-1:2], edges[-1] = 0, starts, ends, len(codes)
        numbers = np.full(2 * len(starts) + 1, -1, dtype=np.int32)
        numbers[1::2] = np.arange(len(starts))
        return cls(decode(codes), codes, joined.starts, starts, ends, np.repeat(numbers, np.diff(edges)))

    def __len__(self) -> int:
        return len(self.starts)
