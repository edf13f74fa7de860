"""What a regular expression needs: pieces of plain text of which each match must hold one.

``等了.{0,6}(小时|分钟)才`` can only match where 等了 stands and 小时才 or 分钟才. Finding such pieces costs
far less than trying hundreds of expressions on each text; an expression is tried only where all its pieces
are. The analysis is that of a prefilter for searching code (R. Cox, Regular Expression Matching with a
Trigram Index, 2012), with whole strings in place of trigrams.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from feedback_nlp.compiled import read_compiled
from feedback_nlp.text.normalize import normalize

__all__ = ["normalize_pattern", "ordered_pieces", "rarest", "required_pieces", "work_out"]

# Tokens of a pattern that normalising must leave alone: escapes (\S is not \s) and group openings ((?P<).
_PATTERN_TOKEN = re.compile(r"\\.|\(\?P?[<=!:]?|.", re.DOTALL)
_META = frozenset(".^$*+?{}[]\\|()")
_TOKEN = re.compile(
    r"(?P<look>\(\?<?[=!])|(?P<open>\((?:\?:|\?P<\w+>)?(?!\?))|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<repeat>(?:[?*+]|\{\d+(?:,\d*)?\}|\{,\d+\})[?+]?)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<any>\.|\\[dDsSwW])|(?P<edge>[$^]|\\[bBAZ])|(?P<char>\\[^0-9a-zA-Z]|[^\\(\[{*+?])",
    re.DOTALL,
)
_PLAIN_SET = re.compile(r"\[[^\]\\^-]{1,12}\]")
# Names the analysis in what was compiled; to be changed with it.
COMPILED_AS = b"pieces 1"
# A finite set of strings is spelt out up to this many.
_MOST = 100
# Characters met in one of five clauses or so, and how often others are: only to choose the rarer piece.
_COMMON = frozenset("的了是不我很有好一在就都也这还人没个到说要你他来上去大小多太得过给用着点下里时天和吧吗")
_COMMON_SHARE, _OTHER_SHARE = 0.05, 0.004

Strings = frozenset[str]
_EMPTY: Strings = frozenset({""})


class _Unclear(Exception):  # noqa: N818 - no error: the pattern is left to the regular expression engine
    """A construct whose strings are not worked out."""


class _Part(NamedTuple):
    """What a part of a pattern matches: all its strings where they are few, and the pieces it needs."""

    strings: Strings | None
    needs: tuple[Strings, ...]


_NO_WIDTH = _Part(_EMPTY, ())
_ANYTHING = _Part(None, ())


def normalize_pattern(pattern: str) -> str:
    """Return a regular expression with its literal characters in normal form."""
    return "".join(map(_normal_token, _PATTERN_TOKEN.findall(pattern)))


def _normal_token(token: str) -> str:
    if len(token) > 1:
        return token
    normal = normalize(token)
    # A full-width bracket must not become a half-width one with a meaning.
    return "\\" + normal if normal != token and normal in _META else normal


def required_pieces(pattern: str) -> list[Strings]:
    """Return sets of strings such that every match of ``pattern`` holds a string of each.

    Parameters
    ----------
    pattern : str
        A regular expression without flags.

    Returns
    -------
    list of frozenset of str
        Distinct; no string is empty, and none holds another of its set. Empty where nothing is required or
        the pattern has constructs that are not analysed (flags, references, conditions).
    """
    try:
        part = _Parser(pattern).parse()
    except _Unclear:
        return []
    return list(dict.fromkeys(map(_least, _needs(part))))


def ordered_pieces(pattern: str) -> tuple[Strings, ...]:
    """Return the pieces that ``pattern`` needs in normal form, the rarest first.

    What was compiled for a packaged pattern is taken from there.
    """
    compiled = _compiled().get(pattern)
    return work_out(pattern) if compiled is None else tuple(map(frozenset, compiled))


@lru_cache(maxsize=4096)
def work_out(pattern: str) -> tuple[Strings, ...]:
    """Return the same, worked out."""
    pieces = required_pieces(normalize_pattern(pattern))
    if not pieces:
        return ()
    best = rarest(pieces)
    return (best, *(piece for piece in pieces if piece != best))


@lru_cache(maxsize=1)
def _compiled() -> dict[str, list[list[str]]]:
    """Return the pieces of the packaged patterns."""
    found = read_compiled("pieces", COMPILED_AS)
    pieces: dict[str, list[list[str]]] = {} if found is None else found["pieces"]
    return pieces


def rarest(pieces: Iterable[Strings]) -> Strings:
    """Return the set whose strings are met least often, by a guess from their characters."""
    return min(pieces, key=lambda piece: (sum(map(_share, piece)), sorted(piece)))


def _share(text: str) -> float:
    result = 1.0
    for char in text:
        result *= _COMMON_SHARE if char in _COMMON else _OTHER_SHARE
    # Characters of a word keep company: a word of four is not so rare as chance would have it.
    return float(result ** (2 / (1 + len(text))))


def _least(piece: Strings) -> Strings:
    """Return the strings that hold no other of the set: where one of those is, so is the shorter."""
    return frozenset(text for text in piece if not any(other != text and other in text for other in piece))


def _needs(part: _Part) -> tuple[Strings, ...]:
    if part.strings is None:
        return part.needs
    return () if "" in part.strings else (part.strings,)


class _Parser:
    """Reads one pattern by recursive descent."""

    def __init__(self, pattern: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(pattern):
            token = _TOKEN.match(pattern, place)
            if token is None:
                raise _Unclear
            self._tokens.append((str(token.lastgroup), token[0]))
            place = token.end()
        self._next = 0

    def parse(self) -> _Part:
        part = self._branches()
        if self._next < len(self._tokens):
            raise _Unclear
        return part

    def _branches(self) -> _Part:
        branches = [self._sequence()]
        while self._kind() == "bar":
            self._next += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _either(branches)

    def _sequence(self) -> _Part:
        parts = []
        while self._kind() not in ("", "bar", "close"):
            part = self._atom()
            if self._kind() == "repeat":
                part = _repeated(part, *_bounds(self._take()))
            parts.append(part)
        return _chain(parts)

    def _atom(self) -> _Part:
        kind, token = self._kind(), self._take()
        if kind in ("open", "look"):
            part = self._branches()
            if self._kind() != "close":
                raise _Unclear
            self._next += 1
            return part if kind == "open" else _NO_WIDTH
        if kind == "char":
            return _Part(frozenset({token[-1]}), ())
        if kind == "set" and _PLAIN_SET.fullmatch(token):
            return _Part(frozenset(token[1:-1]), ())
        if kind in ("set", "any"):
            return _ANYTHING
        if kind == "edge":
            return _NO_WIDTH
        raise _Unclear

    def _kind(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]


def _bounds(token: str) -> tuple[int, int | None]:
    """Return the least and the most times of a quantifier; ``None`` is without end."""
    simple = {"?": (0, 1), "*": (0, None), "+": (1, None)}
    if token[0] in simple:
        return simple[token[0]]
    least, comma, most = token[1 : token.index("}")].partition(",")
    return int(least or 0), (int(most) if most else None) if comma else int(least)


def _repeated(part: _Part, least: int, most: int | None) -> _Part:
    if part.strings is not None and most is not None and most <= 3:
        strings: set[str] = set()
        for times in range(least, most + 1):
            if len(part.strings) ** times > _MOST:
                break
            strings.update(map("".join, product(part.strings, repeat=times)))
        else:
            if len(strings) <= _MOST:
                return _Part(frozenset(strings), ())
    return _Part(None, _needs(part) if least else ())


def _either(branches: list[_Part]) -> _Part:
    """Return what holds whichever branch matches."""
    if all(branch.strings is not None for branch in branches):
        strings = frozenset[str]().union(*(branch.strings or () for branch in branches))
        if len(strings) <= _MOST:
            return _Part(strings, ())
        return _Part(None, () if "" in strings else (strings,))
    needs = [_needs(branch) for branch in branches]
    if not all(needs):
        return _ANYTHING
    return _Part(None, (frozenset[str]().union(*map(rarest, needs)),))


def _chain(parts: list[_Part]) -> _Part:
    """Return what parts one behind the other match: neighbours with few strings are spelt out together."""
    needs: list[Strings] = []
    strings = _EMPTY
    exact = True
    for part in parts:
        if part.strings is not None and len(strings) * len(part.strings) <= _MOST:
            strings = frozenset(first + second for first in strings for second in part.strings)
            continue
        exact = False
        needs.extend(_needs(_Part(strings, ())))
        strings = part.strings or _EMPTY
        if part.strings is None:
            needs.extend(part.needs)
    if exact:
        return _Part(strings, ())
    return _Part(None, (*needs, *_needs(_Part(strings, ()))))
