"""CPU seconds of the stages of ``feedback-nlp app``: ``python benchmarks/app_stages.py FILE [MODEL]``.

What ``feedback_nlp/webapp/stages.py`` foresees is fitted to two of these runs (docs/app.md).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from feedback_nlp.pipeline import analyze_prepared, prepare
from feedback_nlp.webapp.worker import outputs


class Laps:
    """CPU time since the last lap, printed with its name."""

    def __init__(self) -> None:
        self.last = time.process_time()

    def lap(self, name: str) -> None:
        """Print one."""
        now = time.process_time()
        print(f"{name:10} {now - self.last:6.2f}", flush=True)
        self.last = now


def main(path: str, model: str = "linear") -> None:
    laps = Laps()
    ready = prepare(path)
    laps.lap("reading")

    def progress(done: int, total: int) -> None:
        if done == total:
            laps.lap("scoring")

    analysis = analyze_prepared(ready, model=model, progress=progress)
    laps.lap("analysing")
    with tempfile.TemporaryDirectory() as folder:
        for stage, name, method in outputs():
            getattr(analysis, method)(Path(folder) / name)
            laps.lap(stage)
    print(f"{ready.reviews.num_rows} reviews, {model}")


if __name__ == "__main__":
    main(*sys.argv[1:])
