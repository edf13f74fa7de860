"""Cells of an XLSX file that show an error (#N/A), or a formula nobody has calculated yet.

Readers of values give nothing for such a cell, which in a form means "cleared": what somebody filled in would
be lost without a word. So forms look for them.
"""

from __future__ import annotations

import html
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

__all__ = ["error_cells", "uncalculated"]

# Sheets longer than this, unpacked, are not looked into: it would take longer than reading them.
_LONGEST = 64 << 20

_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^>]*)>")
_LINK = re.compile(r"<Relationship\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_CELL = re.compile(r"<(?:\w+:)?c\b([^>]*[^>/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PART = re.compile(r"<(?:\w+:)?(f|v)\b[^>]*>([^<]*)</")


def error_cells(path: str | Path) -> dict[tuple[str, str], str]:
    """Return what stands in such cells.

    Parameters
    ----------
    path : str or Path
        A workbook; only the ZIP kind (.xlsx, .xlsm) is looked into.

    Returns
    -------
    dict of (sheet, cell) to str
        Such as ``("待复核", "F2")`` to ``"#N/A"``, or to ``"=A1+B1"`` for a formula without a value.
    """
    try:
        with zipfile.ZipFile(path) as book:
            return {
                (sheet, place): shown
                for sheet, part in _sheets(book)
                for place, shown in _shown(book.read(part).decode("utf-8", "replace"))
            }
    except (OSError, KeyError, zipfile.BadZipFile):
        return {}


def uncalculated(path: str | Path, sheets: Collection[str]) -> int:
    """Return in how many cells of sheets there is a formula without a value: some programs write such."""
    try:
        with zipfile.ZipFile(path) as book:
            return sum(
                shown.startswith("=")
                for sheet, part in _sheets(book)
                if sheet in sheets and book.getinfo(part).file_size <= _LONGEST
                for shown in _formulas(book.read(part))
            )
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error):
        return 0


def _formulas(part: bytes) -> Iterator[str]:
    if b"<f" in part or b":f" in part:
        yield from (shown for _, shown in _shown(part.decode("utf-8", "replace")))


def _sheets(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield the name of every sheet and the file it is in."""
    links = {
        found["Id"]: found["Target"]
        for found in _attributes(_LINK, book.read("xl/_rels/workbook.xml.rels").decode("utf-8"))
    }
    for sheet in _attributes(_SHEET, book.read("xl/workbook.xml").decode("utf-8")):
        target = links.get(sheet.get("r:id", ""), "")
        if "worksheets/" in target:
            yield html.unescape(sheet["name"]), f"xl/worksheets/{target.rpartition('/')[2]}"


def _attributes(tag: re.Pattern[str], text: str) -> Iterator[dict[str, str]]:
    return (dict(_ATTRIBUTE.findall(found)) for found in tag.findall(text))


def _shown(text: str) -> Iterator[tuple[str, str]]:
    for head, body in _CELL.findall(text):
        about = dict(_ATTRIBUTE.findall(head))
        parts = {name: html.unescape(value) for name, value in _PART.findall(body)}
        if about.get("t") == "e":
            yield about["r"], parts.get("v") or "#?"
        elif "f" in parts and not parts.get("v") and about.get("t") != "str":
            yield about["r"], f"={parts['f']}"
