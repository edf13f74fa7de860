from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.schema import STATUSES
from feedback_nlp.text import quality


@pytest.mark.parametrize(
    "text",
    [
        "此用户没有填写评价",
        "此用户没有填写评价。",
        "系统默认好评",
        "此用户未及时评价，系统自动给予五星",
        "此用户未及时填写评价内容",
        "默认好评，无文字内容",
        "該用戶未填寫評價內容",
        "用户未及时做出评价，系统默认好评！",
        "。。。",
        "……",
        "好评",
        "好评！",
        "无",
        "暂无。",
        "没有",
        "没有建议",
    ],
)
def test_default(text):
    assert quality.status([text]) == ["default"]


@pytest.mark.parametrize(
    "text",
    [None, float("nan"), "", " \n\u3000", "nan", "NULL", "N/A", "-", "--", "！！！", "666", "～"],
)
def test_empty(text):
    assert quality.status([text]) == ["empty"]


@pytest.mark.parametrize(
    "text",
    [
        "Good quality, fast delivery",
        "toujours très professionnel",
        "この商品はとても良いです",
        "배송이 빨라요",
        "Очень хорошо",
        "I bought this for my mother and she says 好 every single day, thank you so much",
    ],
)
def test_foreign(text):
    assert quality.status([text]) == ["foreign"]


@pytest.mark.parametrize(
    "text",
    [
        "好",
        "不错",
        "iPhone 15 Pro Max 256GB 很好",
        "ok",
        "👍👍",
        "😡",
        "电视机坏了",
        "電視機壞了",
        "没有什么不好",
        "没有评价里说的那么好",
        "默认好评是系统给的，其实很差",
        "好评返现是骗人的",
        "系统自动扣费",
        "美の空调，制冷快",
    ],
)
def test_ok(text):
    assert quality.status([text]) == ["ok"]


@given(st.text(max_size=40) | st.none())
def test_every_text_has_a_status(text):
    assert quality.status_of(text) in STATUSES


@given(
    st.lists(
        st.none() | st.text(alphabet="好评默认五星系统无没有此用户填写䷀a1.…👍 \n\u3000ＡＢあ한\ud800𠀀𝐀nul")
    )
)
def test_a_column_is_what_its_texts_are(texts):
    assert quality.status(texts) == [quality.status_of(text) for text in texts]


def test_listed_answers_with_a_sign_that_is_no_letter():
    assert quality.status(["好评䷀", "䷀", "好评𝐀", "很好评"]) == ["default", "ok", "ok", "ok"]
