from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text.codepoints import Joined, decode, encode, whole_texts

texts = st.text(st.sampled_from("好，\n\r a👍𠮷\ud800"), max_size=12)


@given(texts)
def test_decode_is_the_inverse_of_encode(text):
    assert len(encode(text)) == len(text)
    assert decode(encode(text)) == text


@given(st.lists(texts | st.none(), max_size=8))
def test_join_split_and_locate(column):
    joined = Joined.of(column)
    assert joined.split(joined.text) == [text or "" for text in column]
    owners = joined.locate(np.arange(len(joined.text)))
    assert owners.tolist() == [row for row, text in enumerate(column) for _ in range(len(text or "") + 1)]


def test_marks_for_nothing_are_the_empty_text():
    assert whole_texts(["好", None, float("nan"), np.float32("nan"), pd.NA, pd.NaT]) == ["好", *[""] * 5]


@pytest.mark.parametrize("column", ["物流太慢了", "物流".encode()])
def test_one_text_is_no_column(column):
    with pytest.raises(TypeError, match="a list of texts is needed"):
        whole_texts(column)


@pytest.mark.parametrize("cell", [5, b"x", ["好"]])
def test_what_is_no_text_is_refused(cell):
    with pytest.raises(TypeError, match="a text is needed"):
        whole_texts(["好", cell])
