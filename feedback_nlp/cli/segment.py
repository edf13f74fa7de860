"""``feedback-nlp segment``: clauses and words with their offsets."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from feedback_nlp.cli import options as opt
from feedback_nlp.cli import texts

if TYPE_CHECKING:
    from feedback_nlp.pipeline import Segment


def segment(
    text: texts.Text = None,
    file: texts.File = None,
    column: opt.Text = None,
    id: opt.Id = None,
    sheet: opt.Sheet = None,
    config: opt.Config = None,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """切成小句和词，带位置。例：feedback-nlp segment '物流太慢了，客服很好' --json"""
    given = opt.given(locals(), "text", "file", "column", "config")
    from feedback_nlp import segment as cut

    chosen = opt.merge({**given, "text": column}, [file] if file else (), config)
    found = texts.of(text, file, chosen)
    pairs = [(item, cut(item)) for item in found.texts]
    if chosen.get("json"):
        rows = ({"text": item, "clauses": [asdict(clause) for clause in clauses]} for item, clauses in pairs)
        texts.as_json(found.with_ids(rows))
        return
    for _, clauses in pairs:
        _show(clauses)


def _show(clauses: list[Segment]) -> None:
    from feedback_nlp.cli import console

    for clause in clauses:
        console.result(f"[{clause.start},{clause.end})\t{clause.text}\t{' / '.join(clause.words)}")
