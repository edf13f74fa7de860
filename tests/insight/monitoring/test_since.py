"""This run against the one before it."""

from __future__ import annotations

import pytest

from feedback_nlp.insight.monitoring.since import since


def summary(
    n: int, issues: dict[str, int], period: tuple[str, str] | None = ("2025-01-01", "2025-01-31")
) -> dict:
    ranked = sorted(issues, key=lambda code: -issues[code])
    return {
        "created": "2025-02-01T09:00:00",
        "reviews": {"n_counted": n, "period": list(period) if period else None},
        "issues": [
            {"issue_id": code, "n_reviews": issues[code], "rank": ranked.index(code) + 1, "other": False}
            for code in issues
        ],
    }


OLD = summary(500, {"a": 20, "b": 40, "gone": 5})


def test_added_reviews_are_compared_with_the_old_ones() -> None:
    new = summary(900, {"a": 90, "b": 70, "gone": 5, "fresh": 4}, ("2025-01-01", "2025-02-28"))
    found = since(OLD, new)
    assert found is not None
    assert (found.kind, found.n_old, found.n_new) == ("added", 500, 400)
    change = found.changes[0]
    assert (change.issue_id, change.x_old, change.x_new, change.sure) == ("a", 20, 70, True)
    assert change.difference == pytest.approx(70 / 400 - 20 / 500)
    assert found.appeared == ("fresh",)
    assert (found.first_old, found.first_new) == ("b", "a")


def test_another_month() -> None:
    new = summary(500, {"a": 22, "b": 38}, ("2025-02-01", "2025-02-28"))
    found = since(OLD, new)
    assert found is not None
    assert (found.kind, found.n_new) == ("apart", 500)
    assert not any(change.sure for change in found.changes)
    assert found.gone == ("gone",)


def test_overlapping_files_are_not_tested() -> None:
    found = since(OLD, summary(450, {"a": 90, "b": 38}, ("2025-01-15", "2025-02-15")))
    assert found is not None
    assert found.kind == "other"
    assert [change.q for change in found.changes] == [None, None]


@pytest.mark.parametrize("more", [13, 400])
def test_an_issue_that_grew_by_more_than_the_file_was_read_another_way(more: int) -> None:
    # As after a change of model or of columns: what was added can't be told from what is read anew.
    found = since(OLD, summary(500 + 12, {"a": 20 + more, "b": 41, "gone": 5}))
    assert found is not None
    assert (found.kind, found.n_new) == ("other", 512)
    assert {change.q for change in found.changes} == {None}


def test_the_same_reviews_have_changed_in_nothing() -> None:
    assert since(OLD, OLD) is None


@pytest.mark.parametrize(
    "bad", [{}, {"reviews": 3}, {"reviews": {"n_counted": None}, "issues": []}, {"issues": [1]}]
)
def test_what_is_no_summary_is_passed_over(bad: dict) -> None:
    assert since(bad, OLD) is None


def test_no_reviews() -> None:
    assert since(summary(0, {}), OLD) is None
