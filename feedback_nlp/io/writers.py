"""Files out: every file appears whole or not at all; ``sinks`` knows the formats."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, OutputError
from feedback_nlp.io.sinks import (
    EXCEL_ROWS,
    EXCEL_TEXT,
    ROW_GROUP,
    WRITERS,
    check_excel_rows,
    open_sink,
    standard_output,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "EXCEL_ROWS",
    "EXCEL_TEXT",
    "ROW_GROUP",
    "WRITERS",
    "atomic",
    "check_distinct",
    "check_folder",
    "check_writable",
    "explained",
    "make_folder",
    "write_parquet",
    "write_table",
]

Notes = tuple[Bilingual, ...]
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
        with standard_output(table.schema) as append:
            append(table)
        return ()
    target = Path(path)
    check_writable(target, force=force)
    with atomic(target) as temporary:
        return _write(table, temporary, target.suffix.lower())


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


def check_distinct(targets: Iterable[str | Path | None]) -> None:
    """Raise if two outputs are one file, so that one would replace the other.

    Raises
    ------
    OutputError
    """
    seen: set[Path] = set()
    for target in targets:
        if target is None or str(target) == "-":
            continue
        place = Path(target).resolve()
        if place in seen:
            raise OutputError(
                Bilingual(f"两个输出是同一个文件 {target}。", f"Two outputs are the same file {target}."),
                Bilingual("给它们不同的文件名。", "Give them different names."),
            )
        seen.add(place)


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
    with explained(target):
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
        with explained(target):
            yield temporary
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def explained(target: Path) -> Iterator[None]:
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


def check_folder(folder: str | Path) -> None:
    """Raise before any work is done if something that is no folder lies where a folder is meant.

    Raises
    ------
    OutputError
    """
    for place in (Path(folder), *Path(folder).parents):
        if place.exists() and not place.is_dir():
            raise OutputError(
                Bilingual(f"{place} 是文件，不是文件夹。", f"{place} is a file, not a folder."),
                Bilingual(
                    "这里要给一个文件夹（--out），结果的几个文件写在里面。",
                    "Give a folder here (--out): several files are written into it.",
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
    check_folder(target)
    with explained(target):
        target.mkdir(parents=True, exist_ok=True)
    _check_folder(target, target / "file")
    return target


def write_parquet(table: pa.Table, path: Path) -> Notes:
    """Write Parquet: the same table gives the same bytes however it was chunked."""
    return _write(table, path, ".parquet")


def _write(table: pa.Table, path: Path, suffix: str) -> Notes:
    if suffix == ".xlsx":
        check_excel_rows(table.num_rows)  # before anything is written
    notes: list[Bilingual] = []
    with open_sink(path, suffix, table.schema, notes) as append:
        append(table)
    return tuple(notes)
