"""Character n-grams hashed, looked up and their rows of weights added, clause by clause.

What ``scorers.hashing`` and ``scorers.sparse_rows`` do in four passes over arrays of all n-grams.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels.jit import compiled

__all__ = ["gram_sums"]

# So many weights from -127 to 127 add up to no more than sixteen bits hold.
_SAFE = 256

Floats = NDArray[np.float32]


@compiled
def _columns(
    chars: NDArray[np.uint64],
    size: int,
    bits: NDArray[np.uint64],
    rank: NDArray[np.int32],
    clause: int,
    met: NDArray[np.int64],
    columns: NDArray[np.int32],
) -> int:
    """Write the known n-grams of one clause, each once, and return how many there are.

    ``chars`` are the clause's characters between the marks of begin and end. Bit s of ``bits`` says whether
    slot s is known, and ``rank`` how many known ones lie before the 64 slots of each word. ``met`` is a set
    of (clause, column), small enough to stay in the nearest cache: what other clauses left there counts as
    nothing. Its length is a power of two.
    """
    count = 0
    one, low = np.uint64(1), np.uint64(63)
    last = np.uint64(len(met) - 1)
    for first in range(size):
        hashed = np.uint64(0)
        for length in range(1, min(4, size - first) + 1):
            hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + chars[first + length - 1] + one
            hashed ^= hashed >> np.uint64(29)
            if length == 1 and chars[first] <= np.uint64(3):
                continue
            slot = ((hashed + np.uint64(length)) * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(42)
            word = slot >> np.uint64(6)
            below = bits[word] << (low - (slot & low))
            if below >> low:
                column = rank[word] + _ones(below) - 1
                key = (clause << 32) | column
                place = (np.uint64(column) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40) & last
                while met[place] != key and met[place] >> 32 == clause:
                    place = (place + one) & last
                if met[place] != key:
                    met[place] = key
                    columns[count] = column
                    count += 1
    return count


@compiled
def _ones(word: np.uint64) -> int:
    """Return the number of bits that are set (Warren, Hacker's Delight, 5-1)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.intp((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def _add(
    table: NDArray[np.int8], columns: NDArray[np.int32], first: int, last: int, part: NDArray[np.int16]
) -> None:
    """Put the sum of at most ``_SAFE`` rows into ``part``, four rows at a time."""
    part[:] = 0
    place = first
    while place + 4 <= last:
        one, two = table[columns[place]], table[columns[place + 1]]
        three, four = table[columns[place + 2]], table[columns[place + 3]]
        for column in range(len(part)):
            part[column] = np.int16(
                part[column]
                + np.int16(one[column])
                + np.int16(two[column])
                + np.int16(three[column])
                + np.int16(four[column])
            )
        place += 4
    while place < last:
        row = table[columns[place]]
        for column in range(len(part)):
            part[column] = np.int16(part[column] + np.int16(row[column]))
        place += 1


@compiled
def gram_sums(
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    bits: NDArray[np.uint64],
    rank: NDArray[np.int32],
    table: NDArray[np.int8],
    scale: Floats,
) -> Floats:
    """Return the scaled sum of the table's rows of the distinct known n-grams of each clause.

    Parameters
    ----------
    codes : uint32 array
        The joined text in normal form.
    starts, ends : int64 arrays of shape (n_clauses,)
    bits : uint64 array of shape (2 ** SLOT_BITS / 64,)
    rank : int32 array of the same shape
    table : int8 array of shape (n_known, width)
    scale : float32 array of shape (n_columns,)
        Of the first columns; the others are padding.

    Returns
    -------
    float32 array of shape (n_clauses, n_columns)
    """
    width, wanted = table.shape[1], len(scale)
    longest = 0
    for clause in range(len(starts)):
        longest = max(longest, ends[clause] - starts[clause])
    room = 512
    while room < 8 * (longest + 2):
        room *= 2
    sums = np.empty((len(starts), wanted), np.float32)
    met = np.full(room, -1, np.int64)
    chars = np.empty(longest + 2, np.uint64)
    columns = np.empty(4 * (longest + 2), np.int32)
    part = np.empty(width, np.int16)
    whole = np.empty(width, np.int32)
    for clause in range(len(starts)):
        size = ends[clause] - starts[clause] + 2
        chars[0], chars[size - 1] = 2, 3
        for place in range(size - 2):
            code = np.uint64(codes[starts[clause] + place])
            chars[place + 1] = np.uint64(48) if np.uint64(48) <= code <= np.uint64(57) else code
        few = 512
        while few < 8 * size:
            few *= 2
        count = _columns(chars, size, bits, rank, clause, met[:few], columns)
        _add(table, columns, 0, min(_SAFE, count), part)
        if count <= _SAFE:
            for column in range(wanted):
                sums[clause, column] = np.float32(part[column]) * scale[column]
            continue
        whole[:] = part
        for first in range(_SAFE, count, _SAFE):
            _add(table, columns, first, min(first + _SAFE, count), part)
            for column in range(width):
                whole[column] += part[column]
        for column in range(wanted):
            sums[clause, column] = np.float32(whole[column]) * scale[column]
    return sums
