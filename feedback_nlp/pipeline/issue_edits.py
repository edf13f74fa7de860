"""Where people write down what they decide about issues: ``issues.toml``, or a sheet of the workbook."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, ConfigError, InputError
from feedback_nlp.insight.edits import NAME, Edits, Merge, Split
from feedback_nlp.report.editing import KEYS
from feedback_nlp.report.wording import LANGS, Words

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.analysis import Assign
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["assigner", "edits_of", "found_edits", "keep", "read_workbook"]

WORKBOOK = "issues.xlsx"
_YES = frozenset({"是", "y", "yes", "1", "1.0", "true", "√", "✓", "x"})
# Issues named in a note.
_SHOWN = 5
_PARTING = "、，,;；\n"


def edits_of(source: str | Path | Edits | None) -> Edits | None:
    """Return the edits of a TOML file or an edited workbook.

    Raises
    ------
    ConfigError
        If the file can't be read, with the line or row to mend.
    """
    if source is None or isinstance(source, Edits):
        return source
    path = Path(source)
    return read_workbook(path) if path.suffix.lower() in (".xlsx", ".xlsm") else Edits.read(path)


def assigner(
    mentions: pa.Table, taxonomy: Taxonomy, edits: Edits | None, lang: str
) -> tuple[Assign | None, tuple[Bilingual, ...]]:
    """Return what groups mentions into issues as people want them, and what is to be said of their edits.

    Raises
    ------
    ConfigError
        For an edit that can't be done.
    """
    if not edits:
        return None, ()
    from feedback_nlp.insight.issues import ABSENT, assign

    done = assign(mentions, taxonomy, lang=lang, edits=edits)
    absent = json.loads(done[1].schema.metadata[ABSENT])
    return (lambda *_, **__: done), _unused(absent, edits.name or NAME)


def _unused(absent: Sequence[str], name: str) -> tuple[Bilingual, ...]:
    if not absent:
        return ()
    more = len(absent) > _SHOWN
    zh, en = "、".join(absent[:_SHOWN]), ", ".join(absent[:_SHOWN])
    return (
        Bilingual(
            f"{name} 里的这些问题这次没有出现，不起作用：{zh}{' 等' if more else ''}。",
            f"Issues of {name} that this file doesn't have, so they change nothing: "
            f"{en}{' and more' if more else ''}.",
        ),
    )


def found_edits(folders: Sequence[Path]) -> Edits:
    """Return the edits of every ``issues.toml`` and edited workbook in ``folders``; the later ones win."""
    edits = Edits()
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        for place, read in ((folder / NAME, Edits.read), (folder / WORKBOOK, _if_edited)):
            if place.is_file():
                edits = edits.joined(read(place))
    return edits


def keep(folder: Path) -> Path | None:
    """Write what the workbook of ``folder`` says into its ``issues.toml``, before it is written anew.

    Returns
    -------
    Path or None
        The file, if anything was to be kept.
    """
    from feedback_nlp.io.writers import atomic

    place = folder / NAME
    new = _if_edited(folder / WORKBOOK) if (folder / WORKBOOK).is_file() else Edits()
    if not new:
        return None
    old = Edits.read(place) if place.is_file() else Edits()
    with atomic(place) as temporary:
        old.joined(new).save(temporary)
    return place


def _if_edited(path: Path) -> Edits:
    """Return the edits of a workbook, none if it isn't one of ours."""
    try:
        return read_workbook(path)
    except InputError:
        return Edits()


def read_workbook(path: str | Path) -> Edits:
    """Read the sheet on which issues are renamed, merged, split and pinned.

    Raises
    ------
    InputError
        If it can't be read or has no such sheet.
    ConfigError
        For a row that says something that can't be done.
    """
    place = Path(path)
    rows, lang = _sheet(place)
    heads = rows[0] if rows else []
    places = {key: heads.index(name) for key in KEYS if (name := Words(lang)(f"column.{key}")) in heads}
    edits = Edits(name=place.name)
    for number, cells in enumerate(rows[1:], 2):
        row = {key: cells[places[key]] if key in places else "" for key in KEYS}
        if row["issue_id"]:
            edits = edits.joined(_row_edits(row, place.name, number))
    return edits


def _row_edits(row: dict[str, str], name: str, number: int) -> Edits:
    issue = row["issue_id"]
    terms = tuple(term for term in _parted(row["edit_terms"]))
    if bool(terms) != bool(row["edit_split"]):
        raise ConfigError(
            Bilingual(
                f"{name} 第 {number} 行：拆分要同时写新问题的名字和含有的词。",
                f"{name}, row {number}: a split needs both a name and the words it holds.",
            ),
            Bilingual("补上，或都留空。", "Fill in both or neither."),
        )
    return Edits(
        renames={issue: row["edit_name"]} if row["edit_name"] else {},
        # "Put into": the other one keeps its id.
        merges=(Merge((row["edit_merge"], issue), line=number),) if row["edit_merge"] else (),
        splits=(Split(issue, row["edit_split"], terms, number),) if terms else (),
        pins=(issue,) if row["edit_pin"].lower() in _YES else (),
        name=name,
    )


def _parted(text: str) -> Iterable[str]:
    for mark in _PARTING:
        text = text.replace(mark, "\n")
    return (part.strip() for part in text.split("\n") if part.strip())


def _sheet(path: Path) -> tuple[list[list[str]], str]:
    """Return the rows of the sheet, the header first, and the language of it."""
    from python_calamine import CalamineError, CalamineWorkbook

    names = {Words(lang)("sheet.edits"): lang for lang in LANGS}
    why = Bilingual("没有这张表", "no such sheet")
    try:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            if name in names:
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                return [[str(cell).strip() for cell in row] for row in rows], names[name]
    except (CalamineError, OSError) as error:
        why = Bilingual(str(error), str(error))
    zh, en = names
    raise InputError(
        Bilingual(
            f"{path.name} 里读不到“{zh}”表（{why.zh}）。", f"{path.name}: can't read sheet '{en}' ({why.en})."
        ),
        Bilingual(
            "用 analyze 写出的 issues.xlsx，或 issues.toml。", "Use issues.xlsx of analyze, or issues.toml."
        ),
    )
