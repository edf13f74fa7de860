"""What the charts share: colours, layout and axes of plotly figures; the page sets the colours of text."""

from __future__ import annotations

from typing import Any

from feedback_nlp.report.palette import NEGATIVE, NEUTRAL, POSITIVE

__all__ = ["NEGATIVE", "NEUTRAL", "POSITIVE", "Figure", "axis", "layout", "percent_axis"]

Figure = dict[str, Any]


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Return the layout that all charts have."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 36, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        "hoverlabel": {"align": "left"},
        "dragmode": False,
        **more,
    }


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis that can't be dragged, with a title if given."""
    named = {"title": {"text": title, "font": {"size": 13}}} if title else {}
    return {"automargin": True, "fixedrange": True, "zeroline": False, **named, **more}


def percent_axis(**more: Any) -> dict[str, Any]:
    """Return an axis of shares from 0."""
    return axis(tickformat=".0%", rangemode="tozero", **more)
