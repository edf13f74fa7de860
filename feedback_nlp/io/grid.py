"""Rows of cells to a table: find the header among title rows, name the columns, drop blank rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pyarrow as pa

from feedback_nlp.errors import Bilingual
from feedback_nlp.io import headers
from feedback_nlp.io.raw import as_text, column

__all__ = [
    "Header",
    "blank",
    "blank_note",
    "build",
    "drop_unnamed",
    "fill",
    "find_header",
    "header_notes",
    "like_value",
    "name_notes",
    "unique_names",
    "unnamed",
]

Row = Sequence[Any]
# Title rows above a header: how far down it is looked for, and how many rows are looked at to know the width.
DEPTH = 20
SAMPLE = 60
_VALUE = re.compile(r"[-+]?[\d.,:/年月日时分秒\s-]*\d[\d.,:/年月日时分秒\s%-]*\Z")
_SENTENCE = re.compile(r"[。！!；;，…~～]|\.\s|[?？].")
# Words of a judgement: what holds one is an answer, not the name of a column, unless a synonym says so.
_JUDGEMENT = re.compile(r"了(?!解)|很|太(?!原)|真(?!实)|没|不(?![良足])|有点")
_NAME_LENGTH = 40


@dataclass(frozen=True)
class Header:
    """Where the header is.

    Attributes
    ----------
    row : int or None
        Index of the (last) header row; None where there is none.
    names : tuple of str
        One unique name per column.
    first : int
        Index of the first row of data.
    """

    row: int | None
    names: tuple[str, ...]
    first: int


def blank(cell: Any) -> bool:
    """Return whether a cell holds nothing but white space."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def like_value(cell: str) -> bool:
    """Return whether a text is a number, a date or a time by its characters."""
    text = cell.strip()
    return len(text) <= _NAME_LENGTH and bool(_VALUE.match(text))


def drop_unnamed(table: pa.Table) -> pa.Table:
    """Return the table without columns that have neither a name of their own nor a value."""
    empty = {name for name in unnamed(table.column_names) if table[name].null_count == table.num_rows}
    return table.select([name for name in table.column_names if name not in empty])


def unnamed(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are called after their position, for want of a name."""
    return tuple(name for position, name in enumerate(names, start=1) if name == f"列{position}")


def _filled(row: Row) -> list[Any]:
    return [cell for cell in row if not blank(cell)]


def _like_name(cell: Any) -> bool:
    """Whether a cell could name a column: short text, neither number nor date nor sentence."""
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    if headers.matches(text):
        return True
    if len(text) > _NAME_LENGTH or like_value(text):
        return False
    return not _SENTENCE.search(text) and not _JUDGEMENT.search(text)


def _known(cells: Sequence[Any]) -> float:
    """How many different roles the cells name; a header that only contains a synonym counts less."""
    best: dict[str, float] = {}
    for cell in cells:
        if isinstance(cell, str):
            for match in headers.matches(cell.strip()):
                best[match.role] = max(best.get(match.role, 0.0), 1.0 if match.exact else 0.4)
    return sum(best.values())


def _score(row: Row, width: float) -> float:
    cells = _filled(row)
    if not cells:
        return -9.0
    named = sum(_like_name(cell) for cell in cells) / len(cells)
    distinct = len({as_text(cell) for cell in cells}) / len(cells)
    return 3 * _known(cells) + 2 * min(len(cells) / width, 1.0) + distinct - 4 * (1 - named)


def find_header(rows: Sequence[Row], *, expected: bool = True) -> int | None:
    """Return the index of the header row among the first rows, or None if the file seems to have none.

    Parameters
    ----------
    rows : sequence of rows
        The beginning of the file.
    expected : bool
        Whether a file of this kind normally has a header (a spreadsheet does, a list of texts does not).
    """
    sample = rows[:SAMPLE]
    widths = [len(_filled(row)) for row in sample if _filled(row)]
    if not widths:
        return None
    width = max(1.0, median(widths))
    scores = [_score(row, width) for row in sample[:DEPTH]]
    best = scores.index(max(scores))
    cells = _filled(sample[best])
    if width == 1 and len(cells) == 1:
        return _single_header(sample, expected=expected)
    if _known(cells) >= 1:
        return best
    # Names that say nothing to us make a header only where nothing but narrower titles stands above them.
    named = all(_like_name(cell) for cell in cells) and len(cells) >= 0.6 * width
    return best if named and all(len(_filled(row)) < len(cells) for row in sample[:best]) else None


def _single_header(rows: Sequence[Row], *, expected: bool) -> int | None:
    """One column: a known name anywhere near the top, else the first line if it can be a name at all."""
    tops = [(index, _filled(row)) for index, row in enumerate(rows[:DEPTH]) if _filled(row)]
    for index, cells in tops[:5]:
        if len(cells) == 1 and _known(cells) >= 1:
            return index
    index, cells = tops[0]
    return index if expected and _like_name(cells[0]) else None


def unique_names(cells: Sequence[Any]) -> tuple[str, ...]:
    """Return a name per column: ``列3`` for an empty one, ``名 (2)`` for a repeated one."""
    taken: Counter[str] = Counter()
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        base = " ".join((as_text(cell) or "").replace("\ufeff", "").split()) or f"列{position}"
        name = base
        while name in names:
            taken[base] += 1
            name = f"{base} ({taken[base] + 1})"
        names.append(name)
    return tuple(names)


def name_notes(cells: Sequence[Any], names: Sequence[str]) -> list[Bilingual]:
    """Return a note where column names had to be changed."""
    changed = [
        name
        for cell, name in zip(cells, names, strict=True)
        if (as_text(cell) or "").strip()
        and name.endswith(")")
        and not (as_text(cell) or "").rstrip().endswith(")")
    ]
    if not changed:
        return []
    shown = "、".join(changed[:5])
    return [
        Bilingual(
            f"表头有重名，改为：{shown}。",
            f"Repeated column names were made unique: {', '.join(changed[:5])}.",
        )
    ]


def header_notes(header: Header) -> list[Bilingual]:
    """Return notes on title rows skipped or a header that is not there."""
    if header.row is None:
        shown = "、".join(header.names[:5])
        return [
            Bilingual(
                f"没有表头，列名用 {shown}。",
                f"No header row; columns are called {', '.join(header.names[:5])}.",
            )
        ]
    if header.row > 0:
        return [
            Bilingual(
                f"表头在第 {header.row + 1} 行，上面的标题行不算数据。",
                f"The header is row {header.row + 1}; the rows above it are not data.",
            )
        ]
    return []


def blank_note(count: int) -> list[Bilingual]:
    """Return a note on blank rows left out."""
    if not count:
        return []
    return [Bilingual(f"跳过空行 {count} 行。", f"{count} blank rows were skipped.")]


def build(rows: Sequence[Row], header: Header) -> tuple[pa.Table, list[Bilingual]]:
    """Return rows (all of the header's width) as a table without blank rows and unnamed empty columns."""
    table, _, blank = fill(rows, header)
    return drop_unnamed(table), blank_note(blank)


def fill(rows: Sequence[Row], header: Header) -> tuple[pa.Table, list[int], int]:
    """Return rows (all of the header's width) as a table without blank rows.

    Returns
    -------
    table : pyarrow.Table
    kept : list of int
        Indices of its rows.
    blank : int
        Number of blank rows above the last one kept: those below are formatting, not gaps.
    """
    kept = [index for index, row in enumerate(rows) if any(not blank(cell) for cell in row)]
    data = [rows[index] for index in kept]
    columns = [[None if cell == "" else cell for cell in cells] for cells in zip(*data, strict=True)]
    if not data:
        columns = [[] for _ in header.names]
    table = pa.table({name: column(cells) for name, cells in zip(header.names, columns, strict=True)})
    return table, kept, (kept[-1] + 1 if kept else 0) - len(kept)
