"""The sheets of the workbook on alarms, rates and actions: columns and rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedback_nlp.report.sheets import Field, Sheet, cells, laid_out

__all__ = ["monitoring_sheets"]

ALARMS: tuple[Field, ...] = (
    ("alarm_what", 24, "text", "name"),
    ("fired_on", 12, "date", "fired_on"),
    ("since_day", 12, "date", "since"),
    ("direction", 11, "text", "way"),
    ("alarm_share", 10, "percent", "share"),
    ("usual", 10, "percent", "usual"),
    ("alarm_ratio", 8, "number", "ratio"),
    ("alarm_reviews", 8, "count", "n_reviews"),
    ("alarm_base", 8, "count", "base"),
    ("rules", 26, "text", "rule_names"),
    ("alarm_on", 12, "text", "state"),
    ("alarm_text", 70, "text", "text"),
    ("alarm_code", 26, "id", "code"),
)
ACTIONS: tuple[Field, ...] = (
    ("action_issue", 26, "own", "issue_id"),
    ("action_name", 22, "own", "name"),
    ("action_what", 40, "own", "action"),
    ("action_owner", 12, "own", "owner"),
    ("action_date", 12, "own_date", "date"),
    ("action_status", 12, "own", "status"),
    ("action_result", 70, "text", "text"),
)
RATES: tuple[Field, ...] = (
    ("rate_what", 26, "text", "name"),
    ("rate_unit", 20, "text", "unit"),
    ("rate_reviews", 9, "count", "n_reviews"),
    ("rate_base", 12, "count", "exposure"),
    ("per_thousand", 10, "number", "per_thousand"),
    ("rate_low", 10, "number", "low"),
    ("rate_high", 10, "number", "high"),
)
# Empty lines for actions to be written into.
_ROOM = 20


def monitoring_sheets(summary: Mapping[str, Any]) -> list[Sheet]:
    """Return the sheets of alarms and actions, and of rates where there is exposure.

    None where nothing was watched.
    """
    block = summary["monitoring"]
    if block is None:
        return []
    sheets = [
        laid_out("alarms", ALARMS, _alarm_rows(block)),
        laid_out("actions", ACTIONS, _action_rows(block)),
    ]
    if block["rates"]:
        sheets.append(laid_out("rates", RATES, cells(block["rates"]["rows"], RATES)))
    return sheets


def _alarm_rows(block: Mapping[str, Any]) -> list[list[Any]]:
    """Return the alarms, newest first; a line that says why where there is none."""
    rows = cells(block["alarms"]["rows"], ALARMS)
    if rows:
        return rows
    empty: list[Any] = [None] * len(ALARMS)
    empty[[field for *_, field in ALARMS].index("text")] = block["alarms"]["note"]
    return [empty]


def _action_rows(block: Mapping[str, Any]) -> list[list[Any]]:
    """Return the action log and some empty lines to write into."""
    return cells(block["actions"], ACTIONS) + [[None] * len(ACTIONS) for _ in range(_ROOM)]
