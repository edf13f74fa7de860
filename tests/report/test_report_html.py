"""The HTML report: what is in the file, and what it does in a browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import HOSTILE, STORES, make_summary

from feedback_nlp.report import html
from feedback_nlp.taxonomy import Taxonomy

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Elements(HTMLParser):
    """Collects start tags, ids and the text of script elements."""

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
    return json.loads(elements.scripts[0])


# ---- the file ----


def test_nothing_is_loaded_from_elsewhere(elements: Elements) -> None:
    for tag, attrs in elements.tags:
        assert tag not in ("iframe", "img", "object", "embed"), tag
        link = attrs.get("src") or attrs.get("href") or ""
        assert link.startswith(("#", "data:")) or link == "", link
    assert not re.search(r"@import|url\((?!data:)", html._asset("style.css"))


def test_injected_html_is_text(page: str, elements: Elements) -> None:
    # Four scripts: the data, plotly, the page's own; an injected one would be a fourth.
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
    shown = re.findall(r'data-store="(店\d\d)"', text)
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


def test_the_file_stays_small(page: str, taxonomy: Taxonomy) -> None:
    library = 4_900_000  # plotly.js
    more = html.render(make_summary(1_400, taxonomy))
    assert len(page.encode()) < library + 600_000
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


def repeated(summary: dict, times: int) -> dict:
    """The same reviews over and over, as a large file."""
    n = summary["reviews"]["n"]
    table = {key: values * times for key, values in summary["table"].items()}
    mentions = {key: values * times for key, values in summary["mentions"].items()}
    mentions["row"] = [row + n * k for k in range(times) for row in summary["mentions"]["row"]]
    return {**summary, "table": table, "mentions": mentions, "shown": list(range(n * times))}


# ---- in a browser ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"no chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Tab:
    """A page that remembers what it complained about and asked for."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.page = browser.new_page(reduced_motion="reduce", **options)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function("document.querySelectorAll('.plot .main-svg').length > 4")

    def found(self) -> int:
        return int(re.sub(r"\D", "", self.page.inner_text("#found")) or 0)

    def rows(self) -> int:
        return self.page.locator("#table tbody tr").count()

    def click(self, selector: str) -> None:
        """Click without the wait for a still page that a scroll would cost."""
        self.page.locator(selector).dispatch_event("click")

    def search(self, words: str) -> None:
        self.page.fill("#f-q", words)
        # Filtering waits for the typing to pause.
        self.page.wait_for_timeout(200)


@pytest.fixture(scope="module")
def report(browser: Any, page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": 1280, "height": 800})
    yield tab
    assert tab.complaints == []
    assert tab.requests == [path.as_uri()]


@pytest.mark.browser
def test_injected_html_is_shown_as_text(report: Tab) -> None:
    report.search("onerror")
    assert report.found() > 0
    assert HOSTILE in report.page.inner_text("#table tbody tr:first-child td.text")
    assert report.page.locator("#table img, #table script").count() == 0
    report.search("")


@pytest.mark.browser
def test_search(report: Tab, summary: dict) -> None:
    shown = [
        text
        for text, counted in zip(summary["table"]["text"], summary["table"]["counted"], strict=True)
        if counted
    ]
    report.search("火花")
    assert report.found() == sum("火花" in text for text in shown)
    assert "火花" in report.page.inner_text("#table tbody tr:first-child")
    report.search("火花 没有的词")
    assert report.found() == report.rows() == 0
    report.search("")
    assert report.found() == len(shown)


@pytest.mark.browser
def test_every_issue_leads_to_its_reviews(report: Tab, summary: dict) -> None:
    for issue in summary["issues"]:
        report.click(f'.issues button[data-issue="{issue["issue_id"]}"]')
        assert report.found() == issue["n_reviews"], issue["issue_id"]
        assert report.page.locator("#table mark.hit").count() >= report.rows() > 0


@pytest.mark.browser
def test_elements_lead_to_their_reviews(report: Tab, summary: dict) -> None:
    for row in (*summary["elements"], *summary["facets"]):
        # An element without negative mentions has a link all the same.
        report.click(f'button[data-element="{row["code"]}"][data-label="negative"]')
        assert report.found() == row["n_negative"], row["code"]
        report.click(f'#elements tr th button[data-element="{row["code"]}"]')
        assert report.found() == row["n_reviews"], row["code"]


@pytest.mark.browser
def test_a_bar_of_a_chart_leads_to_its_reviews(report: Tab, summary: dict) -> None:
    tallest = summary["pareto"][0]
    box = report.page.locator("#chart-pareto .bars .point path").first
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    report.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] * 0.8)
    report.page.wait_for_timeout(300)
    assert report.page.input_value("#f-issue") == tallest["issue_id"]
    assert report.found() == tallest["n_reviews"]


@pytest.mark.browser
def test_filters_and_left_out_rows(report: Tab, summary: dict) -> None:
    report.page.click("#filters button[type=reset]")
    report.page.wait_for_timeout(50)
    counts = summary["reviews"]
    report.page.select_option("#f-show", "left_out")
    report.page.wait_for_timeout(200)
    assert report.found() == counts["n"] - counts["n_counted"]
    report.page.select_option("#f-show", "needs_review")
    report.page.wait_for_timeout(200)
    assert report.found() == counts["n_needs_review"]
    report.page.click("#filters button[type=reset]")
    report.page.select_option("#f-period", "2025-03")
    report.page.wait_for_timeout(200)
    assert report.found() == next(
        row["n_reviews"] for row in summary["periods"] if row["period"] == "2025-03"
    )
    report.page.click("#filters button[type=reset]")
    report.page.wait_for_timeout(50)


@pytest.mark.browser
def test_sorting_and_paging(report: Tab) -> None:
    head = report.page.locator('.sort[data-sort="day"]')
    head.click()
    days = report.page.locator("#table tbody tr td:nth-child(5)").all_inner_texts()
    assert days == sorted(days, reverse=True)
    head.click()
    days = report.page.locator("#table tbody tr td:nth-child(5)").all_inner_texts()
    assert days == sorted(days)
    assert report.page.get_attribute("th:has(.sort[data-sort='day'])", "aria-sort") == "ascending"
    first = report.page.inner_text("#table tbody tr:first-child")
    report.page.click("#next")
    assert report.page.inner_text("#table tbody tr:first-child") != first
    assert report.page.inner_text("#page").startswith("第 2 /")


@pytest.mark.browser
def test_a_permalink_opens_its_card(report: Tab, summary: dict) -> None:
    last = summary["issues"][-1]["issue_id"]
    report.page.evaluate("id => { location.hash = `issue-${id}`; }", last)
    report.page.wait_for_function("id => document.getElementById(`issue-${id}`).open", arg=last)


@pytest.mark.browser
def test_spans_survive_emoji(report: Tab) -> None:
    report.search("\N{GRINNING FACE}")
    assert report.found() > 0
    for mark in report.page.locator("#table mark").all_inner_texts():
        assert not mark.startswith(("\N{GRINNING FACE}", "，", "。", "！"))
    report.search("")


@pytest.mark.browser
def test_print_opens_everything(report: Tab, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    report.page.pdf(path=str(target), prefer_css_page_size=True)
    assert target.read_bytes().startswith(b"%PDF")
    assert target.stat().st_size > 50_000


@pytest.mark.browser
def test_nothing_overflows_and_dark_text_is_light(browser: Any, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": 1280, "height": 800}, color_scheme="dark")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colour = tab.page.evaluate("getComputedStyle(document.querySelector('#chart-pareto .xtick text')).fill")
    assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 180
    assert tab.complaints == []
    tab.page.close()


@pytest.mark.browser
def test_twenty_thousand_reviews_are_paged(browser: Any, summary: dict, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(html.render(repeated(summary, 48)), encoding="utf-8")
    tab = Tab(browser, path)
    assert tab.found() == 48 * summary["reviews"]["n_counted"] > 19_000
    assert tab.rows() == 25
    tab.search("火花")
    assert tab.found() == 48 * sum("火花" in text for text in summary["table"]["text"])
    assert tab.complaints == []
    tab.page.close()
