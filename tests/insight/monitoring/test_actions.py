"""Before and after an action: found where planted, wide where weeks differ, else silent."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scored_files import assign_by_facet, make_mentions, make_reviews

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.actions import Action, check

ISSUE = "logistics.speed:all"
NAMES = {ISSUE: "发货慢"}
FIRST = dt.date(2025, 1, 6)


def file(shares: list[float], n: int = 40, seed: int = 0) -> Facts:
    rng = np.random.default_rng(seed)
    rows, said = [], []
    for week, share in enumerate(shares):
        for i in range(n):
            code = f"r{week:03d}-{i:03d}"
            day = dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(days=7 * week + i % 7)
            rows.append({"review_id": code, "time": day})
            if rng.random() < share:
                said.append((code, "logistics.speed", -0.8))
    return Facts.of(make_reviews(rows), assign_by_facet(make_mentions(said), None)[0])


def one(facts: Facts, week: int | None, issue: str = ISSUE):  # type: ignore[no-untyped-def]
    day = None if week is None else FIRST + dt.timedelta(days=7 * week)
    return check([Action(issue, "每天清一次积压", date=day)], facts, NAMES)[0]


def test_a_fix_shows() -> None:
    found = one(file([0.3] * 10 + [0.1] * 10), 10)
    assert found.verdict == "less"
    assert found.days == 70
    assert (found.n_before, found.n_after) == (400, 400)
    assert found.difference == pytest.approx(-0.2, abs=0.06)
    assert found.low < found.difference < found.high < 0


def test_an_issue_is_found_by_name() -> None:
    assert one(file([0.3] * 10 + [0.1] * 10), 10, "发货慢").issue_id == ISSUE


def test_worse_is_said_too() -> None:
    assert one(file([0.1] * 10 + [0.3] * 10), 10).verdict == "more"


def test_intervals_cover_where_weeks_differ() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(60):
        weeks = rng.beta(4, 16, size=20)  # mean .2, unchanged, but every week its own
        found = one(file(weeks.tolist(), seed=seed), 10)
        covered += found.low <= 0 <= found.high
    assert covered >= 54


@pytest.mark.parametrize(
    ("facts", "week", "issue", "verdict"),
    [
        (file([0.2] * 10), 4, "没有这个问题", "unknown"),
        (file([0.2] * 10), None, ISSUE, "no_date"),
        (file([0.2] * 10), 30, ISSUE, "future"),
        (file([0.2] * 10, n=7), 9, ISSUE, "early"),
        (file([0.2] * 10), 0, ISSUE, "no_before"),
        (Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([])), 4, ISSUE, "no_time"),
    ],
)
def test_why_there_is_no_verdict(facts: Facts, week: int | None, issue: str, verdict: str) -> None:
    found = one(facts, week, issue)
    assert found.verdict == verdict
    assert found.difference is None
