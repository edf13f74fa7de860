from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text import duplicates

LONG = "空调用了半年就不制冷，售后一直推脱不上门"
texts = st.lists(
    st.sampled_from([LONG, LONG + "！", "不错", "", None, "客服态度很差，打了三次电话都没有人管我"]),
    max_size=9,
)


def test_without_customers_only_long_texts_repeat():
    assert duplicates.exact([LONG, "不错", "不错", LONG], list("abcd")) == [None, None, None, "a"]


def test_customers_separate_texts():
    found = duplicates.exact(["不错", "不错", "不错", LONG, LONG], list("abcde"), ["x", "y", "x", "x", "y"])
    assert found == [None, None, "a", None, None]


def test_unknown_customers_are_treated_as_without_the_column():
    assert duplicates.exact(["不错", "不错", LONG, LONG], list("abcd"), [None] * 4) == [None, None, None, "c"]


def test_texts_are_compared_in_normal_form():
    found = duplicates.exact(["空調ＯＫ，製冷很快很安靜", "空调ok, 制冷很快\n很安静"], ["a", "b"])
    assert found == [None, "a"]


def test_only_scored_reviews_take_part():
    assert duplicates.exact([LONG, LONG, LONG], list("abc"), statuses=["default", "ok", "ok"]) == [
        None,
        None,
        "b",
    ]


def test_repeated_ids_are_still_duplicates():
    assert duplicates.exact([LONG, LONG], ["a", "a"]) == [None, "a"]


def test_near_texts_name_the_first():
    column = [LONG, "发货快，包装好，下次还来买这家的水果啊", LONG + "！", LONG.replace("一直", "总是"), LONG]
    assert duplicates.near(column, list("abcde")) == [None, None, "a", "a", "a"]
    assert duplicates.near(column, list("abcde"), threshold=0.9) == [None, None, "a", None, "a"]


def test_reworked_praise_is_near_and_other_praise_is_not():
    column = [
        "收货后试了几天才来评价的，做工精细，声音也小，性价比很高，是一次满意的购物。",
        "收货以后试用了几天才来评价的，做工精细，声音比较小，性价比高，很满意的一次购物~",
        "用了一个星期才来评价，做工一般，声音倒是不大，价格也合适，总的来说还算满意",
    ]
    assert duplicates.near(column, list("abc")) == [None, "a", None]


def test_short_texts_are_never_near():
    assert duplicates.near(["不错", "不错", None, ""], list("abcd")) == [None] * 4


def test_the_longest_and_shortest_columns():
    assert duplicates.near([], []) == []
    assert duplicates.exact([], []) == []


@given(texts)
def test_sources_come_first_and_are_no_duplicates_themselves(column):
    ids = [str(row) for row in range(len(column))]
    for found in (duplicates.exact(column, ids), duplicates.near(column, ids)):
        for row, source in enumerate(found):
            assert source is None or int(source) < row
    exact = duplicates.exact(column, ids)
    assert all(exact[int(source)] is None for source in exact if source is not None)
