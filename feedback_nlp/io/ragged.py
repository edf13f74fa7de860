"""Rows that have more or fewer cells than the header: nothing is lost, and the rows are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedback_nlp.errors import Bilingual
from feedback_nlp.io import grid, headers
from feedback_nlp.io.raw import listed

__all__ = ["Mended", "mend", "ragged_notes"]


@dataclass(frozen=True)
class Mended:
    """Rows of one width; names of the columns that had to be added on the right; indices of mended rows."""

    rows: list[list[str]]
    extra_names: tuple[str, ...]
    short: tuple[int, ...]
    joined: tuple[int, ...]
    long: tuple[int, ...]


def mend(rows: Sequence[list[str]], names: Sequence[str], delimiter: str) -> Mended:
    """Return ``rows`` brought to one width.

    Short rows are padded. A long row whose text column holds unquoted delimiters is joined there, if the
    cells after it then look like their columns; what is still too long goes to extra columns on the right.

    Parameters
    ----------
    rows : sequence of list of str
        Records in file order, blank ones included.
    names : sequence of str
        The header.
    delimiter : str
        Put back between cells that are joined.
    """
    width = len(names)
    place = _text_place(names)
    shapes = _shapes([row for row in rows if len(row) == width], width)
    short: list[int] = []
    joined: list[int] = []
    long: list[int] = []
    done: list[list[str]] = []
    for number, row in enumerate(rows):
        cells = _trimmed(row, width)
        if len(cells) > width and place is not None:
            together = _join(cells, place, width, delimiter)
            if _fits(together, shapes, place):
                cells = together
                joined.append(number)
        if len(cells) > width:
            long.append(number)
        elif len(cells) < width and any(cells):
            short.append(number)
        done.append(cells)
    full = max([width, *(len(cells) for cells in done)])
    padded = [cells + [""] * (full - len(cells)) for cells in done]
    extra = grid.unique_names([*names, *[""] * (full - width)])[width:]
    return Mended(padded, extra, tuple(short), tuple(joined), tuple(long))


def _trimmed(row: list[str], width: int) -> list[str]:
    """Drop empty cells beyond the header."""
    end = len(row)
    while end > width and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _text_place(names: Sequence[str]) -> int | None:
    scored = [
        (match.score, -position)
        for position, name in enumerate(names)
        for match in headers.matches(name)
        if match.role == "text"
    ]
    return -max(scored)[1] if scored else None


def _join(cells: list[str], place: int, width: int, delimiter: str) -> list[str]:
    surplus = len(cells) - width
    return [*cells[:place], delimiter.join(cells[place : place + surplus + 1]), *cells[place + surplus + 1 :]]


def _shape(cell: str) -> str:
    if not cell.strip():
        return "empty"
    return "value" if grid.like_value(cell) else "words"


def _shapes(rows: Sequence[list[str]], width: int) -> list[set[str]]:
    """Which shapes the cells of each column have in the first regular rows."""
    return [{_shape(row[position]) for row in rows[:500]} for position in range(width)]


def _fits(cells: list[str], shapes: Sequence[set[str]], place: int) -> bool:
    pairs = list(zip(cells, shapes, strict=True))[place + 1 :]
    return all(not shape or _shape(cell) in shape for cell, shape in pairs)


def ragged_notes(short: Sequence[int], joined: Sequence[int], long: Sequence[int]) -> list[Bilingual]:
    """Return what was done to rows of these numbers."""
    notes = []
    if short:
        notes.append(
            Bilingual(
                f"{len(short)} 行比表头短，缺的格子当作空（第 {listed(short)} 行）。",
                f"{len(short)} rows are shorter than the header and were filled up (rows {listed(short)}).",
            )
        )
    if joined:
        notes.append(
            Bilingual(
                f"{len(joined)} 行正文里有没加引号的分隔符，已拼回正文（第 {listed(joined)} 行）。",
                f"{len(joined)} rows have bare delimiters in the text; joined there (rows {listed(joined)}).",
            )
        )
    if long:
        notes.append(
            Bilingual(
                f"{len(long)} 行比表头长，多出的格子放在右边新列里（第 {listed(long)} 行）。",
                f"{len(long)} rows are longer than the header: see new columns (rows {listed(long)}).",
            )
        )
    return notes
