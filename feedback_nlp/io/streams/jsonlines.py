"""JSON lines as a stream; a line that is no JSON object is a bad row, not the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyarrow as pa

from feedback_nlp.io import jsonlines
from feedback_nlp.io.encodings import detect
from feedback_nlp.io.raw import InputInfo, column
from feedback_nlp.io.source import Source, empty_file
from feedback_nlp.io.streams.base import BLOCK_BYTES, BLOCK_ROWS, BadRow, Block, Stream, cut
from feedback_nlp.io.streams.text import Piece, decoded, open_text

__all__ = ["open_pipe", "open_stream"]

# Blocks of a pipe are smaller: somebody waits at its end.
PIPE_ROWS = 2_000


def open_stream(source: Source) -> Stream:
    """Open a file of JSON objects, one a line, or of one array.

    Raises
    ------
    InputError
        If it can't be opened, is empty or is not text.
    """
    text = open_text(source)
    start = text.head.lstrip("\ufeff \t\r\n")[:1]
    if not start and len(text.head) < BLOCK_BYTES // 64:
        raise empty_file(source.name)
    info = InputInfo(source.name, source.format, encoding=text.encoding)
    size = source.path.stat().st_size

    def array() -> Iterator[Block]:
        """An array ends where the file ends: it is read whole."""
        yield from cut(Block(jsonlines.read(source).table))

    def lines() -> Iterator[Block]:
        return _blocks(_lines(text.pieces()), source.name, BLOCK_ROWS)

    return Stream(info, array if start == "[" else lines, size=size)


def open_pipe() -> Stream:
    """Read JSON lines from standard input as they come.

    Raises
    ------
    InputError
        If nothing comes, or no text.
    """
    raw = _standard_input()
    head = b""
    for chunk in raw:
        head += chunk
        if b"\n" in chunk:
            break
    if not head.strip():
        raise empty_file("-")
    encoding, skip = detect(head[: head.rfind(b"\n") + 1] or head, lambda: [head], "-")
    pieces = decoded(chain([head], raw), encoding, skip)
    info = InputInfo("-", "jsonl", encoding=encoding)
    return Stream(info, lambda: _blocks(_lines(pieces), "-", PIPE_ROWS))


def _standard_input() -> Iterator[bytes]:
    if sys.stdin is None:  # closed
        return
    stream = sys.stdin.buffer
    # A pipe gives what is there; waiting for more would hold up who comes after us.
    read = stream.read1 if hasattr(stream, "read1") else stream.read
    while chunk := read(1 << 16):
        yield chunk


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    marked: bool


def _lines(pieces: Iterable[Piece]) -> Iterator[_Line]:
    """Yield lines; only a line feed ends one, for JSON strings may hold other line ends."""
    number = 1
    rest: list[bytes] = []
    marked = False
    for piece in pieces:
        first, *more = piece.data.split(b"\n")
        rest.append(first)
        marked |= piece.marked
        for line in more:
            yield _Line(number, b"".join(rest).decode("utf-8"), marked)
            number += 1
            rest, marked = [line], piece.marked
    if rest and any(rest):
        yield _Line(number, b"".join(rest).decode("utf-8"), marked)


@dataclass
class _Rows:
    """Rows of the block that is being read."""

    objects: list[Mapping[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    size: int = 0
    marked: bool = False

    def add(self, line: _Line) -> None:
        if not line.text or line.text.isspace():
            self.blank.append(line.number)
            return
        value = _parsed(line.text)
        if value is None:
            self.bad.append(BadRow(len(self.objects), line.number, "json", line.text.rstrip("\r")))
        self.objects.append(value or {})
        self.numbers.append(line.number)
        self.size += len(line.text)
        self.marked |= line.marked

    def block(self, name: str, *, first: bool) -> Block:
        if first:
            _check(self, name)
        keys = list(dict.fromkeys(key for row in self.objects for key in row))
        cells = {jsonlines.header(key): [row.get(key) for row in self.objects] for key in keys}
        table = pa.table({key: _column(values) for key, values in cells.items()})
        if not keys:  # a table without columns has no rows
            table = pa.table({"text": pa.nulls(len(self.objects))})
        return Block(
            table,
            self.numbers[0],
            tuple(self.numbers),
            tuple(self.bad),
            {key: odd for key, values in cells.items() if (odd := _odd(values))},
            {"blank": tuple(self.blank)} if self.blank else {},
            self.marked,
        )


def _parsed(line: str) -> Mapping[str, Any] | None:
    """Return the object on a line, None if there is none. An empty object is one without values."""
    try:
        value = json.loads(line)
    except jsonlines.UNREADABLE:
        return None
    return value if isinstance(value, dict) else None


def _blocks(lines: Iterable[_Line], name: str, most: int) -> Iterator[Block]:
    rows = _Rows()
    first = True
    for line in lines:
        rows.add(line)
        if len(rows.objects) >= most or rows.size >= BLOCK_BYTES:
            yield rows.block(name, first=first)
            rows, first = _Rows(), False
    if rows.objects:
        yield rows.block(name, first=first)


def _check(rows: _Rows, name: str) -> None:
    """Raise if not one line of the first block is an object: the file is something else."""
    if len(rows.bad) == len(rows.objects):
        jsonlines.parse_line(rows.bad[0].raw or "", name, rows.bad[0].number)


def _column(values: list[Any]) -> pa.Array:
    if all(value is None for value in values):
        return pa.nulls(len(values))
    return column(values)


def _odd(values: list[Any]) -> tuple[int, ...]:
    return tuple(row for row, value in enumerate(values) if value is not None and not isinstance(value, str))
