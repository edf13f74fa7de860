"""What an aspect that a clause only names is called, and that the list is whole."""

import pytest

from feedback_nlp.insight.aspects import Aspect, load_lexis
from feedback_nlp.insight.faults import alone, fault, same_issue
from feedback_nlp.insight.issues import least_reviews
from feedback_nlp.insight.phrases import LONGEST
from feedback_nlp.scorers.lexicon_words import read_table
from feedback_nlp.taxonomy import GENERAL, load_taxonomy

TAXONOMY = load_taxonomy("default")
ASPECTS = {aspect.name: aspect for found in load_lexis().aspects for aspect in found}


@pytest.mark.parametrize(
    ("facet", "aspect", "name"),
    [
        ("service.attitude", "客服", "客服态度差"),
        ("service.attitude", "服务水平", "服务水平差"),
        ("environment.facility", "房间", "房间差"),
        ("after_sales.repair", "安装师傅", "安装师傅服务差"),
        ("product.taste", "服务员", "难吃、味道差"),
        ("logistics.speed", "等待时间", "等待时间长"),
        ("product.size", "早餐", "早餐分量不合适"),
        ("product.size", "屏幕", "屏幕规格不合适"),
    ],
)
def test_names(facet: str, aspect: str, name: str) -> None:
    found = fault(facet, ASPECTS[aspect])
    assert found is not None
    assert found.zh == name
    assert found.en


def test_a_word_of_the_customers_has_no_english() -> None:
    assert fault("product.quality", Aspect("鱼片", "", "own")) == ("鱼片质量差", "")


def test_what_would_say_the_same_twice_is_the_facets_own_name() -> None:
    assert fault("logistics.packaging", Aspect("包装盒", "Box", "thing")) == alone("logistics.packaging")


def test_facets_of_other_taxonomies_have_none() -> None:
    assert fault("room.bed", ASPECTS["房间"]) is None
    assert alone("room.bed") is None


def test_every_facet_has_names_that_fit() -> None:
    kinds = {(where, of) for where, of, *_ in read_table("faults")}
    for code in TAXONOMY.codes:
        if code != GENERAL:
            assert {(code, "things"), (code, "alone")} <= kinds
    for where, of, zh, en in read_table("faults"):
        assert of in ("things", "people", "acts", "own", "alone", "aspect") or of.removeprefix("=") in ASPECTS
        assert where.removeprefix("=") in (ASPECTS if where.startswith("=") else TAXONOMY.index)
        assert 0 < len(zh) <= LONGEST
        assert en


def test_one_issue_has_one_name() -> None:
    rows = read_table("same_issues")
    seen = [(facet, name) for facet, _, _, names in rows for name in names.split()]
    assert len(set(seen)) == len(seen)
    for facet, name, english, _ in rows:
        problems = {problem.zh for problem in TAXONOMY.facet(facet).problems}
        assert (english == "-") == (name in problems), (facet, name)
        assert name in problems or len(name) <= LONGEST
        # A name leads straight to the one that stands.
        assert same_issue(facet, name) is None


def test_what_a_facet_calls_itself_is_one_issue_with_the_problem_of_that_meaning() -> None:
    for code in TAXONOMY.codes:
        own = alone(code)
        same = own and same_issue(code, own.zh)
        assert same is None, (code, own)


@pytest.mark.parametrize(
    ("n", "least"), [(0, 3), (999, 3), (1_000, 6), (9_999, 15), (10_000, 30), (10**7, 60)]
)
def test_large_files_ask_for_more(n: int, least: int) -> None:
    assert least_reviews(n) == least
