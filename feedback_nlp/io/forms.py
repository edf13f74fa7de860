"""Workbooks that a person fills in and this package reads back, whatever Excel did to them in between.

A form has instructions on its first sheet, the rows to fill on the second, the lists behind its drop-downs on
the third. Reading goes by the names of the columns, so that sorting, filtering, hiding, widening, columns
added and rows left out do no harm; every value keeps the cell it came from, for messages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from feedback_nlp.errors import Bilingual, InputError, OutputError
from feedback_nlp.io.excel_errors import error_cells
from feedback_nlp.io.raw import as_text
from feedback_nlp.io.writers import atomic, check_writable

__all__ = ["Field", "Filled", "Highlighted", "at_cell", "read_form", "write_form"]

GUIDE, LISTS = Bilingual("说明", "Guide"), Bilingual("选项", "Lists")
# Rows above the header somebody may have put in.
DEPTH = 20
# A fixed time makes the same rows the same file.
_CREATED = dt.datetime(2026, 1, 1)
_MAX_CELL = 32_767
_BASE: dict[str, Any] = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top", "text_wrap": True}
_LOOKS: dict[str, dict[str, Any]] = {
    "text": _BASE,
    "id": _BASE | {"num_format": "@", "font_color": "#55626F"},
    "own": _BASE | {"num_format": "@", "bg_color": "#FFF8E1", "border": 1, "border_color": "#D8CFA8"},
    "head": _BASE | {"bold": True, "valign": "vcenter", "bg_color": "#E8EEF4", "bottom": 1},
    "lead": _BASE | {"bold": True, "font_color": "#1F5F9E"},
    "title": _BASE | {"bold": True, "font_size": 16, "text_wrap": False},
    "mark": {"font_name": "Microsoft YaHei", "font_size": 10, "bold": True, "font_color": "#B9570F"},
}


@dataclass(frozen=True)
class Field:
    """A column of a form.

    Attributes
    ----------
    key : str
        Its name in code.
    title : Bilingual
        Its header; a form is read back in either language.
    width : float
        In characters.
    style : {"text", "id", "own"}
        ``own`` is what the person fills in.
    choices : str, optional
        Key of the list behind its drop-down.
    hidden : bool
        Kept out of sight; still read.
    needed : bool
        Whether a form without this column can't be read.
    exact : bool
        Whether blanks around the content belong to it.
    """

    key: str
    title: Bilingual
    width: float
    style: str = "text"
    choices: str | None = None
    hidden: bool = False
    needed: bool = True
    exact: bool = False


class Highlighted(NamedTuple):
    """A text in a cell with one part of it set off."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Filled:
    """One row read back.

    Attributes
    ----------
    values : mapping of key to str
        What stands in the cell, without the blanks around it (but of an ``exact`` field); empty for an empty
        cell.
    cells : mapping of key to str
        Where it stands, such as ``待复核!E12``.
    """

    values: Mapping[str, str]
    cells: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.values[key]


def write_form(
    path: str | Path,
    *,
    title: str,
    guide: Sequence[tuple[str, str]],
    sheet: str,
    fields: Sequence[Field],
    rows: Iterable[Mapping[str, Any]],
    lists: Mapping[str, Sequence[tuple[str, str]]],
    lang: str = "zh",
    force: bool = False,
) -> None:
    """Write a form.

    Parameters
    ----------
    path : str or Path
        Ends in ``.xlsx``.
    title : str
        Of the instructions.
    guide : sequence of (lead, text)
        The instructions.
    sheet : str
        Name of the sheet with the rows.
    fields : sequence of Field
    rows : iterable of mappings
        Key to a text, a ``Highlighted`` or nothing; keys without a value are left empty.
    lists : mapping of key to (choice, explanation) pairs
        Behind the drop-downs.
    lang : {"zh", "en"}
    force : bool
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
        If it exists (without ``force``), is no ``.xlsx``, or can't be written.
    """
    import xlsxwriter

    target = Path(path)
    _check_suffix(target)
    check_writable(target, force=force)
    with atomic(target) as temporary:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        book = xlsxwriter.Workbook(str(temporary), options)
        book.set_properties({"created": _CREATED})
        looks = {name: book.add_format(look) for name, look in _LOOKS.items()}
        _write_guide(book.add_worksheet(GUIDE.in_(lang)), title, guide, looks)
        table = book.add_worksheet(sheet)
        places = _write_lists(book.add_worksheet(LISTS.in_(lang)), lists, looks)
        n_rows = _write_rows(table, fields, rows, looks, lang)
        _add_choices(table, fields, places, n_rows, LISTS.in_(lang))
        _close(book)


def _check_suffix(target: Path) -> None:
    if target.suffix.lower() != ".xlsx":
        raise OutputError(
            Bilingual(f"{target} 的后缀不是 .xlsx。", f"{target} does not end in .xlsx."),
            Bilingual("给一个 .xlsx 文件名。", "Give a file name that ends in .xlsx."),
        )


def _close(book: Any) -> None:
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _write_guide(sheet: Any, title: str, guide: Sequence[tuple[str, str]], looks: Mapping[str, Any]) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, title, looks["title"])
    for row, (lead, text) in enumerate(guide, 2):
        sheet.write_string(row, 0, lead, looks["lead"])
        sheet.write_string(row, 1, text, looks["text"])


def _write_lists(
    sheet: Any, lists: Mapping[str, Sequence[tuple[str, str]]], looks: Mapping[str, Any]
) -> dict[str, tuple[int, int]]:
    """Write each list into two columns; return (column, number of choices) by key."""
    places = {}
    for place, (key, choices) in enumerate(lists.items()):
        column = place * 2
        sheet.set_column(column, column, 22)
        sheet.set_column(column + 1, column + 1, 60)
        for row, (choice, explanation) in enumerate(choices):
            sheet.write_string(row, column, choice, looks["text"])
            sheet.write_string(row, column + 1, explanation, looks["text"])
        places[key] = (column, len(choices))
    return places


def _write_rows(
    sheet: Any,
    fields: Sequence[Field],
    rows: Iterable[Mapping[str, Any]],
    looks: Mapping[str, Any],
    lang: str,
) -> int:
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 32)
    for place, field in enumerate(fields):
        sheet.set_column(place, place, field.width, None, {"hidden": field.hidden})
        sheet.write_string(0, place, field.title.in_(lang), looks["head"])
    number = 0
    for number, values in enumerate(rows, 1):
        for place, field in enumerate(fields):
            _write_cell(sheet, number, place, values.get(field.key), looks[field.style], looks["mark"])
    sheet.autofilter(0, 0, max(number, 1), len(fields) - 1)
    return number


def _write_cell(sheet: Any, row: int, place: int, value: Any, look: Any, mark: Any) -> None:
    if isinstance(value, Highlighted):
        _write_highlighted(sheet, row, place, value, look, mark)
    elif value:
        sheet.write_string(row, place, str(value)[:_MAX_CELL], look)
    else:
        sheet.write_blank(row, place, None, look)


def _write_highlighted(sheet: Any, row: int, place: int, value: Highlighted, look: Any, mark: Any) -> None:
    text, start, end = value
    parts = [text[:start], mark, text[start:end], text[end:]]
    runs = [part for part in parts if part]
    # Rich text takes at least two strings; a text that is all highlight, or too long for a cell, is plain.
    if len(runs) < 3 or len(text.encode("utf-16-le")) // 2 > _MAX_CELL:
        sheet.write_string(row, place, text[: _MAX_CELL // 2], look)
    else:
        sheet.write_rich_string(row, place, *runs, look)


def _add_choices(
    sheet: Any, fields: Sequence[Field], places: Mapping[str, tuple[int, int]], n_rows: int, lists: str
) -> None:
    from xlsxwriter.utility import xl_col_to_name

    for place, field in enumerate(fields):
        if field.choices is None or not n_rows:
            continue
        column, count = places[field.choices]
        name = xl_col_to_name(column, col_abs=True)
        rule = {
            "validate": "list",
            "source": f"='{lists}'!{name}$1:{name}${count}",
            # A warning, not a wall: what is typed is checked again when it is read.
            "error_type": "warning",
        }
        sheet.data_validation(1, place, n_rows, place, rule)


def read_form(path: str | Path, fields: Sequence[Field], *, sheet: str | None = None) -> list[Filled]:
    """Read the filled rows of a form, in the order they stand in; rows with no needed cell are left out.

    Parameters
    ----------
    path : str or Path
    fields : sequence of Field
        Columns looked for by their titles, in either language; one that is not ``needed`` may be missing.
    sheet : str, optional
        The sheet to read; the one that has the columns when not given.

    Raises
    ------
    InputError
        If the file can't be read, no sheet has the columns or several do, or a column stands twice.
    """
    from feedback_nlp.io.readers import read_cells

    sheets = read_cells(path)
    if sheet is not None and sheet not in sheets:
        raise InputError(
            Bilingual(f"{path} 里没有工作表“{sheet}”。", f"{path} has no sheet '{sheet}'."),
            Bilingual(f"现有：{'、'.join(sheets)}。", f"There are: {', '.join(sheets)}."),
        )
    found = {name: _header(rows, fields) for name, rows in sheets.items() if sheet in (None, name)}
    whole = [name for name, head in found.items() if not head.missing(fields)]
    if len(whole) > 1:
        raise _several(path, whole)
    name, head = max(found.items(), key=lambda item: len(item[1].columns))
    missing = head.missing(fields)
    if missing:
        # With most of its columns gone it is another sheet, not one with a column deleted.
        if len(missing) * 2 > sum(field.needed for field in fields):
            raise _another(path, sheet, list(sheets))
        raise _missing(path, name, head.row, missing)
    _check_once(path, name, head, fields)
    return _filled(sheets[name], name, head, fields, error_cells(path))


@dataclass(frozen=True)
class _Head:
    """The header: its row from 0, where each field stands, and where any of them stands again."""

    row: int
    columns: Mapping[str, int]
    again: Mapping[str, int]

    def missing(self, fields: Sequence[Field]) -> list[Field]:
        """Return the needed fields without a column."""
        return [field for field in fields if field.needed and field.key not in self.columns]


def _header(rows: Sequence[Sequence[Any]], fields: Sequence[Field]) -> _Head:
    """Return the row with most of the titles, and the column of each."""
    titles = {title.strip(): field.key for field in fields for title in field.title}
    best = _Head(0, {}, {})
    for number, row in enumerate(rows[:DEPTH]):
        places: dict[str, int] = {}
        again: dict[str, int] = {}
        for place, cell in enumerate(row):
            key = titles.get(cell.strip()) if isinstance(cell, str) else None
            if key is not None and places.setdefault(key, place) != place:
                again.setdefault(key, place)
        if len(places) > len(best.columns):
            best = _Head(number, places, again)
    return best


def _check_once(path: str | Path, sheet: str, head: _Head, fields: Sequence[Field]) -> None:
    """Raise where a column that is read stands twice: nobody knows which of them was filled in."""
    for field in fields:
        if field.key in head.again and (field.needed or field.choices):
            first, second = (
                f"{_letters(places[field.key])}{head.row + 1}" for places in (head.columns, head.again)
            )
            raise at_cell(
                path,
                f"{sheet}!{second}",
                Bilingual(
                    f"“{field.title.zh}”已在 {first}。", f"'{field.title.en}' stands in {first} already."
                ),
                Bilingual(
                    "只留一列：删掉多的，或改它的表头。",
                    "Keep one: delete the other, or give it another title.",
                ),
            )


def _several(path: str | Path, sheets: Sequence[str]) -> InputError:
    return InputError(
        Bilingual(
            f"{path} 里有 {len(sheets)} 张表都是导出的样子：{'、'.join(sheets)}。",
            f"{len(sheets)} sheets of {path} look like the exported one: {', '.join(sheets)}.",
        ),
        Bilingual("用 --sheet 指明读哪一张，或删掉多的。", "Choose one with --sheet, or delete the others."),
    )


def _another(path: str | Path, sheet: str | None, sheets: Sequence[str]) -> InputError:
    if sheet is not None:
        others = [name for name in sheets if name != sheet]
        return InputError(
            Bilingual(
                f"{path} 的工作表“{sheet}”不是导出的那一张。",
                f"Sheet '{sheet}' of {path} isn't the exported one.",
            ),
            Bilingual(
                f"去掉 --sheet，或换一张：{'、'.join(others)}。",
                f"Drop --sheet, or take: {', '.join(others)}.",
            ),
        )
    return InputError(
        Bilingual(
            f"{path} 里没有一张表是导出的样子（工作表：{'、'.join(sheets)}）。",
            f"No sheet of {path} looks like the exported one (sheets: {', '.join(sheets)}).",
        ),
        Bilingual(
            "给 export 或 sample 写出、填过的那个文件；它的表头那一行要留着。",
            "Give the file that export or sample wrote, filled in, with its row of titles.",
        ),
    )


def _missing(path: str | Path, sheet: str, row: int, missing: Sequence[Field]) -> InputError:
    zh, en = ("、".join(field.title.in_(lang) for field in missing) for lang in ("zh", "en"))
    return InputError(
        Bilingual(
            f"{path} 的工作表“{sheet}”第 {row + 1} 行缺少列：{zh}。",
            f"Row {row + 1} of sheet '{sheet}' of {path} lacks the columns: {en}.",
        ),
        Bilingual(
            "撤销删除或改名（也可以从原文件把这一列粘回来）；别的列可以随意加。",
            "Undo the deletion or renaming (or paste the column back from the original file).",
        ),
    )


def _filled(
    rows: Sequence[Sequence[Any]],
    sheet: str,
    head: _Head,
    fields: Sequence[Field],
    errors: Mapping[tuple[str, str], str],
) -> list[Filled]:
    result = []
    columns = head.columns
    for number, row in enumerate(rows[head.row + 1 :], head.row + 2):
        values = {}
        for field in fields:
            place = columns.get(field.key)
            cell = row[place] if place is not None and place < len(row) else None
            text = as_text(cell) or ""
            if not text and place is not None:
                text = errors.get((sheet, f"{_letters(place)}{number}"), "")
            values[field.key] = text if field.exact else text.strip()
        if any(values[field.key].strip() for field in fields if field.needed):
            cells = {key: f"{sheet}!{_letters(place)}{number}" for key, place in columns.items()}
            result.append(Filled(values, cells))
    return result


def _letters(place: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(place))


def at_cell(
    path: str | Path, cell: str, fact: Bilingual, hint: Bilingual, more: Sequence[str] = ()
) -> InputError:
    """Return the error about one cell; ``more`` are the cells of further errors, which are counted."""
    others_zh = f"另有 {len(more)} 处：{'、'.join(more[:5])}{'……' if len(more) > 5 else ''}。" if more else ""
    others_en = f" {len(more)} more: {', '.join(more[:5])}{' …' if len(more) > 5 else ''}." if more else ""
    where = Path(path).name
    return InputError(
        Bilingual(f"{where} 的 {cell}：{fact.zh}{others_zh}", f"{where}, {cell}: {fact.en}{others_en}"), hint
    )
