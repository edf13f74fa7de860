"""The action log: what was done about an issue, and whether fewer reviews have told of it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.control_charts import SHARE, dispersion
from feedback_nlp.insight.monitoring.exposure import days_of
from feedback_nlp.insight.monitoring.periods import periods
from feedback_nlp.insight.monitoring.proportions import difference

__all__ = ["Action", "Check", "check"]

Bools = NDArray[np.bool_]

# Days before and after that are compared: as many as have passed since, from four weeks to half a year.
SHORTEST, LONGEST = 28, 182
MIN_REVIEWS = 20
# Weeks that show how much shares differ by themselves; fewer show nothing.
_MIN_WEEKS = 4


@dataclass(frozen=True)
class Action:
    """One line of the log: the issue by id or name, what was done, by whom, from when on, how far it is."""

    issue: str
    action: str
    owner: str | None = None
    date: date | None = None
    status: str | None = None


@dataclass(frozen=True)
class Check:
    """Share of the reviews that told of the issue before and after.

    Attributes
    ----------
    action : Action
    issue_id : str or None
        None where no issue has that id or name.
    verdict : str
        less, more, unclear; or why there is none: unknown (issue), no_date, no_time, future, early (too few
        reviews after it), no_before.
    x_before, n_before, x_after, n_after : int
    difference, low, high : float or None
        Share after − share before, with its 95 % interval.
    days : int
        Length of either window at most.
    """

    action: Action
    issue_id: str | None
    verdict: str
    x_before: int = 0
    n_before: int = 0
    x_after: int = 0
    n_after: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    days: int = 0


def check(actions: Sequence[Action], facts: Facts, names: Mapping[str, str]) -> list[Check]:
    """Compare each action's issue before and after it.

    Parameters
    ----------
    actions : sequence of Action
    facts : Facts
        Mentions with ``issue_id``.
    names : mapping
        Issue id to name.

    Returns
    -------
    list of Check, in the order of ``actions``
        The window before is as long as the one after: the days since the action, at least 28, at most 182.
        Newcombe's interval (1998) of the difference of both shares on effective sizes n/F, F the square of
        Laney's σ_z over the weeks of both windows, at least 1: weeks that differ by themselves make the
        interval wider. It shows what came after the action, not what came of it: actions are taken when
        things are worst, and things at their worst get better by themselves.
    """
    days = days_of(facts)
    return [_check(action, facts, days, names) for action in actions]


def _check(action: Action, facts: Facts, days: Sequence[str | None], names: Mapping[str, str]) -> Check:
    found = _find(action.issue, names)
    known = [day for day in days if day]
    if found is None:
        return Check(action, None, "unknown")
    if action.date is None or not known:
        return Check(action, found, "no_date" if action.date is None else "no_time")
    last = date.fromisoformat(max(known))
    if action.date > last:
        return Check(action, found, "future")
    length = min(max((last - action.date).days + 1, SHORTEST), LONGEST)
    ends = (action.date - timedelta(days=length), action.date, action.date + timedelta(days=length))
    start, middle, end = (day.isoformat() for day in ends)
    tells = _tells(facts, found)
    before = np.array([day is not None and start <= day < middle for day in days], dtype=bool)
    after = np.array([day is not None and middle <= day < end for day in days], dtype=bool)
    return _compared(action, found, tells, before, after, days, length)


def _find(issue: str, names: Mapping[str, str]) -> str | None:
    """Return the id that is meant: an id, else the only issue of that name."""
    if issue in names:
        return issue
    called = [code for code, name in names.items() if name == issue.strip()]
    return called[0] if len(called) == 1 else None


def _tells(facts: Facts, issue: str) -> Bools:
    told = facts.mentions.filter(pc.equal(facts.mentions["issue_id"], pa.scalar(issue, pa.string())))
    marks = np.zeros(facts.n_reviews, dtype=bool)
    marks[np.asarray(told["row"], dtype=np.int64)] = True
    return marks


def _compared(
    action: Action,
    issue: str,
    tells: Bools,
    before: Bools,
    after: Bools,
    days: Sequence[str | None],
    length: int,
) -> Check:
    x_before, n_before, x_after, n_after = (
        int(part.sum()) for part in (tells & before, before, tells & after, after)
    )
    found = Check(action, issue, "early", x_before, n_before, x_after, n_after, days=length)
    if n_before < MIN_REVIEWS:
        return replace(found, verdict="no_before")
    if n_after < MIN_REVIEWS:
        return found
    factor = max(_factor(tells, before, days), _factor(tells, after, days))
    gap = difference(*(np.array([part / factor]) for part in (x_before, n_before, x_after, n_after)))
    low, high = float(gap.low[0]), float(gap.high[0])
    verdict = "less" if high < 0 else "more" if low > 0 else "unclear"
    return replace(found, verdict=verdict, difference=float(gap.value[0]), low=low, high=high)


def _factor(
    tells: Bools,
    within: Bools,
    days: Sequence[str | None],
) -> float:
    """Return how much more weekly shares vary than chance alone makes them, at least 1."""
    rows: list[int] = np.flatnonzero(within).tolist()
    weeks = periods([days[row] for row in rows], "week")
    if len(weeks.names) < _MIN_WEEKS:
        return 1.0
    x = np.bincount(weeks.of_row[tells[rows]], minlength=len(weeks.names))
    return max(dispersion(x, weeks.n, SHARE)[1] ** 2, 1.0)
