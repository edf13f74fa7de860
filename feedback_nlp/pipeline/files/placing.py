"""Finished parts to outputs: one schema, duplicates named in a second pass, files in their places."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.errors import Bilingual
from feedback_nlp.pipeline.files import parts as kept
from feedback_nlp.pipeline.files.inputs import BadReview
from feedback_nlp.pipeline.files.parts import Parts
from feedback_nlp.pipeline.tables import joined
from feedback_nlp.schema import METADATA_KEY, mentions_schema, scored_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Facts", "aside", "described", "facts_of", "place", "scores_of"]

# So many bad rows are told one by one; all are counted.
MOST_BAD = 1_000


class Facts:
    """What was noticed in all blocks: rows, bad rows, what was mended."""

    def __init__(self) -> None:
        self.n_blocks = 0
        self.n_rows = 0
        self.n_bad = 0
        self.n_needs_review = 0
        self.bad: list[BadReview] = []
        self.seen: Counter[str] = Counter()

    def add(self, found: Mapping[str, Any]) -> None:
        """Take in what :func:`facts_of` says of one block."""
        self.n_blocks += 1
        self.n_rows += found["n_rows"]
        self.n_bad += found["n_bad"]
        self.bad.extend(BadReview(*row) for row in found["bad"][: MOST_BAD - len(self.bad)])
        self.seen.update(found["seen"])

    def notes(self) -> list[Bilingual]:
        """Return what a careful person would want to know."""
        said = {
            "blank": Bilingual("跳过空行 {} 行。", "{} blank rows were skipped."),
            "joined": Bilingual(
                "{} 行正文里有没加引号的分隔符，已拼回正文。",
                "{} rows have bare delimiters in the text; joined there.",
            ),
            "stray": Bilingual(
                "{} 行有没配对的引号，按普通字符读。",
                "{} rows have a quotation mark never closed; read as it is.",
            ),
        }
        return [
            Bilingual(said[kind].zh.format(count), said[kind].en.format(count))
            for kind, count in sorted(self.seen.items())
            if count
        ]


def facts_of(n_rows: int, bad: tuple[BadReview, ...], seen: Mapping[str, int]) -> dict[str, Any]:
    """Return what is kept of one block, as plain data."""
    rows = [(one.file, one.row, one.reason, one.text) for one in bad[:MOST_BAD]]
    return {"n_rows": n_rows, "n_bad": len(bad), "bad": rows, "seen": dict(seen)}


def scores_of(
    scores: pa.Table, duplicates: pa.Array, target: Mapping[str, Any] | None, facts: Facts
) -> pa.Table:
    """Return the scored columns of the contract, duplicates among them, and count who asks for a person.

    Parameters
    ----------
    scores : pyarrow.Table
        Of a block.
    duplicates : pyarrow.Array
    target : mapping, optional
        The target error, as ``scorers.abstention.Chosen`` has it.
    facts : Facts
    """
    import pyarrow.compute as pc

    from feedback_nlp.insight.abstain import accepted_from

    columns = scores.append_column("fb_duplicate_of", duplicates).select(scored_schema().names)
    if target is not None:
        columns = accepted_from(columns, target["confidence"])
    facts.n_needs_review += pc.sum(columns["fb_needs_review"]).as_py() or 0
    return columns


def described(schema: pa.Schema, meta: Mapping[str, Any]) -> pa.Schema:
    """Return a schema that tells of input, roles, model and taxonomy."""
    note = json.dumps(meta, ensure_ascii=False, sort_keys=True).encode()
    return schema.with_metadata({METADATA_KEY: note})


def place(
    parts: Parts,
    count: int,
    *,
    output: Path,
    mentions: Path | None,
    unnamed: tuple[str, ...],
    meta: Mapping[str, Any],
    own_ids: bool,
    facts: Facts,
) -> list[Bilingual]:
    """Write the outputs from ``count`` finished parts; both appear, or none is touched.

    Returns
    -------
    list of Bilingual
        What a format could not hold, and ids that repeat.
    """
    from feedback_nlp.io.sinks import open_sink

    notes = _repeated_ids(parts, count, meta["input"]["n_rows"]) if own_ids else []
    with ExitStack() as stack:
        # Left in the reverse order: the reviews come to their place last.
        temporary = stack.enter_context(_in_place(output, parts.folder / f"output{output.suffix}"))
        if mentions is not None:
            other = mentions.with_name(f".{mentions.name[:100]}.{parts.folder.name[1:60]}{mentions.suffix}")
            path = stack.enter_context(_in_place(mentions, other))
            schema = described(mentions_schema(), meta)
            with open_sink(path, mentions.suffix.lower(), schema, notes) as append:
                for number in range(count):
                    append(parts.read(number, kept.MENTIONS).cast(schema))
        _write_reviews(_reviews(parts, count, unnamed, meta, facts), temporary, meta, notes)
    return notes


def _write_reviews(
    reviews: Iterator[pa.Table], path: Path, meta: Mapping[str, Any], notes: list[Bilingual]
) -> None:
    from feedback_nlp.io.sinks import open_sink

    first = next(reviews)
    schema = described(first.schema, meta)
    with open_sink(path, path.suffix.lower(), schema, notes) as append:
        append(first.cast(schema))
        for table in reviews:
            append(table.cast(schema))


def _reviews(
    parts: Parts, count: int, unnamed: tuple[str, ...], meta: Mapping[str, Any], facts: Facts
) -> Iterator[pa.Table]:
    """Yield the scored reviews part by part, all of one schema."""
    from feedback_nlp.io.streams.unify import Columns

    columns = Columns()
    for number in range(count):
        columns.add(parts.schema(number))
    schema = columns.schema(unnamed)
    names = _Names(parts, count, meta["input"]["n_rows"])
    for number in range(count):
        scores = parts.read(number, kept.SCORES)
        table = Columns.cast(parts.read(number, kept.INPUT), schema)
        columns = scores_of(scores, names.next(len(scores)), meta.get("max_error"), facts)
        yield joined(table, scores["review_id"], columns, meta["roles"])


class _Names:
    """The ids of the first reviews with the same text, row after row."""

    def __init__(self, parts: Parts, count: int, n_rows: int) -> None:
        from feedback_nlp.engines.duplicates import sources

        self._source = sources(lambda: (parts.column(number, "key") for number in range(count)), n_rows)
        self._rows = np.unique(self._source[self._source >= 0])
        self._ids = _ids_at(parts, count, self._rows)
        self._at = 0

    def next(self, n_rows: int) -> pa.Array:
        """Return the ids for the next rows, null where a review is no duplicate."""
        import pyarrow as pa

        source = self._source[self._at : self._at + n_rows]
        self._at += n_rows
        place = np.searchsorted(self._rows, source)
        return self._ids.take(pa.array(place, pa.int64(), mask=source < 0))


def _ids_at(parts: Parts, count: int, rows: NDArray[np.int64]) -> pa.Array:
    """Return the review ids of some rows, given in order."""
    import pyarrow as pa

    found: list[pa.Array] = [pa.array([], pa.string())]
    start = 0
    for number in range(count):
        ids = parts.column(number, "review_id")
        first, last = np.searchsorted(rows, [start, start + len(ids)])
        if last > first:
            found.append(ids.take(pa.array(rows[first:last] - start)))
        start += len(ids)
    return pa.concat_arrays(found)


def _repeated_ids(parts: Parts, count: int, n_rows: int) -> list[Bilingual]:
    from feedback_nlp.engines.duplicates import n_repeated
    from feedback_nlp.pipeline.prepare import ids_repeat

    return list(
        ids_repeat(n_repeated(lambda: (parts.column(number, "id_key") for number in range(count)), n_rows))
    )


@contextmanager
def _in_place(target: Path, temporary: Path) -> Iterator[Path]:
    """Give a temporary path of a fixed name, so that what a killed run leaves is written over."""
    from feedback_nlp.io.writers import explained

    try:
        with explained(target):
            yield temporary
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Give a temporary path for an output that is written alone, in a folder of parts of its own.

    The name is fixed and the folder locked, so that the next run clears what a killed one leaves, and two
    runs never write one file.
    """
    with Parts.held(target) as parts:
        try:
            with _in_place(target, parts.folder / f"output{target.suffix}") as temporary:
                yield temporary
        finally:
            if parts.manifest() is None:  # else these are the parts of a run that can be taken up again
                parts.remove()
