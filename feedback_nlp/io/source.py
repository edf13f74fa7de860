"""An input file before it is parsed: what kind of content it is, its bytes; and the errors about it."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from feedback_nlp.errors import Bilingual, InputError

__all__ = ["NoRowsError", "Source", "damaged", "empty_file", "header_only"]

_PACKED = {".gz": "gzip", ".zst": "zstd"}
_PACKED_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Source:
    """A file to be read.

    Attributes
    ----------
    path : Path
        Where it is.
    sheet : str or int or None
        The sheet asked for, by name or by number from 1, or "all"; workbooks only.
    label : str or None
        What messages call it, where that is not the path.
    """

    path: Path
    sheet: str | int | None = None
    label: str | None = None

    @property
    def name(self) -> str:
        """What messages call it: the path as given."""
        return self.label or str(self.path)

    @cached_property
    def packed(self) -> str | None:
        """How the file is compressed, by its name or else its content: ``gzip``, ``zstd`` or not at all."""
        named = _PACKED.get(self.path.suffix.lower())
        if named is not None:
            return named
        try:
            with self.path.open("rb") as file:
                start = file.read(4)
        except OSError:
            return None  # whoever reads it says what is wrong
        return next((kind for magic, kind in _PACKED_MAGIC.items() if start.startswith(magic)), None)

    @property
    def suffix(self) -> str:
        """The suffix that tells the format, in lower case, without that of the compression."""
        name = self.path.with_suffix("") if self.path.suffix.lower() in _PACKED else self.path
        return name.suffix.lower()

    @property
    def format(self) -> str:
        """The name of the format, for people."""
        return self.suffix.lstrip(".") or "csv"

    @cached_property
    def magic(self) -> bytes:
        """The first bytes, unpacked."""
        return next(self.chunks(8), b"")

    @property
    def is_zip(self) -> bool:
        """Whether the content is a ZIP container, as XLSX and ODS are."""
        return self.magic.startswith(_ZIP)

    @property
    def is_ole(self) -> bool:
        """Whether the content is an OLE container, as XLS and encrypted XLSX are."""
        return self.magic.startswith(_OLE)

    @property
    def is_parquet(self) -> bool:
        """Whether the content is Parquet."""
        return self.magic.startswith(b"PAR1")

    @cached_property
    def data(self) -> pa.Buffer:
        """The content, unpacked; a plain file is mapped, not copied."""
        if self.packed:
            return pa.py_buffer(b"".join(self.chunks(1 << 22)))
        if self.path.stat().st_size == 0:
            return pa.py_buffer(b"")
        with pa.memory_map(str(self.path)) as file:
            return file.read_buffer()

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the content, unpacked, in pieces of ``size`` bytes.

        Raises
        ------
        InputError
            If it can't be unpacked to its end.
        OSError
            If it can't be opened or read.
        """
        try:
            with self._open() as file:
                while chunk := file.read(size):
                    yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise damaged(self.name, error) from error
        except OSError as error:
            if self.packed and error.errno is None:  # from Arrow, about the content
                raise damaged(self.name, error) from error
            raise

    def _open(self) -> BinaryIO:
        if self.packed == "gzip":
            return cast(BinaryIO, gzip.open(self.path))
        if self.packed == "zstd":
            return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(str(self.path)), "zstd"))
        return self.path.open("rb")

    def is_workbook_zip(self) -> bool:
        """Return whether the ZIP holds a workbook."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            return True  # a truncated workbook: its reader says so
        return any(name.startswith("xl/") or name == "content.xml" for name in names)


class NoRowsError(InputError):
    """A file without a row of data."""


def empty_file(name: str) -> InputError:
    """Return the error for a file with nothing in it."""
    return NoRowsError(
        Bilingual(f"文件 {name} 是空的。", f"The file {name} is empty."),
        Bilingual("请重新导出一次。", "Export it again."),
    )


def header_only(name: str) -> InputError:
    """Return the error for a table without rows."""
    return NoRowsError(
        Bilingual(f"文件 {name} 只有表头，没有数据行。", f"The file {name} has a header but no rows."),
        Bilingual("请检查导出的时间范围或筛选条件。", "Check the period or the filter of the export."),
    )


def damaged(name: str, error: Exception) -> InputError:
    """Return the error for a file that its reader can't make sense of."""
    why = " ".join(str(error).split())[:200]
    return InputError(
        Bilingual(
            f"文件 {name} 损坏或不完整（{why}）。", f"The file {name} is damaged or incomplete ({why})."
        ),
        Bilingual(
            "请重新导出或下载一次；能打开的话，另存为新文件再试。",
            "Export or download it again; if it opens, save it as a new file.",
        ),
    )
