"""The ranked issues with what a reader asks next: since when, where, what to do, in whose words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedback_nlp.report.evidence import masked
from feedback_nlp.report.wording import Words

if TYPE_CHECKING:
    from feedback_nlp.insight.analysis import Insight
    from feedback_nlp.report.evidence import Evidence
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["LISTED", "MIN_LISTED", "RARE", "UNNAMED", "issue_rows", "period_name", "rest_text"]

N_QUOTES = 3
# What a reader gets to see first; what only a review or two tells of; what no problem has a name for.
LISTED, RARE, UNNAMED = "listed", "rare", "unnamed"
# An issue told by fewer reviews is rare, unless fewer than _FEW issues would be left.
MIN_LISTED = 3
# In large files an issue of a few reviews is as rare.
MIN_SHARE = 0.001
_FEW = 5
FACTORS = ("impact", "scope", "feasibility")
# What a playbook says of an issue.
PLAN = ("owner", "due", "feasibility", "severity")
N_UNITS = 8
# A place that holds more than half of an issue's reviews, in insight's verdicts.
LOCAL = "local"


def issue_rows(
    insight: Insight, evidence: Evidence, taxonomy: Taxonomy, words: Words, *, mask: bool
) -> list[dict[str, Any]]:
    """Return the issues in rank order with names, quotes, places and trends in words."""
    rows: list[dict[str, Any]] = insight.issues.to_pylist()
    names = masked([row["name"] for row in rows]) if mask else [row["name"] for row in rows]
    periods = _grouped(insight.issue_periods.to_pylist())
    units = _grouped(insight.issue_units.to_pylist())
    verdicts = _grouped(insight.issue_spread.to_pylist())
    months = sorted({day[:7] for day, ok in zip(evidence.days, evidence.counted, strict=True) if day and ok})
    groups = _groups(rows, insight.n_counted)
    rivals = [row for row, group in zip(rows, groups, strict=True) if group == LISTED and not row["safety"]]
    moving = _moving(insight)
    for row, name, group in zip(rows, names, groups, strict=True):
        code = row["issue_id"]
        row.update(
            name=name,
            element_name=taxonomy.label(row["element"], words.lang),
            facet_name=taxonomy.label(row["facet"], words.lang),
            remedy_name=words(f"remedy.{row['remedy']}") if row["remedy"] else "",
            action=taxonomy.facet(row["facet"]).action(words.lang) if row["facet"] in taxonomy.index else "",
            by_month=_by_month(evidence, evidence.by_issue.get(code, []), months),
            periods=periods.get(code, []),
            units=_units(units.get(code, [])),
            quotes=_quotes(row["examples"], evidence),
            group=group,
            plan=insight.plan.get(code) or dict.fromkeys(PLAN),
            places=_places(row, rivals),
        )
        row["where"] = _where(row["units"], verdicts.get(row["issue_id"], []), words)
        row["trend_name"] = trend_name(row, words)
        row["trend_text"] = _trend_text(row, words) + _facet_trend(row, moving, words)
    return rows


def rest_text(issues: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]], words: Words) -> str:
    """Say how many ``issues`` are not ``shown``, each group by its own name.

    One number over all three would contradict the count of issues shown elsewhere, which is of the listed.
    """
    codes = {row["issue_id"] for row in shown}
    counts = Counter(row["group"] for row in issues if row["issue_id"] not in codes)
    return words.joined(
        [words(f"rest.{group}", n=counts[group]) for group in (LISTED, RARE, UNNAMED) if counts[group]]
    )


def _moving(insight: Insight) -> dict[str, str]:
    """Return facet → trend of those that rise or fall."""
    columns = ("code", "level", "trend")
    rows = zip(*(insight.elements[name].to_pylist() for name in columns), strict=True)
    return {code: trend for code, level, trend in rows if level == "facet" and trend in ("rising", "falling")}


def _facet_trend(row: Mapping[str, Any], moving: Mapping[str, str], words: Words) -> str:
    """Say that the facet moves where the issue alone is too thin to show it."""
    trend = moving.get(row["facet"])
    if trend is None or row["trend"] not in ("steady", "unknown"):
        return ""
    return words(f"trend.facet_{trend}", facet=row["facet_name"])


def trend_name(row: Mapping[str, Any], words: Words) -> str:
    """Return the trend in a word, and first that the issue is new."""
    name = words(f"trend.{row['trend']}")
    if not row["new"]:
        return name
    new = words("issue.new")
    return new if row["trend"] == "unknown" else f"{new} · {name}"


def _groups(rows: Sequence[Mapping[str, Any]], n_counted: int) -> list[str]:
    """Part the issues into what is listed, rare and unnamed; those to verify are listed whatever they are."""
    named = [row for row in rows if not row["other"] and not row["safety"]]
    least = max(MIN_LISTED, math.ceil(MIN_SHARE * n_counted))
    least = least if sum(row["n_reviews"] >= least for row in named) >= _FEW else 1
    return [
        UNNAMED
        if row["other"] and not (row["safety"] or row["pinned"])
        else LISTED
        if row["safety"] or row["pinned"] or row["n_reviews"] >= least
        else RARE
        for row in rows
    ]


def _places(row: Mapping[str, Any], rivals: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the place of an issue among its rivals by each factor, 1 the largest, ties alike."""
    return {factor: 1 + sum(rival[factor] > row[factor] for rival in rivals) for factor in FACTORS}


def _grouped(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["issue_id"], []).append(row)
    return groups


def _by_month(evidence: Evidence, rows: Sequence[int], months: Sequence[str]) -> list[dict[str, Any]]:
    days = (evidence.days[row] for row in rows)
    counts = Counter(day[:7] for day in days if day)
    return [{"month": month, "n_reviews": counts[month]} for month in months]


def _units(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Split the units of an issue by column, highest shrunk rate first."""
    columns: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        columns.setdefault(row["column"], []).append(
            {key: value for key, value in row.items() if key not in ("issue_id", "column")}
        )
    for column in columns.values():
        column.sort(key=lambda row: (-row["rate"], str(row["unit"])))
    return columns


def _where(
    units: Mapping[str, list[dict[str, Any]]], verdicts: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any] | None:
    """Say in which one unit an issue sits, else in how many; stores before products before channels."""
    told = [
        found for verdict in verdicts if (found := _place(verdict, units.get(verdict["column"], []), words))
    ]
    local = [found for found in told if found["kind"] == LOCAL]
    chosen = (local or told)[:1]
    return chosen[0] if chosen else None


def _place(
    verdict: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any] | None:
    total = sum(row["n_reviews"] for row in rows)
    if len(rows) < 2 or not total:
        return None
    here = next((row for row in rows if row["unit"] == verdict["unit"]), None)
    found = {"column": verdict["column"], "unit": verdict["unit"], "kind": verdict["verdict"]}
    if here is not None and verdict["verdict"] == LOCAL:
        return {**found, "text": _local(here, rows, total, words)}
    present = sum(row["n_reviews"] > 0 for row in rows)
    values = {"kind": words(f"where.many_{verdict['column']}"), "present": present, "all": len(rows)}
    return {**found, "text": words(f"where.{verdict['verdict']}", **values)}


def _local(here: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], total: int, words: Words) -> str:
    rest = sum(row["n_base"] for row in rows) - here["n_base"]
    return words(
        "where.local",
        unit=here["unit"],
        x=here["n_reviews"],
        total=total,
        rate=words.percent(here["n_reviews"] / here["n_base"]),
        rest=words.percent((total - here["n_reviews"]) / rest if rest else 0.0),
    )


def period_name(period: str, words: Words, *, short: bool = False) -> str:
    """Write ``2025-01`` or ``2025-W03`` as the language does; ``short`` leaves out the year of a month."""
    found = re.fullmatch(r"(\d{4})-(W?)(\d{2})", period)
    if found is None:
        return period
    if found[2]:
        return words("number.week", year=found[1], number=int(found[3]))
    month = words("number.months").split("|")[int(found[3]) - 1]
    return (
        words("number.month_short", month=month)
        if short
        else words("number.month", year=found[1], month=month)
    )


def _trend_text(row: Mapping[str, Any], words: Words) -> str:
    spans = row["periods"]
    if row["trend"] not in ("rising", "falling") or not spans:
        return words("trend.text_" + row["trend"])
    unit = words("number.per_week" if "W" in spans[0]["period"] else "number.per_month")
    change = row["trend_change"]
    text = words("trend.text_" + row["trend"]) + _ends(row, words)
    if change is None:
        return text
    return text + words(f"trend.change_{row['trend']}", unit=unit, change=f"{abs(change) * 100:.0f}%")


def _ends(row: Mapping[str, Any], words: Words) -> str:
    """Return the shares of the first and the last period; nothing where those two run against the trend.

    Shares, since counts follow how many reviews a period has (the last one is often cut short).
    """
    first, last = row["periods"][0], row["periods"][-1]
    if not first["n_base"] or not last["n_base"]:
        return ""
    before, after = (part["n_reviews"] / part["n_base"] for part in (first, last))
    if (after > before) != (row["trend"] == "rising"):
        return ""
    short = first["period"][:4] == last["period"][:4]
    return words(
        "trend.ends",
        first=period_name(first["period"], words, short=short),
        last=period_name(last["period"], words, short=short),
        from_=words.percent(before),
        to=words.percent(after),
    )


def _quotes(examples: Sequence[str] | None, evidence: Evidence) -> list[dict[str, Any]]:
    found = [quote for example in examples or () if (quote := evidence.quote(example)) is not None]
    # One review quoted three times would look like three voices.
    voices = {quote["review_id"]: quote for quote in reversed(found)}
    return [quote for quote in found if voices[quote["review_id"]] is quote][:N_QUOTES]
