"""Workbooks as a stream: one sheet, row after row.

The package that unpacks the sheet holds it in compact form (a sheet has at most 1,048,576 rows); what grows
with the rows here, Python's own cells, is made a block at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import python_calamine as calamine

from feedback_nlp.io import excel, grid
from feedback_nlp.io.source import Source, header_only
from feedback_nlp.io.streams.base import BLOCK_ROWS, Block, Stream

__all__ = ["open_stream"]


def open_stream(source: Source) -> Stream:
    """Open one sheet of a workbook: the one asked for, else the one that looks like feedback.

    Raises
    ------
    InputError
        If the workbook is protected by a password or damaged, or the sheet is not there or empty.
    """
    with excel.opened(source) as book:
        opening = excel.open_sheet(book, source)

    def blocks() -> Iterator[Block]:
        with excel.opened(source) as book:
            any_row = False
            for block in _blocks(book.get_sheet_by_name(opening.name), opening.header):
                any_row = True
                yield block
            if not any_row:
                raise header_only(excel.place(source.name, opening.name))

    names = grid.unnamed(opening.header.names)
    return Stream(excel.described(source, opening), blocks, names, source.path.stat().st_size)


def _blocks(sheet: calamine.CalamineSheet, header: grid.Header) -> Iterator[Block]:
    width = len(header.names)
    rows = islice(excel.sheet_rows(sheet), header.first, None)
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
