"""Lists of facts that several renderers show: key figures, data quality, method."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from feedback_nlp.report.ranking import LISTED, RARE
from feedback_nlp.report.wording import Words

__all__ = ["about_blocks", "cards", "flow", "quality"]

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def _card(label: str, value: str, note: str = "") -> dict[str, str]:
    return {"label": label, "value": value, "note": note}


def cards(summary: Mapping[str, Any], words: Words) -> list[dict[str, str]]:
    """Return the key figures that the data allow: ``label``, ``value``, ``note``."""
    counts, scores = summary["reviews"], summary["satisfaction"]
    negative = words.span(counts["negative_low"], counts["negative_high"]) if counts["n_counted"] else ""
    shown = [
        _card(
            words("card.counted"),
            words.count(counts["n_counted"]),
            words("card.of", n=words.count(counts["n"])),
        ),
        _card(words("card.negative"), words.percent(counts["negative_share"]), negative),
    ]
    if scores.get("rating_mean") is not None:
        shown.append(_rating_card(scores, words))
    if scores.get("nps") is not None:
        span = words(
            "number.interval_to",
            low=words.signed(scores["nps_low"], 0),
            high=words.signed(scores["nps_high"], 0),
        )
        note = words("card.nps_note", interval=span, n=words.count(scores["n_nps"]))
        shown.append(_card("NPS", words.signed(scores["nps"], 0), note))
    if scores.get("csat") is not None:
        span = words.span(scores["csat_low"], scores["csat_high"])
        shown.append(_card(words("card.csat"), words.percent(scores["csat"]), span))
    return [*shown, _issues_card(summary["issues"], words)]


def _issues_card(issues: Sequence[Mapping[str, Any]], words: Words) -> dict[str, str]:
    listed = [row for row in issues if row["group"] == LISTED]
    n_rare = sum(row["group"] == RARE for row in issues)
    note = _moving(listed, words)
    if n_rare:
        note = words("card.rare", moving=note, n=n_rare)
    return _card(words("card.issues"), words.count(len(listed)), note)


def _rating_card(scores: Mapping[str, Any], words: Words) -> dict[str, str]:
    low, high = words.decimal(scores["rating_low"]), words.decimal(scores["rating_high"])
    scale = scores.get("rating_scale") or (None, None)
    note = words("number.interval", low=low, high=high)
    if scale[1] is not None:
        note = words("card.rating_note", interval=note, low=f"{scale[0]:g}", high=f"{scale[1]:g}")
    return _card(words("card.rating"), words.decimal(scores["rating_mean"]), note)


def _moving(issues: Sequence[Mapping[str, Any]], words: Words) -> str:
    rising, falling = (sum(row["trend"] == way for row in issues) for way in ("rising", "falling"))
    return words("card.moving", rising=rising, falling=falling)


def flow(counts: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """Return the parts of the reviews read that are counted and left out: ``key``, ``n``, ``label``."""
    keys = ("counted", "duplicates", "default", "empty", "foreign")
    parts = [{"key": key, "n": counts[f"n_{key}"], "label": words(f"flow.{key}")} for key in keys]
    return [part for part in parts if part["n"] or part["key"] == "counted"]


def quality(counts: Mapping[str, Any], words: Words, *, masked: bool) -> list[dict[str, str]]:
    """Return what else is known of the data: ``label``, ``value``, ``note``."""
    keys = ["near_duplicates", "masked", "needs_review"]
    rows = [
        {
            "label": words(f"quality.{key}"),
            "value": words.count(counts[f"n_{key}"]),
            "note": words(f"quality.{key}_note"),
        }
        for key in keys
        if counts[f"n_{key}"] is not None and (key != "masked" or masked)
    ]
    if counts["period"]:
        first, last = counts["period"]
        period = {
            "label": words("quality.period"),
            "value": words("quality.from_to", first=first, last=last),
            "note": "",
        }
        rows.insert(0, period)
    return rows


def about_blocks(summary: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """List model, options, columns and development figures for the last section."""
    roles = [(words(f"role.{role}"), column) for role, column in summary["roles"].items()]
    blocks = {
        "model": list(summary["model"].items()),
        "card": _flattened(summary["card"]),
        "input": list(summary["input"].items()),
        "options": list(summary["options"].items()),
        "roles": roles,
    }
    fields = words.section("field")
    return [
        {
            "title": words(f"about.{name}"),
            "rows": [
                (fields.get(key, key), _plain(value, words)) for key, value in rows if value not in _EMPTY
            ],
        }
        for name, rows in blocks.items()
        if rows
    ]


def _flattened(values: Mapping[str, Any], lead: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        rows += (
            _flattened(value, f"{lead}{key}.") if isinstance(value, Mapping) else [(f"{lead}{key}", value)]
        )
    return rows


def _plain(value: Any, words: Words) -> str:
    if isinstance(value, bool):
        return words("sheet.yes" if value else "sheet.no")
    if isinstance(value, list):
        return words.joined([_plain(item, words) for item in value])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
