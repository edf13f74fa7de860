"""Alarms of a file: which element or issue left its usual course, when somebody watching would have known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.control_charts import (
    SHARE,
    Family,
    dispersion,
    ewma,
    laney,
    p_chart,
    u_chart,
)
from feedback_nlp.insight.monitoring.periods import Periods
from feedback_nlp.insight.monitoring.watching import CALM, MIN_HISTORY, Design, Signal, Watch, watch
from feedback_nlp.insight.tables import nulls
from feedback_nlp.taxonomy import GENERAL

__all__ = ["MIN_REVIEWS", "RUN_LENGTH", "Alarms", "Series", "alarms_schema", "charts_schema", "count_series"]

# An issue that fewer reviews tell of in all has no usual course to leave.
MIN_REVIEWS = 20
# Periods between two false alarms of one series, at least: benchmarks/alarms.py.
RUN_LENGTH = 370

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """What is watched: ``level`` (all, element or issue), ``code``, and counts of distinct reviews.

    Attributes
    ----------
    levels, codes : tuple of str, of length n_series
        ``all`` has the code "" and counts negative reviews; elements count reviews that blame them; issues
        count reviews that tell of them.
    x : int64 array of shape (n_series, n_periods)
    """

    levels: tuple[str, ...]
    codes: tuple[str, ...]
    x: Ints


def count_series(
    facts: Facts, found: Periods, *, others: Sequence[str] = (), least: int = MIN_REVIEWS
) -> Series:
    """Count what is watched by period.

    Parameters
    ----------
    facts : Facts
    found : Periods
        Of the same reviews.
    others : sequence of str
        Ids of the facets' 其他, which are no issue of their own.
    least : int
        Reviews in all from which an issue is counted.
    """
    parts = [
        _whole(facts, found),
        _of_mentions(facts, found, "element"),
        _of_mentions(facts, found, "issue_id"),
    ]
    levels, codes, counts = ["all"], [""], [parts[0][1]]
    for level, (names, matrix) in zip(("element", "issue"), parts[1:], strict=True):
        for name, row in zip(names, matrix, strict=True):
            few = level == "issue" and row.sum() < least
            if not few and name not in others and name != GENERAL.partition(".")[0]:
                levels.append(level)
                codes.append(name)
                counts.append(row[None, :])
    return Series(tuple(levels), tuple(codes), np.concatenate(counts).astype(np.int64))


def _whole(facts: Facts, found: Periods) -> tuple[list[str], Ints]:
    negative = np.asarray(
        pc.fill_null(pc.equal(facts.reviews["fb_label"], "negative"), fill_value=False), dtype=bool
    )
    rows = found.of_row[negative & (found.of_row >= 0)]
    return [""], np.bincount(rows, minlength=len(found.names))[None, :]


def _of_mentions(facts: Facts, found: Periods, key: str) -> tuple[list[str], Ints]:
    """Return the codes of ``key`` in negative mentions, and distinct reviews by code and period."""
    blamed = facts.mentions.filter(pc.equal(facts.mentions["label"], "negative"))
    blamed = blamed.filter(pc.is_valid(blamed[key]))
    pairs = blamed.group_by([key, "row"]).aggregate([]).sort_by(key)
    names = sorted(set(pairs[key].to_pylist()))
    code = np.asarray(pc.index_in(pairs[key], value_set=pa.array(names, pa.string())), dtype=np.int64)
    period = found.of_row[np.asarray(pairs["row"], dtype=np.int64)]
    counts = np.zeros((len(names), len(found.names)), dtype=np.int64)
    np.add.at(counts, (code[period >= 0], period[period >= 0]), 1)
    return names, counts


def alarms_schema() -> pa.Schema:
    """Schema of the alarms, newest first.

    ``fired_on`` is the day on which the period that first signalled was over; ``since`` the first day of
    what it tells of; ``rules`` the rules that spoke; ``n_reviews`` of ``base`` are those from ``since`` on
    (share = n_reviews/base) and ``usual`` is the share or rate before. ``on`` says whether it still rings at
    the end.
    """
    texts = ("level", "code", "direction", "period", "fired_on", "since", "last_period")
    numbers = ("share", "usual", "ratio")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            ("rules", pa.list_(pa.string())),
            ("n_reviews", pa.int64()),
            ("base", pa.float64()),
            *((name, pa.float64()) for name in numbers),
            ("on", pa.bool_()),
        ]
    )


def charts_schema() -> pa.Schema:
    """Schema of one control chart, a row a period; shares, or rates per unit of exposure; null where unknown.

    ``low`` and ``high`` are the probability limits that the period was judged by, ``usual`` the centre they
    were drawn around; ``p_``, ``laney_`` the limits of the p (u) and the p′ (u′) chart over the whole file;
    ``ewma`` with ``ewma_limit`` (±) the smoothed scores that alarm, ``laney_ewma`` with ``laney_ewma_limit``
    the EWMA of Laney's z over the whole file.
    """
    numbers = (
        "share", "usual", "low", "high", "p_centre", "p_low", "p_high", "laney_low", "laney_high", "ewma",
        "ewma_limit", "laney_ewma", "laney_ewma_limit",
    )  # fmt: skip
    head = [("period", pa.string()), ("n_reviews", pa.int64()), ("base", pa.float64())]
    return pa.schema([*head, *((name, pa.float64()) for name in numbers), ("signals", pa.list_(pa.string()))])


@dataclass(frozen=True)
class Alarms:
    """Series watched over periods.

    Attributes
    ----------
    series : Series
    periods : Periods
    base : float64 array of shape (n_periods,)
        What counts are taken of: reviews of the period, or exposure.
    family : Family
    design : Design
    """

    series: Series
    periods: Periods
    base: Floats
    family: Family = SHARE
    design: Design = field(default_factory=Design)

    @cached_property
    def watched(self) -> Watch:
        """What the rules said."""
        return watch(self.series.x, self.base, family=self.family, design=self.design)

    @property
    def enough(self) -> bool:
        """Whether any period could be judged."""
        return len(self.periods.names) > MIN_HISTORY

    @property
    def expected(self) -> float:
        """False alarms to expect at most where nothing ever changed: series-periods judged over 370."""
        return float(self.watched.judged.sum()) / RUN_LENGTH

    @cached_property
    def table(self) -> pa.Table:
        """Alarms of ``alarms_schema``: signals of a series one way, with no calm between, are one."""
        told = [self._alarm(group) for group in self._groups()]
        told.sort(key=lambda row: (row["level"] != "all", row["level"], row["code"]))
        told.sort(key=lambda row: str(row["fired_on"]), reverse=True)
        return pa.Table.from_pylist(told, schema=alarms_schema())

    def _groups(self) -> list[list[Signal]]:
        groups: dict[tuple[int, bool], list[list[Signal]]] = {}
        for signal in self.watched.signals:
            held = groups.setdefault((signal.series, signal.up), [])
            if held and signal.period - held[-1][-1].period <= CALM:
                held[-1].append(signal)
            else:
                held.append([signal])
        return [group for held in groups.values() for group in held]

    def _alarm(self, group: Sequence[Signal]) -> dict[str, object]:
        first, last = group[0], group[-1]
        start, end = _beginning(group), last.period
        x = int(self.series.x[first.series, start : end + 1].sum())
        base = float(self.base[start : end + 1].sum())
        usual = float(self.watched.centre[first.series, first.period])
        return {
            "level": self.series.levels[first.series],
            "code": self.series.codes[first.series],
            "direction": "up" if first.up else "down",
            "period": self.periods.names[first.period],
            "fired_on": self.periods.ends[first.period],
            "since": self.periods.starts[start],
            "last_period": self.periods.names[end],
            "rules": sorted({signal.rule for signal in group}),
            "n_reviews": x,
            "base": base,
            "share": x / base,
            "usual": usual,
            "ratio": x / base / usual,
            "on": end >= len(self.periods.names) - CALM,
        }

    def chart(self, level: str, code: str) -> pa.Table:
        """Return the control chart of one series, of ``charts_schema``.

        Raises
        ------
        KeyError
            If it is not watched.
        """
        places = [k for k, pair in enumerate(zip(self.series.levels, self.series.codes, strict=True))
                  if pair == (level, code)]  # fmt: skip
        if not places:
            raise KeyError(f"{level} {code}")
        return pa.table(self._columns(places[0]), schema=charts_schema())

    def _columns(self, place: int) -> dict[str, object]:
        x, n, seen = self.series.x[place], self.base, self.watched
        limits = [self._limits(place, t) for t in range(len(n))]
        plain = p_chart(x, n) if self.family.share else u_chart(x, n)
        wide, (z, sigma) = laney(x, n, self.family), dispersion(x, n, self.family)
        smooth, half = ewma(z, sigma)
        told: list[list[str]] = [[] for _ in n]
        for signal in seen.signals:
            if signal.series == place:
                told[signal.period].append(signal.rule)
        return {
            "period": list(self.periods.names),
            "n_reviews": x,
            "base": n,
            "share": x / n,
            "usual": nulls(seen.centre[place]),
            "low": [low for low, _ in limits],
            "high": [high for _, high in limits],
            "p_centre": [plain.centre] * len(n),
            "p_low": plain.low,
            "p_high": plain.high,
            "laney_low": wide.low,
            "laney_high": wide.high,
            "ewma": nulls(seen.smooth[place]),
            "ewma_limit": nulls(seen.bound[place]),
            "laney_ewma": smooth,
            "laney_ewma_limit": half,
            "signals": told,
        }

    def _limits(self, place: int, t: int) -> tuple[float | None, float | None]:
        """Return the lowest and highest share of a period that don't alarm."""
        if not self.watched.judged[place, t]:
            return None, None
        n, centre = float(self.base[t]), float(self.watched.centre[place, t])
        low, high = self.family.limits(n, centre, float(self.watched.rho[place, t]), self.design.tail)
        return low / n, high / n


def _beginning(group: Sequence[Signal]) -> int:
    """Return the period that an alarm is about: a leap began when it was seen, a drift before that."""
    at_once = [signal for signal in group if signal.period == group[0].period]
    leapt = any(signal.rule == "limit" for signal in at_once)
    return group[0].period if leapt else min(signal.since for signal in at_once)
