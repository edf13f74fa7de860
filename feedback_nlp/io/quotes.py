"""Quotation marks that are opened and never closed: they would swallow the rows below them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["open_end", "reread", "row_shapes", "swallowed"]

Row = Sequence[str | None]
_DIGITS = re.compile(r"\d+")
_MOST_LINES = 2_000
_END = "\ue000end"


def _shape(cell: str) -> str:
    return _DIGITS.sub("0", cell.strip())


def row_shapes(rows: Iterable[Row], width: int) -> set[str]:
    """Return the shapes of first cells with digits, all digits made alike: ``WD0``, ``0``, ``0-0-0``."""
    firsts = [row[0] for row in rows if len(row) == width and row[0] and "\n" not in row[0]]
    return {_shape(first) for first in firsts if first and _DIGITS.search(first)}


def _is_row(line: str, delimiter: str, width: int, shapes: set[str]) -> bool:
    """Whether a line is a whole record by itself, its first cell like other first cells."""
    if width < 2 or line.count('"') % 2:
        return False
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return len(cells) == width and _shape(cells[0]) in shapes


def swallowed(rows: Iterable[Row], delimiter: str, width: int, shapes: set[str]) -> bool:
    """Return whether some cell holds lines that are records of the table."""
    return any(
        _is_row(line, delimiter, width, shapes)
        for row in rows
        for cell in row
        if cell and "\n" in cell
        for line in cell.splitlines()[1:]
    )


def open_end(row: Row, data: pa.Buffer) -> bool:
    """Return whether a cell of the last record runs to the end of the data: its mark is never closed."""
    tail = bytes(data.slice(max(0, data.size - 64))).rstrip(b"\r\n")
    ends = [cell.rstrip("\r\n").encode()[-8:] for cell in row if cell and "\n" in cell]
    return not tail.endswith(b'"') and any(end and tail.endswith(end) for end in ends)


def reread(text: str, delimiter: str, width: int, shapes: set[str]) -> tuple[list[list[str]], list[int]]:
    """Return the records; a mark that would take in whole records is read as a plain character.

    Returns
    -------
    rows : list of list of str
    stray : list of int
        Indices of the records with such a mark.
    """
    lines = list(io.StringIO(text, newline=""))
    rows: list[list[str]] = []
    stray: list[int] = []
    start = 0
    while start < len(lines):
        end = _record_end(lines, start, delimiter, width, shapes)
        if end is None:
            stray.append(len(rows))
            rows.extend(_plainly(lines[start], delimiter))
            start += 1
        else:
            rows.extend(csv.reader(lines[start:end], delimiter=delimiter))
            start = end
    return rows, stray


def _plainly(line: str, delimiter: str) -> list[list[str]]:
    """Cut a line at every delimiter; cells within marks of their own lose these."""
    return [
        [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]
        for cells in csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE)
    ]


def _record_end(lines: Sequence[str], start: int, delimiter: str, width: int, shapes: set[str]) -> int | None:
    """Return the index after the last line of the record at ``start``, None if it never closes."""
    end = start + 1
    while not _closed(lines[start:end], delimiter):
        if end - start > _MOST_LINES or end == len(lines) or _is_row(lines[end], delimiter, width, shapes):
            return None
        end += 1
    return end


def _closed(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a line put after these would be a record of its own."""
    if not any('"' in line for line in lines):
        return True
    *_, last = csv.reader([*lines, _END], delimiter=delimiter)
    return last == [_END]
