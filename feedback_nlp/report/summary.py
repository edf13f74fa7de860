"""Everything a report says, computed once; the renderers only lay it out.

Nothing after this module computes: the HTML, the Excel and the Markdown read the same numbers and the same
sentences from :func:`build`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from feedback_nlp.insight.shares import wilson
from feedback_nlp.report import customers, experience
from feedback_nlp.report.driving import driving
from feedback_nlp.report.evidence import Evidence
from feedback_nlp.report.headline import headline
from feedback_nlp.report.monitoring import public as public_monitoring
from feedback_nlp.report.places import places
from feedback_nlp.report.ranking import issue_rows, period_name
from feedback_nlp.report.wording import Words
from feedback_nlp.schema import LABELS, SCHEMA_VERSION, STATUSES

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.analysis import Insight
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["build", "public"]

GROUPS = ("channel", "store", "product")
_REVIEW_COLUMNS = ("review_id", "text", "rating", "nps", "channel", "store", "product")
_SCORED_COLUMNS = tuple(
    f"fb_{name}"
    for name in ("label", "polarity", "confidence", "flags", "status", "duplicate_of", "needs_review")
)
_MENTION_COLUMNS = ("clause", "start", "end", "text", "facet", "score", "polarity", "label", "issue_id")
_PUBLIC_ISSUE = (
    "issue_id", "rank", "rank_low", "rank_high", "element", "facet", "name", "n_mentions", "n_reviews",
    "n_customers", "share", "share_low", "share_high", "mean_polarity", "impact", "scope", "feasibility",
    "priority", "safety", "trend", "remedy", "examples", "p_first", "p_top3", "severity", "importance",
    "spread", "trend_change", "trend_q", "other", "new", "pinned", "by_month",
)  # fmt: skip
_PUBLIC_REVIEWS = (
    "n", "n_scored", "n_counted", "n_empty", "n_default", "n_foreign", "n_duplicates", "n_near_duplicates",
    "n_masked", "n_needs_review", "period",
)  # fmt: skip
_PUBLIC_ELEMENT = (
    "element", "n_reviews", "share", "share_low", "share_high", "negative_share", "low", "high",
    "mean_polarity", "n_rating", "rating_mean", "csat", "csat_low", "csat_high",
    "n_nps", "nps", "nps_low", "nps_high",
)  # fmt: skip


def build(
    reviews: pa.Table,
    mentions: pa.Table,
    insight: Insight,
    taxonomy: Taxonomy,
    meta: Mapping[str, Any],
    *,
    lang: str = "zh",
    mask: bool = True,
) -> dict[str, Any]:
    """Compute a whole report.

    Parameters
    ----------
    reviews : pyarrow.Table
        Canonical reviews with the ``fb_`` columns, all rows of the input in order.
    mentions : pyarrow.Table
        ``insight.mentions``: mentions of those rows with ``issue_id`` filled.
    insight : Insight
        From ``insight.analysis.analyse``.
    taxonomy : Taxonomy
        Gives the names and suggested actions.
    meta : mapping
        ``input`` (with ``name``), ``options``, ``model``, ``roles``, ``created``, ``version``; optional
        ``notes`` (sentences about the input), ``card`` (figures on development data) and ``max_error`` (the
        target that decided which reviews ask for a person).
    lang : str
        ``"zh"`` or ``"en"``.
    mask : bool
        Mask personal data in every text.

    Returns
    -------
    dict
        Plain Python values; shares in [0, 1], missing is ``None``. It holds every review.
    """
    words = Words(lang)
    evidence = Evidence.of(reviews, mentions, mask=mask)
    issues = issue_rows(insight, evidence, taxonomy, words, mask=mask)
    band = [row["issue_id"] for row in issues if row["safety"]]
    n_safety = len({place for code in band for place in evidence.by_issue.get(code, ())})
    counts = _review_counts(evidence)
    levels = _levels(insight, taxonomy, words)
    found: dict[str, Any] = _clean(
        {
            "lang": lang,
            "masked": mask,
            **_about(meta, words),
            "reviews": counts,
            "satisfaction": dict(insight.satisfaction),
            "headline": headline(issues, insight.first, insight.n_counted, words, n_safety=n_safety),
            "groups": {name: _group(name, evidence) for name in GROUPS if name in evidence.reviews},
            "elements": levels["element"],
            "facets": levels["facet"],
            "issues": issues,
            "driving": driving(insight, issues, taxonomy, words),
            "places": places(insight, issues, words),
            "pareto": insight.pareto.to_pylist(),
            "quadrants": _quadrants(insight, taxonomy, words),
            "importance_kind": insight.importance_kind,
            "importance_reason": insight.importance_reason.in_(lang) if insight.importance_reason else None,
            "periods": _periods(insight, words),
            "first": dict(insight.first),
            "warnings": [warning.in_(lang) for warning in insight.warnings],
            "table": _table(evidence),
            "mentions": _mentions(evidence, taxonomy, words),
            "names": _names(taxonomy, words),
            "monitoring": meta.get("monitoring"),
            "experience": meta.get("experience"),
            "customers": meta.get("customers"),
            "shown": evidence.shown([quote for row in issues for quote in row["examples"] or ()]),
        }
    )
    return found


def _about(meta: Mapping[str, Any], words: Words) -> dict[str, Any]:
    source = dict(meta.get("input", {}))
    source.setdefault("name", words("cover.table"))
    return {
        "input": source,
        "notes": [note.in_(words.lang) for note in meta.get("notes", ())],
        "options": dict(meta.get("options", {})),
        "max_error": meta.get("max_error"),
        "model": dict(meta.get("model", {})),
        "card": dict(meta.get("card") or {}),
        "roles": dict(meta.get("roles", {})),
        "created": meta.get("created"),
        "version": meta.get("version"),
    }


def _review_counts(evidence: Evidence) -> dict[str, Any]:
    columns = evidence.reviews
    statuses = columns["fb_status"]
    counted = evidence.counted
    n_counted = sum(counted)
    labels = [label for label, ok in zip(columns["fb_label"], counted, strict=True) if ok]
    by_label = {f"n_{label}": labels.count(label) for label in LABELS}
    days = sorted(day for day, ok in zip(evidence.days, counted, strict=True) if ok and day)
    low, high = _interval(by_label["n_negative"], n_counted)
    needs = (need for need, ok in zip(columns["fb_needs_review"], counted, strict=True) if ok)
    return {
        "n": evidence.n,
        "n_scored": statuses.count("ok"),
        "n_counted": n_counted,
        **{f"n_{status}": statuses.count(status) for status in STATUSES if status != "ok"},
        "n_duplicates": sum(source is not None for source in columns["fb_duplicate_of"]),
        "n_near_duplicates": evidence.n_near,
        "n_masked": evidence.n_masked,
        "n_needs_review": sum(bool(need) for need in needs),
        "period": [days[0], days[-1]] if days else None,
        **by_label,
        "negative_share": by_label["n_negative"] / n_counted if n_counted else None,
        "negative_low": low,
        "negative_high": high,
    }


def _interval(x: int, n: int) -> tuple[float, float]:
    low, high = wilson(x, n)
    return float(low), float(high)


def _group(name: str, evidence: Evidence) -> list[dict[str, Any]]:
    """Count counted reviews and negative ones by channel, store or product; most first."""
    totals: dict[str, list[int]] = {}
    columns = (evidence.reviews[name], evidence.reviews["fb_label"], evidence.counted)
    for unit, label, ok in zip(*columns, strict=True):
        if ok and unit is not None:
            total = totals.setdefault(str(unit), [0, 0])
            total[0] += 1
            total[1] += label == "negative"
    rows = sorted(totals.items(), key=lambda item: (-item[1][0], item[0]))
    found = []
    for unit, (n, negative) in rows:
        low, high = _interval(negative, n)
        found.append(
            {"unit": unit, "n": n, "n_negative": negative, "share": negative / n, "low": low, "high": high}
        )
    return found


def _levels(insight: Insight, taxonomy: Taxonomy, words: Words) -> dict[str, list[dict[str, Any]]]:
    levels: dict[str, list[dict[str, Any]]] = {"element": [], "facet": []}
    for row in insight.elements.to_pylist():
        row["name"] = taxonomy.label(row["code"], words.lang)
        row["trend_name"] = words(f"trend.{row['trend']}")
        levels[row["level"]].append(row)
    for rows in levels.values():
        rows.sort(key=lambda row: (-row["negative_share"], -row["n_reviews"], row["code"]))
    return levels


def _quadrants(insight: Insight, taxonomy: Taxonomy, words: Words) -> list[dict[str, Any]]:
    return [{**row, "name": taxonomy.label(row["code"], words.lang)} for row in insight.quadrants.to_pylist()]


def _periods(insight: Insight, words: Words) -> list[dict[str, Any]]:
    return [{**row, "name": period_name(row["period"], words)} for row in insight.periods.to_pylist()]


def _table(evidence: Evidence) -> dict[str, list[Any]]:
    """Return the reviews as columns, ``fb_`` taken off the names."""
    kept = {name: evidence.reviews[name] for name in _REVIEW_COLUMNS if name in evidence.reviews}
    kept.update({name.removeprefix("fb_"): evidence.reviews[name] for name in _SCORED_COLUMNS})
    return {**kept, "day": evidence.days, "counted": evidence.counted}


def _mentions(evidence: Evidence, taxonomy: Taxonomy, words: Words) -> dict[str, list[Any]]:
    names = _names(taxonomy, words)
    kept: dict[str, list[Any]] = {name: evidence.mentions[name] for name in _MENTION_COLUMNS}
    kept["facet_name"] = [names.get(code, code) for code in kept["facet"]]
    return {"row": evidence.rows, **kept}


def _names(taxonomy: Taxonomy, words: Words) -> dict[str, str]:
    codes = (*(element.code for element in taxonomy.elements), *taxonomy.codes)
    return {code: taxonomy.label(code, words.lang) for code in codes}


def public(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``summary.json`` of the contract: plain JSON values, null for what is missing.

    Parameters
    ----------
    summary : mapping
        From :func:`build`.
    """
    satisfaction = {
        key: summary["satisfaction"].get(key)
        for key in ("rating_mean", "nps", "nps_low", "nps_high", "csat", "csat_low", "csat_high")
    }
    counted = summary["reviews"]
    return {
        "schema": SCHEMA_VERSION,
        "version": summary["version"],
        "created": summary["created"],
        "input": summary["input"],
        "options": summary["options"],
        "model": summary["model"],
        "reviews": {key: counted[key] for key in _PUBLIC_REVIEWS},
        "satisfaction": satisfaction,
        "elements": [_picked(row, _PUBLIC_ELEMENT) for row in summary["elements"]],
        "issues": [_public_issue(row) for row in summary["issues"]],
        "first": summary["first"],
        "monitoring": public_monitoring(summary["monitoring"]),
        "experience": experience.public(summary["experience"]),
        "customers": customers.public(summary["customers"]),
        "drivers": summary["driving"],
        "warnings": summary["warnings"],
    }


def _picked(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _public_issue(row: Mapping[str, Any]) -> dict[str, Any]:
    stores = [
        {"store": unit["unit"], **{k: v for k, v in unit.items() if k != "unit"}}
        for unit in row["units"].get("store", [])
    ]
    return {**_picked(row, _PUBLIC_ISSUE), "by_store": stores}


def _clean(value: Any) -> Any:
    """Turn tuples into lists and NaN or infinity into ``None``, all the way down."""
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
