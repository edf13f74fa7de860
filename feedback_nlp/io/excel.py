"""Workbooks in (XLSX, XLSM, XLSB, XLS, ODS): typed cells, merged headers, the sheet with the feedback."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import python_calamine as calamine

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io import grid, headers
from feedback_nlp.io.excel_errors import uncalculated
from feedback_nlp.io.raw import InputInfo, Raw, as_text, stacked
from feedback_nlp.io.sheet_choice import SHEET_COLUMN, choose
from feedback_nlp.io.source import Source, damaged, empty_file, header_only

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Opening",
    "Sheets",
    "cells",
    "described",
    "merged_down",
    "open_sheets",
    "opened",
    "place",
    "read",
    "row_cells",
    "sheet_rows",
]

Ranges = Sequence[tuple[tuple[int, int], tuple[int, int]]]
# What one merged cell says of all rows beside it; a text or an amount merged so is still one.
_SHARED = frozenset({"time", "channel", "product", "store", "customer", "tier"})
# Excel keeps 15 digits of a number and makes the rest 0.
_DIGITS = 10**15
# An encrypted workbook is an OLE container with these two streams (their names are UTF-16).
_ENCRYPTED = ("EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le"))


@dataclass(frozen=True)
class Opening:
    """A sheet that is read, where its data begin, what was noticed."""

    name: str
    header: grid.Header
    notes: tuple[Bilingual, ...]
    merged: Ranges = ()


@dataclass(frozen=True)
class Sheets:
    """What is read of a workbook: one sheet, or several as one table."""

    openings: tuple[Opening, ...]
    notes: tuple[Bilingual, ...]

    @property
    def names(self) -> list[str]:
        """What the sheets are called."""
        return [opening.name for opening in self.openings]

    @property
    def name(self) -> str:
        """What people call them together."""
        return ", ".join(self.names)

    def all_notes(self) -> tuple[Bilingual, ...]:
        """What was noticed; what is not so of every sheet, with the names of those of which it is."""
        sheets: dict[Bilingual, list[str]] = {}
        for opening in self.openings:
            for note in opening.notes:
                sheets.setdefault(note, []).append(opening.name)
        told = (
            note
            if len(names) == len(self.openings)
            else Bilingual(f"{'、'.join(names)}：{note.zh}", f"{', '.join(names)}: {note.en}")
            for note, names in sheets.items()
        )
        return (*self.notes, *told)

    def marked(self, table: pa.Table, opening: Opening) -> pa.Table:
        """Return rows of a sheet, with its name where several are read."""
        import pyarrow as pa

        if len(self.openings) == 1 or SHEET_COLUMN in table.column_names:
            return table
        names = pa.array([opening.name] * table.num_rows, pa.string())
        return table.append_column(SHEET_COLUMN, names)


def read(source: Source) -> Raw:
    """Read one sheet of a workbook, or several as one table.

    Raises
    ------
    InputError
        If the workbook is protected by a password or damaged, the sheet is not there, or has no rows.
    """
    with opened(source) as book:
        return _read(book, source)


def cells(source: Source) -> dict[str, list[list[Any]]]:
    """Return every sheet of a workbook as rows of cells, in order; the first row is row 1 of the sheet.

    Raises
    ------
    InputError
        If the workbook is protected by a password or damaged.
    """
    with opened(source) as book:
        return {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names
        }


@contextmanager
def opened(source: Source) -> Iterator[calamine.CalamineWorkbook]:
    """Open a workbook, or say why it can't be."""
    if source.is_ole and all(mark in bytes(source.data) for mark in _ENCRYPTED):
        raise _protected(source.name)
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(source.data)) as book:
            yield book
    except calamine.PasswordError as error:
        raise _protected(source.name) from error
    except (calamine.CalamineError, OSError) as error:
        raise damaged(source.name, error) from error


def _read(book: calamine.CalamineWorkbook, source: Source) -> Raw:
    chosen = open_sheets(book, source)
    tables, blank = [], 0
    for opening in chosen.openings:
        rows: list[list[Any]] = book.get_sheet_by_name(opening.name).to_python(skip_empty_area=False)
        rows = list(merged_down(rows, opening))[opening.header.first :]
        width = len(opening.header.names)
        table, _, gaps = grid.fill([row_cells(row, width) for row in rows], opening.header)
        tables.append(chosen.marked(grid.drop_unnamed(table), opening))
        blank += gaps
    table = stacked([table for table in tables if table.num_rows] or tables[:1])
    if table.num_rows == 0:
        raise header_only(place(source.name, chosen.name))
    return Raw(
        table, described(source, chosen, table.num_rows, [*grid.blank_note(blank), *_long_numbers(table)])
    )


def merged_down(rows: Iterable[list[Any]], opening: Opening) -> Iterator[list[Any]]:
    """Yield all rows of a sheet; a shop or a day in a cell merged downwards stands in each of its rows.

    Rows that hold nothing else stay blank.
    """
    shared = {
        place
        for place, name in enumerate(opening.header.names)
        if any(match.role in _SHARED for match in headers.matches(name))
    }
    begins: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in opening.merged:
        if bottom > top >= opening.header.first and left in shared:
            begins.setdefault(top, []).append((left, bottom))
    open_cells: dict[int, tuple[Any, int]] = {}
    for number, row in enumerate(rows):
        open_cells = {left: cell for left, cell in open_cells.items() if cell[1] >= number}
        if open_cells and any(not grid.blank(cell) for cell in row):
            row = [open_cells[left][0] if left in open_cells else cell for left, cell in enumerate(row)]
        open_cells |= {left: (row[left], bottom) for left, bottom in begins.get(number, ())}
        yield row


def _long_numbers(table: pa.Table) -> list[Bilingual]:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [
        name
        for name in table.column_names
        if pa.types.is_integer(table[name].type) and (pc.max(table[name]).as_py() or 0) >= _DIGITS
    ]
    if not names:
        return []
    return [
        Bilingual(
            f"“{'、'.join(names)}”里有超过 15 位的数字：Excel 只存得下 15 位，"
            "不同的号会变成同一个；请导出为文本。",
            f"{', '.join(names)}: numbers of more than 15 digits, of which Excel keeps 15, so that different "
            "ones become the same; export them as text.",
        )
    ]


def described(source: Source, chosen: Sheets, n_rows: int = 0, notes: Sequence[Bilingual] = ()) -> InputInfo:
    """Return where the rows come from, with ``notes`` after those of the opening."""
    row = chosen.openings[0].header.row
    return InputInfo(
        source.name,
        "xlsx" if source.is_zip and source.suffix != ".ods" else source.format,
        sheet=chosen.name,
        header_row=None if row is None else row + 1,
        n_rows=n_rows,
        notes=(*chosen.all_notes(), *notes, *_formulas(source, chosen)),
    )


def _formulas(source: Source, chosen: Sheets) -> list[Bilingual]:
    count = uncalculated(source.path, chosen.names) if source.is_zip and not source.packed else 0
    if not count:
        return []
    return [
        Bilingual(
            f"有 {count} 格是还没算过的公式，当作空；请在 Excel 里打开、另存一次再用。",
            f"{count} cells hold formulas without a value and count as empty: save it in Excel first.",
        )
    ]


def open_sheets(
    book: calamine.CalamineWorkbook, source: Source, widths: Mapping[str, int] | None = None
) -> Sheets:
    """Choose the sheet, or the sheets to be joined, and find the header of each.

    Parameters
    ----------
    book : CalamineWorkbook
    source : Source
    widths : mapping of sheet name to columns, optional
        Where ``book`` holds the first rows only.

    Raises
    ------
    InputError
        If the sheet asked for is not there, or the sheet is empty.
    """
    names, notes = choose(book, source)
    openings = [_open(book, source, name, (widths or {}).get(name, 0)) for name in names]
    return Sheets(tuple(openings), tuple(notes))


def _open(book: calamine.CalamineWorkbook, source: Source, name: str, width: int) -> Opening:
    sheet = book.get_sheet_by_name(name)
    # Formatted rows without a value may come first: look on as long as nothing is filled.
    head: list[list[Any]] = []
    for row in sheet_rows(sheet):
        head.append([*row, *[""] * (width - len(row))])
        if len(head) >= grid.SAMPLE and any(not grid.blank(cell) for row in head for cell in row):
            break
    if not any(not grid.blank(cell) for row in head for cell in row):
        raise empty_file(place(source.name, name))
    merged = sheet.merged_cell_ranges or ()
    header, more = _header(head, merged)
    return Opening(name, header, (*grid.header_notes(header), *more), merged)


def sheet_rows(sheet: calamine.CalamineSheet) -> Iterator[list[Any]]:
    """Yield the rows of a sheet from its very first cell on, one at a time."""
    left = [""] * (sheet.start[1] if sheet.start else 0)
    for row in sheet.iter_rows():
        yield [*left, *row]


def place(path: str, sheet: str) -> str:
    """Return how messages call a sheet."""
    return f"{path} [{sheet}]"


def row_cells(row: Sequence[Any], width: int) -> list[Any]:
    """Whole numbers without their fraction, and nothing for empty cells; Excel knows only floats."""
    cells = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row[:width]]
    return cells + [None] * (width - len(cells))


# --- the header


def _header(rows: list[list[Any]], merged: Ranges) -> tuple[grid.Header, list[Bilingual]]:
    """Find the header; names of two rows are put together where cells are merged."""
    width = max(len(row) for row in rows[: grid.SAMPLE])
    head = _filled_head([_padded(row, width) for row in rows[: grid.SAMPLE]], merged)
    found = grid.find_header(head)
    if found is None:
        names = grid.unique_names([None] * width)
        return grid.Header(None, names, 0), []
    upper, lower = _header_rows(found, merged)
    cells = _together(head, upper, lower)
    names = grid.unique_names(cells)
    return grid.Header(lower, names, lower + 1), grid.name_notes(cells, names)


def _padded(row: Sequence[Any], width: int) -> list[Any]:
    return list(row[:width]) + [""] * (width - len(row))


def _filled_head(rows: list[list[Any]], merged: Ranges) -> list[list[Any]]:
    """Fill merged cells of the head, except those that run across the whole table (titles)."""
    width = len(rows[0])
    filled = [list(row) for row in rows]
    for (top, left), (bottom, right) in merged:
        if top >= min(grid.DEPTH, len(rows)) or right - left + 1 > 0.7 * max(width, 3):
            continue
        for row in range(top, min(bottom, len(rows) - 1) + 1):
            for place in range(left, min(right, width - 1) + 1):
                filled[row][place] = rows[top][left]
    return filled


def _header_rows(found: int, merged: Ranges) -> tuple[int, int]:
    """Rows of the header: those tied to the one found by cells merged downwards."""
    upper = lower = found
    for (top, _), (bottom, _) in merged:
        if top <= found <= bottom < grid.DEPTH:
            upper, lower = min(upper, top), max(lower, bottom)
    if upper == lower == found and any(
        bottom == found - 1 and right > left for (_, left), (bottom, right) in merged
    ):
        upper = found - 1
    return upper, lower


def _together(head: list[list[Any]], upper: int, lower: int) -> list[Any]:
    """The lowest name of each column; with the group above it where it would not be unique."""
    columns = list(zip(*head[upper : lower + 1], strict=True))
    parts = [
        list(dict.fromkeys(text for cell in column if (text := (as_text(cell) or "").strip())))
        for column in columns
    ]
    lowest = [part[-1] if part else "" for part in parts]
    return [
        "/".join(part) if len(part) > 1 and lowest.count(last) > 1 else last
        for part, last in zip(parts, lowest, strict=True)
    ]


def _protected(name: str) -> InputError:
    return InputError(
        Bilingual(f"文件 {name} 有密码保护。", f"The file {name} is protected by a password."),
        Bilingual(
            "请在 Excel 里打开，去掉密码（文件 → 信息 → 保护工作簿）后另存再试。",
            "Open it in Excel, remove the password (File, Info, Protect Workbook) and save it again.",
        ),
    )
