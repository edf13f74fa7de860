"""CSV, TSV and text tables as a stream: blocks end where a record ends, and are read like small files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow as pa

from feedback_nlp.io import grid
from feedback_nlp.io.delimited import Layout, Parsed, opening, parse
from feedback_nlp.io.raw import InputInfo
from feedback_nlp.io.source import Source, header_only
from feedback_nlp.io.streams.base import BLOCK_BYTES, BadRow, Block, Stream, cut
from feedback_nlp.io.streams.text import Piece, open_text

__all__ = ["open_stream", "record_end"]

# A quoted cell that is longer is a mark that was never closed.
LONGEST_CELL = 1 << 24


def open_stream(source: Source) -> Stream:
    """Open a text table; encoding, delimiter and header are found out from its beginning.

    Raises
    ------
    InputError
        If it can't be opened, is empty or is not text.
    """
    text = open_text(source)
    layout = opening(text.head, source)
    header = layout.header
    info = InputInfo(
        source.name,
        source.format,
        encoding=text.encoding,
        header_row=None if header.row is None else header.row + 1,
        notes=(*grid.header_notes(header), *layout.notes),
    )

    def blocks() -> Iterator[Block]:
        any_row = False
        for block in _blocks(text.pieces(), layout):
            any_row = True
            yield from cut(block)
        if not any_row:
            raise header_only(source.name)

    return Stream(info, blocks, grid.unnamed(header.names), source.path.stat().st_size)


def _blocks(pieces: Iterable[Piece], layout: Layout) -> Iterator[Block]:
    first = layout.header.first + 1
    for piece in _records(_without(pieces, layout.offset), layout.delimiter):
        parsed = parse(pa.py_buffer(piece.data), layout)
        if parsed.table.num_rows:
            yield _block(parsed, first, marked=piece.marked)
        first += parsed.n_records


def _without(pieces: Iterable[Piece], skip: int) -> Iterator[Piece]:
    for piece in pieces:
        if skip < len(piece.data):
            yield replace(piece, data=piece.data[skip:])
        skip = max(0, skip - len(piece.data))


def _block(parsed: Parsed, first: int, *, marked: bool) -> Block:
    kept = parsed.kept
    place = {record: row for row, record in enumerate(kept)} if kept is not None else None
    ragged = sorted({*parsed.short, *parsed.long})
    rows = ragged if place is None else [place[record] for record in ragged]
    seen = {"joined": parsed.joined, "stray": parsed.stray}
    numbered = {kind: tuple(first + record for record in found) for kind, found in seen.items() if found}
    if parsed.blank and kept is not None:
        numbered["blank"] = _gaps(kept, first, parsed.blank)
    return Block(
        parsed.table,
        first if kept is None else first + kept[0],
        None if kept is None else tuple(first + record for record in kept),
        tuple(BadRow(row, first + record, "ragged") for row, record in zip(rows, ragged, strict=True)),
        seen=numbered,
        marked=marked,
    )


def _gaps(kept: tuple[int, ...], first: int, count: int) -> tuple[int, ...]:
    """Return the numbers of the records left out."""
    there = set(kept)
    return tuple(first + record for record in range(kept[-1] + 1 + count) if record not in there)[:count]


def _records(pieces: Iterable[Piece], delimiter: str) -> Iterator[Piece]:
    """Cut the content anew so that every piece ends with a record."""
    quoted = _quoted(delimiter)
    rest, marked = b"", False
    for piece in pieces:
        data, marked = rest + piece.data, marked or piece.marked
        if len(data) < BLOCK_BYTES:
            rest = data
            continue
        end = record_end(data, quoted)
        if end == 0 and len(data) > LONGEST_CELL:
            end = data.rfind(b"\n") + 1 or len(data)
        if end:
            yield Piece(data[:end], marked)
            marked = piece.marked
        rest = data[end:]
    if rest:
        yield Piece(rest, marked)


def _quoted(delimiter: str) -> re.Pattern[bytes]:
    """Match a cell from its opening mark to the closing one, or to the end if there is none."""
    before = rb"(?:(?<=[\n\r" + re.escape(delimiter.encode()) + rb"])|\A)"
    return re.compile(before + rb'"[^"]*(?:""[^"]*)*("|\Z)')


def record_end(data: bytes, quoted: re.Pattern[bytes]) -> int:
    """Return where the last record of ``data`` ends, 0 if none does.

    Line ends within a quoted cell end no record; a mark counts only where a cell begins, as it does for those
    who read the records afterwards.
    """
    line_end = b"\n" if b"\n" in data else b"\r"
    if b'"' not in data:
        return data.rfind(line_end) + 1
    last = max(quoted.finditer(data), key=re.Match.start, default=None)
    end = data.rfind(line_end)
    if last is not None and last.start() <= end < last.end():
        end = data.rfind(line_end, 0, last.start())
    return end + 1
