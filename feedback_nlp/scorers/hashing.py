"""Character n-grams of clauses as numbers, for a whole column at once.

Every clause stands between a mark for its beginning and one for its end; digits count as one digit. No
Python object is made for an n-gram: they are hashed over the code points of the joined column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.codepoints import Joined, encode
from feedback_nlp.text.normalize import normalize_column

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.text.clauses import Clauses

__all__ = ["SLOT_BITS", "Grams", "Vocabulary", "ngram_slots"]

# 4 million slots: a new n-gram falls on one of some 200,000 known ones in 1 of 20 cases.
SLOT_BITS = 22
LONGEST = 4
_BEGIN, _END = 2, 3
# Odd constants of the golden ratio and of SplitMix64's finaliser (Steele, Lea and Flood, 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_FOLD = np.uint64(29)


class Grams(NamedTuple):
    """Clause (row) and slot, in [0, 2 ** SLOT_BITS), of every n-gram, and the number of clauses."""

    clause: NDArray[np.int64]
    slot: NDArray[np.int64]
    n_clauses: int


def ngram_slots(texts: Sequence[str | None], clauses: Clauses, *, longest: int = LONGEST) -> Grams:
    """Return every n-gram of 1 to ``longest`` characters, repeats included.

    Parameters
    ----------
    texts : sequence of str or None, length n_reviews
        Original texts.
    clauses : Clauses
        Spans into ``texts``.
    longest : int
        Most characters of an n-gram; the marks of begin and end count.

    Returns
    -------
    Grams
    """
    chars, owner = _marked(texts, clauses)
    hashes = np.zeros(len(chars), dtype=np.uint64)
    rows: list[NDArray[np.int64]] = []
    slots: list[NDArray[np.int64]] = []
    for size in range(1, longest + 1):
        count = max(len(chars) - size + 1, 0)
        hashes = hashes[:count] * _STEP + chars[size - 1 : size - 1 + count] + np.uint64(1)
        hashes ^= hashes >> _FOLD
        inside = owner[:count] == owner[size - 1 : size - 1 + count]
        if size == 1:
            inside &= chars[:count] > _END
        mixed = (hashes[inside] + np.uint64(size)) * _MIX
        slots.append((mixed >> np.uint64(64 - SLOT_BITS)).astype(np.int64))
        rows.append(owner[:count][inside])
    return Grams(np.concatenate(rows), np.concatenate(slots), len(clauses))


def _marked(texts: Sequence[str | None], clauses: Clauses) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the characters of all clauses, each between its marks, and the clause each belongs to."""
    joined = Joined.of(normalize_column(texts))
    codes = encode(joined.text)
    lengths = (clauses.end - clauses.start).astype(np.int64) + 2
    ends = np.cumsum(lengths)
    begins = ends - lengths
    owner = np.repeat(np.arange(len(clauses), dtype=np.int64), lengths)
    shift = joined.starts[clauses.review] + clauses.start - begins - 1
    source = np.arange(len(owner), dtype=np.int64) + shift[owner]
    # The marks' own sources may lie outside the text; they are overwritten below.
    chars = codes[np.clip(source, 0, max(len(codes) - 1, 0))].astype(np.uint64)
    chars[(chars >= ord("0")) & (chars <= ord("9"))] = ord("0")
    chars[begins], chars[ends - 1] = _BEGIN, _END
    return chars, owner


class Vocabulary:
    """The slots a model knows, in ascending order, as columns 0 … n_columns − 1.

    Parameters
    ----------
    slots : int array of shape (n_columns,)
        Distinct, ascending.
    """

    def __init__(self, slots: NDArray[np.integer]) -> None:
        self.slots = np.asarray(slots, dtype=np.uint32)
        self._column = np.full(1 << SLOT_BITS, -1, dtype=np.int32)
        self._column[self.slots] = np.arange(len(self.slots), dtype=np.int32)

    def __len__(self) -> int:
        return len(self.slots)

    def matrix(self, texts: Sequence[str | None], clauses: Clauses) -> csr_matrix:
        """Return which known n-grams each clause holds: CSR of shape (n_clauses, n_columns), values 1.

        Rows have sorted columns without repeats, so a row depends on its clause alone.
        """
        return self.rows_of(ngram_slots(texts, clauses))

    def rows_of(self, grams: Grams) -> csr_matrix:
        """Return the same matrix from n-grams at hand."""
        from scipy.sparse import csr_matrix

        rows, slots, count = grams
        columns = self._column[slots]
        known = columns >= 0
        width = max(len(self), 1)
        keys = _distinct(rows[known] * width + columns[known])
        rows = keys // width
        indptr = np.zeros(count + 1, dtype=np.int32)
        np.cumsum(np.bincount(rows, minlength=count), out=indptr[1:])
        data = np.ones(len(keys), dtype=np.float32)
        return csr_matrix((data, (keys - rows * width).astype(np.int32), indptr), shape=(count, width))


def _distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return sorted keys without repeats; numpy's sort is faster than its hashing ``unique``."""
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
