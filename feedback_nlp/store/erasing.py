"""Deletion for good: the store is written anew without what is to be forgotten."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.store.database import CONFIG, Store
from feedback_nlp.store.problems import engine, explained, locked
from feedback_nlp.store.tables import BEFORE, Forgotten, definitions

if TYPE_CHECKING:
    import duckdb

__all__ = ["forget"]

_TRIES = 3


def forget(path: str | Path, *, customers: Collection[str] = (), before: date | None = None) -> Forgotten:
    """Take reviews and their mentions out of a store for good.

    The rest is written to a new file that takes the place of the old one, so that nothing of them is left in
    it; copies elsewhere (backups, reports, scored files) are not touched.

    Parameters
    ----------
    path : str or Path
    customers : collection of str
        Reviews of these customers go, ...
    before : date, optional
        ... and those of days before this one; a review without a time counts as of the day it was added.

    Returns
    -------
    Forgotten
        Both counts over all models; nothing is written where they are 0.

    Raises
    ------
    InputError, OutputError
        As :class:`Store`.
    """
    # A link stays a link: what it leads to is written anew.
    target = Path(path).resolve()
    doomed = ["customer IN (SELECT unnest(?))"] if customers else []
    values: list[Any] = [list(customers)] if customers else []
    if before is not None:
        doomed.append(BEFORE)
        values.append(before)
    gone = f"coalesce({' OR '.join(doomed) or 'false'}, false)"
    _fold(target)
    duck = engine()
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    with explained(target):
        db = duck.connect(":memory:", config=dict(CONFIG))
        try:
            # Read only, so that nobody can write to the old file until the new one has its place.
            db.execute(f"ATTACH {_quoted(target)} AS old (READ_ONLY)")
            db.execute(
                "CREATE TEMP TABLE gone AS SELECT model, review_id FROM old.reviews WHERE " + gone, values
            )
            counts = _counts(db)
            if counts.n_reviews:
                _copy(db, temporary)
                _replace(db, temporary, target)
        finally:
            db.close()
            for left in (temporary, temporary.with_name(temporary.name + ".wal")):
                left.unlink(missing_ok=True)
    return counts


def _fold(target: Path) -> None:
    """Check that it is a store, and leave no write-ahead log beside it."""
    log = target.with_name(target.name + ".wal")
    for _ in range(_TRIES):
        with Store(target) as store:
            store.checkpoint()
        if not log.exists():
            return
    raise locked(target, "")


def _counts(db: duckdb.DuckDBPyConnection) -> Forgotten:
    n_reviews = db.execute("SELECT count(*) FROM gone").fetchall()[0][0]
    n_mentions = db.execute("SELECT count(*) FROM old.mentions SEMI JOIN gone USING (model, review_id)")
    return Forgotten(int(n_reviews), int(n_mentions.fetchall()[0][0]))


def _copy(db: duckdb.DuckDBPyConnection, temporary: Path) -> None:
    db.execute(f"ATTACH {_quoted(temporary)} AS fresh")
    for statement in definitions():
        db.execute(statement.format(where="fresh."))
    for table in ("info", "models"):
        db.execute(f"INSERT INTO fresh.{table} SELECT * FROM old.{table}")
    for table, order in (("reviews", "seq"), ("mentions", "place")):
        db.execute(
            f"INSERT INTO fresh.{table} SELECT t.* FROM old.{table} t "
            f"ANTI JOIN gone USING (model, review_id) ORDER BY model, {order}"
        )
    db.execute("CHECKPOINT fresh")
    db.execute("DETACH fresh")


def _replace(db: duckdb.DuckDBPyConnection, temporary: Path, target: Path) -> None:
    shutil.copymode(target, temporary)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    if os.name == "nt":  # an open file can't be replaced there
        db.execute("DETACH old")
    temporary.replace(target)
    if os.name != "nt":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else the old file could come back with a power cut
        finally:
            os.close(folder)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
