"""The review queue as a sheet of the workbook: what a person should look at, the least sure first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedback_nlp.report.sheets import Head, Sheet
from feedback_nlp.report.wording import Words
from feedback_nlp.schema import LABELS

__all__ = ["queue_sheets"]

COLUMNS: list[Head] = [
    ("review_id", 16, "id"),
    ("text", 70, "text"),
    ("label", 8, "text"),
    ("confidence", 9, "number"),
    ("queue_blames", 30, "text"),
    ("queue_why", 40, "text"),
    ("queue_answer", 12, "own"),
    ("queue_note", 30, "own"),
]
# A mention this probable may be there or not: the default of docs/methods.md.
UNSURE = (0.4, 0.6)


def queue_sheets(summary: Mapping[str, Any]) -> list[Sheet]:
    """Return the sheet of counted reviews that ask for a person; none where there are none.

    Negative reviews stand before the others, then by rising confidence, then as in the file.
    """
    table, words = summary["table"], Words(summary["lang"])
    wanted = zip(table["needs_review"], table["counted"], strict=True)
    rows = [row for row, (needs, counted) in enumerate(wanted) if needs and counted]
    if not rows:
        return []
    blamed, unsure = _facets(summary["mentions"])
    labels, confidence = table["label"], table["confidence"]

    def worth(row: int) -> tuple[bool, float, int]:
        return labels[row] != LABELS[0], confidence[row] if confidence[row] is not None else 1.0, row

    names = words.section("label")
    filled = [
        [
            table["review_id"][row],
            table["text"][row],
            names.get(labels[row], labels[row]),
            confidence[row],
            words.joined(list(blamed.get(row, ()))),
            _why(list(unsure.get(row, ())), words),
        ]
        for row in sorted(rows, key=worth)
    ]
    return [("queue", COLUMNS, filled)]


def _facets(mentions: Mapping[str, Any]) -> tuple[dict[int, dict[str, None]], dict[int, dict[str, None]]]:
    """Return by row of the review: facets blamed, and facets it is unsure of; each once, in order."""
    blamed: dict[int, dict[str, None]] = {}
    unsure: dict[int, dict[str, None]] = {}
    columns = (mentions[name] for name in ("row", "facet_name", "label", "score"))
    for row, name, label, score in zip(*columns, strict=True):
        if label == LABELS[0]:
            blamed.setdefault(row, {})[name] = None
        if UNSURE[0] <= score <= UNSURE[1]:
            unsure.setdefault(row, {})[name] = None
    return blamed, unsure


def _why(unsure: list[str], words: Words) -> str:
    if not unsure:
        return words("queue.whole")
    return words("queue.facets", names=words.joined(unsure))
