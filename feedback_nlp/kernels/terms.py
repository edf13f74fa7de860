"""Words of a trie found in spans of a text, and expressions whose pieces all stand in a span.

What ``text.trie`` and ``text.terms`` do level by level, here span by span: each place of a span walks down
the trie by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels.jit import compiled

__all__ = ["find", "merge"]

Ints = NDArray[np.int64]


@compiled
def _step(
    state: int, kind: int, width: int, first: NDArray[np.int32], keys: Ints, order: Ints, shift: np.uint64
) -> int:
    """Return the branch that leaves ``state`` by a class of characters, -1 for none."""
    key = state * width + kind
    slot = np.intp((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> shift)
    for place in range(first[slot], first[slot + 1]):
        if keys[place] == key:
            return order[place]
    return -1


@compiled
def _walk(
    kinds: Ints,
    at: int,
    trie: tuple[Any, ...],
    words: Ints,
    lengths: Ints,
) -> int:
    """Write the words that start at ``at``, the shortest first; return how many."""
    width, root, first, keys, order, shift, n_first, word, leaf = trie
    state = root[kinds[at]]
    count, length = 0, 1
    while state > 0:
        if word[state] >= 0:
            words[count], lengths[count] = word[state], length
            count += 1
        if leaf[state] or at + length >= len(kinds) or kinds[at + length] == 0:
            break
        branch = _step(state, kinds[at + length], width, first, keys, order, shift)
        state = branch + n_first if branch >= 0 else 0
        length += 1
    return count


@compiled
def _met(needs: Ints, pieces: NDArray[np.int32], doc: int, n_pieces: int) -> bool:
    """Return whether all pieces that an expression needs were seen in this span."""
    missing = 0
    for place in range(len(needs)):
        missing += needs[place] < n_pieces and pieces[needs[place]] != doc
    return missing == 0


@compiled
def find(
    codes: NDArray[np.uint32],
    starts: Ints,
    ends: Ints,
    classes: NDArray[np.uint16],
    trie: tuple[Any, ...],
    owners: tuple[Any, ...],
    needs: Ints,
    n_pieces: int,
    found: Ints,
    tried: Ints,
) -> tuple[int, int]:
    """Find words in spans.

    Parameters
    ----------
    codes : uint32 array
    starts, ends : int64 arrays of shape (n_spans,)
    classes : array over all code points
    trie : arrays of ``text.trie.Trie``
    owners : arrays
        Of plain phrases, of expressions by their rarest piece, and of further pieces: for each word how many
        numbers it has, where they begin, and all numbers.
    needs : int64 array of shape (n_expressions, most)
        Further pieces of each expression, filled up with ``n_pieces``.
    n_pieces : int
    found : int64 array of shape (n, 4)
        Takes span, number, start, length of plain phrases, by span, start, length, number.
    tried : int64 array of shape (m, 2)
        Takes expression and span where all its pieces stand.

    Returns
    -------
    n_found, n_tried : int
        How many there are; more than there was room for if the arrays were too short.
    """
    longest = 0
    for doc in range(len(starts)):
        longest = max(longest, ends[doc] - starts[doc])
    kinds = np.empty(longest, np.int64)
    words, lengths = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    pieces = np.full(n_pieces + 1, -1, np.int32)
    opened = np.full(len(needs), -1, np.int32)
    waiting = np.empty(len(needs), np.int64)
    plain_counts, plain_first, plain, open_counts, open_first, opens, hold_counts, hold_first, holds = owners
    n_found, n_tried = 0, 0
    for doc in range(len(starts)):
        n_waiting, size = 0, ends[doc] - starts[doc]
        for at in range(size):
            kinds[at] = classes[codes[starts[doc] + at]]
        for at in range(size):
            if kinds[at] == 0:
                continue
            for hit in range(_walk(kinds[:size], at, trie, words, lengths)):
                word = words[hit]
                for place in range(plain_first[word], plain_first[word] + plain_counts[word]):
                    if n_found < len(found):
                        found[n_found, 0], found[n_found, 1] = doc, plain[place]
                        found[n_found, 2], found[n_found, 3] = starts[doc] + at, lengths[hit]
                    n_found += 1
                for place in range(open_first[word], open_first[word] + open_counts[word]):
                    if opened[opens[place]] != doc:
                        opened[opens[place]] = doc
                        waiting[n_waiting] = opens[place]
                        n_waiting += 1
                for place in range(hold_first[word], hold_first[word] + hold_counts[word]):
                    pieces[holds[place]] = doc
        for place in range(n_waiting):
            if _met(needs[waiting[place]], pieces, doc, n_pieces):
                if n_tried < len(tried):
                    tried[n_tried, 0], tried[n_tried, 1] = waiting[place], doc
                n_tried += 1
    return n_found, n_tried


@compiled
def _before(left: Ints, right: Ints) -> bool:
    """Return whether a match stands first: by span, start, length, number."""
    if left[0] != right[0]:
        return left[0] < right[0]
    if left[2] != right[2]:
        return left[2] < right[2]
    if left[3] != right[3]:
        return left[3] < right[3]
    return left[1] <= right[1]


@compiled
def merge(found: Ints, more: Ints) -> Ints:
    """Return two ordered lists of matches (span, number, start, length) as one."""
    result = np.empty((len(found) + len(more), 4), np.int64)
    left, right = 0, 0
    for place in range(len(result)):
        if right == len(more) or (left < len(found) and _before(found[left], more[right])):
            result[place] = found[left]
            left += 1
        else:
            result[place] = more[right]
            right += 1
    return result
