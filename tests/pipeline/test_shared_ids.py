"""Columns that were only taken for ids, and ids that several rows share."""

from __future__ import annotations

import pyarrow as pa

import feedback_nlp as fn
from feedback_nlp.pipeline import prepare

TEXTS = ["物流太慢了", "客服态度差", "质量差", "价格太贵"]


def table(name: str, ids: list[str], texts: list[str] = TEXTS) -> pa.Table:
    return pa.table({name: ids, "评论内容": texts})


def test_numbers_that_begin_anew_are_no_ids() -> None:
    result = fn.analyze(table("序号", ["1", "2", "1", "2"]), model="lexicon", draws=20)
    assert result.to_dict()["reviews"]["n_counted"] == 4
    assert result.mentions["review_id"].tolist() == ["1", "2", "3", "4"]
    assert result.reviews["序号"].tolist() == ["1", "2", "1", "2"]
    assert any("--id 序号" in note.zh for note in result.notes)


def test_an_export_with_rows_twice_keeps_its_ids() -> None:
    ready = prepare(table("序号", ["1", "2", "1", "2"], TEXTS[:2] * 2))
    assert ready.reviews["review_id"].to_pylist() == ["1", "2", "1", "2"]


def test_a_named_column_and_review_id_are_ids() -> None:
    named = prepare(table("序号", ["1", "2", "1", "2"]), columns={"review_id": "序号"})
    own = prepare(table("review_id", ["1", "2", "1", "2"]))
    for ready in (named, own):
        assert ready.reviews["review_id"].to_pylist() == ["1", "2", "1", "2"]
        assert "一个编号只算一条评价" in ready.notes[-1].zh


def test_an_empty_id_does_not_meet_a_row_number() -> None:
    ready = prepare(table("review_id", ["3", "4", "", "5"]))
    assert ready.reviews["review_id"].to_pylist() == ["3", "4", "#3", "5"]
