"""Soft labels of the shipped encoder on unlabelled public texts, for the default scorer to learn from."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.training_data import Examples, without_overlap
from feedback_nlp.text.clauses import Clauses, cut_column

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Scorer

# Texts of one domain of one file: breadth of industries teaches more than depth in one, and the time to learn
# grows faster than the number of texts.
PER_DOMAIN = 220
# Letters within these lengths: shorter ones say little, longer ones cost much.
SHORTEST, LONGEST = 8, 150
# Where the teacher is sure; in between nothing is learnt.
PRESENT, ABSENT, SURE, RAISED, QUIET = 0.5, 0.15, 0.8, 0.8, 0.05


def unlabelled(data: Path, held_out: list[str], per_domain: int = PER_DOMAIN) -> list[str]:
    """Return texts of every public file, spread over their domains, none like those ``held_out``."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, domain, text in _texts(data):
        if SHORTEST <= len(text) <= LONGEST:
            groups[name, domain].append(text)
    found: list[str] = []
    for texts in groups.values():
        step = max(len(texts) / per_domain, 1.0)
        found += [texts[int(place * step)] for place in range(min(per_domain, len(texts)))]
    kept = without_overlap(found, held_out)
    return [text for text, keep in zip(found, kept, strict=True) if keep]


def _texts(data: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(data.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                yield path.name, str(row.get("domain", "")), row["text"]


def judged_by(teacher: Scorer, texts: list[str], *, batch: int = 500) -> Examples:
    """Return texts labelled by ``teacher`` where it is sure; fold −1, so that nothing is judged on them."""
    clauses = cut_column(texts)
    parts = [teacher.predict(texts[start : start + batch]) for start in range(0, len(texts), batch)]
    block = np.concatenate([part.clauses for part in parts])
    overall, flags = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("overall", "flags")
    )
    score = block.sum(axis=2)
    present = score >= PRESENT
    mention = np.where(present, 1, np.where(score <= ABSENT, 0, -1)).astype(np.int8)
    return Examples(
        tuple(texts),
        clauses,
        mention,
        _sides(block, present),
        np.where(overall.max(axis=1) >= SURE, overall.argmax(axis=1), -1).astype(np.int8),
        np.where(flags >= RAISED, 1, np.where(flags <= QUIET, 0, -1)).astype(np.int8),
        np.full(len(texts), -1, np.int8),
    )


def _sides(block: NDArray[np.float32], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the side of each mention, where one side holds two thirds of it."""
    share = block / np.maximum(block.sum(axis=2, keepdims=True), 1e-9)
    return np.asarray((share >= 2 / 3) & present[:, :, None])


def joined(parts: list[Examples]) -> Examples:
    """Return the reviews of all parts as one."""
    counts = np.cumsum([0, *(len(part) for part in parts)])
    clauses = Clauses(
        np.concatenate([part.clauses.review + at for part, at in zip(parts, counts, strict=False)]),
        np.concatenate([part.clauses.index for part in parts]),
        np.concatenate([part.clauses.start for part in parts]),
        np.concatenate([part.clauses.end for part in parts]),
        int(counts[-1]),
    )
    fields = ("mention", "sides", "overall", "flags", "fold")
    stacked = {name: np.concatenate([getattr(part, name) for part in parts]) for name in fields}
    return Examples(tuple(text for part in parts for text in part.texts), clauses, **stacked)
