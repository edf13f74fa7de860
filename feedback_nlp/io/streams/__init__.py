"""Files as streams of blocks, for inputs of any length: one table of formats, chosen as ``readers`` does."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io import readers
from feedback_nlp.io.source import Source
from feedback_nlp.io.streams.base import Block, Stream

__all__ = ["STREAMS", "Block", "Stream", "expand", "open_stream"]

# module of the reader in ``readers.READERS`` -> its stream. To add a format: one function Source -> Stream.
STREAMS = {
    "delimited": "feedback_nlp.io.streams.delimited:open_stream",
    "jsonlines": "feedback_nlp.io.streams.jsonlines:open_stream",
    "parquet": "feedback_nlp.io.streams.parquet:open_stream",
    "excel": "feedback_nlp.io.streams.excel:open_stream",
}
_WILD = frozenset("*?[")
_PACKED = (".gz", ".zst")


def open_stream(path: str | Path, *, sheet: str | int | None = None, label: str | None = None) -> Stream:
    """Open a file that is read block by block, or JSON lines on standard input for ``"-"``.

    Parameters
    ----------
    path : str or Path
    sheet : str or int, optional
        Sheet of a workbook, by name or number from 1; default the one that looks like feedback; ``"all"``
        joins those with the same header.
    label : str, optional
        What messages call the file; its path when not given.

    Raises
    ------
    InputError
        If it is missing, empty, unreadable, damaged, protected, or of an unknown kind.
    """
    if str(path) == "-":
        from feedback_nlp.io.streams.jsonlines import open_pipe

        return open_pipe()
    source = Source(Path(path), sheet, label)
    with readers.opened(source):
        reader = readers.READERS[readers.kind_of(source)].partition(":")[0].rpartition(".")[2]
        module, name = STREAMS[reader].split(":")
        opener = cast(Callable[[Source], Stream], getattr(importlib.import_module(module), name))
        return opener(source)


def expand(names: Iterable[str | Path]) -> list[Path]:
    """Return the files that are meant: a folder stands for the tables in it, ``*`` and ``?`` for any name.

    Files of a folder or pattern come in order of their names; ``-`` stays.

    Raises
    ------
    InputError
        If a folder or pattern holds no table, or a file is named twice.
    """
    found: list[Path] = []
    for name in names:
        found.extend(_files(Path(name)))
    twice = [path for path, again in _repeated(found) if again]
    if twice:
        raise InputError(
            Bilingual(f"文件 {twice[0]} 给了两次。", f"The file {twice[0]} is given twice."),
            Bilingual("每个文件只给一次。", "Give each file once."),
        )
    return found


def _repeated(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    seen: set[Path] = set()
    for path in paths:
        place = path.resolve()
        yield path, place in seen
        seen.add(place)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return _some(path, [child for child in path.iterdir() if _is_table(child)])
    if _WILD & set(path.name) and not path.exists():
        return _some(path, [child for child in path.parent.glob(path.name) if _is_shown(child)])
    return [path]


def _is_table(path: Path) -> bool:
    name = path.with_suffix("") if path.suffix.lower() in _PACKED else path
    return _is_shown(path) and name.suffix.lower() in readers.READERS


def _is_shown(path: Path) -> bool:
    """Whether it is a file, and not one of Excel's locks or of our own temporary ones."""
    return path.is_file() and not path.name.startswith((".", "~$"))


def _some(place: Path, files: list[Path]) -> list[Path]:
    if not files:
        raise InputError(
            Bilingual(f"{place} 里没有能读的表格文件。", f"There is no table to read in {place}."),
            Bilingual(
                f"能读：{' '.join(readers.READERS)}，以及压缩的 .csv.gz 等。",
                f"Readable: {' '.join(readers.READERS)}, and compressed ones such as .csv.gz.",
            ),
        )
    return sorted(files)
