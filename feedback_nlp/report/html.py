"""The report as one self-contained HTML file: no network, everything a user wrote is text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from feedback_nlp.insight.pareto import OTHER_ID
from feedback_nlp.report.blocks import about_blocks, cards, flow, quality
from feedback_nlp.report.chart_tables import chart_tables
from feedback_nlp.report.charts import N_BARS, charts, sparkline
from feedback_nlp.report.palette import NIGHT
from feedback_nlp.report.ranking import LISTED, rest_text
from feedback_nlp.report.wording import Words
from feedback_nlp.schema import FLAGS, LABELS, STATUSES

__all__ = ["render"]

# Cards open on the screen, cards on paper, rows of the issues table before "show all".
N_OPEN, N_PRINT, N_TABLE = 3, 12, 20
# Channels, stores or products shown: all, or those surest to be the worst.
N_UNITS = 8
# What would end a script element or a line of JavaScript; JSON reads the escapes as the same characters.
_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}
_FIELDS = (
    "id", "text", "day", "rating", "polarity", "label",
    "status", "duplicate", "needs_review", "counted", "flags", "marks",
)  # fmt: skip


def render(summary: Mapping[str, Any]) -> str:
    """Lay out a summary as HTML.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``.

    Returns
    -------
    str
        The whole document: some 150 kB and 0.2–0.6 kB a review.
    """
    import jinja2
    from markupsafe import Markup

    words = Words(summary["lang"])
    drawings = charts(summary, words)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("feedback_nlp.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(
        s=summary,
        t=words,
        words=words,
        charts=drawings,
        tables=chart_tables(summary, words),
        cards=cards(summary, words),
        flow=flow(summary["reviews"], words),
        quality=quality(summary["reviews"], words, masked=summary["masked"]),
        about_blocks=about_blocks(summary, words),
        has_rating=_has_rating(summary),
        sparkline=sparkline,
        scale=_scale,
        max_of=_max_of,
        uncharted=_uncharted(summary, words),
        unprinted=_unprinted(summary, words),
        rest=OTHER_ID,
        n_open=N_OPEN,
        n_print=N_PRINT,
        n_table=N_TABLE,
        n_units=N_UNITS,
        style=Markup(_asset("style.css")),
        theme=Markup(_asset("theme.js")),
        script=Markup("\n".join(_asset(name) for name in ("charts.js", "app.js", "page.js"))),
        data=Markup(_data(summary, drawings, words)),
    )


def _uncharted(summary: Mapping[str, Any], words: Words) -> str:
    """Say which issues the Pareto chart leaves out."""
    bars = [row for row in summary["pareto"] if not row["other"]]
    codes = {row["issue_id"] for row in bars}
    return rest_text([row for row in summary["issues"] if row["issue_id"] in codes], bars[:N_BARS], words)


def _unprinted(summary: Mapping[str, Any], words: Words) -> str:
    """Say which issues have no card on paper."""
    listed = [row for row in summary["issues"] if row["group"] == LISTED]
    return rest_text(summary["issues"], listed[:N_PRINT], words)


def _asset(name: str) -> str:
    return (resources.files("feedback_nlp.report") / "templates" / name).read_text(encoding="utf-8")


def _scale(value: float | None, top: float) -> str:
    """Place a share on the 0–100 of a small bar."""
    return f"{100 * min(1.0, (value or 0.0) / top) if top else 0.0:.1f}"


def _max_of(rows: Iterable[Mapping[str, Any]], key: str) -> float:
    return max((row[key] or 0.0 for row in rows), default=0.0)


def _has_rating(summary: Mapping[str, Any]) -> bool:
    return any(value is not None for value in summary["table"].get("rating", ()))


def _json(value: Any) -> str:
    """Write JSON that is safe inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _data(summary: Mapping[str, Any], drawings: Mapping[str, Any], words: Words) -> str:
    units = {name: [row["unit"] for row in rows] for name, rows in summary["groups"].items()}
    codes = list(dict.fromkeys(summary["mentions"]["facet"]))
    names = summary["names"]
    return _json(
        {
            "ui": words.section("ui"),
            "charts": {name: drawing["figure"] for name, drawing in drawings.items()},
            "fields": [*_FIELDS, *units],
            "rows": _rows(summary, units, codes),
            "facets": [
                {"code": code, "element": code.partition(".")[0], "name": names.get(code, code)}
                for code in codes
            ],
            "issues": [
                {"id": row["issue_id"], "name": row["name"], "other": row["other"]}
                for row in summary["issues"]
            ],
            "rest": OTHER_ID,
            "folded": [row["issue_id"] for row in summary["issues"] if row["group"] == LISTED][N_TABLE:],
            "night": NIGHT,
            "labels": LABELS,
            "flags": [words(f"flag.{flag}") for flag in FLAGS],
            "statuses": STATUSES,
            "units": units,
            "has_rating": _has_rating(summary),
            "has_day": summary["reviews"]["period"] is not None,
        }
    )


def _rows(
    summary: Mapping[str, Any], units: Mapping[str, Sequence[str]], codes: Sequence[str]
) -> list[list[Any]]:
    table = summary["table"]
    marks = _marks(summary, codes)
    places = {name: {unit: k for k, unit in enumerate(values)} for name, values in units.items()}
    empty = [None] * len(table["review_id"])
    rows = []
    for row in summary["shown"]:
        flags = [FLAGS.index(flag) for flag in table["flags"][row] or () if flag in FLAGS]
        polarity = table["polarity"][row]
        cells = [
            table["review_id"][row],
            table["text"][row],
            table["day"][row],
            table.get("rating", empty)[row],
            None if polarity is None else round(polarity, 3),
            _index(LABELS, table["label"][row]),
            _index(STATUSES, table["status"][row]),
            table["duplicate_of"][row],
            int(bool(table["needs_review"][row])),
            int(table["counted"][row]),
            flags,
            marks.get(row, []),
            *(places[name].get(table[name][row], -1) for name in units),
        ]
        rows.append(cells)
    return rows


def _index(names: Sequence[str], name: str | None) -> int:
    return names.index(name) if name in names else -1


def _marks(summary: Mapping[str, Any], codes: Sequence[str]) -> dict[int, list[list[int]]]:
    """Collect ``[start, end, facet, label, issue]`` by review; issue -1 where there is none."""
    mentions = summary["mentions"]
    facets = {code: k for k, code in enumerate(codes)}
    issues = {row["issue_id"]: k for k, row in enumerate(summary["issues"])}
    found: dict[int, list[list[int]]] = {}
    columns = (mentions[name] for name in ("row", "start", "end", "facet", "label", "issue_id"))
    for row, start, end, facet, label, issue in zip(*columns, strict=True):
        mark = [start, end, facets[facet], LABELS.index(label), issues.get(issue, -1)]
        found.setdefault(row, []).append(mark)
    return found
