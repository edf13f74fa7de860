"""The page in a browser: what a person drops, chooses, sees and downloads, by mouse and by keyboard."""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browsing import FAINT, Watched
from conftest import HOSTILE, ROWS, Started, csv_text  # type: ignore[import-not-found]

FILE = re.compile(r"/api/files/[0-9a-f]{32}$")
# Drops files as a file manager does.
DROP = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.getElementById("drop").dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""
# Where the work stands, without the time left, which is reckoned by the clock.
NEWS = """() => [...document.querySelectorAll("main > section:not([hidden]), #stages [aria-current]")]
  .map((node) => node.id || node.textContent).concat(document.getElementById("bar").value).join()"""
CONTROLS = "button, a, input, select, progress, iframe, [role=region]"


class Tab(Watched):
    """The program's page, from its first step on."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        super().__init__(browser, address, locale="zh-CN", **options)
        self.at("file")

    def answer(self, dialog: Any) -> None:
        dialog.accept()

    def drop(self, *files: tuple[str, str]) -> None:
        self.page.evaluate(DROP, [[(name, base64.b64encode(text.encode()).decode()) for name, text in files]])

    def problem(self) -> str:
        self.page.wait_for_selector("#problem:not([hidden])")
        return str(self.page.inner_text("#problem"))

    def at(self, step: str) -> None:
        """Wait for a step; on a slow machine for as long as the page tells news of the work."""
        from playwright.sync_api import TimeoutError as LateError

        news, late = None, None
        while news != (now := self.page.evaluate(NEWS)):
            news = now
            try:
                self.page.wait_for_selector(f"#step-{step}:not([hidden])")
            except LateError as error:
                late = error
            else:
                return
        assert late is not None
        raise late

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave the page without news of its file: it stays where it is, however fast the work is."""
        asked: list[Any] = []
        holding = True

        def hold(route: Any) -> None:
            if holding and route.request.method == "GET":
                asked.append(route)
            else:
                route.continue_()

        # Left in place: taking it away answers what is held in one version of Playwright, not in another.
        self.page.route(FILE, hold)
        yield
        holding = False
        for route in asked:
            route.continue_()


@pytest.fixture
def tab(browser: Any, started: Started) -> Iterator[Tab]:
    found = Tab(browser, started.address, viewport={"width": 1280, "height": 900})
    yield found
    elsewhere = [url for url in found.requests if not url.startswith((started.address, "data:", "blob:"))]
    assert elsewhere == [], "the page asks nobody but its own program"
    found.close()


@pytest.mark.browser
def test_from_a_dropped_file_to_the_downloads(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    tab.drop(("投诉.csv", csv_text(ROWS * 3)))
    tab.at("columns")
    assert page.inner_text("#about-file") == f"投诉.csv · {3 * len(ROWS)} 行 · 6 列"
    assert page.input_value("#role-text") == "5"
    # What came in a cell is shown as text, personal data are not shown.
    shown = page.inner_text("#step-columns")
    assert HOSTILE in shown
    assert page.locator("#step-columns img, #step-columns script").count() == 0
    for secret in ("13800138000", "张伟", "李娜"):
        assert secret not in page.content()
    # A column is changed: its example and the head of the preview follow.
    page.select_option("#role-channel", label="门店")
    assert "城西店 · 南湖店" in page.inner_text("tr:has(#role-channel)")
    assert "渠道" in page.inner_text("#rows thead th:nth-child(4)")
    # The same column twice is refused in one line, and nothing is lost.
    page.click("#start")
    assert "有一列用了两次" in tab.problem()
    assert all("422" in complaint for complaint in tab.complaints), "the browser says so itself"
    tab.complaints.clear()
    page.select_option("#role-store", "")
    with tab.held():
        page.click("#start")
        tab.at("work")
        assert page.inner_text("#progress").count("%") == 1
        assert "剩" in page.inner_text("#progress") or "估计" in page.inner_text("#progress")
    tab.at("report")
    assert page.inner_text(".steps li[aria-current]") == "报告"
    report = page.frame_locator("#report")
    report.locator("h1").first.wait_for()
    assert "客服" in report.locator("body").inner_text()
    assert report.locator("img[src=x]").count() == 0
    # The report stands in a box of its own: it can't reach the page nor ask the program.
    frame = next(frame for frame in page.frames if frame.url.endswith("report.html"))
    assert frame.evaluate("origin") == "null"
    with page.expect_download() as waiting:
        page.click("a.download[download='report.html']")
    waiting.value.save_as(tmp_path / "report.html")
    assert "客服" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with page.expect_download() as waiting:
        page.click("a.download[download='issues.xlsx']")
    waiting.value.save_as(tmp_path / "issues.xlsx")
    assert zipfile.ZipFile(tmp_path / "issues.xlsx").testzip() is None
    with tab.context.expect_page() as opening:
        page.click("#downloads a[target=_blank]")
    alone = opening.value
    alone.locator("h1").first.wait_for()
    assert alone.evaluate("origin") == "null"
    alone.close()
    # Loaded again, the page is where it was; the columns can be changed and it runs again.
    page.reload()
    tab.at("report")
    page.click("#back")
    tab.at("columns")
    assert page.input_value("#role-text") == "5"
    page.click("#columns .another")
    tab.at("file")


@pytest.mark.browser
def test_work_is_cancelled_by_the_button(browser: Any, fresh: Callable[..., Started]) -> None:
    tab = Tab(browser, fresh(held=True).address)
    tab.drop(("多.csv", csv_text()))
    tab.at("columns")
    tab.page.select_option("#role-store", "")
    tab.page.click("#start")
    tab.at("work")
    tab.page.click("#step-work .cancel")
    tab.at("columns")
    assert tab.page.input_value("#role-store") == "", "what was chosen is kept"
    assert "已取消" in tab.page.inner_text("#said")
    tab.close()


@pytest.mark.browser
def test_by_keyboard_alone(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    path = tmp_path / "评论.csv"
    path.write_text(csv_text(), encoding="utf-8")
    # The browser hands over choosers from the first listener on; told of one only as the key is pressed, a
    # slow machine may open its own first.
    page.on("filechooser", lambda _: None)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "file":
            break
    assert page.evaluate("document.activeElement.id") == "file"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('label[for=file]')).outlineStyle") == "solid"
    )
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Space")
    choosing.value.set_files(path)
    tab.at("columns")
    assert page.evaluate("document.activeElement.id") == "h-columns", (
        "the heading of the new step has the focus"
    )
    stops = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.add(page.evaluate("document.activeElement.id"))
        if "start" in stops:
            break
    assert {"role-text", "role-rating", "model", "report-lang", "start"} <= stops
    page.keyboard.press("Enter")
    tab.at("report")
    assert page.evaluate("document.activeElement.id") == "h-report"


@pytest.mark.browser
def test_the_other_language(tab: Tab) -> None:
    page = tab.page
    page.click("#language")
    assert page.get_attribute("html", "lang") == "en"
    tab.drop(("a.csv", "评分\n1\n5\n3\n"))
    assert "Name it under 'Text'" in tab.problem()
    tab.at("columns")
    page.select_option("#role-time", "0")
    page.click("#language")
    assert page.input_value("#role-time") == "0", "what was chosen is kept"
    assert "在“正文”里指定" in page.inner_text("#problem")
    page.click("#language")
    visible = page.evaluate(
        "[...document.querySelectorAll('main, header, nav, footer')].map((node) => node.innerText).join(' ')"
    )
    kept = {"中文", "评分", "的", "文件"}  # the other language's button and the cells of the file
    assert not [word for word in ("选文件", "确认列", "开始分析", "正文", "编号") if word in visible], kept


@pytest.mark.browser
def test_files_that_are_not_taken(tab: Tab) -> None:
    tab.drop(("a.csv", "内容\n好\n"), ("b.csv", "内容\n好\n"))
    assert "一次只能放一个文件" in tab.problem()
    tab.drop(("坏<b>x</b>.xlsx", "PK\x03\x04"))
    tab.page.wait_for_selector("#problem:has-text('损坏')")
    assert tab.page.locator("#problem b").count() == 0
    tab.at("file")
    tab.drop(("空.csv", ""))
    tab.page.wait_for_selector("#problem:has-text('是空的')")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_all_text_is_readable_and_named(browser: Any, started: Started, scheme: str, width: int) -> None:
    tab = Tab(browser, started.address, viewport={"width": width, "height": 800}, color_scheme=scheme)

    def check(step: str) -> None:
        tab.at(step)
        assert tab.page.evaluate(FAINT) == [], step
        assert tab.nameless(CONTROLS, hidden=False) == [], step
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), step

    check("file")
    tab.drop(("投诉.csv", csv_text()))
    check("columns")
    with tab.held():
        tab.page.click("#start")
        check("work")
    check("report")
    tab.close()


@pytest.mark.browser
def test_a_wrong_address_shows_one_line(browser: Any, started: Started) -> None:
    page = browser.new_page()
    answer = page.goto(started.origin + "/wrong/")
    assert answer.status == 403
    assert "这个地址无效或已过期" in page.inner_text("body")
    page.close()


@pytest.mark.browser
def test_another_site_gets_nothing(browser: Any, started: Started) -> None:
    """A page elsewhere that even knows the address can neither read nor change anything."""
    page = browser.new_page()
    page.route(
        "http://elsewhere.test/", lambda route: route.fulfill(body="<p>x</p>", content_type="text/html")
    )
    page.goto("http://elsewhere.test/")
    for method in ("GET", "POST"):
        failed = page.evaluate(
            "([url, method]) => fetch(url, { method, mode: 'cors' }).then(() => false, () => true)",
            [started.address + ("api/about" if method == "GET" else "api/quit"), method],
        )
        assert failed, method
    page.evaluate(
        "url => fetch(url, { method: 'POST', mode: 'no-cors' }).catch(() => 0)", started.address + "api/quit"
    )
    page.wait_for_timeout(300)
    assert started.process.poll() is None
    framed = page.evaluate(
        """(url) => new Promise((done) => {
          const frame = document.createElement("iframe");
          frame.onload = () => { try { done(Boolean(frame.contentDocument)); } catch { done(false); } };
          frame.src = url;
          document.body.append(frame);
        })""",
        started.address,
    )
    assert not framed
    page.close()


@pytest.mark.browser
def test_quitting_ends_the_program(browser: Any, fresh: Callable[..., Started]) -> None:
    started = fresh()
    tab = Tab(browser, started.address)
    tab.drop(("投诉.csv", csv_text()))
    tab.at("columns")
    tab.page.click("#quit")
    tab.at("end")
    assert started.process.wait(60) == 0
    assert list(started.temporary.iterdir()) == []
    tab.close()
