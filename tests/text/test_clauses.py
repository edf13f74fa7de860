from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text.clauses import (
    _OPENING,
    LONG_CLAUSE,
    SHORTEST_SIDE,
    _cut_long,
    cut,
    cut_column,
    from_spans,
)
from feedback_nlp.text.codepoints import encode
from feedback_nlp.text.normalize import normalize

ALPHABET = (
    "物流太慢了但是客服不过就是然后结果所以很好12３.．,，。！？!?;；…~～、 "
    "\u3000\n\r\t“”（）：👍🏽𠮷★aZ\ud800"
)
texts = st.text(st.sampled_from(ALPHABET), max_size=80)


def pieces(text):
    return [text[start:end] for start, end in cut(text)]


@given(texts)
def test_spans_are_ordered_disjoint_and_say_something(text):
    last = 0
    for start, end in cut(text):
        assert last <= start < end <= len(text)
        assert any(char.isalnum() or char in "👍🏽★" or char > "\uffff" for char in text[start:end])
        last = end


@given(texts)
def test_every_letter_and_digit_is_in_a_clause(text):
    covered = {position for start, end in cut(text) for position in range(start, end)}
    assert all(position in covered for position, char in enumerate(text) if char.isalnum())


@given(st.lists(texts | st.none(), max_size=6))
def test_a_column_gives_what_each_text_gives(column):
    clauses = cut_column(column)
    assert clauses.n_reviews == len(column)
    spans = [[] for _ in column]
    for review, index, start, end in zip(
        clauses.review.tolist(),
        clauses.index.tolist(),
        clauses.start.tolist(),
        clauses.end.tolist(),
        strict=True,
    ):
        assert index == len(spans[review])
        spans[review].append((start, end))
    assert spans == [cut(text) for text in column]
    assert (clauses.review.dtype, clauses.index.dtype, clauses.start.dtype) == (np.int64, np.int32, np.int32)


@given(st.lists(texts, max_size=5))
def test_from_spans_gives_back_what_was_cut(column):
    cut_ones, given_ones = cut_column(column), from_spans([cut(text) for text in column])
    for name in ("review", "index", "start", "end"):
        assert getattr(cut_ones, name).tolist() == getattr(given_ones, name).tolist()
    assert given_ones.n_reviews == len(column)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("物流太慢了，客服很好。", ["物流太慢了", "客服很好"]),
        ("3.5分，1,299元,3~5天到", ["3.5分", "1,299元", "3~5天到"]),
        ("１２．５元～不贵", ["１２．５元", "不贵"]),
        ("1.外观好2.声音小", ["1.外观好2.声音小"]),
        ("很慢.差评...再见", ["很慢", "差评", "再见"]),
        ("www.example.com打不开", ["www.example.com打不开"]),
        ("（房间小）“很吵”：差", ["（房间小）“很吵”：差"]),
        ("好评！！！～～👍👍", ["好评", "👍👍"]),
        ("一\r\n二\u3000三\n\n", ["一", "二", "三"]),
        ("。。。", []),
        ("（）！”", []),
        ("1,2,3", ["1", "2", "3"]),
        ("1,2345", ["1", "2345"]),
    ],
)
def test_where_a_clause_ends(text, expected):
    assert pieces(text) == expected


@pytest.mark.parametrize("text", [None, "", " \n\t", "，。"])
def test_texts_without_a_clause(text):
    assert cut(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "破壁机用起来声音真的很大但是打出来的豆浆还是挺细的",
            ["破壁机用起来声音真的很大", "但是打出来的豆浆还是挺细的"],
        ),
        (
            "东西收到了用着还行就是送货的师傅态度太差了然后叫他搬上楼也不肯",
            ["东西收到了用着还行", "就是送货的师傅态度太差了", "然后叫他搬上楼也不肯"],
        ),
        (
            "打了三次电话都说会有人联系我结果等了一个星期也没有人来",
            ["打了三次电话都说会有人联系我", "结果等了一个星期也没有人来"],
        ),
    ],
)
def test_speech_without_punctuation_is_cut_before_opening_words(text, expected):
    assert pieces(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "声音大但是豆浆细腻好喝",  # short
        "学校的解释里写的这个「不过」指的是不过线的意思哦",
        "也就是说这个东西买回来以后一直都没有办法正常用",
        "这家店的服务真的是好不过了我们全家人都特别满意",
        "他们这样对待一个老客户是不是有点太不过分了一些",
        "唯一的缺点就是这个酒店的早餐实在是太少太单调了",
        "我们一家人在这里住了整整三个晚上感觉还行但是贵",  # too little on the right
        "但是这一次在你们店里买的水果真的是非常让人失望",  # too little on the left
    ],
)
def test_words_and_short_sides_are_not_cut(text):
    assert pieces(text) == [text]


def test_traditional_speech_is_cut_like_simplified():
    text = "打了三次電話都說會有人聯繫我結果等了一個星期也沒有人來"
    assert pieces(text) == ["打了三次電話都說會有人聯繫我", "結果等了一個星期也沒有人來"]


def test_long_texts_take_linear_work():
    text = "这个空调用了半年就不制冷了但是售后一直推脱，" * 5000
    spans = cut(text)
    assert len(spans) == 10_000
    assert max(end - start for start, end in spans) <= LONG_CLAUSE


WORDS = (
    *("但是", "但我", "但客", "不过", "不过分", "而且", "并且", "就是", "就是说", "然后", "然后果", "可是"),
    *("结果", "结果是", "所以", "否则", "不然", "虽然", "雖然", "后来", "後來", "缺点", "太慢了"),
    *"好不但过是就然结果a（“， ",
)


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_long_pieces_are_cut_where_the_expression_matches(words):
    text = "".join(words)
    starts = [0, *(place + 1 for place, char in enumerate(text) if char == "，")]
    ends = [*(start - 1 for start in starts[1:]), len(text)]
    cuts = []
    for start, end in zip(starts, ends, strict=True):
        last = start
        for match in _OPENING.finditer(normalize(text), start, end) if end - start > LONG_CLAUSE else ():
            place = match.start()
            if place - last >= SHORTEST_SIDE and end - place >= SHORTEST_SIDE:
                cuts.append(place)
                last = place
    found = _cut_long(encode(text), np.array(starts), np.array(ends))
    assert found[0].tolist() == sorted([*starts, *cuts])
    assert found[1].tolist() == sorted([*ends, *cuts])
