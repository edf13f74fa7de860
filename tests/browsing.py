"""What the tests in a browser share: Chromium, a page that remembers, and what nobody could read or name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Milliseconds that anything is waited for: far more than it takes, so that what never comes is told soon.
WAIT = 60_000
# Every text that is seen, its colour against what lies under it (WCAG 2.2, 1.4.3).
FAINT = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => colour.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, k) => sum + part * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = (node) => {
    const rect = node.closest("svg g.mark-on")?.querySelector("rect");
    if (rect) return parse(getComputedStyle(rect).fill);
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const node = text.parentElement, style = getComputedStyle(node);
    if (!text.textContent.trim() || !node.checkVisibility({ opacityProperty: true })) continue;
    if (node.closest(".hidden, .skip, script, style, :disabled")) continue;
    const colour = parse(node.closest("svg") ? style.fill : style.color);
    const [low, high] = [light(colour), light(ground(node))].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.6 && +style.fontWeight >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${text.textContent.trim().slice(0, 30)}`);
  }
  return [...new Set(faint)];
}"""


def chromium() -> Iterator[Any]:
    """Yield a browser, and end it; without one the test is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"no chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Watched:
    """A page that remembers what it complained about and asked for."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.context.on("console", lambda message: self.complaints.append(message.text))
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self.answer)
        self.page.goto(address)

    def answer(self, dialog: Any) -> None:
        """Close a question that the page should not have asked."""
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def nameless(self, kinds: str, *, hidden: bool = True) -> list[str]:
        """Return the controls of ``kinds`` that a screen reader would not name, also those not seen yet."""
        return list(
            self.page.evaluate(
                """([kinds, hidden]) => [...document.querySelectorAll(kinds)]
                .filter((node) => hidden || node.checkVisibility())
                .filter((node) => !(node.textContent.trim() || node.getAttribute("aria-label") || node.title
                  || node.labels?.length))
                .map((node) => node.outerHTML.slice(0, 90))""",
                [kinds, hidden],
            )
        )

    def close(self) -> None:
        """Close it, once it has complained of nothing."""
        assert self.complaints == []
        self.context.close()
