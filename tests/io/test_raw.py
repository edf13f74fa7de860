from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from feedback_nlp.io.raw import as_text, column, filled_rows, listed


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, None), ("007", "007"), (7, "7"), (7.0, "7"), (1e15, "1000000000000000"), (0.1, "0.1"),
        (True, "TRUE"),
        (dt.date(2025, 3, 1), "2025-03-01"), (dt.datetime(2025, 3, 1, 8, 5), "2025-03-01 08:05:00"),
        (dt.time(8, 5), "08:05:00"), ({"a": "值"}, '{"a": "值"}'), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_as_text(cell, text):
    assert as_text(cell) == text


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["a", None], "string"), ([1, None], "int64"), ([1, 1.5], "double"), ([True, None], "bool"),
        ([1, True], "string"),
        ([dt.date(2025, 3, 1), dt.datetime(2025, 3, 1)], "timestamp[s]"), ([1, "a"], "string"),
        ([10**30], "string"),
        ([["a"], []], "list<item: string>"), ([[1]], "string"), ([None], "string"), ([], "string"),
    ],
)  # fmt: skip
def test_column(cells, kind):
    made = column(cells)
    assert str(made.type) == kind
    assert len(made) == len(cells)


def test_filled_rows():
    table = pa.table({"a": ["x", " ", None, "\u3000"], "n": pa.array([None, None, None, 1], pa.int64())})
    assert filled_rows(table).to_pylist() == [True, False, False, True]
    assert filled_rows(table.slice(0, 1)) is None


def test_listed_shows_ten():
    assert listed([1, 2]) == "1, 2"
    assert listed(range(1, 20)).endswith("10 …")
