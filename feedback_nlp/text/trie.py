"""Where many words stand in a long text, found with arrays: no Python object is made for a place.

The words form a trie. All places of the text walk down it together, one character a step; those without a
branch to follow drop out, so a step costs as much as there are places left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.codepoints import encode

__all__ = ["Found", "Trie"]

_CODE_POINTS = 0x110000
# 2^64 / golden ratio: multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
# Slots for each key: at eight, 88 of 100 keys that are not there meet an empty slot.
_SLOTS_PER_KEY = 8


class Found(NamedTuple):
    """Occurrences: position of the word in the list, start in the text, length; int64 of shape (n_found,)."""

    word: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]


class _Slots:
    """A fixed set of distinct integer keys; ``find`` gives each its position in ``keys``.

    Keys with one hash lie side by side, and ``first[h]`` says where those of hash h begin.
    """

    def __init__(self, keys: NDArray[np.int64]) -> None:
        bits = max(int(len(keys) * _SLOTS_PER_KEY - 1).bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        slot = self._hash(keys)
        self.order = np.argsort(slot, kind="stable")
        self._keys = keys[self.order]
        counts = np.bincount(slot, minlength=1 << bits)
        self._first = np.zeros((1 << bits) + 1, dtype=np.int32)
        np.cumsum(counts, out=self._first[1:])
        self._longest = int(counts.max(initial=0))

    def find(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return which of ``keys`` are in the set, and where each of these stands."""
        slot = self._hash(keys)
        place = self._first[slot]
        left = np.flatnonzero(place < self._first[slot + 1])
        place, wanted = place[left], keys[left]
        rows: list[NDArray[np.intp]] = []
        places: list[NDArray[np.int32]] = []
        for step in range(self._longest):
            met = self._keys[place] == wanted
            rows.append(left[met])
            places.append(place[met])
            # A neighbour in the list with another hash can't be equal, so only the end of the list ends it.
            rest = np.flatnonzero(~met & (place + 1 < len(self._keys)))
            if not len(rest) or step + 1 == self._longest:
                break
            left, place, wanted = left[rest], place[rest] + np.int32(1), wanted[rest]
        if not rows:
            return left, self.order[:0]
        row, place = np.concatenate(rows), np.concatenate(places)
        if len(rows) > 1:
            order = np.argsort(row, kind="stable")
            row, place = row[order], place[order]
        return row, self.order[place]

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], np.uint64]:
        """Return where the keys of each hash begin, the keys, their positions, and the shift of the hash."""
        return self._first, self._keys, self.order, self._shift

    def _hash(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return ((keys.astype(np.uint64) * _SPREAD) >> self._shift).astype(np.int64)


class Trie:
    """Words to look for.

    Parameters
    ----------
    words : sequence of str
        Distinct and not empty.
    """

    def __init__(self, words: Sequence[str]) -> None:
        codes = encode("".join(words)).astype(np.int64)
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        known, _ = _distinct(codes)
        self._width = len(known) + 1
        # Class 0 is every character that no word holds.
        self._class = np.zeros(_CODE_POINTS, dtype=np.uint16 if self._width < 1 << 16 else np.int32)
        self._class[known] = np.arange(1, self._width)
        self._build(self._class[codes].astype(np.int64), lengths)

    def _build(self, classes: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        """Number the states level by level: 0 is the root, and a word ends in the state of its last
        character.
        """
        begins = np.cumsum(lengths) - lengths
        state = np.zeros(len(lengths), dtype=np.int64)
        n_states = 1
        keys: list[NDArray[np.int64]] = []
        for depth in range(int(lengths.max(initial=0))):
            active = np.flatnonzero(lengths > depth)
            key = state[active] * self._width + classes[begins[active] + depth]
            distinct, place = _distinct(key)
            state[active] = n_states + place
            n_states += len(distinct)
            keys.append(distinct)
        self._root = np.zeros(self._width, dtype=np.int64)
        if keys:
            self._root[keys[0]] = np.arange(1, len(keys[0]) + 1)
        self._n_first = 1 + (len(keys[0]) if keys else 0)
        self._branches = _Slots(np.concatenate([*keys[1:], np.zeros(0, dtype=np.int64)]))
        self._word = np.full(n_states, -1, dtype=np.int64)
        self._word[state] = np.arange(len(lengths))
        self._leaf = np.ones(n_states, dtype=bool)
        for level in keys:
            self._leaf[level // self._width] = False
        self._longest = len(keys)

    def scan(self, codes: NDArray[np.uint32]) -> Found:
        """Return every occurrence of every word in a text given as code points, also those inside one
        another, by length and then by start.
        """
        classes = self._class[codes]
        state = self._root[classes]
        start = np.flatnonzero(state)
        state = state[start]
        found = [self._ends(state, start, 1)]
        for depth in range(1, self._longest):
            going = np.flatnonzero(~self._leaf[state] & (start + depth < len(codes)))
            start, state = start[going], state[going]
            # No branch is of class 0, so a character that no word holds ends the walk.
            rows, branch = self._branches.find(state * self._width + classes[start + depth])
            if not len(rows):
                break
            start, state = start[rows], branch + self._n_first
            found.append(self._ends(state, start, depth + 1))
        return Found(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def arrays(self) -> tuple[NDArray[Any], tuple[Any, ...]]:
        """Return the class of every code point, and the rest as ``kernels.terms.find`` takes it.

        The last array has a bit for each class, modulo 64, in which a branch leaves a state: most walks end
        with a look at it.
        """
        slots = self._branches.arrays()
        state, branch = np.divmod(slots[1], self._width)
        leaving = np.zeros(len(self._word), dtype=np.uint64)
        np.bitwise_or.at(leaving, state, np.uint64(1) << (branch & 63).astype(np.uint64))
        return self._class, (self._width, self._root, *slots, self._n_first, self._word, leaving)

    def _ends(self, state: NDArray[np.int64], start: NDArray[np.int64], length: int) -> Found:
        word = self._word[state]
        ends = np.flatnonzero(word >= 0)
        return Found(word[ends], start[ends], np.full(len(ends), length, dtype=np.int64))


def _distinct(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct keys in order, and the place of each key among them.

    ``numpy.unique`` does the same, and imports ``numpy.ma`` first.
    """
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    new = np.append(True, ranked[1:] != ranked[:-1])[: len(keys)]
    place = np.empty(len(keys), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return ranked[new], place
