"""Cells that name nobody are no customer."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import feedback_nlp as fn
from feedback_nlp.io.nobody import named, unnamed_note

TEXTS = ["质量很差", "质量很差", "物流太慢", "物流太慢", "客服不回复", "质量很差"]


@pytest.mark.parametrize(
    "cell",
    [
        "匿名",
        "匿名用户",
        "（匿名）",
        "匿名**",
        "***",
        "-",
        " — ",
        "无",
        "暂无",
        "游客",
        "散客",
        "未知",
        "N/A",
        "NULL",
        "",
    ],
)
def test_nobody(cell: str) -> None:
    assert named(pa.chunked_array([[cell]])).to_pylist() == [None]


@pytest.mark.parametrize(
    "cell", ["张*", "j***8", "138****1234", "无名", "游客123", "王", "C1", "0", "guest42"]
)
def test_somebody(cell: str) -> None:
    assert named(pa.chunked_array([[cell]])).to_pylist() == [cell]


def test_strangers_are_not_one_customer() -> None:
    frame = pd.DataFrame({"评价内容": TEXTS, "用户名": ["匿名用户"] * 4 + ["王芳", "王芳"]})
    found = fn.analyze(frame, model="lexicon", draws=10)
    counts = found.to_dict()["reviews"]
    assert (counts["n_counted"], counts["n_duplicates"]) == (6, 0)
    customers = found.issues.set_index("facet")["n_customers"]
    assert (customers["product.quality"], customers["logistics.speed"]) == (1, 0)
    assert "匿名用户" in found.reviews["用户名"].tolist()


def test_files_scored_in_a_stream_count_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"评价内容": TEXTS, "用户名": ["匿名用户"] * 4 + ["王芳", "王芳"]})
    frame.to_csv(tmp_path / "in.csv", index=False)
    fn.score_file(tmp_path / "in.csv", tmp_path / "out.parquet", model="lexicon")
    assert pd.read_parquet(tmp_path / "out.parquet")["fb_duplicate_of"].isna().all()


def test_how_many_is_told() -> None:
    before = pa.chunked_array([["匿名", None, " ", "王芳", "-"]])
    (note,) = unnamed_note("用户", before, named(before))
    assert "2 格" in note.zh
    assert "匿名" in note.zh
    assert not unnamed_note("用户", pa.chunked_array([["王芳", None]]), pa.chunked_array([["王芳", None]]))
