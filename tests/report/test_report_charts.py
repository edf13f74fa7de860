"""The charts are figures that plotly accepts, and show the summary's numbers."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from feedback_nlp.report.chart_tables import chart_tables
from feedback_nlp.report.charts import charts, sparkline
from feedback_nlp.report.wording import Words


@pytest.fixture(scope="module")
def drawn(summary: dict) -> dict:
    return charts(summary, Words("zh"))


def test_plotly_accepts_every_figure(drawn: dict) -> None:
    assert set(drawn) == {
        *("elements", "pareto", "quadrants", "periods", "issue_periods"),
        *("contrast", "funnel1", "funnel2"),
    }
    for chart in drawn.values():
        go.Figure(chart["figure"])
        assert chart["base"]
        assert chart["alt"]
        assert chart["title"]


def test_elements_lean_as_the_counts_do(drawn: dict, summary: dict) -> None:
    neutral, negative, other, positive = drawn["elements"]["figure"]["data"]
    n = summary["reviews"]["n_counted"]
    assert [-n * x for x in negative["x"]] == pytest.approx(
        [row["n_negative"] for row in summary["elements"]]
    )
    assert [n * x for x in positive["x"]] == pytest.approx([row["n_positive"] for row in summary["elements"]])
    assert neutral["x"] == [-x for x in other["x"]]


def test_pareto_bars_fall_and_the_line_rises(drawn: dict) -> None:
    bars, line = drawn["pareto"]["figure"]["data"]
    assert bars["y"] == sorted(bars["y"], reverse=True)
    assert line["y"] == sorted(line["y"])
    assert line["y"][-1] == pytest.approx(1)
    assert len(set(bars["x"])) == len(bars["x"])


def test_issues_of_one_name_keep_their_own_bars(summary: dict) -> None:
    twins = {**summary, "pareto": [{**row, "name": "同名"} for row in summary["pareto"]]}
    bars = charts(twins, Words("zh"))["pareto"]["figure"]["data"][0]
    assert len(set(bars["x"])) == len(summary["pareto"])


def test_the_rest_stays_last(summary: dict) -> None:
    rest = {**summary["pareto"][0], "issue_id": "other", "name": "其他", "other": True}
    rows = [{**summary["pareto"][0], "issue_id": str(k), "name": str(k)} for k in range(40)]
    bars = charts({**summary, "pareto": [*rows, rest]}, Words("zh"))["pareto"]["figure"]["data"][0]
    assert bars["customdata"][-1] == {"issue": "other"}
    assert len(bars["x"]) == 13


def test_names_are_escaped(summary: dict) -> None:
    hostile = [{**row, "name": "<img src=x>"} for row in summary["elements"]]
    figure = charts({**summary, "elements": hostile}, Words("zh"))["elements"]["figure"]
    assert all("<img" not in name for trace in figure["data"] for name in trace["y"])


def test_what_the_data_do_not_allow_is_not_drawn(summary: dict) -> None:
    bare = {**summary, "periods": [], "quadrants": [], "pareto": [], "elements": []}
    bare["driving"] = {**summary["driving"], "levels": {"element": [], "facet": []}}
    bare["places"] = {**summary["places"], "funnels": []}
    assert charts(bare, Words("zh")) == {}


def test_tables_have_the_charts_figures(summary: dict, drawn: dict) -> None:
    tables = chart_tables(summary, Words("zh"))
    assert set(tables) == {"periods", "issue_periods", "quadrants", "funnel1", "funnel2"}
    for table in tables.values():
        assert {len(row) for row in table["rows"]} == {len(table["heads"])}
    shown = [row[3]["text"] for row in tables["periods"]["rows"]]
    line = drawn["periods"]["figure"]["data"][1]
    assert shown == [Words("zh").percent(share) for share in line["y"]]
    assert [row[2]["drill"] for row in tables["periods"]["rows"]] == [
        {"period": row["period"], "label": "negative"} for row in summary["periods"]
    ]
    assert len(tables["issue_periods"]["heads"]) == 1 + len(drawn["issue_periods"]["figure"]["data"])


def test_sparkline() -> None:
    rows = [{"n_reviews": k, "n_base": 10} for k in (0, 5, 10)]
    points = [tuple(map(float, point.split(","))) for point in sparkline(rows).split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert sparkline(rows[:1]) == ""
    assert sparkline([{"n_reviews": 0, "n_base": 0}] * 2)
