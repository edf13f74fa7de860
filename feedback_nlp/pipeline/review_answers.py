"""What the rows of filled workbooks answer; a cell that makes no sense is named, with the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from feedback_nlp.errors import Bilingual, InputError
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

__all__ = ["Said", "check_conflicts", "differs", "read_all"]


@dataclass(frozen=True)
class Said:
    """One judged row: the model's answer before, and the person's after."""

    path: Path
    row: Filled
    key: Key
    before: Answer
    after: Answer

    @property
    def review(self) -> tuple[str, str]:
        """Id and text of the review."""
        return self.row["review_id"], self.row["text"]

    @property
    def span(self) -> tuple[int, int]:
        """The clause in its text."""
        return self.key.start, self.key.end

    @property
    def cell(self) -> str:
        """The first cell of the answer."""
        return self.row.cells["facet1"] if "facet1" in self.row.cells else self.row.cells["verdict"]


class _Problem(Exception):  # noqa: N818 (never leaves this module)
    """A cell that can't be used, what is wrong with it and what to do."""

    def __init__(self, row: Filled, key: str, fact: Bilingual, hint: Bilingual) -> None:
        super().__init__(fact.en)
        self.cell = row.cells.get(key, row.cells["key"])
        self.fact, self.hint = fact, hint


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


def read_all(files: Sequence[Path], cells: Cells, sheet: str | None) -> tuple[list[Said], int, int]:
    """Return the judged rows of all workbooks, the number of rows and of those left unsure."""
    said: list[Said] = []
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


def _judge(path: Path, row: Filled, cells: Cells) -> Said | None:
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
        if differs(Answer(filled, None), Answer(before.labels, None)) and filled:
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
    elif verdict is None and not differs(before, after):
        return None
    return Said(path, row, key, before, after)


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


def differs(one: Answer, other: Answer) -> bool:
    """Return whether two answers say different things, whatever the order of their facets."""
    return set(one.labels) != set(other.labels) or one.overall != other.overall


def check_conflicts(said: Sequence[Said], cells: Cells) -> None:
    """Raise where one clause, or one review as a whole, was answered in two ways."""
    clauses: dict[Any, Said] = {}
    wholes: dict[Any, Said] = {}
    for item in said:
        first = clauses.setdefault((item.review, item.span), item)
        if set(first.after.labels) != set(item.after.labels):
            raise _conflict(first, item, "facet1", Answer(first.after.labels, None), cells)
        if item.after.overall == item.before.overall:
            continue
        first = wholes.setdefault(item.review, item)
        if first.after.overall != item.after.overall:
            raise _conflict(first, item, "overall", Answer((), first.after.overall), cells)


def _conflict(first: Said, second: Said, key: str, answer: Answer, cells: Cells) -> InputError:
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
