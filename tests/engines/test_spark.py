"""Spark gives the columns and values that one machine gives, row by row."""

import os
import sys
from datetime import datetime
from types import SimpleNamespace

import pyarrow as pa
import pytest

from feedback_nlp import score
from feedback_nlp.engines import spark as engine
from feedback_nlp.errors import ColumnNotFoundError, InputError, MissingExtraError
from feedback_nlp.scorers import load_model

# What PySpark and the pandas it finds do inside is not ours to answer for.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"
)
TEXTS = [
    "物流太慢了，等了整整半个月才送到",
    "客服态度很好，退款也快",
    "物流太慢了，等了整整半个月 才送到",
    None,
    "",
    "😡😡",
    "此用户没有填写评价",
    "good product, fast delivery, will buy again",
    "冰箱漏电，差点出事，再不处理我要投诉到12315！",
    "不错",
    "不错",
    "换行\n第二行\t制表，'引号'\"双引号\"，客服不理人",
    "味道一般，" * 300 + "送货太慢",
]
CUSTOMERS = ["甲", "乙", "甲", None, "丙", "丁", "戊", "己", "庚", "辛", "辛", None, None]


def rows():
    times = [datetime(2025, 1, 1 + k, 9, 30) for k in range(len(TEXTS))]
    columns = {
        "工单号": [f"W{k}" for k in range(len(TEXTS))],
        "内容": TEXTS,
        "客户": CUSTOMERS,
        "时间": times,
    }
    columns["数量"] = list(range(len(TEXTS)))
    return pa.table({**columns, "标签": [["a", None], None, []] + [["b"]] * (len(TEXTS) - 3)})


@pytest.fixture(scope="module")
def frames(spark, tmp_path_factory):
    """The rows as a Spark DataFrame of four partitions in order, and what both engines make of them."""
    table = rows()
    frame = spark.createDataFrame(table.to_pylist(), schema=None if table.num_rows else "x int")
    frame = frame.select(*table.column_names).coalesce(1)
    folder = str(tmp_path_factory.mktemp("frames") / "rows")
    frame.write.parquet(folder)
    frame = spark.read.parquet(folder)
    there = engine.score(frame, text="内容", id="工单号", customer="客户").persist()
    return SimpleNamespace(
        frame=frame, there=there, here=score(table, text="内容", id="工单号", customer="客户")
    )


def collected(frame, *by):
    return frame.orderBy(*by).toArrow()


def test_reviews_are_the_same_row_by_row(frames):
    here = frames.here.review_table
    there = collected(frames.there.reviews, "数量")
    assert there.column_names == here.column_names
    fields = [name for name in here.column_names if name.startswith("fb_")]
    assert [str(there.schema.field(name).type).replace("element", "item") for name in fields] == [
        str(here.schema.field(name).type).replace("element", "item") for name in fields
    ]
    for place, (one, other) in enumerate(zip(there.to_pylist(), here.to_pylist(), strict=True)):
        one["时间"] = other["时间"]  # Spark's timestamps have a zone
        assert one == other, place


def test_mentions_are_the_same_row_by_row(frames):
    here = frames.here.mention_table
    there = collected(frames.there.mentions, "review_id", "clause", "facet")
    assert there.column_names == here.column_names
    keys = [(name, "ascending") for name in ("review_id", "clause", "facet")]
    assert there.to_pylist() == here.sort_by(keys).to_pylist()
    assert there.num_rows > 5


def test_repeats_are_named_as_on_one_machine(frames):
    found = {row["_fb_id"]: row["fb_duplicate_of"] for row in frames.there.both.collect()}
    assert {name: first for name, first in found.items() if first} == {"W2": "W0", "W10": "W9"}


def test_columns_that_say_what_came_first(frames):
    turned = engine.score(
        frames.frame.withColumn("倒", -frames.frame["数量"]),
        text="内容",
        id="工单号",
        customer="客户",
        order=["倒"],
        model="lexicon",
    )
    found = {
        row["_fb_id"]: row["fb_duplicate_of"]
        for row in turned.both.select("_fb_id", "fb_duplicate_of").collect()
    }
    assert {name: first for name, first in found.items() if first} == {"W0": "W2", "W9": "W10"}


def test_a_model_is_loaded_once_in_each_process(spark):
    shipped = engine.ship(spark, load_model("lexicon"))

    def look(batches):
        from feedback_nlp.engines import spark as there

        for _ in batches:
            before = shipped.fingerprint in there._models
            first, second = there.loaded(shipped), there.loaded(shipped)
            row = {"pid": [os.getpid()], "before": [before], "same": [first is second]}
            yield pa.RecordBatch.from_pydict(row)

    seen = (
        spark.range(8, numPartitions=8).mapInArrow(look, "pid long, before boolean, same boolean").collect()
    )
    assert len(seen) == 8
    assert all(row["same"] for row in seen)
    loads = [row["pid"] for row in seen if not row["before"]]
    assert len(loads) == len(set(loads)) < 8


def test_numbers_as_ids_and_ids_that_are_missing(spark):
    rows = [(7, "物流太慢了", " "), (None, "客服太差", "A 1")]
    frame = spark.createDataFrame(rows, "nr long, t string, code string")
    found = engine.score(frame, text="t", id="nr", model="lexicon", repeats=False)
    ids = [row["review_id"] for row in found.reviews.collect()]
    assert ids[0] == "7"
    assert ids[1].startswith("#")
    coded = engine.score(frame, text="t", id="code", model="lexicon", repeats=False)
    assert [row["_fb_id"][0] for row in coded.both.collect()] == ["#", "A"]
    assert {row["review_id"] for row in found.mentions.collect()} == set(ids)
    assert {row["fb_duplicate_of"] for row in found.reviews.collect()} == {None}


def test_no_rows(spark):
    frame = spark.createDataFrame([], "review_id string, text string")
    found = engine.score(frame, model="lexicon")
    assert found.reviews.count() == found.mentions.count() == 0


def test_what_is_wrong_is_said_before_a_job_runs(spark):
    frame = spark.createDataFrame([(1, "x", 2)], "review_id long, text string, n int")
    with pytest.raises(ColumnNotFoundError, match=r"id="):
        engine.score(frame, id="编号")
    with pytest.raises(ColumnNotFoundError, match="customer="):
        engine.score(frame, customer="客户")
    with pytest.raises(InputError, match="int，不是文字"):
        engine.score(frame, text="n")


def test_without_pyspark(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MissingExtraError, match=r'pip install "feedback-nlp\[spark\]"'):
        engine.score(None)
