"""Parquet as a stream of batches, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from feedback_nlp.io.parquet import names_of, plain
from feedback_nlp.io.raw import InputInfo
from feedback_nlp.io.source import Source, damaged, header_only
from feedback_nlp.io.streams.base import BLOCK_BYTES, BLOCK_ROWS, Block, Stream
from feedback_nlp.io.streams.text import MARKING

__all__ = ["open_stream"]

_FEWEST = 256


def open_stream(source: Source) -> Stream:
    """Open a Parquet file.

    Raises
    ------
    InputError
        If it is damaged or has no rows.
    """
    try:
        with pq.ParquetFile(source.path, memory_map=True) as file:
            n_rows, size = file.metadata.num_rows, _size(file.metadata)
            names, notes = names_of(file.schema_arrow)
    except pa.ArrowException as error:
        raise damaged(source.name, error) from error
    if n_rows == 0:
        raise header_only(source.name)
    # Long texts come in shorter batches.
    batch_size = max(_FEWEST, min(BLOCK_ROWS, 4 * BLOCK_BYTES * n_rows // max(1, size)))

    def blocks() -> Iterator[Block]:
        return _blocks(source, batch_size, names)

    info = InputInfo(source.name, "parquet", n_rows=n_rows, notes=notes)
    return Stream(info, blocks, size=source.path.stat().st_size)


def _size(metadata: pq.FileMetaData) -> int:
    return sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))


def _blocks(source: Source, batch_size: int, names: list[str]) -> Iterator[Block]:
    first = 1
    try:
        with pq.ParquetFile(source.path, memory_map=True) as file:
            for batch in file.iter_batches(batch_size=batch_size, use_threads=False):
                yield _block(pa.Table.from_batches([batch]).rename_columns(names), first)
                first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise damaged(source.name, error) from error


def _block(table: pa.Table, first: int) -> Block:
    table = plain(table).replace_schema_metadata(None)
    marked = False
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            mended = _mended(table.column(position))
            if mended is not None:
                table, marked = table.set_column(position, field, mended), True
    return Block(table, first, marked=marked)


def _mended(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return strings with ``MARK`` for bytes that are no UTF-8 (Parquet lets them in), None if all are."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        kind = pa.large_binary() if pa.types.is_large_string(values.type) else pa.binary()
        raw = [cell for chunk in values.chunks for cell in chunk.view(kind).to_pylist()]
        texts = [None if cell is None else cell.decode("utf-8", MARKING) for cell in raw]
        return pa.chunked_array([pa.array(texts, values.type)])
    return None
