"""A machine that runs the programs of ``text.pattern_code`` on spans of a text.

It goes back and tries the next way, as ``re`` does, in the same order, and so finds the same matches. A way
that the next character rules out is not taken: ``opens`` has, for each instruction, which of 64 kinds of
characters (``text.pattern_code.kind_of``) what follows from there on may begin with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels.jit import compiled

__all__ = ["find"]

Ints = NDArray[np.int64]
# Ways not yet tried, and steps, after which a span is left to ``re``.
_DEPTH, _STEPS = 2_048, 100_000
_GAVE_UP = -2


@compiled
def kinds(text: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return a bit for each character: that of its kind."""
    result = np.empty(len(text), np.uint64)
    for at in range(len(text)):
        spread = np.uint64(text[at]) * np.uint64(0x9E3779B97F4A7C15)
        result[at] = np.uint64(1) << (spread >> np.uint64(58))
    return result


@compiled
def _holds(char: np.int64, ranges: NDArray[np.int32], first: int, count: int) -> bool:
    inside = False
    for place in range(first, first + count):
        inside |= ranges[place, 0] <= char <= ranges[place, 1]
    return inside


@compiled
def _fits(op: int, char: np.int64, ranges: NDArray[np.int32], first: int, second: int) -> bool:
    """Tell whether a character is one that an operation from 1 to 5 asks for."""
    if op == 1:
        return char == first
    if op == 2:
        return char != first
    if op == 3:
        return char != 10
    return _holds(char, ranges, first, second) == (op == 4)


@compiled
def _at_edge(op: int, text: NDArray[np.uint32], begin: int, end: int, at: int) -> bool:
    """Tell whether a place is one that an operation from 8 to 10 asks for."""
    if op == 8:
        return at == begin
    return at == end or (op == 9 and at == end - 1 and text[at] == 10)


@compiled
def _run(
    code: NDArray[np.int32],
    pc: int,
    ranges: NDArray[np.int32],
    opens: NDArray[np.uint64],
    text: NDArray[np.uint32],
    kind: NDArray[np.uint64],
    begin: int,
    end: int,
    at: int,
    ways: NDArray[np.int32],
) -> int:
    """Return where a match that starts at ``at`` ends; -1 for none, ``_GAVE_UP``.

    ``ways`` (depth, 2) holds where to go on, and from which character; a negative place is that of a LOOK.
    """
    n_ways, steps, base = 0, 0, pc
    while True:
        steps += 1
        if steps > _STEPS or n_ways + 2 > _DEPTH:
            return _GAVE_UP
        op, first, second = code[pc, 0], code[pc, 1], code[pc, 2]
        going = True
        if 1 <= op <= 5:
            going = at < end
            if going:
                going = _fits(op, np.int64(text[at]), ranges, first, second)
                at += 1
                pc += 1
        elif op == 6:
            # Written out, as a call would cost more; at the end of the span no way is ruled out.
            going = at >= end or opens[base + first] & kind[at] != 0
            other = at >= end or opens[base + second] & kind[at] != 0
            pc = base + first if going else base + second
            if going and other:
                ways[n_ways, 0], ways[n_ways, 1] = base + second, at
                n_ways += 1
            going |= other
        elif op == 7:
            pc = base + first
        elif op == 0:
            return at
        elif op <= 10:
            going = _at_edge(op, text, begin, end, at)
            pc += 1
        elif op == 13:
            # The way to the LOOK lies below all that was pushed since; nested ones are gone by now.
            look = base + first
            while ways[n_ways - 1, 0] != -1 - look:
                n_ways -= 1
            n_ways -= 1
            at = ways[n_ways, 1]
            going = code[look, 0] == 11
            pc += 1
        else:
            ways[n_ways, 0], ways[n_ways, 1] = -1 - pc, at
            n_ways += 1
            at -= first
            going = at >= begin
            pc += 1
        while not going:
            if n_ways == 0:
                return -1
            n_ways -= 1
            pc, at = ways[n_ways, 0], ways[n_ways, 1]
            going = True
            if pc < 0:
                # What a LOOK asks for did not match: good for one that forbids it.
                look = -1 - pc
                going = code[look, 0] == 12
                pc = base + code[look, 2]


@compiled
def find(
    text: NDArray[np.uint32],
    starts: Ints,
    ends: Ints,
    pairs: Ints,
    programs: Ints,
    code: NDArray[np.int32],
    ranges: NDArray[np.int32],
    opens: NDArray[np.uint64],
    found: Ints,
    left: NDArray[np.bool_],
) -> int:
    """Find the matches of expressions in spans, each a text of its own.

    Parameters
    ----------
    text : uint32 array
    starts, ends : int64 arrays of shape (n_spans,)
    pairs : int64 array of shape (n_pairs, 2)
        Expression and span.
    programs : int64 array of shape (n_expressions,)
        Where each program begins in ``code``; -1 for none.
    code : int32 array of shape (n_instructions, 3)
    ranges : int32 array of shape (n_ranges, 2)
    opens : uint64 array of shape (n_instructions,)
    found : int64 array of shape (n, 4)
        Takes span, expression, start, length.
    left : bool array of shape (n_pairs,)
        Set where a pair is left to ``re``.

    Returns
    -------
    int
        How many matches there are; more than there was room for if ``found`` is too short.
    """
    ways = np.empty((_DEPTH, 2), np.int32)
    kind = kinds(text)
    count = 0
    for place in range(len(pairs)):
        number, doc = pairs[place, 0], pairs[place, 1]
        before, at = count, starts[doc]
        left[place] = programs[number] < 0
        while at < ends[doc] and not left[place]:
            if opens[programs[number]] & kind[at] == 0:
                at += 1
                continue
            stop = _run(code, programs[number], ranges, opens, text, kind, starts[doc], ends[doc], at, ways)
            if stop == _GAVE_UP:
                left[place] = True
                count = before
            elif stop < 0:
                at += 1
            else:
                if count < len(found):
                    found[count, 0], found[count, 1] = doc, number
                    found[count, 2], found[count, 3] = at, stop - at
                count += 1
                at = stop
    return count
