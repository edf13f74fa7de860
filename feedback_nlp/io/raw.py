"""What every reader returns: the table as it stands in the file, and where it came from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from feedback_nlp.errors import Bilingual
from feedback_nlp.frames import whole

__all__ = ["InputInfo", "Raw", "as_text", "column", "filled_rows", "listed", "stacked"]

_SHOWN = 10


@dataclass(frozen=True)
class InputInfo:
    """Where a table came from and what had to be done to read it.

    Attributes
    ----------
    path : str
        The file as given; several are joined by ", ".
    format : str
        ``csv`` ``xlsx`` ``jsonl`` ``parquet`` …
    encoding : str or None
        Of text formats.
    sheet : str or None
        Of workbooks.
    header_row : int or None
        Row of the header in the file, from 1; None where the file has none.
    n_rows : int
        Rows of data, blank ones not counted.
    notes : tuple of Bilingual
        What the reader noticed and did.
    """

    path: str
    format: str
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    n_rows: int = 0
    notes: tuple[Bilingual, ...] = ()


@dataclass(frozen=True)
class Raw:
    """A table as read (text columns as strings; typed formats keep numbers and dates) and its origin."""

    table: pa.Table
    info: InputInfo


def as_text(value: Any) -> str | None:
    """Return a cell as people see it: whole numbers without ``.0``, ISO dates, nested values as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _strings(values: Sequence[Any]) -> pa.Array:
    texts = [as_text(value) for value in values]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 can't
        return pa.array([None if text is None else whole(text) for text in texts], pa.string())


def column(values: Sequence[Any]) -> pa.Array:
    """Return cells as the narrowest Arrow column that holds all unchanged; mixed cells become strings."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return _strings(values)
    if kinds <= {dt.date, dt.datetime}:
        return pa.array([_midnight(value) for value in values], pa.timestamp("s"))
    try:
        if kinds <= {bool} or kinds <= {int}:
            return pa.array(values)
        if kinds <= {int, float}:
            return pa.array(values, pa.float64())
        if kinds == {list}:
            return pa.array(values, pa.list_(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return _strings(values)
    return _strings(values)


def _midnight(value: dt.date | None) -> dt.datetime | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.replace(microsecond=0)
    return dt.datetime.combine(value, dt.time())


def filled_rows(table: pa.Table) -> pa.ChunkedArray | None:
    """Return which rows hold more than nulls and white space; None if all do."""
    import pyarrow.compute as pc

    kept = None
    for values in table.columns:
        filled = pc.is_valid(values)
        if pa.types.is_string(values.type):
            filled = pc.and_kleene(filled, pc.not_equal(pc.utf8_trim_whitespace(values), ""))
        kept = filled if kept is None else pc.or_(kept, filled)
    return None if kept is None or pc.all(kept).as_py() else kept


def listed(numbers: Sequence[int]) -> str:
    """Return row numbers as text, the first ten of them."""
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    return shown + (" …" if len(numbers) > _SHOWN else "")


def stacked(tables: Sequence[pa.Table]) -> pa.Table:
    """Return tables below one another, columns matched by name; of mixed types they become strings."""
    if len(tables) == 1:
        return tables[0]
    mixed = _mixed_columns(tables)
    return pa.concat_tables([_as_strings(table, mixed) for table in tables], promote_options="permissive")


def _mixed_columns(tables: Sequence[pa.Table]) -> set[str]:
    """Columns whose types differ between files and can't be widened to one."""
    kinds: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            if not pa.types.is_null(field.type):
                kinds.setdefault(field.name, set()).add(field.type)
    return {name for name, types in kinds.items() if len(types) > 1 and not all(map(_is_number, types))}


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _as_strings(table: pa.Table, names: set[str]) -> pa.Table:
    for position, name in enumerate(table.column_names):
        if name in names and not pa.types.is_string(table[name].type):
            texts = pa.array([as_text(value) for value in table[name].to_pylist()], pa.string())
            table = table.set_column(position, name, texts)
    return table
