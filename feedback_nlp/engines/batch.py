"""One record batch in, the same batch with scores out: what Spark, Ray, Dask or a service calls.

The function is pure and thread-safe, so any engine that hands out batches may call it anywhere::

    model = fn.load_model("linear")
    scored = fn.score_batch(batch, model, text="评论内容", mentions=True)
    mentions = fn.mentions_of(scored, id="工单号")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, ColumnNotFoundError, InputError
from feedback_nlp.schema import mentions_schema, scored_schema

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["MENTIONS_COLUMN", "batch_schema", "mentions_of", "score_batch"]

# Where ``score_batch(..., mentions=True)`` keeps what is said of each review.
MENTIONS_COLUMN = "fb_mentions"


def score_batch(
    batch: pa.RecordBatch,
    model: str | Path | Scorer = "linear",
    *,
    taxonomy: str | Path | Taxonomy = "default",
    text: str = "text",
    mentions: bool = False,
) -> pa.RecordBatch:
    """Return ``batch`` with its scores.

    Parameters
    ----------
    batch : pyarrow.RecordBatch of n rows
        Any columns. Those of an earlier scoring are replaced.
    model : str, Path or Scorer
        A scorer from :func:`feedback_nlp.load_model`; a name or folder is loaded on every call.
    taxonomy : str, Path or Taxonomy
        Only used with a name or folder.
    text : str
        The column of texts (strings, or null).
    mentions : bool
        Whether to add ``fb_mentions``, a list of what each review mentions; see :func:`mentions_of`.

    Returns
    -------
    pyarrow.RecordBatch of n rows
        As :func:`batch_schema` says. ``fb_duplicate_of`` is null: it needs the whole input.

    Raises
    ------
    ColumnNotFoundError, InputError
        If there is no such column, or it holds no texts.

    Examples
    --------
    >>> import pyarrow as pa
    >>> batch = pa.RecordBatch.from_pydict({"text": ["物流太慢了", None]})
    >>> score_batch(batch, "lexicon")["fb_negative"].to_pylist()
    [['logistics.speed'], []]
    """
    import pyarrow as pa

    from feedback_nlp.engines import local
    from feedback_nlp.scorers import load_model
    from feedback_nlp.taxonomy import load_taxonomy
    from feedback_nlp.text import quality

    scorer = load_model(model, load_taxonomy(taxonomy)) if isinstance(model, str | Path) else model
    texts = _texts(batch, text)
    found, scored = local.score_batch([str(row) for row in range(len(texts))], texts, scorer)
    columns = {name: scored[name] for name in scored.column_names}
    columns["fb_status"] = pa.array(quality.status(texts), pa.string())
    columns["fb_duplicate_of"] = pa.nulls(len(texts), pa.string())
    if mentions:
        columns[MENTIONS_COLUMN] = _nested(found, len(texts))
    schema = batch_schema(batch.schema, mentions=mentions)
    kept = [batch.column(name) for name in schema.names if name not in columns]
    added = [_whole(columns[name]) for name in schema.names if name in columns]
    return pa.RecordBatch.from_arrays([*kept, *added], schema=schema)


def batch_schema(schema: pa.Schema, *, mentions: bool = False) -> pa.Schema:
    """Return the schema of what :func:`score_batch` makes of a batch of ``schema``.

    The columns of the batch, then those of ``schema.scored_schema()``, then, if asked for, ``fb_mentions``: a
    list of structs with the fields of ``schema.mentions_schema()`` except ``review_id``.
    """
    import pyarrow as pa

    added = list(scored_schema())
    names = {field.name for field in added} | {MENTIONS_COLUMN}
    if mentions:
        added.append(pa.field(MENTIONS_COLUMN, pa.list_(_mention_type())))
    return pa.schema([*(field for field in schema if field.name not in names), *added])


def mentions_of(scored: pa.RecordBatch | pa.Table, id: str = "review_id") -> pa.Table:
    """Return the mentions of scored batches as the table of the contract.

    Parameters
    ----------
    scored : pyarrow.RecordBatch or Table
        From :func:`score_batch` with ``mentions=True``.
    id : str
        The column of review ids; its values become strings.

    Returns
    -------
    pyarrow.Table
        As ``schema.mentions_schema()``, in order of review, clause, facet; ``issue_id`` null.

    Raises
    ------
    ColumnNotFoundError
        If a column is missing.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in (id, MENTIONS_COLUMN):
        if name not in scored.schema.names:
            raise ColumnNotFoundError.from_missing(name, scored.schema.names)
    lists = _whole(scored.column(MENTIONS_COLUMN))
    flat = pa.Table.from_struct_array(pc.list_flatten(lists))
    ids = _whole(scored.column(id)).take(pc.list_parent_indices(lists)).cast(pa.string())
    return flat.add_column(0, "review_id", ids).cast(mentions_schema())


def _texts(batch: pa.RecordBatch, name: str) -> list[str | None]:
    import pyarrow as pa

    if name not in batch.schema.names:
        raise ColumnNotFoundError.from_missing(name, batch.schema.names, "text")
    values = batch.column(name)
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if not (pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise InputError(
            Bilingual(f"列“{name}”的类型是 {kind}，不是文字。", f"Column '{name}' holds {kind}, not texts."),
            Bilingual("用 text= 指明内容所在的列。", "Name the column of texts with text=."),
        )
    texts: list[str | None] = values.to_pylist()
    return texts


def _mention_type() -> pa.StructType:
    import pyarrow as pa

    return pa.struct([field for field in mentions_schema() if field.name != "review_id"])


def _nested(found: pa.Table, n_rows: int) -> pa.ListArray:
    """Return mentions, in order of the row that is their review id, as one list per row."""
    import numpy as np
    import pyarrow as pa

    found = found.combine_chunks()
    row = found["review_id"].cast(pa.int64()).to_numpy()
    offsets = np.searchsorted(row, np.arange(n_rows + 1)).astype(np.int32)
    kind = _mention_type()
    values = pa.StructArray.from_arrays([_whole(found[field.name]) for field in kind], fields=list(kind))
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    if not isinstance(values, pa.ChunkedArray):
        return values
    return values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
