"""The counted reviews and their mentions, in one order that does not depend on the order of the input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.schema import FLAGS

__all__ = ["ANONYMOUS", "SAFETY_FACET", "UNIT_COLUMNS", "Facts", "counted", "encode"]

# Columns whose values are places where a problem can be local.
UNIT_COLUMNS = ("store", "product", "channel")
SAFETY_FACET = "product.safety"
# Marks the stand-in customer of a review that names none; no customer id starts with it.
ANONYMOUS = "\x00"


def counted(reviews: pa.Table) -> NDArray[np.bool_]:
    """Return which reviews enter the counts.

    Parameters
    ----------
    reviews : Arrow table with ``fb_status`` and ``fb_duplicate_of`` (an absent column excludes nothing).

    Returns
    -------
    bool array of shape (n_rows,)
        True where the status is "ok" and the review repeats no other.
    """
    keep = np.ones(reviews.num_rows, dtype=bool)
    if "fb_status" in reviews.column_names:
        keep &= _mask(pc.equal(reviews["fb_status"], "ok"))
    if "fb_duplicate_of" in reviews.column_names:
        keep &= _mask(pc.is_null(reviews["fb_duplicate_of"]))
    return keep


def encode(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return codes of shape (n,) into the sorted distinct values, -1 for null, and these values."""
    names = sorted(value for value in pc.unique(column).to_pylist() if value is not None)
    codes = pc.index_in(column, value_set=pa.array(names, column.type))
    return _ints(codes), names


def _mask(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(column, fill_value=False), dtype=bool)


def _ints(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(column, -1), dtype=np.int64)


@dataclass(frozen=True)
class Facts:
    """Counted reviews and their mentions.

    Attributes
    ----------
    reviews : Arrow table of n_reviews rows
        One row per counted ``review_id``, sorted by it. Rows that share an id are one review (the first by
        text).
    mentions : Arrow table
        Mentions of these reviews with ``row``, the int64 position of their review; sorted by row, clause,
        facet.
    n_shared : int
        Counted rows that were left out because another one has their id.
    """

    reviews: pa.Table
    mentions: pa.Table
    n_shared: int

    @classmethod
    def of(cls, reviews: pa.Table, mentions: pa.Table) -> Facts:
        """Select and order the counted part of a scored file.

        Parameters
        ----------
        reviews : Arrow table with the columns of ``schema.reviews_schema`` that are present, and fb_*
        columns.
        mentions : Arrow table of ``schema.mentions_schema``; mentions of other reviews are dropped.
        """
        kept = reviews.filter(pa.array(counted(reviews)))
        keys = [name for name in ("review_id", "text") if name in kept.column_names]
        ordered = kept.sort_by([(name, "ascending") for name in keys])
        ids = ordered["review_id"].combine_chunks()
        first = np.ones(len(ids), dtype=bool)
        if len(ids) > 1:
            first[1:] = _mask(pc.not_equal(ids[1:], ids[:-1]))
        chosen = ordered.filter(pa.array(first))
        return cls(chosen, _attach(mentions, chosen["review_id"]), int((~first).sum()))

    @property
    def n_reviews(self) -> int:
        """Number of counted reviews."""
        return int(self.reviews.num_rows)

    def has(self, column: str) -> bool:
        """Return whether the reviews have ``column`` with at least one value."""
        return column in self.reviews.column_names and self.reviews[column].null_count < self.n_reviews

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a numeric column of shape (n_reviews,), NaN where missing or absent."""
        if column not in self.reviews.column_names:
            return np.full(self.n_reviews, np.nan)
        values = pc.fill_null(self.reviews[column].cast(pa.float64()), float("nan"))
        return np.asarray(values, dtype=float)

    @cached_property
    def flags(self) -> NDArray[np.bool_]:
        """Flags of shape (n_reviews, 5), in the order of ``schema.FLAGS``."""
        marks = np.zeros((self.n_reviews, len(FLAGS)), dtype=bool)
        if "fb_flags" not in self.reviews.column_names:
            return marks
        column = self.reviews["fb_flags"].combine_chunks()
        parents = _ints(pc.list_parent_indices(column))
        which = _ints(pc.index_in(pc.list_flatten(column), value_set=pa.array(FLAGS)))
        marks[parents[which >= 0], which[which >= 0]] = True
        return marks

    @cached_property
    def respondents(self) -> pa.ChunkedArray:
        """Customer of each review; a review that names none stands for a customer of its own."""
        own = pc.binary_join_element_wise(ANONYMOUS, self.reviews["review_id"], "")
        return pc.coalesce(self.reviews["customer"], own) if self.has("customer") else own

    def mention_column(self, name: str) -> NDArray[np.float64]:
        """Return a numeric column of the mentions as float64 of shape (n_mentions,)."""
        return np.asarray(self.mentions[name], dtype=float)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Position of the review of each mention, of shape (n_mentions,)."""
        return np.asarray(self.mentions["row"], dtype=np.int64)


def _attach(mentions: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    rows = pc.index_in(mentions["review_id"], value_set=ids.combine_chunks())
    placed = mentions.append_column("row", rows.cast(pa.int64()))
    known = placed.filter(pc.is_valid(placed["row"]))
    return known.sort_by([(name, "ascending") for name in ("row", "clause", "facet", "start")])
