"""Parquet in: Arrow reads it, and its types become those that the rest works on."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from feedback_nlp.io.raw import InputInfo, Raw
from feedback_nlp.io.source import Source, damaged, header_only

__all__ = ["plain", "read"]


def read(source: Source) -> Raw:
    """Read a Parquet file; schema metadata is kept.

    Raises
    ------
    InputError
        If it is damaged or has no rows.
    """
    try:
        table = pq.read_table(pa.BufferReader(source.data))
    except (pa.ArrowException, OSError) as error:
        raise damaged(source.name, error) from error
    if table.num_rows == 0:
        raise header_only(source.name)
    return Raw(plain(table), InputInfo(source.name, "parquet", n_rows=table.num_rows))


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
