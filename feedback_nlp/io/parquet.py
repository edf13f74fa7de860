"""Parquet in: Arrow reads it; dictionary columns become plain ones."""

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
        if pa.types.is_dictionary(field.type):
            plain = table.column(position).cast(field.type.value_type)
            table = table.set_column(position, field.name, plain)
    return Raw(table, InputInfo(source.name, "parquet", n_rows=table.num_rows))
