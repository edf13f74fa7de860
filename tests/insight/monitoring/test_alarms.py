"""Alarms of a file made of labels: periods, counts, dates, charts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scored_files import assign_by_facet, make_mentions, make_reviews

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.alarms import Alarms, alarms_schema, count_series
from feedback_nlp.insight.monitoring.exposure import days_of
from feedback_nlp.insight.monitoring.periods import check_unit, choose, periods


def weekly(weeks: int, slow: list[int], n: int = 60) -> Facts:
    """A file of ``weeks`` weeks from Monday 2025-01-06, of ``n`` reviews each of which ``slow[k]`` blame."""
    rows, said = [], []
    for week in range(weeks):
        for i in range(n):
            day = dt.datetime(2025, 1, 6) + dt.timedelta(days=7 * week + i % 7)
            code = f"r{week:03d}-{i:03d}"
            blamed = i < slow[week]
            rows.append({"review_id": code, "time": day, "fb_label": "negative" if blamed else "positive"})
            if blamed:
                said.append((code, "logistics.speed", -0.8))
    return Facts.of(make_reviews(rows), assign_by_facet(make_mentions(said), None)[0])


def watched(facts: Facts, unit: str = "week") -> Alarms:
    found = periods(days_of(facts), unit)
    return Alarms(count_series(facts, found), found, found.n.astype(float))


@pytest.fixture(scope="module")
def alarmed() -> Alarms:
    return watched(weekly(40, [5, 6] * 15 + [5, 25] + [5, 6] * 4))


def test_counts_by_period(alarmed: Alarms) -> None:
    assert alarmed.series.levels == ("all", "element", "issue")
    assert alarmed.series.codes == ("", "logistics", "logistics.speed:all")
    assert alarmed.series.x[:, 31].tolist() == [25, 25, 25]
    assert alarmed.periods.n.tolist() == [60] * 40


def test_the_alarm_has_its_date(alarmed: Alarms) -> None:
    rows = [row for row in alarmed.table.to_pylist() if row["level"] == "issue"]
    assert len(rows) == 1
    row = rows[0]
    # Week 31 from 0 begins on Monday 2025-08-11 and is over on Sunday.
    assert (row["period"], row["fired_on"], row["since"]) == ("2025-W33", "2025-08-17", "2025-08-11")
    assert "limit" in row["rules"]
    assert row["direction"] == "up"
    assert row["share"] == pytest.approx(25 / 60)
    assert row["usual"] == pytest.approx(5.5 / 60, rel=0.05)
    assert not row["on"]
    assert alarmed.table.schema == alarms_schema()


def test_a_chart_shows_what_was_known(alarmed: Alarms) -> None:
    rows = alarmed.chart("issue", "logistics.speed:all").to_pylist()
    assert rows[19]["high"] is None
    assert rows[19]["signals"] == []
    assert rows[31]["share"] > rows[31]["high"] > rows[31]["usual"]
    assert "limit" in rows[31]["signals"]
    assert rows[0]["p_centre"] == pytest.approx(sum(row["n_reviews"] for row in rows) / 2400)
    with pytest.raises(KeyError):
        alarmed.chart("issue", "none")


def test_too_little_history() -> None:
    found = watched(weekly(20, [5] * 19 + [50]))
    assert not found.enough
    assert found.table.num_rows == 0
    assert found.expected == 0
    assert found.chart("all", "")["share"].to_pylist()[-1] == pytest.approx(50 / 60)


def test_others_and_the_rare_are_not_watched() -> None:
    facts = weekly(25, [0] * 24 + [19])
    found = periods(days_of(facts), "week")
    assert "issue" not in count_series(facts, found).levels
    often = weekly(25, [5] * 25)
    assert "issue" not in count_series(often, found, others=["logistics.speed:all"]).levels


def test_expected_false_alarms(alarmed: Alarms) -> None:
    assert alarmed.expected == pytest.approx(3 * 20 / 370)


def test_periods_by_unit() -> None:
    days = ["2024-12-30", "2025-01-05", None, "2025-01-06", "2025-02-28"]
    weeks = periods(days, "week")
    assert weeks.names == ("2025-W01", "2025-W02", "2025-W09")
    assert weeks.of_row.tolist() == [0, 0, -1, 1, 2]
    assert (weeks.starts[0], weeks.ends[0], weeks.ends[-1]) == ("2024-12-30", "2025-01-05", "2025-02-28")
    months = periods(days, "month")
    assert months.names == ("2024-12", "2025-01", "2025-02")
    assert months.ends == ("2024-12-31", "2025-01-31", "2025-02-28")
    assert periods([None], "day").names == ()


def test_the_unit_that_gives_most_to_judge_by() -> None:
    first = dt.date(2023, 1, 2)

    def spread(n_days: int, each: int) -> list[str]:
        return [(first + dt.timedelta(days=day)).isoformat() for day in range(n_days) for _ in range(each)]

    assert choose(spread(200, 10)) == "week"
    assert choose(spread(730, 2)) == "month"
    assert choose(spread(40, 50)) == "day"
    assert choose(spread(40, 1)) == "day"
    assert choose(spread(12, 5)) == "week"
    assert choose(["2023-01-02", "2023-05-02"]) == "month"


def test_the_unit_is_checked() -> None:
    assert check_unit(None) is None
    with pytest.raises(ConfigError, match="year"):
        check_unit("year")


def test_no_time_at_all() -> None:
    facts = Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([]))
    assert days_of(facts) == [None]
    assert np.asarray(watched(facts).series.x).shape == (1, 0)
