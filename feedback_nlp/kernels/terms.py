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
        Numbers of each word, one behind the other: where those of each word begin, the numbers, and what each
        is: a plain phrase (0), an expression whose rarest piece the word is (1), or a further piece (2).
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
    # All in one: a call would hand over twenty arrays for each character.
    width, root, first, keys, order, shift, n_first, word_of, leaving = trie
    begins, numbers, kinds_of = owners
    pieces = np.full(n_pieces + 1, -1, np.int32)
    opened = np.full(len(needs), -1, np.int32)
    waiting = np.empty(len(needs), np.int64)
    n_found, n_tried = 0, 0
    for doc in range(len(starts)):
        n_waiting, end = 0, ends[doc]
        for at in range(starts[doc], end):
            state, there = root[classes[codes[at]]], at + 1
            while state > 0:
                word = word_of[state]
                if word >= 0:
                    for place in range(begins[word], begins[word + 1]):
                        number, kind = numbers[place], kinds_of[place]
                        if kind == 0:
                            if n_found < len(found):
                                found[n_found, 0], found[n_found, 1] = doc, number
                                found[n_found, 2], found[n_found, 3] = at, there - at
                            n_found += 1
                        elif kind == 2:
                            pieces[number] = doc
                        elif opened[number] != doc:
                            opened[number] = doc
                            waiting[n_waiting] = number
                            n_waiting += 1
                if there >= end:
                    break
                branch = classes[codes[there]]
                if leaving[state] >> np.uint64(branch & 63) & np.uint64(1) == 0:
                    break
                # No branch is of class 0, so a character that no word holds ends the walk.
                key, state = state * width + branch, 0
                slot = np.intp((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> shift)
                for place in range(first[slot], first[slot + 1]):
                    if keys[place] == key:
                        state = order[place] + n_first
                there += 1
        for place in range(n_waiting):
            number, missing = waiting[place], 0
            for need in range(needs.shape[1]):
                piece = needs[number, need]
                missing += piece < n_pieces and pieces[piece] != doc
            if missing == 0:
                if n_tried < len(tried):
                    tried[n_tried, 0], tried[n_tried, 1] = number, doc
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
