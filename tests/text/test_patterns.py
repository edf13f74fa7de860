from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text.patterns import normalize_pattern, rarest, required_pieces


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
        ("发货.{0,3}慢", [{"发货"}, {"慢"}]),
        ("(?:不|没)(到|发货)", [{"不到", "没到", "不发货", "没发货"}]),
        ("(太|很)?慢", [{"慢"}]),
        ("(太|很){0}慢", [{"慢"}]),
        ("(太|很){1,2}慢", [{"太慢", "很慢"}]),
        ("慢|差", [{"慢", "差"}]),
        ("慢了|差.{2}的", [{"慢了", "差"}]),
        ("慢|.差?", []),
        ("[慢差]{1,2}", [{"慢", "差"}]),
        ("[^慢]好", [{"好"}]),
        ("[一-十]好", [{"好"}]),
        ("(?=慢)", []),
        ("(?<!不)好(?!像)", [{"好"}]),
        ("(?:a(?:慢|差))?好*", []),
        ("(慢){2,}", [{"慢"}]),
        (r"\(慢|好\)", [{"(慢", "好)"}]),
        ("慢{0,1}了?", []),
        ("等了?.*?天$", [{"等"}, {"天"}]),
        ("(?P<x>慢)", [{"慢"}]),
        ("(?i)慢", []),
        (r"(慢)\1", []),
        (r"慢\d天\n", []),
        ("(慢", []),
        ("慢)", []),
    ],
)
def test_pieces_every_match_holds(pattern, expected):
    assert [set(piece) for piece in required_pieces(pattern)] == expected


def test_many_alternatives_are_not_spelt_out():
    digits = "(0|1|2|3|4|5|6|7|8|9)"
    pieces = required_pieces(f"第{digits}{digits}{digits}名")
    assert max(map(len, pieces)) <= 100
    assert all(any(text in "第123名" for text in piece) for piece in pieces)


def test_the_rarest_piece():
    assert rarest([frozenset({"的", "了"}), frozenset({"疙瘩"}), frozenset({"慢"})]) == {"疙瘩"}


atoms = st.sampled_from(["慢", "好", "了", "[慢好]", "[^慢]", ".", "(?!好)", "(?<!慢)", "^", "$", r"\."])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{0,2}", "{2}", "{1,}", "??"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@given(patterns, st.text(st.sampled_from("慢好了."), max_size=8))
def test_no_match_without_its_pieces(pattern, text):
    for match in re.finditer(pattern, text):
        for piece in required_pieces(pattern):
            assert any(part in match[0] for part in piece)
