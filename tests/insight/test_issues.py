from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.insight.issues import assign, catalogue_schema, first_problems
from feedback_nlp.insight.naming import mined_id
from feedback_nlp.schema import mentions_schema
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

TAXONOMY = Taxonomy.from_toml(
    """
name = "shop"
[elements.logistics]
zh = "物流"
en = "Logistics"
[elements.logistics.facets.speed]
zh = "时效"
en = "Speed"
terms = ["物流", "快递"]
[[elements.logistics.facets.speed.problems]]
code = "dispatch"
zh = "发货慢"
en = "Slow dispatch"
terms = ["不发货", "re:发货.{0,3}慢"]
[[elements.logistics.facets.speed.problems]]
code = "delivery"
zh = "配送慢"
en = "Slow delivery"
terms = ["慢"]
[elements.room]
zh = "房间"
en = "Room"
[elements.room.facets.comfort]
zh = "房间"
en = "Room"
terms = ["空调"]
[elements.overall]
zh = "总体"
en = "Overall"
[elements.overall.facets.general]
zh = "总体评价"
"""
)


def table(rows):
    """(review, facet, text[, label]) → mentions."""
    full = [(*row, "negative")[:4] for row in rows]
    return pa.Table.from_pylist(
        [
            {
                "review_id": review,
                "clause": 0,
                "start": 0,
                "end": len(text),
                "text": text,
                "element": facet.partition(".")[0],
                "facet": facet,
                "score": 1.0,
                "polarity": {"negative": -1.0, "neutral": 0.0, "positive": 1.0}[label],
                "label": label,
            }
            for review, facet, text, label in full
        ],
        schema=mentions_schema(),
    )


POOLS = ("泳池太小", "泳池很小", "泳池有点窄", "池子太小")
SPEED, ROOM = "logistics.speed", "room.comfort"


def ids(rows, **options):
    return assign(table(rows), TAXONOMY, **options)[0].column("issue_id").to_pylist()


def test_first_problem_in_order_wins_and_regexes_work():
    rows = [("a", SPEED, "发货真慢"), ("b", SPEED, "路上太慢"), ("c", SPEED, "一直不发货还慢")]
    assert ids(rows) == [f"{SPEED}:dispatch", f"{SPEED}:delivery", f"{SPEED}:dispatch"]


def test_only_negative_mentions_with_an_object_get_an_issue():
    rows = [
        ("a", SPEED, "不慢", "positive"),
        ("a", SPEED, "慢吗", "neutral"),
        ("a", "overall.general", "太慢了", "negative"),
        ("b", SPEED, "太慢了", "negative"),
    ]
    assert ids(rows) == [None, None, None, f"{SPEED}:delivery"]


def test_a_problem_belongs_to_its_facet_only():
    assert ids([("a", ROOM, "办得慢"), ("a", ROOM, "办得如此")]) == [mined_id(ROOM, "太慢"), f"{ROOM}:other"]


def test_first_problems_judges_every_text_on_its_own():
    problems = TAXONOMY.facet(SPEED).problems
    texts = ["路上太慢", "", "发货真慢", "还行", "一直不发货还慢"]
    found = first_problems(texts, problems)
    assert found == [1, None, 0, None, 0]
    assert [first_problems([text], problems)[0] for text in texts] == found
    assert first_problems(texts, problems[::-1]) == [0, None, 0, None, 0]


@pytest.mark.parametrize(("texts", "problems"), [([], TAXONOMY.facet(SPEED).problems), (["慢"], ())])
def test_first_problems_of_nothing(texts, problems):
    assert first_problems(texts, problems) == [None] * len(texts)


def test_each_taxonomy_has_its_own_terms():
    """Matchers are kept between calls: one of another taxonomy must not answer."""
    other = Taxonomy.from_toml(
        """
[elements.logistics]
zh = "物流"
[elements.logistics.facets.speed]
zh = "时效"
[[elements.logistics.facets.speed.problems]]
code = "waiting"
zh = "等"
terms = ["等"]
"""
    )
    rows = table([("a", SPEED, "慢"), ("b", SPEED, "等")])
    found = [assign(rows, each)[0].column("issue_id").to_pylist() for each in (TAXONOMY, other, TAXONOMY)]
    assert found[0] == found[2] == [f"{SPEED}:delivery", f"{SPEED}:other"]
    assert found[1] == [mined_id(SPEED, "配送慢、送达晚"), f"{SPEED}:waiting"]


def test_shared_phrase_becomes_an_issue_of_its_own():
    rows = [
        ("a", ROOM, "空调很吵"),
        ("b", ROOM, "空调太吵了"),
        ("c", ROOM, "空调真的好吵啊"),
        ("d", ROOM, "说不上来"),
    ]
    mentions, catalogue = assign(table(rows), TAXONOMY)
    mined = mined_id(ROOM, "空调吵")
    assert mentions.column("issue_id").to_pylist() == [mined] * 3 + [f"{ROOM}:other"]
    assert catalogue.to_pylist()[0] == {
        "issue_id": mined,
        "element": "room",
        "facet": ROOM,
        "name": "空调吵",
        "name_en": "Room: 空调吵",
        "other": False,
        "pinned": False,
    }


def test_a_phrase_repeated_by_one_review_is_not_shared():
    rows = [("a", ROOM, "空调很吵"), ("a", ROOM, "空调太吵了"), ("b", ROOM, "空调吵")]
    assert set(ids(rows)) == {mined_id(ROOM, "噪声")}
    assert set(ids(rows, min_reviews=2)) == {mined_id(ROOM, "空调吵")}


def test_names_in_both_languages():
    rows = [("a", SPEED, "慢"), ("a", SPEED, "唉")]
    chinese = assign(table(rows), TAXONOMY)[1]
    english = assign(table(rows), TAXONOMY, lang="en")[1]
    assert chinese.schema == catalogue_schema()
    assert chinese.column("name").to_pylist() == ["配送慢", "时效·其他问题"]
    assert chinese.column("name_en").to_pylist() == english.column("name").to_pylist()
    assert english.column("name").to_pylist() == ["Slow delivery", "Speed: other"]
    assert chinese.column("other").to_pylist() == [False, True]


def test_facet_unknown_to_the_taxonomy_is_kept():
    mentions, catalogue = assign(table([("a", "zoo.lions", "太懒")]), TAXONOMY)
    assert mentions.column("issue_id").to_pylist() == ["zoo.lions:other"]
    assert catalogue.column("name").to_pylist() == ["zoo.lions·其他问题"]


def test_nothing_to_assign():
    mentions, catalogue = assign(table([]), TAXONOMY)
    assert (mentions.num_rows, catalogue.num_rows) == (0, 0)
    assert catalogue.schema == catalogue_schema()


def test_width_case_and_script_make_no_other_issue():
    rows = [
        ("a", SPEED, "發貨很慢"),
        ("b", SPEED, "发货很慢"),
        ("c", ROOM, "空調很吵"),
        ("d", ROOM, "空调很吵"),
    ]
    found = ids(rows, min_reviews=2)
    assert found[0] == found[1]
    assert found[2] == found[3] == mined_id(ROOM, "空调吵")


TEXTS = [
    "空调很吵",
    "空调太吵了",
    "空调吵死了",
    "发货慢",
    "等得花都谢了",
    "隔音很差",
    "隔音太差",
    "隔音真差",
    "",
    "😀",
]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefg"),
            st.sampled_from([SPEED, ROOM, "overall.general"]),
            st.sampled_from(TEXTS),
            st.sampled_from(["negative", "positive"]),
        ),
        max_size=25,
    ),
    st.integers(0, 100),
)
def test_one_issue_each_whatever_the_order(rows, seed):
    mentions, catalogue = assign(table(rows), TAXONOMY)
    by_text: dict[tuple[str, str], set[str]] = {}
    for row in mentions.to_pylist():
        wanted = row["label"] == "negative" and row["facet"] != "overall.general"
        assert (row["issue_id"] is not None) == wanted
        if wanted:
            assert row["issue_id"].partition(":")[0] == row["facet"]
            by_text.setdefault((row["facet"], row["text"]), set()).add(row["issue_id"])
    assert all(len(found) == 1 for found in by_text.values())
    met = {issue for found in by_text.values() for issue in found}
    assert sorted(met) == sorted(catalogue.column("issue_id").to_pylist())
    assert all(name.strip() for name in catalogue.column("name").to_pylist())
    shuffled = random.Random(seed).sample(range(len(rows)), len(rows))
    again, same = assign(table([rows[i] for i in shuffled]), TAXONOMY)
    assert again.column("issue_id").to_pylist() == [mentions.column("issue_id")[i].as_py() for i in shuffled]
    assert same.equals(catalogue)


def test_a_phrase_named_like_a_problem_is_that_problem():
    taxonomy = Taxonomy.from_toml(
        """
[elements.room]
zh = "房间"
en = "Room"
[elements.room.facets.comfort]
zh = "房间"
[[elements.room.facets.comfort.problems]]
code = "pool"
zh = "泳池小"
terms = ["池子太小"]
"""
    )
    rows = [(review, ROOM, text) for review, text in zip("abcd", POOLS, strict=True)]
    assert set(assign(table(rows), taxonomy)[0].column("issue_id").to_pylist()) == {f"{ROOM}:pool"}


def test_appending_rows_moves_mentions_only_to_what_tells_more():
    """空调吵 is shared by two reviews at first; the listed 隔音差 and 泳池问题 don't wait for others."""
    old = [("a", ROOM, "空调很吵"), ("b", ROOM, "空调太吵了"), ("c", ROOM, "泳池在三楼"), ("d", ROOM, "唉")]
    new = [*old, ("e", ROOM, "空调真的好吵"), ("f", ROOM, "泳池人很少")]
    before, after = ids(old), ids(new)
    assert before[:2] == [mined_id(ROOM, "噪声")] * 2
    assert after[:2] == [mined_id(ROOM, "空调吵")] * 2
    assert after[2:4] == before[2:4] == [mined_id(ROOM, "泳池问题"), f"{ROOM}:other"]


@pytest.mark.parametrize(("n", "first"), [(20, "product.size:m-"), (1_200, "product.size:other")])
def test_what_one_review_says_names_an_issue_in_small_files_only(n, first):
    rows = [("a", "product.size", "有点薄")] + [(f"r{at}", SPEED, "慢") for at in range(n)]
    found = assign(table(rows), load_taxonomy("default"))[0].column("issue_id").to_pylist()
    assert found[0].startswith(first)
