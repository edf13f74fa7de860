"""Days, weeks and months of a file, and which of them its alarms should go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.insight.monitoring.watching import MIN_HISTORY

__all__ = ["UNITS", "Periods", "check_unit", "choose", "name_of", "periods", "span_of"]

UNITS = ("day", "week", "month")
# Fewer reviews in the usual period show little but chance.
_FULL = 30

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Periods:
    """The periods of a file that have reviews.

    Attributes
    ----------
    unit : {"day", "week", "month"}
    names : tuple of str
        In order: "2025-01-31", "2025-W05" (ISO) or "2025-01".
    starts, ends : tuple of str
        First and last day of each, within the file's own first and last day.
    of_row : int64 array of shape (n_reviews,)
        Period of each review, -1 where its time is unknown.
    n : int64 array of shape (n_periods,)
        Reviews of each period, at least 1.
    """

    unit: str
    names: tuple[str, ...]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    of_row: Ints
    n: Ints


def check_unit(unit: str | None) -> str | None:
    """Return ``unit`` if alarms can go by it; None chooses.

    Raises
    ------
    ConfigError
    """
    if unit is None or unit in UNITS:
        return unit
    raise ConfigError(
        Bilingual(f"预警不能按“{unit}”计。", f"Alarms can't go by '{unit}'."),
        Bilingual("用 day、week 或 month。", "Use day, week or month."),
    )


def name_of(day: str, unit: str) -> str:
    """Return the period that a day ("2025-01-31") is in."""
    if unit == "day":
        return day
    if unit == "month":
        return day[:7]
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02d}"


def choose(days: Sequence[str]) -> str:
    """Return the unit that gives the most to judge by.

    Parameters
    ----------
    days : sequence of str
        Day of each review with a time, in any order.

    Returns
    -------
    str
        The first of weeks, months, days that has more than 20 periods of usually at least 30 reviews; else
        the first with more than 20 of fewer reviews; else month, or week where there is but one month.
    """
    distinct, counts = np.unique(np.asarray(days, dtype=str), return_counts=True)
    thin = None
    for unit in ("week", "month", "day"):
        held: dict[str, int] = {}
        for day, count in zip(distinct.tolist(), counts.tolist(), strict=True):
            name = name_of(day, unit)
            held[name] = held.get(name, 0) + count
        if len(held) <= MIN_HISTORY:
            continue
        if np.median(list(held.values())) >= _FULL:
            return unit
        thin = thin or unit
    if thin is not None:
        return thin
    return "month" if len({day[:7] for day in distinct.tolist()}) > 1 else "week"


def periods(days: Sequence[str | None], unit: str | None = None) -> Periods:
    """Group reviews by period.

    Parameters
    ----------
    days : sequence of str or None, of length n_reviews
        Day of each review.
    unit : str, optional
        One of ``UNITS``; ``choose`` where not given.
    """
    known = [day for day in days if day is not None]
    chosen = unit or choose(known)
    distinct = sorted(set(known))
    of_day = {day: name_of(day, chosen) for day in distinct}
    names = tuple(dict.fromkeys(of_day.values()))
    place = {name: k for k, name in enumerate(names)}
    of_row = np.array([-1 if day is None else place[of_day[day]] for day in days], dtype=np.int64)
    spans = [span_of(day, chosen) for day in _firsts(of_day)]
    first, last = (distinct[0], distinct[-1]) if distinct else ("", "")
    return Periods(
        chosen,
        names,
        tuple(max(start, first) for start, _ in spans),
        tuple(min(end, last) for _, end in spans),
        of_row,
        np.bincount(of_row[of_row >= 0], minlength=len(names)).astype(np.int64),
    )


def _firsts(of_day: dict[str, str]) -> list[str]:
    """Return the first day met of each period."""
    firsts: dict[str, str] = {}
    for day, name in of_day.items():
        firsts.setdefault(name, day)
    return list(firsts.values())


def span_of(day: str, unit: str) -> tuple[str, str]:
    """Return first and last day of the whole period that ``day`` is in."""
    found = date.fromisoformat(day)
    if unit == "day":
        return day, day
    if unit == "week":
        monday = found - timedelta(days=found.weekday())
        return monday.isoformat(), (monday + timedelta(days=6)).isoformat()
    first = found.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return first.isoformat(), (after - timedelta(days=1)).isoformat()
