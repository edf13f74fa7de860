"""The HTML report in a browser: what a reader clicks, types, prints and hears."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browsing import FAINT, Watched
from conftest import HOSTILE

from feedback_nlp.report import html


@pytest.fixture(scope="module")
def page(summary: dict) -> str:
    return html.render(summary)


def repeated(summary: dict, times: int) -> dict:
    """The same reviews over and over, as a large file."""
    n = summary["reviews"]["n"]
    table = {key: values * times for key, values in summary["table"].items()}
    mentions = {key: values * times for key, values in summary["mentions"].items()}
    mentions["row"] = [row + n * k for k in range(times) for row in summary["mentions"]["row"]]
    return {**summary, "table": table, "mentions": mentions, "shown": list(range(n * times))}


class Tab(Watched):
    """A report that is open, its charts drawn."""

    def __init__(self, browser: Any, path: Path, anchor: str = "", **options: Any) -> None:
        super().__init__(browser, path.as_uri() + anchor, **options)
        self.page.wait_for_function("document.querySelectorAll('.plot:not(:has(.main-svg))').length === 0")

    def found(self) -> int:
        return int(re.sub(r"\D", "", self.page.inner_text("#found")) or 0)

    def rows(self) -> int:
        return self.page.locator("#table tbody tr").count()

    def click(self, selector: str) -> None:
        """Click without the wait for a still page that a scroll would cost."""
        self.page.locator(selector).dispatch_event("click")

    def search(self, words: str) -> None:
        self.page.fill("#f-q", words)
        self.pause()

    def pause(self) -> None:
        """Wait as the filters do: timers of a page go off in the order of their times, however slow it is."""
        self.page.evaluate("() => new Promise((done) => setTimeout(done, 200))")


@pytest.fixture(scope="module")
def report(browser: Any, page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": 1280, "height": 800})
    yield tab
    assert tab.requests == [path.as_uri()]
    tab.close()


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
        report.click(f'.issues td > button[data-issue="{issue["issue_id"]}"]:not(.bar)')
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


def told(label: str) -> int:
    """The number of reviews that a mark of a chart says it stands for."""
    return int(re.findall(r"([\d,]+) 条", label)[-1].replace(",", ""))


@pytest.mark.browser
@pytest.mark.parametrize("name", ["elements", "pareto", "periods", "issue_periods", "funnel1"])
def test_every_mark_of_a_chart_leads_to_its_reviews(report: Tab, name: str) -> None:
    marks = report.page.locator(f"#chart-{name} .mark-on")
    labels = [mark.get_attribute("aria-label") for mark in marks.all()]
    assert len(labels) > 3
    for place, label in enumerate(labels):
        marks.nth(place).dispatch_event("click")
        assert report.found() == told(label), label


@pytest.mark.browser
def test_marks_without_a_count_lead_to_reviews(report: Tab, summary: dict) -> None:
    n = {row["code"]: row for row in summary["elements"]}
    for place, row in enumerate(summary["quadrants"]):
        report.page.locator("#chart-quadrants .mark-on").nth(place).dispatch_event("click")
        assert report.found() == n[row["code"]]["n_reviews"]
    bars = report.page.locator("#chart-contrast .mark-on")
    assert bars.count() == 2 * len(summary["driving"]["levels"]["element"])
    bars.first.dispatch_event("click")
    assert report.found() == n[summary["driving"]["levels"]["element"][0]["code"]]["n_negative"]


@pytest.mark.browser
def test_a_bar_is_hit_by_the_mouse(report: Tab, summary: dict) -> None:
    tallest = summary["pareto"][0]
    box = report.page.locator("#chart-pareto .bars rect").first
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    report.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] * 0.8)
    assert str(tallest["n_reviews"]) in report.page.inner_text(".tip")
    report.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] * 0.8)
    assert report.page.input_value("#f-issue") == tallest["issue_id"]
    assert report.found() == tallest["n_reviews"]


@pytest.mark.browser
def test_charts_are_worked_by_the_keyboard(report: Tab) -> None:
    marks = report.page.locator("#chart-elements .mark-on")
    assert report.page.locator('#chart-elements [tabindex="0"]').count() == 1, "one stop of Tab a chart"
    marks.first.focus()
    report.page.keyboard.press("ArrowRight")
    label = report.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == marks.nth(1).get_attribute("aria-label")
    report.page.keyboard.press("Enter")
    assert report.found() == told(label)
    assert report.page.evaluate("document.activeElement.id") == "found"


@pytest.mark.browser
def test_back_to_where_the_reader_was(report: Tab) -> None:
    button = report.page.locator("#elements tbody tr th button").first
    button.scroll_into_view_if_needed()
    before = report.page.evaluate("scrollY")
    button.focus()
    button.dispatch_event("click")
    assert report.page.evaluate("scrollY") != before
    report.page.click("#back")
    assert report.page.evaluate("scrollY") == before
    assert report.page.evaluate("document.activeElement.dataset.element")


@pytest.mark.browser
def test_small_bars_and_the_bar_of_the_data_lead_to_reviews(report: Tab, summary: dict) -> None:
    report.click(f'#elements .bar[data-element="{summary["elements"][0]["code"]}"]')
    assert report.found() == summary["elements"][0]["n_negative"]
    issue = summary["issues"][1]
    report.click(f'.issues .bar[data-issue="{issue["issue_id"]}"]')
    assert report.found() == issue["n_reviews"]
    parts = report.page.locator(".flow button")
    for place in range(parts.count()):
        label = parts.nth(place).get_attribute("aria-label")
        parts.nth(place).dispatch_event("click")
        assert report.found() == int(re.sub(r"\D", "", label)), label
    unit = report.page.locator(".units .bar").first
    shown = unit.get_attribute("aria-label")
    unit.dispatch_event("click")
    assert report.found() == int(shown.split()[-1]), shown


@pytest.mark.browser
def test_filters_and_left_out_rows(report: Tab, summary: dict) -> None:
    report.page.click("#filters button[type=reset]")
    report.pause()
    counts = summary["reviews"]
    report.page.select_option("#f-show", "left_out")
    report.pause()
    assert report.found() == counts["n"] - counts["n_counted"]
    report.page.select_option("#f-show", "needs_review")
    report.pause()
    assert report.found() == counts["n_needs_review"]
    report.page.click("#filters button[type=reset]")
    report.page.select_option("#f-period", "2025-03")
    report.pause()
    assert report.found() == next(
        row["n_reviews"] for row in summary["periods"] if row["period"] == "2025-03"
    )
    report.page.click("#filters button[type=reset]")
    report.pause()


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
    report.page.evaluate("location.hash = '%E4%'")
    report.page.evaluate("location.hash = 'issue-of-last-year'")


@pytest.mark.browser
def test_a_permalink_from_outside_opens_scrolls_and_leaves_folds_open(
    browser: Any, summary: dict, tmp_path: Path
) -> None:
    row = next(row for row in summary["issues"] if not row["safety"])
    issues = [{**item, "group": "rare"} if item is row else item for item in summary["issues"]]
    path = tmp_path / "report.html"
    path.write_text(html.render({**summary, "issues": issues}), encoding="utf-8")
    listed = issues[-1]["issue_id"]
    for issue_id in (listed, row["issue_id"]):
        tab = Tab(browser, path, f"#issue-{issue_id}", viewport={"width": 1280, "height": 800})
        place = tab.page.locator(f'[id="issue-{issue_id}"]').bounding_box()
        assert -1 <= place["y"] < 800, issue_id
        folds = "id => document.getElementById(`issue-${id}`).closest('details').open"
        assert tab.page.evaluate(folds, issue_id)
        tab.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_no_word_of_a_chart_leaves_its_drawing(
    browser: Any, summary: dict, tmp_path: Path, width: int
) -> None:
    places = summary["places"]
    funnels = [
        {
            **funnel,
            "points": [{**point, "unit": point["unit"] + "很长的名字" * 12} for point in funnel["points"]],
        }
        for funnel in places["funnels"]
    ]
    path = tmp_path / "report.html"
    path.write_text(html.render({**summary, "places": {**places, "funnels": funnels}}), encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": width, "height": 800})
    outside = tab.page.evaluate(
        """[...document.querySelectorAll('.plot svg text')].filter((text) => {
          const [own, all] = [text, text.closest('svg')].map((node) => node.getBoundingClientRect());
          return own.left < all.left - 4 || own.right > all.right + 4 || own.bottom > all.bottom + 6;
        }).map((text) => text.textContent)"""
    )
    assert outside == []
    tab.close()


@pytest.mark.browser
def test_cards_further_down_wait_until_they_are_wanted(
    browser: Any, summary: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "N_TABLE", 2)
    listed = [row["issue_id"] for row in summary["issues"] if row["group"] == "listed"]
    path = tmp_path / "report.html"
    path.write_text(html.render(summary), encoding="utf-8")
    cards = "document.querySelectorAll('#issues details.issue').length"
    tab = Tab(browser, path, viewport={"width": 1280, "height": 800})
    assert tab.page.evaluate(cards) == 2
    tab.click("#more-issues > summary")
    tab.page.wait_for_function(f"{cards} === {len(listed)}")
    tab.close()
    tab = Tab(browser, path, f"#issue-{listed[-1]}", viewport={"width": 1280, "height": 800})
    place = tab.page.locator(f'[id="issue-{listed[-1]}"]').bounding_box()
    assert -1 <= place["y"] < 800
    assert tab.page.evaluate("id => document.getElementById(`issue-${id}`).open", listed[-1])
    tab.close()


@pytest.mark.browser
def test_quotes_and_links_are_copied(report: Tab, summary: dict) -> None:
    report.page.evaluate("void (navigator.clipboard.writeText = async (text) => { window.copied = text; })")
    issue = summary["issues"][0]
    quote = issue["quotes"][0]
    card = f'[id="issue-{issue["issue_id"]}"]'
    report.page.locator(f"{card} .copy").first.dispatch_event("click")
    report.page.wait_for_function("document.getElementById('status').textContent === '已复制'")
    copied = report.page.evaluate("window.copied")
    assert quote["before"] + quote["clause"] + quote["after"] in copied
    assert quote["review_id"] in copied
    assert quote["day"] in copied
    report.page.locator(f"{card} a.permalink").dispatch_event("click")
    report.page.wait_for_function("window.copied.startsWith('file:')")
    assert report.page.evaluate("window.copied").endswith(f"#issue-{issue['issue_id']}")
    report.page.locator("#table .copy").first.dispatch_event("click")
    text = report.page.inner_text("#table tbody tr:first-child .words")
    report.page.wait_for_function("text => window.copied.includes(text)", arg=text)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_the_button_to_copy_stays_in_its_quote(browser: Any, page: str, tmp_path: Path, width: int) -> None:
    """Even where what is told of a review fills its line."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": width, "height": 800})
    outside = tab.page.evaluate(
        """[...document.querySelectorAll('details[open] blockquote')].filter((quote) => {
          const [about, button] = ['.id', '.copy'].map((name) => quote.querySelector(name));
          return [...Array(60).keys()].some((size) => {
            about.textContent = '0'.repeat(size);
            return button.getBoundingClientRect().bottom > quote.getBoundingClientRect().bottom;
          });
        }).length"""
    )
    assert tab.page.locator("details[open] blockquote").count() > 0
    assert outside == 0
    tab.close()


@pytest.mark.browser
def test_copying_works_without_the_clipboard_interface(report: Tab) -> None:
    report.page.evaluate("void (navigator.clipboard.writeText = async () => { throw new Error('no'); })")
    report.page.evaluate(
        "void (document.execCommand = () => { window.byHand = document.activeElement.value; return true; })"
    )
    report.page.locator("blockquote .copy").last.dispatch_event("click")
    report.page.wait_for_function("window.byHand?.startsWith('“')")


@pytest.mark.browser
def test_a_chart_is_saved_as_a_picture(report: Tab) -> None:
    with report.page.expect_download() as waiting:
        report.click('.save[data-save="chart-pareto"]')
    assert waiting.value.suggested_filename == "pareto.png"
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


@pytest.mark.browser
def test_everything_has_a_name_and_headings_are_in_order(report: Tab) -> None:
    kinds = "button, a, input, select, summary, [role=button], [role=group], [role=region]"
    assert report.nameless(kinds) == []
    levels = report.page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((node) => +node.tagName[1])"
    )
    assert all(after - before <= 1 for before, after in pairwise(levels))
    untold = report.page.evaluate(
        """[...document.querySelectorAll('svg')]
        .filter((svg) => !svg.closest('[aria-hidden=true], [aria-label]')).length"""
    )
    assert untold == 0


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
def test_on_paper_there_is_no_dark_and_no_first_page_of_reviews(
    browser: Any, page: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": 1280, "height": 800}, color_scheme="dark")
    tab.page.emulate_media(media="print", color_scheme="dark")
    shown = "selector => getComputedStyle(document.querySelector(selector)).display"
    assert tab.page.evaluate(shown, "#reviews") == "none"
    assert tab.page.evaluate(shown, "#theme") == "none"
    assert tab.page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 39, 51)"
    tab.page.emulate_media(media="screen", color_scheme="dark")
    tab.search("退款")
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert tab.page.evaluate(shown, "#reviews") == "block"
    tab.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_overflows_and_all_text_is_readable(
    browser: Any, page: str, tmp_path: Path, scheme: str, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab.page.evaluate("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.page.evaluate(FAINT) == []
    colour = tab.page.evaluate("getComputedStyle(document.querySelector('#chart-pareto .xtick')).fill")
    parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
    assert min(parts) > 180 if scheme == "dark" else max(parts) < 80
    tab.close()


@pytest.mark.browser
def test_the_theme_button_turns_the_page_and_is_remembered(browser: Any, page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = Tab(browser, path, viewport={"width": 1280, "height": 800}, color_scheme="light")
    line = "document.querySelector('#chart-issue_periods .points path').getAttribute('stroke')"
    ground = "getComputedStyle(document.querySelector('section')).backgroundColor"
    before = tab.page.evaluate(line), tab.page.evaluate(ground)
    tab.page.click("#theme")
    assert tab.page.get_attribute("#theme", "aria-pressed") == "true"
    assert all(
        old != new
        for old, new in zip(before, (tab.page.evaluate(line), tab.page.evaluate(ground)), strict=True)
    )
    tab.page.reload()
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"
    tab.page.click("#theme")
    assert tab.page.evaluate(ground) == before[1]
    # Back at what the system has, the page follows the system again.
    tab.page.emulate_media(color_scheme="dark")
    tab.page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    tab.close()


@pytest.mark.browser
def test_twenty_thousand_reviews_are_paged(browser: Any, summary: dict, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(html.render(repeated(summary, 48)), encoding="utf-8")
    tab = Tab(browser, path)
    assert tab.found() == 48 * summary["reviews"]["n_counted"] > 19_000
    assert tab.rows() == 25
    assert tab.page.evaluate("document.querySelectorAll('*').length") < 8_000, "as many elements as with 400"
    tab.search("火花")
    assert tab.found() == 48 * sum("火花" in text for text in summary["table"]["text"])
    tab.close()
