"""CSV, TSV and text tables: encoding, delimiter and header are found out; no cell is parsed as a number."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io import grid, quotes
from feedback_nlp.io.encodings import to_utf8
from feedback_nlp.io.ragged import mend, ragged_notes
from feedback_nlp.io.raw import InputInfo, Raw, filled_rows, listed
from feedback_nlp.io.source import Source, empty_file, header_only

__all__ = ["Layout", "Parsed", "opening", "parse", "read"]

# The csv module of Python 3.10 refuses NUL; this private character stands for it there.
_NUL = "\ue0f0"
# Rows from which the usual shape of the first cells is learnt.
_REGULAR = 500
DELIMITERS = (",", "\t", ";", "|")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|table|meta|\?xml)\b", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read(source: Source) -> Raw:
    """Read a text table.

    Raises
    ------
    InputError
        If the file is empty, has only a header, or is not text.
    """
    decoded = to_utf8(source.data, source.name)
    layout = opening(decoded.head(), source)
    parsed = parse(decoded.data.slice(layout.offset), layout)
    table = grid.drop_unnamed(parsed.table)
    if table.num_rows == 0:
        raise header_only(source.name)
    header_row = None if layout.header.row is None else layout.header.row + 1
    info = InputInfo(
        source.name,
        source.format,
        encoding=decoded.encoding,
        header_row=header_row,
        n_rows=table.num_rows,
        notes=(*decoded.notes, *grid.header_notes(layout.header), *layout.notes, *parsed.notes()),
    )
    return Raw(table, info)


def opening(head: str, source: Source) -> Layout:
    """Find out from the beginning of a text table how it is laid out.

    Parameters
    ----------
    head : str
        The beginning, ending with a whole line where there is one.
    source : Source
        For its name and suffix.

    Raises
    ------
    InputError
        If it is empty or a web page.
    """
    head = head.replace("\0", _NUL)
    if not head.strip("\ufeff \t\r\n"):
        raise empty_file(source.name)
    if _MARKUP.match(head):
        raise _web_page(source.name)
    start = 0
    stated = _SEPARATOR_LINE.match(head)
    if stated:
        start, head = len(stated.group().encode()), head[stated.end() :]
    delimiter = stated.group(1) if stated else sniff(head, source.suffix)
    layout = _layout(head, delimiter, expected=source.suffix != ".txt")
    return replace(layout, offset=start + layout.offset)


def _web_page(name: str) -> InputError:
    return InputError(
        Bilingual(
            f"文件 {name} 的内容是网页（HTML/XML），不是表格。",
            f"The content of {name} is HTML or XML, not a table.",
        ),
        Bilingual("在 Excel 里打开，另存为 XLSX 再试。", "Open it in Excel and save it as XLSX."),
    )


def sniff(head: str, suffix: str = ".csv") -> str:
    """Return the delimiter that cuts the most rows to the same width of two or more."""
    best = ("\t" if suffix == ".tsv" else ",", 0.0)
    for delimiter in DELIMITERS:
        with _long_fields():
            widths = [len(cells) for cells, _ in _records(head, delimiter, most=200) if any(cells)]
        common = Counter(width for width in widths if width > 1).most_common(1)
        if not common:
            continue
        width, count = common[0]
        agreement = count / len(widths) + 0.001 * min(width, 50)
        if agreement > best[1]:
            best = (delimiter, agreement)
    return best[0] if best[1] >= 0.3 or suffix != ".txt" else "\t"


def _records(text: str, delimiter: str, *, most: int) -> list[tuple[list[str], int]]:
    """Return the first records, each with the number of lines read when it ended."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [(cells, reader.line_num) for cells in islice(reader, most)]


@dataclass(frozen=True)
class Layout:
    """How cells are told apart, what the columns are called, how many bytes stand before the data."""

    delimiter: str
    header: grid.Header
    offset: int = 0
    notes: tuple[Bilingual, ...] = ()


def _layout(head: str, delimiter: str, *, expected: bool) -> Layout:
    with _long_fields():
        sample = _records(head, delimiter, most=grid.SAMPLE)
    rows = [cells for cells, _ in sample]
    found = grid.find_header(rows, expected=expected)
    if found is None:
        width = max((len(cells) for cells in rows), default=1)
        names = ("text",) if width == 1 else grid.unique_names([""] * width)
        return Layout(delimiter, grid.Header(None, names, 0))
    lines = io.StringIO(head, newline="").readlines()
    offset = sum(len(line.replace(_NUL, "\0").encode()) for line in lines[: sample[found][1]])
    names = grid.unique_names(rows[found])
    notes = tuple(grid.name_notes(rows[found], names))
    return Layout(delimiter, grid.Header(found, names, found + 1), offset, notes)


@dataclass(frozen=True)
class Parsed:
    """Records of a text table, and what had to be done to tell their cells apart.

    Attributes
    ----------
    table : pyarrow.Table
        Without blank rows.
    n_records : int
        Blank ones included.
    kept : tuple of int, or None
        Indices of its rows among the records; None where no row is blank.
    blank : int
        How many rows are left out.
    short, long, joined, stray : tuple of int
        Indices of records with too few cells, with too many, with bare delimiters in the text (joined
        again), and with a quotation mark that is never closed.
    first_row : int
        Number of the first record in the file, for the notes.
    """

    table: pa.Table
    n_records: int
    kept: tuple[int, ...] | None = None
    blank: int = 0
    short: tuple[int, ...] = ()
    long: tuple[int, ...] = ()
    joined: tuple[int, ...] = ()
    stray: tuple[int, ...] = ()
    first_row: int = 1

    def notes(self) -> list[Bilingual]:
        """Return what a careful person would want to know."""
        stray, short, joined, long = (
            [index + self.first_row for index in found]
            for found in (self.stray, self.short, self.joined, self.long)
        )
        return [*_stray_note(stray), *ragged_notes(short, joined, long), *grid.blank_note(self.blank)]


def parse(body: pa.Buffer, layout: Layout) -> Parsed:
    """Read records with Arrow; where that fails or a quotation mark swallowed rows, with the csv module.

    Parameters
    ----------
    body : pyarrow.Buffer
        Whole records in UTF-8, the header not among them.
    layout : Layout
    """
    try:
        table = _arrow(body, layout)
    except pa.ArrowInvalid:
        return _slow(body, layout)
    if _swallowed(table, layout, body):
        return _slow(body, layout)
    filled = filled_rows(table)
    if filled is None:
        return Parsed(table, table.num_rows)
    kept = pc.indices_nonzero(filled).to_pylist()
    return Parsed(table.filter(filled), table.num_rows, tuple(kept), table.num_rows - len(kept))


def _arrow(body: pa.Buffer, layout: Layout) -> pa.Table:
    names = layout.header.names
    # Without names (a file of line breaks) Arrow would take the first row for them.
    if body.size == 0 or not names:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa_csv.read_csv(
        pa.BufferReader(body),
        read_options=pa_csv.ReadOptions(column_names=list(names), block_size=1 << 24),
        parse_options=pa_csv.ParseOptions(
            delimiter=layout.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=_white_space_only,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
        ),
    )


def _white_space_only(row: Any) -> str:
    return "error" if row.text.strip() else "skip"


def _swallowed(table: pa.Table, layout: Layout, body: pa.Buffer) -> bool:
    """Whether a quotation mark that is never closed took in rows, or the rest of the file."""
    if not any(pc.any(pc.match_substring(cells, "\n")).as_py() for cells in table.columns):
        return False
    width = table.num_columns
    shapes = quotes.row_shapes(_cells(table.slice(0, _REGULAR)), width)
    broken = table.filter(reduce(pc.or_kleene, (pc.match_substring(cells, "\n") for cells in table.columns)))
    if quotes.swallowed(_cells(broken), layout.delimiter, width, shapes):
        return True
    return quotes.open_end(_cells(table.slice(table.num_rows - 1))[0], body)


def _cells(table: pa.Table) -> list[tuple[str | None, ...]]:
    return list(zip(*(cells.to_pylist() for cells in table.columns), strict=True))


def _slow(body: pa.Buffer, layout: Layout) -> Parsed:
    names = layout.header.names
    with _long_fields():
        rows, stray = _all_records(body, layout)
    mended = mend(rows, names, layout.delimiter)
    header = replace(layout.header, names=(*names, *mended.extra_names))
    table, kept, blank = grid.fill(mended.rows, header)
    return Parsed(
        table,
        len(rows),
        tuple(kept),
        blank,
        mended.short,
        mended.long,
        mended.joined,
        tuple(stray),
        layout.header.first + 1,
    )


def _all_records(body: pa.Buffer, layout: Layout) -> tuple[list[list[str]], list[int]]:
    """Return all records, and the indices of those with a quotation mark that is never closed."""
    plain = bytes(body).decode("utf-8")
    text = plain.replace("\0", _NUL)
    width = len(layout.header.names)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter))
    stray: list[int] = []
    shapes = quotes.row_shapes(rows[:_REGULAR], width)
    if quotes.open_end(rows[-1], body) or quotes.swallowed(rows, layout.delimiter, width, shapes):
        rows, stray = quotes.reread(text, layout.delimiter, width, shapes)
    if text is not plain:
        rows = [[cell.replace(_NUL, "\0") for cell in cells] for cells in rows]
    return rows, stray


def _stray_note(rows: list[int]) -> list[Bilingual]:
    if not rows:
        return []
    return [
        Bilingual(
            f"{len(rows)} 行有没配对的引号，按普通字符读（第 {listed(rows)} 行）。",
            f"{len(rows)} rows have a quotation mark never closed; read as it is (rows {listed(rows)}).",
        )
    ]


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the csv module take cells of any length, for a while: its limit is global."""
    before = csv.field_size_limit((1 << 31) - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)
