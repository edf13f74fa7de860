"""Clauses: half-open spans of the original text, cut for a whole column at once.

A clause ends at ``，。！？；…~、``, their half-width forms, white space and line ends. Between digits a
point, a comma of thousands or a tilde is part of the number ("3.5分", "1,299元", "3~5天"), and a point
beside a digit ("1.外观") or inside an ASCII word ("www.example.com") is no end either. Speech typed without
punctuation is cut once more, before words that open a new remark (但是, 就是, 然后 …). Pieces without a
letter, digit or emoji are no clauses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.codepoints import Joined, decode, encode
from feedback_nlp.text.normalize import normalize_codes

__all__ = ["Clauses", "cut", "cut_column", "from_spans"]

_ENDS = "，。！？；…~～、,!?;｡､﹐﹑﹒﹔﹖﹗〜\n\r"
_POINTS = ".．"
_TILDES = "~～〜"
_DIGITS = "0123456789０１２３４５６７８９"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Classes of code points, as bits.
_END, _POINT, _COMMA, _TILDE, _DIGIT, _LATIN, _CONTENT, _SEEN = (1 << bit for bit in range(8))

# Speech without punctuation: pieces longer than this are cut before an opening word, both sides keeping a
# minimum.
LONG_CLAUSE = 18
SHORTEST_SIDE = 4
# Each alternative excludes the words it would cut through (好不过, 不过分, 也就是说, 之所以, 处理结果 …)
# and subjects that 就是 only joins to what they are ("唯一的缺点就是贵").
_NAMED = (
    "缺点|优点|问题|好处|坏处|地方|原因|目的|代价|优势|特点|亮点|不足|遗憾|毛病|感受|感觉|标准|意思|态度|之日"
)
# It meets normalised text. Nothing is cut right after an opening bracket or quote.
_OPENING = re.compile(
    r"(?<![(\"'「『《【\[])(?:"
    r"但是|但(?=[我他她它你这那没也还又客商快服物质价])"
    r"|(?<![好再只最大超经难跑拗睡赢吃])不过(?![分度关来去期瘾敏脑滤审问节程线])"
    r"|[而并]且"
    rf"|(?<!{_NAMED})(?<![也不这那才都可正只还成倒要硬愣算真本而一看我像])就是(?![说了否]|不是)"
    r"|(?<!不)然后(?!果)|(?<!不)可是(?!否)"
    r"|(?<![的个等查测理这那好有没验定诉种何])结果(?![是为显表如不])"
    r"|(?<!之)所以(?!然)|否则|(?<!要)不然(?!后)|虽然|后来(?!的)"
    r")"
)

# The first characters of these words, and the second ones; behind 但 also what its lookahead asks for.
_OPENS, _GOES_ON = "但不而并就然可结所否虽后", "是过且后果以则然来我他她它你这那没也还又客商快服物质价"
_FIRST, _SECOND = 1, 2


@dataclass(frozen=True)
class Clauses:
    """The clauses of a column of n_reviews texts, in order of review, then of start.

    Attributes
    ----------
    review : int64 array of shape (n_clauses,)
        Position of the review in the column; non-decreasing.
    index : int32 array of shape (n_clauses,)
        0-based position of the clause within its review.
    start, end : int32 arrays of shape (n_clauses,)
        Half-open span in code points of the original text; never empty, ordered and disjoint within a review.
    n_reviews : int
        Number of texts in the column, including those without a clause.
    """

    review: NDArray[np.int64]
    index: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    n_reviews: int

    def __len__(self) -> int:
        return len(self.review)


def cut(text: str | None) -> list[tuple[int, int]]:
    """Return the clauses of one text as half-open spans.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    list of (start, end)
        In code points of ``text``; never empty, ordered, disjoint.
    """
    clauses = cut_column([text])
    return list(zip(clauses.start.tolist(), clauses.end.tolist(), strict=True))


def cut_column(texts: Sequence[str | None]) -> Clauses:
    """Cut a column of texts into clauses.

    Parameters
    ----------
    texts : sequence of str or None, length n_reviews
        Original or normalised texts; ``None`` has no clause.

    Returns
    -------
    Clauses
        The clauses of each text are those that ``cut`` gives for it alone.
    """
    joined = Joined.of(texts)
    codes = encode(joined.text)
    kinds = _classes(codes)
    starts, ends = _runs(~_is_end(kinds))
    starts, ends = _cut_long(codes, starts, ends)
    content = np.concatenate([[0], np.cumsum(kinds & _CONTENT != 0)])
    kept = content[ends] > content[starts]
    return _clauses(joined, starts[kept], ends[kept])


def from_spans(spans: Sequence[Sequence[tuple[int, int]]]) -> Clauses:
    """Return given spans, such as gold clauses, as ``Clauses``.

    Parameters
    ----------
    spans : sequence of length n_reviews
        For each review its (start, end) in order.
    """
    counts = np.fromiter(map(len, spans), dtype=np.int64, count=len(spans))
    flat = np.array([span for row in spans for span in row], dtype=np.int32).reshape(-1, 2)
    review = np.repeat(np.arange(len(spans), dtype=np.int64), counts)
    return Clauses(review, _index(review), flat[:, 0].copy(), flat[:, 1].copy(), len(spans))


def _clauses(joined: Joined, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Clauses:
    """Turn spans of the joined text into spans of its texts."""
    review = joined.locate(starts)
    origin = joined.starts[review]
    start, end = (starts - origin).astype(np.int32), (ends - origin).astype(np.int32)
    return Clauses(review, _index(review), start, end, len(joined.starts) - 1)


def _index(review: NDArray[np.int64]) -> NDArray[np.int32]:
    """Number equal neighbours 0, 1, 2 …"""
    first = np.searchsorted(review, review, side="left")
    return (np.arange(len(review)) - first).astype(np.int32)


def _runs(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and ends of the runs of true values."""
    edges = np.diff(np.concatenate([[0], inside.view(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _shift(flags: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Return for each position the flag that stands ``by`` places later; false beyond the ends."""
    moved = np.zeros_like(flags)
    size = len(flags) - abs(by)
    if size > 0:
        source, target = (by, 0) if by > 0 else (0, -by)
        moved[target : target + size] = flags[source : source + size]
    return moved


def _is_end(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which characters end a clause, looking at the neighbours of points, commas and tildes."""
    digit, latin = kinds & _DIGIT != 0, kinds & _LATIN != 0
    before, after = _shift(digit, -1), _shift(digit, 1)
    thousands = before & after & _shift(digit, 2) & _shift(digit, 3) & ~_shift(digit, 4)
    in_word = _shift(latin, -1) & _shift(latin, 1)
    end: NDArray[np.bool_] = kinds & _END != 0
    end |= (kinds & _POINT != 0) & ~(before | after | in_word)
    end &= ~((kinds & _COMMA != 0) & thousands)
    end &= ~((kinds & _TILDE != 0) & before & after)
    return end


def _cut_long(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut long pieces once more, before words that open a new remark."""
    long = np.flatnonzero(ends - starts > LONG_CLAUSE)
    if not len(long):
        return starts, ends
    normal = normalize_codes(codes)
    parts = _opening_parts()[normal]
    places = np.flatnonzero((parts[:-1] & _FIRST != 0) & (parts[1:] & _SECOND != 0))
    piece = np.searchsorted(starts[long], places, side="right") - 1
    inside = (piece >= 0) & (places < ends[long][piece])
    places, piece = places[inside], long[piece[inside]]
    if not len(places):
        return starts, ends
    cuts = np.array(_openings(decode(normal), places, starts[piece], ends[piece]), dtype=np.int64)
    return np.sort(np.concatenate([starts, cuts])), np.sort(np.concatenate([ends, cuts]))


def _openings(
    text: str, places: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> list[int]:
    """Return where to cut the pieces [start, end) of ``text``, of the places where a word may open."""
    cuts: list[int] = []
    current, last, free = -1, 0, 0
    for place, start, end in zip(places.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if start != current:
            current, last, free = start, start, start
        match = _OPENING.match(text, place, end) if place >= free else None
        if match is None:
            continue
        free = match.end()
        if place - last >= SHORTEST_SIDE and end - place >= SHORTEST_SIDE:
            cuts.append(place)
            last = place
    return cuts


@lru_cache(maxsize=1)
def _opening_parts() -> NDArray[np.uint8]:
    """Return which code points are the first and the second character of an opening word: looked at before
    the expression, which costs a thousand times more.
    """
    table = np.zeros(0x110000, dtype=np.uint8)
    table[[ord(char) for char in _OPENS]] |= _FIRST
    table[[ord(char) for char in _GOES_ON]] |= _SECOND
    return table


def _classes(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return the class bits of code points. Each is looked up once in the life of the process: a text holds
    a few hundred of the million there are.
    """
    table = _known_classes()
    found = table[codes]
    if not (found & _SEEN).all():
        for code in set(codes[found & _SEEN == 0].tolist()):
            table[code] = _class_of(code) | _SEEN
        found = table[codes]
    return found


@lru_cache(maxsize=1)
def _known_classes() -> NDArray[np.uint8]:
    return np.zeros(0x110000, dtype=np.uint8)


def _class_of(code: int) -> int:
    """Return the class bits of a code point; beyond the basic plane all are content (ideographs, emoji)."""
    char = chr(code)
    bits = 0
    # 0x2600 to 0x27bf, ☀ to ➿: text emoji, stars, ticks.
    if char.isalnum() or 0x2600 <= code < 0x27C0 or code >= 0x10000:
        bits |= _CONTENT
    if char in _ENDS or (char.isspace() and code < 0x10000):
        bits |= _END
    for bit, chars in (
        (_POINT, _POINTS),
        (_COMMA, ","),
        (_TILDE, _TILDES),
        (_DIGIT, _DIGITS),
        (_LATIN, _LETTERS),
    ):
        if char in chars:
            bits |= bit
    return bits
