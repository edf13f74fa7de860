"""Filled workbooks back in: corrections as labelled data and as rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, OutputError
from feedback_nlp.gold import GoldReview, read, record
from feedback_nlp.pipeline.review_answers import Said, check_conflicts, differs, read_all
from feedback_nlp.pipeline.review_cells import Answer, Cells, Label
from feedback_nlp.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from feedback_nlp.scorers.rules import Rule
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Change", "Imported", "import_review", "judged"]


@dataclass(frozen=True)
class Change:
    """One clause that was answered otherwise than before: where, and both answers in words."""

    cell: str
    review_id: str
    clause: str
    before: str
    after: str


@dataclass(frozen=True)
class Imported:
    """What an import found and stored.

    Attributes
    ----------
    path : Path
        The corrections, in the gold format.
    n_rows, n_reviewed, n_confirmed, n_unsure : int
        Rows of the workbooks; those judged, found right as they were, and left as "not sure".
    changes : tuple of Change
        Judged otherwise than the model did.
    revised : tuple of Change
        Judged otherwise than an earlier import had it; the new answer stands.
    n_new : int
        Clauses the file did not hold before.
    n_clauses, n_reviews : int
        Judged clauses, and their reviews, in the file now.
    rules : Path
        The same answers as rules (``scorers.rules``).
    n_rules : int
    """

    path: Path
    n_rows: int
    n_reviewed: int
    n_confirmed: int
    n_unsure: int
    changes: tuple[Change, ...]
    revised: tuple[Change, ...]
    n_new: int
    n_clauses: int
    n_reviews: int
    rules: Path
    n_rules: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "path": str(self.path), "rules": str(self.rules)}


Judged = dict[tuple[str, str], GoldReview]


def judged(reviews: Iterable[GoldReview]) -> Judged:
    """Return corrections by id and text."""
    return {(review.id, review.text): review for review in reviews}


def import_review(
    paths: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    rules: str | Path | None = None,
    taxonomy: str | Path | Taxonomy = "default",
    sheet: str | None = None,
    lang: str = "zh",
) -> Imported:
    """Read filled workbooks and add what they say to a file of corrections.

    Parameters
    ----------
    paths : path, or several
        Workbooks of :func:`export_review`, filled in by one person or several.
    out : str or Path
        Corrections in the gold format; those there already are kept, and where a clause is answered anew the
        new answer stands.
    rules : str or Path, optional
        The same answers as rules (``scorers.rules``); beside ``out``, ending in ``.rules.toml``, when not
        given. Rules written there by hand are kept.
    taxonomy : str, Path or Taxonomy
        The one the file was scored with.
    sheet : str, optional
        Sheet to read; the one that looks like an exported one when not given.
    lang : {"zh", "en"}
        Of the answers in words.

    Returns
    -------
    Imported

    Raises
    ------
    InputError
        If a workbook can't be read or a cell makes no sense: the message names the first such cell, what to
        do about it and how many more there are. Nothing is written then.
    OutputError
        If a file can't be written.
    """
    from feedback_nlp.scorers.rules import derive

    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    cells = Cells(load_taxonomy(taxonomy), lang)
    target = Path(out)
    said, n_rows, n_unsure = read_all(files, cells, sheet)
    check_conflicts(said, cells)
    earlier = _earlier(target)
    merged, n_new, revised = _merged(said, earlier, cells)
    found = derive(merged.values())
    beside = Path(rules) if rules is not None else target.with_suffix(".rules.toml")
    text = _rules_text(beside, found)
    _write({target: _lines(merged.values()), beside: text})
    changes = tuple(_change(item, item.before, cells) for item in said if differs(item.before, item.after))
    return Imported(
        path=target,
        n_rows=n_rows,
        n_reviewed=len(said),
        n_confirmed=len(said) - len(changes),
        n_unsure=n_unsure,
        changes=changes,
        revised=revised,
        n_new=n_new,
        n_clauses=sum(len(review.reviewed or ()) for review in merged.values()),
        n_reviews=len(merged),
        rules=beside,
        n_rules=len(found),
    )


def _earlier(target: Path) -> Judged:
    from feedback_nlp.io.writers import check_writable

    if target.suffix.lower() not in (".jsonl", ".ndjson"):
        raise OutputError(
            Bilingual(
                f"修正不能存成“{target.suffix}”（{target}）。", f"Corrections can't be '{target.suffix}'."
            ),
            Bilingual("文件名用 .jsonl 结尾。", "End the name in .jsonl."),
        )
    check_writable(target, force=True, suffixes=False)
    return judged(read(target)) if target.exists() else {}


def _merged(said: Sequence[Said], earlier: Judged, cells: Cells) -> tuple[Judged, int, tuple[Change, ...]]:
    """Return all corrections, how many clauses are new, and the answers that changed."""
    merged = dict(earlier)
    n_new = 0
    revised: list[Change] = []
    for item in said:
        old = merged.get(item.review)
        known = None if old is None else _known(old, item.span)
        if known is None:
            n_new += 1
        elif set(known) != set(item.after.labels):
            revised.append(_change(item, Answer(known, None), cells))
        merged[item.review] = _with(old, item)
    return merged, n_new, tuple(revised)


def _known(review: GoldReview, span: tuple[int, int]) -> tuple[Label, ...] | None:
    """Return what was said of a clause, None where nobody judged it."""
    if span not in review.clauses:
        return None
    place = review.clauses.index(span)
    if review.reviewed is not None and place not in review.reviewed:
        return None
    return tuple((facet, polarity) for clause, facet, polarity in review.labels if clause == place)


def _with(old: GoldReview | None, item: Said) -> GoldReview:
    """Return the review with one clause judged, or judged anew."""
    review_id, text = item.review
    review = old or GoldReview(review_id, text, source="review", clauses=_cut(text, item.span), reviewed=())
    if item.span not in review.clauses:
        review = _recut(review, item.span)
    place = review.clauses.index(item.span)
    kept = [label for label in review.labels if label[0] != place]
    new = [(place, facet, polarity) for facet, polarity in item.after.labels]
    reviewed = None if review.reviewed is None else tuple(sorted({*review.reviewed, place}))
    changed = item.after.overall != item.before.overall
    overall = item.after.overall if changed or old is None else old.overall
    return replace(
        review,
        labels=tuple(sorted(kept + new)),
        reviewed=reviewed,
        overall=overall if overall is not None else 0,
    )


def _cut(text: str, span: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return the clauses of a text, ``span`` among them (masking may have moved a cut)."""
    from feedback_nlp.text.clauses import cut

    start, end = span
    apart = [other for other in cut(text) if other[1] <= start or end <= other[0]]
    return tuple(sorted([*apart, span]))


def _recut(review: GoldReview, span: tuple[int, int]) -> GoldReview:
    """Return the review with ``span`` among its clauses; labels of clauses it overlaps go."""
    clauses = tuple(sorted({*_apart(review.clauses, span), span}))
    place = {clause: row for row, clause in enumerate(clauses)}
    labels = [(place.get(review.clauses[row]), facet, side) for row, facet, side in review.labels]
    reviewed = review.reviewed
    if reviewed is not None:
        reviewed = tuple(place[review.clauses[row]] for row in reviewed if review.clauses[row] in place)
    return replace(
        review,
        clauses=clauses,
        labels=tuple((row, facet, side) for row, facet, side in labels if row is not None),
        reviewed=reviewed,
    )


def _apart(clauses: Iterable[tuple[int, int]], span: tuple[int, int]) -> list[tuple[int, int]]:
    return [other for other in clauses if other[1] <= span[0] or span[1] <= other[0]]


def _change(item: Said, before: Answer, cells: Cells) -> Change:
    start, end = item.span
    shown = item.after if before.overall is not None else Answer(item.after.labels, None)
    return Change(
        item.row.cells["verdict"].partition("!")[2],
        item.row["review_id"],
        item.row["text"][start:end],
        cells.answer(before),
        cells.answer(shown),
    )


def _lines(reviews: Iterable[GoldReview]) -> str:
    return "".join(json.dumps(record(review), ensure_ascii=False) + "\n" for review in reviews)


def _rules_text(path: Path, found: Sequence[Rule]) -> str:
    """Return the rules file, keeping its model and the rules somebody wrote by hand."""
    from feedback_nlp.scorers.rules import BY_REVIEW, load_rules, render

    model, old = load_rules(path) if path.exists() else ("linear", [])
    return render([*found, *(rule for rule in old if rule.by != BY_REVIEW)], model)


def _write(contents: Mapping[Path, str]) -> None:
    """Write all files or none."""
    from contextlib import ExitStack

    from feedback_nlp.io.writers import atomic

    with ExitStack() as stack:
        for path, text in contents.items():
            stack.enter_context(atomic(path)).write_text(text, encoding="utf-8", newline="\n")
