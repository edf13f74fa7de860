"""What moves satisfaction, in words and rows: drivers, low scores, and what a fix would be worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedback_nlp.insight.what_if import OUTCOMES, changes
from feedback_nlp.report.ranking import LISTED
from feedback_nlp.report.sheets import Sheet
from feedback_nlp.report.wording import Words

if TYPE_CHECKING:
    from feedback_nlp.insight.analysis import Insight
    from feedback_nlp.insight.what_if import Change
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["driving", "driving_sheets"]

# Under this R² the score rests on what the reviews don't say.
LITTLE = 0.1
# Issues in the table of what a fix would be worth.
N_FIXES = 15
_DIGITS = {"rating": 2, "nps": 1}


def driving(
    insight: Insight, issues: Sequence[Mapping[str, Any]], taxonomy: Taxonomy, words: Words
) -> dict[str, Any]:
    """Return the section on satisfaction.

    Parameters
    ----------
    insight : Insight
    issues : sequence of dict
        Enriched issue rows in rank order.
    taxonomy : Taxonomy
    words : Words

    Returns
    -------
    dict
        ``sentences``; ``levels`` (rows by level, each with the figures of ``drivers_schema`` and
        ``detractors_schema``); ``outcomes`` that a fix is told for; ``fixes`` by level, each row with
        ``cells`` by outcome; ``reasons`` for what can't be told.
    """
    levels = {level: _rows(insight, level, taxonomy, words) for level in ("element", "facet")}
    fixes = {
        "element": _fixes(
            insight, "element", [(row["code"], row["name"]) for row in levels["element"]], words
        ),
        "issue": _fixes(insight, "issue", _candidates(issues), words),
    }
    told = {name for rows in fixes.values() for row in rows for name in row["cells"]}
    return {
        "sentences": _sentences(insight, levels["element"], words),
        "levels": levels,
        "outcomes": [name for name in OUTCOMES if name in told],
        "fixes": fixes,
        "reasons": _reasons(insight, words),
    }


def _candidates(issues: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    listed = [row for row in issues if row["group"] == LISTED and not row["other"]]
    return [(row["issue_id"], row["name"]) for row in listed[:N_FIXES]]


def _rows(insight: Insight, level: str, taxonomy: Taxonomy, words: Words) -> list[dict[str, Any]]:
    """Return the drivers of a level, the weightiest first, with their odds of a low score."""
    low = {row["code"]: row for row in insight.detractors[level].table.to_pylist()}
    names = insight.detractors[level].table.column_names
    rows: list[dict[str, Any]] = [row for row in insight.drivers.to_pylist() if row["level"] == level]
    for row in rows:
        row.update(
            dict.fromkeys(name for name in names if name not in row),
            name=taxonomy.label(row["code"], words.lang),
            element=row["code"].partition(".")[0],
            kind_name=words(f"drive.kind_{row['kind']}") if row["kind"] else "",
        )
        found = low.get(row["code"], {})
        row.update({name: value for name, value in found.items() if name not in ("code", "n_negative")})
    return sorted(rows, key=lambda row: (-row["weight"], row["code"]))


def _sentences(insight: Insight, rows: Sequence[Mapping[str, Any]], words: Words) -> list[str]:
    found = insight.driving["element"]
    if found.reason is not None:
        return [words("drive.refused", reason=found.reason.in_(words.lang)), *_low(insight, words)]
    top = rows[0]
    text = words(
        "drive.found",
        n=words.count(found.n),
        outcome=words(f"drive.outcome_{found.outcome}"),
        r2=words.percent(found.r2),
        name=words.quoted(top["name"]),
        weight=words.with_span(top["weight"], top["weight_low"], top["weight_high"]),
    )
    if found.r2 is not None and found.r2 < LITTLE:
        text += words("number.gap") + words("drive.little")
    return [text, *_low(insight, words, rows)]


def _low(insight: Insight, words: Words, rows: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Say what goes with low scores: of what is surely tied to them, the one blamed by most."""
    found = insight.detractors["element"]
    if found.reason is not None:
        # The same reason twice would say nothing new.
        if insight.driving["element"].reason == found.reason:
            return []
        return [words("drive.low_refused", reason=found.reason.in_(words.lang))]
    sure = [row for row in rows if row.get("odds_low") is not None and row["odds_low"] > 1]
    if not sure:
        return []
    top = max(sure, key=lambda row: (row["n_negative"], row["code"]))
    return [
        words(
            "drive.low",
            what=words(f"drive.low_{found.outcome}"),
            n=words.count(found.n_low),
            share=words.percent(found.n_low / found.n),
            name=words.quoted(top["name"]),
            with_=words.percent(top["share_with"]),
            without=words.percent(top["share_without"]),
            odds=words.decimal(top["odds"], 1),
            low=words.decimal(top["odds_low"], 1),
            high=words.decimal(top["odds_high"], 1),
        )
    ]


def _fixes(
    insight: Insight, level: str, named: Sequence[tuple[str, str]], words: Words
) -> list[dict[str, Any]]:
    """Return what each code would be worth, the most first; those that can't be told are left out."""
    rows = []
    for code, name in named:
        found = [change for change in changes(insight.effects, level, [code]) if change.change is not None]
        if found:
            rows.append(
                {"code": code, "name": name, "cells": {one.outcome: _cell(one, words) for one in found}}
            )
    return sorted(rows, key=_worth)


def _worth(row: Mapping[str, Any]) -> list[float]:
    """Order by the first score that the file has, the largest change first."""
    return [-row["cells"][name]["change"] if name in row["cells"] else 0.0 for name in OUTCOMES]


def _cell(one: Change, words: Words) -> dict[str, Any]:
    return {
        "change": one.change,
        "low": one.low,
        "high": one.high,
        "half": None if one.change is None else one.change / 2,
        "now": one.now,
        "after": one.after,
        "n": one.n,
        "text": _signed(one.outcome, one.change, words),
        "half_text": _signed(one.outcome, None if one.change is None else one.change / 2, words),
        "span": words(
            "number.span",
            low=_signed(one.outcome, one.low, words),
            high=_signed(one.outcome, one.high, words),
        ),
    }


def _signed(outcome: str, value: float | None, words: Words) -> str:
    if value is None:
        return words.signed(None)
    if outcome == "csat":
        return words("drive.points", x=words.signed(100 * value, 1))
    return words.signed(value, _DIGITS[outcome])


def _reasons(insight: Insight, words: Words) -> list[str]:
    """Say, once each, why scores can't be told."""
    told = {
        words(
            "drive.not_told", outcome=words(f"drive.outcome_{one.outcome}"), reason=one.reason.in_(words.lang)
        )
        for one in insight.effects
        if one.reason is not None and one.level == "element"
    }
    return sorted(told)


_DRIVERS = (
    ("level", 8, "text"), ("name", 24, "text"), ("n_negative", 10, "count"), ("n_positive", 10, "count"),
    ("weight", 10, "percent"), ("weight_low", 10, "percent"), ("weight_high", 10, "percent"),
    ("sign", 8, "text"),
    ("penalty", 10, "number"), ("penalty_low", 10, "number"), ("penalty_high", 10, "number"),
    ("reward", 10, "number"), ("reward_low", 10, "number"), ("reward_high", 10, "number"),
    ("kind_name", 10, "text"), ("kind_share", 10, "percent"),
    ("score_impact", 10, "number"), ("score_impact_low", 10, "number"), ("score_impact_high", 10, "number"),
    ("share_with", 10, "percent"), ("share_without", 10, "percent"),
    ("odds", 10, "number"), ("odds_low", 10, "number"), ("odds_high", 10, "number"),
)  # fmt: skip
_FIXES = (
    ("level", 8, "text"), ("name", 28, "text"), ("outcome", 10, "text"), ("n_answers", 9, "count"),
    ("now", 9, "number"), ("change", 10, "number"), ("change_low", 10, "number"),
    ("change_high", 10, "number"), ("after", 9, "number"), ("half", 10, "number"),
)  # fmt: skip


def driving_sheets(summary: Mapping[str, Any], words: Words) -> list[Sheet]:
    """Return the sheets of the section; where one is empty it says why."""
    found, names = summary["driving"], summary["names"]
    drivers = [
        [_told(row, key, names, words) for key, *_ in _DRIVERS]
        for level in ("element", "facet")
        for row in found["levels"][level]
    ]
    fixes = [
        [
            words(f"sheet.level_{level}"), row["name"], words(f"drive.outcome_{outcome}"), cell["n"],
            *(cell[key] for key in ("now", "change", "low", "high", "after", "half")),
        ]
        for level, rows in found["fixes"].items()
        for row in rows
        for outcome, cell in row["cells"].items()
    ]  # fmt: skip
    why = found["sentences"][:1]
    return [
        ("drivers", list(_DRIVERS), drivers or [["", *why]]),
        ("fixes", list(_FIXES), fixes or [["", *(found["reasons"] or why)]]),
    ]


def _told(row: Mapping[str, Any], key: str, names: Mapping[str, str], words: Words) -> Any:
    if key == "level":
        return words(f"sheet.level_{row['level']}")
    if key == "name" and row["level"] == "facet":
        return f"{names.get(row['element'], row['element'])} · {row['name']}"
    if key == "sign":
        return words("drive.sign_with" if row["sign"] >= 0 else "drive.sign_against")
    return row[key]
