from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text.codepoints import Joined, decode, encode

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
