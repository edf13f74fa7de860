from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import ConfigError
from feedback_nlp.text.normalize import normalize
from feedback_nlp.text.terms import TermMatcher, normalize_pattern, required_literals

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


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("售後", "售后"),
        (r"\S+ＯＫ\D", r"\S+ok\D"),
        ("（包装）", r"\(包装\)"),
        ("(?P<Name>Ａ)", "(?P<name>a)"),
    ],
)
def test_patterns_are_normalised_without_changing_their_meaning(pattern, expected):
    assert normalize_pattern(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("发货.{0,3}慢", ["发货"]),
        ("(?:不|没)(到|发货)", ["不", "没"]),
        ("(太|很)?慢", ["慢"]),
        ("(太|很){0}慢", ["慢"]),
        ("(太|很){0,2}慢", ["慢"]),
        ("慢|差", []),
        ("[慢差]{1,2}", []),
        ("(?=慢)", []),
        ("(?:a(?:慢|差))?好*", []),
        (r"\(慢|好\)", []),
        ("慢{0,1}了?", []),
    ],
)
def test_literals_every_match_contains(pattern, expected):
    assert required_literals(pattern) == expected
