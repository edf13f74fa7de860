"""Which sheet of a workbook is read, or which ones are joined: those asked for, else the likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import python_calamine as calamine

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io import grid, headers
from feedback_nlp.io.raw import as_text

if TYPE_CHECKING:
    from feedback_nlp.io.source import Source

__all__ = ["ALL", "SHEET_COLUMN", "choose"]

# As a name of a sheet: all that have the header of the likeliest one.
ALL = "all"
# Where several sheets are read as one: which one a row comes from.
SHEET_COLUMN = "fb_sheet"
_PEEK = 200


@dataclass(frozen=True)
class Peek:
    """The beginning of one sheet, and how much it looks like feedback."""

    name: str
    likeness: float
    filled: bool = True
    header: frozenset[str] = frozenset()


def choose(book: calamine.CalamineWorkbook, source: Source) -> tuple[list[str], list[Bilingual]]:
    """Return the sheets to be read, in the order of the workbook, and what is to be said of the choice.

    Raises
    ------
    InputError
        If the sheet asked for is not there.
    """
    joined = _means_all(book.sheet_names, source)
    if source.sheet is not None and not joined:
        return [_asked(book.sheet_names, source)], []
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible
        and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ] or list(book.sheet_names)
    if len(visible) == 1:
        return visible, []
    peeks = [_peek(book, name) for name in visible]
    best = max(peeks, key=_likeness)
    alike = [peek.name for peek in peeks if peek is best or (best.header and peek.header == best.header)]
    names = alike if joined else [best.name]
    others = [peek.name for peek in peeks if peek.filled and peek.name not in names]
    if joined:
        return names, _joined_note(names, others)
    return names, _choice_note(best.name, others, alike)


def _means_all(names: Sequence[str], source: Source) -> bool:
    """Whether all sheets are asked for; a sheet of that name goes first."""
    asked = str(source.sheet).strip()
    return asked.lower() == ALL and asked not in (name.strip() for name in names)


def _likeness(peek: Peek) -> float:
    return peek.likeness


def _choice_note(name: str, others: Sequence[str], alike: Sequence[str]) -> list[Bilingual]:
    if not others:
        return []
    zh, en = "用 --sheet 指定", "choose with --sheet"
    if len(alike) > 1:
        zh += f"；--sheet all 把表头相同的 {len(alike)} 张都读进来"
        en += f"; --sheet all reads all {len(alike)} with the same header"
    return [
        Bilingual(
            f"用了工作表“{name}”；另有：{'、'.join(others)}（{zh}）。",
            f"Sheet '{name}' was used; there are also: {', '.join(others)} ({en}).",
        )
    ]


def _joined_note(names: Sequence[str], others: Sequence[str]) -> list[Bilingual]:
    left_zh = f"；没有读的（表头不同或没有数据）：{'、'.join(others)}" if others else ""
    left_en = f"; not read (another header, or no rows): {', '.join(others)}" if others else ""
    return [
        Bilingual(
            f"接起了 {len(names)} 张工作表：{'、'.join(names)}{left_zh}。",
            f"{len(names)} sheets were joined: {', '.join(names)}{left_en}.",
        )
    ]


def _asked(names: Sequence[str], source: Source) -> str:
    """Return the sheet with the name asked for, or with the number if no sheet is called so."""
    asked = str(source.sheet).strip()
    for name in names:
        if name.strip() == asked:
            return name
    if asked.isdigit() and 1 <= int(asked) <= len(names):
        return names[int(asked) - 1]
    raise InputError(
        Bilingual(f"{source.name} 里没有工作表“{asked}”。", f"{source.name} has no sheet '{asked}'."),
        Bilingual(
            f"现有：{'、'.join(names)}；all 是表头相同的所有工作表。",
            f"There are: {', '.join(names)}; 'all' is every sheet with the same header.",
        ),
    )


def _peek(book: calamine.CalamineWorkbook, name: str) -> Peek:
    rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_PEEK)
    rows = [row for row in rows if any(not grid.blank(cell) for cell in row)]
    if len(rows) < 2:
        return Peek(name, likeness=-1.0, filled=bool(rows))
    found = grid.find_header(rows)
    named = 0.0
    header: frozenset[str] = frozenset()
    if found is not None:
        header = frozenset(text for cell in rows[found] if (text := (as_text(cell) or "").strip()))
        scores = [
            match for cell in rows[found] if isinstance(cell, str) for match in headers.matches(cell.strip())
        ]
        named = sum(1.0 for match in scores if match.exact)
        named += max((match.score / 10 for match in scores if match.role == "text"), default=0.0)
    likeness = named + _longest_text(rows[(found or 0) + 1 :]) + min(len(rows), 20) / 20
    return Peek(name, likeness, header=header)


def _longest_text(rows: Sequence[Sequence[Any]]) -> float:
    """Mean length of the texts in the wordiest column, at most 30."""
    sums: dict[int, int] = {}
    for row in rows:
        for position, cell in enumerate(row):
            if isinstance(cell, str) and not grid.like_value(cell):
                sums[position] = sums.get(position, 0) + len(cell)
    return min(30.0, max(sums.values(), default=0) / max(1, len(rows)))
