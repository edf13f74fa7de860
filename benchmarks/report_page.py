"""How fast a report opens and answers in headless Chromium: ``python benchmarks/report_page.py FILE...``.

Prints, for each HTML file: its size, the main thread's work until the page has settled (scripts, layout,
style; ms), when the table can be used, what a search, a sort, a page turn and a drill take until the next
frame is ready, and the frames of a scroll from top to bottom. Compare files within one run: other work on the
machine changes every figure alike.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SETTLED = 2_500
FRAME = "await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
# Searching waits 120 ms for the typing to pause; the clock starts after it.
SEARCH = """document.querySelector('#f-q').value = '差';
document.querySelector('#filters').dispatchEvent(new Event('input', { bubbles: true }));
await new Promise((done) => setTimeout(done, 115)); start = performance.now();
await new Promise((done) => new MutationObserver(done)
  .observe(document.querySelector('#table tbody'), { childList: true }));"""
ACTIONS = {
    "search": SEARCH,
    "sort": "document.querySelector('.sort[data-sort=polarity]').click();",
    "page": "document.querySelector('#next').click();",
    "drill": "document.querySelector('.issues button[data-issue]').click();",
}
SCROLL = """async () => {
  const gaps = []; let last = performance.now();
  for (let y = 0; y < document.documentElement.scrollHeight; y += 120) {
    scrollTo({ top: y, behavior: 'instant' });
    await new Promise((done) => requestAnimationFrame(done));
    gaps.push(performance.now() - last); last = performance.now();
  }
  return gaps;
}"""


def measured(page: Any, path: Path) -> dict[str, float]:
    """Open the file and return its figures in ms."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(path.resolve().as_uri(), timeout=120_000)
    page.wait_for_timeout(SETTLED)
    spent = {row["name"]: row["value"] for row in session.send("Performance.getMetrics")["metrics"]}
    entry = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    found = {"work": 1000 * spent["TaskDuration"], "usable": page.evaluate(entry)}
    for name, action in ACTIONS.items():
        body = f"let start = performance.now(); {action} {FRAME}; return performance.now() - start;"
        found[name] = median(page.evaluate(f"async () => {{ {body} }}") for _ in range(5))
    frames = page.evaluate(SCROLL)
    return found | {
        "frame": median(frames),
        "frame_p95": quantiles(frames, n=20)[-1],
        "frame_max": max(frames),
    }


def main() -> None:
    """Measure the files named on the command line."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for name in sys.argv[1:]:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            figures = measured(page, Path(name))
            size = Path(name).stat().st_size / 1e6
            print(
                f"{name}  {size:.1f} MB  " + "  ".join(f"{key} {value:.0f}" for key, value in figures.items())
            )
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
