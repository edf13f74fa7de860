"""The review queue as a sheet of the workbook: what a person should look at, the least sure first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedback_nlp.insight.mentions import LOW_CONFIDENCE, UNSURE_SCORE
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
    target = summary.get("max_error")

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
            _why(confidence[row], [] if target else list(unsure.get(row, ())), words),
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
        if UNSURE_SCORE[0] <= score <= UNSURE_SCORE[1]:
            unsure.setdefault(row, {})[name] = None
    return blamed, unsure


def _why(confidence: float | None, unsure: list[str], words: Words) -> str:
    """Give every reason. With a target error there are no ``unsure`` facets: the confidence decides alone."""
    reasons = [words("queue.facets", names=words.joined(unsure))] if unsure else []
    if not unsure or (confidence is not None and confidence < LOW_CONFIDENCE):
        reasons.insert(0, words("queue.whole"))
    return words("number.semicolon").join(reasons)
