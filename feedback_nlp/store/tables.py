"""What a store holds: its tables, and what goes in and comes out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from feedback_nlp.schema import mentions_schema, reviews_schema, scored_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BEFORE",
    "SCHEMA_VERSION",
    "Added",
    "Batch",
    "Forgotten",
    "Kept",
    "columns",
    "definitions",
    "filled",
    "mention_fields",
    "review_fields",
]

SCHEMA_VERSION = 1
# The day a review counts as: its own, or the one on which it was added.
BEFORE = "coalesce(CAST(time AS DATE), added) < ?"
# What depends on the whole store is worked out when it is read: which review repeats which.
_NOT_KEPT = ("fb_duplicate_of",)
# Named again when a group of mentions is (each report finds the issues of all periods together).
_NOT_KEPT_MENTIONS = ("issue_id",)
_OWN = (("model", "VARCHAR"), ("seq", "BIGINT"), ("added", "DATE"))
_SQL = {
    "string": "VARCHAR",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int32": "INTEGER",
    "bool": "BOOLEAN",
    "timestamp[s]": "TIMESTAMP_S",
}


@dataclass(frozen=True)
class Batch:
    """Reviews of one scored file, ready to be added.

    Attributes
    ----------
    model : str
        Fingerprint of the model.
    meta : dict
        What the scored file says of roles, model, taxonomy and rating scale; without its input.
    reviews : Arrow table
        Columns of ``schema.reviews_schema`` that are there and of ``schema.scored_schema``; distinct ids.
    mentions : Arrow table of ``schema.mentions_schema``
        Of these reviews, in their order.
    """

    model: str
    meta: dict[str, Any]
    reviews: pa.Table
    mentions: pa.Table


@dataclass(frozen=True)
class Added:
    """What adding did: reviews new, reviews that replaced an earlier scoring, reviews too old to be kept."""

    n_new: int
    n_replaced: int
    n_expired: int


@dataclass(frozen=True)
class Kept:
    """What a store holds of one model: number of reviews, first and last day (None where unknown)."""

    model: str
    meta: dict[str, Any]
    n_reviews: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Forgotten:
    """What left the file."""

    n_reviews: int
    n_mentions: int


def _sql_type(kind: str) -> str:
    return "VARCHAR[]" if kind.startswith("list") else _SQL[kind]


def _fields(*schemas: pa.Schema, without: Collection[str]) -> list[pa.Field]:
    return [field for schema in schemas for field in schema if field.name not in without]


def review_fields() -> list[pa.Field]:
    """Return what is kept of a review: its roles and scores."""
    return _fields(reviews_schema(), scored_schema(), without=_NOT_KEPT)


def mention_fields() -> list[pa.Field]:
    """Return what is kept of a mention."""
    return _fields(mentions_schema(), without=_NOT_KEPT_MENTIONS)


def columns(fields: list[pa.Field]) -> str:
    """Return the names of ``fields`` as SQL."""
    return ", ".join(f'"{field.name}"' for field in fields)


def definitions() -> list[str]:
    """Return the statements that make the tables, ``{where}`` standing for the database."""

    def table(name: str, own: tuple[tuple[str, str], ...], fields: list[pa.Field]) -> str:
        typed = [*own, *((f'"{field.name}"', _sql_type(str(field.type))) for field in fields)]
        return f"CREATE TABLE {{where}}{name} ({', '.join(' '.join(column) for column in typed)})"

    return [
        "CREATE TABLE {where}info (key VARCHAR, value VARCHAR)",
        "CREATE TABLE {where}models (model VARCHAR, meta VARCHAR, turn BIGINT)",
        table("reviews", _OWN, review_fields()),
        table("mentions", (*_OWN[:1], ("place", "BIGINT")), mention_fields()),
    ]


def filled(table: pa.Table, fields: list[pa.Field]) -> pa.Table:
    """Return the columns of ``fields`` in order, null where ``table`` lacks one."""
    import pyarrow as pa

    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in fields
    ]
    return pa.table(columns, schema=pa.schema(fields))
