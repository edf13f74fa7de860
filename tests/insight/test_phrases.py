from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.insight.aspects import Aspect, Complaint, load_lexis, longest
from feedback_nlp.insight.phrases import LONGEST, one_name, phrases
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.terms import TermMatcher

TAXONOMY = load_taxonomy("default")
FACILITY, REPAIR = "environment.facility", "after_sales.repair"


def names(text, facet=FACILITY):
    return [one_name(phrase, facet).zh for phrase in phrases([text], [facet], TAXONOMY)[0]]


@pytest.mark.parametrize("text", ["泳池太小", "游泳池有点窄", "泳池不够大", "就是泳池小了点"])
def test_wordings_of_one_thing_have_one_name(text):
    assert names(text)[:2] == ["泳池小", "泳池差"]


@pytest.mark.parametrize(
    ("text", "facet", "first"),
    [
        ("安装师傅找各种理由", REPAIR, "安装师傅不负责"),
        ("安装师傅在屋里抽烟", REPAIR, "安装服务差"),
        ("空调哗哗的漏水", REPAIR, "漏水"),
        ("没有浴巾", FACILITY, "没有洗漱用品"),
        ("那么小的泳池", FACILITY, "泳池小"),
        ("就是旧了点", FACILITY, "设施陈旧、装修差"),
        ("今天30号又不来", REPAIR, "没人来没人管"),
        ("说是周五下午来安装", REPAIR, "安装拖延、没人来装"),
        ("师傅电话里说没空", REPAIR, "没人联系、联系不上师傅"),
        ("早餐一般", "product.size", "早餐一般"),
        ("期间服务员问泳池喝什么", "service.attitude", "服务态度差"),
        ("菜品上来的时候", "service.attitude", "服务态度差"),
        ("前台说的", "service.attitude", "前台态度差"),
        ("失望", "product.content", "内容差"),
        ("口感一般", "product.taste", "味道一般"),
    ],
)
def test_the_most_telling_name_comes_first(text, facet, first):
    assert names(text, facet)[0] == first


@pytest.mark.parametrize(
    "text",
    [
        "早餐很丰盛",  # praise that the scorer took for blame
        "没有异味",  # a trouble denied
        "温差那里",  # 差 is part of a word
        "",
        "😀",
        "然后就没有然后了",
    ],
)
def test_what_blames_nothing_has_no_name(text):
    assert names(text) == []


def test_a_denied_complaint_is_none():
    assert names("泳池不脏") == ["泳池差", "设施条件差"]
    assert names("泳池脏")[0] == "泳池脏"


def test_what_is_wrong_with_things_is_not_said_of_people():
    assert names("师傅说外机坏了", REPAIR)[0] == "外机坏"
    assert names("师傅很旧", REPAIR)[0] == "安装服务差"


def test_words_mean_an_aspect_only_where_they_do():
    """再次入住 tells of coming back, not of the check-in."""
    assert "入住退房慢" in names("办理入住", "service.efficiency")
    assert names("再次入住", "brand.loyalty") == []


def test_a_word_of_no_list_is_the_customers_own():
    found = phrases(["洗衣房很差", "洗衣房"], [FACILITY] * 2, TAXONOMY)
    assert [phrase.zh for phrase in found[0]][:2] == ["洗衣房差", "洗衣房差"]
    assert [(phrase.word, phrase.sure, phrase.en) for phrase in found[1]] == [("洗衣房", False, "")]


def test_terms_of_ones_own_taxonomy_are_aspects():
    from feedback_nlp.taxonomy import Taxonomy

    own = Taxonomy.from_toml(
        '[elements.zoo]\nzh = "动物园"\n[elements.zoo.facets.lions]\nzh = "狮子"\nterms = ["狮山"]\n'
    )
    assert [phrase.zh for phrase in phrases(["狮山太小"], ["zoo.lions"], own)[0]] == ["狮山小", "偏小"]
    assert phrases(["泳池太小"], ["zoo.lions"], own)[0][0].zh == "泳池小"


def test_every_listed_name_has_an_english_twin_and_fits():
    lexis = load_lexis()
    for aspect in {aspect for found in lexis.aspects for aspect in found if aspect.kind != "empty"}:
        assert 1 < len(aspect.name) <= LONGEST - 2
        assert aspect.name_en.isascii()
        assert aspect.name_en != "-"
    for complaint in {said for said in lexis.complaints if isinstance(said, Complaint)}:
        assert complaint.name_en.isascii()


@given(
    st.text("空调泳池安装师傅很太吵小慢差不没了的，房间隔音😀 ", max_size=30), st.sampled_from(TAXONOMY.codes)
)
@settings(max_examples=60, deadline=None)
def test_names_are_short_and_never_blank(text, facet):
    problems = {problem.zh for problem in TAXONOMY.facet(facet).problems}
    for name in names(text, facet):
        assert 1 < len(name.strip()) == len(name)
        assert name in problems or len(name) <= LONGEST


@pytest.mark.parametrize("text", ["孩子说的", "业主反映", "居民们说"])
def test_those_who_complain_are_not_what_they_complain_about(text):
    assert names(text, "environment.hygiene") == []


def test_longest_keeps_what_overlaps_nothing_longer():
    matcher = TermMatcher(["泳池", "游泳池", "池水", "水"])
    found = longest(matcher.find_column(["游泳池水", "池水和水", ""]), 3)
    assert found == [[(1, 0, 3), (3, 3, 4)], [(2, 0, 2), (3, 3, 4)], []]


def test_where_an_aspect_holds():
    anywhere, limited = Aspect("订单", "Order", "thing"), Aspect("大堂", "Lobby", "thing", ("service",))
    assert anywhere.holds_in("price.level")
    assert not anywhere.holds_in("brand.loyalty")
    assert limited.holds_in("service.attitude")
    assert not limited.holds_in("product.quality")
    assert limited.holds_in("zoo.lions")


def test_a_clause_without_end_is_read_in_part():
    assert names("泳池太小" * 50_000)[0] == "泳池小"
    assert names("啊" * 300 + "泳池太小") == []
