"""Filled workbooks back in: corrections as labelled data and as rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from feedback_nlp.errors import Bilingual, InputError, OutputError
from feedback_nlp.gold import GoldReview, read, record
from feedback_nlp.io.forms import Filled, at_cell, read_form
from feedback_nlp.pipeline.review_cells import (
    MOST_SLOTS,
    NONE_SAID,
    RIGHT,
    SIDES,
    UNSURE,
    Answer,
    Cells,
    Key,
    Label,
    fields,
    slots,
    spelt,
)
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


@dataclass(frozen=True)
class _Said:
    """One judged row."""

    path: Path
    row: Filled
    key: Key
    before: Answer
    after: Answer

    @property
    def review(self) -> tuple[str, str]:
        return self.row["review_id"], self.row["text"]

    @property
    def span(self) -> tuple[int, int]:
        return self.key.start, self.key.end

    @property
    def cell(self) -> str:
        return self.row.cells["facet1"] if "facet1" in self.row.cells else self.row.cells["verdict"]


class _Problem(Exception):  # noqa: N818 (never leaves this module)
    """A cell that can't be used, what is wrong with it and what to do."""

    def __init__(self, row: Filled, key: str, fact: Bilingual, hint: Bilingual) -> None:
        super().__init__(fact.en)
        self.cell = row.cells.get(key, row.cells["key"])
        self.fact, self.hint = fact, hint


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
    said, n_rows, n_unsure = _read_all(files, cells, sheet)
    _check_conflicts(said, cells)
    earlier = _earlier(target)
    merged, n_new, revised = _merged(said, earlier, cells)
    found = derive(merged.values())
    beside = Path(rules) if rules is not None else target.with_suffix(".rules.toml")
    text = _rules_text(beside, found)
    _write({target: _lines(merged.values()), beside: text})
    changes = tuple(_change(item, item.before, cells) for item in said if _differs(item.before, item.after))
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


def _read_all(files: Sequence[Path], cells: Cells, sheet: str | None) -> tuple[list[_Said], int, int]:
    """Return the judged rows of all workbooks, the number of rows and of those left unsure."""
    said: list[_Said] = []
    n_rows = n_unsure = 0
    for path in files:
        rows = read_form(path, fields(MOST_SLOTS), sheet=sheet)
        problems = []
        for row in rows:
            try:
                judged = _judge(path, row, cells)
            except _Problem as problem:
                problems.append(problem)
                continue
            if judged is not None:
                said.append(judged)
            n_unsure += row["verdict"] in UNSURE
        if problems:
            first, *others = problems
            raise at_cell(path, first.cell, first.fact, first.hint, [other.cell for other in others])
        n_rows += len(rows)
    return said, n_rows, n_unsure


def _judge(path: Path, row: Filled, cells: Cells) -> _Said | None:
    """Return what a row says, None where nobody judged it."""
    key = _checked_key(row)
    before = cells.parse(row["model"])
    if before is None:
        raise _Problem(row, "model", _FOREIGN.fact, _FOREIGN.hint)
    _check_slots(row, len(before.labels))
    verdict = _verdict(row)
    if verdict == "unsure":
        return None
    filled = _labels(row, cells)
    overall = _overall(row)
    after = Answer(filled, before.overall if overall is None else overall)
    if verdict == "none":
        if _differs(Answer(filled, None), Answer(before.labels, None)) and filled:
            raise _Problem(
                row,
                "verdict",
                Bilingual(
                    "标了“都没提到”，可又填了别的方面。",
                    "Marked as 'none of these', but a facet was filled in.",
                ),
                Bilingual(
                    "清空这一行的方面，或清空这一格。", "Clear the facets of the row, or clear this cell."
                ),
            )
        after = Answer((), after.overall)
    elif verdict is None and not _differs(before, after):
        return None
    return _Said(path, row, key, before, after)


def _check_slots(row: Filled, n_labels: int) -> None:
    """Raise where a column that held one of the model's answers is gone: nobody cleared that answer."""
    titles = {field.key: field.title for field in fields(MOST_SLOTS)}
    for key in (key for pair in slots(min(n_labels, MOST_SLOTS)) for key in pair):
        if key not in row.cells:
            zh, en = titles[key]
            raise _Problem(
                row,
                "model",
                Bilingual(f"“{zh}”这一列没有了。", f"The column '{en}' is gone."),
                Bilingual("撤销删除或改名。", "Undo the deletion or renaming."),
            )


class _Fixed(NamedTuple):
    fact: Bilingual
    hint: Bilingual


_FOREIGN = _Fixed(
    Bilingual("这个判断用的方面，现在的分类体系里没有。", "It names a facet that the taxonomy lacks."),
    Bilingual("用 --taxonomy 给出打分时的分类体系。", "Give the taxonomy of the scoring by --taxonomy."),
)
_COLUMN_NAMES = {
    "review_id": Bilingual("评价编号", "The review id"),
    "text": Bilingual("评价原文", "The review's text"),
    "clause": Bilingual("要判断的小句（或校验码）", "The clause (or its key)"),
    "model": Bilingual("“模型原来的判断”", "The model's answer"),
}


def _checked_key(row: Filled) -> Key:
    key = Key.parse(row["key"])
    if key is None:
        raise _Problem(
            row,
            "key",
            Bilingual("校验码没有了或被改过。", "The key is gone or was changed."),
            Bilingual(
                "从原文件把这一行的校验码粘回来（取消隐藏最后一列），或删掉这一行。",
                "Paste the key back from the original file (unhide the last column), or delete the row.",
            ),
        )
    changed = key.changed(row["review_id"], row["text"], row["model"])
    if changed is None and row["clause"] != row["text"][key.start : key.end]:
        changed = "clause"
    if changed is not None:
        name = _COLUMN_NAMES[changed]
        raise _Problem(
            row,
            changed,
            Bilingual(
                f"{name.zh}被改过，认不出是哪一句。", f"{name.en} was changed: the row can't be recognised."
            ),
            Bilingual(
                "从原文件粘回这一格，或删掉这一行；意见写在黄色的格里。",
                "Paste the cell back from the original file, or delete the row; answer in the yellow cells.",
            ),
        )
    return key


def _verdict(row: Filled) -> str | None:
    """Return ``right``, ``none``, ``unsure`` or None for an empty cell."""
    cell = row["verdict"].casefold()
    if not cell:
        return None
    ways = {
        "right": (*RIGHT, "✓", "√", "是", "yes", "y", "1", "true", "ok", "对的"),
        "none": (*NONE_SAID, "没提到", "无", "none"),
        "unsure": (*UNSURE, "?", "？"),
    }
    for meaning, spellings in ways.items():
        if cell in spellings:
            return meaning
    raise _Problem(
        row,
        "verdict",
        Bilingual(f"“{row['verdict']}”不认识。", f"'{row['verdict']}' is not known."),
        Bilingual(
            f"从下拉里选：{'、'.join(item.zh for item in (RIGHT, NONE_SAID, UNSURE))}，或空着。",
            f"Choose from the drop-down: {', '.join(item.en for item in (RIGHT, NONE_SAID, UNSURE))}.",
        ),
    )


def _labels(row: Filled, cells: Cells) -> tuple[Label, ...]:
    """Return the facets and sides filled in, in order, each once."""
    found: dict[Label, None] = {}
    for facet, side in slots(MOST_SLOTS):
        if not row.values.get(facet):
            continue  # a side without a facet says nothing: its facet was cleared
        code = cells.code(row[facet])
        if code is None:
            raise _unknown_facet(row, facet, cells)
        polarity = spelt(row[side])
        if polarity is None:
            raise _bad_side(row, side)
        found[code, polarity] = None
    return tuple(found)


def _unknown_facet(row: Filled, key: str, cells: Cells) -> _Problem:
    near = cells.near(row[key])
    guess = Bilingual(f"是不是“{near}”？", f"Did you mean '{near}'? ") if near else Bilingual("", "")
    return _Problem(
        row,
        key,
        Bilingual(f"没有方面“{row[key]}”。", f"There is no facet '{row[key]}'."),
        Bilingual(f"{guess.zh}从下拉里选（全部在“选项”表）。", f"{guess.en}Choose from the drop-down."),
    )


def _bad_side(row: Filled, key: str) -> _Problem:
    choices = Bilingual(*("、".join(side.in_(lang) for side in SIDES) for lang in ("zh", "en")))
    fact = (
        Bilingual(f"褒贬“{row[key]}”不认识。", f"'{row[key]}' is no side.")
        if row[key]
        else Bilingual("填了方面，没填褒贬。", "A facet is filled in without its side.")
    )
    hint = Bilingual(
        f"填 {choices.zh} 之一，或清空这个方面。", f"Fill in one of {choices.en}, or clear the facet."
    )
    return _Problem(row, key, fact, hint)


def _overall(row: Filled) -> int | None:
    if not row["overall"]:
        return None
    found = spelt(row["overall"])
    if found is None:
        raise _bad_side(row, "overall")
    return found


def _differs(one: Answer, other: Answer) -> bool:
    return set(one.labels) != set(other.labels) or one.overall != other.overall


def _check_conflicts(said: Sequence[_Said], cells: Cells) -> None:
    """Raise where one clause, or one review as a whole, was answered in two ways."""
    clauses: dict[Any, _Said] = {}
    wholes: dict[Any, _Said] = {}
    for item in said:
        first = clauses.setdefault((item.review, item.span), item)
        if set(first.after.labels) != set(item.after.labels):
            raise _conflict(first, item, "facet1", Answer(first.after.labels, None), cells)
        if item.after.overall == item.before.overall:
            continue
        first = wholes.setdefault(item.review, item)
        if first.after.overall != item.after.overall:
            raise _conflict(first, item, "overall", Answer((), first.after.overall), cells)


def _conflict(first: _Said, second: _Said, key: str, answer: Answer, cells: Cells) -> InputError:
    there = first.row.cells.get(key, first.cell)
    name = "" if first.path == second.path else f"{first.path.name} "
    shown = cells.answer(answer)
    return at_cell(
        second.path,
        second.row.cells.get(key, second.cell),
        Bilingual(
            f"同一处有两个答案：{name}{there} 是“{shown}”。",
            f"It was answered in two ways: {name}{there} says '{shown}'.",
        ),
        Bilingual("改成一致，或清空其中一行的答案。", "Make them agree, or clear one of the two."),
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


def _merged(said: Sequence[_Said], earlier: Judged, cells: Cells) -> tuple[Judged, int, tuple[Change, ...]]:
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


def _with(old: GoldReview | None, item: _Said) -> GoldReview:
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


def _change(item: _Said, before: Answer, cells: Cells) -> Change:
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
