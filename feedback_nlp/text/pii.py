"""Personal data: found by shape and by checksum, masked in place.

Patterns are a table: what is looked for, where it may stand, and a check on what was found. Prices, dates,
model numbers and public service numbers (400, 95588, 12315) are not personal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from feedback_nlp.text.codepoints import Joined
from feedback_nlp.text.normalize import normalize, normalize_column
from feedback_nlp.text.pii_rules import KINDS, LONGEST_LEAD, Rule, cues, person, rules

__all__ = ["KINDS", "PiiSpan", "counts", "find", "find_column", "is_name", "mask", "mask_column"]

MASK = "*"


class PiiSpan(NamedTuple):
    """A piece of personal data: its kind (one of ``KINDS``) and half-open span in code points."""

    kind: str
    start: int
    end: int


def find(text: str) -> list[PiiSpan]:
    """Return the personal data in ``text``, in order.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of PiiSpan
        Disjoint; in code points of ``text``.
    """
    return [span for _, span in find_column([text])]


def find_column(texts: Sequence[str | None]) -> list[tuple[int, PiiSpan]]:
    """Return (position of the text, span) for all personal data in a column, in order.

    Parameters
    ----------
    texts : sequence of str or None, length n
    """
    found: list[tuple[int, PiiSpan]] = []
    left = {row: text for row, text in enumerate(normalize_column(texts)) if cues().search(text)}
    # Masking may set free what was glued to it, so texts with a find are searched again.
    while left:
        rows = list(left)
        new = [(rows[place], span) for place, span in _search(list(left.values()))]
        left = {row: _blank(left[row], spans) for row, spans in _by_row(new)}
        found.extend(new)
    return sorted(found, key=lambda item: (item[0], item[1].start))


def mask(text: str) -> str:
    """Return ``text`` with each character of personal data replaced by ``*``; the length stays.

    Of "姓 + 先生/女士" only the name goes: "张伟先生" becomes "**先生".
    """
    return mask_column([text])[0]


def mask_column(texts: Sequence[str | None]) -> list[str]:
    """Mask every text of a column, ``None`` as the empty text; masking twice changes nothing more."""
    masked = [text or "" for text in texts]
    for row, spans in _by_row(find_column(texts)):
        masked[row] = _blank(masked[row], spans)
    return masked


def is_name(cell: str, *, among_people: bool = False) -> bool:
    """Whether a cell is a person's name and nothing else.

    Parameters
    ----------
    cell : str
    among_people : bool
        Whether its column names people; otherwise only what can hardly be a shop or a product counts.
    """
    return person(among_people=among_people).fullmatch(normalize(cell).strip()) is not None


def counts(texts: Sequence[str | None]) -> dict[str, int]:
    """Return how many pieces of each kind a column holds; kinds that do not occur are left out."""
    tally = Counter(span.kind for _, span in find_column(texts))
    return {kind: tally[kind] for kind in KINDS if tally[kind]}


def _by_row(found: list[tuple[int, PiiSpan]]) -> list[tuple[int, list[PiiSpan]]]:
    return [(row, [span for _, span in group]) for row, group in groupby(found, key=itemgetter(0))]


def _search(texts: Sequence[str]) -> list[tuple[int, PiiSpan]]:
    """Apply the rules in order, each to what the ones before it left; return (position of the text, span)."""
    joined = Joined.of(texts)
    text = joined.text
    found: list[PiiSpan] = []
    for rule in rules():
        spans = list(_candidates(rule, text))
        text = _blank(text, spans)
        found.extend(spans)
    found.sort(key=lambda span: span.start)
    places = joined.locate(np.array([span.start for span in found], dtype=np.int64))
    origins = joined.starts[places].tolist()
    return [
        (place, PiiSpan(span.kind, span.start - origin, span.end - origin))
        for span, place, origin in zip(found, places.tolist(), origins, strict=True)
    ]


def _candidates(rule: Rule, text: str) -> Iterator[PiiSpan]:
    last = 0
    for match in rule.pattern.finditer(text):
        start, end = match.span(match.re.groups and 1)
        if rule.accept(text[start:end]):
            start = max(last, _extend(rule.lead, text, start))
            last = end
            yield PiiSpan(rule.kind, start, end)


def _extend(lead: re.Pattern[str] | None, text: str, start: int) -> int:
    """Return where the candidate at ``start`` begins when the characters that lead to it are added."""
    if lead is None:
        return start
    before = text[max(0, start - LONGEST_LEAD) : start]
    match = lead.match(before[::-1])
    return start - match.end() if match else start


def _blank(text: str, spans: Sequence[PiiSpan]) -> str:
    if not spans:
        return text
    parts, last = [], 0
    for span in spans:
        parts += [text[last : span.start], MASK * (span.end - span.start)]
        last = span.end
    return "".join([*parts, text[last:]])
