"""The sheet on which people rename, merge, split and pin issues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedback_nlp.report.sheets import HIDDEN, Head, Sheet

__all__ = ["KEYS", "NAME_WAS", "edit_sheet"]

NAME_WAS = "edit_was"
# Key, width and format of each column; "own" ones are filled in by people.
_COLUMNS: tuple[Head, ...] = (
    ("issue_id", 30, "id"),
    ("name", 24, "text"),
    ("facet_name", 16, "text"),
    ("n_reviews", 8, "count"),
    ("edit_name", 24, "own"),
    ("edit_merge", 28, "own"),
    ("edit_pin", 10, "own"),
    ("edit_split", 24, "own"),
    ("edit_terms", 30, "own"),
    # So that a name written over is known as a new one.
    (NAME_WAS, 24, HIDDEN),
)
KEYS = ("issue_id", *(key for key, _, style in _COLUMNS if style == "own"))


def edit_sheet(summary: Mapping[str, Any]) -> Sheet:
    """Return the sheet: a row for each issue, with what people fill in left open."""
    rows = [
        [None if style == "own" else issue["name" if key == NAME_WAS else key] for key, _, style in _COLUMNS]
        for issue in summary["issues"]
    ]
    return "edits", list(_COLUMNS), rows
