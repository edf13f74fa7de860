from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.io.times import parse, parse_one

D = dt.datetime


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2025/3/1", D(2025, 3, 1)),
        ("2025-3-1 8:05", D(2025, 3, 1, 8, 5)),
        ("2025-03-01 08:05:09", D(2025, 3, 1, 8, 5, 9)),
        ("2025-03-01 08:05:09.123456", D(2025, 3, 1, 8, 5, 9)),
        ("2025年3月1日", D(2025, 3, 1)),
        ("2025年3月1日 8时5分9秒", D(2025, 3, 1, 8, 5, 9)),
        ("2025年3月1日8点", D(2025, 3, 1, 8)),
        ("2025.03.01", D(2025, 3, 1)),
        ("２０２５／３／１".translate(str.maketrans("０１２３４５６７８９／", "0123456789/")), D(2025, 3, 1)),
        ("20250301", D(2025, 3, 1)),
        ("20250301 0805", None),
        ("20250301080509", D(2025, 3, 1, 8, 5, 9)),
        ("202503010805", D(2025, 3, 1, 8, 5)),
        ("202503", D(2025, 3, 1)),
        ("2025-03", D(2025, 3, 1)),
        ("2025年3月", D(2025, 3, 1)),
        ("2025-03-01T08:05:09", D(2025, 3, 1, 8, 5, 9)),
        ("2025-03-01T08:05:09Z", D(2025, 3, 1, 8, 5, 9)),
        ("2025-03-01T08:05:09.000+08:00", D(2025, 3, 1, 8, 5, 9)),
        ("2025/3/1 下午 3:20", D(2025, 3, 1, 15, 20)),
        ("2025/3/1 上午12:20", D(2025, 3, 1, 0, 20)),
        ("2025/3/1 中午12:20", D(2025, 3, 1, 12, 20)),
        ("2025/3/1 11:20 PM", D(2025, 3, 1, 23, 20)),
        ("2025/3/1 星期六", D(2025, 3, 1)),
        ("2025/3/1 星期六 8:05", D(2025, 3, 1, 8, 5)),
        ("3/1/2025 8:05", D(2025, 3, 1, 8, 5)),
        ("25/3/1", D(2025, 3, 1)),
        ("24-12-31", D(2024, 12, 31)),
        ("45717", D(2025, 3, 1)),
        (45717, D(2025, 3, 1)),
        (45717.5, D(2025, 3, 1, 12)),
        (1740787509, D(2025, 3, 1, 8, 5, 9)),
        ("1740787509", D(2025, 3, 1, 8, 5, 9)),
        (1740787509123, D(2025, 3, 1, 8, 5, 9)),
        (20250301, D(2025, 3, 1)),
        ("2025-02-30", None),
        ("2025-13-01", None),
        ("昨天", None),
        ("3天前", None),
        ("0000-00-00 00:00:00", None),
        ("1900-01-01", None),
        ("", None),
        ("12", None),
        (5, None),
        (None, None),
        (True, None),
        ("13800138000", None),
    ],
)
def test_parse_one(cell, moment):
    assert parse_one(cell) == moment


def test_column_of_text():
    values = pa.chunked_array([["2025/3/1", None], ["不详", "2025/3/1"]])
    assert parse(values).to_pylist() == [D(2025, 3, 1), None, None, D(2025, 3, 1)]
    assert parse(values).type == pa.timestamp("s")


def test_typed_columns():
    moment = D(2025, 3, 1, 8, 5, 9, 999_000)
    assert parse(pa.chunked_array([pa.array([moment, None], pa.timestamp("ms"))])).to_pylist() == [
        D(2025, 3, 1, 8, 5, 9),
        None,
    ]
    assert parse(pa.chunked_array([pa.array([dt.date(2025, 3, 1)])])).to_pylist() == [D(2025, 3, 1)]


def test_zoned_column_shows_its_own_clock():
    utc = pa.array([D(2025, 3, 1, 0, 5)], pa.timestamp("us", tz="Asia/Shanghai"))
    assert parse(pa.chunked_array([utc])).to_pylist() == [D(2025, 3, 1, 8, 5)]


def test_long_columns_are_read_as_short_ones(monkeypatch):
    cells = [
        "2025/3/1 8:05",
        "2025-03-01T08:05:09",
        "2025年3月1日 24:00",
        "45717",
        "不详",
        None,
        "2025-02-30 8:05",
    ]
    cells += [
        "2025/3/1",
        "2025/3/1 下午 3:20",
        "2025-03-01 08:61:00",
        "2025.3.1 8:05:61",
        "2025-03-01T08:05:09Z",
    ]
    short = parse(pa.chunked_array([cells]))
    monkeypatch.setattr("feedback_nlp.io.times._MANY", 3)
    assert parse(pa.chunked_array([cells])).to_pylist() == short.to_pylist()


def test_empty_columns():
    for kind in (pa.string(), pa.null(), pa.int64()):
        assert parse(pa.chunked_array([pa.array([], kind)])).to_pylist() == []
        assert parse(pa.chunked_array([], kind)).type == pa.timestamp("s")
    assert parse(pa.chunked_array([pa.nulls(2)])).to_pylist() == [None, None]


@given(
    st.datetimes(D(1970, 1, 2), D(2099, 12, 30)),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y%m%d%H%M%S"]),
)
def test_written_times_read_back(moment, pattern):
    assert parse_one(moment.strftime(pattern)) == moment.replace(microsecond=0)


@given(st.one_of(st.text(), st.integers(), st.floats()))
def test_anything_may_be_asked(cell):
    found = parse_one(cell)
    assert found is None or 1970 <= found.year < 2100
