from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_issues import ROOM, SPEED, TAXONOMY, table

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.edits import Edits, Merge, Split
from feedback_nlp.insight.issues import ABSENT, assign
from feedback_nlp.insight.naming import mined_id, split_id

ROWS = [
    ("a", SPEED, "路上太慢"),
    ("b", SPEED, "发货真慢"),
    ("c", ROOM, "泳池在三楼"),
    ("d", ROOM, "泳池水很深"),
    ("e", ROOM, "早餐在二楼"),
    ("f", ROOM, "唉"),
]


def edited(**parts):
    mentions, catalogue = assign(table(ROWS), TAXONOMY, edits=Edits(name="issues.toml", **parts))
    rows = {row["issue_id"]: row for row in catalogue.to_pylist()}
    ids = mentions.column("issue_id").to_pylist()
    return ids, [rows[issue]["name"] for issue in ids], rows, catalogue


def read(tmp_path, text):
    path = tmp_path / "issues.toml"
    path.write_text(text, encoding="utf-8")
    return Edits.read(path)


def test_a_new_name_keeps_the_id():
    ids, names, rows, _ = edited(renames={"泳池问题": "泳池管理", f"{SPEED}:delivery": "路上慢"})
    assert ids[2] == ids[3] == mined_id(ROOM, "泳池问题")
    assert names[:4] == ["路上慢", "发货慢", "泳池管理", "泳池管理"]
    assert rows[ids[2]]["name_en"] == "泳池管理"


def test_a_merge_takes_the_id_of_the_first():
    ids, names, rows, _ = edited(merges=(Merge(("泳池问题", "早餐问题"), "配套"),))
    assert ids[2:5] == [mined_id(ROOM, "泳池问题")] * 3
    assert names[2:5] == ["配套"] * 3
    assert mined_id(ROOM, "早餐问题") not in rows
    assert edited(merges=(Merge(("泳池问题", "早餐问题")),))[1][2:5] == ["泳池问题"] * 3


def test_merges_of_merges_end_in_one():
    merges = (Merge(("泳池问题", "早餐问题")), Merge((f"{ROOM}:other", "泳池问题"), "都一样"))
    ids, names, *_ = edited(merges=merges)
    assert set(ids[2:]) == {f"{ROOM}:other"}
    assert set(names[2:]) == {"都一样"}


def test_two_put_into_each_other_are_one():
    ids, *_ = edited(merges=(Merge(("泳池问题", "早餐问题")), Merge(("早餐问题", "泳池问题"))))
    assert ids[2:5] == [mined_id(ROOM, "泳池问题")] * 3


def test_a_later_merge_of_one_issue_wins():
    other = f"{ROOM}:other"
    ids, *_ = edited(merges=(Merge(("泳池问题", "早餐问题")), Merge((other, "早餐问题"))))
    assert ids[2:] == [mined_id(ROOM, "泳池问题")] * 2 + [other] * 2


def test_a_given_name_is_a_name():
    ids, names, *_ = edited(renames={"泳池问题": "配套"}, merges=(Merge(("配套", "早餐问题")),))
    assert ids[2:5] == [mined_id(ROOM, "泳池问题")] * 3
    assert names[2:5] == ["配套"] * 3


def test_of_two_issues_of_a_name_the_one_of_the_same_facet_is_meant():
    rows = [("a", SPEED, "漏水"), ("b", ROOM, "漏水"), *ROWS[2:4]]
    edits = Edits(merges=(Merge(("漏水", mined_id(ROOM, "泳池问题"))),))
    ids = assign(table(rows), TAXONOMY, edits=edits)[0].column("issue_id").to_pylist()
    assert ids[1:] == [mined_id(ROOM, "漏水")] * 3


def test_a_split_takes_the_mentions_with_its_terms():
    ids, _, rows, _ = edited(splits=(Split("泳池问题", "水太深", ("re:水.{0,2}深",)),))
    assert ids[2:4] == [mined_id(ROOM, "泳池问题"), split_id(ROOM, "水太深")]
    assert not rows[ids[3]]["other"]
    ids, *_ = edited(
        splits=(Split("泳池问题", "水太深", ("水很深",)),), merges=(Merge(("早餐问题", "水太深")),)
    )
    assert ids[3] == ids[4] == mined_id(ROOM, "早餐问题")


def test_a_split_that_catches_nothing_is_told_of():
    *_, catalogue = edited(splits=(Split("泳池问题", "水太烫", ("水很烫",)),))
    assert json.loads(catalogue.schema.metadata[ABSENT]) == ["水太烫"]


def test_a_pin_marks_the_issue():
    *_, rows, _ = edited(pins=("发货慢",))
    assert [issue for issue, row in rows.items() if row["pinned"]] == [f"{SPEED}:dispatch"]


def test_what_this_file_does_not_have_changes_nothing_and_is_said():
    plain = assign(table(ROWS), TAXONOMY)[0]
    mentions, catalogue = assign(table(ROWS), TAXONOMY, edits=Edits({"没有的": "别的"}, pins=("早餐问题",)))
    assert mentions.equals(plain)
    assert json.loads(catalogue.schema.metadata[ABSENT]) == ["没有的"]


def test_issues_of_two_facets_are_not_one():
    with pytest.raises(ConfigError, match=r"issues\.toml 第 7 行.*只能合并同一方面"):
        edited(merges=(Merge(("发货慢", "泳池问题"), line=7),))


def test_a_name_of_two_issues_needs_the_id():
    rows = [("a", SPEED, "漏水"), ("b", ROOM, "漏水")]
    with pytest.raises(ConfigError, match="有 2 个") as caught:
        assign(table(rows), TAXONOMY, edits=Edits({"漏水": "池"}, name="issues.toml"))
    assert mined_id(ROOM, "漏水") in caught.value.message("en")
    edits = Edits({mined_id(ROOM, "漏水"): "池"})
    catalogue = assign(table(rows), TAXONOMY, edits=edits)[1]
    assert set(catalogue.column("name").to_pylist()) == {"漏水", "池"}


FILE = """
# 本店的问题
[rename]
"售后问题" = "网点不作为"

[[merge]]
issues = ["甲", "乙"]

[[merge]]
issues = ["丙", "丁"]
name = "丙丁"

[[split]]
issue = "安装问题"
name = "高空"
terms = ["高空", "re:吊.{0,3}绳"]

[pin]
issues = ["漏水"]
"""


def test_a_file_is_read_and_written(tmp_path):
    edits = read(tmp_path, FILE)
    assert edits.renames == {"售后问题": "网点不作为"}
    assert [(merge.issues, merge.name, merge.line) for merge in edits.merges] == [
        (("甲", "乙"), "", 6),
        (("丙", "丁"), "丙丁", 9),
    ]
    assert edits.splits == (Split("安装问题", "高空", ("高空", "re:吊.{0,3}绳"), 13),)
    assert edits.pins == ("漏水",)
    edits.save(tmp_path / "again.toml")
    again = Edits.read(tmp_path / "again.toml")
    assert (again.renames, again.pins, again.keys()) == (edits.renames, edits.pins, edits.keys())
    assert [(merge.issues, merge.name) for merge in again.merges] == [
        (("甲", "乙"), ""),
        (("丙", "丁"), "丙丁"),
    ]
    assert [split.terms for split in again.splits] == [("高空", "re:吊.{0,3}绳")]


def test_an_empty_file_decides_nothing(tmp_path):
    assert not read(tmp_path, "")
    assert not Edits()


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[rename]\n甲 = 乙\n", 2, "TOML"),
        ('\n[renames]\n"甲" = "乙"\n', 2, "没有“renames”这一段"),
        ('[rename]\n"甲" = ""\n', 2, "1–30 个字"),
        ('[rename]\n"甲" = 3\n', 2, "1–30 个字"),
        ('[[merge]]\nissues = ["甲"]\n', 1, "至少 2 个"),
        ('[[merge]]\nissues = "甲"\n', 1, "列表"),
        ('[[merge]]\nissues = ["甲", "乙"]\ninto = "丙"\n', 3, "没有“into”"),
        ('[merge]\nissues = ["甲", "乙"]\n', 1, "两层方括号"),
        ('[[split]]\nissue = "甲"\nname = "乙"\n', 1, "至少 1 个"),
        ('# 注\n[[split]]\nissue = "甲"\nname = "乙"\nterms = ["re:("]\n', 2, "正则表达式"),
        ("[pin]\nissues = [1]\n", 1, "列表"),
        ('pin = "甲"\n', 1, "一张表"),
        ('rename = "甲"\n', 1, "旧名 = 新名"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_number(tmp_path, text, line, what):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    message = caught.value.message("zh")
    assert f"issues.toml 第 {line} 行" in message
    assert what in message
    assert "\n" not in message
    assert f"line {line}" in caught.value.message("en")


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(ConfigError, match=r"找不到文件.*none\.toml"):
        Edits.read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        Edits.read(tmp_path / "bad.toml")


def test_later_edits_win():
    first = Edits({"甲": "一"}, (Merge(("甲", "乙")),), pins=("甲",), name="issues.toml")
    both = first.joined(Edits({"甲": "二", "丙": "三"}, (Merge(("甲", "乙")),), pins=("甲", "丁")))
    assert both.renames == {"甲": "二", "丙": "三"}
    assert (len(both.merges), both.pins, both.name) == (1, ("甲", "丁"), "issues.toml")


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text("甲乙丙 a", min_size=1).filter(str.strip)))
def test_names_survive_writing(tmp_path_factory, renames):
    path = tmp_path_factory.mktemp("edits") / "issues.toml"
    kept = {key: name.strip()[:30].strip() for key, name in renames.items()}
    Edits(kept).save(path)
    assert Edits.read(path).renames == kept
