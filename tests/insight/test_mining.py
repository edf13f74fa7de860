from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.insight.mining import heads, mine
from feedback_nlp.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("default")
FACILITY = "environment.facility"


def named(texts, *, min_reviews=2, min_sure=1, reviews=None):
    who = reviews or [{place} for place in range(len(texts))]
    found = mine(texts, [FACILITY] * len(texts), who, TAXONOMY, min_reviews=min_reviews, min_sure=min_sure)
    return [phrase.zh if phrase else None for phrase in found]


def test_a_rare_pair_falls_back_to_its_aspect():
    texts = ["泳池太小", "泳池有点窄", "泳池不干净", "泳池在三楼"]
    assert named(texts) == ["泳池小", "泳池小", "泳池差", "泳池差"]


def test_sharing_is_counted_in_reviews():
    texts = ["洗衣房很差", "洗衣房太差了"]
    assert named(texts, reviews=[{1}, {1}]) == ["设施条件差", "设施条件差"]
    assert named(texts, reviews=[{1}, {2}]) == ["洗衣房差", "洗衣房差"]


def test_a_name_of_one_entry_may_need_fewer_reviews():
    texts = ["不方便", "很不方便", "不太方便", "真的不方便"]
    assert named(texts[:1], min_reviews=3) == ["不方便"]
    assert named(texts[:2], min_reviews=6, min_sure=3) == [None, None]
    assert named(texts[:3], min_reviews=6, min_sure=3) == ["不方便"] * 3


def test_what_a_joined_word_is_called_is_one_issue_with_the_problem_of_that_meaning():
    texts = ["靠着大道", "在金光大道"]
    found = mine(texts, ["environment.location"] * 2, [{0}, {1}], TAXONOMY, min_reviews=2)
    assert [phrase and phrase.zh for phrase in found] == ["道路难走、拥堵"] * 2


def test_a_problem_of_the_taxonomy_needs_no_sharing():
    """旧 alone is 陈旧, which is one with a problem of the facet."""
    assert named(["就是旧了点"], min_reviews=60) == ["设施陈旧、装修差"]


@pytest.mark.parametrize(
    ("facet", "texts", "name"),
    [
        ("after_sales.repair", ["保养时更换了机油", "更换过两次电池"], "换货难"),
        ("product.quality", ["商家给的就这样", "厂家就这样"], "商家质量差"),
        ("brand.honesty", ["吉利远景的车机", "远景车"], "太远"),
    ],
)
def test_a_name_says_no_more_than_the_words(facet, texts, name):
    found = mine(texts, [facet] * 2, [{0}, {1}], TAXONOMY, min_reviews=2)
    assert name not in [phrase and phrase.zh for phrase in found]


def test_what_would_sound_odd_behind_a_thing_has_a_name_of_its_own():
    found = mine(["说到早餐", "那个早餐"], ["product.size"] * 2, [{0}, {1}], TAXONOMY, min_reviews=2)
    assert [phrase and phrase.zh for phrase in found] == ["早餐分量不合适"] * 2


def test_an_exchange_refused_is_hard_to_get():
    found = mine(["不给更换", "拒绝更换"], ["after_sales.repair"] * 2, [{0}, {1}], TAXONOMY, min_reviews=2)
    assert [phrase and phrase.zh for phrase in found] == ["换货难"] * 2


def test_nothing_gives_nothing():
    assert named([]) == []
    assert named(["唉", "😀"]) == [None, None]


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        (["经理", "客房经理", "值班经理"], {"客房经理": "经理", "值班经理": "经理", "经理": "经理"}),
        (["水管", "出水管"], {"水管": "水管", "出水管": "水管"}),
        (["出水管", "排水管"], {"出水管": "出水管", "排水管": "排水管"}),
        (["热水", "热水器"], {"热水": "热水", "热水器": "热水器"}),
        (["外壳", "手机壳"], {"外壳": "外壳", "手机壳": "手机壳"}),
        ([], {}),
        (["经理"], {"经理": "经理"}),
    ],
)
def test_words_of_one_head_are_joined(words, joined):
    assert heads(words) == joined


@given(st.lists(st.text("客房大堂经理水管热器", min_size=2, max_size=5), max_size=12), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_heads_do_not_depend_on_order(words, seed):
    found = heads(words)
    assert heads(random.Random(seed).sample(words, len(words))) == found
    assert all(found[word][-1] == word[-1] and len(found[word]) <= len(word) for word in found)
    assert set(found) == set(words)


@given(st.permutations(["泳池太小", "泳池窄", "洗衣房很差", "洗衣房太差", "泳池脏", "唉", "旧了点"]))
@settings(max_examples=20, deadline=None)
def test_names_do_not_depend_on_order(texts):
    straight = dict(zip(sorted(texts), named(sorted(texts)), strict=True))
    assert named(list(texts)) == [straight[text] for text in texts]
