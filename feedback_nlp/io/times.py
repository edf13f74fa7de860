"""Times however they are written: typed cells, Excel serials, text dates, Unix time.

Times are wall-clock times as written; a zone is dropped, not converted. Unix times are shown as Beijing time
(UTC+8), since a day of the export is a day there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["parse", "parse_one", "strays"]

_FIRST, _LAST = dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)
_EXCEL = dt.datetime(1899, 12, 30)
# Times are strays if so many seconds without any part them from the others, and they are at most this share.
_FAR = 3 * 365 * 86_400
_FEW = 0.05
_BEIJING = dt.timedelta(hours=8)
_CLOCK = (
    r"(?:\s*[T\s,，]?\s*(?:星期.|周.)?\s*(?P<half>上午|下午|凌晨|早上|晚上|中午|am|pm)?\s*"
    r"(?P<hour>\d{1,2})\s*[:：时点]\s*(?P<minute>\d{1,2})?\s*(?:[:：分]\s*(?P<second>\d{1,2})?(?:[.,]\d+)?)?\s*秒?"
    r"\s*(?P<half_after>am|pm)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|\(.*\))?)?\s*(?:星期.|周.)?\Z"
)
_DATES = tuple(
    re.compile(date + _CLOCK, re.IGNORECASE)
    for date in (
        r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})",
        r"(?P<year>\d{2})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?",
    )
)
_MANY = 10_000
_PLAIN = r"^(?P<day>\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)[ T](?P<clock>\d{1,2}:\d{2}(?::\d{2})?)$"
_MONTH = re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*月?\Z")
_NUMBER = re.compile(r"\d+(?:\.\d+)?\Z")
_AFTERNOON = ("下午", "晚上", "中午", "pm")


def parse(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times, null where a cell is empty or can't be read as a time.

    Parameters
    ----------
    values : pyarrow.ChunkedArray of shape (n,)
        Strings, numbers, dates or timestamps.

    Returns
    -------
    pyarrow.ChunkedArray of shape (n,)
        ``timestamp[s]``.
    """
    kind = values.type
    if pa.types.is_timestamp(kind):
        local = pc.local_timestamp(values) if kind.tz else values
        return pc.floor_temporal(local, unit="second").cast(pa.timestamp("s"))
    if pa.types.is_date(kind):
        return values.cast(pa.timestamp("s"))
    if pa.types.is_string(kind) and len(values) > _MANY:
        return _in_two_parts(values)
    return by_unique(values, parse_one, pa.timestamp("s"))


def strays(moments: pa.ChunkedArray) -> list[dt.datetime]:
    """Return the few times that lie years before or after all others (1970-01-01, 2052 for 2025), in order.

    Parameters
    ----------
    moments : pyarrow.ChunkedArray of shape (n,)
        ``timestamp[s]``.
    """
    known = pc.drop_null(moments)
    seconds = np.sort(known.to_numpy().astype("datetime64[s]").astype(np.int64))
    gaps = np.flatnonzero(np.diff(seconds) > _FAR) + 1
    few = _FEW * len(seconds)
    first = max((gap for gap in gaps if gap <= few), default=0)
    last = min((gap for gap in gaps if len(seconds) - gap <= few), default=len(seconds))
    return [_FIRST + dt.timedelta(seconds=int(at)) for at in (*seconds[:first], *seconds[last:])]


def _in_two_parts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Parse days and clock times apart, each once: a million different times have few of either."""
    parts = pc.extract_regex(values, _PLAIN)
    days = by_unique(pc.struct_field(parts, "day"), parse_one, pa.timestamp("s"))
    clocks = by_unique(pc.struct_field(parts, "clock"), _seconds, pa.duration("s"))
    moments = pc.add(days, clocks)
    others = pc.if_else(pc.is_valid(moments), pa.scalar(None, pa.string()), values)
    return pc.coalesce(moments, by_unique(others, parse_one, pa.timestamp("s")))


def _seconds(clock: str | None) -> dt.timedelta | None:
    """Return the time of day in ``8:05`` or ``08:05:09``, None for one that there is not."""
    if not clock:
        return None
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    return (
        dt.timedelta(hours=hour, minutes=minute, seconds=second)
        if hour < 24 and minute < 60 and second < 60
        else None
    )


def by_unique(values: pa.ChunkedArray, function: Callable[[Any], Any], kind: pa.DataType) -> pa.ChunkedArray:
    """Apply ``function`` once to each distinct value: columns of times and ratings repeat theirs."""
    if pa.types.is_nested(values.type) or pa.types.is_null(values.type):
        return pa.chunked_array([pa.array([function(value) for value in values.to_pylist()], kind)])
    encoded = pa.chunked_array([values.combine_chunks()]).dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # Arrow < 24 keeps chunks
        encoded = encoded.chunk(0)
    results = pa.array([function(value) for value in encoded.dictionary.to_pylist()], kind)
    return pa.chunked_array([results.take(encoded.indices)])


def parse_one(value: Any) -> dt.datetime | None:
    """Return the time that one cell means, or None.

    Examples
    --------
    >>> parse_one("2025年3月1日 8:05")
    datetime.datetime(2025, 3, 1, 8, 5)
    >>> parse_one("45717.5")
    datetime.datetime(2025, 3, 1, 12, 0)
    """
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip() if not isinstance(value, float) else repr(value)
    moment = _from_number(text) if _NUMBER.match(text) else _from_text(text)
    return moment if moment is not None and _FIRST <= moment < _LAST else None


def _from_number(text: str) -> dt.datetime | None:
    """Excel serial days, Unix seconds or milliseconds, or digits of a date, told apart by their size."""
    whole = text.partition(".")[0]
    number = float(text)
    if len(whole) == 5:
        return _EXCEL + dt.timedelta(seconds=round(number * 86_400))
    if len(whole) in (10, 13) and number < 5e12:
        return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=number // 10 ** (len(whole) - 10)) + _BEIJING
    shape = {6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(whole))
    if shape is None:
        return None
    try:
        return dt.datetime.strptime(whole, shape)
    except ValueError:
        return None


def _from_text(text: str) -> dt.datetime | None:
    for pattern in (*_DATES, _MONTH):
        found = pattern.match(text)
        if found:
            return _from_parts(found.groupdict())
    return None


def _from_parts(parts: dict[str, str | None]) -> dt.datetime | None:
    year = int(parts["year"] or 0)
    try:
        return dt.datetime(
            year if year > 99 else 2000 + year,
            int(parts["month"] or 1),
            int(parts.get("day") or 1),
            _hour(parts),
            int(parts.get("minute") or 0),
            min(59, int(parts.get("second") or 0)),
        )
    except ValueError:
        return None


def _hour(parts: dict[str, str | None]) -> int:
    hour = int(parts.get("hour") or 0)
    half = (parts.get("half") or parts.get("half_after") or "").lower()
    if half in _AFTERNOON and hour < 12:
        return hour if half == "中午" and hour > 10 else hour + 12
    return 0 if half in ("am", "凌晨", "上午") and hour == 12 else hour
