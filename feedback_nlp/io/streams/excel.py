"""Workbooks as a stream: one sheet, or several joined, row after row.

Large XLSX sheets are read in pieces (``sheet_pieces``). Others, and sheets written in an unusual way, are
unpacked whole, in compact form (a sheet has at most 1,048,576 rows); Python's own cells are made a block at a
time.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from feedback_nlp.errors import InputError
from feedback_nlp.io import excel, grid
from feedback_nlp.io.source import Source, header_only
from feedback_nlp.io.streams import sheet_pieces
from feedback_nlp.io.streams.base import BLOCK_ROWS, Block, Stream

__all__ = ["open_stream"]

# After these a sheet is read whole, which also tells what is wrong with the file.
_WHOLE = (sheet_pieces.UnusualSheetError, calamine.CalamineError, zipfile.BadZipFile, zlib.error, EOFError)


def open_stream(source: Source) -> Stream:
    """Open a workbook: the sheet asked for, else the one that looks like feedback, or those to be joined.

    Raises
    ------
    InputError
        If the workbook is protected by a password or damaged, or the sheet is not there or empty.
    """
    chosen = _chosen(source)

    def blocks() -> Iterator[Block]:
        any_row = False
        for opening in chosen.openings:
            rows = excel.merged_down(_rows(source, opening.name), opening)
            for block in _blocks(rows, opening.header):
                any_row = True
                yield replace(block, table=chosen.marked(block.table, opening))
        if not any_row:
            raise header_only(excel.place(source.name, chosen.name))

    names = dict.fromkeys(name for one in chosen.openings for name in grid.unnamed(one.header.names))
    return Stream(excel.described(source, chosen), blocks, tuple(names), source.path.stat().st_size)


def _chosen(source: Source) -> excel.Sheets:
    with sheet_pieces.pieces_of(source) as pieces:
        if pieces is not None:
            # Whatever is wrong with the first rows is told of the whole.
            with suppress(*_WHOLE, InputError):
                head, widths = pieces.head()
                return excel.open_sheets(head, source, widths)
    with excel.opened(source) as book:
        return excel.open_sheets(book, source)


def _rows(source: Source, name: str) -> Iterator[list[Any]]:
    """Yield the rows of a sheet from its very first cell on."""
    done = 0
    with sheet_pieces.pieces_of(source) as pieces:
        if pieces is not None:
            with suppress(*_WHOLE):
                for row in pieces.rows(name, BLOCK_ROWS):
                    yield row
                    done += 1
                return
    with excel.opened(source) as book:
        yield from islice(excel.sheet_rows(book.get_sheet_by_name(name)), done, None)


def _blocks(rows: Iterator[list[Any]], header: grid.Header) -> Iterator[Block]:
    width = len(header.names)
    rows = islice(rows, header.first, None)
    first = header.first + 1
    waiting = 0  # blank rows are gaps only if something follows
    while here := list(islice(rows, BLOCK_ROWS)):
        table, kept, blank = grid.fill([excel.row_cells(row, width) for row in here], header)
        if kept:
            numbers = tuple(first + row for row in kept)
            seen = {"blank": numbers[:1] * (waiting + blank)} if waiting + blank else {}
            yield Block(_typed(table), numbers[0], numbers, seen=seen)
            waiting = len(here) - 1 - kept[-1]
        else:
            waiting += len(here)
        first += len(here)


def _typed(table: pa.Table) -> pa.Table:
    """Return the table with columns that hold nothing as null: a later block says what they are."""
    for position, name in enumerate(table.column_names):
        if table.column(position).null_count == table.num_rows:
            table = table.set_column(position, name, pa.nulls(table.num_rows))
    return table
