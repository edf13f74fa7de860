"""Character n-grams of clauses as numbers, for a whole column at once.

Every clause stands between a mark for its beginning and one for its end; digits count as one digit. No
Python object is made for an n-gram: they are hashed over the code points of the joined column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.sparse_rows import Rows
from feedback_nlp.text.column import Column

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.text.clauses import Clauses

__all__ = ["SLOT_BITS", "Grams", "Vocabulary", "column_slots", "distinct", "ngram_slots"]

# 4 million slots: a new n-gram falls on one of some 200,000 known ones in 1 of 20 cases.
SLOT_BITS = 22
LONGEST = 4
_BEGIN, _END = 2, 3
# Odd constants of the golden ratio and of SplitMix64's finaliser (Steele, Lea and Flood, 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_FOLD = np.uint64(29)
# Below this many n-grams, looking each up among the slots is quicker than a table of all four million.
_FEW = 50_000


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
    return column_slots(Column.of(texts, clauses), longest=longest)


def column_slots(column: Column, *, longest: int = LONGEST) -> Grams:
    """Return the same of clauses in normal form."""
    chars, owner = _marked(column)
    hashes = np.zeros(len(chars), dtype=np.uint64)
    rows: list[NDArray[np.int64]] = []
    slots: list[NDArray[np.int64]] = []
    for size in range(1, longest + 1):
        count = max(len(chars) - size + 1, 0)
        hashes = hashes[:count] * _STEP
        hashes += chars[size - 1 : size - 1 + count]
        hashes += np.uint64(1)
        hashes ^= hashes >> _FOLD
        inside = owner[:count] == owner[size - 1 : size - 1 + count]
        if size == 1:
            inside &= chars[:count] > _END
        mixed = hashes[inside]
        mixed += np.uint64(size)
        mixed *= _MIX
        mixed >>= np.uint64(64 - SLOT_BITS)
        slots.append(mixed.view(np.int64))
        rows.append(owner[:count][inside])
    return Grams(np.concatenate(rows), np.concatenate(slots), len(column))


def _marked(column: Column) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the characters of all clauses, each between its marks, and the clause each belongs to."""
    lengths = column.ends - column.starts + 2
    ends = np.cumsum(lengths)
    begins = ends - lengths
    owner = np.repeat(np.arange(len(column), dtype=np.int64), lengths)
    source = np.arange(len(owner), dtype=np.int64) + np.repeat(column.starts - begins - 1, lengths)
    # The marks' own sources may lie outside the text; they are overwritten below.
    chars = column.codes[np.clip(source, 0, max(len(column.codes) - 1, 0))].astype(np.uint64)
    chars[(chars >= ord("0")) & (chars <= ord("9"))] = ord("0")
    chars[begins], chars[ends - 1] = _BEGIN, _END
    return chars, owner


def distinct(grams: Grams) -> Grams:
    """Return every n-gram of a clause once, by clause, then by slot."""
    keys = np.sort(grams.clause << SLOT_BITS | grams.slot)
    keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
    return Grams(keys >> SLOT_BITS, keys & ((1 << SLOT_BITS) - 1), grams.n_clauses)


class Vocabulary:
    """The slots a model knows, in ascending order, as columns 0 … n_columns − 1.

    Parameters
    ----------
    slots : int array of shape (n_columns,)
        Distinct, ascending.
    """

    def __init__(self, slots: NDArray[np.integer]) -> None:
        self.slots = np.asarray(slots, dtype=np.uint32)

    def __len__(self) -> int:
        return len(self.slots)

    def known(self, grams: Grams) -> Rows:
        """Return the columns of the known n-grams of each clause, from n-grams in ``distinct`` order."""
        if len(grams.slot) < _FEW:
            place = np.minimum(np.searchsorted(self.slots, grams.slot), max(len(self) - 1, 0))
            inside = self.slots[place] == grams.slot if len(self) else np.zeros(len(place), dtype=bool)
        else:
            place = self._column[grams.slot]
            inside = place >= 0
        rows = np.flatnonzero(inside)
        starts = np.zeros(grams.n_clauses + 1, dtype=np.int64)
        np.cumsum(np.bincount(grams.clause[rows], minlength=grams.n_clauses), out=starts[1:])
        return Rows(starts, place[rows].astype(np.int64))

    def matrix(self, texts: Sequence[str | None], clauses: Clauses) -> csr_matrix:
        """Return which known n-grams each clause holds: CSR of shape (n_clauses, n_columns), values 1.

        Rows have sorted columns without repeats, so a row depends on its clause alone.
        """
        return self.rows_of(ngram_slots(texts, clauses))

    def rows_of(self, grams: Grams) -> csr_matrix:
        """Return the same matrix from n-grams at hand."""
        from scipy.sparse import csr_matrix

        starts, columns = self.known(distinct(grams))
        data = np.ones(len(columns), dtype=np.float32)
        shape = (grams.n_clauses, max(len(self), 1))
        return csr_matrix((data, columns.astype(np.int32), starts.astype(np.int32)), shape=shape)

    @cached_property
    def _column(self) -> NDArray[np.int32]:
        """Column of every slot, -1 for none: made when a column of texts is looked up, not for one."""
        column = np.full(1 << SLOT_BITS, -1, dtype=np.int32)
        column[self.slots] = np.arange(len(self.slots), dtype=np.int32)
        return column
