"""Results in a notebook."""

from __future__ import annotations

import re

import pytest

import feedback_nlp as fn
from feedback_nlp.errors import ConfigError
from feedback_nlp.report.rich import highlight

NAMES = {"logistics.speed": "时效", "price.level": "<价格>"}


def said(start: int, end: int, facet: str = "logistics.speed", label: str = "negative") -> dict[str, object]:
    return {"start": start, "end": end, "facet": facet, "label": label}


def plain(html: str) -> str:
    return re.sub(r"<sub.*?</sub>|<[^>]+>", "", html)


def test_clauses_are_marked_and_everything_is_escaped() -> None:
    text = "<b>物流慢</b>，太贵&难吃"
    shown = highlight(
        [text, "没说"], [[said(3, 6), said(11, 13, "price.level"), said(11, 13, label="positive")], []], NAMES
    )
    html = shown._repr_html_()
    assert shown.n_reviews == 2
    assert "<b>" not in html
    assert "<script" not in html
    assert plain(html) == "&lt;b&gt;物流慢&lt;/b&gt;，太贵&amp;难吃没说"
    assert html.count("<mark") == 2
    assert "&lt;价格&gt; 负" in html
    assert "时效 正" in html


def test_nothing_fits() -> None:
    assert "没有符合" in highlight([], [], NAMES).html
    assert "No review" in highlight([], [], NAMES, lang="en").html


def test_spans_that_overlap_lose_no_text() -> None:
    html = highlight(["abcdef"], [[said(0, 3), said(2, 5), said(5, 6)]], NAMES).html
    assert plain(html) == "abcdef"


def test_an_analysis_shows_itself(demo_analysis) -> None:
    html = demo_analysis._repr_html_()
    first = demo_analysis.issues[~demo_analysis.issues.other].iloc[0]
    assert first["name"] in html
    assert "420 条评价" in html
    assert "Noto Sans CJK SC" in html
    assert "<script" not in html
    assert len(html) < 10_000
    assert repr(demo_analysis).startswith("<Analysis: 420 reviews, ")
    assert repr(demo_analysis.scored).startswith("<Scored: 420 reviews, ")
    assert repr(demo_analysis.highlight(n=2)) == "<Highlights: 2 reviews>"


def test_quotes_of_an_issue_are_masked(demo_analysis) -> None:
    issue = demo_analysis.issues.iloc[0].issue_id
    shown = demo_analysis.highlight(issue, n=3)
    assert 1 <= shown.n_reviews <= 3
    assert "<mark" in shown.html
    texts = ["请打13812345678，物流太慢了", "物流太慢了"]
    masked = fn.analyze(texts, model="lexicon", draws=10).highlight(facet="logistics", label="negative")
    assert masked.n_reviews == 2
    assert "13812345678" not in masked.html
    assert "1" in fn.analyze(texts, model="lexicon", draws=10, mask=False).highlight().html
    assert fn.analyze(texts, model="lexicon", draws=10).highlight(facet="brand").n_reviews == 0


def test_plots_have_chinese_fonts(demo_analysis) -> None:
    for name in ("elements", "pareto", "quadrants", "periods"):
        figure = demo_analysis.plot(name)
        assert "Microsoft YaHei" in figure.layout.font.family
        assert "Noto Sans CJK SC" in figure.layout.font.family
        assert re.search("[\u4e00-\u9fff]", str(figure.to_dict()))
    with pytest.raises(ConfigError, match="现在能画：elements"):
        demo_analysis.plot("nope")


@pytest.mark.parametrize(
    "asked", [{"issue": "nope"}, {"facet": "logistic"}, {"label": "bad"}, {"n": 0}, {"n": "3"}]
)
def test_what_there_is_not_is_refused(demo_analysis, asked) -> None:
    with pytest.raises(ConfigError):
        demo_analysis.highlight(**asked)
