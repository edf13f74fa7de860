"""The reviews and clauses behind the numbers: masked, joined to their rows, and quoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from feedback_nlp.insight.facts import counted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Evidence"]

# A quote shows this many characters on either side of its clause; shorter reviews are shown whole.
CONTEXT = 70
# More rows than this are left out of the HTML (never of the Excel) so that the file stays near 30 MB.
MAX_ROWS = 30_000
MAX_CHARACTERS = 6_000_000
# Looking for near duplicates takes about a second per 5,000 long reviews.
MAX_NEAR = 20_000


@dataclass(frozen=True)
class Evidence:
    """Reviews and mentions as lists, with every text masked where asked.

    Attributes
    ----------
    reviews, mentions : dict of str to list
        Columns by name; ``text`` is what may be shown.
    rows : list of int
        Position in ``reviews`` of each mention.
    counted : list of bool
        Whether each review enters the counts: it says something, is no duplicate and the only one of its id.
    n_masked : int
        Number of reviews in which personal data was masked.
    n_near : int or None
        Number of counted reviews worded almost like an earlier one; None where there are too many to compare.
    """

    reviews: dict[str, list[Any]]
    mentions: dict[str, list[Any]]
    rows: list[int]
    counted: list[bool]
    n_masked: int
    n_near: int | None

    @classmethod
    def of(cls, reviews: pa.Table, mentions: pa.Table, *, mask: bool) -> Evidence:
        """Join ``mentions`` to ``reviews`` and mask their texts."""
        columns: dict[str, list[Any]] = reviews.to_pydict()
        marks: dict[str, list[Any]] = mentions.to_pydict()
        original = [text or "" for text in columns["text"]]
        rows = _rows(columns["review_id"], original, marks)
        columns["text"] = masked(original) if mask else original
        spans = zip(rows, marks["start"], marks["end"], strict=True)
        marks["text"] = [columns["text"][row][start:end] for row, start, end in spans]
        n_masked = sum(old != new for old, new in zip(original, columns["text"], strict=True))
        counted = _counted(reviews, original)
        near = _n_near(original, columns["review_id"], counted) if len(original) <= MAX_NEAR else None
        return cls(columns, marks, rows, counted, n_masked, near)

    @cached_property
    def n(self) -> int:
        """Number of reviews."""
        return len(self.reviews["review_id"])

    @cached_property
    def days(self) -> list[str | None]:
        """Date of each review, ``YYYY-MM-DD``; null where unknown."""
        times = self.reviews.get("time") or [None] * self.n
        return [None if time is None else f"{time:%Y-%m-%d}" for time in times]

    @cached_property
    def by_issue(self) -> dict[str, list[int]]:
        """Rows of the counted reviews of each issue, in order, each once."""
        found: dict[str, dict[int, None]] = {}
        for issue, row in zip(self.mentions["issue_id"], self.rows, strict=True):
            if issue is not None and self.counted[row]:
                found.setdefault(issue, {})[row] = None
        return {issue: list(rows) for issue, rows in found.items()}

    @cached_property
    def _places(self) -> dict[tuple[str, int, int], int]:
        """Row of each quoted span; the first where ids repeat."""
        places: dict[tuple[str, int, int], int] = {}
        marks = self.mentions
        for item in zip(marks["review_id"], marks["start"], marks["end"], self.rows, strict=True):
            places.setdefault((item[0], item[1], item[2]), item[3])
        return places

    def quote(self, example: str) -> dict[str, Any] | None:
        """Return the quote behind ``review_id:start:end``, cut around its clause; ``None`` if not there."""
        review_id, start, end = _parts(example)
        row = self._places.get((review_id, start, end))
        if row is None:
            return None
        text = self.reviews["text"][row]
        low, high = (0, len(text)) if len(text) <= 2 * CONTEXT else (start - CONTEXT, end + CONTEXT)
        low, high = max(0, low), min(len(text), high)
        about = {name: self._value(name, row) for name in ("rating", "channel", "store", "product")}
        return {
            "review_id": review_id,
            "before": ("…" if low else "") + text[low:start],
            "clause": text[start:end],
            "after": text[end:high] + ("…" if high < len(text) else ""),
            "day": self.days[row],
            **about,
        }

    def _value(self, name: str, row: int) -> Any:
        column = self.reviews.get(name)
        return None if column is None else column[row]

    def shown(self, examples: Sequence[str]) -> list[int]:
        """Choose the rows that fit the HTML: quoted ones, then those with issues, then the rest; in order."""
        quoted = (self._places.get(_parts(example)) for example in examples)
        wanted: dict[int, None] = {row: None for row in quoted if row is not None}
        for rows in self.by_issue.values():
            wanted.update(dict.fromkeys(rows))
        wanted.update(dict.fromkeys(range(self.n)))
        chosen, room = [], MAX_CHARACTERS
        for row in list(wanted)[:MAX_ROWS]:
            room -= len(self.reviews["text"][row]) + 60
            if room < 0:
                break
            chosen.append(row)
        return sorted(chosen)


def _counted(reviews: pa.Table, texts: Sequence[str]) -> list[bool]:
    """Mark what insight counts; of rows that share an id it keeps the one whose text sorts first."""
    kept: list[bool] = counted(reviews).tolist()
    best: dict[str, int] = {}
    for row, review_id in enumerate(reviews["review_id"].to_pylist()):
        if not kept[row]:
            continue
        rival = best.setdefault(review_id, row)
        if texts[row] < texts[rival]:
            best[review_id] = row
    chosen = set(best.values())
    return [row in chosen for row in range(len(kept))]


def _n_near(texts: Sequence[str], ids: Sequence[str], kept: Sequence[bool]) -> int:
    from feedback_nlp.text import duplicates

    rows = [row for row, keep in enumerate(kept) if keep]
    found = duplicates.near([texts[row] for row in rows], [ids[row] for row in rows])
    return sum(source is not None for source in found)


def masked(texts: Sequence[str]) -> list[str]:
    """Return ``texts`` with personal data masked, lengths kept."""
    from feedback_nlp.text import pii

    return pii.mask_column(list(texts))


def _parts(example: str) -> tuple[str, int, int]:
    review_id, start, end = example.rsplit(":", 2)
    return review_id, int(start), int(end)


def _rows(ids: Sequence[str], texts: Sequence[str], mentions: dict[str, list[Any]]) -> list[int]:
    """Find the row of each mention; mentions follow the reviews' order, which settles repeated ids."""
    places: dict[str, list[int]] = {}
    for row, review_id in enumerate(ids):
        places.setdefault(review_id, []).append(row)
    rows: list[int] = []
    last = 0
    columns = (mentions[name] for name in ("review_id", "start", "end", "text"))
    for review_id, start, end, text in zip(*columns, strict=True):
        candidates = places[review_id]
        if len(candidates) > 1:
            fitting = [row for row in candidates if texts[row][start:end] == text]
            candidates = [row for row in fitting if row >= last] or fitting or candidates
        last = candidates[0]
        rows.append(last)
    return rows
