"""Files in: one table of readers, chosen by content first and by suffix second."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from feedback_nlp.errors import Bilingual, InputError, cannot_open
from feedback_nlp.io.raw import InputInfo, Raw, stacked
from feedback_nlp.io.source import Source, empty_file

__all__ = [
    "FILE_COLUMN",
    "READERS",
    "InputInfo",
    "Raw",
    "concat",
    "kind_of",
    "opened",
    "read",
    "read_cells",
    "read_lines",
]

# To add a format: one function Source -> Raw and one line here.
READERS = {
    ".csv": "feedback_nlp.io.delimited:read",
    ".tsv": "feedback_nlp.io.delimited:read",
    ".txt": "feedback_nlp.io.delimited:read",
    ".xlsx": "feedback_nlp.io.excel:read",
    ".xlsm": "feedback_nlp.io.excel:read",
    ".xlsb": "feedback_nlp.io.excel:read",
    ".xls": "feedback_nlp.io.excel:read",
    ".ods": "feedback_nlp.io.excel:read",
    ".jsonl": "feedback_nlp.io.jsonlines:read",
    ".ndjson": "feedback_nlp.io.jsonlines:read",
    ".json": "feedback_nlp.io.jsonlines:read",
    ".parquet": "feedback_nlp.io.parquet:read",
}
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
# Where several files are read as one: which file a row comes from.
FILE_COLUMN = "fb_file"


def read(source: str | Path, *, sheet: str | int | None = None, limit: int | None = None) -> Raw:
    """Read a file, or JSON lines from standard input for ``"-"``.

    Parameters
    ----------
    source : str or Path
        The file. Its content decides the format where the suffix is wrong.
    sheet : str or int, optional
        Sheet of a workbook, by name or number from 1; default the one that looks like feedback; ``"all"``
        joins those with the same header.
    limit : int, optional
        At most so many rows.

    Raises
    ------
    InputError
        If the file is missing, empty, unreadable, damaged, protected, or of an unknown kind.
    """
    if str(source) == "-":
        from feedback_nlp.io import jsonlines

        return _limited(jsonlines.read_stdin(), limit)
    file = Source(Path(source), sheet)
    with opened(file):
        return _limited(_reader(file)(file), limit)


def read_lines(path: str | Path) -> list[str]:
    """Return the lines of a text file that are not blank, one text each, in whatever encoding.

    Raises
    ------
    InputError
        If the file is missing, empty or not text.
    """
    from feedback_nlp.io.encodings import to_utf8

    file = Source(Path(path))
    with opened(file):
        text = bytes(to_utf8(file.data, file.name).data).decode("utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise empty_file(file.name)
    return lines


def read_cells(path: str | Path) -> dict[str, list[list[Any]]]:
    """Return every sheet of a workbook as rows of cells, the first row being row 1 of the sheet.

    Raises
    ------
    InputError
        If the file is missing, unreadable, damaged, protected, or no workbook.
    """
    from feedback_nlp.io import excel

    file = Source(Path(path))
    with opened(file):
        if not (file.is_ole or (file.is_zip and file.is_workbook_zip())):
            raise InputError(
                Bilingual(f"{path} 不是 Excel 工作簿。", f"{path} is not an Excel workbook."),
                Bilingual("在 Excel 里另存为 .xlsx 再给。", "Save it as .xlsx in Excel and give that."),
            )
        return excel.cells(file)


@contextmanager
def opened(file: Source) -> Iterator[None]:
    """Say in one sentence why a file can't be opened."""
    try:
        if file.path.is_dir():
            raise IsADirectoryError
        if not file.magic:
            raise empty_file(file.name)
        yield
    except InputError:
        raise
    except OSError as error:
        raise cannot_open(file.name, error) from error


def _limited(raw: Raw, limit: int | None) -> Raw:
    if limit is None or raw.table.num_rows <= limit:
        return raw
    return Raw(raw.table.slice(0, limit), replace(raw.info, n_rows=limit))


def _reader(file: Source) -> Callable[[Source], Raw]:
    module, name = READERS[kind_of(file)].split(":")
    return cast(Callable[[Source], Raw], getattr(importlib.import_module(module), name))


def kind_of(file: Source) -> str:
    """Return the suffix that the content deserves, of ``READERS``.

    Raises
    ------
    InputError
        If it is none of them.
    """
    if file.is_parquet:
        return ".parquet"
    if file.is_ole or (file.is_zip and file.is_workbook_zip()):
        return file.suffix if file.suffix in _WORKBOOKS else ".xlsx"
    if file.suffix in _WORKBOOKS and not file.is_zip:
        return ".csv"  # many systems export text or HTML under an Excel name
    if file.suffix not in READERS:
        raise _unknown(file)
    return file.suffix


def _unknown(file: Source) -> InputError:
    known = " ".join(READERS)
    return InputError(
        Bilingual(
            f"不认识 {file.name} 的格式（后缀“{file.path.suffix}”）。",
            f"The format of {file.name} is not known (suffix '{file.path.suffix}').",
        ),
        Bilingual(
            f"能读：{known}，以及压缩的 .csv.gz 等。",
            f"Readable: {known}, and compressed ones such as .csv.gz.",
        ),
    )


def concat(raws: Sequence[Raw]) -> Raw:
    """Return several files as one; columns are matched by name, and one more column tells the file.

    Raises
    ------
    ValueError
        If there is no file.
    """
    if len(raws) == 1:
        return raws[0]
    if not raws:
        raise ValueError("concat needs at least one table")
    table = stacked([_with_file(raw.table, raw.info.path) for raw in raws])
    return Raw(table, _joined([raw.info for raw in raws], table.num_rows))


def _with_file(table: pa.Table, path: str) -> pa.Table:
    if FILE_COLUMN in table.column_names:
        return table
    return table.append_column(FILE_COLUMN, pa.array([Path(path).name] * table.num_rows, pa.string()))


def _joined(infos: Sequence[InputInfo], n_rows: int) -> InputInfo:
    def together(values: Sequence[str | None]) -> str | None:
        return ", ".join(dict.fromkeys(value for value in values if value)) or None

    notes = tuple(
        Bilingual(f"{Path(info.path).name}：{note.zh}", f"{Path(info.path).name}: {note.en}")
        for info in infos
        for note in info.notes
    )
    return InputInfo(
        ", ".join(info.path for info in infos),
        together([info.format for info in infos]) or "",
        encoding=together([info.encoding for info in infos]),
        sheet=together([info.sheet for info in infos]),
        n_rows=n_rows,
        notes=notes,
    )
