"""Labelled reviews: the gold format of contract.md, read and checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual, InputError, cannot_open
from feedback_nlp.schema import FLAGS

__all__ = ["GoldReview", "parse", "read", "record"]

_KNOWN = {"id", "text", "domain", "source", "clauses", "labels", "overall", "flags", "reviewed"}


@dataclass(frozen=True)
class GoldReview:
    """One labelled review.

    Attributes
    ----------
    id, text, domain, source : str
        ``domain`` and ``source`` are empty where the file has none.
    clauses : tuple of (start, end)
        Half-open spans of ``text`` in code points.
    labels : tuple of (clause, facet, polarity)
        Position in ``clauses``, full facet code, −1, 0 or 1.
    overall : int
        −1, 0 or 1.
    flags : tuple of str
        Of ``schema.FLAGS``.
    reviewed : tuple of int, optional
        Positions of the clauses a person has judged, where it was not the whole review (corrections): of the
        other clauses, and of the flags, nothing is known.
    meta : mapping
        Every other field of the line.
    """

    id: str
    text: str
    domain: str = ""
    source: str = ""
    clauses: tuple[tuple[int, int], ...] = ()
    labels: tuple[tuple[int, str, int], ...] = ()
    overall: int = 0
    flags: tuple[str, ...] = ()
    reviewed: tuple[int, ...] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


def read(paths: str | Path | Iterable[str | Path]) -> list[GoldReview]:
    """Read labelled reviews from JSON-lines files, in order; ``-`` is standard input.

    Raises
    ------
    InputError
        If a file can't be read or a line breaks the format; the message names file, line and what is wrong.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    return [review for path in files for review in _read_file(Path(path))]


def parse(record: Mapping[str, Any]) -> GoldReview:
    """Build a review from one decoded line.

    Raises
    ------
    ValueError
        Naming the field that breaks the format.
    """
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("text")
    clauses = tuple(_span(item, len(text)) for item in record.get("clauses", ()))
    if any(after[0] < before[1] for before, after in pairwise(clauses)):
        raise ValueError("clauses: overlap or wrong order")
    overall = record.get("overall", 0)
    if overall not in (-1, 0, 1):
        raise ValueError(f"overall: {overall!r}")
    flags = tuple(record.get("flags", ()))
    unknown = [flag for flag in flags if flag not in FLAGS]
    if unknown:
        raise ValueError(f"flags: {unknown[0]!r}")
    labels = tuple(_label(item, len(clauses)) for item in record.get("labels", ()))
    return GoldReview(
        id=str(record.get("id", "")),
        text=text,
        domain=str(record.get("domain", "")),
        source=str(record.get("source", "")),
        clauses=clauses,
        labels=labels,
        overall=int(overall),
        flags=flags,
        reviewed=_reviewed(record.get("reviewed"), len(clauses), labels),
        meta={key: value for key, value in record.items() if key not in _KNOWN},
    )


def record(review: GoldReview) -> dict[str, Any]:
    """Return the line of a review, as :func:`parse` takes it."""
    line = {
        "id": review.id,
        "text": review.text,
        "domain": review.domain,
        "source": review.source,
        "clauses": [list(span) for span in review.clauses],
        "labels": [list(label) for label in review.labels],
        "overall": review.overall,
        "flags": list(review.flags),
    }
    if review.reviewed is not None:
        line["reviewed"] = list(review.reviewed)
    return {**line, **review.meta}


def _read_file(path: Path) -> list[GoldReview]:
    try:
        lines = _bytes(path).decode("utf-8-sig").split("\n")
    except OSError as error:
        raise cannot_open(str(path), error) from error
    except UnicodeDecodeError as error:
        raise InputError(
            Bilingual(f"标注文件 {path} 读不了：{error}。", f"Can't read labelled file {path}: {error}."),
            Bilingual("给一个 UTF-8 的 JSONL 文件。", "Give a JSONL file in UTF-8."),
        ) from error
    return [_parse_line(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _bytes(path: Path) -> bytes:
    """Return the content of a file, or of standard input for ``-``."""
    if str(path) != "-":
        return path.read_bytes()
    return sys.stdin.buffer.read() if sys.stdin else b""  # a closed one is None


def _parse_line(line: str, path: Path, number: int) -> GoldReview:
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("not an object")
        return parse(record)
    except (ValueError, TypeError) as error:
        raise InputError(
            Bilingual(
                f"标注文件 {path} 第 {number} 行不合格式：{error}。",
                f"Line {number} of labelled file {path} breaks the format: {error}.",
            ),
            Bilingual(
                "每行一个对象：id, text, clauses [[起, 止], …], "
                "labels [[小句, 方面, 极性], …], overall, flags。",
                "One object a line: id, text, clauses [[start, end], …], "
                "labels [[clause, facet, polarity], …], overall, flags.",
            ),
        ) from error


def _span(item: Any, length: int) -> tuple[int, int]:
    try:
        start, end = item
    except (TypeError, ValueError) as error:
        raise ValueError(f"clauses: {item!r}") from error
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length):
        raise ValueError(f"clauses: {item!r}")
    return start, end


def _reviewed(items: Any, n_clauses: int, labels: tuple[tuple[int, str, int], ...]) -> tuple[int, ...] | None:
    if items is None:
        return None
    if not isinstance(items, list) or not all(type(item) is int and 0 <= item < n_clauses for item in items):
        raise ValueError(f"reviewed: {items!r}")
    if any(clause not in items for clause, _, _ in labels):
        raise ValueError("reviewed: a label stands on a clause that was not reviewed")
    return tuple(sorted(set(items)))


def _label(item: Any, n_clauses: int) -> tuple[int, str, int]:
    try:
        clause, facet, polarity = item
    except (TypeError, ValueError) as error:
        raise ValueError(f"labels: {item!r}") from error
    fits = isinstance(clause, int) and 0 <= clause < n_clauses and isinstance(facet, str) and "." in facet
    if not fits or polarity not in (-1, 0, 1):
        raise ValueError(f"labels: {item!r}")
    return clause, facet, int(polarity)
