"""Sheets of the workbook as its modules give them: ``…_sheets`` makes them of ``report.summary.build``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["HIDDEN", "MARK", "Field", "Head", "Sheet", "cells", "laid_out"]

# Keyword of a document that says who made it.
MARK = "feedback-nlp"
# Format of a column that is for the program only.
HIDDEN = "hidden"
# Key of the header, width in characters, format name.
Head = tuple[str, float, str]
# Key of the sheet's name, its columns, its rows.
Sheet = tuple[str, list[Head], list[list[Any]]]
# A header, and the field of a row that stands below it: "" where people write.
Field = tuple[str, float, str, str]


def laid_out(key: str, fields: Sequence[Field], rows: list[list[Any]]) -> Sheet:
    """Return a sheet whose columns are those of ``fields``."""
    return key, [field[:3] for field in fields], rows


def cells(rows: Sequence[Mapping[str, Any]], fields: Sequence[Field]) -> list[list[Any]]:
    """Return what stands in the cells of each row."""
    return [[row[name] if name else None for *_, name in fields] for row in rows]
