"""The sheet on which people rename, merge, split and pin issues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedback_nlp.report.sheets import Head, Sheet

__all__ = ["KEYS", "edit_sheet"]

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
)
KEYS = ("issue_id", *(key for key, _, style in _COLUMNS if style == "own"))


def edit_sheet(summary: Mapping[str, Any]) -> Sheet:
    """Return the sheet: a row for each issue, with what people fill in left open."""
    rows = [
        [issue[key] if style != "own" else None for key, _, style in _COLUMNS] for issue in summary["issues"]
    ]
    return "edits", list(_COLUMNS), rows
