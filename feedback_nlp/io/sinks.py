"""Files written table by table: each format takes any number of tables of one schema, in constant memory.

Nothing here is atomic; ``writers.atomic`` gives the temporary path. However the rows are cut into tables, the
bytes are the same (Parquet has row groups of a fixed size).
"""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, OutputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "EXCEL_ROWS",
    "EXCEL_TEXT",
    "ROW_GROUP",
    "WRITERS",
    "Append",
    "Notes",
    "check_excel_rows",
    "json_lines",
    "open_sink",
    "standard_output",
]

Append = Callable[["pa.Table"], None]
Notes = list[Bilingual]
Sink = Callable[[Path, "pa.Schema", Notes], AbstractContextManager[Append]]
ROW_GROUP = 65_536
EXCEL_ROWS = 1_048_575  # below the header
EXCEL_TEXT = 32_767
_EXCEL_YEAR = 1900
_BATCH = 8_192


def open_sink(path: Path, suffix: str, schema: pa.Schema, notes: Notes) -> AbstractContextManager[Append]:
    """Open a file in the format of ``suffix``; the context gives a function that appends a table.

    Parameters
    ----------
    path : Path
        Where the bytes go; replaced if it is there.
    suffix : str
        ``.parquet`` ``.csv`` ``.jsonl`` ``.xlsx``.
    schema : pyarrow.Schema
        Of every table appended.
    notes : list of Bilingual
        Where it is said, at the end, what the format could not hold.
    """
    return WRITERS[suffix](path, schema, notes)


@contextmanager
def standard_output(schema: pa.Schema) -> Iterator[Append]:
    """Append JSON lines to standard output, each table at once."""
    del schema

    def append(table: pa.Table) -> None:
        for line in json_lines(table):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    yield append


# --- Parquet


@contextmanager
def _parquet(path: Path, schema: pa.Schema, notes: Notes) -> Iterator[Append]:
    import pyarrow.parquet as pq

    del notes
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        groups = _Groups(lambda table: writer.write_table(table, row_group_size=ROW_GROUP))
        yield groups.append
        groups.finish(schema)


class _Groups:
    """Collects rows until they fill a row group: groups must not depend on how rows come in."""

    def __init__(self, write: Append) -> None:
        self._write = write
        self._waiting: list[pa.Table] = []
        self._n = 0
        self._written = False

    def append(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._n += table.num_rows
        while self._n >= ROW_GROUP:
            self._flush(ROW_GROUP)

    def finish(self, schema: pa.Schema) -> None:
        if self._n or not self._written:
            self._waiting = self._waiting or [schema.empty_table()]
            self._flush(self._n)

    def _flush(self, size: int) -> None:
        import pyarrow as pa

        whole = pa.concat_tables(self._waiting)
        # One chunk: where chunks end, pages would end too.
        self._write(whole.slice(0, size).combine_chunks())
        self._waiting = [whole.slice(size)]
        self._n -= size
        self._written = True


# --- text


@contextmanager
def _csv(path: Path, schema: pa.Schema, notes: Notes) -> Iterator[Append]:
    """UTF-8 with BOM, so that Excel shows Chinese."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    from feedback_nlp.io.flat import flat

    del notes
    with pa.OSFile(str(path), "wb") as file:
        file.write(b"\xef\xbb\xbf")
        pa_csv.write_csv(flat(schema.empty_table()), file)
        yield lambda table: pa_csv.write_csv(flat(table), file, pa_csv.WriteOptions(include_header=False))


@contextmanager
def _jsonl(path: Path, schema: pa.Schema, notes: Notes) -> Iterator[Append]:
    """One JSON object a line."""
    del schema, notes
    with path.open("wb") as file:
        yield lambda table: file.writelines(json_lines(table))


def json_lines(table: pa.Table) -> Iterator[bytes]:
    """Yield each row as one line of JSON."""
    for batch in table.to_batches(max_chunksize=_BATCH):
        for row in batch.to_pylist():
            plain = {name: _json_value(value) for name, value in row.items()}
            yield json.dumps(plain, ensure_ascii=False, allow_nan=False, default=str).encode() + b"\n"


def _json_value(value: Any) -> Any:
    """Return what JSON has for a value: null for what is not a number, ISO times, text for the rest."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (list, dict)):
        return _json_nested(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _json_nested(value: list[Any] | dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _json_value(inner) for name, inner in value.items()}
    return [_json_value(inner) for inner in value]


# --- Excel


@contextmanager
def _xlsx(path: Path, schema: pa.Schema, notes: Notes) -> Iterator[Append]:
    """One sheet; every string is text, never a formula or a link."""
    import xlsxwriter

    # xlsxwriter keeps rows in files of its own: put them on the disk of the output.
    with tempfile.TemporaryDirectory(prefix=".feedback-nlp-", suffix=".tmp", dir=path.parent) as scratch:
        options = {
            "constant_memory": True,
            "tmpdir": scratch,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        content = _Kept()
        book = xlsxwriter.Workbook(content, options)
        try:
            sheet = _Sheet(book, schema.names)
            yield sheet.append
        finally:
            _close(book)
    path.write_bytes(content.getbuffer())
    notes.extend(_cut_note(sheet.n_cut))


class _Kept(io.BytesIO):
    """Memory for a workbook that is not closed before the package is done with it.

    What the package leaves open after a failure, a full disk say, would otherwise print a traceback.
    """

    def close(self) -> None:
        """Stay open."""


def _close(book: Any) -> None:
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        cause = error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error))
        raise cause from error


class _Sheet:
    """The one sheet of a workbook, filled from the top."""

    def __init__(self, book: Any, names: list[str]) -> None:
        self.n_rows = 0
        self.n_cut = 0
        self._sheet = book.add_worksheet("feedback")
        self._dates = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = book.add_format({"bold": True})
        for place, name in enumerate(names):
            self._sheet.write_string(0, place, name, bold)
        self._sheet.freeze_panes(1, 0)

    def append(self, table: pa.Table) -> None:
        """Write rows below those that are there; count the texts that had to be cut."""
        from feedback_nlp.io.flat import flat

        check_excel_rows(self.n_rows + table.num_rows)
        for batch in flat(table).to_batches(max_chunksize=_BATCH):
            for cells in zip(*(values.to_pylist() for values in batch.columns), strict=True):
                self.n_rows += 1
                for place, value in enumerate(cells):
                    self.n_cut += _write_cell(self._sheet, self.n_rows, place, value, self._dates)


def check_excel_rows(n_rows: int) -> None:
    """Raise if a sheet can't hold so many rows.

    Raises
    ------
    OutputError
    """
    if n_rows > EXCEL_ROWS:
        raise OutputError(
            Bilingual(
                f"Excel 一张表最多 {EXCEL_ROWS:,} 行，这里有 {n_rows:,} 行。",
                f"An Excel sheet holds {EXCEL_ROWS:,} rows; there are {n_rows:,}.",
            ),
            Bilingual("请改用 .parquet 或 .csv。", "Use .parquet or .csv instead."),
        )


def _write_cell(sheet: Any, row: int, place: int, value: Any, dates: Any) -> bool:
    """Write one cell; return whether its text was too long."""
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, (int, float)):
        _write_number(sheet, row, place, value)
    elif isinstance(value, dt.date) and value.year >= _EXCEL_YEAR:
        sheet.write_datetime(row, place, _wall_clock(value), dates)
    else:
        text = str(value)
        sheet.write_string(row, place, text[:EXCEL_TEXT])
        return len(text) > EXCEL_TEXT
    return False


def _wall_clock(value: dt.date) -> dt.date:
    """Excel knows no time zones: the time stays as its own clock shows it."""
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value


def _write_number(sheet: Any, row: int, place: int, value: float) -> None:
    """Excel keeps 15 digits and knows no infinity."""
    if not math.isfinite(value):
        return
    if isinstance(value, int) and abs(value) >= 10**15:
        sheet.write_string(row, place, str(value))
    else:
        sheet.write_number(row, place, value)


def _cut_note(count: int) -> Notes:
    if not count:
        return []
    return [
        Bilingual(
            f"Excel 单元格最多 {EXCEL_TEXT:,} 个字，{count} 个格子被截短（.parquet 和 .csv 里是全文）。",
            f"An Excel cell holds {EXCEL_TEXT:,} characters; {count} texts were cut (.parquet, .csv: whole).",
        )
    ]


# To add a format: one function (path, schema, notes) -> context of an appending function, and one line here.
WRITERS: dict[str, Sink] = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl, ".xlsx": _xlsx}
