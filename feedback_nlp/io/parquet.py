"""Parquet in: Arrow reads it, and its types become those that the rest works on."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from feedback_nlp.io.raw import InputInfo, Raw
from feedback_nlp.io.source import Source, damaged, header_only

__all__ = ["read"]


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
    for position, field in enumerate(table.schema):
        plain = _plain(field.type)
        if str(plain) != str(field.type):
            table = table.set_column(position, field.name, table.column(position).cast(plain))
    return Raw(table, InputInfo(source.name, "parquet", n_rows=table.num_rows))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Dictionaries as their values; lists as Arrow spells them (their items are "element" in Parquet)."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.list_(kind.value_type) if pa.types.is_list(kind) else kind
