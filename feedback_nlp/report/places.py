"""One shop or everywhere: the verdict on each issue in words, and what a funnel chart shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.insight.facts import UNIT_COLUMNS
from feedback_nlp.insight.scope import FUNNEL_LEVELS, MIN_UNIT_REVIEWS, funnel_limits
from feedback_nlp.report.ranking import LISTED
from feedback_nlp.report.sheets import Head, Sheet
from feedback_nlp.report.wording import Words

if TYPE_CHECKING:
    from feedback_nlp.insight.analysis import Insight

__all__ = ["place_sheets", "places"]

N_FUNNELS = 3
# Fewer units than this make a bar chart of a few bars, not a funnel.
MIN_POINTS = 4
_GRID = 60


def places(insight: Insight, issues: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Return the section on where issues sit.

    Parameters
    ----------
    insight : Insight
    issues : sequence of dict
        Enriched issue rows in rank order, with ``units`` and ``where``.
    words : Words

    Returns
    -------
    dict
        ``sentences``; ``rows``, one for each listed issue with a verdict for each column; ``columns`` looked
        at; ``funnels``, the units of up to three issues with the limits of chance.
    """
    listed = [row for row in issues if row["group"] == LISTED and not row["other"]]
    told: dict[str, dict[str, Any]] = {}
    for verdict in insight.issue_spread.to_pylist():
        told.setdefault(verdict["issue_id"], {})[verdict["column"]] = verdict
    columns = [name for name in UNIT_COLUMNS if _n_units(insight, name) > 1]
    rows = [_row(row, told.get(row["issue_id"], {}), columns, words) for row in listed] if columns else []
    return {
        "sentences": _sentences(insight, rows, columns, words),
        "columns": columns,
        "rows": rows,
        "funnels": _funnels(listed, rows, columns, words),
    }


def _n_units(insight: Insight, column: str) -> int:
    """Return how many units of a column have enough reviews to be compared."""
    units = {
        row["unit"]
        for row in insight.issue_units.to_pylist()
        if row["column"] == column and row["n_base"] >= MIN_UNIT_REVIEWS
    }
    return len(units)


def _row(
    issue: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]], columns: Sequence[str], words: Words
) -> dict[str, Any]:
    verdicts = {
        column: {
            "kind": told[column]["verdict"],
            "unit": told[column]["unit"],
            "spread": told[column]["spread"],
            "text": _verdict(told[column], column, words),
        }
        for column in columns
        if column in told
    }
    local = next((column for column, one in verdicts.items() if one["kind"] == "local"), None)
    kinds = {one["kind"] for one in verdicts.values()}
    return {
        "issue_id": issue["issue_id"],
        "rank": issue["rank"],
        "name": issue["name"],
        "kind": "local" if local else "everywhere" if "everywhere" in kinds else "unclear",
        "column": local,
        "verdicts": verdicts,
        "spread": issue["spread"],
        "text": issue["where"]["text"] if issue["where"] else "",
    }


def _verdict(told: Mapping[str, Any], column: str, words: Words) -> str:
    if told["verdict"] == "local":
        return words(f"place.local_{column}", unit=told["unit"])
    return words(f"place.{told['verdict']}")


def _sentences(
    insight: Insight, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], words: Words
) -> list[str]:
    if not columns:
        has_any = insight.issue_units.num_rows > 0
        return [words("place.too_few" if has_any else "place.no_column", n=MIN_UNIT_REVIEWS)]
    if not rows:
        return [words("place.no_issue")]
    counts = {kind: sum(row["kind"] == kind for row in rows) for kind in ("local", "everywhere", "unclear")}
    sentences = [words("place.counts", n=len(rows), **counts)]
    local = [row for row in rows if row["kind"] == "local"]
    sentences += [
        words("place.one", name=words.quoted(row["name"]), text=row["text"]) for row in local[:N_FUNNELS]
    ]
    return sentences


def _funnels(
    issues: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    words: Words,
) -> list[dict[str, Any]]:
    """Return the funnels of the local issues first, then of one that is everywhere, for contrast."""
    by_id = {issue["issue_id"]: issue for issue in issues}
    local = [row for row in rows if row["kind"] == "local"]
    wide = [row for row in rows if row["kind"] == "everywhere"] or [row for row in rows if row not in local]
    found = []
    for row in [*local[: N_FUNNELS - 1], *wide[:1]]:
        # The column that the verdict rests on comes first.
        fitting = sorted(columns, key=lambda name: row["verdicts"].get(name, {}).get("kind") != row["kind"])
        for column in [row["column"]] if row["column"] else fitting:
            funnel = _funnel(by_id[row["issue_id"]], row, column, words)
            if funnel is not None:
                found.append(funnel)
                break
    return found


def _funnel(
    issue: Mapping[str, Any], row: Mapping[str, Any], column: str, words: Words
) -> dict[str, Any] | None:
    units = [unit for unit in issue["units"].get(column, []) if unit["n_base"]]
    if len(units) < MIN_POINTS:
        return None
    base = np.array([unit["n_base"] for unit in units])
    share = sum(unit["n_reviews"] for unit in units) / float(base.sum())
    grid = np.unique(np.geomspace(max(base.min() * 0.8, 1), base.max() * 1.1, _GRID).astype(np.int64))
    limits = [funnel_limits(share, grid, level=level) for level in FUNNEL_LEVELS]
    outer = funnel_limits(share, base, level=FUNNEL_LEVELS[-1])
    points = [
        {
            "unit": unit["unit"],
            "n": unit["n_base"],
            "x": unit["n_reviews"],
            "share": unit["n_reviews"] / unit["n_base"],
            "high": bool(unit["n_reviews"] / unit["n_base"] > high),
        }
        for unit, high in zip(units, outer[1].tolist(), strict=True)
    ]
    return {
        "issue_id": issue["issue_id"],
        "name": issue["name"],
        "column": column,
        "verdict": row["verdicts"][column]["text"] if column in row["verdicts"] else "",
        "share": share,
        "points": points,
        "n_high": sum(point["high"] for point in points),
        "grid": grid.tolist(),
        "limits": [{"low": low.tolist(), "high": high.tolist()} for low, high in limits],
        "note": words(
            "place.funnel_note", n=len(points), kind=words(f"where.many_{column}"),
            high=sum(point["high"] for point in points), share=words.percent(share),
        ),
    }  # fmt: skip


def place_sheets(summary: Mapping[str, Any], words: Words) -> list[Sheet]:
    """Return the sheet of the section; where it is empty it says why."""
    found = summary["places"]
    columns: list[Head] = [
        ("rank", 6, "count"),
        ("name", 26, "text"),
        ("verdict", 14, "text"),
        ("spread", 10, "number"),
    ]
    columns += [(f"place_{column}", 24, "text") for column in found["columns"]]
    columns += [("where", 60, "text")]
    rows = [
        [
            row["rank"], row["name"], words(f"place.{row['kind']}"), row["spread"],
            *(row["verdicts"].get(column, {}).get("text", "") for column in found["columns"]), row["text"],
        ]
        for row in found["rows"]
    ]  # fmt: skip
    return [("places", columns, rows or [[None, found["sentences"][0]]])]
