"""The columns of the workbook's sheets."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ELEMENTS", "ISSUES", "MENTIONS", "OWN", "REVIEWS", "Column"]


class Column(NamedTuple):
    """A column of a sheet: string key of its header, width in characters, format name."""

    key: str
    width: float
    style: str = "text"


ISSUES = (
    Column("rank", 6, "count"),
    Column("rank_low", 7, "count"),
    Column("rank_high", 7, "count"),
    Column("name", 22),
    Column("element", 10),
    Column("facet_name", 14),
    Column("safety", 8),
    Column("group", 9),
    Column("n_reviews", 8, "count"),
    Column("n_customers", 8, "count"),
    Column("share", 9, "percent"),
    Column("share_low", 9, "percent"),
    Column("share_high", 9, "percent"),
    Column("trend", 8),
    Column("trend_change", 10, "percent"),
    Column("impact", 8, "number"),
    Column("scope", 8, "number"),
    Column("feasibility", 8, "number"),
    Column("priority", 8, "number"),
    Column("p_first", 10, "percent"),
    Column("p_top3", 10, "percent"),
    Column("remedy", 12),
    Column("action", 44),
    Column("where", 34),
    Column("quote_1", 44),
    Column("quote_2", 44),
    Column("quote_3", 44),
    Column("issue_id", 30, "id"),
)
OWN = (
    Column("own_feasibility", 12, "own"),
    Column("own_owner", 12, "own"),
    Column("own_due", 12, "own_date"),
    Column("own_status", 12, "own"),
)
ELEMENTS = (
    Column("level", 8),
    Column("name", 26),
    Column("n_reviews", 9, "count"),
    Column("share", 9, "percent"),
    Column("share_low", 10, "percent"),
    Column("share_high", 10, "percent"),
    Column("n_negative", 9, "count"),
    Column("n_neutral", 9, "count"),
    Column("n_positive", 9, "count"),
    Column("negative_share", 10, "percent"),
    Column("low", 10, "percent"),
    Column("high", 10, "percent"),
    Column("mean_polarity", 10, "number"),
    Column("rating_mean", 10, "number"),
    Column("csat", 9, "percent"),
    Column("csat_low", 10, "percent"),
    Column("csat_high", 10, "percent"),
    Column("n_rating", 9, "count"),
    Column("nps", 10, "number"),
    Column("nps_low", 10, "number"),
    Column("nps_high", 10, "number"),
    Column("n_nps", 9, "count"),
    Column("importance", 10, "number"),
    Column("trend_name", 9),
    Column("local_unit", 14),
)
MENTIONS = (
    Column("review_id", 16, "id"),
    Column("clause", 7, "count"),
    Column("text", 60),
    Column("facet_name", 16),
    Column("facet", 24, "id"),
    Column("score", 8, "number"),
    Column("polarity", 9, "number"),
    Column("label", 8),
    Column("issue", 22),
)
REVIEWS = (
    Column("review_id", 16, "id"),
    Column("text", 70),
    Column("label", 8),
    Column("polarity", 9, "number"),
    Column("confidence", 9, "number"),
    Column("rating", 8, "number"),
    Column("nps", 8, "number"),
    Column("day", 12, "date"),
    Column("channel", 14),
    Column("store", 14),
    Column("product", 14),
    Column("flags", 16),
    Column("needs_review", 10),
    Column("status", 12),
    Column("duplicate_of", 16, "id"),
)
