from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.frames import frame, like, to_table

TEXTS = ["物流慢", None, "0012"]


class Stream:
    """What a Polars frame looks like from outside."""

    columns = ("内容",)

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class SeriesStream:
    """What a Polars series looks like from outside."""

    def __init__(self, array):
        self.array = array

    def __arrow_c_stream__(self, requested_schema=None):
        return self.array.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "data",
    [
        TEXTS,
        tuple(TEXTS),
        ["物流慢", float("nan"), "0012"],
        ["物流慢", pd.NA, "0012"],
        ["物流慢", np.float32("nan"), "0012"],
        np.array(TEXTS, dtype=object),
        np.array(["物流慢", pd.NaT, "0012"], dtype=object),
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype="category"),
        pd.DataFrame({"text": TEXTS}, index=[7, 7, 9]),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        pa.array(TEXTS, type=pa.large_string()),
        pa.array(TEXTS).dictionary_encode(),
        pa.table({"text": TEXTS}),
        pa.RecordBatch.from_pydict({"text": TEXTS}),
        {"text": TEXTS},
        [{"text": text} for text in TEXTS],
        Stream(pa.table({"text": TEXTS})),
        SeriesStream(pa.chunked_array([TEXTS])),
    ],
    ids=lambda data: type(data).__name__,
)
def test_every_kind_of_data_becomes_the_same_table(data):
    table = to_table(data)
    assert table.equals(pa.table({"text": pa.array(TEXTS, type=pa.string())}))


def test_names_and_types_are_kept():
    frame = pd.DataFrame({"内容": ["好", "差"], "评分": [5, 1], "时间": pd.to_datetime(["2025-01-01", None])})
    table = to_table(frame)
    assert table.column_names == ["内容", "评分", "时间"]
    assert table.column("评分").to_pylist() == [5, 1]
    assert table.column("时间").null_count == 1
    assert to_table(pd.Series(["好"], name="评论")).column_names == ["评论"]


def test_a_column_of_mixed_types_becomes_text():
    table = to_table(pd.DataFrame({"工单号": pd.Series(["0012", 7, None, np.nan], dtype=object)}))
    assert table.column("工单号").to_pylist() == ["0012", "7", None, None]


def test_no_rows():
    assert to_table([]).num_rows == 0
    assert to_table(pd.DataFrame({"text": []})).num_rows == 0


def test_a_numpy_array_of_strings():
    assert to_table(np.array(["物流慢", "0012"])).column("text").to_pylist() == ["物流慢", "0012"]


OTHER_DATA = [7, {"a": 1}, "物流慢", b"x", None, [1, 2], np.array([1, 2]), np.array([["物流慢"]]), object()]


@pytest.mark.parametrize("data", OTHER_DATA, ids=lambda data: type(data).__name__)
def test_other_data_are_refused(data):
    with pytest.raises(InputError):
        to_table(data)


def test_repeated_columns_and_uneven_ones_are_refused():
    with pytest.raises(InputError, match="同名"):
        to_table(pd.DataFrame([["好", "差"]], columns=["a", "a"]))
    with pytest.raises(InputError):
        to_table({"a": [1, 2], "b": [1]})


def test_like_gives_the_kind_that_came():
    table = pa.table({"text": TEXTS})
    assert like(table, table) is table
    assert like(table, pa.array(TEXTS)) is table
    for data in (TEXTS, pd.DataFrame(), pd.Series(TEXTS), {}):
        assert isinstance(like(table, data), pd.DataFrame)


def test_types_of_pandas_own_become_text():
    frame = pd.DataFrame({"text": ["慢", "好"], "月": pd.period_range("2025-01", periods=2, freq="M")})
    assert to_table(frame)["月"].to_pylist() == ["2025-01", "2025-02"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (pd.cut([18, 70], [0, 30, 99]), ["(0, 30]", "(30, 99]"]),
        (pd.period_range("2025-01", periods=2, freq="M").astype("category"), ["2025-01", "2025-02"]),
        (pd.Series([20250101123456789012, None], dtype=object), ["20250101123456789012", None]),
        ([1j, 2j], ["1j", "2j"]),
    ],
    ids=["ages cut into groups", "months as a category", "20 digits", "complex"],
)
def test_columns_that_arrow_does_not_know_become_text(values, shown):
    frame = pd.DataFrame({"text": ["慢", "好"], "x": values})
    assert to_table(frame)["x"].to_pylist() == shown


@pytest.mark.parametrize("kind", ["rows", "columns"])
def test_rows_and_columns_hold_what_a_data_frame_does(kind):
    rows = [{"text": "慢", "单": 1}, {"text": "\ud83d好", "单": 10**20, "评分": 5}]
    names = ("text", "单", "评分")
    data = rows if kind == "rows" else {name: [row.get(name) for row in rows] for name in names}
    table = to_table(data)
    assert table.column_names == list(names)
    assert table.to_pylist()[1] == {"text": "\ufffd好", "单": str(10**20), "评分": 5}


def test_half_of_a_surrogate_pair_becomes_a_mark():
    assert to_table(["\ud83d物流慢"])["text"].to_pylist() == ["\ufffd物流慢"]
    assert to_table(pd.DataFrame({"text": ["\ud83d慢"]}, dtype=object))["text"].to_pylist() == ["\ufffd慢"]


def test_numbers_no_float_holds_stay_whole():
    order = 2**53 + 1
    table = pa.table(
        {"订单": [order, None], "负": [-order, None], "大": pa.array([2**63, None], pa.uint64())}
    )
    built = frame(table)
    assert [str(kind) for kind in built.dtypes] == ["Int64", "Int64", "UInt64"]
    assert built["订单"][0] == order
    assert built["负"][0] == -order
    assert built["大"][0] == 2**63
    assert built["订单"].isna().tolist() == [False, True]


def test_other_numbers_are_what_pandas_makes_of_them():
    table = pa.table(
        {"小": [2**53, None], "全": [2**53 + 1, 1], "空": pa.nulls(2, pa.int64()), "字": ["一", None]}
    )
    assert frame(table).dtypes.equals(table.to_pandas().dtypes)
