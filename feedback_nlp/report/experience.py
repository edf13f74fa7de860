"""The experience index in words, rows and drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedback_nlp.report.sheets import Head, Sheet
from feedback_nlp.report.wording import Words

if TYPE_CHECKING:
    from feedback_nlp.insight.experience import Experience

__all__ = ["build", "experience_sheets", "public"]

INDICES = ("experience", "satisfaction", "loyalty")
# Months in the table of the page; the workbook has all.
N_MONTHS = 12
WIDTH, HEIGHT = 300.0, 130.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 26.0, 6.0, 6.0, 20.0
_GRID = (0, 25, 50, 75, 100)

Block = dict[str, Any]


def build(found: Experience, names: Mapping[str, str], lang: str) -> Block:
    """Put the indices into words and drawings.

    Parameters
    ----------
    found : Experience
    names : mapping
        Element to its name.
    lang : {"zh", "en"}

    Returns
    -------
    dict
        ``rows`` of the table (as ``experience_schema``, with ``name``), ``sentences``, ``elements`` (rows of
        the whole file, the worst experience first), ``months`` and ``charts``; plain values.
    """
    words = Words(lang)
    rows = found.table.to_pylist()
    for row in rows:
        row["name"] = names.get(row["code"], row["code"]) if row["code"] else words("experience.all")
    whole = [row for row in rows if not row["month"]]
    monthly = [row for row in rows if row["month"]]
    together = [row for row in monthly if not row["code"]]
    elements = sorted((row for row in whole if row["code"]), key=lambda row: (row["experience"], row["code"]))
    months = [row["month"] for row in together][-N_MONTHS:]
    return {
        "rows": rows,
        "whole": whole[0],
        "sentences": _sentences(whole[0], found, words),
        "kinds": _kinds(found),
        "weights": found.weights,
        "elements": elements,
        "months": months,
        "by_month": _by_month(elements, monthly, months),
        "charts": _charts(together, words) if len(together) > 1 else [],
    }


def _kinds(found: Experience) -> dict[str, str]:
    return {
        "experience": found.weights_kind,
        "satisfaction": found.satisfaction_kind,
        "loyalty": found.loyalty_kind,
    }


def _sentences(whole: Mapping[str, Any], found: Experience, words: Words) -> list[str]:
    told = [
        words("experience.one", name=words(f"experience.{index}"), value=_figure(whole, index, words))
        for index in INDICES
        if whole[index] is not None
    ]
    if not told:
        return [words("experience.nothing")]
    how = "".join(
        words(f"experience.{index}_{kind}")
        for index, kind in _kinds(found).items()
        if whole[index] is not None
    )
    missing = [words(f"experience.no_{index}") for index in INDICES if whole[index] is None]
    return [words("experience.told", parts=words.joined(told)), how, *missing]


def _figure(row: Mapping[str, Any], index: str, words: Words) -> str:
    parts = {"x": row[index], "low": row[f"{index}_low"], "high": row[f"{index}_high"]}
    return words("experience.figure", **{name: f"{value:.0f}" for name, value in parts.items()})


def _by_month(
    elements: Sequence[Mapping[str, Any]], monthly: Sequence[Mapping[str, Any]], months: Sequence[str]
) -> list[Block]:
    """Return an experience for every element and month of the page, None where nobody spoke of it."""
    found = {(row["code"], row["month"]): row for row in monthly}
    return [
        {"name": row["name"], "cells": [found.get((row["code"], month)) for month in months]}
        for row in elements
    ]


def _charts(rows: Sequence[Mapping[str, Any]], words: Words) -> list[Block]:
    """Return a small drawing for each index, of numbers that an inline SVG takes."""
    across = (WIDTH - _LEFT - _RIGHT) / (len(rows) - 1)

    def point(place: int, value: float) -> str:
        y = HEIGHT - _BOTTOM - value / 100 * (HEIGHT - _TOP - _BOTTOM)
        return f"{_LEFT + place * across:.1f},{y:.1f}"

    charts = []
    for index in INDICES:
        known = [place for place, row in enumerate(rows) if row[index] is not None]
        if len(known) < 2:
            continue
        upper = [point(place, rows[place][f"{index}_high"]) for place in known]
        lower = [point(place, rows[place][f"{index}_low"]) for place in reversed(known)]
        name = words(f"experience.{index}")
        charts.append(
            {
                "name": name,
                "line": " ".join(point(place, rows[place][index]) for place in known),
                "band": " ".join(upper + lower),
                "dots": [
                    {
                        "at": point(place, rows[place][index]).split(","),
                        "text": f"{rows[place]['month']} {_figure(rows[place], index, words)}",
                    }
                    for place in known
                ],
                "grid": [{"at": point(0, value).split(",")[1], "label": value} for value in _GRID],
                "ends": [rows[0]["month"], rows[-1]["month"]],
                "alt": words("experience.alt", name=name),
                "width": WIDTH, "height": HEIGHT, "left": _LEFT,
            }
        )  # fmt: skip
    return charts


def public(block: Mapping[str, Any] | None) -> Block | None:
    """Return the machine-readable part for ``summary.json``."""
    if block is None:
        return None
    rows = [{key: value for key, value in row.items() if key != "name"} for row in block["rows"]]
    return {"kinds": block["kinds"], "weights": block["weights"], "rows": rows}


def experience_sheets(summary: Mapping[str, Any]) -> list[Sheet]:
    """Return the sheet of the indices by element and month."""
    block, words = summary["experience"], Words(summary["lang"])
    if block is None:
        return []
    columns: list[Head] = [
        ("xp_month", 10, "text"),
        ("xp_element", 14, "text"),
        ("xp_reviews", 9, "count"),
    ]
    keys = [f"{index}{part}" for index in (*INDICES, "combined") for part in ("", "_low", "_high")]
    columns += [(f"xp_{key}", 9, "number") for key in keys]
    rows = [
        [row["month"] or words("experience.file"), row["name"], row["n_reviews"], *(row[key] for key in keys)]
        for row in block["rows"]
    ]
    return [("experience", columns, rows)]
