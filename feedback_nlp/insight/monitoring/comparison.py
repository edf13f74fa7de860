"""Two sets of reviews side by side: what is said more often, what less, and what may be chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.insight import nps
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.proportions import cohen_h, difference, two_proportions
from feedback_nlp.insight.shares import wilson
from feedback_nlp.insight.tables import nulls
from feedback_nlp.insight.trends import adjust
from feedback_nlp.schema import FLAGS
from feedback_nlp.taxonomy import GENERAL

__all__ = ["LEVEL", "MIN_CELL", "MIN_SIDE", "Pair", "cells_schema", "compare", "scores_schema"]

LEVEL = 0.05
# A cell that fewer reviews of both sides tell of can't differ surely; testing it costs the others power
# (independent filtering on the total, Bourgon et al. 2010).
MIN_CELL = 8
# With fewer reviews on a side nothing is tested.
MIN_SIDE = 10

Ints = NDArray[np.int64]
Counts = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Pair:
    """Two sides of a comparison; ``segment`` names what is compared where there are several pairs."""

    old: Facts
    new: Facts
    segment: str | None = None


def cells_schema() -> pa.Schema:
    """Schema of the cells compared, largest sure difference first.

    ``kind`` is all (negative reviews), element (reviews that blame it), praise (reviews that praise the
    element), issue or flag; ``code`` its code. ``difference`` = share_new − share_old with its 95 % interval
    ``low``, ``high``; ``effect`` Cohen's h; ``p``, ``q`` (Benjamini–Hochberg over all cells tested) are null
    where too few reviews tell of it. ``verdict``: more, less, unclear, or few.
    """
    head = [(name, pa.string()) for name in ("segment", "kind", "code")]
    counts = [(name, pa.int64()) for name in ("x_old", "n_old", "x_new", "n_new")]
    shares = [f"share_{side}{end}" for side in ("old", "new") for end in ("", "_low", "_high")]
    numbers = (*shares, "difference", "low", "high", "ratio", "effect", "p", "q")
    return pa.schema([*head, *counts, *((name, pa.float64()) for name in numbers), ("verdict", pa.string())])


def scores_schema() -> pa.Schema:
    """Schema of the mean rating and the NPS of both sides; ``low``, ``high`` bound the difference."""
    head = [("segment", pa.string()), ("score", pa.string()), ("n_old", pa.int64()), ("n_new", pa.int64())]
    return pa.schema([*head, *((name, pa.float64()) for name in ("old", "new", "difference", "low", "high"))])


def compare(pairs: Sequence[Pair], *, others: Sequence[str] = ()) -> tuple[pa.Table, pa.Table]:
    """Compare both sides of every pair.

    Parameters
    ----------
    pairs : sequence of Pair
        Facts whose mentions have ``issue_id`` by one grouping, so that ids match.
    others : sequence of str
        Ids of the facets' 其他, left out: they are no issue.

    Returns
    -------
    cells : Arrow table of ``cells_schema``
    scores : Arrow table of ``scores_schema``
        Empty where a side has no rating or NPS.
    """
    rows = [row for pair in pairs for row in _cells(pair, frozenset(others))]
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    scores = [row for pair in pairs for row in _scores(pair)]
    cells = _tested(columns) if rows else cells_schema().empty_table()
    return cells, pa.Table.from_pylist(scores, schema=scores_schema())


def _cells(pair: Pair, others: frozenset[str]) -> list[dict[str, object]]:
    old, new = count(pair.old), count(pair.new)
    kinds = ("all", "element", "praise", "issue", "flag")
    keys = sorted(set(old) | set(new), key=lambda key: (kinds.index(key[0]), key[1]))
    return [
        {
            "segment": pair.segment,
            "kind": kind,
            "code": code,
            "x_old": old.get((kind, code), 0),
            "n_old": pair.old.n_reviews,
            "x_new": new.get((kind, code), 0),
            "n_new": pair.new.n_reviews,
        }
        for kind, code in keys
        if code not in others
    ]


def count(facts: Facts) -> Counts:
    """Return the distinct reviews of every kind and code of ``cells_schema``."""
    negative = pc.sum(pc.equal(facts.reviews["fb_label"], "negative")).as_py() or 0
    found: Counts = {("all", ""): int(negative)}
    blamed = facts.mentions.filter(pc.equal(facts.mentions["label"], "negative"))
    praised = facts.mentions.filter(pc.equal(facts.mentions["label"], "positive"))
    general = GENERAL.partition(".")[0]
    for kind, table, key in (
        ("element", blamed, "element"),
        ("praise", praised, "element"),
        ("issue", blamed, "issue_id"),
    ):
        for code, n in _distinct(table, key).items():
            if code != general:
                found[kind, code] = n
    for flag, n in zip(FLAGS, facts.flags.sum(axis=0).tolist(), strict=True):
        found["flag", flag] = int(n)
    return found


def _distinct(table: pa.Table, key: str) -> dict[str, int]:
    """Return the number of distinct reviews by value of ``key``."""
    known = table.filter(pc.is_valid(table[key]))
    counted = known.group_by(key).aggregate([("row", "count_distinct")])
    return dict(zip(counted[key].to_pylist(), counted["row_count_distinct"].to_pylist(), strict=True))


def _tested(columns: Mapping[str, list[object]]) -> pa.Table:
    x1, n1, x2, n2 = (np.asarray(columns[name], dtype=float) for name in ("x_old", "n_old", "x_new", "n_new"))
    gap, effect = difference(x1, n1, x2, n2), cohen_h(x1, n1, x2, n2)
    tested = (x1 + x2 >= MIN_CELL) & (np.minimum(n1, n2) >= MIN_SIDE)
    p, q = (np.full(len(x1), np.nan) for _ in range(2))
    if tested.any():
        p[tested] = two_proportions(x1[tested], n1[tested], x2[tested], n2[tested])
        q[tested] = adjust(p[tested])
    sure = tested & (q < LEVEL)
    verdict = np.where(tested, np.where(sure, np.where(gap.value > 0, "more", "less"), "unclear"), "few")
    (old_low, old_high), (new_low, new_high) = wilson(x1, n1), wilson(x2, n2)
    found = {
        **columns,
        "share_old": x1 / n1,
        "share_old_low": old_low,
        "share_old_high": old_high,
        "share_new": x2 / n2,
        "share_new_low": new_low,
        "share_new_high": new_high,
        "difference": gap.value,
        "low": gap.low,
        "high": gap.high,
        "ratio": nulls(gap.ratio),
        "effect": effect,
        "p": nulls(p),
        "q": nulls(q),
        "verdict": verdict.tolist(),
    }
    table = pa.table({name: found[name] for name in cells_schema().names}, schema=cells_schema())
    order = np.lexsort((np.arange(len(x1)), -np.abs(gap.value), ~tested, ~sure))
    return table.take(pa.array(order))


def _scores(pair: Pair) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, measure in (("rating", nps.mean), ("nps", nps.nps)):
        old, new = measure(pair.old.numbers(name)), measure(pair.new.numbers(name))
        if old.value is None or new.value is None:
            continue
        gap = new.value - old.value
        half = None
        if None not in (old.low, old.high, new.low, new.high):
            half = _half(old, new)
        rows.append(
            {
                "segment": pair.segment,
                "score": name,
                "n_old": old.n,
                "n_new": new.n,
                "old": old.value,
                "new": new.value,
                "difference": gap,
                "low": None if half is None else gap - half,
                "high": None if half is None else gap + half,
            }
        )
    return rows


def _half(old: nps.Interval, new: nps.Interval) -> float:
    """Return half the width of the interval of a difference: √(half₁² + half₂²), each of its own side."""
    halves = [((side.high or 0.0) - (side.low or 0.0)) / 2 for side in (old, new)]
    return math.hypot(*halves)
