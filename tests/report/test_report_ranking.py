from __future__ import annotations

import pytest
from conftest import make_summary

from feedback_nlp.report import ranking
from feedback_nlp.report.wording import Words


@pytest.mark.parametrize(
    ("trend", "new", "zh", "en"),
    [
        ("rising", True, "新出现 · 上升", "new · rising"),
        ("unknown", True, "新出现", "new"),
        ("rising", False, "上升", "rising"),
    ],
)
def test_what_is_new_says_so(trend, new, zh, en):
    row = {"trend": trend, "new": new}
    assert ranking.trend_name(row, Words("zh")) == zh
    assert ranking.trend_name(row, Words("en")).lower() == en


def issue(n, **flags):
    return {"n_reviews": n, "other": False, "safety": False, "pinned": False, **flags}


def test_a_pinned_issue_is_listed_however_few():
    rows = [*(issue(9) for _ in range(5)), issue(1), issue(1, pinned=True), issue(50, other=True)]
    rows.append(issue(50, other=True, pinned=True))
    found = ranking._groups(rows, 100)
    assert found[5:] == [ranking.RARE, ranking.LISTED, ranking.UNNAMED, ranking.LISTED]


def test_in_a_large_file_a_few_reviews_are_rare():
    rows = [*(issue(9) for _ in range(5)), issue(8)]
    assert ranking._groups(rows, 9_000)[-1] == ranking.RARE
    assert ranking._groups(rows, 8_000)[-1] == ranking.LISTED
    assert set(ranking._groups(rows, 90_000)) == {ranking.LISTED}


def test_the_mark_reaches_the_report(taxonomy):
    summary = make_summary(120, taxonomy)
    assert all(row["new"] in (False, None) or "新出现" in row["trend_name"] for row in summary["issues"])
    assert {"new", "pinned"} <= set(summary["issues"][0])
