"""The scorer on arrays against the same rules written out clause by clause (``naive_lexicon``)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_lexicon import naive_predict

from feedback_nlp import gold
from feedback_nlp.catalog import corpus_names, corpus_path
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.lexicon_words import Words, load_words
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.clauses import cut_column

SMALL = """
name = "small"
[elements.logistics]
zh = "物流"
[elements.logistics.facets.speed]
zh = "时效"
terms = ["物流", "快递", "发货", "送"]
patterns = ["等了.{0,3}天", "送.{0,2}到"]
positive = ["发货快", "re:送.{0,2}快"]
negative = ["发货慢", "re:物流.{0,3}慢", "物流"]
[elements.logistics.facets.courier]
zh = "快递员"
terms = ["小哥", "快递员", "快递"]
positive = ["re:小哥.{0,3}好"]
[elements.service]
zh = "服务"
[elements.service.facets.attitude]
zh = "态度"
terms = ["服务", "态度", "服务态度", "噪音"]
negative = ["态度差", "re:服务.{0,2}差"]
[elements.overall]
zh = "总体"
[elements.overall.facets.general]
zh = "总体"
terms = ["总体"]
positive = ["不错", "赞"]
negative = ["垃圾"]
"""
WORDS = Words(
    polarity={
        "好": 0.7,
        "很好": 0.7,
        "差": -0.7,
        "快": 0.5,
        "慢": -0.5,
        "一般": 0.0,
        "差价": 0.0,
        "不错": 0.7,
    },
    modifiers={
        "不": ("negation", -1.0),
        "没有": ("negation", -1.0),
        "没": ("negation", -1.0),
        "很": ("degree", 1.5),
        "太": ("degree", 1.5),
        "好": ("degree", 1.2),
        "有点": ("degree", 0.5),
        "如果": ("condition", 0.3),
        "好像": ("doubt", 0.5),
        "听说": ("doubt", 0.6),
        "但": ("contrast", 1.5),
        "希望": ("wish", -0.4),
        "呵呵": ("irony", -1.0),
    },
    conditioned={("噪音", "大"): -0.7, ("噪音", "小"): 0.7, ("服务", "大"): 0.7, ("物流", "快"): 0.7},
    flags={name: (f"re:{name}", "投诉") for name in ("safety", "legal", "churn", "repeat", "loss")},
    boundaries=(
        ("logistics.speed", "logistics.courier", "小哥|员"),
        ("service.attitude", "logistics.courier", "快.{0,2}递"),
        ("logistics.courier", "overall.general", "总体"),
        ("price.level", "price.value", "价"),
    ),
)
PIECES = """
    物流 快递 发货 送 小哥 快递员 服务 态度 噪音 总体 到 员 等了 天 发货快 物流慢 态度差 送得快 垃圾 赞
    好 很 太 差 快 慢 一般 差价 不错 不 没有 没 有点 如果 好像 听说 但 希望 呵呵 大 小 还是 的 和 以及
    没有上次效果好 好不好 快不快 投诉 ， 。 x
""".split()  # noqa: SIM905 - a list of 50 short words reads better like this


def same(scorer, words, texts):
    expected, found = naive_predict(scorer.taxonomy_, words, texts), scorer.predict(texts)
    for name in ("clauses", "overall", "flags"):
        assert np.array_equal(getattr(expected, name), getattr(found, name)), name


@pytest.fixture(scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feedback_nlp.scorers.lexicon.load_words", lambda: WORDS)
        return LexiconScorer(Taxonomy.from_toml(SMALL)).fit()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), max_size=4))
def test_equal_to_reading_clause_by_clause(small, texts):
    same(small, WORDS, texts)


def test_equal_on_real_sentences():
    texts = [
        review.text for name in corpus_names() if name != "demo" for review in gold.read(corpus_path(name))
    ]
    scorer = LexiconScorer().fit()
    same(scorer, load_words(), [*texts[::61], None, "", "。。", "好" * 300, "A\x00b", "😡"])


def test_the_column_makes_no_difference(small):
    texts = ["物流很慢", None, "服务好，但快递不快", "", "总体不错", "小哥"] * 40
    whole = small.predict(texts).clauses
    clauses = cut_column(texts)
    for row, text in enumerate(texts[:6]):
        assert np.array_equal(small.predict([text]).clauses, whole[clauses.review == row])
