"""Counts that add up: the tally of a file is the sum of the tallies of its batches, however it is cut.

A :class:`Tally` is a commutative monoid (identity :meth:`Tally.empty`, operation ``+``). It holds integers
only: counts of distinct reviews, polarity and scores as fixed point, sets of customers, and the first few
quotes under a total order. A review must not cross a batch; everything else about the split is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.insight.facts import ANONYMOUS, SAFETY_FACET, UNIT_COLUMNS, Facts, encode
from feedback_nlp.schema import FLAGS

__all__ = ["FIXED", "N_EXAMPLES", "Tally"]

# One unit of polarity or score in fixed point.
FIXED = 1_000_000
N_EXAMPLES = 5
# Quotes of this many characters read well on their own; others come after them.
_GOOD_LENGTH = (4, 40)
_KEYS = ["level", "code", "label", "column", "unit"]
_SUMS = ["n_reviews", "n_mentions", "polarity"]
_ORDER = ["issue_id", "long", "polarity", "doubt", "review_id", "start", "end"]

_CELLS = pa.schema(
    [(name, pa.string()) for name in _KEYS] + [(name, pa.int64()) for name in (*_SUMS, "score_max")]
)
_CUSTOMERS = pa.schema([(name, pa.string()) for name in ("level", "code", "customer")])
_EXAMPLES = pa.schema(
    [
        ("issue_id", pa.string()),
        ("long", pa.int64()),
        ("polarity", pa.int64()),
        ("doubt", pa.int64()),
        ("review_id", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("text", pa.string()),
    ]
)
_PAIR_MEASURES = [("n_mentions", "sum"), ("polarity", "sum"), ("score_max", "max")]


@dataclass(frozen=True)
class Tally:
    """Mergeable counts over counted reviews.

    Attributes
    ----------
    cells : Arrow table
        One row per (level, code, label, column, unit) that occurs: ``level`` is all, element, facet or issue;
        ``label`` is "" for any, else the label of the mention (of the review for level all); ``column`` is ""
        for the whole file or day, store, product, channel, rating, nps, flag, with its value as text in
        ``unit`` (for level all also day_rating, "2025-01-31 5").
        ``n_reviews`` counts distinct reviews, ``n_mentions`` mentions, ``polarity`` is their sum and
        ``score_max`` their largest score, both times ``FIXED``.
    customers : Arrow table
        Distinct (level, code, customer) for the levels all and issue; empty where there is no customer
        column.
    examples : Arrow table
        Per issue the first ``N_EXAMPLES`` quotes of different wording: readable length first, then the most
        negative (not for safety), then the surest, then by id and place.
    """

    cells: pa.Table
    customers: pa.Table
    examples: pa.Table

    @classmethod
    def empty(cls) -> Tally:
        """Return the tally of nothing."""
        return cls(_CELLS.empty_table(), _CUSTOMERS.empty_table(), _EXAMPLES.empty_table())

    @classmethod
    def of(cls, facts: Facts) -> Tally:
        """Count a batch."""
        pairs = _pairs(facts)
        return cls(_cells(facts, pairs), _customers(facts, pairs), _first(_examples(facts)))

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            _sum_cells(pa.concat_tables([self.cells, other.cells])),
            _distinct(pa.concat_tables([self.customers, other.customers])),
            _first(pa.concat_tables([self.examples, other.examples])),
        )

    def select(self, level: str, *, column: str = "", label: str = "") -> pa.Table:
        """Return the cells of one level, column and label, sorted by code and unit."""
        wanted = pc.field("level") == level
        return self.cells.filter(wanted & (pc.field("column") == column) & (pc.field("label") == label))

    def codes(self, level: str) -> list[str]:
        """Return the codes of a level that occur, sorted."""
        found: list[str] = self.select(level)["code"].to_pylist()
        return found

    def units(self, column: str) -> list[str]:
        """Return the values of ``column`` that occur in counted reviews, sorted."""
        found: list[str] = self.select("all", column=column)["unit"].to_pylist()
        return found

    def vector(
        self, level: str, codes: Sequence[str], *, measure: str = "n_reviews", label: str = ""
    ) -> NDArray[np.int64]:
        """Return one measure for each of ``codes``, of shape (n_codes,); 0 where it is absent."""
        return self.matrix(level, codes, "", [""], measure=measure, label=label)[:, 0]

    def matrix(
        self,
        level: str,
        codes: Sequence[str],
        column: str,
        units: Sequence[str],
        *,
        measure: str = "n_reviews",
        label: str = "",
    ) -> NDArray[np.int64]:
        """Return one measure by code and unit, of shape (n_codes, n_units); 0 where it is absent."""
        found = self.select(level, column=column, label=label)
        row = pc.index_in(found["code"], value_set=pa.array(codes, pa.string()))
        place = pc.index_in(found["unit"], value_set=pa.array(units, pa.string()))
        known = pc.and_(pc.is_valid(row), pc.is_valid(place))
        counts = np.zeros((len(codes), len(units)), dtype=np.int64)
        cell = (np.asarray(row.filter(known)), np.asarray(place.filter(known)))
        counts[cell] = np.asarray(found[measure].filter(known))
        return counts

    def n_customers(self, level: str, codes: Sequence[str], *, named: bool = False) -> NDArray[np.int64]:
        """Return the number of distinct customers for each of ``codes``, of shape (n_codes,).

        A review that names none counts as a customer of its own, unless only those ``named`` are asked for.
        """
        found = self.customers.filter(pc.field("level") == level)
        if named:
            found = found.filter(pc.invert(pc.starts_with(found["customer"], ANONYMOUS)))
        place = pc.index_in(found["code"], value_set=pa.array(codes, pa.string()))
        known = np.asarray(pc.drop_null(place), dtype=np.int64)
        return np.bincount(known, minlength=len(codes)).astype(np.int64)


def _pairs(facts: Facts) -> pa.Table:
    """One row per (review, level, code, label), the unit of all counts."""
    levels = [_level_pairs(facts.mentions, *level) for level in _LEVELS]
    return pa.concat_tables([_review_pairs(facts), *(table for group in levels for table in group)])


# Level, the mention column that gives its code, whether it is split by label.
_LEVELS = (("element", "element", True), ("facet", "facet", True), ("issue", "issue_id", False))
_PAIR_COLUMNS = ["row", "level", "code", "label", "n_mentions", "polarity", "score_max"]


def _level_pairs(mentions: pa.Table, level: str, key: str, by_label: bool) -> list[pa.Table]:  # noqa: FBT001
    known = mentions.filter(pc.is_valid(mentions[key]))
    base = pa.table(
        {
            "row": known["row"],
            "level": _constant(level, known.num_rows),
            "code": known[key].cast(pa.string()),
            "label": known["label"],
            "n_mentions": pa.array(np.ones(known.num_rows, dtype=np.int64)),
            "polarity": fixed(known["polarity"]),
            "score_max": fixed(known["score"]),
        }
    )
    anyhow = base.set_column(3, "label", _constant("", known.num_rows))
    return [_sum_pairs(table) for table in ([anyhow, base] if by_label else [anyhow])]


def _sum_pairs(table: pa.Table) -> pa.Table:
    summed = table.group_by(_PAIR_COLUMNS[:4]).aggregate(_PAIR_MEASURES)
    return summed.rename_columns(_PAIR_COLUMNS)


def _review_pairs(facts: Facts) -> pa.Table:
    n, names = facts.n_reviews, facts.reviews.column_names
    columns = {
        "row": pa.array(np.arange(n, dtype=np.int64)),
        "level": _constant("all", n),
        "code": _constant("", n),
        "label": _constant("", n),
        "n_mentions": pa.array(np.zeros(n, dtype=np.int64)),
        "polarity": fixed(facts.reviews["fb_polarity"]) if "fb_polarity" in names else _zeros(n),
        "score_max": _zeros(n),
    }
    anyhow = pa.table(columns)
    if "fb_label" not in names:
        return anyhow
    labelled = anyhow.set_column(3, "label", facts.reviews["fb_label"].cast(pa.string()))
    return pa.concat_tables([anyhow, labelled.filter(pc.is_valid(labelled["label"]))])


def _cells(facts: Facts, pairs: pa.Table) -> pa.Table:
    parts = [_column_cells(pairs, "", _constant("", facts.n_reviews))]
    parts += [_column_cells(pairs, name, units) for name, units in _unit_columns(facts).items()]
    parts.append(_rated_days(facts, pairs))
    for position, flag in enumerate(FLAGS):
        units = pc.if_else(pa.array(facts.flags[:, position]), flag, None)
        parts.append(_column_cells(pairs, "flag", units))
    return _sum_cells(pa.concat_tables(parts))


def _rated_days(facts: Facts, pairs: pa.Table) -> pa.Table:
    """Count reviews by day and rating together, so that a period's mean rating can be had."""
    whole = pairs.filter(pc.field("level") == "all")
    if not (facts.has("time") and facts.has("rating")):
        return _CELLS.empty_table()
    units = _unit_columns(facts)
    return _column_cells(whole, "day_rating", pc.binary_join_element_wise(units["day"], units["rating"], " "))


def _unit_columns(facts: Facts) -> dict[str, pa.Array]:
    """Return the text value of each review in every column that is counted by."""
    found = {
        name: facts.reviews[name].cast(pa.string())
        for name in (*UNIT_COLUMNS, "rating", "nps")
        if facts.has(name)
    }
    if facts.has("time"):
        found["day"] = pc.strftime(facts.reviews["time"], format="%Y-%m-%d")
    return found


def _column_cells(pairs: pa.Table, column: str, units: pa.Array) -> pa.Table:
    placed = pairs.append_column("unit", units.take(pairs["row"]))
    placed = placed.append_column("column", _constant(column, placed.num_rows))
    placed = placed.append_column("n_reviews", pa.array(np.ones(placed.num_rows, dtype=np.int64)))
    return placed.filter(pc.is_valid(placed["unit"])).select(_CELLS.names).cast(_CELLS)


def _sum_cells(cells: pa.Table) -> pa.Table:
    measures = [*((name, "sum") for name in _SUMS), ("score_max", "max")]
    summed = cells.group_by(_KEYS).aggregate(measures).rename_columns(_CELLS.names)
    return summed.cast(_CELLS).sort_by([(name, "ascending") for name in _KEYS]).combine_chunks()


def _customers(facts: Facts, pairs: pa.Table) -> pa.Table:
    # By the column, not its values: a batch in which nobody is named must add up like any other.
    if "customer" not in facts.reviews.column_names:
        return _CUSTOMERS.empty_table()
    wanted = pairs.filter(pc.field("level").isin(["all", "issue"]) & (pc.field("label") == ""))
    named = wanted.append_column("customer", facts.respondents.take(wanted["row"]))
    return _distinct(named.select(_CUSTOMERS.names))


def _distinct(customers: pa.Table) -> pa.Table:
    names = _CUSTOMERS.names
    unique = customers.group_by(names).aggregate([]).select(names)
    return unique.sort_by([(name, "ascending") for name in names]).combine_chunks()


def _examples(facts: Facts) -> pa.Table:
    known = facts.mentions.filter(pc.is_valid(facts.mentions["issue_id"]))
    length = pc.utf8_length(known["text"])
    good = pc.and_(pc.greater_equal(length, _GOOD_LENGTH[0]), pc.less_equal(length, _GOOD_LENGTH[1]))
    derived = {
        "long": pc.cast(pc.invert(good), pa.int64()),
        # What has to be verified is quoted by how sure it is, everything else by how bad it sounds.
        "polarity": pc.if_else(pc.equal(known["facet"], SAFETY_FACET), 0, fixed(known["polarity"])),
        "doubt": pc.negate(fixed(known["score"])),
    }
    columns = [derived[name] if name in derived else known[name] for name in _EXAMPLES.names]
    return pa.table(columns, schema=_EXAMPLES)


def _first(examples: pa.Table) -> pa.Table:
    """Keep per issue the first of each wording, then the first ``N_EXAMPLES``: merged or in one pass."""
    ordered = examples.sort_by([(name, "ascending") for name in _ORDER])
    placed = ordered.append_column("place", pa.array(np.arange(ordered.num_rows)))
    best = placed.group_by(["issue_id", "text"]).aggregate([("place", "min")])["place_min"]
    kept = ordered.take(pa.array(np.sort(np.asarray(best))))
    issue = encode(kept["issue_id"])[0]
    within = np.arange(len(issue)) - np.searchsorted(issue, issue)
    return kept.filter(pa.array(within < N_EXAMPLES)).combine_chunks()


def fixed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a number in [-1, 1] as int64 times ``FIXED``; null becomes 0."""
    scaled = pc.round(pc.multiply(pc.fill_null(column.cast(pa.float64()), 0.0), float(FIXED)))
    return scaled.cast(pa.int64())


def _constant(value: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), n)


def _zeros(n: int) -> pa.Array:
    return pa.array(np.zeros(n, dtype=np.int64))
