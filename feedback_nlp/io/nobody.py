"""Cells of a column of customers that name nobody: 匿名用户, 散客, "-".

Taken for a name, one would make hundreds of strangers one customer: their short texts would be duplicates,
and they would head the list of those to call.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual
from feedback_nlp.io import times

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["named", "unnamed_note"]

_NOBODY = re.compile(
    r"\W*|\W*匿名(?:用户|买家|客户|顾客|会员|评价|网友|者)?\W*|游客|散客|未知(?:用户|客户)?|不详|暂?无|未(?:登录|注册)(?:用户)?"
    r"|未填写?|n/?a|null|none|nan|unknown|anonymous(?: user)?|guest"
)


def named(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return customers as strings, null where a cell names nobody."""
    import pyarrow as pa

    return times.by_unique(values, _name, pa.string())


def unnamed_note(name: str, before: pa.ChunkedArray, after: pa.ChunkedArray) -> tuple[Bilingual, ...]:
    """Say how many filled cells of the column ``name`` name nobody."""
    import pyarrow.compute as pc

    lost = before.filter(pc.and_(pc.is_valid(before), pc.is_null(after)))
    lost = lost.filter(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(lost)), 0))
    if not len(lost):
        return ()
    example = f"{lost[0]}".strip()[:20]
    return (
        Bilingual(
            f"“{name}”有 {len(lost)} 格没有写明是谁（如“{example}”），各当一位客户。",
            f"{len(lost)} cells of '{name}' name nobody (e.g. '{example}'): each counts as a customer of "
            "its own.",
        ),
    )


def _name(cell: str | None) -> str | None:
    return None if cell is None or _NOBODY.fullmatch(cell.strip().casefold()) else cell
