"""Regular expressions as programs for a small machine (``kernels.expressions``): no match changes.

Python's own parser reads an expression, so its syntax is Python's; what the machine does not know
(references, conditions, flags, word edges, classes of characters, loops over what may be empty) stays with
``re``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from enum import IntEnum
from importlib import import_module
from typing import Any

__all__ = ["Op", "Program", "kind_of", "opens_of", "program_of"]

# Python's parser; what it gives is not part of the documented library, and has been the same for many years.
_PARSER: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_NAMES: Any = import_module("re._constants" if sys.version_info >= (3, 11) else "sre_constants")
# A longer program is no expression that somebody wrote to find phrases.
_LONGEST = 4_000


class Op(IntEnum):
    """Instructions; each takes three numbers: itself and two operands."""

    MATCH = 0
    CHAR = 1  # code point
    NOT_CHAR = 2  # code point
    ANY = 3
    SET = 4  # first range, number of ranges
    NOT_SET = 5
    SPLIT = 6  # where to go on first, and if that fails
    JUMP = 7  # where
    BEGIN = 8
    END = 9  # at the end, or before a line feed there
    VERY_END = 10
    LOOK = 11  # what follows up to LOOK_END must match, this many characters back; where it ends
    LOOK_NOT = 12
    LOOK_END = 13  # where it began


class _UnknownError(Exception):
    """Something that stays with ``re``."""


class Program:
    """A program while it is written.

    Attributes
    ----------
    code : list of (int, int, int)
    ranges : list of (int, int)
        First and last code point of the parts of sets.
    """

    def __init__(self) -> None:
        self.code: list[list[int]] = []
        self.ranges: list[tuple[int, int]] = []

    def add(self, op: Op, first: int = 0, second: int = 0) -> int:
        """Add an instruction and return its place."""
        if len(self.code) >= _LONGEST:
            raise _UnknownError
        self.code.append([int(op), first, second])
        return len(self.code) - 1

    def sequence(self, parts: Sequence[tuple[Any, Any]]) -> None:
        """Add what matches parts one behind the other."""
        for kind, value in parts:
            handler = _HANDLERS.get(str(kind))
            if handler is None:
                raise _UnknownError
            handler(self, value)

    def _literal(self, value: int) -> None:
        self.add(Op.CHAR, value)

    def _not_literal(self, value: int) -> None:
        self.add(Op.NOT_CHAR, value)

    def _any(self, _value: None) -> None:
        self.add(Op.ANY)

    def _in(self, items: Sequence[tuple[Any, Any]]) -> None:
        first, negated = len(self.ranges), False
        for kind, value in items:
            if kind is _NAMES.NEGATE:
                negated = True
            elif kind is _NAMES.LITERAL:
                self.ranges.append((value, value))
            elif kind is _NAMES.RANGE:
                self.ranges.append(value)
            else:
                raise _UnknownError
        self.add(Op.NOT_SET if negated else Op.SET, first, len(self.ranges) - first)

    def _branch(self, value: tuple[None, Sequence[Any]]) -> None:
        ends = []
        *others, last = value[1]
        for branch in others:
            split = self.add(Op.SPLIT, len(self.code) + 1)
            self.sequence(branch)
            ends.append(self.add(Op.JUMP))
            self.code[split][2] = len(self.code)
        self.sequence(last)
        for end in ends:
            self.code[end][1] = len(self.code)

    def _group(self, value: tuple[Any, int, int, Any]) -> None:
        _, added, removed, parts = value
        if added or removed:
            raise _UnknownError
        self.sequence(parts)

    def _greedy(self, value: tuple[int, Any, Any]) -> None:
        self._repeat(*value, more_first=True)

    def _lazy(self, value: tuple[int, Any, Any]) -> None:
        self._repeat(*value, more_first=False)

    def _repeat(self, least: int, most: Any, parts: Any, *, more_first: bool) -> None:
        endless = most is _NAMES.MAXREPEAT
        if parts.getwidth()[0] == 0 and (endless or most > 1):
            raise _UnknownError
        for _ in range(least):
            self.sequence(parts)
        splits = []
        for _ in range(1 if endless else most - least):
            splits.append(self.add(Op.SPLIT))
            self.sequence(parts)
        if endless:
            self.add(Op.JUMP, splits[0])
        for split in splits:
            inside, behind = split + 1, len(self.code)
            self.code[split][1:] = [inside, behind] if more_first else [behind, inside]

    def _at(self, value: Any) -> None:
        known = {"AT_BEGINNING": Op.BEGIN, "AT_BEGINNING_STRING": Op.BEGIN, "AT_END": Op.END}
        op = {**known, "AT_END_STRING": Op.VERY_END}.get(str(value))
        if op is None:
            raise _UnknownError
        self.add(op)

    def _look(self, value: tuple[int, Any]) -> None:
        self._looking(Op.LOOK, *value)

    def _look_not(self, value: tuple[int, Any]) -> None:
        self._looking(Op.LOOK_NOT, *value)

    def _looking(self, op: Op, direction: int, parts: Any) -> None:
        back = parts.getwidth()[0] if direction < 0 else 0
        place = self.add(op, back)
        self.sequence(parts)
        end = self.add(Op.LOOK_END, place)
        self.code[place][2] = end + 1


_HANDLERS: dict[str, Any] = {
    "LITERAL": Program._literal,
    "NOT_LITERAL": Program._not_literal,
    "ANY": Program._any,
    "IN": Program._in,
    "BRANCH": Program._branch,
    "SUBPATTERN": Program._group,
    "MAX_REPEAT": Program._greedy,
    "MIN_REPEAT": Program._lazy,
    "AT": Program._at,
    "ASSERT": Program._look,
    "ASSERT_NOT": Program._look_not,
}


# Every kind of character.
_ANY_KIND = (1 << 64) - 1
# Sets of more characters than this may hold any kind.
_MOST_KINDS = 256


def kind_of(code: int) -> int:
    """Return the kind of a character, from 0 to 63: as ``kernels.expressions.kinds`` has it."""
    return (code * 0x9E3779B97F4A7C15 & _ANY_KIND) >> 58


def opens_of(program: Program) -> list[int]:
    """Return, for each instruction, a bit for each kind of character with which a match from there on may
    begin; all bits where it may match nothing or looks at other characters first.
    """
    opens = [0] * len(program.code)
    changed = True
    while changed:  # once more for each loop around another
        changed = False
        for place in range(len(opens) - 1, -1, -1):
            found = _opens(program, place, opens)
            changed |= found != opens[place]
            opens[place] = found
    return opens


def _opens(program: Program, place: int, opens: Sequence[int]) -> int:
    op, first, second = program.code[place]
    if op == Op.CHAR:
        return int(1 << kind_of(first))
    if op == Op.SET:
        ranges = program.ranges[first : first + second]
        if sum(last - begin + 1 for begin, last in ranges) > _MOST_KINDS:
            return _ANY_KIND
        found = 0
        for begin, last in ranges:
            for code in range(begin, last + 1):
                found |= 1 << kind_of(code)
        return found
    if op == Op.SPLIT:
        return opens[first] | opens[second]
    if op == Op.JUMP:
        return opens[first]
    if op == Op.BEGIN:
        return opens[place + 1]
    if op in (Op.LOOK, Op.LOOK_NOT):
        # What is looked at is given back: the match goes on from the same character.
        return opens[second]
    return _ANY_KIND


def program_of(pattern: str) -> Program | None:
    """Return the program of an expression; None where it stays with ``re``.

    Parameters
    ----------
    pattern : str
        Without flags. One that may match nothing stays with ``re``, and so does one that is no expression.
    """
    try:
        parsed = _PARSER.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    if parsed.state.flags != re.UNICODE or parsed.getwidth()[0] == 0:
        return None
    program = Program()
    try:
        program.sequence(parsed)
        program.add(Op.MATCH)
    except _UnknownError:
        return None
    return program
