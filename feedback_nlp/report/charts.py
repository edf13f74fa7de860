"""The charts of the HTML report as plotly figures, plain dictionaries that plotly takes too.

``templates/charts.js`` draws what they use of plotly, so that a report needs no library. Their colours are
those of the light page (``palette``); the page turns them for the dark one and sets those of text and grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from feedback_nlp.report.driving_charts import contrast, funnels
from feedback_nlp.report.figures import NEGATIVE, NEUTRAL, POSITIVE, Figure, axis, layout, percent_axis
from feedback_nlp.report.palette import SERIES
from feedback_nlp.report.wording import Words

__all__ = ["charts", "lines_of", "sparkline"]

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
N_BARS = 12
N_LINES = 6
# The line of an issue with fewer reviews is noise.
MIN_LINE = 5


def charts(summary: Mapping[str, Any], words: Words) -> dict[str, Figure]:
    """Return the charts that the data allow, by name.

    Each has ``figure`` (``data`` and ``layout``), ``title``, ``base`` (what 100 % is) and ``alt``.
    """
    makers: dict[str, Callable[[Mapping[str, Any], Words], Figure | None]] = {
        "elements": _elements,
        "pareto": _pareto,
        "quadrants": _quadrants,
        "periods": _periods,
        "issue_periods": _issue_periods,
    }
    made = {name: maker(summary, words) for name, maker in makers.items()}
    framed = {name: _framed(name, figure, summary, words) for name, figure in made.items() if figure}
    return framed | contrast(summary, words) | funnels(summary, words)


def _framed(name: str, figure: Figure, summary: Mapping[str, Any], words: Words) -> Figure:
    n = words.count(summary["reviews"]["n_counted"])
    base = f"{name}_base_{_weight_kind(summary)}" if name == "quadrants" else f"{name}_base"
    return {
        "figure": figure,
        "title": words(f"chart.{name}_title"),
        "base": words(f"chart.{base}", n=n),
        "alt": words(f"chart.{name}_alt"),
    }


def _bar(name: str, colour: str, x: Sequence[float], y: Sequence[str], **more: Any) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": list(x),
        "y": list(y),
        "marker": {"color": colour},
        "hovertemplate": "%{hovertext}<extra></extra>",
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": "#fff", "size": 12},
        **more,
    }


def _elements(summary: Mapping[str, Any], words: Words) -> Figure | None:
    rows = [row for row in summary["elements"] if row["n_reviews"]]
    n = summary["reviews"]["n_counted"]
    if not rows or not n:
        return None
    names = [escape(row["name"]) for row in rows]
    reach = max(row["n_negative"] + row["n_positive"] + row["n_neutral"] for row in rows) / n

    def trace(label: str, colour: str, sign: float, **more: Any) -> dict[str, Any]:
        counts = [row[f"n_{label}"] for row in rows]
        texts = [
            words(
                "chart.elements_hover",
                name=name,
                label=words(f"label.{label}"),
                x=count,
                share=words.percent(count / n),
            )
            for name, count in zip(names, counts, strict=True)
        ]
        drill = [{"element": row["code"], "label": label} for row in rows]
        shares = [sign * count / n for count in counts]
        shown = [
            words.percent(count / n) if label != "neutral" and count / n > 0.05 * reach else ""
            for count in counts
        ]
        more |= {"text": shown, "hovertext": texts, "customdata": drill}
        return _bar(words(f"label.{label}"), colour, shares, names, **more)

    # Neutral sits astride zero in two halves, so that leaning left or right shows at a glance.
    data = [
        trace("neutral", NEUTRAL, -0.5, showlegend=False),
        trace("negative", NEGATIVE, -1),
        trace("neutral", NEUTRAL, 0.5),
        trace("positive", POSITIVE, 1),
    ]
    ticks = _ticks(reach)
    across = axis(tickvals=ticks, ticktext=[f"{abs(tick) * 100:g}%" for tick in ticks])
    laid = layout(90 + 34 * len(rows), barmode="relative", bargap=0.35, xaxis=across)
    laid["yaxis"] = axis(autorange="reversed", showgrid=False, ticksuffix="  ")
    return {"data": data, "layout": laid}


def _ticks(reach: float) -> list[float]:
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if reach / step <= 5 or step == 0.25)
    half = int(reach / step) + 1
    return [round(step * k, 4) for k in range(-half, half + 1)]


def _wrapped(name: str, width: int) -> str:
    """Break a name into lines: at spaces where it has them, else every ``width`` characters."""
    if " " not in name:
        return "<br>".join(escape(name[at : at + width]) for at in range(0, len(name), width))
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= 2 * width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(escape(line) for line in lines)


def _pareto(summary: Mapping[str, Any], words: Words) -> Figure | None:
    bars = summary["pareto"]
    # The rest stays in sight, last, however many issues are cut off before it.
    rows = [*[row for row in bars if not row["other"]][:N_BARS], *[row for row in bars if row["other"]]]
    if not rows:
        return None
    # A zero-width mark keeps two issues of one name (the 其他 of two facets) apart on the axis.
    width = max(5, 70 // len(rows))
    names = [_wrapped(row["name"], width) + "\u200b" * k for k, row in enumerate(rows)]
    columns = {
        "type": "bar",
        "name": words("chart.pareto_bars"),
        "x": names,
        "y": [row["n_reviews"] for row in rows],
        "marker": {"color": [NEUTRAL if row["other"] else NEGATIVE for row in rows]},
        "text": [f"{row['n_reviews']}{' ≈' if row['overlaps_next'] else ''}" for row in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": [words("chart.pareto_hover", **_pareto_facts(row, words)) for row in rows],
        "customdata": [{"issue": row["issue_id"]} for row in rows],
    }
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": words("chart.pareto_line"),
        "x": names,
        # With issues left out before the rest, a last point at 100 % would be a leap.
        "y": [None if row["other"] and len(rows) < len(bars) else row["cumulative"] for row in rows],
        "yaxis": "y2",
        "line": {"color": POSITIVE, "width": 2},
        "marker": {"size": 6},
        "hovertemplate": "%{y:.1%}<extra></extra>",
    }
    laid = layout(400, bargap=0.3, xaxis=axis(tickangle=0, showgrid=False, tickfont={"size": 12}))
    laid["yaxis"] = axis(rangemode="tozero", title=words("chart.pareto_axis"))
    laid["yaxis2"] = percent_axis(
        overlaying="y", side="right", range=[0, 1.05], showgrid=False, tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1]
    )
    dashed = {"color": NEUTRAL, "width": 1, "dash": "dash"}
    laid["shapes"] = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": "y2",
            "y0": 0.8,
            "y1": 0.8,
            "line": dashed,
        }
    ]
    return {"data": [columns, line], "layout": laid}


def _pareto_facts(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    return {
        "name": escape(row["name"]),
        "x": words.count(row["n_reviews"]),
        "share": words.percent(row["share"]),
        "cumulative": words.percent(row["cumulative"]),
    }


_HALF = 0.5


def _quadrants(summary: Mapping[str, Any], words: Words) -> Figure | None:
    rows = summary["quadrants"]
    # Where complaints prevail on every element, an area "keep up" or "possible overkill" would mislead.
    if len(rows) < 2 or max(row["x"] for row in rows) < _HALF:
        return None
    points = {
        "type": "scatter",
        "mode": "markers+text",
        "x": [row["x"] for row in rows],
        "y": [row["y"] for row in rows],
        "text": [escape(row["name"]) for row in rows],
        "textposition": _text_sides(rows),
        "cliponaxis": False,
        "marker": {"size": 12, "color": [_quadrant_colour(row, rows) for row in rows]},
        "hovertemplate": [_quadrant_hover(row, words) for row in rows],
        "customdata": [{"element": row["code"]} for row in rows],
        "showlegend": False,
    }
    mean_x, mean_y = (sum(row[axis] for row in rows) / len(rows) for axis in "xy")
    ranges = {axis: _padded([row[axis] for row in rows]) for axis in "xy"}
    laid = layout(420, xaxis=axis(tickformat=".0%", range=ranges["x"], title=words("chart.quadrants_x")))
    laid["yaxis"] = axis(
        tickformat=".0%", range=ranges["y"], title=words(f"chart.quadrants_y_{_weight_kind(summary)}")
    )
    laid["margin"] |= {"r": 48, "t": 16}
    dashed = {"color": NEUTRAL, "width": 1, "dash": "dot"}
    laid["shapes"] = [
        {"type": "line", "x0": mean_x, "x1": mean_x, "yref": "paper", "y0": 0, "y1": 1, "line": dashed},
        {"type": "line", "y0": mean_y, "y1": mean_y, "xref": "paper", "x0": 0, "x1": 1, "line": dashed},
    ]
    laid["annotations"] = [
        _corner(x, y, words(f"quadrant.{x}_{y}")) for x in ("low", "high") for y in ("low", "high")
    ]
    return {"data": [points], "layout": laid}


def _weight_kind(summary: Mapping[str, Any]) -> str:
    """Return what the importance of elements is: their weight on the rating, or their share of mentions."""
    kinds = {row["importance_kind"] for row in summary["elements"]}
    return "weight" if kinds == {"relative_weights"} else "mentions"


def _padded(values: Sequence[float]) -> list[float]:
    """Leave room around the points for their names and for those of the quadrants."""
    low, high = min(values), max(values)
    room = 0.16 * (high - low) or 0.05
    return [low - room, high + room]


def _text_sides(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put each name on the side of its point where it meets the fewest points and names already placed."""
    (left, right), (bottom, top) = (_padded([row[axis] for row in rows]) for axis in "xy")
    points = [
        (950 * (row["x"] - left) / (right - left), 360 * (row["y"] - bottom) / (top - bottom)) for row in rows
    ]
    taken = [(x - 7, x + 7, y - 7, y + 7) for x, y in points]
    sides = []
    for row, point in zip(rows, points, strict=True):
        width = sum(13 if ord(mark) > 0x2E7F else 7.5 for mark in row["name"])
        boxes = {side: _box(point, width, side) for side in _SIDES}
        side = min(boxes, key=lambda side: sum(_meet(boxes[side], other) for other in taken))
        taken.append(boxes[side])
        sides.append(side)
    return sides


# How far the middle of a name lies from its point, in widths and heights of the name.
_SIDES = {"top center": (0, 1), "bottom center": (0, -1), "middle right": (1, 0), "middle left": (-1, 0)}
Box = tuple[float, float, float, float]


def _box(point: tuple[float, float], width: float, side: str) -> Box:
    across, up = _SIDES[side]
    x, y = point[0] + across * (width / 2 + 10), point[1] + up * 16
    return (x - width / 2, x + width / 2, y - 9, y + 9)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _quadrant_colour(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    weak = row["x"] < sum(other["x"] for other in rows) / len(rows)
    weighty = row["y"] >= sum(other["y"] for other in rows) / len(rows)
    return NEGATIVE if weak and weighty else POSITIVE


def _quadrant_hover(row: Mapping[str, Any], words: Words) -> str:
    facts = {axis: words.percent(row[axis]) for axis in "xy"}
    text = words(
        "chart.quadrants_hover", name=escape(row["name"]), stay=words.percent(row["stability"]), **facts
    )
    return f"{text}<extra></extra>"


def _corner(x: str, y: str, text: str) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0.005 if x == "low" else 0.995,
        "y": 0.01 if y == "low" else 0.99,
        "xanchor": "left" if x == "low" else "right",
        "yanchor": "bottom" if y == "low" else "top",
        "text": text,
        "showarrow": False,
        "opacity": 0.75,
    }


def _periods(summary: Mapping[str, Any], words: Words) -> Figure | None:
    rows = summary["periods"]
    if len(rows) < 2:
        return None
    names = [row["name"] for row in rows]
    band = {
        "type": "scatter",
        "mode": "lines",
        "x": [*names, *reversed(names)],
        "y": [*(row["high"] for row in rows), *(row["low"] for row in reversed(rows))],
        "fill": "toself",
        "fillcolor": "rgba(185,87,15,0.18)",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "name": words("chart.periods_band"),
    }
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": names,
        "y": [row["negative_share"] for row in rows],
        "line": {"color": NEGATIVE, "width": 2.5},
        "marker": {"size": 7},
        "name": words("chart.periods_line"),
        "hovertemplate": [words("chart.periods_hover", **_period_facts(row, words)) for row in rows],
        "customdata": [{"period": row["period"], "label": "negative"} for row in rows],
    }
    laid = layout(300, xaxis=axis(type="category", showgrid=False), yaxis=percent_axis())
    return {"data": [band, line], "layout": laid}


def _period_facts(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    return {
        "period": row["name"],
        "x": words.count(row["n_negative"]),
        "n": words.count(row["n_reviews"]),
        "share": words.with_span(row["negative_share"], row["low"], row["high"]),
    }


def lines_of(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the issues whose share is drawn over time, in rank order."""
    rows = [
        row
        for row in summary["issues"]
        if row["periods"] and row["n_reviews"] >= MIN_LINE and not row["other"]
    ]
    # Moving issues are what the chart is for; the top ones fill it up.
    rows.sort(key=lambda row: row["trend"] not in ("rising", "falling"))
    return sorted(rows[:N_LINES], key=lambda row: row["rank"])


def _issue_periods(summary: Mapping[str, Any], words: Words) -> Figure | None:
    names = {row["period"]: row["name"] for row in summary["periods"]}
    rows = lines_of(summary)
    if len(names) < 2 or not rows:
        return None
    data = [_issue_line(row, k, names, words) for k, row in enumerate(rows)]
    laid = layout(340, xaxis=axis(type="category", showgrid=False), yaxis=percent_axis())
    return {"data": data, "layout": laid}


def _issue_line(row: Mapping[str, Any], k: int, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    spans = [span for span in row["periods"] if span["period"] in names]
    shares = [span["n_reviews"] / span["n_base"] if span["n_base"] else None for span in spans]
    name = escape(row["name"])
    hovers = [
        words(
            "chart.issue_periods_hover",
            name=name,
            period=names[span["period"]],
            x=span["n_reviews"],
            n=span["n_base"],
            share=words.percent(share),
        )
        for span, share in zip(spans, shares, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [names[span["period"]] for span in spans],
        "y": shares,
        "line": {"color": SERIES[k], "dash": DASHES[k], "width": 2},
        "marker": {"symbol": SYMBOLS[k], "size": 8},
        "cliponaxis": False,
        "hovertemplate": [f"{hover}<extra></extra>" for hover in hovers],
        "customdata": [{"period": span["period"], "issue": row["issue_id"]} for span in spans],
    }


def sparkline(periods: Sequence[Mapping[str, Any]], width: int = 96, height: int = 26) -> str:
    """Draw shares per period as the points of an SVG polyline, ``"x,y x,y"``; empty under two periods."""
    shares = [row["n_reviews"] / row["n_base"] if row["n_base"] else 0.0 for row in periods]
    if len(shares) < 2:
        return ""
    top = max(shares) or 1.0
    step = (width - 6) / (len(shares) - 1)
    return " ".join(
        f"{3 + k * step:.1f},{height - 3 - share / top * (height - 6):.1f}" for k, share in enumerate(shares)
    )
