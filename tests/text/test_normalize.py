from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text.normalize import normalize, normalize_column, traditional_pairs

ALPHABET = "物流太慢了電視機後臺ＡＢｃ１２３，。！？…~、 \u3000\t\n\r\u200bİß①㎏ﬁ👍🏽👨‍👩‍👧𠮷aZ9.-"
texts = st.text(st.sampled_from(ALPHABET) | st.characters(), max_size=60)


@given(texts)
def test_length_is_kept_and_twice_changes_nothing(text):
    once = normalize(text)
    assert len(once) == len(text)
    assert normalize(once) == once


@given(st.lists(texts | st.none(), max_size=6))
def test_column_equals_one_by_one(column):
    assert normalize_column(column) == [normalize(text or "") for text in column]


def test_full_width_case_and_odd_spaces():
    assert normalize("ＡＢＣ１２３，ＯＫ！\u3000Wi-Fi\xa0好") == "abc123,ok! wi-fi 好"


def test_traditional_becomes_simplified():
    assert normalize("電視機壞了，售後態度惡劣，發貨慢") == "电视机坏了,售后态度恶劣,发货慢"


def test_characters_whose_lower_case_or_nfkc_is_longer_stay_one():
    assert normalize("İ㎏ﬁ①") == "İ㎏ﬁ①"


def test_line_ends_stay():
    assert normalize("一\r\n二\t三") == "一\r\n二 三"


def test_lone_surrogates_pass():
    assert normalize_column(["坏\ud800", "Ａ"]) == ["坏\ud800", "a"]


def test_table_is_one_to_one_and_settled():
    pairs = dict(traditional_pairs())
    assert len(pairs) > 3000
    assert all(len(source) == len(target) == 1 and source != target for source, target in pairs.items())
    assert not set(pairs) & set(pairs.values())
