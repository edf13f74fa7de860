"""Where people write down what they decide about issues: ``issues.toml``, or a sheet of the workbook."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, ConfigError, InputError, UserError
from feedback_nlp.insight.edits import LONGEST, NAME, Edits, Merge, Split
from feedback_nlp.report.editing import KEYS, NAME_WAS
from feedback_nlp.report.wording import LANGS, Words
from feedback_nlp.text.terms import TermMatcher

if TYPE_CHECKING:
    import pyarrow as pa
    from python_calamine import CalamineSheet

    from feedback_nlp.insight.analysis import Assign
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["assigner", "edited", "edits_of", "found_edits", "keep", "read_workbook"]

WORKBOOK = "issues.xlsx"
_YES = frozenset({"是", "y", "yes", "1", "1.0", "true", "√", "✓", "x"})
_NO = frozenset({"", "否", "不", "n", "no", "0", "0.0", "false", "-", "×"})
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
    if not isinstance(source, str | Path):
        raise ConfigError(
            Bilingual(f"issues={source!r:.40} 不能用。", f"issues={source!r:.40} can't be used."),
            Bilingual(
                "给 issues.toml 或改过的 issues.xlsx 的路径。",
                "Give the path of an issues.toml, or of an issues.xlsx that was edited.",
            ),
        )
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
    *done, said = edited(mentions, taxonomy, edits, lang)
    return (lambda *_, **__: tuple(done)), said


def edited(
    mentions: pa.Table, taxonomy: Taxonomy, edits: Edits | None, lang: str
) -> tuple[pa.Table, pa.Table, tuple[Bilingual, ...]]:
    """Return mentions with their issues, the catalogue of these, and what is to be said of the edits.

    Raises
    ------
    ConfigError
        For an edit that can't be done.
    """
    from feedback_nlp.insight.issues import ABSENT, assign

    filled, catalogue = assign(mentions, taxonomy, lang=lang, edits=edits)
    absent = json.loads(catalogue.schema.metadata[ABSENT]) if edits else []
    named = edits.renames.values() if edits else ()
    said = (*_unused(absent, (edits.name if edits else "") or NAME), *_twice(catalogue, set(named)))
    return filled, catalogue, said


def _twice(catalogue: pa.Table, given: set[str]) -> tuple[Bilingual, ...]:
    """Say where a new name is that of another issue: two of one name are rarely what was meant."""
    uses = Counter(catalogue["name"].to_pylist())
    twice = [name for name in sorted(given) if uses[name] > 1][:_SHOWN]
    return (
        (
            Bilingual(
                f"改名以后，不止一个问题叫 {'、'.join(twice)}；要合成一个，写在“并入”一列。",
                f"Several issues are now called {', '.join(twice)}; to make them one, fill in 'Put into'.",
            ),
        )
        if twice
        else ()
    )


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
        If a column is gone, or for a row that says something that can't be done.
    """
    place = Path(path)
    rows, lang = _sheet(place)
    heads = rows[0] if rows else []
    titles = {key: Words(lang)(f"column.{key}") for key in KEYS}
    told = {key: Words(lang)(f"column.{key}") for key in ("name", NAME_WAS)}
    missing = [title for title in titles.values() if title not in heads]
    if missing:
        raise _without(place.name, Words(lang)("sheet.edits"), missing)
    places = {key: heads.index(title) for key, title in titles.items()}
    edits = Edits(name=place.name)
    for number, cells in enumerate(rows[1:], 2):
        row = {key: cells[place] for key, place in places.items()}
        if row["issue_id"]:
            row |= {key: cells[heads.index(title)] if title in heads else "" for key, title in told.items()}
            # Written over, the name itself is the new one.
            if row["name"] and row[NAME_WAS] not in ("", row["name"]) and not row["edit_name"]:
                row["edit_name"] = row["name"]
            edits = edits.joined(_row_edits(row, place.name, number))
        elif any(row.values()):
            raise _nameless(place.name, number)
    return edits


def _without(name: str, sheet: str, missing: Sequence[str]) -> ConfigError:
    return ConfigError(
        Bilingual(
            f"{name} 的“{sheet}”表第 1 行缺少列：{'、'.join(missing)}。",
            f"Row 1 of sheet '{sheet}' of {name} lacks the columns: {', '.join(missing)}.",
        ),
        Bilingual(
            "撤销删除或改名；不要里面的修改，就删掉整张表。",
            "Undo the deletion or renaming; to drop the edits, delete the whole sheet.",
        ),
    )


def _nameless(name: str, number: int) -> ConfigError:
    return ConfigError(
        Bilingual(
            f"{name} 第 {number} 行写了修改，可没有问题编号。",
            f"{name}, row {number}: there is an edit, but no issue id.",
        ),
        Bilingual("把编号补上，或清空这一行。", "Fill in the id, or clear the row."),
    )


def _row_edits(row: dict[str, str], name: str, number: int) -> Edits:
    issue = row["issue_id"]
    _check_row(row, name, number)
    terms = tuple(_parted(row["edit_terms"]))
    return Edits(
        renames={issue: _squeezed(row["edit_name"])} if row["edit_name"] else {},
        # "Put into": the other one keeps its id.
        merges=(Merge((row["edit_merge"], issue), line=number),) if row["edit_merge"] else (),
        splits=(Split(issue, _squeezed(row["edit_split"]), terms, number),) if terms else (),
        pins=(issue,) if row["edit_pin"].lower() in _YES else (),
        name=name,
    )


def _check_row(row: dict[str, str], name: str, number: int) -> None:
    """Raise for what ``issues.toml`` could not be read with again, or what would change nothing."""
    terms = list(_parted(row["edit_terms"]))
    if bool(terms) != bool(row["edit_split"]):
        zh, en = "拆分要同时写新问题的名字和含有的词", "a split needs both a name and the words it holds"
        raise _bad_row(name, number, zh, en, Bilingual("补上，或都留空。", "Fill in both or neither."))
    for given in (row["edit_name"], row["edit_split"]):
        if len(_squeezed(given)) > LONGEST:
            raise _bad_row(
                name,
                number,
                f"名字“{_squeezed(given)[:LONGEST]}…”超过 {LONGEST} 个字",
                f"the name '{_squeezed(given)[:LONGEST]}…' is longer than {LONGEST} characters",
                Bilingual("在表里改短再运行。", "Shorten it in the sheet and run again."),
            )
    if row["edit_merge"] and row["edit_merge"] in (row["issue_id"], row["name"], row[NAME_WAS]):
        zh, en = "不能并入它自己", "an issue can't be put into itself"
        raise _bad_row(name, number, zh, en, Bilingual("写另一个问题，或留空。", "Name another one or none."))
    if row["edit_pin"].lower() not in _YES | _NO:
        zh, en = f"看不懂“{row['edit_pin']}”", f"'{row['edit_pin']}' is not understood"
        raise _bad_row(name, number, zh, en, Bilingual("要总是列出就写“是”。", "Write 'yes' to pin it."))
    try:
        TermMatcher(terms)
    except UserError as error:
        hint = Bilingual("在表里改好再运行。", "Mend it in the sheet and run again.")
        raise _bad_row(name, number, error.fact.zh.rstrip("。"), error.fact.en.rstrip("."), hint) from error


def _bad_row(name: str, number: int, zh: str, en: str, hint: Bilingual) -> ConfigError:
    return ConfigError(Bilingual(f"{name} 第 {number} 行：{zh}。", f"{name}, row {number}: {en}."), hint)


def _squeezed(text: str) -> str:
    """Return a name on one line."""
    return " ".join(text.split())


def _parted(text: str) -> Iterable[str]:
    for mark in _PARTING:
        text = text.replace(mark, "\n")
    return (part.strip() for part in text.split("\n") if part.strip())


def _sheet(path: Path) -> tuple[list[list[str]], str]:
    """Return the rows of the sheet, the header first, and the language of it."""
    from python_calamine import CalamineError, CalamineWorkbook

    names = {Words(lang)("sheet.edits"): lang for lang in LANGS}
    # A sheet somebody renamed is known by what only this one has.
    marks = {Words(lang)("column.edit_merge"): lang for lang in LANGS}
    why = Bilingual("没有这张表", "no such sheet")
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = {name: _texts(book.get_sheet_by_name(name)) for name in book.sheet_names}
        for name, rows in sheets.items():
            if name in names:
                return rows, names[name]
        for rows in sheets.values():
            for mark in marks.keys() & set(rows[0] if rows else ()):
                return rows, marks[mark]
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


def _texts(sheet: CalamineSheet) -> list[list[str]]:
    from feedback_nlp.io.raw import as_text

    # As people see them: 12315, typed into a cell, is a number there, and no 12315.0.
    return [[(as_text(cell) or "").strip() for cell in row] for row in sheet.to_python(skip_empty_area=False)]
