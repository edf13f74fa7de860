"""The HTML report: what is in the file; test_report_browser.py has what it does in a browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import HOSTILE, STORES, make_summary

from feedback_nlp.report import html
from feedback_nlp.taxonomy import Taxonomy


class Elements(HTMLParser):
    """Collects start tags, ids and the text of script elements by kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.cdata_elem == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def page(summary: dict) -> str:
    return html.render(summary)


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def data_of(elements: Elements) -> dict[str, Any]:
    kinds = [attrs.get("type") for tag, attrs in elements.tags if tag == "script"]
    return json.loads(elements.scripts[kinds.index("application/json")])


# ---- the file ----


def test_nothing_is_loaded_from_elsewhere(elements: Elements) -> None:
    for tag, attrs in elements.tags:
        assert tag not in ("iframe", "img", "object", "embed"), tag
        link = attrs.get("src") or attrs.get("href") or ""
        assert link.startswith(("#", "data:")) or link == "", link
    assert not re.search(r"@import|url\((?!data:)", html._asset("style.css"))


def test_injected_html_is_text(page: str, elements: Elements) -> None:
    # Three scripts: the theme, the data, the page's own; an injected one would be a fourth.
    assert len(elements.scripts) == 3
    assert "onerror" not in " ".join(name for _, attrs in elements.tags for name in attrs)
    texts = [row[1] for row in data_of(elements)["rows"]]
    assert any(HOSTILE in text for text in texts), "the hostile review is there, as it was written"
    assert "</script><img" not in page


def test_names_of_units_and_files_are_escaped(taxonomy: Taxonomy, summary: dict) -> None:
    hostile = {**summary, "input": {**summary["input"], "name": "<b>x</b>"}}
    hostile["issues"] = [
        {**summary["issues"][0], "name": "<i>y</i>", "issue_id": 'a"><u>'},
        *summary["issues"][1:],
    ]
    found = Elements(html.render(hostile))
    assert not [tag for tag, _ in found.tags if tag in ("i", "u")]


def test_ids_are_unique_and_links_lead_somewhere(elements: Elements) -> None:
    ids = [attrs["id"] for _, attrs in elements.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    links = {attrs["href"][1:] for tag, attrs in elements.tags if tag == "a" and attrs["href"]}
    assert links - {""} <= set(ids)


def test_landmarks_and_alternatives(elements: Elements) -> None:
    tags = [tag for tag, _ in elements.tags]
    assert {"main", "nav", "header", "footer", "h1"} <= set(tags)
    assert tags.count("h1") == 1
    for tag, attrs in elements.tags:
        if attrs.get("role") == "img":
            assert attrs.get("aria-label")
        if tag in ("input", "select"):
            assert attrs.get("id")
    assert tags.count("label") >= tags.count("select")


def test_language_of_the_page(page: str, summary_en: dict) -> None:
    assert '<html lang="zh-CN">' in page
    english = html.render(summary_en)
    assert '<html lang="en">' in english
    body = english.partition("<main>")[2].partition("<script")[0]
    prose = re.sub(r"<blockquote>.*?</blockquote>|<(option|th|button|td)\b.*?</\1>", "", body, flags=re.S)
    # Names from the data stay as they are.
    assert set(re.findall(r"[\u4e00-\u9fff]+", prose)) <= set(STORES)


def test_every_chart_states_its_base(page: str) -> None:
    assert page.count('class="plot"') == 8
    assert len(re.findall(r'<figcaption><strong>[^<]+</strong><span class="base">[^<]+</span>', page)) == 8


def test_every_chart_has_its_figures_as_text(page: str) -> None:
    charts = re.findall(r'data-chart="(\w+)".*?(?=data-chart=|<footer)', page, flags=re.S)
    parts = re.split(r'data-chart="', page)[1:]
    assert len(charts) == len(parts) == 8
    tables = {part.partition('"')[0]: "<table" in part.partition("</section>")[0] for part in parts}
    # The Pareto chart's bars are the rows of the table of issues.
    assert {name for name, has in tables.items() if not has} <= {"pareto"}


def test_of_many_stores_the_surest_to_be_bad_are_shown(summary: dict) -> None:
    stores = [
        {
            "unit": f"店{k:02d}",
            "n": 100 - k,
            "n_negative": k,
            "share": k / (100 - k),
            "low": k / 200,
            "high": 0.9,
        }
        for k in range(12)
    ]
    text = html.render({**summary, "groups": {**summary["groups"], "store": stores}})
    shown = re.findall(r'<th scope="row"><button class="link" data-store="(店\d\d)"', text)
    assert shown == [f"店{k:02d}" for k in range(11, 3, -1)]
    assert "另有 4 个" in text


def test_rare_issues_are_folded_with_a_quote_and_keep_their_rank(summary: dict) -> None:
    row = next(row for row in summary["issues"] if not row["safety"])
    issues = [{**item, "group": "rare"} if item is row else item for item in summary["issues"]]
    text = html.render({**summary, "issues": issues})
    fold = text[text.index('id="rare"') :]
    fold = fold[: fold.index("</details>")]
    assert f'<tr id="issue-{row["issue_id"]}">' in fold
    assert f">{row['rank']}<" in fold
    assert row["quotes"][0]["clause"] in fold
    assert f'<details class="issue" id="issue-{row["issue_id"]}"' not in text


def test_what_chart_and_paper_leave_out_is_told_by_groups(summary: dict) -> None:
    groups = ["listed"] * 14 + ["rare"] * 4 + ["unnamed"] * 2
    many = [{**summary["issues"][0], "issue_id": str(k), "group": name} for k, name in enumerate(groups)]
    bars = [{**summary["pareto"][0], "issue_id": row["issue_id"], "other": False} for row in many[:18]]
    page = html.render({**summary, "issues": many, "pareto": bars})
    assert "另有 2 个问题、4 个少见的问题没有画出，见问题排名。" in page
    assert "另有 2 个问题、4 个少见的问题、2 个方面没有归成问题的负面评价，见 Excel。" in page


def test_without_time_rating_or_places_it_still_renders(taxonomy: Taxonomy, summary: dict) -> None:
    bare = {**summary, "groups": {}, "periods": [], "quadrants": [], "satisfaction": {}}
    bare["satisfaction"] = dict.fromkeys(summary["satisfaction"])
    bare["table"] = {
        key: summary["table"][key] for key in summary["table"] if key not in ("rating", "nps", "store")
    }
    bare["driving"] = {**summary["driving"], "levels": {"element": [], "facet": []}, "outcomes": []}
    bare["places"] = {**summary["places"], "columns": [], "rows": [], "funnels": []}
    page = html.render(bare)
    assert page.count('class="plot"') == 2
    assert "提供时间列即可得到" in page


def test_no_area_is_called_good_where_complaints_prevail_everywhere(summary: dict) -> None:
    low = [{**row, "x": 0.001 * place} for place, row in enumerate(summary["quadrants"], 1)]
    page = html.render({**summary, "quadrants": low})
    assert "谈不上哪个做得好" in page
    assert "维持即可" not in page
    assert "维持即可" in html.render(summary)


def test_the_file_stays_small(page: str, taxonomy: Taxonomy) -> None:
    more = html.render(make_summary(1_400, taxonomy))
    assert len(page.encode()) < 600_000
    assert (len(more.encode()) - len(page.encode())) / (1_400 - 420) < 600, "bytes a review"


def test_rows_beyond_the_budget_are_left_out_and_said(
    taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedback_nlp.report.evidence.MAX_ROWS", 50)
    summary = make_summary(300, taxonomy)
    assert len(summary["shown"]) == 50
    assert summary["shown"] == sorted(summary["shown"])
    quoted = {quote["review_id"] for issue in summary["issues"] for quote in issue["quotes"]}
    listed = {summary["table"]["review_id"][row] for row in summary["shown"]}
    assert quoted <= listed
    assert "300 条中的 50 条" in html.render(summary)


@pytest.mark.parametrize(("n", "told"), [(None, None), (0, None), (7, "涉及 7 位客户")])
def test_customers_are_counted_where_reviews_name_them(
    summary: dict, n: int | None, told: str | None
) -> None:
    """No review of an issue names its customer: "0 customers" would be false."""
    issues = [{**row, "n_customers": n} for row in summary["issues"]]
    found = re.findall(r"涉及 \d+ 位客户", html.render({**summary, "issues": issues}))
    assert set(found) == ({told} if told else set())
