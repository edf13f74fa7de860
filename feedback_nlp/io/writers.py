"""Files out: one table of writers; every file appears whole or not at all."""

from __future__ import annotations

import datetime as dt
import errno
import importlib
import io
import json
import math
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from feedback_nlp.errors import Bilingual, OutputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WRITERS", "atomic", "check_writable", "make_folder", "write_parquet", "write_table"]

# To add a format: one function (table, path) -> notes and one line here.
WRITERS = {
    ".parquet": "feedback_nlp.io.writers:write_parquet",
    ".csv": "feedback_nlp.io.writers:write_csv",
    ".xlsx": "feedback_nlp.io.writers:write_xlsx",
    ".jsonl": "feedback_nlp.io.writers:write_jsonl",
}
Notes = tuple[Bilingual, ...]
ROW_GROUP = 65_536
EXCEL_ROWS = 1_048_575  # below the header
EXCEL_TEXT = 32_767
_EXCEL_YEAR = 1900
_BATCH = 8_192
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_table(table: pa.Table, path: str | Path, *, force: bool = False) -> Notes:
    """Write a table in the format of the suffix; ``"-"`` is JSON lines on standard output.

    Lists are joined with ``;`` in CSV and Excel. CSV is UTF-8 with a BOM, so that Excel shows Chinese, and
    holds the texts as they are: a cell that begins with ``=`` stays so (Excel files mark it as text).

    Returns
    -------
    tuple of Bilingual
        What could not be written as it is.

    Raises
    ------
    OutputError
        If it exists (without ``force``), can't be written, is full, or the format can't hold the table.
    """
    if str(path) == "-":
        for line in _json_lines(table):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        return ()
    target = Path(path)
    check_writable(target, force=force)
    with atomic(target) as temporary:
        return _writer(target)(table, temporary)


def _writer(path: Path) -> Callable[[pa.Table, Path], Notes]:
    module, name = WRITERS[path.suffix.lower()].split(":")
    return cast("Callable[[pa.Table, Path], Notes]", getattr(importlib.import_module(module), name))


def check_writable(path: str | Path, *, force: bool = False, suffixes: bool = True) -> None:
    """Raise before any work is done if ``path`` can't become an output.

    Parameters
    ----------
    path : str or Path
        The file to be written.
    force : bool
        Whether an existing file may be replaced.
    suffixes : bool
        Whether the suffix must be one of a table format.

    Raises
    ------
    OutputError
        If it exists, its folder is missing or not writable, or its suffix names no format.
    """
    target = Path(path)
    if str(path) == "-":
        return
    if suffixes and target.suffix.lower() not in WRITERS:
        raise OutputError(
            Bilingual(
                f"不会写“{target.suffix}”格式（{target}）。",
                f"Can't write the format '{target.suffix}' ({target}).",
            ),
            Bilingual(f"后缀用 {' '.join(WRITERS)} 之一。", f"Use one of the suffixes {' '.join(WRITERS)}."),
        )
    if target.is_dir():
        raise _is_folder(target)
    if target.exists() and not force:
        raise OutputError(
            Bilingual(f"{target} 已经存在。", f"{target} exists already."),
            Bilingual(
                "要覆盖请加 --force，或换一个文件名。", "Add --force to replace it, or choose another name."
            ),
        )
    _check_folder(target.parent, target)


def _is_folder(target: Path) -> OutputError:
    return OutputError(
        Bilingual(f"{target} 是文件夹。", f"{target} is a folder."),
        Bilingual("请给出文件名。", "Give the name of a file."),
    )


def _check_folder(folder: Path, target: Path) -> None:
    if not folder.is_dir():
        raise OutputError(
            Bilingual(f"文件夹 {folder} 不存在。", f"There is no folder {folder}."),
            Bilingual("请先建好文件夹，或换一个位置。", "Make the folder first, or choose another place."),
        )
    probe = _temporary(target)
    with _explained(target):
        try:
            probe.touch(exist_ok=False)
        finally:
            probe.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to ``path`` at the end, or remove it on failure.

    Raises
    ------
    OutputError
        If the place can't be written or is full.
    """
    target = Path(path)
    temporary = _temporary(target)
    try:
        with _explained(target):
            yield temporary
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """Turn what the system says about a place into one sentence with a hint."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise _output_error(target, error) from error


def _output_error(target: Path, error: OSError) -> OutputError:
    why = error.strerror or " ".join(str(error).split())
    if error.errno in _FULL or any(os.strerror(code) in why for code in _FULL):
        return OutputError(
            Bilingual(
                f"写 {target} 时磁盘满了（{why}）。", f"The disk is full while writing {target} ({why})."
            ),
            Bilingual(
                "请腾出空间或换一个磁盘；没有留下半个文件。",
                "Free some space or use another disk; no partial file was left.",
            ),
        )
    return OutputError(
        Bilingual(f"写不了 {target}（{why}）。", f"Can't write {target} ({why})."),
        Bilingual(
            "请检查文件夹权限；如果文件正在 Excel 里打开，先关掉。",
            "Check the permissions of the folder; if the file is open in Excel, close it first.",
        ),
    )


def make_folder(folder: str | Path) -> Path:
    """Return ``folder``, made if need be, once it is known that files can be written there.

    Raises
    ------
    OutputError
        If it can't be made, is a file, or can't be written to.
    """
    target = Path(folder)
    with _explained(target):
        target.mkdir(parents=True, exist_ok=True)
    _check_folder(target, target / "file")
    return target


def write_parquet(table: pa.Table, path: Path) -> Notes:
    """Write Parquet: the same table gives the same bytes however it was chunked."""
    import pyarrow.parquet as pq

    pq.write_table(table.combine_chunks(), path, row_group_size=ROW_GROUP, compression="zstd")
    return ()


def write_csv(table: pa.Table, path: Path) -> Notes:
    """Write CSV, UTF-8 with BOM."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    from feedback_nlp.io.flat import flat

    with pa.OSFile(str(path), "wb") as file:
        file.write(b"\xef\xbb\xbf")
        pa_csv.write_csv(flat(table), file)
    return ()


def write_jsonl(table: pa.Table, path: Path) -> Notes:
    """Write one JSON object a line."""
    with path.open("wb") as file:
        file.writelines(_json_lines(table))
    return ()


def _json_lines(table: pa.Table) -> Iterator[bytes]:
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


def write_xlsx(table: pa.Table, path: Path) -> Notes:
    """Write one sheet; every string is text, never a formula or a link."""
    import xlsxwriter

    from feedback_nlp.io.flat import flat

    if table.num_rows > EXCEL_ROWS:
        raise OutputError(
            Bilingual(
                f"Excel 一张表最多 {EXCEL_ROWS:,} 行，这里有 {table.num_rows:,} 行。",
                f"An Excel sheet holds {EXCEL_ROWS:,} rows; there are {table.num_rows:,}.",
            ),
            Bilingual("请改用 .parquet 或 .csv。", "Use .parquet or .csv instead."),
        )
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
            cut = _fill_sheet(book, flat(table))
        finally:
            _close(book)
    path.write_bytes(content.getbuffer())
    return _cut_note(cut)


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


def _fill_sheet(book: Any, table: pa.Table) -> int:
    """Write header and rows; return how many texts had to be cut."""
    sheet = book.add_worksheet("feedback")
    bold = book.add_format({"bold": True})
    dates = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    cut = 0
    for place, name in enumerate(table.column_names):
        sheet.write_string(0, place, name, bold)
    sheet.freeze_panes(1, 0)
    row = 0
    for batch in table.to_batches(max_chunksize=_BATCH):
        for cells in zip(*(values.to_pylist() for values in batch.columns), strict=True):
            row += 1
            for place, value in enumerate(cells):
                cut += _write_cell(sheet, row, place, value, dates)
    return cut


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
        return ()
    return (
        Bilingual(
            f"Excel 单元格最多 {EXCEL_TEXT:,} 个字，{count} 个格子被截短（.parquet 和 .csv 里是全文）。",
            f"An Excel cell holds {EXCEL_TEXT:,} characters; {count} texts were cut (.parquet, .csv: whole).",
        ),
    )
