"""The tables of the contract as Arrow schemas, and the words they use.

Units: spans are half-open and count Unicode code points of the original text; scores and confidences are
probabilities in [0, 1]; polarity is in [-1, 1] with 0 neutral.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, InputError

if TYPE_CHECKING:
    import pyarrow as pa

FLAGS = ("safety", "legal", "churn", "repeat", "loss")
LABELS = ("negative", "neutral", "positive")
TRENDS = ("rising", "falling", "steady", "unknown")
REMEDIES = ("process", "training", "technology", "personalisation")
# Why a review is or is not scored. Only "ok" reviews that are not duplicates are counted. "bad" rows can't be
# read: their text is damaged, or their cells can't be told apart.
STATUSES = ("ok", "empty", "default", "foreign", "bad")
# |polarity| up to this is called neutral (contract.md); a model card may state its own.
NEUTRAL_BAND = 0.2
# Roles a column can play, in the order they are shown; "text" alone is required.
ROLES = (
    "review_id",
    "text",
    "rating",
    "nps",
    "time",
    "channel",
    "product",
    "store",
    "customer",
    "amount",
    "tier",
)
SCHEMA_VERSION = 1
# Parquet metadata key under which a scored file carries its roles, model and options (JSON).
METADATA_KEY = b"feedback_nlp"


def reviews_schema() -> pa.Schema:
    """Schema of the canonical reviews table: a column for each role; all but the first two may be absent."""
    import pyarrow as pa

    return pa.schema(
        [
            ("review_id", pa.string()),
            ("text", pa.string()),
            ("rating", pa.float64()),  # in the scale's own units, more is better
            ("nps", pa.float64()),  # 0-10
            ("time", pa.timestamp("s")),
            ("channel", pa.string()),
            ("product", pa.string()),
            ("store", pa.string()),
            ("customer", pa.string()),
            ("amount", pa.float64()),
            ("tier", pa.string()),
        ]
    )


def scored_schema() -> pa.Schema:
    """Schema of the columns that scoring adds to a review."""
    import pyarrow as pa

    return pa.schema(
        [
            ("fb_polarity", pa.float32()),
            ("fb_label", pa.string()),
            ("fb_confidence", pa.float32()),
            ("fb_elements", pa.list_(pa.string())),
            ("fb_negative", pa.list_(pa.string())),
            ("fb_flags", pa.list_(pa.string())),
            ("fb_needs_review", pa.bool_()),
            ("fb_status", pa.string()),
            ("fb_duplicate_of", pa.string()),
        ]
    )


def mentions_schema() -> pa.Schema:
    """Schema of the mentions table: one row per (review, clause, facet)."""
    import pyarrow as pa

    return pa.schema(
        [
            ("review_id", pa.string()),
            ("clause", pa.int32()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("text", pa.string()),
            ("element", pa.string()),
            ("facet", pa.string()),
            ("score", pa.float32()),
            ("polarity", pa.float32()),
            ("label", pa.string()),
            ("issue_id", pa.string()),
        ]
    )


def issues_schema() -> pa.Schema:
    """Schema of the issues table, in rank order."""
    import pyarrow as pa

    return pa.schema(
        [
            ("issue_id", pa.string()),
            ("rank", pa.int32()),
            ("rank_low", pa.int32()),
            ("rank_high", pa.int32()),
            ("element", pa.string()),
            ("facet", pa.string()),
            ("name", pa.string()),
            ("n_mentions", pa.int64()),
            ("n_reviews", pa.int64()),
            ("n_customers", pa.int64()),  # null where there is no customer column
            ("share", pa.float64()),
            ("share_low", pa.float64()),
            ("share_high", pa.float64()),
            ("mean_polarity", pa.float64()),
            ("impact", pa.float64()),
            ("scope", pa.float64()),
            ("feasibility", pa.float64()),  # 0.2 to 1
            ("priority", pa.float64()),
            ("safety", pa.bool_()),
            ("trend", pa.string()),
            ("remedy", pa.string()),
            ("examples", pa.list_(pa.string())),  # review_id:start:end
            # beyond the contract
            ("p_first", pa.float64()),
            ("p_top3", pa.float64()),
            ("severity", pa.float64()),
            ("importance", pa.float64()),
            ("spread", pa.float64()),
            ("trend_change", pa.float64()),  # relative change per period of the trend fit; null when unknown
            ("trend_q", pa.float64()),  # Benjamini-Hochberg adjusted; null when unknown
            ("other", pa.bool_()),  # the facet's 其他
            ("new", pa.bool_()),  # hardly there before the last period
            ("pinned", pa.bool_()),  # people want it listed
        ]
    )


def label_of(polarity: float, band: float = NEUTRAL_BAND) -> str:
    """Return the label of a polarity: negative < -band <= neutral <= band < positive."""
    if polarity < -band:
        return "negative"
    return "positive" if polarity > band else "neutral"


def check(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Return ``table`` if it has the columns and types of ``schema``.

    Raises
    ------
    InputError
        Naming the first column that is missing or of another type.
    """
    for field in schema:
        position = table.schema.get_field_index(field.name)
        found = "—" if position < 0 else str(table.schema.field(position).type)
        if found != str(field.type):
            raise InputError(
                Bilingual(
                    f"{name} 表的列 {field.name} 应为 {field.type}，实为 {found}。",
                    f"Column {field.name} of {name} should be {field.type}, found {found}.",
                ),
                Bilingual(
                    "这个文件要由 feedback-nlp score 或 analyze 生成。",
                    "The file must come from feedback-nlp score or analyze.",
                ),
            )
    return table
