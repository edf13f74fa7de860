from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.io.grid import find_header, unique_names


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["编号", "内容"], ["1", "好"]], 0),
        ([["报表"], ["编号", "内容"], ["1", "好"]], 1),
        ([["报表", "2025-01-01"], [], ["制表人：系统"], ["编号", "内容"], ["1", "好"]], 3),
        ([["甲", "乙", "丙"], ["1", "2", "3"]], 0),
        ([["1", "好", "2025/1/1"], ["2", "差", "2025/1/2"]], None),
        ([["评论"], ["好"]], 0),
        ([["物流太慢了。"], ["好"]], None),
        ([["物流太慢了"], ["客服很差"]], None),
        ([["北京", "物流太慢了"], ["上海", "客服差"]], None),
        ([["不满意的原因"], ["物流慢"]], 0),
        ([["您对本次服务的评价是？"], ["很好"], ["一般"]], 0),
        ([["门店", "备注"], ["东店", "评分很高"], ["西店", "内容"]], 0),
        ([], None),
    ],
)
def test_find_header(rows, header):
    assert find_header(rows) == header


def test_lists_of_texts_need_a_known_name():
    assert find_header([["好用"], ["便宜"]], expected=False) is None
    assert find_header([["评论内容"], ["便宜"]], expected=False) == 0


@given(st.lists(st.one_of(st.none(), st.text(max_size=4), st.integers()), min_size=1, max_size=12))
def test_names_are_unique_and_never_empty(cells):
    names = unique_names(cells)
    assert len(set(names)) == len(cells)
    assert all(name.strip() for name in names)


def test_names_already_numbered_do_not_clash():
    assert unique_names(["a", "a (2)", "a", None, "列4"]) == ("a", "a (2)", "a (3)", "列4", "列4 (2)")
