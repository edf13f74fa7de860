"""An open store: one DuckDB file, added to in whole batches."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.schema import mentions_schema
from feedback_nlp.store.problems import absent, check_place, check_scale, check_version, engine, explained
from feedback_nlp.store.tables import (
    BEFORE,
    SCHEMA_VERSION,
    Added,
    Batch,
    Kept,
    columns,
    definitions,
    filled,
    mention_fields,
    review_fields,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CONFIG", "Store"]

# Nothing is fetched from anywhere.
CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class Store:
    """An open store; a context manager.

    Parameters
    ----------
    path : str or Path
        The DuckDB file.
    create : bool
        Whether it may be made where there is none.
    read_only : bool
        Several may read at a time; one that writes is alone.

    Raises
    ------
    MissingExtraError
        Without DuckDB.
    InputError
        If the file is missing, no store, or of a newer version.
    OutputError
        If another process holds it or the place can't be written.
    """

    def __init__(self, path: str | Path, *, create: bool = False, read_only: bool = False) -> None:
        self.path = Path(path)
        self._made = not self.path.exists()
        if self._made and not create:
            raise absent(self.path)
        check_place(self.path)
        duck = engine()
        with explained(self.path):
            self._db = duck.connect(str(self.path), read_only=read_only, config=dict(CONFIG))
        try:
            self._prepare(create=create)
        except BaseException:
            self._leave(failed=True)
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(failed=kind is not None)

    def close(self) -> None:
        """Write everything to the file and let go of it."""
        self._db.close()

    def _leave(self, *, failed: bool) -> None:
        self.close()
        if failed and self._made:
            self.path.unlink(missing_ok=True)

    def _prepare(self, *, create: bool) -> None:
        with explained(self.path):
            tables = {row[0] for row in self._rows("SELECT table_name FROM information_schema.tables")}
            if create and not tables:
                with self._transaction():
                    for statement in definitions():
                        self._db.execute(statement.format(where=""))
                    self._set("schema_version", str(SCHEMA_VERSION))
                tables = {"info"}
            found = self._get("schema_version") if "info" in tables else None
        check_version(self.path, found)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _rows(self, query: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._db.execute(query, list(values)).fetchall()
        return found

    def _get(self, key: str) -> str | None:
        found = self._rows("SELECT value FROM info WHERE key = ?", [key])
        return str(found[0][0]) if found else None

    def _set(self, key: str, value: str | None) -> None:
        self._db.execute("DELETE FROM info WHERE key = ?", [key])
        if value is not None:
            self._db.execute("INSERT INTO info VALUES (?, ?)", [key, value])

    @property
    def retention_days(self) -> int | None:
        """Days that reviews are kept; ``None`` is for ever."""
        value = self._get("retention_days")
        return None if value is None else int(value)

    @retention_days.setter
    def retention_days(self, days: int | None) -> None:
        if days is not None and days < 1:
            raise ConfigError(
                Bilingual(f"保留期 {days} 天不对。", f"A retention of {days} days can't be."),
                Bilingual("给 1 天以上，或用 --off 取消。", "Give 1 day or more, or --off."),
            )
        with explained(self.path), self._transaction():
            self._set("retention_days", None if days is None else str(days))

    def oldest_kept(self, today: date) -> date | None:
        """Return the first day that the retention period keeps; ``None`` where there is none."""
        days = self.retention_days
        return None if days is None else _days_before(today, days)

    def n_older(self, days: int | None, today: date) -> int:
        """Return how many reviews are from before ``today`` − ``days``; 0 for ``None``."""
        if days is None:
            return 0
        oldest = _days_before(today, days)
        return int(self._rows(f"SELECT count(*) FROM reviews WHERE {BEFORE}", [oldest])[0][0])

    def kept(self) -> list[Kept]:
        """Return what is held, by model, the one added to last first."""
        rows = self._rows(
            "SELECT model, meta, count(review_id), min(time), max(time) FROM models "
            "LEFT JOIN reviews USING (model) GROUP BY model, meta, turn ORDER BY turn DESC"
        )
        return [Kept(row[0], json.loads(row[1]), row[2], _day(row[3]), _day(row[4])) for row in rows]

    def add(self, batch: Batch, *, today: date) -> Added:
        """Add the reviews of a scored file: all of them or none.

        Parameters
        ----------
        batch : Batch
        today : date
            Stands for the day of reviews without a time, from now on.

        Returns
        -------
        Added
            A review that is there already, scored by the same model, is replaced in its place.
        """
        import pyarrow as pa

        batch, n_expired = _unexpired(batch, self.oldest_kept(today))
        reviews, places = batch.reviews, _span(batch.reviews.num_rows)
        mentions = filled(batch.mentions, mention_fields()).append_column(
            "place", pa.array(_span(batch.mentions.num_rows), pa.int64())
        )
        incoming = filled(reviews, review_fields()).append_column("place", pa.array(places, pa.int64()))
        with explained(self.path), self._transaction():
            self._set_model(batch)
            self._db.register("incoming", incoming)
            self._db.register("incoming_mentions", mentions)
            before = self._size(batch.model)
            self._insert(batch.model, today)
            n_new = self._size(batch.model) - before
            self._db.unregister("incoming")
            self._db.unregister("incoming_mentions")
        return Added(n_new, reviews.num_rows - n_new, n_expired)

    def _size(self, model: str) -> int:
        return int(self._rows("SELECT count(*) FROM reviews WHERE model = ?", [model])[0][0])

    def _set_model(self, batch: Batch) -> None:
        known = {kept.model: kept.meta for kept in self.kept()}
        meta = dict(batch.meta)
        before = known.get(batch.model, {})
        meta["roles"] = {**before.get("roles", {}), **meta["roles"]}
        for other in known.values():
            check_scale(self.path, other.get("rating_scale"), meta["rating_scale"])
            meta["rating_scale"] = meta["rating_scale"] or other.get("rating_scale")
        turn = self._rows("SELECT coalesce(max(turn), 0) + 1 FROM models")[0][0]
        self._db.execute("DELETE FROM models WHERE model = ?", [batch.model])
        note = json.dumps(meta, ensure_ascii=False, sort_keys=True)
        self._db.execute("INSERT INTO models VALUES (?, ?, ?)", [batch.model, note, turn])

    def _insert(self, model: str, today: date) -> None:
        """Replace what is there already, keeping its turn and its day, and append the rest."""
        self._db.execute(
            "CREATE TEMP TABLE earlier AS SELECT review_id, seq, added FROM reviews "
            "WHERE model = ? AND review_id IN (SELECT review_id FROM incoming)",
            [model],
        )
        for table in ("reviews", "mentions"):
            self._db.execute(
                f"DELETE FROM {table} WHERE model = ? AND review_id IN (SELECT review_id FROM incoming)",
                [model],
            )
        names = ", ".join(f'incoming."{field.name}"' for field in review_fields())
        self._db.execute(
            "INSERT INTO reviews SELECT ?, coalesce(earlier.seq, incoming.place + 1 + ?), "
            f"coalesce(earlier.added, ?), {names} FROM incoming LEFT JOIN earlier USING (review_id)",
            [model, self._rows("SELECT coalesce(max(seq), 0) FROM reviews")[0][0], today],
        )
        self._db.execute("DROP TABLE earlier")
        named = columns(mention_fields())
        self._db.execute(f"INSERT INTO mentions SELECT ?, place, {named} FROM incoming_mentions", [model])

    def read(self, model: str) -> tuple[pa.Table, pa.Table]:
        """Return reviews and mentions of a model in the order in which they were added.

        Returns
        -------
        reviews : Arrow table
            Roles that no review has are left out; ``fb_duplicate_of`` is not there.
        mentions : Arrow table of ``schema.mentions_schema``
            ``issue_id`` null.
        """
        import pyarrow as pa

        fields, marks = review_fields(), mention_fields()
        told = "m." + ", m.".join(f'"{field.name}"' for field in marks)
        with explained(self.path):
            reviews = self._table(
                f"SELECT {columns(fields)} FROM reviews WHERE model = $1 ORDER BY seq", model
            )
            mentions = self._table(
                f"SELECT {told} FROM mentions m JOIN reviews r USING (model, review_id) WHERE model = $1 "
                "ORDER BY r.seq, m.place",
                model,
            )
        given = [
            field
            for field in fields
            if field.name in ("review_id", "text")
            or field.name.startswith("fb_")
            or reviews[field.name].null_count < reviews.num_rows
        ]
        mentions = mentions.append_column("issue_id", pa.nulls(mentions.num_rows, pa.string()))
        return (
            reviews.select([field.name for field in given]).cast(pa.schema(given)),
            mentions.cast(mentions_schema()),
        )

    def _table(self, query: str, model: str) -> pa.Table:
        found: pa.Table = self._db.sql(query, params=[model]).to_arrow_table()
        return found

    def checkpoint(self) -> None:
        """Bring what stands in the write-ahead log into the file."""
        with explained(self.path):
            self._db.execute("CHECKPOINT")


def _days_before(today: date, days: int) -> date:
    """Return the day ``days`` before ``today``, or the first there is."""
    return today - timedelta(days=min(days, (today - date.min).days))


def _span(n: int) -> Any:
    import numpy as np

    return np.arange(n, dtype=np.int64)


def _unexpired(batch: Batch, oldest: date | None) -> tuple[Batch, int]:
    """Leave out what the retention period would delete at once."""
    if oldest is None or "time" not in batch.reviews.column_names:
        return batch, 0
    import pyarrow as pa
    import pyarrow.compute as pc

    limit = pa.scalar(datetime.combine(oldest, datetime.min.time()), pa.timestamp("s"))
    keep = pc.fill_null(pc.greater_equal(batch.reviews["time"], limit), True)  # noqa: FBT003
    reviews = batch.reviews.filter(keep)
    known = pc.is_in(batch.mentions["review_id"], value_set=reviews["review_id"].combine_chunks())
    kept = Batch(batch.model, batch.meta, reviews, batch.mentions.filter(known))
    return kept, batch.reviews.num_rows - reviews.num_rows


def _day(value: datetime | None) -> date | None:
    return None if value is None else value.date()
