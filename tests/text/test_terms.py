from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import ConfigError
from feedback_nlp.text import terms
from feedback_nlp.text.normalize import normalize
from feedback_nlp.text.terms import TermMatcher

PHRASES = [
    "物流",
    "物流慢",
    "ＷｉＦｉ",
    "售後",
    "re:发货.{0,3}慢",
    "re:(太|很)慢",
    "re:不(?!错)",
    "re:[^慢]{2}好",
    "re:物流|发货",
    "re:(?:等|候)了\\d*天?",
    "物流",
    "",
    "re:好*",
    "re:坏?了",
]
texts = st.text(st.sampled_from("物流慢发货太很不错好坏等候了天1wifi售后，\n"), max_size=30)


def by_hand(text):
    """Every occurrence, phrase by phrase."""
    found = []
    for number, phrase in enumerate(PHRASES):
        if phrase.startswith("re:"):
            matches = re.finditer(phrase[3:], text)
        else:
            matches = re.finditer(f"(?=({re.escape(normalize(phrase))}))", text) if phrase else ()
        for match in matches:
            start, end = match.span(1) if not phrase.startswith("re:") else match.span()
            if end > start:
                found.append((number, start, end))
    return sorted(found, key=lambda row: (row[1], row[2], row[0]))


@given(texts)
def test_find_is_what_trying_each_phrase_gives(text):
    assert TermMatcher(PHRASES).find(text) == by_hand(text)


@given(st.lists(texts, max_size=5))
def test_a_column_gives_what_each_text_gives(column):
    matches = TermMatcher(PHRASES).find_column(column)
    rows = list(zip(*(values.tolist() for values in matches), strict=True))
    assert rows == [(doc, *row) for doc, text in enumerate(column) for row in by_hand(text)]


def test_without_phrases():
    matcher = TermMatcher([])
    assert matcher.find("物流") == []
    assert [len(values) for values in matcher.find_column(["物流"])] == [0, 0, 0, 0]


def test_a_bad_expression_is_named():
    with pytest.raises(ConfigError, match="物流"):
        TermMatcher(["re:(物流"])


def test_expressions_may_be_left_unchecked_until_they_are_needed():
    matcher = TermMatcher(["re:物流(?<!长|短短)", "re:慢.好"], checked=True)
    assert matcher.find("慢又好") == [(1, 0, 3)]


def test_a_span_is_a_text_of_its_own():
    text = "物流慢发货很慢\n物流"
    starts, ends = np.array([0, 2, 3, 8]), np.array([2, 3, 7, 9])
    found = TermMatcher(PHRASES).find_spans(text, starts, ends)
    alone = TermMatcher(PHRASES).find_column([text[a:b] for a, b in zip(starts, ends, strict=True)])
    assert all(np.array_equal(one, other) for one, other in zip(found, alone, strict=True))
    assert 1 not in found.id


def test_blocks_make_no_difference(monkeypatch):
    column = ["物流慢", "", "发货太慢", "好好好", "等了3天"] * 7
    whole = TermMatcher(PHRASES).find_column(column)
    monkeypatch.setattr(terms, "_BLOCK", 3)
    parts = TermMatcher(PHRASES).find_column(column)
    assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_of_a_very_long_text_everything_is_found(monkeypatch):
    column = ["慢" * 3000 + "物流很慢"]
    whole = TermMatcher(["慢", "物流", "re:流.*慢"]).find_column(column)
    assert len(whole.doc) == 3003
    # Without room for one key, the order comes from a sort by several columns.
    monkeypatch.setattr(terms, "_KEY_BITS", 0)
    again = TermMatcher(["慢", "物流", "re:流.*慢"]).find_column(column)
    assert all(np.array_equal(one, other) for one, other in zip(whole, again, strict=True))
