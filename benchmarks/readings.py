"""Our clause labels of public texts: labels only, joined by id with the texts in ``../shared/data``.

The texts are not ours to ship; ``readings/*.jsonl`` beside this file has, for each, its set, its id, a digest
of its text and what a reader judged of it. ``readings/README.md`` says how they were chosen and read.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from feedback_nlp.gold import GoldReview

FOLDER = Path(__file__).with_name("readings")


def digest(text: str) -> str:
    """Return what shows that a text is still the one that was read."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def read_readings(data: Path) -> dict[str, list[GoldReview]]:
    """Return reader → labelled reviews, with texts from the sets in ``data``.

    Raises
    ------
    ValueError
        If a text is missing from its set, or is not the one that was read.
    """
    rows = {path.stem: _lines(path) for path in sorted(FOLDER.glob("*.jsonl"))}
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in (row for found in rows.values() for row in found):
        wanted[row["set"]].add(row["id"])
    texts = {name: _texts(data / f"{name}.jsonl.gz", ids) for name, ids in wanted.items()}
    return {
        reader: [_review(row, texts[row["set"]].get(row["id"])) for row in found]
        for reader, found in rows.items()
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _texts(path: Path, ids: set[str]) -> dict[str, dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = (json.loads(line) for line in stream)
        return {row["id"]: row for row in rows if row["id"] in ids}


def _review(row: dict[str, Any], found: dict[str, Any] | None) -> GoldReview:
    if found is None or digest(found["text"]) != row["digest"]:
        raise ValueError(f"{row['set']}: text {row['id']} is missing or is not the one that was read")
    return GoldReview(
        id=row["id"],
        text=found["text"],
        domain=str(found.get("domain", "")),
        source=row["set"],
        clauses=tuple((start, end) for start, end in row["clauses"]),
        labels=tuple((clause, facet, polarity) for clause, facet, polarity in row["labels"]),
        overall=row["overall"],
        flags=tuple(row["flags"]),
    )
