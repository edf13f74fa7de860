"""Comparing files, periods and parts, from texts to tables and a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import feedback_nlp as fn
from feedback_nlp.errors import ColumnNotFoundError, ConfigError, InputError

SLOW, GOOD = "物流太慢了，等了一周才到", "质量很好，客服也耐心"


def table(n: int, slow: int, *, store: str = "城东店", start: str = "2025-01-01") -> pd.DataFrame:
    first = datetime.fromisoformat(start)
    return pd.DataFrame(
        {
            "评价编号": [f"{store}{start}{i}" for i in range(n)],
            "评价内容": [f"{SLOW if i < slow else GOOD}，{store[:2]}{start[5:7]}月第{i}单" for i in range(n)],
            "时间": [(first + timedelta(days=i % 28)).strftime("%Y-%m-%d") for i in range(n)],
            "门店": [store] * n,
            "评分": [1 if i < slow else 5 for i in range(n)],
        }
    )


@pytest.fixture(scope="module")
def found() -> fn.Comparison:
    return fn.compare(table(60, 10), table(60, 40, start="2025-03-01"), model="lexicon")


def row_of(found: fn.Comparison, kind: str, code: str) -> pd.Series:
    rows = found.table
    return rows[(rows["kind"] == kind) & (rows["code"] == code)].iloc[0]


def test_two_tables(found: fn.Comparison) -> None:
    row = row_of(found, "element", "logistics")
    assert (row["x_old"], row["n_old"], row["x_new"], row["n_new"]) == (10, 60, 40, 60)
    assert row["verdict"] == "more"
    assert row["low"] < row["difference"] < row["high"]
    assert "物流" in row["name"]
    assert found.table["name"].notna().all()
    assert found.sides["old"]["period"] == ["2025-01-01", "2025-01-28"]


def test_rows_that_are_not_counted_are_told_of() -> None:
    again = pd.concat([table(60, 10), table(3, 3)], ignore_index=True)
    found = fn.compare(again, table(60, 40, start="2025-03-01"), model="lexicon")
    assert "的 63 行里计入 60 条" in found.to_markdown()
    assert "计入" not in fn.compare(table(60, 9), table(60, 8, store="城西店"), model="lexicon").to_markdown()


def test_issues_match_by_id(found: fn.Comparison) -> None:
    issues = found.table[found.table["kind"] == "issue"]
    assert issues["code"].is_unique
    assert (issues["x_old"] > 0).any()
    assert (issues["verdict"] == "more").any()


def test_what_is_said(found: fn.Comparison) -> None:
    text = found.to_markdown()
    assert "更多" in text
    assert "平均评分" in text
    assert "说构成" in text
    plain = found.to_dict()
    assert plain["kind"] == "files"
    assert len(plain["cells"]) == len(found.table)
    assert plain["n_tested"] == found.table["q"].notna().sum()


def test_the_page_stands_alone(found: fn.Comparison, tmp_path: Path) -> None:
    page = found.to_html(tmp_path / "compare.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert found.document["sentences"][0]["text"][:8] in page


def test_english_has_no_chinese_of_its_own() -> None:
    found = fn.compare(table(40, 5), table(40, 30, start="2025-03-01"), model="lexicon", lang="en")
    text = " ".join(sentence["text"] for sentence in found.document["sentences"])
    assert not any("\u4e00" <= char <= "\u9fff" for char in text)


def test_split_and_by_agree_with_two_files(found: fn.Comparison) -> None:
    both = pd.concat([table(60, 10), table(60, 40, store="城西店", start="2025-03-01")])
    split = fn.compare(both, split_at="2025-02-15", model="lexicon")
    by = fn.compare(both, by="store", model="lexicon")
    for row in (row_of(split, "element", "logistics"), _segment(by, "城西店")):
        assert (row["x_old"], row["n_old"], row["x_new"], row["n_new"]) == (10, 60, 40, 60)
    assert _segment(by, "城东店")["verdict"] == "less"
    assert fn.compare(both, by="门店", model="lexicon").to_dict()["kind"] == "by"


def _segment(found: fn.Comparison, name: str) -> pd.Series:
    rows = found.table
    return rows[(rows["segment"] == name) & (rows["code"] == "logistics") & (rows["kind"] == "element")].iloc[
        0
    ]


def test_scored_files_are_used_as_they_are(tmp_path: Path) -> None:
    for k, part in enumerate((table(30, 3), table(30, 25, start="2025-03-01"))):
        folder = tmp_path / str(k)
        folder.mkdir()
        fn.score(part, model="lexicon").write(folder / "scored.parquet", folder / "mentions.parquet")
    found = fn.compare(tmp_path / "0", str(tmp_path / "1" / "scored.parquet"))
    assert row_of(found, "element", "logistics")["x_new"] == 25
    assert (
        fn.compare(tmp_path / "0", table(30, 3), model="linear")
        .notes[-1]
        .en.startswith("The two were scored")
    )


def test_names_are_masked() -> None:
    both = pd.concat([table(40, 5, store="张三 13812345678"), table(40, 30, store="城西店")])
    assert "13812345678" not in fn.compare(both, by="store", model="lexicon").to_markdown()


def test_shops_keep_their_names_however_the_column_is_named() -> None:
    shops = pd.concat([table(60, 10, store="人民路12号东店"), table(60, 40, store="人民路12号西店")])
    segments = [
        set(fn.compare(shops, by=name, model="lexicon").table["segment"]) for name in ("store", "门店")
    ]
    assert segments[0] == segments[1] == {"人民路12号东店", "人民路12号西店"}


def test_groups_that_are_people_are_masked() -> None:
    both = pd.concat([table(40, 5).assign(客服="王芳"), table(40, 30, store="城西店").assign(客服="夜班组")])
    found = fn.compare(both, by="客服", model="lexicon").to_markdown()
    assert "王芳" not in found
    assert "夜班组" in found


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, ConfigError, "和什么比"),
        ({"split_at": "2025-01-02", "by": "store"}, ConfigError, "只能选一种"),
        ({"split_at": "哪天"}, ConfigError, "读不懂"),
        ({"split_at": "1999-01-01"}, InputError, "之前没有可以计入"),
        ({"by": "没有的列"}, ColumnNotFoundError, "没有的列"),
        ({"by": "评价编号"}, InputError, "两个以上"),
    ],
)
def test_bad_questions(options: dict, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        fn.compare(table(12, 3), model="lexicon", **options)


def test_nothing_to_count() -> None:
    with pytest.raises(InputError, match="没有可以计入"):
        fn.compare(table(12, 3), ["此用户没有填写评价"], model="lexicon")


def test_no_time() -> None:
    with pytest.raises(InputError, match="没有时间列"):
        fn.compare(["物流太慢"], split_at="2025-01-01", model="lexicon")


def test_one_review_a_side() -> None:
    found = fn.compare(["物流太慢了"], ["质量很好"], model="lexicon")
    assert set(found.table["verdict"]) == {"few"}
    assert "太少" in found.to_markdown()


def test_files_that_overlap_are_told_of() -> None:
    texts = [f"第{i}单的物流太慢了，等了整整一个星期才送到" for i in range(30)]
    told = fn.compare(texts[:20], texts[12:], model="lexicon", lang="en").to_dict()["notes"]
    assert any(
        "8 texts stand in both (44% of the 18 different ones of 12 characters" in note for note in told
    )
    # Short texts are alike by chance, and two customers may write the same.
    apart = fn.compare(
        [*texts[:15], *["物流太慢了"] * 9], [*texts[13:], *["物流太慢了"] * 9], model="lexicon"
    )
    assert not any("一样的正文" in note for note in apart.to_dict()["notes"])
