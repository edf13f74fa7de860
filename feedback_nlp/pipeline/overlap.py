"""Reviews that stand in both of two files that are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["overlap_note"]

# Shorter texts ("很好", "物流太慢了") are the same by chance.
_LEAST_LETTERS = 12
# From this part of the smaller file on, two exports overlap rather than customers repeat themselves.
_LEAST_SHARE = 0.2
_LEAST_TEXTS = 5


def overlap_note(first: pa.ChunkedArray, second: pa.ChunkedArray) -> list[Bilingual]:
    """Say how many different longer texts stand in both columns, where they are many.

    What both have lessens every difference, and intervals take the two for independent.
    """
    import pyarrow.compute as pc

    sides = []
    for texts in (first, second):
        whole = pc.utf8_trim_whitespace(texts.cast("large_string").unique().drop_null())
        sides.append(whole.filter(pc.greater_equal(pc.utf8_length(whole), _LEAST_LETTERS)))
    few, many = sorted(sides, key=len)
    if not len(few):
        return []
    shared = int(pc.sum(pc.is_in(few, value_set=many)).as_py())
    if shared < max(_LEAST_TEXTS, _LEAST_SHARE * len(few)):
        return []
    return [
        Bilingual(
            f"两份有 {shared} 条一样的正文（较少一份里 {_LEAST_LETTERS} 字以上、互不相同的 {len(few)} 条中的 "
            f"{shared / len(few):.0%}）：导出的时间重叠了？一样的部分会把差别冲淡，区间也不准。",
            f"{shared} texts stand in both ({shared / len(few):.0%} of the {len(few)} different ones of "
            f"{_LEAST_LETTERS} characters or more in the smaller one): do the exports overlap? What both "
            "have hides differences, and the intervals don't hold.",
        )
    ]
