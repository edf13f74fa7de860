"""Ratings however they are given: numbers, ``4星``, ``★★★★☆``, 很满意 … 很不满意, 好评; and their scale."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feedback_nlp.io.times import by_unique

__all__ = ["Scale", "detect", "parse", "to_number"]

Scale = tuple[float, float]
_VALUE = re.compile(
    r"(?:评分|打分|rated)?[:\s]*([-+]?\d+(?:\.\d+)?)\s*(?:分|星|级|颗星|颗|stars?|points?|%)?(?:\s*/\s*\d+)?\Z"
)
_STATED = re.compile(r"(\d+(?:\.\d+)?)\s*分?\s*[-–—~～至到]\s*(\d+(?:\.\d+)?)\s*(?:分|星|$|[)）])")
_OUT_OF = re.compile(r"\d\s*分?\s*/\s*(5|7|10|100)\s*分?\Z")
_HUNDRED = re.compile(r"百分制|满分\s*100|100\s*分制")
_TEN = re.compile(r"十分制|满分\s*10(?!0)|10\s*分制")
_FIVE = re.compile(r"五分制|五星制|满分\s*5(?!\d)|5\s*[分星]制")
_DIGITS = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
_STARRED = re.compile(r"[星★⭐🌟]|stars?\Z")
_STARS = re.compile(r"[★⭐🌟]+[☆✩]*\Z")
# Five steps from 很不满意 to 很满意. Answers may be worded with any of these degrees.
_STEPS = {
    5.0: (
        "很满意 非常满意 十分满意 特别满意 极满意 极其满意 完全满意 非常好 很好 优秀 优 力荐",
        "verysatisfied excellent",
    ),
    4.0: ("满意 比较满意 较满意 基本满意 好 较好 比较好 良好 良 推荐", "satisfied good somewhatsatisfied"),
    3.0: ("一般 中立 还行 还可以 普通 中等 中 说不清 不好说 一般满意", "neutral average fair ok"),
    2.0: (
        "不满意 不太满意 不大满意 比较不满意 较不满意 不够满意 差 较差 比较差 不好 不太好",
        "dissatisfied poor somewhatdissatisfied bad",
    ),
    1.0: (
        "很不满意 非常不满意 十分不满意 特别不满意 极不满意 极其不满意 完全不满意 非常差 很差 极差 非常不好",
        "verydissatisfied verypoor terrible",
    ),
}
_THIRDS = {3.0: ("好评 正面", "positive"), 2.0: ("中评 中性", ""), 1.0: ("差评 负面", "negative")}


def _by_word(steps: dict[float, tuple[str, str]]) -> dict[str, float]:
    return {word: step for step, lists in steps.items() for words in lists for word in words.split()}


_WORDS = _by_word(_STEPS)
_THREE = _by_word(_THIRDS)


def to_number(value: Any) -> float | None:
    """Return the number a cell states (stars are counted, 五星 is 5), or None.

    Examples
    --------
    >>> to_number("4.5分"), to_number("★★★☆☆"), to_number("五星"), to_number("无")
    (4.5, 3.0, 5.0, None)
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else None
    text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
    found = _VALUE.match(text)
    if found:
        return float(found.group(1))
    if _STARS.match(text):
        return float(sum(text.count(star) for star in "★⭐🌟"))
    if len(text) == 2 and text[1] in "星分级" and text[0] in _DIGITS:
        return float(_DIGITS[text[0]])
    return None


def to_step(value: Any) -> float | None:
    """Return the step 1 to 5 that a word of satisfaction means, or None."""
    return _WORDS.get(_plain(value))


def to_third(value: Any) -> float | None:
    """Return the step 1 to 3 that 好评, 中评 or 差评 means, or None."""
    return _THREE.get(_plain(value))


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return re.sub(r"[\s\-_.,:;。，、！!()（）]+|^[a-e1-5][.、．:：)）=\-–—~]", "", value.casefold())


def _parts(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, Scale | None]:
    """Return numbers and, where they come from words, the scale of those words."""
    numbers = by_unique(values, to_number, pa.float64())
    steps = by_unique(values, to_step, pa.float64())
    thirds = by_unique(values, to_third, pa.float64())
    counts = [values_.length() - values_.null_count for values_ in (numbers, steps, thirds)]
    most = max(counts)
    if most == 0 or counts[0] == most:
        return numbers, None
    if counts[1] == most:
        distinct = set(pc.unique(steps.drop_null()).to_pylist())
        if distinct <= {2.0, 3.0, 4.0}:  # 满意 / 一般 / 不满意 is a scale of three
            return pc.subtract(steps, 1.0), (1.0, 3.0)
        return steps, (1.0, 5.0)
    return thirds, (1.0, 3.0)


def detect(values: pa.ChunkedArray, header: str = "") -> Scale | None:
    """Return (lowest, highest) possible rating from words, header or the range of numbers; None if none fits.

    Numbers up to 5 are 1-5 (0.5-5 or 0-5 where such values occur), up to 7 in at least 30 cells 1-7, up to
    10 are 0-10 if 0 occurs, else 1-10, up to 100 are 0-100; fractions up to 1 are percentages of a workbook
    (0-1). ``3/10`` says how high the scale goes. Some 1.5 % of stray values (99 for "no answer") are passed
    over. Where ways of writing are mixed (5星, 80%, 3/10), the one of most cells decides.
    """
    values = _most_alike(values)
    numbers, scale = _parts(values)
    if scale is not None:
        return scale
    known = pc.drop_null(numbers)
    if len(known) == 0:
        return None
    low, high = (pc.quantile(known, q=q, interpolation="nearest")[0].as_py() for q in (0.01, 0.985))
    stated = _stated(header)
    if stated is not None and stated[0] <= low and high <= stated[1]:
        return stated
    top = _out_of(values)
    if top is not None and low >= 0 and high <= top:
        return (0.0 if low < 1 or top == 100 else 1.0, top)
    if _percentages(known):
        return (0.0, 1.0)
    halves = pc.sum(pc.equal(known, 0.5)).as_py() or 0
    return _by_range(0.5 if halves > 1 and low >= 0.5 else low, high, len(known))


def _top(value: Any) -> float | None:
    """Return how high the scale goes by the way one cell is written: 4/5 is of 5, 80% of 100, stars of 5."""
    text = _written(value)
    found = _OUT_OF.search(text)
    if found:
        return float(found[1])
    number = to_number(text)
    if number is None:
        return None
    if text.endswith("%"):
        return 100.0
    return 5.0 if _STARRED.search(text) else None


def _more_stars(value: Any) -> bool:
    return bool(_STARRED.search(_written(value))) and (to_number(value) or 0) > 5


def _written(value: Any) -> str:
    return unicodedata.normalize("NFKC", value).strip().casefold() if isinstance(value, str) else ""


def _tops(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return what the cells say of their scale (0 for a bare number); None where they do not disagree."""
    if not pa.types.is_string(values.type) or any(map(_more_stars, pc.unique(values).to_pylist())):
        return None  # ten stars are another matter
    tops = pc.if_else(
        pc.is_valid(by_unique(values, to_number, pa.float64())),
        pc.fill_null(by_unique(values, _top, pa.float64()), 0.0),
        pa.scalar(None, pa.float64()),
    )
    return tops if len(pc.unique(tops.drop_null())) > 1 else None


def _most_alike(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells written in the way of most, where ways are mixed that mean different scales."""
    tops = _tops(values)
    if tops is None:
        return values
    counts = sorted(pc.value_counts(tops.drop_null()).to_pylist(), key=lambda one: -one["counts"])
    return values.filter(pc.fill_null(pc.equal(tops, counts[0]["values"]), fill_value=False))


def _out_of(values: pa.ChunkedArray) -> float | None:
    """Return the number after the slash if most of the cells are like ``3/10`` and agree on it."""
    if not pa.types.is_string(values.type):
        return None
    cells = [cell for cell in pc.drop_null(values).to_pylist() if cell.strip()]
    tops = [found[1] for found in map(_OUT_OF.search, map(str.strip, cells)) if found]
    return float(tops[0]) if len(set(tops)) == 1 and len(tops) > len(cells) / 2 else None


def _percentages(known: pa.ChunkedArray) -> bool:
    """Whether numbers are shares of 1, as a workbook keeps 80 %: none above 1, and not 0, 0.5 and 1 alone."""
    distinct = pc.unique(known).to_pylist()
    return min(distinct) >= 0 and max(distinct) <= 1 and not set(distinct) <= {0.0, 0.5, 1.0}


def _stated(header: str) -> Scale | None:
    header = unicodedata.normalize("NFKC", header)
    found = _STATED.search(header)
    if found:
        low, high = float(found.group(1)), float(found.group(2))
        return (min(low, high), max(low, high)) if low != high else None
    for pattern, scale in ((_HUNDRED, (0.0, 100.0)), (_TEN, (0.0, 10.0)), (_FIVE, (1.0, 5.0))):
        if pattern.search(header):
            return scale
    return None


def _by_range(low: float, high: float, count: int) -> Scale | None:
    if low < 0 or high > 100:
        return None
    if high <= 5:
        return (0.5, 5.0) if low == 0.5 else ((0.0 if low < 1 else 1.0), 5.0)
    if high <= 10:
        if high == 7 and low >= 1 and count >= 30:
            return (1.0, 7.0)
        return ((0.0 if low < 1 else 1.0), 10.0)
    return (0.0, 100.0)


def parse(values: pa.ChunkedArray, scale: Scale | None) -> pa.ChunkedArray:
    """Return ratings in the units of ``scale``; what can't be read, or is of another scale, is null.

    Returns
    -------
    pyarrow.ChunkedArray of shape (n,)
        float64.
    """
    numbers, own = _parts(values)
    if scale is None:
        return numbers
    if own is not None and own != scale:
        stretched = pc.divide(pc.subtract(numbers, own[0]), own[1] - own[0])
        return pc.add(pc.multiply(stretched, scale[1] - scale[0]), scale[0])
    tops = _tops(values)
    if tops is not None:  # 5星 among numbers up to 100 is not 5 of 100
        other = pc.and_(pc.greater(tops, 0.0), pc.not_equal(tops, scale[1]))
        numbers = pc.if_else(pc.fill_null(other, fill_value=False), pa.scalar(None, pa.float64()), numbers)
    inside = pc.and_(pc.greater_equal(numbers, scale[0]), pc.less_equal(numbers, scale[1]))
    return pc.if_else(inside, numbers, pa.scalar(None, pa.float64()))
