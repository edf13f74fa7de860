"""Large XLSX sheets in pieces: small workbooks of some thousand rows each, one after another.

The package that reads workbooks holds a whole sheet, and all texts of the file beside it. Here the sheet is
unpacked as a stream and cut between rows; each piece becomes a workbook of its own, with the styles of the
file, in which a reference to the file's table of texts is replaced by the text. So cells mean what they mean
in the whole file, and memory holds one piece. The table of texts waits in a file without a name.
"""

from __future__ import annotations

import io
import mmap
import re
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any
from xml.etree import ElementTree

import pyarrow as pa
import python_calamine as calamine

from feedback_nlp.io.source import Source

__all__ = ["LARGE", "Pieces", "UnusualSheetError", "pieces_of"]

# Bytes of sheets and texts, unpacked, up to which a workbook is read whole.
LARGE = 64 << 20
# Rows from which sheet and header are chosen.
HEAD_ROWS = 2_000
_CHUNK = 1 << 20
# A row, or what stands beside the rows, that is longer than this is no table of feedback.
_LONGEST = 64 << 20
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TEXTS = "xl/sharedStrings.xml"
_NO_TEXTS = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="0" uniqueCount="0"/>'
)
_ROW = re.compile(rb"<row\b[^>]*?(?:/>|>.*?</row>)", re.DOTALL)
_TEXT = re.compile(rb"<si\b[^>]*?(?:/>|>(.*?)</si>)", re.DOTALL)
_CELL = re.compile(rb'<c\b([^>]*?)\st="s"([^>]*)>\s*<v>(\d+)</v>\s*</c>')
_LEFT = re.compile(rb"<c\b[^>]*\st=['\"]s['\"]")
_NUMBERED = re.compile(rb'<row\b[^>]*?\sr="')
_LAST_COLUMN = re.compile(rb'<c r="([A-Z]{1,3})\d')
_DIMENSION = re.compile(rb"<dimension\b[^>]*?(?:/>|>.*?</dimension>)", re.DOTALL)


class UnusualSheetError(Exception):
    """A way of writing sheets that is not cut: it is read whole."""


class _Texts:
    """The table of texts of a workbook, on the disk."""

    def __init__(self) -> None:
        self._ends = array("Q", [0])
        self._bytes: mmap.mmap | bytes = b""

    def fill(self, stream: IO[bytes], file: IO[bytes]) -> None:
        """Take the texts over into an empty file, as they are written."""
        for found in _matches(_TEXT, stream, b"<si"):
            self._ends.append(self._ends[-1] + file.write(found[1] or b""))
        file.flush()
        if self._ends[-1]:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Let the file go."""
        if isinstance(self._bytes, mmap.mmap):
            self._bytes.close()

    def __getitem__(self, number: int) -> bytes:
        if number + 1 >= len(self._ends):
            raise UnusualSheetError
        return self._bytes[self._ends[number] : self._ends[number + 1]]


@dataclass(frozen=True)
class Pieces:
    """A large workbook, cut.

    Attributes
    ----------
    archive : zipfile.ZipFile
    paths : dict
        Sheet name to its file in the archive.
    """

    archive: zipfile.ZipFile
    paths: dict[str, str]
    _texts: _Texts

    def head(self) -> tuple[calamine.CalamineWorkbook, dict[str, int]]:
        """Return a workbook of the first rows of every sheet, and how many columns each sheet has."""
        sheets, widths = {}, {}
        for name, path in self.paths.items():
            sheet = _Sheet(self.archive, path)
            rows: list[bytes] = []
            width = 0
            for row in sheet.rows():
                if len(rows) < HEAD_ROWS:
                    rows.append(row)
                width = max(width, _width(row))
            sheets[path] = sheet.with_rows(self._inline(rows), tail=True)
            widths[name] = width
        return self._workbook(sheets), widths

    def rows(self, name: str, size: int) -> Iterator[list[Any]]:
        """Yield the rows of a sheet from its very first cell on, unpacking ``size`` at a time."""
        done = 0
        for sheet in self._parts(name, size):
            if sheet.start is None:
                continue
            top, left = sheet.start
            if top < done:
                raise UnusualSheetError  # rows out of order
            yield from ([] for _ in range(done, top))
            rows = sheet.to_python(skip_empty_area=True)
            yield from ([*[""] * left, *row] for row in rows)
            done = top + len(rows)

    def _parts(self, name: str, size: int) -> Iterator[calamine.CalamineSheet]:
        """Yield a sheet in pieces of ``size`` rows as they are written."""
        path = self.paths[name]
        sheet = _Sheet(self.archive, path)
        waiting: list[bytes] = []
        for row in sheet.rows():
            waiting.append(row)
            if len(waiting) == size:
                yield self._part(name, path, sheet, waiting)
                waiting = []
        if waiting:
            yield self._part(name, path, sheet, waiting)

    def _part(self, name: str, path: str, sheet: _Sheet, rows: list[bytes]) -> calamine.CalamineSheet:
        book = self._workbook({path: sheet.with_rows(self._inline(rows))})
        return book.get_sheet_by_name(name)

    def _inline(self, rows: list[bytes]) -> bytes:
        """Put texts in the places of their numbers."""
        written = b"".join(rows)
        if len(_NUMBERED.findall(written)) < len(rows):
            raise UnusualSheetError  # where a row stands is not said

        def text(found: re.Match[bytes]) -> bytes:
            before, behind, number = found.groups()
            return b'<c%b t="inlineStr"%b><is>%b</is></c>' % (before, behind, self._texts[int(number)])

        inlined = _CELL.sub(text, written)
        if _LEFT.search(inlined):
            raise UnusualSheetError
        return inlined

    def _workbook(self, sheets: dict[str, bytes]) -> calamine.CalamineWorkbook:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as small:
            for info in self.archive.infolist():
                if info.filename in sheets:
                    small.writestr(info.filename, sheets[info.filename])
                elif info.filename == _TEXTS:
                    small.writestr(info.filename, _NO_TEXTS)
                elif info.filename in self.paths.values():
                    small.writestr(info.filename, _EMPTY_SHEET)
                elif info.filename.endswith((".xml", ".rels")) and not info.filename.startswith(
                    "xl/worksheets"
                ):
                    small.writestr(info.filename, self.archive.read(info))
        buffer.seek(0)
        return calamine.CalamineWorkbook.from_filelike(buffer)


_EMPTY_SHEET = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
)


class _Sheet:
    """The file of one sheet, read as a stream: what stands before the rows, the rows, what stands behind."""

    def __init__(self, archive: zipfile.ZipFile, path: str) -> None:
        self._archive = archive
        self._path = path
        self._before = b""
        self._behind = b""

    def rows(self) -> Iterator[bytes]:
        """Yield every row as it is written."""
        with self._archive.open(self._path) as stream:
            start = b""
            while b"<sheetData" not in start:
                chunk = stream.read(_CHUNK)
                start += chunk
                if not chunk or len(start) > _LONGEST:
                    raise UnusualSheetError
            place = start.index(b"<sheetData")
            while b">" not in start[place:]:
                start += stream.read(_CHUNK)
            inside = start.index(b">", place) + 1
            if start[inside - 2 : inside] == b"/>":
                self._before, self._behind = start[:place] + b"<sheetData>", b"</sheetData>" + start[inside:]
                return
            self._before = start[:inside]
            rest = _Rest()
            for found in _matches(_ROW, stream, b"<row", start[inside:], rest):
                yield found[0]
            self._behind = rest.bytes

    def with_rows(self, rows: bytes, *, tail: bool = False) -> bytes:
        """Return the file with other rows; ``tail`` is known when all rows were read."""
        behind = self._behind if tail else b"</sheetData></worksheet>"
        return _DIMENSION.sub(b"", self._before) + rows + behind


class _Rest:
    """What follows the last match."""

    bytes = b""


def _matches(
    pattern: re.Pattern[bytes],
    stream: IO[bytes],
    opening: bytes,
    held: bytes = b"",
    rest: _Rest | None = None,
) -> Iterator[re.Match[bytes]]:
    """Yield the matches of a pattern in a stream, piece by piece; between them stands nothing of interest."""
    while True:
        end = 0
        for found in pattern.finditer(held):
            end = found.end()
            yield found
        held = held[end:]
        if len(held) > _LONGEST:
            raise UnusualSheetError
        chunk = stream.read(_CHUNK)
        if not chunk:
            break
        held += chunk
    if opening + b" " in held or opening + b">" in held:
        raise UnusualSheetError  # opened and never closed
    if rest is not None:
        rest.bytes = held


def _width(row: bytes) -> int:
    """Return the number of the column of a row's last cell, from 1; 0 for an empty row."""
    place = row.rfind(b"<c r=")
    found = _LAST_COLUMN.match(row, place) if place >= 0 else None
    if found is None:
        if b"<c " in row or b"<c>" in row:
            raise UnusualSheetError
        return 0
    number = 0
    for letter in found[1]:
        number = number * 26 + letter - ord("A") + 1
    return number


@contextmanager
def pieces_of(source: Source) -> Iterator[Pieces | None]:
    """Open a large XLSX workbook to be read in pieces; None for what is small or of another kind."""
    if not source.is_zip or source.suffix in (".ods", ".xlsb"):
        yield None
        return
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(pa.BufferReader(source.data)))
            paths = _sheet_paths(archive)
            names = [*paths.values(), *({_TEXTS} & set(archive.namelist()))]
            if sum(archive.getinfo(name).file_size for name in names) < LARGE:
                raise UnusualSheetError
            texts = _Texts()
            stack.callback(texts.close)
            if _TEXTS in names:
                file = stack.enter_context(tempfile.TemporaryFile())
                with archive.open(_TEXTS) as stream:
                    texts.fill(stream, file)
        except (KeyError, ElementTree.ParseError, UnusualSheetError, zipfile.BadZipFile, zlib.error):
            # Small, unusual or damaged: it is read whole, and what is wrong is told there.
            yield None
            return
        yield Pieces(archive, paths, texts)


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the file of each sheet."""
    relations = ElementTree.fromstring(_small(archive, "xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    book = ElementTree.fromstring(_small(archive, "xl/workbook.xml"))
    paths = {}
    for sheet in book.iter(_SHEET):
        target = targets[sheet.get(_ID)]
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path.startswith("xl/worksheets/"):
            paths[sheet.get("name", "")] = path
    return paths


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LONGEST:
        raise UnusualSheetError
    return archive.read(name)
