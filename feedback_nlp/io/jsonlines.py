"""JSON lines (or one JSON array of objects) in; a bad line is named by its number."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.frames import whole
from feedback_nlp.io import grid
from feedback_nlp.io.encodings import to_utf8
from feedback_nlp.io.raw import InputInfo, Raw, column
from feedback_nlp.io.source import Source, empty_file

__all__ = ["UNREADABLE", "header", "parse_line", "read", "read_stdin"]

# What json raises for what it can't read: not JSON, a number of thousands of digits, too many brackets.
UNREADABLE = (ValueError, RecursionError)


def read(source: Source) -> Raw:
    """Read a file of JSON objects, one a line, or of one array.

    Raises
    ------
    InputError
        If a line is not a JSON object, or there is none.
    """
    return _parse(source.data, source.name, source.format)


def read_stdin() -> Raw:
    """Read JSON lines from standard input."""
    content = sys.stdin.buffer.read() if sys.stdin else b""  # a closed one is None
    return _parse(pa.py_buffer(content), "-", "jsonl")


def _parse(data: pa.Buffer, name: str, kind: str) -> Raw:
    decoded = to_utf8(data, name)
    text = bytes(decoded.data).decode("utf-8")
    start = text[:1000].lstrip()[:1]
    if not text.strip():
        raise empty_file(name)
    if start == "[":
        objects, blank = _array(text, name), 0
    else:
        objects, blank = _lines(text, name)
    if not objects:
        raise empty_file(name)
    table = _table(objects)
    notes = (*decoded.notes, *grid.blank_note(blank))
    return Raw(table, InputInfo(name, kind, encoding=decoded.encoding, n_rows=table.num_rows, notes=notes))


def _lines(text: str, name: str) -> tuple[list[Mapping[str, Any]], int]:
    objects: list[Mapping[str, Any]] = []
    blank = 0
    # Not splitlines: JSON strings may hold U+2028 and other line ends of their own.
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.isspace():
            blank += 1
            continue
        objects.append(parse_line(line, name, number))
    return objects, blank


def parse_line(line: str, name: str, number: int) -> Mapping[str, Any]:
    """Return the JSON object on a line.

    Raises
    ------
    InputError
        Naming the line, if there is none.
    """
    try:
        value = json.loads(line)
    except UNREADABLE as error:
        raise _bad_line(name, number, error) from error
    return _object(value, name, number)


def _array(text: str, name: str) -> list[Mapping[str, Any]]:
    try:
        values = json.loads(text)
    except UNREADABLE as error:
        raise _bad_line(name, getattr(error, "lineno", 1), error) from error
    return [_object(value, name, number) for number, value in enumerate(values, start=1)]


def _object(value: Any, name: str, number: int) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise InputError(
        Bilingual(
            f"{name} 第 {number} 条不是 JSON 对象。", f"Entry {number} of {name} is not a JSON object."
        ),
        Bilingual(
            '每条应为一个对象，例如 {"review_id": "1", "text": "物流太慢"}。',
            'Each must be an object such as {"review_id": "1", "text": "物流太慢"}.',
        ),
    )


def _bad_line(name: str, number: int, error: Exception) -> InputError:
    place, why = getattr(error, "colno", 1), getattr(error, "msg", str(error).partition(";")[0])
    return InputError(
        Bilingual(
            f"{name} 第 {number} 行不是有效的 JSON（第 {place} 个字符处：{why}）。",
            f"Line {number} of {name} is not valid JSON (at character {place}: {why}).",
        ),
        Bilingual(
            "每行放一个 JSON 对象；请改好或删掉这一行。",
            "Put one JSON object on each line; mend or delete this one.",
        ),
    )


def _table(objects: Iterable[Mapping[str, Any]]) -> pa.Table:
    rows = list(objects)
    names = list(dict.fromkeys(key for row in rows for key in row))
    return pa.table({header(name): column([row.get(name) for row in rows]) for name in names})


def header(key: str) -> str:
    """Return a key as the name of a column, half a surrogate pair in it replaced."""
    return whole(key)
