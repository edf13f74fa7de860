"""Parquet in: Arrow reads it, and its types become those that the rest works on."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from feedback_nlp.errors import Bilingual
from feedback_nlp.io import grid
from feedback_nlp.io.raw import InputInfo, Raw
from feedback_nlp.io.source import Source, damaged, header_only

__all__ = ["names_of", "plain", "read"]


def read(source: Source) -> Raw:
    """Read a Parquet file; schema metadata is kept.

    Raises
    ------
    InputError
        If it is damaged or has no rows.
    """
    try:
        with pq.ParquetFile(pa.BufferReader(source.data)) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise damaged(source.name, error) from error
    if table.num_rows == 0:
        raise header_only(source.name)
    names, notes = names_of(table.schema)
    table = plain(table.rename_columns(names) if notes else table)  # renaming drops the metadata
    return Raw(table, InputInfo(source.name, "parquet", n_rows=table.num_rows, notes=notes))


def names_of(schema: pa.Schema) -> tuple[list[str], tuple[Bilingual, ...]]:
    """Return the names of columns, repeated ones numbered as in other files, and what is to be said of it."""
    names = list(schema.names)
    if len(set(names)) == len(names):
        return names, ()
    unique = grid.unique_names(names)
    return list(unique), tuple(grid.name_notes(names, unique))


def plain(table: pa.Table) -> pa.Table:
    """Return the table with types that the rest works on."""
    for position, field in enumerate(table.schema):
        kind = _plain(field.type)
        if str(kind) != str(field.type):
            table = table.set_column(position, field.name, table.column(position).cast(kind))
    return table


def _plain(kind: pa.DataType) -> pa.DataType:
    """Dictionaries as their values; lists as Arrow spells them (their items are "element" in Parquet)."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.list_(kind.value_type) if pa.types.is_list(kind) else kind
