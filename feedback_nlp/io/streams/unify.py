"""Blocks of one table, read apart, get one schema: what reading the whole at once would have given."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from feedback_nlp.io.raw import as_text

__all__ = ["Columns"]


class Columns:
    """The columns of all blocks, in order of appearance, each of the narrowest type that holds every block's.

    Numbers are widened; other mixtures become strings; what is nowhere filled is string too, or left out if
    it has no name of its own.
    """

    def __init__(self) -> None:
        self._types: dict[str, dict[pa.DataType, None]] = {}

    def add(self, schema: pa.Schema) -> None:
        """Take in the columns of one more block."""
        for field in schema:
            kinds = self._types.setdefault(field.name, {})
            if not pa.types.is_null(field.type):
                kinds[field.type] = None

    def schema(self, unnamed: Iterable[str] = ()) -> pa.Schema:
        """Return the schema of the whole; columns of ``unnamed`` that are nowhere filled are left out."""
        gone = {name for name in unnamed if not self._types.get(name)}
        return pa.schema(
            [(name, _one(list(kinds))) for name, kinds in self._types.items() if name not in gone]
        )

    @staticmethod
    def cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
        """Return a block's table with the columns of ``schema``, null where it has none."""
        arrays = [
            _cast(table.column(field.name), field.type)
            if field.name in table.column_names
            else pa.chunked_array([pa.nulls(table.num_rows, field.type)])
            for field in schema
        ]
        return pa.table(arrays, schema=schema)


def _one(kinds: list[pa.DataType]) -> pa.DataType:
    if not kinds:
        return pa.string()
    if len(kinds) == 1:
        return kinds[0]
    if all(pa.types.is_integer(kind) for kind in kinds):
        return pa.int64() if all(pa.types.is_signed_integer(kind) for kind in kinds) else pa.float64()
    if all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds):
        return pa.float64()
    return pa.string()


def _cast(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if values.type == kind:
        return values
    if pa.types.is_string(kind) and not pa.types.is_null(values.type):
        if pa.types.is_large_string(values.type):
            return values.cast(kind)
        return pa.chunked_array([pa.array([as_text(value) for value in values.to_pylist()], kind)])
    return values.cast(kind, safe=False)  # beyond 2^53 a number loses its last digits, as it does in Excel
