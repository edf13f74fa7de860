"""How a scored table is put together, from a whole file or from a part of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["joined"]


def joined(table: pa.Table, ids: pa.ChunkedArray, columns: pa.Table, roles: Mapping[str, str]) -> pa.Table:
    """Return the input's columns with ids that mentions can be joined on, and the scores.

    Parameters
    ----------
    table : pyarrow.Table
        The input's columns.
    ids : pyarrow.ChunkedArray
        Review ids. They become a column where no input column has that name; where the input's own is the id,
        empty ids in it are filled.
    columns : pyarrow.Table
        As ``schema.scored_schema()``.
    roles : mapping of role to column name
    """
    if "review_id" not in table.column_names:
        table = table.add_column(0, "review_id", ids)
    elif roles.get("review_id", "review_id") == "review_id":
        table = table.set_column(table.column_names.index("review_id"), "review_id", ids)
    for name in columns.column_names:
        table = table.append_column(columns.schema.field(name), columns[name])
    return table
