"""How far the work is: stage, per cent and seconds left, from what stages cost and this machine's speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["ANALYSING", "READING", "REPORT", "SCORING", "SLIDES", "STAGES", "WORKBOOK", "Course", "costs"]

READING, SCORING, ANALYSING = "reading", "scoring", "analysing"
REPORT, WORKBOOK, SLIDES = "report", "workbook", "slides"
# In the order in which they come; slides where they can be written.
STAGES = (READING, SCORING, ANALYSING, REPORT, WORKBOOK, SLIDES)
# CPU seconds of a stage at its start and for each review, from 420 and 9,248 reviews (docs/app.md). What
# matters is how they compare with each other: the machine's speed is taken from stages that are done.
_COSTS = {
    READING: (1.5, 3e-5),
    SCORING: (0.6, 1.6e-4),
    ANALYSING: (2.4, 5.8e-4),
    REPORT: (0.5, 6.9e-4),
    WORKBOOK: (0.2, 6.5e-4),
    SLIDES: (1.0, 0.0),
}
_ENCODER = (2.0, 1e-2)
# A stage without news is not shown as nearer to its end than this.
_ALMOST = 0.95


def costs(n_reviews: int, model: str, stages: Sequence[str]) -> dict[str, float]:
    """Return what each stage costs, in CPU seconds of the machine it was measured on.

    Parameters
    ----------
    n_reviews : int
    model : str
        ``"encoder"`` is some sixty times slower than the others.
    stages : sequence of str
        Of ``STAGES``.
    """
    found = {}
    for stage in stages:
        start, each = _ENCODER if stage == SCORING and model == "encoder" else _COSTS[stage]
        found[stage] = start + each * n_reviews
    return found


class Course:
    """Where the work stands, told from when stages begin and, while scoring, how many reviews are done.

    Parameters
    ----------
    costs : mapping of stage to seconds
        In order, from :func:`costs`.
    now : float
        Seconds of a clock that never goes back.
    """

    def __init__(self, costs: Mapping[str, float], now: float) -> None:
        self._costs = dict(costs)
        self._stage = next(iter(self._costs))
        self._began = self._entered = now
        self._done, self._total = 0, 0
        self._percent = 0.0

    def enter(self, stage: str, now: float) -> None:
        """Begin a stage."""
        self._stage, self._entered = stage, now
        self._done = self._total = 0

    def count(self, done: int, total: int) -> None:
        """Say how many of the stage's reviews are done."""
        self._done, self._total = done, total

    def told(self, now: float) -> dict[str, Any]:
        """Return where the work stands.

        Returns
        -------
        dict
            ``stage`` of ``stages``, ``percent`` (0 to 99, never falling), ``eta`` (s or None), ``done``,
            ``total``.
        """
        names = list(self._costs)
        place = names.index(self._stage)
        before = sum(self._costs[name] for name in names[:place])
        here = self._costs[self._stage]
        within = self._within(now, here, before)
        reached = before + here * within
        whole = sum(self._costs.values())
        self._percent = max(self._percent, min(99.0, 100.0 * reached / whole))
        return {
            "stage": self._stage,
            "stages": names,
            "percent": int(self._percent),
            "eta": self._eta(now, reached, whole),
            "done": self._done,
            "total": self._total,
        }

    def _within(self, now: float, here: float, before: float) -> float:
        """Part of the stage that is done: as counted, or by the clock where nothing is counted."""
        if self._total:
            return min(1.0, self._done / self._total)
        pace = (self._entered - self._began) / before if before else 1.0
        return min(_ALMOST, (now - self._entered) / (here * pace)) if pace > 0 else 0.0

    def _eta(self, now: float, reached: float, whole: float) -> int | None:
        """Seconds left at the pace so far; None until some of the work is done to tell it by."""
        finished = list(self._costs).index(self._stage) > 0 or self._done > 0
        if not finished or reached <= 0:
            return None
        return round((now - self._began) * (whole - reached) / reached)
