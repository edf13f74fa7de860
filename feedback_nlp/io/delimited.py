"""CSV, TSV and text tables: encoding, delimiter and header are found out; no cell is parsed as a number."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io import grid
from feedback_nlp.io.encodings import to_utf8
from feedback_nlp.io.ragged import mend
from feedback_nlp.io.raw import InputInfo, Raw, drop_blank
from feedback_nlp.io.source import Source, empty_file, header_only

__all__ = ["read"]

DELIMITERS = (",", "\t", ";", "|")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|table|meta|\?xml)\b", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_UNBALANCED = Bilingual(
    "有引号没有配对，引号按普通字符读。",
    "A quotation mark is never closed; quotation marks were read as plain characters.",
)


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text table are told apart."""

    delimiter: str
    quoted: bool = True

    def rows(self, text: str) -> Iterator[tuple[list[str], int]]:
        """Yield the cells of each record and the number of lines read so far."""
        lines = io.StringIO(text, newline="")
        if self.quoted:
            reader = csv.reader(lines, delimiter=self.delimiter)
        else:
            reader = csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        for cells in reader:
            yield cells, reader.line_num


def read(source: Source) -> Raw:
    """Read a text table.

    Raises
    ------
    InputError
        If the file is empty, has only a header, or is not text.
    """
    decoded = to_utf8(source.data, source.name)
    head = decoded.head()
    if not head.strip("\ufeff \t\r\n"):
        raise empty_file(source.name)
    if _MARKUP.match(head):
        raise _web_page(source.name)
    start = 0
    stated = _SEPARATOR_LINE.match(head)
    if stated:
        start, head = len(stated.group().encode()), head[stated.end() :]
    dialect = Dialect(stated.group(1) if stated else sniff(head, source.suffix))
    layout = _layout(head, dialect, expected=source.suffix != ".txt")
    data = decoded.data.slice(start)
    table, notes = _table(data, dialect, layout)
    if table.num_rows == 0:
        raise header_only(source.name)
    header_row = None if layout.header.row is None else layout.header.row + 1
    info = InputInfo(
        source.name,
        source.format,
        encoding=decoded.encoding,
        header_row=header_row,
        n_rows=table.num_rows,
        notes=(*decoded.notes, *grid.header_notes(layout.header), *layout.notes, *notes),
    )
    return Raw(table, info)


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
            widths = [len(cells) for cells, _ in _some(Dialect(delimiter), head) if any(cells)]
        common = Counter(width for width in widths if width > 1).most_common(1)
        if not common:
            continue
        width, count = common[0]
        agreement = count / len(widths) + 0.001 * min(width, 50)
        if agreement > best[1]:
            best = (delimiter, agreement)
    return best[0] if best[1] >= 0.3 or suffix != ".txt" else "\t"


def _some(dialect: Dialect, head: str, most: int = 200) -> Iterator[tuple[list[str], int]]:
    for number, row in enumerate(dialect.rows(head)):
        if number >= most:
            return
        yield row


@dataclass(frozen=True)
class Layout:
    """What the columns are called and how many bytes stand before the data."""

    header: grid.Header
    line: int
    offset: int
    notes: tuple[Bilingual, ...]


def _layout(head: str, dialect: Dialect, *, expected: bool) -> Layout:
    with _long_fields():
        sample = list(_some(dialect, head, grid.SAMPLE))
    rows = [cells for cells, _ in sample]
    found = grid.find_header(rows, expected=expected)
    if found is None:
        width = max((len(cells) for cells in rows), default=1)
        names = ("text",) if width == 1 else grid.unique_names([""] * width)
        return Layout(grid.Header(None, names, 0), 0, 0, ())
    line = sample[found][1]
    lines = io.StringIO(head, newline="").readlines()
    offset = sum(len(text.encode()) for text in lines[:line])
    names = grid.unique_names(rows[found])
    notes = grid.name_notes(rows[found], names)
    return Layout(grid.Header(found, names, found + 1), line, offset, tuple(notes))


def _table(data: pa.Buffer, dialect: Dialect, layout: Layout) -> tuple[pa.Table, list[Bilingual]]:
    """Read with Arrow; if the rows are not all of one width, with the standard library."""
    body = data.slice(layout.offset)
    try:
        table = _arrow(body, dialect, layout.header.names)
    except pa.ArrowInvalid:
        return _slow(body, dialect, layout)
    if dialect.quoted and _swallowed(table, body, dialect):
        table, notes = _slow(body, replace(dialect, quoted=False), layout)
        return table, [_UNBALANCED, *notes]
    kept = drop_blank(table)
    notes = grid.blank_note(table.num_rows - kept.num_rows)
    return grid.drop_unnamed(kept), notes


def _arrow(body: pa.Buffer, dialect: Dialect, names: Sequence[str]) -> pa.Table:
    if body.size == 0:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa_csv.read_csv(
        pa.BufferReader(body),
        read_options=pa_csv.ReadOptions(column_names=list(names), block_size=1 << 24),
        parse_options=pa_csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char='"' if dialect.quoted else False,
            newlines_in_values=dialect.quoted,
            ignore_empty_lines=False,
            invalid_row_handler=_white_space_only,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
        ),
    )


def _white_space_only(row: Any) -> str:
    return "error" if row.text.strip() else "skip"


def _swallowed(table: pa.Table, body: pa.Buffer, dialect: Dialect) -> bool:
    """Whether the last cell runs to the end of the file because its quotation mark is never closed."""
    if table.num_rows == 0:
        return False
    tail = bytes(body.slice(max(0, body.size - 64))).rstrip(b"\r\n")
    for cell in table.slice(table.num_rows - 1).to_pylist()[0].values():
        if cell and "\n" in cell and dialect.delimiter in cell:
            end = cell.rstrip("\r\n").encode()[-8:]
            if end and tail.endswith(end) and not tail.endswith(b'"'):
                return True
    return False


def _slow(body: pa.Buffer, dialect: Dialect, layout: Layout) -> tuple[pa.Table, list[Bilingual]]:
    text = bytes(body).decode("utf-8")
    with _long_fields():
        rows = [cells for cells, _ in dialect.rows(text)]
    first = layout.header.first + 1
    mended = mend(rows, layout.header.names, dialect.delimiter, first_row=first)
    names = (*layout.header.names, *mended.extra_names)
    table, notes = grid.build(mended.rows, replace(layout.header, names=names))
    return table, [*mended.notes, *notes]


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the csv module take cells of any length, for a while: its limit is global."""
    before = csv.field_size_limit((1 << 31) - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)
