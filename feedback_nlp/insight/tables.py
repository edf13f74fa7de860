"""The tables of an analysis that are read off the tally: elements, periods, units and spread of issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedback_nlp.insight import nps
from feedback_nlp.insight.facts import UNIT_COLUMNS
from feedback_nlp.insight.scope import issue_spread_schema, issue_units_schema, spread, unit_rates, verdicts
from feedback_nlp.insight.shares import wilson
from feedback_nlp.insight.tally import FIXED, Tally
from feedback_nlp.insight.trends import Calendar, nested, trends
from feedback_nlp.schema import LABELS

__all__ = [
    "Reach",
    "elements_schema",
    "elements_table",
    "issue_periods_schema",
    "issue_periods_table",
    "nulls",
    "periods_schema",
    "periods_table",
    "reach",
]

# A chart of more units than this can't be read; the largest are kept.
MAX_UNITS = 200
# A channel for complaints is full of them by nature, so only places and products are called local.
LOCAL_COLUMNS = ("store", "product")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def elements_schema() -> pa.Schema:
    """Schema of the elements table: counts of distinct reviews, shares of all counted reviews.

    ``n_rating`` and ``n_nps`` are the answers that ``rating_mean``, ``csat`` and ``nps`` rest on, those of
    reviews that mention the element. ``trend`` is that of the negative share, and
    ``local_column``, ``local_unit`` name the one store or product that the blame sits in, if any: an element
    keeps the counts together that its issues split, so it shows what is too thin to show in each.
    """
    counts = ("n_reviews", "n_negative", "n_neutral", "n_positive", "n_rating", "n_nps")
    numbers = ("mean_polarity", "rating_mean", *_spans("csat"), *_spans("nps"), "importance")
    shares = ("share", "share_low", "share_high", "negative_share", "low", "high")
    return pa.schema(
        [
            *((name, pa.string()) for name in ("level", "code", "element")),
            *((name, pa.int64()) for name in counts),
            *((name, pa.float64()) for name in (*shares, *numbers)),
            ("importance_kind", pa.string()),
            ("trend", pa.string()),
            ("trend_change", pa.float64()),
            ("trend_q", pa.float64()),
            ("local_column", pa.string()),
            ("local_unit", pa.string()),
        ]
    )


def _spans(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def elements_table(
    tally: Tally,
    level: str,
    codes: Sequence[str],
    *,
    n_reviews: int,
    importance: Floats,
    kind: str,
    calendar: Calendar,
    scale: tuple[float, float] | None = None,
) -> pa.Table:
    """Return the rows of one level; a review that praises and blames an element counts in both labels.

    ``scale`` is that of the ratings; without it there is no CSAT.
    """
    counts = {label: tally.vector(level, codes, label=label) for label in LABELS}
    any_label = tally.vector(level, codes)
    mentions = tally.vector(level, codes, measure="n_mentions")
    polarity = tally.vector(level, codes, measure="polarity") / FIXED
    base = np.full(len(codes), n_reviews)
    share_low, share_high = wilson(any_label, base)
    low, high = wilson(counts["negative"], base)
    columns = {
        "level": [level] * len(codes),
        "code": list(codes),
        "element": [code.partition(".")[0] for code in codes],
        "n_reviews": any_label,
        **{f"n_{label}": counts[label] for label in LABELS},
        "share": any_label / max(n_reviews, 1),
        "share_low": share_low,
        "share_high": share_high,
        "negative_share": counts["negative"] / max(n_reviews, 1),
        "low": low,
        "high": high,
        "mean_polarity": polarity / np.maximum(mentions, 1),
        **_scores(tally, level, codes, scale),
        "importance": importance,
        "importance_kind": [kind] * len(codes),
        **_blame_over_time(tally, level, codes, calendar),
        **_blame_by_unit(tally, level, codes),
    }
    return pa.table({name: columns[name] for name in elements_schema().names}, schema=elements_schema())


def _blame_over_time(
    tally: Tally, level: str, codes: Sequence[str], calendar: Calendar
) -> dict[str, list[str] | list[float | None]]:
    counts = calendar.counts(tally, level, codes, label="negative")
    base = calendar.counts(tally, "all", [""])[0]
    found = trends(counts, base, calendar.position)
    if level == "facet":
        owners = [code.partition(".")[0] for code in codes]
        elements = list(dict.fromkeys(owners))
        above = trends(calendar.counts(tally, "element", elements, label="negative"), base, calendar.position)
        found = nested(found, above, [elements.index(owner) for owner in owners])
    return {"trend": found.kind, "trend_change": nulls(found.change), "trend_q": nulls(found.q)}


def _blame_by_unit(tally: Tally, level: str, codes: Sequence[str]) -> dict[str, list[str | None]]:
    """Name the first column, and its unit, in which the blame is local."""
    column: list[str | None] = [None] * len(codes)
    unit: list[str | None] = [None] * len(codes)
    for name in LOCAL_COLUMNS:
        names = tally.units(name)
        if not names:
            continue
        base = tally.matrix("all", [""], name, names)[0]
        counts = tally.matrix(level, codes, name, names, label="negative")
        for place, where in enumerate(verdicts(counts, base)[1].tolist()):
            if where >= 0 and column[place] is None:
                column[place], unit[place] = name, names[where]
    return {"local_column": column, "local_unit": unit}


def nulls(values: Floats) -> list[float | None]:
    """Return numbers with None in the place of NaN."""
    return [None if np.isnan(value) else float(value) for value in values]


def _scores(
    tally: Tally, level: str, codes: Sequence[str], scale: tuple[float, float] | None
) -> dict[str, list[float | None] | list[int]]:
    """Return what those who mention each code answered: mean rating, CSAT and NPS."""
    rated = _histograms(tally, level, codes, "rating")
    means = [nps.mean(*part) for part in rated]
    satisfied = [nps.csat(part[0], scale, part[1]) if scale else nps.NOTHING for part in rated]
    net = [nps.nps(*part) for part in _histograms(tally, level, codes, "nps")]
    return {
        "rating_mean": [part.value for part in means],
        "n_rating": [part.n for part in means],
        "n_nps": [part.n for part in net],
        **{
            name: [part[place] for part in parts]
            for score, parts in (("csat", satisfied), ("nps", net))
            for place, name in enumerate(_spans(score))
        },
    }


def _histograms(tally: Tally, level: str, codes: Sequence[str], column: str) -> list[tuple[Floats, Ints]]:
    """Return (values, counts) of a score for each code."""
    units = tally.units(column)
    values = np.array([float(unit) for unit in units])
    return [(values, row) for row in tally.matrix(level, codes, column, units)]


def periods_schema() -> pa.Schema:
    """Schema of the periods; negative is by ``fb_label``, its interval Wilson's."""
    head = [("period", pa.string()), ("n_reviews", pa.int64()), ("n_negative", pa.int64())]
    return pa.schema(
        [*head, *((name, pa.float64()) for name in ("negative_share", "low", "high", "rating_mean"))]
    )


def periods_table(tally: Tally, calendar: Calendar) -> pa.Table:
    """Return reviews, negative reviews and mean rating of each period."""
    n_reviews = calendar.counts(tally, "all", [""])[0]
    negative = calendar.counts(tally, "all", [""], label="negative")[0]
    low, high = wilson(negative, n_reviews)
    columns = {
        "period": list(calendar.names),
        "n_reviews": n_reviews,
        "n_negative": negative,
        "negative_share": negative / np.maximum(n_reviews, 1),
        "low": low,
        "high": high,
        "rating_mean": _rating_means(tally, calendar),
    }
    return pa.table(columns, schema=periods_schema())


def _rating_means(tally: Tally, calendar: Calendar) -> list[float | None]:
    units = tally.units("day_rating")
    counts = tally.matrix("all", [""], "day_rating", units)[0]
    place = dict(zip(calendar.days, calendar.of_day.tolist(), strict=True))
    split = [unit.split(" ") for unit in units]
    period = np.array([place[day] for day, _ in split], dtype=np.int64)
    values = np.array([float(rating) for _, rating in split])
    masks = (period == k for k in range(len(calendar.names)))
    return [nps.mean(values[mask], counts[mask]).value for mask in masks]


def issue_periods_schema() -> pa.Schema:
    """Schema of distinct reviews by issue and period; ``n_base`` is all reviews of the period."""
    names = [(name, pa.string()) for name in ("issue_id", "period")]
    return pa.schema([*names, ("n_reviews", pa.int64()), ("n_base", pa.int64())])


def issue_periods_table(issue_ids: Sequence[str], counts: Ints, calendar: Calendar, base: Ints) -> pa.Table:
    """Return counts of shape (n_issues, n_periods) as rows, zeros included."""
    n_issues, n_periods = counts.shape
    columns = {
        "issue_id": [issue for issue in issue_ids for _ in range(n_periods)],
        "period": list(calendar.names) * n_issues,
        "n_reviews": counts.ravel(),
        "n_base": np.tile(base, n_issues),
    }
    return pa.table(columns, schema=issue_periods_schema())


@dataclass(frozen=True)
class Reach:
    """Where issues turn up: tables of ``issue_units_schema`` and ``issue_spread_schema``, and the factor in
    Scope.

    ``spread`` has shape (n_issues,): the smallest over the columns, 1 where there is none.
    """

    units: pa.Table
    verdicts: pa.Table
    spread: Floats


def reach(tally: Tally, issue_ids: Sequence[str]) -> Reach:
    """Look at every unit column that the file has."""
    units, told, smallest = [issue_units_schema().empty_table()], [issue_spread_schema().empty_table()], []
    for column in UNIT_COLUMNS:
        names = tally.units(column)
        if not names:
            continue
        base = tally.matrix("all", [""], column, names)[0]
        counts = tally.matrix("issue", issue_ids, column, names)
        even = spread(counts, base)
        units.append(_units_table(column, issue_ids, names, counts, base))
        told.append(_spread_table(column, issue_ids, names, even, *verdicts(counts, base)))
        smallest.append(even)
    least = np.min(smallest, axis=0) if smallest else np.ones(len(issue_ids))
    return Reach(pa.concat_tables(units), pa.concat_tables(told), least)


def _units_table(
    column: str, issue_ids: Sequence[str], names: list[str], counts: Ints, base: Ints
) -> pa.Table:
    rate, low, high = unit_rates(counts, base)
    shown = np.sort(np.argsort(-base, kind="stable")[:MAX_UNITS])
    n_issues, n_units = len(issue_ids), len(shown)
    columns = {
        "issue_id": [issue for issue in issue_ids for _ in range(n_units)],
        "column": [column] * (n_issues * n_units),
        "unit": [names[place] for place in shown] * n_issues,
        "n_reviews": counts[:, shown].ravel(),
        "n_base": np.tile(base[shown], n_issues),
        "rate": rate[:, shown].ravel(),
        "low": low[:, shown].ravel(),
        "high": high[:, shown].ravel(),
    }
    return pa.table(columns, schema=issue_units_schema())


def _spread_table(
    column: str, issue_ids: Sequence[str], names: list[str], even: Floats, verdict: list[str], unit: Ints
) -> pa.Table:
    columns = {
        "issue_id": list(issue_ids),
        "column": [column] * len(issue_ids),
        "unit": [None if place < 0 else names[place] for place in unit],
        "verdict": verdict,
        "spread": even,
    }
    return pa.table(columns, schema=issue_spread_schema())
