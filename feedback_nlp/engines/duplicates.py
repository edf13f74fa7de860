"""Duplicates in inputs of any length: hashes are kept, never texts.

A file is done in a second pass over the hashes of its rows, some millions at a time (``sources``). A pipe
can't be read twice: there the hashes seen so far stay in memory, some 40 bytes for each text (``Seen``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.duplicates import keys as identities

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KEY_BYTES", "Seen", "id_keys", "keys", "n_repeated", "sources"]

# 128 bits: among a thousand million texts a chance of 1 in 10^21 that two differ and look the same.
KEY_BYTES = 16
# Rows whose hashes are sorted at a time: some 300 MB.
MOST_ROWS = 6_000_000
Halves = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]


def keys(
    texts: Sequence[str | None],
    customers: Sequence[str | None] | None = None,
    statuses: Sequence[str] | None = None,
) -> pa.FixedSizeBinaryArray:
    """Return a hash for each review that is the same for duplicates, null where a review is nobody's.

    Parameters
    ----------
    texts, customers, statuses
        As in ``text.duplicates.exact``.
    """
    import pyarrow as pa

    known = identities(texts, customers, statuses)
    if customers is None:
        found = _hashes([None if identity is None else identity[1] for identity in known])
    else:
        found = [_key(identity) for identity in known]
    return pa.array(found, pa.binary(KEY_BYTES))


def id_keys(ids: Sequence[str | None]) -> pa.FixedSizeBinaryArray:
    """Return a hash of each id; ids that repeat have the same."""
    import pyarrow as pa

    return pa.array(_hashes(ids), pa.binary(KEY_BYTES))


def _hashes(texts: Sequence[str | None]) -> list[bytes | None]:
    """Return ``_hash`` of each; written out, since a call costs as much as the hash."""
    make = hashlib.blake2b
    return [
        None if text is None else make(text.encode("utf-8", "replace"), digest_size=KEY_BYTES).digest()
        for text in texts
    ]


def _hash(text: str, salt: bytes = b"") -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=KEY_BYTES, key=salt).digest()


def _key(identity: tuple[str | None, str] | None) -> bytes | None:
    if identity is None:
        return None
    customer, text = identity
    # A customer is never taken for a text: the two are told apart by a length, and no customer by none.
    name = b"" if customer is None else b"%d:" % len(customer) + customer.encode("utf-8", "replace")
    return _hash(text, _short(name))


def _short(name: bytes) -> bytes:
    """Return at most 64 bytes, all that a key of the hash may have."""
    return name if len(name) <= 64 else hashlib.blake2b(name).digest()


def sources(parts: Callable[[], Iterator[pa.Array]], n_rows: int, most: int = MOST_ROWS) -> NDArray[np.int64]:
    """Return for each row the first row with the same key.

    Parameters
    ----------
    parts : callable
        Gives the arrays of :func:`keys` in order, again each time it is called.
    n_rows : int
        Their length in all.
    most : int
        Rows sorted at a time; more take more rounds, each over a share of the hashes.

    Returns
    -------
    int64 array of shape (n_rows,)
        -1 for rows that are the first of their kind, or nobody's duplicate.
    """
    found = np.full(n_rows, -1, dtype=np.int64)
    rounds = max(1, -(-n_rows // most))
    for turn in range(rounds):
        row, source = _round(parts(), rounds, turn)
        found[row] = source
    return found


def _round(parts: Iterable[pa.Array], rounds: int, turn: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows that are duplicates and their sources, among the hashes whose turn it is."""
    taken: list[Halves] = []
    start = 0
    for part in parts:
        high, low, place = _halves(part)
        mine = high % np.uint64(rounds) == turn
        taken.append((high[mine], low[mine], start + place[mine]))
        start += len(part)
    if not taken:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    high, low, row = (np.concatenate(column) for column in zip(*taken, strict=True))
    del taken
    order = np.lexsort((low, high))  # stable: rows of one key stay in order
    first = _firsts(high[order], low[order])
    row = row[order]
    again = first != np.arange(len(row))
    return row[again], row[first[again]]


def _halves(part: pa.Array) -> Halves:
    """Return the two halves of the keys that are there, and their places."""
    place = np.flatnonzero(part.is_valid().to_numpy(zero_copy_only=False))
    present = part.drop_null()
    if len(present) == 0:
        return np.empty(0, np.uint64), np.empty(0, np.uint64), place
    words = np.frombuffer(present.buffers()[1], dtype="<u8")
    pairs = words.reshape(-1, 2)[present.offset : present.offset + len(present)]
    return pairs[:, 0].copy(), pairs[:, 1].copy(), place


def _firsts(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return for sorted keys where the run of equal ones begins."""
    place = np.arange(len(high))
    begins = np.ones(len(high), dtype=bool)
    begins[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return np.maximum.accumulate(np.where(begins, place, 0))


def n_repeated(parts: Callable[[], Iterator[pa.Array]], n_rows: int, most: int = MOST_ROWS) -> int:
    """Return how many rows have a key that stands before."""
    rounds = max(1, -(-n_rows // most))
    return sum(len(_round(parts(), rounds, turn)[0]) for turn in range(rounds))


class Seen:
    """The keys of a pipe so far, in sorted runs that double in length."""

    def __init__(self) -> None:
        self._runs: list[Halves] = []
        self._ids: list[pa.Array] = []
        self._n = 0

    def duplicates(self, part: pa.Array, ids: pa.Array) -> pa.Array:
        """Take in the next rows; return for each the id of the first with the same key, or null.

        Parameters
        ----------
        part : FixedSizeBinaryArray of shape (n,)
            Of :func:`keys`.
        ids : StringArray of shape (n,)
        """
        import pyarrow as pa

        high, low, place = _halves(part)
        row = place + self._n
        order = np.lexsort((low, high))
        high, low, row = high[order], low[order], row[order]
        first = _firsts(high, low)
        source = row[first]
        for run in self._runs:
            known = _look_up(run, high, low)
            source = np.where(known >= 0, known, source)
        self._ids.append(ids)
        new = source == row
        self._add((high[new], low[new], row[new]))
        found = np.full(len(part), -1, dtype=np.int64)
        found[row[~new] - self._n] = source[~new]
        self._n += len(part)
        names = pa.chunked_array(self._ids)
        return names.take(pa.array(found, mask=found < 0)).combine_chunks()

    def _add(self, run: Halves) -> None:
        self._runs.append(run)
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) >= len(self._runs[-2][0]):
            right, left = self._runs.pop(), self._runs.pop()
            high, low, row = (np.concatenate(pair) for pair in zip(left, right, strict=True))
            order = np.lexsort((low, high))
            self._runs.append((high[order], low[order], row[order]))


def _look_up(
    run: Halves,
    high: NDArray[np.uint64],
    low: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """Return the row of each key in a sorted run, -1 where it is not."""
    found = np.full(len(high), -1, dtype=np.int64)
    place = np.searchsorted(run[0], high)
    asking = np.arange(len(high))
    while len(asking):  # twice only where two keys share their first half
        asking = asking[place[asking] < len(run[0])]
        asking = asking[run[0][place[asking]] == high[asking]]
        same = run[1][place[asking]] == low[asking]
        found[asking[same]] = run[2][place[asking[same]]]
        asking = asking[~same]
        place[asking] += 1
    return found
