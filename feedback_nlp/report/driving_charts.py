"""The charts of what moves satisfaction and of where issues sit, each with title, base and alt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from feedback_nlp.report.figures import NEGATIVE, NEUTRAL, POSITIVE, Figure, axis, layout
from feedback_nlp.report.wording import Words

__all__ = ["contrast", "funnels"]


def contrast(summary: Mapping[str, Any], words: Words) -> dict[str, Figure]:
    """Return the chart of penalties and rewards by element, by name; none where there are no drivers."""
    rows = summary["driving"]["levels"]["element"]
    if not rows:
        return {}
    names = [escape(row["name"]) for row in rows]
    data = [
        _bars(rows, names, "penalty", NEGATIVE, words),
        _bars(rows, names, "reward", POSITIVE, words),
    ]
    laid = layout(90 + 38 * len(rows), barmode="relative", bargap=0.35)
    laid["xaxis"] = axis(words("chart.contrast_x"), zeroline=True, zerolinecolor=NEUTRAL)
    laid["yaxis"] = axis(autorange="reversed", showgrid=False)
    framed = {
        "figure": {"data": data, "layout": laid},
        "title": words("chart.contrast_title"),
        "base": words("chart.contrast_base"),
        "alt": words("chart.contrast_alt"),
    }
    return {"contrast": framed}


def _bars(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], key: str, colour: str, words: Words
) -> Figure:
    values = [row[key] for row in rows]
    return {
        "type": "bar",
        "orientation": "h",
        "name": words(f"chart.contrast_{key}"),
        "x": values,
        "y": list(names),
        "marker": {"color": colour},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [max(row[f"{key}_high"] - row[key], 0.0) for row in rows],
            "arrayminus": [max(row[key] - row[f"{key}_low"], 0.0) for row in rows],
            "color": NEUTRAL,
            "thickness": 1.5,
            "width": 4,
        },
        "hovertemplate": [
            words(
                f"chart.contrast_{key}_hover",
                name=name,
                x=words.signed(row[key]),
                low=words.signed(row[f"{key}_low"]),
                high=words.signed(row[f"{key}_high"]),
            )
            + "<extra></extra>"
            for row, name in zip(rows, names, strict=True)
        ],
        "customdata": [
            {"element": row["code"], "label": "negative" if key == "penalty" else "positive"} for row in rows
        ],
    }


def funnels(summary: Mapping[str, Any], words: Words) -> dict[str, Figure]:
    """Return the funnel charts by name (funnel1 …)."""
    return {f"funnel{k}": _framed(funnel, words) for k, funnel in enumerate(summary["places"]["funnels"], 1)}


def _framed(funnel: Mapping[str, Any], words: Words) -> Figure:
    kind = words(f"role.{funnel['column']}")
    laid = layout(340, xaxis=axis(words("chart.funnel_x", kind=kind), rangemode="tozero"))
    laid["yaxis"] = axis(tickformat=".0%", rangemode="tozero")
    return {
        "figure": {"data": [*_limits(funnel, words), _points(funnel, words)], "layout": laid},
        "title": words(
            "chart.funnel_title", name=words.quoted(funnel["name"]), kind=kind, verdict=funnel["verdict"]
        ),
        "base": words("chart.funnel_base"),
        "alt": words("chart.funnel_alt", name=words.quoted(funnel["name"]), kind=kind),
    }


def _limits(funnel: Mapping[str, Any], words: Words) -> list[Figure]:
    grid = funnel["grid"]
    lines = []
    for limit, key, dash in zip(funnel["limits"], ("inner", "outer"), ("dot", "dash"), strict=True):
        shape = {"color": NEUTRAL, "width": 1.4, "dash": dash}
        common = {"type": "scatter", "mode": "lines", "line": shape, "hoverinfo": "skip"}
        name = words(f"chart.funnel_{key}")
        lines += [
            {**common, "x": grid, "y": limit["high"], "name": name, "legendgroup": key},
            {**common, "x": grid, "y": limit["low"], "name": name, "legendgroup": key, "showlegend": False},
        ]
    mean = [funnel["share"], funnel["share"]]
    middle = {"type": "scatter", "mode": "lines", "x": [grid[0], grid[-1]], "y": mean, "hoverinfo": "skip"}
    return [*lines, middle | {"name": words("chart.funnel_mean"), "line": {"color": NEUTRAL, "width": 1.4}}]


def _points(funnel: Mapping[str, Any], words: Words) -> Figure:
    points = funnel["points"]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": words(f"role.{funnel['column']}"),
        "x": [point["n"] for point in points],
        "y": [point["share"] for point in points],
        "text": [escape(point["unit"]) if point["high"] else "" for point in points],
        "textposition": "top center",
        "cliponaxis": False,
        "marker": {
            "size": 9,
            "color": [NEGATIVE if point["high"] else POSITIVE for point in points],
            "symbol": ["diamond" if point["high"] else "circle" for point in points],
        },
        "hovertemplate": [
            words(
                "chart.funnel_hover",
                unit=escape(point["unit"]),
                x=words.count(point["x"]),
                n=words.count(point["n"]),
                share=words.percent(point["share"]),
            )
            + "<extra></extra>"
            for point in points
        ],
        "customdata": [{"issue": funnel["issue_id"], funnel["column"]: point["unit"]} for point in points],
    }
