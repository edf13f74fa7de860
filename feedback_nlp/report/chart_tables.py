"""The figures behind the charts that have no table of their own, for readers who can't see the chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feedback_nlp.report.charts import lines_of
from feedback_nlp.report.wording import Words

__all__ = ["chart_tables"]

# Where insight.quadrants puts an element, as (performance, importance).
_AREAS = {
    "improve_first": "low_high",
    "keep_up": "high_high",
    "low_priority": "low_low",
    "possible_overkill": "high_low",
}
Cell = dict[str, Any]
Table = dict[str, Any]


def chart_tables(summary: Mapping[str, Any], words: Words) -> dict[str, Table]:
    """Return the tables by name of the chart.

    Each has ``heads`` and ``rows``; a cell has ``text`` and ``drill``, the filters that lead to its reviews
    (``None`` where it is no count).
    """
    found = {
        "periods": _periods(summary["periods"], words),
        "issue_periods": _issue_periods(summary, words),
        "quadrants": _quadrants(summary["quadrants"], words),
    }
    funnels = enumerate(summary["places"]["funnels"], 1)
    found |= {f"funnel{k}": _funnel(funnel, words) for k, funnel in funnels}
    return {name: table for name, table in found.items() if table["rows"]}


def _cell(text: str, **drill: str) -> Cell:
    return {"text": text, "drill": drill or None}


def _table(heads: Sequence[str], rows: Iterable[list[Cell]]) -> Table:
    return {"heads": list(heads), "rows": list(rows)}


def _periods(rows: Sequence[Mapping[str, Any]], words: Words) -> Table:
    cells = (
        [
            _cell(row["name"]),
            _cell(words.count(row["n_reviews"]), period=row["period"]),
            _cell(words.count(row["n_negative"]), period=row["period"], label="negative"),
            _cell(words.percent(row["negative_share"])),
            _cell(f"{words.percent(row['low'])}–{words.percent(row['high'])}"),
        ]
        for row in rows
    )
    return _table(words("chart.periods_heads").split("|"), cells)


def _issue_periods(summary: Mapping[str, Any], words: Words) -> Table:
    names = {row["period"]: row["name"] for row in summary["periods"]}
    issues = lines_of(summary)
    spans = [{span["period"]: span for span in issue["periods"]} for issue in issues]

    def cell(issue: Mapping[str, Any], span: Mapping[str, Any] | None, period: str) -> Cell:
        if span is None or not span["n_base"]:
            return _cell("–")
        text = f"{words.count(span['n_reviews'])} · {words.percent(span['n_reviews'] / span['n_base'])}"
        return _cell(text, issue=issue["issue_id"], period=period)

    rows = (
        [
            _cell(name),
            *(cell(issue, by.get(period), period) for issue, by in zip(issues, spans, strict=True)),
        ]
        for period, name in names.items()
        if issues
    )
    return _table([words("table.period"), *(issue["name"] for issue in issues)], rows)


def _quadrants(rows: Sequence[Mapping[str, Any]], words: Words) -> Table:
    cells = (
        [
            _cell(row["name"]),
            _cell(words.percent(row["x"]), element=row["code"]),
            _cell(words.percent(row["y"])),
            _cell(words(f"quadrant.{_AREAS[row['quadrant']]}")),
            _cell(words.percent(row["stability"])),
        ]
        for row in rows
    )
    return _table(words("chart.quadrants_heads").split("|"), cells)


def _funnel(funnel: Mapping[str, Any], words: Words) -> Table:
    column, issue = funnel["column"], funnel["issue_id"]
    heads = words("chart.funnel_heads", kind=words(f"role.{column}")).split("|")
    cells = (
        [
            _cell(point["unit"]),
            _cell(words.count(point["n"]), **{column: point["unit"]}),
            _cell(words.count(point["x"]), issue=issue, **{column: point["unit"]}),
            _cell(words.percent(point["share"])),
            _cell(words("sheet.yes" if point["high"] else "sheet.no")),
        ]
        for point in sorted(funnel["points"], key=lambda point: -point["share"])
    )
    return _table(heads, cells)
