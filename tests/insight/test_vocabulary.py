"""Words of a file that a taxonomy lacks."""

from __future__ import annotations

from feedback_nlp.insight.vocabulary import Told, english, facet_terms, groups, subjects
from feedback_nlp.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy()


def told(review: int, words: str, facets: str = "", *, blames: bool = True) -> Told:
    return Told(review, frozenset(words.split()), tuple(facets.split()), blames)


def test_subjects_are_nouns_not_opinions() -> None:
    (words,) = subjects(["泳池的救生员很冷漠"])
    assert "泳池" in words
    assert not {"冷漠", "很", "的"} & words


def test_a_word_of_one_facet_is_proposed_for_it() -> None:
    # 10 of 10 reviews with 前置仓 speak of logistics.speed, which has a fifth of all clauses: 0.2 ** 10 is
    # far below 0.001. 门店 is said of two facets alike; 派送站 is found by 派送 already; 骑手箱 is too rare.
    clauses = [told(row, "前置仓 派送站", "logistics.speed") for row in range(10)]
    clauses += [
        told(100 + row, "门店", facet) for row, facet in enumerate(["logistics.speed", "price.level"] * 5)
    ]
    clauses += [told(200 + row, "", "service.attitude") for row in range(60)]
    clauses += [told(300 + row, "骑手箱", "logistics.speed") for row in range(2)]
    found = facet_terms(clauses, TAXONOMY, min_reviews=3)
    assert {facet: [(term.word, term.n_reviews) for term in terms] for facet, terms in found.items()} == {
        "logistics.speed": [("前置仓", 10)]
    }


def test_one_review_that_repeats_a_word_counts_once() -> None:
    clauses = [told(1, "前置仓", "logistics.speed") for _ in range(20)]
    clauses += [told(2 + row, "", "price.level") for row in range(50)]
    assert facet_terms(clauses, TAXONOMY, min_reviews=3) == {}


def test_uncovered_complaints_are_grouped() -> None:
    clauses = [told(row, "轮椅 输液架") for row in range(6)]
    clauses += [told(row, "校车") for row in range(20, 24)]
    clauses += [told(row, "沙盘", blames=False) for row in range(30, 40)]
    clauses += [told(row, "牙医", "service.competence") for row in range(40, 50)] + [told(50, "牙医")]
    clauses += [told(row, "送货单") for row in range(60, 66)]
    found = groups(clauses, TAXONOMY, min_reviews=3)
    assert [({t.word for t in group.terms}, group.n_reviews) for group in found] == [
        ({"轮椅", "输液架"}, 6),
        ({"校车"}, 4),
    ]
    assert found[0].element != found[1].element
    assert clauses[found[1].clause].words == {"校车"}


def test_order_of_the_clauses_does_not_matter() -> None:
    clauses = [told(row, "轮椅 输液架") for row in range(6)] + [told(row, "校车") for row in range(20, 24)]
    names = [[term.word for term in group.terms] for group in groups(clauses, TAXONOMY, min_reviews=3)]
    back = [[term.word for term in group.terms] for group in groups(clauses[::-1], TAXONOMY, min_reviews=3)]
    assert names == back


def test_nothing_gives_nothing() -> None:
    assert facet_terms([], TAXONOMY, min_reviews=1) == {}
    assert groups([], TAXONOMY, min_reviews=1) == []
    assert groups([told(0, "")], TAXONOMY, min_reviews=1) == []


def test_english_names() -> None:
    assert english("支架") == "Bracket"
    assert english("角铁") == "Bracket"
    assert english("没有这个词") == "没有这个词"


def test_words_for_one_thing_are_one_topic() -> None:
    clauses = [told(row, "角铁" if row % 2 else "支架") for row in range(10)]
    (group,) = groups(clauses, TAXONOMY, min_reviews=3)
    assert (group.name, group.n_reviews, len(group.terms)) == ("支架", 10, 2)
