from __future__ import annotations

import datetime as dt
import decimal

import pyarrow as pa
import pytest

from feedback_nlp.io.flat import flat
from feedback_nlp.io.readers import read
from feedback_nlp.io.writers import WRITERS, write_table

ARRAYS = {
    "zoned": pa.array([dt.datetime(2025, 3, 1)], pa.timestamp("us", tz="Asia/Shanghai")),
    "before Excel": pa.array([dt.datetime(1800, 3, 1)], pa.timestamp("ms")),
    "nanoseconds": pa.array([1234567890123456789], pa.timestamp("ns")),
    "date": pa.array([dt.date(2025, 3, 1)]),
    "time": pa.array([dt.time(8, 5)]),
    "duration": pa.array([dt.timedelta(hours=1)]),
    "decimal": pa.array([decimal.Decimal("1.50")]),
    "binary": pa.array([b"\xff\x00"]),
    "struct": pa.array([{"a": 1, "t": dt.datetime(2025, 1, 1)}]),
    "numbers": pa.array([[1.5, float("nan")]]),
    "large list": pa.array([["a", "b"]], pa.large_list(pa.string())),
    "list with null": pa.array([["a", None]]),
    "fixed list": pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)),
    "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    "view": pa.array(["x"], pa.string_view()),
    "dictionary": pa.array(["x"]).dictionary_encode(),
    "nothing": pa.nulls(1),
    "unsigned": pa.array([2**64 - 1], pa.uint64()),
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("name", ARRAYS)
def test_columns_of_any_type_can_be_written_and_read(tmp_path, name, suffix):
    write_table(pa.table({"编号": ["1"], name: ARRAYS[name]}), tmp_path / f"a{suffix}")
    assert read(tmp_path / f"a{suffix}").table["编号"].to_pylist() == ["1"]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("large list", "a;b"),
        ("list with null", '["a", null]'),
        ("struct", '{"a": 1, "t": "2025-01-01 00:00:00"}'),
        ("binary", "\ufffd\0"),
        ("dictionary", "x"),
        ("before Excel", dt.datetime(1800, 3, 1)),
    ],
)
def test_cells(name, cell):
    assert flat(pa.table({name: ARRAYS[name]}))[name].to_pylist() == [cell]


def test_plain_tables_are_left_alone():
    table = pa.table({"a": ["x"], "n": [1]})
    assert flat(table) is table
