"""The edge where tables of other libraries become Arrow tables and go back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from numbers import Real
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["TEXT_COLUMN", "frame", "index_of", "is_missing", "like", "texts_of", "to_table", "whole"]

# Column name of data that come without one.
TEXT_COLUMN = "text"
# Up to here a float64 holds every whole number.
_FLOAT_HOLDS = 2**53
# Types of the marks that pandas has for nothing; known by name, so that pandas need not be loaded.
_PANDAS_NOTHING = ("NAType", "NaTType")


def to_table(data: Any) -> pa.Table:
    """Return ``data`` as an Arrow table.

    Parameters
    ----------
    data : object
        A list or NumPy array of texts (``None``, NaN and ``pd.NA`` where there is none), a list of row
        dictionaries, a pandas Series, array or DataFrame, an Arrow table, record batch or array, a dictionary
        of columns, or anything with ``__arrow_c_stream__`` such as a Polars frame. Data without a column
        name become the column "text".

    Returns
    -------
    pyarrow.Table
        Dictionary-encoded (categorical) columns are decoded; a pandas index is dropped.

    Raises
    ------
    InputError
        If ``data`` is none of these, or a column cannot be held by Arrow.
    """
    import pyarrow as pa

    try:
        return _plain(_convert(data))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            Bilingual(f"数据不能转成表：{error}。", f"The data can't be made a table: {error}."),
            Bilingual("每一列只放一种类型的值。", "Keep to one type of value in each column."),
        ) from error


def texts_of(data: Any) -> list[str | None]:
    """Return one column of texts as a list; see ``to_table`` for what they may come in.

    Raises
    ------
    InputError
        If ``data`` is a table of several columns, or holds something else than texts.
    """
    if isinstance(data, list | tuple) and all(text is None or isinstance(text, str) for text in data):
        # One text needs no tables, nor the time it takes to load what makes them.
        return [None if text is None else whole(text) for text in data]
    import pyarrow as pa

    table = to_table(list(data) if isinstance(data, Iterator | ValuesView) else data)
    kind = table.schema.field(0).type if table.num_columns == 1 else None
    if kind is not None and (pa.types.is_string(kind) or pa.types.is_null(kind)):
        texts: list[str | None] = table.column(0).to_pylist()
        return texts
    raise InputError(
        Bilingual(
            f"这里要一列文字，给的是 {type(data).__name__}。",
            f"One column of texts is needed here, not this {type(data).__name__}.",
        ),
        Bilingual("给一个字符串列表，或表里的一列。", "Give a list of strings, or one column of the table."),
    )


def index_of(data: Any) -> pd.Index | None:
    """Return the index of a pandas Series or DataFrame; None of anything else."""
    if type(data).__module__.partition(".")[0] != "pandas":
        return None
    found: pd.Index | None = getattr(data, "index", None)
    return found


def like(table: pa.Table, data: Any) -> Any:
    """Return ``table`` as the kind of thing that ``data`` is.

    Parameters
    ----------
    table : pyarrow.Table
    data : object
        Arrow and Polars data get their own kind back, everything else a pandas DataFrame.
    """
    import pyarrow as pa

    if isinstance(data, (pa.Table, pa.RecordBatch, pa.Array, pa.ChunkedArray)):
        return table
    if type(data).__module__.partition(".")[0] == "polars":
        # Loaded, since ``data`` is one of its objects.
        return sys.modules["polars"].from_arrow(table)
    return frame(table)


def frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a pandas DataFrame.

    Whole numbers that a float cannot hold, such as order numbers, become ``Int64`` where some are missing.
    """
    built: pd.DataFrame = table.to_pandas()
    for name in table.column_names:
        if _too_long_for_floats(table[name]):
            built[name] = _nullable(table[name])
    return built


def _too_long_for_floats(values: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(values.type) or not 0 < values.null_count < len(values):
        return False
    bounds = pc.min_max(values).as_py()
    return bool(max(abs(bounds["min"]), abs(bounds["max"])) > _FLOAT_HOLDS)


def _nullable(values: pa.ChunkedArray) -> pd.Series:
    import pandas as pd

    kind = {"uint64": "UInt64"}.get(str(values.type), "Int64")
    return pd.Series(values.to_pylist(), dtype=kind)


def _convert(data: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, (pa.Array, pa.ChunkedArray)):
        return pa.table({TEXT_COLUMN: data})
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "ndim"):
        return _from_pandas(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _from_stream(data)
    if type(data).__module__ == "numpy" and getattr(data, "ndim", 0) == 1:
        return _from_rows(data.tolist())
    if isinstance(data, Mapping):
        if any(isinstance(cells, str | bytes) or not isinstance(cells, Iterable) for cells in data.values()):
            raise _unknown(data)  # one row, whose texts would become columns of characters
        return pa.table({str(name): _cells(list(cells)) for name, cells in data.items()})
    return _from_rows(data)


def _cells(values: list[Any]) -> pa.Array:
    """Return one column; what Arrow can't hold as it is becomes text, as in a DataFrame."""
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        import pandas as pd

        return _texts(pd.Series(values, dtype=object))


def _from_pandas(data: Any) -> pa.Table:
    import pyarrow as pa

    frame = _series(data).to_frame() if data.ndim == 1 else data
    arrays = {}
    for position, name in enumerate(frame.columns):
        values = frame.iloc[:, position]
        arrays[str(name)] = _column(values)
    if len(arrays) < len(frame.columns):
        raise InputError(
            Bilingual("表里有同名的列。", "Some columns have the same name."),
            Bilingual("先给重复的列改名。", "Rename the repeated columns first."),
        )
    return pa.table(arrays)


def _series(data: Any) -> Any:
    """Return a named pandas Series of a Series, an index or an array of pandas' own."""
    import pandas as pd

    name = getattr(data, "name", None)
    return pd.Series(data, name=TEXT_COLUMN if name is None else name)


def _column(values: Any) -> pa.Array:
    """Return one pandas column; one that mixes types, as columns read from Excel may, becomes text."""
    import pyarrow as pa

    try:
        found = pa.array(values, from_pandas=True)
    except (
        pa.ArrowException,
        OverflowError,
        UnicodeEncodeError,
    ):  # such as numbers of 20 digits, complex ones
        return _texts(values)
    # Types of pandas' own, such as periods and the intervals of pd.cut, are known to nobody after this.
    kind = found.type.value_type if pa.types.is_dictionary(found.type) else found.type
    return _texts(values) if isinstance(kind, pa.BaseExtensionType) else found


def _texts(values: Any) -> pa.Array:
    """Return a pandas column as strings, half of a surrogate pair as the character for what is unknown."""
    import pyarrow as pa

    missing = values.isna()
    return pa.array(
        [None if gone else whole(str(value)) for value, gone in zip(values, missing, strict=True)]
    )


def whole(text: str) -> str:
    """Return ``text`` with halves of surrogate pairs, which no file can hold, as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_stream(data: Any) -> pa.Table:
    import pyarrow as pa

    reader = pa.chunked_array(data) if _is_column(data) else pa.table(data)
    return reader if isinstance(reader, pa.Table) else pa.table({TEXT_COLUMN: reader})


def _is_column(data: Any) -> bool:
    """Whether a stream holds one unnamed column, such as a Polars Series, rather than a table."""
    return not hasattr(data, "columns") and not hasattr(data, "column_names")


def _from_rows(data: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        if data and all(isinstance(row, Mapping) for row in data):
            names = dict.fromkeys(name for row in data for name in row)  # the first row may lack some
            return pa.table({str(name): _cells([row.get(name) for row in data]) for name in names})
        if all(_is_text(value) for value in data):
            texts = [whole(value) if isinstance(value, str) else None for value in data]
            return pa.table({TEXT_COLUMN: pa.array(texts, type=pa.string())})
    raise _unknown(data)


def _unknown(data: Any) -> InputError:
    return InputError(
        Bilingual(f"不认识的数据：{type(data).__name__}。", f"Unknown kind of data: {type(data).__name__}."),
        Bilingual(
            "请给字符串列表、DataFrame、Arrow 表或文件路径。",
            "Give a list of strings, a DataFrame, an Arrow table or the path of a file.",
        ),
    )


def _is_text(value: Any) -> bool:
    """Whether ``value`` is a text or stands for a missing one."""
    return isinstance(value, str) or is_missing(value)


def is_missing(value: Any) -> bool:
    """Whether ``value`` is a mark for nothing: None, a NaN of any width, ``pd.NA`` or ``pd.NaT``."""
    if value is None or type(value).__name__ in _PANDAS_NOTHING:
        return True
    return isinstance(value, Real) and value != value


def _plain(table: pa.Table) -> pa.Table:
    """Decode dictionaries and shorten the large and view types, so that only one string type goes on."""
    import pyarrow as pa

    for position, field in enumerate(table.schema):
        kind = field.type
        target = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_large_string(target) or pa.types.is_string_view(target):
            target = pa.string()
        if target != kind:
            table = table.set_column(position, field.name, table.column(position).cast(target))
    return table.replace_schema_metadata(None)
