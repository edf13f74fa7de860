"""Columns of any Arrow type to columns that a spreadsheet can hold."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["flat", "json_text"]

_SEPARATOR = ";"


def flat(table: pa.Table) -> pa.Table:
    """Return the table with lists joined by ``;``, other nested values as JSON."""
    for position, field in enumerate(table.schema):
        values = _flat_column(table.column(position))
        if values.type != field.type:
            table = table.set_column(position, field.name, values)
    return table


def _flat_column(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _joined(values)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _texts(values)
    if pa.types.is_timestamp(kind):
        return _whole_seconds(values)
    if pa.types.is_dictionary(kind):
        return values.cast(kind.value_type)
    return values.cast(pa.string()) if str(kind) == "string_view" else values


def _joined(values: pa.ChunkedArray) -> pa.ChunkedArray:
    inner = values.type.value_type
    simple = pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_integer(inner)
    if not simple or pc.list_flatten(values).null_count:
        return _texts(values)
    return pc.binary_join(values.cast(pa.list_(pa.string())), _SEPARATOR)


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([_text(value) for value in values.to_pylist()], pa.string())])


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else json_text(value)


def json_text(value: Any) -> str:
    """Return a value as JSON; what JSON does not know becomes a string."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _whole_seconds(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole seconds without ``.000000``; nanoseconds, which Python can't hold, as microseconds."""
    zone = values.type.tz
    try:
        return values.cast(pa.timestamp("s", zone))
    except pa.ArrowInvalid:
        return values.cast(pa.timestamp("us", zone), safe=False) if values.type.unit == "ns" else values
