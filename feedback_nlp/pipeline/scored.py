"""Reviews with their scores and mentions, as they were read and as they are written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.frames import frame
from feedback_nlp.pipeline.tables import joined
from feedback_nlp.schema import METADATA_KEY

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from feedback_nlp.errors import Bilingual

__all__ = ["Scored"]


@dataclass(frozen=True, repr=False)
class Scored:
    """Scored reviews and their mentions.

    Attributes
    ----------
    table : pyarrow.Table
        The input columns as they were.
    canonical : pyarrow.Table
        The same rows with roles as columns (``schema.reviews_schema()``).
    columns : pyarrow.Table
        The same rows' scores (``schema.scored_schema()``).
    mention_table : pyarrow.Table
        One row per (review, clause, facet).
    meta : dict
        Input, roles, model and taxonomy; travels in the Parquet files.
    index : pandas.Index, optional
        Of the rows where they came as a DataFrame or Series.
    """

    table: pa.Table
    canonical: pa.Table
    columns: pa.Table
    mention_table: pa.Table
    meta: dict[str, Any]
    index: pd.Index | None = None

    def __repr__(self) -> str:
        return f"<Scored: {self.table.num_rows} reviews, {self.mention_table.num_rows} mentions>"

    @cached_property
    def reviews(self) -> pd.DataFrame:
        """All input columns with ``fb_*`` beside them, in input order and with the index that came."""
        built = frame(self.review_table)
        return built if self.index is None else built.set_axis(self.index)

    @cached_property
    def mentions(self) -> pd.DataFrame:
        """One row per (review, clause, facet)."""
        return frame(self.mention_table)

    @cached_property
    def review_table(self) -> pa.Table:
        """``reviews`` as an Arrow table with a ``review_id`` that mentions can be joined on.

        The column is added where no input column has that name; where the input's own is the id, empty ids
        in it are filled with row numbers.
        """
        return self._described(
            joined(self.table, self.canonical["review_id"], self.columns, self.meta["roles"])
        )

    @property
    def judged(self) -> pa.Table:
        """The canonical reviews with their scores: what insight and reports are computed from."""
        table = self.canonical
        for name in self.columns.column_names:
            table = table.append_column(self.columns.schema.field(name), self.columns[name])
        return table

    def write(
        self, path: str | Path, mentions: str | Path | None = None, *, force: bool = False
    ) -> tuple[Bilingual, ...]:
        """Write the reviews, and the mentions if asked; suffixes pick the formats.

        Returns
        -------
        tuple of Bilingual
            What a format could not hold as it is.

        Raises
        ------
        OutputError
            If a file is there already (and not ``force``), can't be written, or both are one; nothing is
            left half-written.
        """
        from feedback_nlp.io.writers import check_distinct, check_writable, write_table

        check_distinct([path, mentions])
        for target in (path, mentions):
            if target is not None:
                check_writable(target, force=force)
        notes = write_table(self.review_table, path, force=force)
        if mentions is None:
            return notes
        return (*notes, *write_table(self._described(self.mention_table), mentions, force=force))

    def _described(self, table: pa.Table) -> pa.Table:
        note = json.dumps(self.meta, ensure_ascii=False, sort_keys=True).encode()
        return table.replace_schema_metadata({METADATA_KEY: note})
