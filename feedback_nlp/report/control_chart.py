"""A control chart as numbers of an inline SVG: it needs no script, prints well and stays small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["HEIGHT", "WIDTH", "drawing"]

WIDTH, HEIGHT = 640.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 8.0, 10.0, 24.0
# About this many names of periods fit under the chart, and lines across it.
_NAMES, _LINES = 6, 4
# Half the width of a period's name: one nearer to an edge would be cut there.
_HALF_NAME = 30.0

Row = Mapping[str, Any]


def drawing(
    rows: Sequence[Row], texts: Sequence[str], *, percent: bool, scale: float = 1.0
) -> dict[str, Any]:
    """Return the parts of a chart.

    Parameters
    ----------
    rows : sequence of dict
        Of ``insight.monitoring.alarms.charts_schema``.
    texts : sequence of str
        What to say of each period.
    percent : bool
        Write the axis in percent, else as numbers.
    scale : float
        What shares are multiplied with on the axis.

    Returns
    -------
    dict
        ``line``, ``usual`` and ``band`` as points of polylines and polygons (lists, as they have gaps),
        ``dots`` with x, y, text and signal, ``grid`` with y and label, ``names`` with x, anchor and label.
    """
    highest = max((max(row["share"], row["high"] or 0.0) for row in rows), default=0.0) or 1.0
    ticks = _ticks(highest)
    top = max(ticks[-1], highest) * 1.02
    across = (WIDTH - _LEFT - _RIGHT) / max(len(rows) - 1, 1)

    def x(place: int) -> float:
        return _LEFT + place * across

    def y(share: float) -> float:
        return HEIGHT - _BOTTOM - min(share / top, 1.0) * (HEIGHT - _TOP - _BOTTOM)

    def points(places: Sequence[int], key: str) -> str:
        return " ".join(f"{x(place):.1f},{y(rows[place][key]):.1f}" for place in places)

    spans = _spans(rows)
    every = max(1, math.ceil(len(rows) / _NAMES))
    return {
        "line": points(range(len(rows)), "share"),
        "band": [f"{points(span, 'high')} {points(span[::-1], 'low')}" for span in spans],
        "usual": [points(span, "usual") for span in spans],
        "dots": [
            {"x": f"{x(k):.1f}", "y": f"{y(row['share']):.1f}", "text": text, "signal": bool(row["signals"])}
            for k, (row, text) in enumerate(zip(rows, texts, strict=True))
        ],
        "grid": [
            {"y": f"{y(tick):.1f}", "label": _label(tick, percent=percent, scale=scale)} for tick in ticks
        ],
        "names": [
            {"x": f"{x(k):.1f}", "anchor": _anchor(x(k)), "label": rows[k]["period"]}
            for k in range(0, len(rows), every)
        ],
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "bottom": HEIGHT - _BOTTOM,
    }


def _spans(rows: Sequence[Row]) -> list[list[int]]:
    """Return the runs of periods that were judged."""
    spans: list[list[int]] = []
    for place, row in enumerate(rows):
        if row["high"] is None:
            continue
        if spans and spans[-1][-1] == place - 1:
            spans[-1].append(place)
        else:
            spans.append([place])
    return spans


def _anchor(x: float) -> str:
    if x - _LEFT < _HALF_NAME:
        return "start"
    return "end" if WIDTH - x < _HALF_NAME else "middle"


def _ticks(highest: float) -> list[float]:
    """Return round numbers from 0 up to about the highest."""
    rough = highest / _LINES
    base = 10 ** math.floor(math.log10(rough))
    step = next(base * times for times in (1, 2, 5, 10) if base * times >= rough)
    return [step * k for k in range(int(highest / step) + 1)]


def _label(tick: float, *, percent: bool, scale: float) -> str:
    return f"{tick * 100:.3g}%" if percent else f"{tick * scale:.3g}"
