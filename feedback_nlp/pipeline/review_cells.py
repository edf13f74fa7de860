"""The words of a review workbook: what stands in its cells, and what a person may write there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from feedback_nlp.errors import Bilingual
from feedback_nlp.io.forms import Field
from feedback_nlp.text.normalize import normalize

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Taxonomy

__all__ = [
    "LEAST_SLOTS",
    "MOST_SLOTS",
    "NONE_SAID",
    "RIGHT",
    "SIDES",
    "UNSURE",
    "WHY",
    "Answer",
    "Cells",
    "Key",
    "Label",
    "fields",
    "slots",
    "spelt",
]

# A facet and −1, 0 or 1.
Label = tuple[str, int]
SIDES = (Bilingual("负面", "negative"), Bilingual("中性", "neutral"), Bilingual("正面", "positive"))
RIGHT = Bilingual("对", "right")
NONE_SAID = Bilingual("都没提到", "none of these")
UNSURE = Bilingual("拿不准", "not sure")
_WHOLE = Bilingual("整条", "whole")
_NOTHING = Bilingual("（没有提到）", "(nothing)")
WHY = {
    "unsure": Bilingual("拿不准有没有提到", "unsure whether it is mentioned"),
    "side": Bilingual("拿不准是褒是贬", "unsure which side it is on"),
    "missed": Bilingual("整条是负面，但没找到原因", "negative as a whole, but no reason was found"),
    "quiet": Bilingual("这一句没有找到任何方面", "nothing was found in this clause"),
}
# Facets of one clause there is room for: always, and at most.
LEAST_SLOTS, MOST_SLOTS = 2, 6
# Characters of a digest kept in a key: 24 bits find any slip of the hand.
_DIGITS = 6


def fields(n_slots: int) -> tuple[Field, ...]:
    """Return the columns of a workbook with room for ``n_slots`` facets in a clause."""
    facets = []
    for slot in range(1, n_slots + 1):
        # Without the columns every workbook has, all answers would look taken away.
        needed = slot <= LEAST_SLOTS
        facet, side = Bilingual(f"方面{slot}", f"facet {slot}"), Bilingual(f"褒贬{slot}", f"side {slot}")
        facets += [
            Field(f"facet{slot}", facet, 20, "own", "facet", needed=needed),
            Field(f"side{slot}", side, 9, "own", "side", needed=needed),
        ]
    return (
        Field("review_id", Bilingual("评价编号", "review id"), 14, "id"),
        Field("text", Bilingual("评价原文", "review"), 60, exact=True),
        Field("clause", Bilingual("要判断的小句", "clause"), 26, exact=True),
        Field("why", Bilingual("为什么问", "why"), 14, needed=False),
        Field("verdict", Bilingual("对吗", "right?"), 10, "own", "verdict"),
        *facets,
        Field("overall", Bilingual("整条态度", "whole review"), 10, "own", "side"),
        Field("note", Bilingual("备注", "note"), 20, "own", needed=False),
        Field("model", Bilingual("模型原来的判断", "the model said"), 30),
        Field("key", Bilingual("校验码（勿动）", "key (leave)"), 12, "id", hidden=True),
    )


def slots(titles: int) -> tuple[tuple[str, str], ...]:
    """Return the keys of each slot's facet and side."""
    return tuple((f"facet{slot}", f"side{slot}") for slot in range(1, titles + 1))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]


class Answer(NamedTuple):
    """What somebody says of a clause and of its review."""

    labels: tuple[Label, ...]
    overall: int | None


@dataclass(frozen=True)
class Key:
    """What ties a row to the clause it asks about, and shows what was changed by accident."""

    start: int
    end: int
    review_id: str
    text: str
    model: str

    @classmethod
    def of(cls, review_id: str, text: str, span: tuple[int, int], model: str) -> Key:
        """Return the key of a row with these cells."""
        return cls(*span, _digest(review_id), _digest(text), _digest(model))

    @classmethod
    def parse(cls, cell: str) -> Key | None:
        """Read a key; None where it is none."""
        parts = cell.split("-")
        if len(parts) != 5 or not all(part.isdecimal() for part in parts[:2]):
            return None
        return cls(int(parts[0]), int(parts[1]), *parts[2:])

    def __str__(self) -> str:
        return "-".join((str(self.start), str(self.end), self.review_id, self.text, self.model))

    def changed(self, review_id: str, text: str, model: str) -> str | None:
        """Return which of the columns no longer says what it said, if one does."""
        found = {"review_id": review_id, "text": text, "model": model}
        return next((name for name, cell in found.items() if _digest(cell) != getattr(self, name)), None)


class Cells:
    """Reads and writes facets, sides and answers as people see them.

    Parameters
    ----------
    taxonomy : Taxonomy
    lang : {"zh", "en"}
        Of what is written; both are read.
    """

    def __init__(self, taxonomy: Taxonomy, lang: str = "zh") -> None:
        self.taxonomy = taxonomy
        self.lang = lang
        self._elements = {element.code: element for element in taxonomy.elements}
        self._codes: dict[str, str] = {}
        short: dict[str, set[str]] = {}
        for facet in taxonomy.facets:
            for spelling in (facet.code, *(self.facet(facet.code, other) for other in ("zh", "en"))):
                self._codes[_folded(spelling)] = facet.code
            for other in ("zh", "en"):
                short.setdefault(_folded(facet.name(other)), set()).add(facet.code)
        for name, codes in short.items():
            if len(codes) == 1:
                self._codes.setdefault(name, *codes)

    def facet(self, code: str, lang: str | None = None) -> str:
        """Return the facet as its drop-down shows it, such as ``物流·时效``."""
        facet = self.taxonomy.facet(code)
        element = self._elements[facet.element]
        return f"{element.name(lang or self.lang)}·{facet.name(lang or self.lang)}"

    def code(self, cell: str) -> str | None:
        """Return the facet meant: by its drop-down's words, its code, or its name where that is unique."""
        return self._codes.get(_folded(cell))

    def near(self, cell: str) -> str | None:
        """Return the choice nearest to what was typed, if one is near."""
        shown = [self.facet(facet.code) for facet in self.taxonomy.facets]
        found = get_close_matches(cell, shown, n=1, cutoff=0.4)
        return found[0] if found else None

    def side(self, polarity: int) -> str:
        """Return −1, 0 or 1 as its drop-down shows it."""
        return SIDES[polarity + 1].in_(self.lang)

    def answer(self, answer: Answer) -> str:
        """Return an answer as one line."""
        parts = [f"{self.facet(code)} {self.side(polarity)}" for code, polarity in answer.labels]
        said = "；".join(parts) or _NOTHING.in_(self.lang)
        if answer.overall is None:
            return said
        return f"{said}｜{_WHOLE.in_(self.lang)} {self.side(answer.overall)}"

    def parse(self, cell: str) -> Answer | None:
        """Read what :meth:`answer` wrote; None where it is nothing of the kind."""
        said, _, whole = cell.partition("｜")
        labels = []
        for part in said.split("；"):
            if part in _NOTHING:
                continue
            facet, _, side = part.rpartition(" ")
            code, polarity = self.code(facet), spelt(side)
            if code is None or polarity is None:
                return None
            labels.append((code, polarity))
        return Answer(tuple(labels), spelt(whole.rpartition(" ")[2]) if whole else None)


def spelt(cell: str) -> int | None:
    """Return −1, 0 or 1 for a side in either language, or its number; None for anything else."""
    folded = _folded(cell)
    for polarity, names in enumerate(SIDES, -1):
        if folded in {_folded(name) for name in names} | {str(polarity)}:
            return polarity
    return None


def _folded(cell: str) -> str:
    return normalize(cell).replace(" ", "").replace(".", "·")
