"""The action log in a TOML file, or in the sheet of a workbook that an earlier run wrote."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, ConfigError, cannot_open

if TYPE_CHECKING:
    from feedback_nlp.insight.monitoring.actions import Action

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["NAME", "find_actions", "read_actions"]

NAME = "actions.toml"
SHEETS = ("措施", "Actions")
FIELDS = ("issue", "action", "owner", "date", "status")
_HINT = Bilingual(
    '每条写成：[[action]]，issue = "问题编号或名称"，action = "做了什么"，date = 2025-06-01，'
    "另可有 owner、status。",
    'Write each as [[action]] with issue = "id or name", action = "what was done", date = 2025-06-01, and '
    "owner and status if wanted.",
)
# Headers of the sheet in both languages, as the strings of the report name them.
_TITLES = (
    Bilingual("问题编号", "Issue id"), Bilingual("问题", "Issue"), Bilingual("措施", "Action"),
    Bilingual("负责人", "Owner"), Bilingual("措施日期", "Action date"), Bilingual("进展", "Progress"),
)  # fmt: skip
_HEADERS = {
    title: field
    for pair, field in zip(_TITLES, ("issue", "name", "action", "owner", "date", "status"), strict=True)
    for title in pair
}


def find_actions(beside: str | Path | None, folder: str | Path | None = None) -> Path | None:
    """Return ``actions.toml`` beside the input, else the workbook in ``folder`` if it has the sheet.

    Parameters
    ----------
    beside : path or None
        An input file, a folder, or ``"-"``.
    folder : path or None
        Where the report goes.
    """
    places = []
    if beside is not None and str(beside) != "-":
        place = Path(beside)
        places.append((place if place.is_dir() else place.parent) / NAME)
    if folder is not None:
        places.append(Path(folder) / NAME)
    for path in places:
        if path.is_file():
            return path
    book = None if folder is None else Path(folder) / "issues.xlsx"
    return book if book is not None and book.is_file() and _sheet(book) else None


def read_actions(path: str | Path) -> tuple[Action, ...]:
    """Read an action log.

    Parameters
    ----------
    path : str or Path
        A TOML file with ``[[action]]`` tables, or a workbook with the sheet 措施 (Actions).

    Raises
    ------
    ConfigError
        If the file can't be read, or an entry lacks its issue or action or has a date that is none.
    """
    chosen = Path(path)
    if chosen.suffix.lower() in (".xlsx", ".xlsm"):
        return _from_sheet(chosen)
    try:
        found = tomllib.loads(chosen.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise cannot_open(str(chosen), error, ConfigError) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(chosen, str(error)) from error
    entries = found.get("action", [])
    unknown = sorted(set(found) - {"action"})
    if unknown or not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        what = unknown[0] if unknown else "action"
        raise _wrong(chosen, Bilingual(f"“{what}”不是 [[action]] 条目", f"'{what}' is no [[action]] entry"))
    return tuple(_action(entry, _nth(k), chosen) for k, entry in enumerate(entries, 1))


def _nth(place: int) -> Bilingual:
    return Bilingual(f"第 {place} 条", f"entry {place}")


def _action(entry: Mapping[str, Any], place: Bilingual, path: Path) -> Action:
    from feedback_nlp.insight.monitoring.actions import Action

    unknown = sorted(set(entry) - set(FIELDS))
    if unknown:
        raise _wrong(path, Bilingual(f"{place.zh}的“{unknown[0]}”不认识", f"{place.en} has '{unknown[0]}'"))
    for field in FIELDS:
        value = entry.get(field)
        if field != "date" and value is not None and not isinstance(value, str):
            raise _wrong(
                path, Bilingual(f"{place.zh}的 {field} 应为文字", f"{field} of {place.en} is no text")
            )
    for field in ("issue", "action"):
        if not str(entry.get(field) or "").strip():
            raise _wrong(path, Bilingual(f"{place.zh}没有 {field}", f"{place.en} has no {field}"))
    day = _day(entry.get("date"), place, path)
    return Action(
        entry["issue"].strip(), entry["action"].strip(), entry.get("owner"), day, entry.get("status")
    )


def _day(value: Any, place: Bilingual, path: Path) -> date | None:
    from feedback_nlp.io.times import parse_one

    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = parse_one(value)
    if found is None:
        raise _wrong(
            path, Bilingual(f"{place.zh}的日期“{value}”读不懂", f"the date of {place.en} is '{value}'")
        )
    return found.date()


def _sheet(path: Path) -> str | None:
    """Return the name of the sheet with the log, None where there is none or the file can't be opened."""
    import python_calamine as calamine

    try:
        names = calamine.CalamineWorkbook.from_path(path).sheet_names
    except (calamine.CalamineError, OSError):
        return None
    return next((name for name in names if name in SHEETS), None)


def _from_sheet(path: Path) -> tuple[Action, ...]:
    import python_calamine as calamine

    name = _sheet(path)
    if name is None:
        raise _wrong(path, Bilingual("没有“措施”工作表", "there is no sheet 'Actions'"))
    rows = calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
    heads = [_HEADERS.get(str(cell).strip()) for cell in rows[0]] if rows else []
    _check_heads(path, name, heads)
    found = []
    for place, row in enumerate(rows[1:], 2):
        entry = {head: _text(cell, head) for head, cell in zip(heads, row, strict=False) if head}
        if any(entry.get(field) for field in ("action", "date", "issue", "name")):
            where = Bilingual(f"“{name}”表第 {place} 行", f"row {place} of '{name}'")
            found.append(_action(_named(entry), where, path))
    return tuple(found)


def _check_heads(path: Path, sheet: str, heads: Sequence[str | None]) -> None:
    """Raise where a column is gone: what stands under another title would be left out without a word."""
    place = SHEETS.index(sheet)
    missing = [pair[place] for pair in _TITLES if _HEADERS[pair[place]] not in heads]
    if missing:
        raise _wrong(
            path,
            Bilingual(
                f"“{sheet}”表第 1 行缺少列 {'、'.join(missing)}",
                f"row 1 of '{sheet}' lacks {', '.join(missing)}",
            ),
            Bilingual("撤销删除或改名。", "Undo the deletion or renaming."),
        )


def _text(cell: Any, head: str) -> Any:
    if head == "date":
        return cell
    return str(cell).strip() or None


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    """Let the name stand for the issue where the id was left empty."""
    name = entry.pop("name", None)
    return {**entry, "issue": entry.get("issue") or name}


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        Bilingual(f"措施记录 {path} 读不了（{why}）。", f"The action log {path} can't be read ({why})."),
        _HINT,
    )


def _wrong(path: Path, what: Bilingual, do: Bilingual | None = None) -> ConfigError:
    return ConfigError(
        Bilingual(f"措施记录 {path}：{what.zh}。", f"The action log {path}: {what.en}."), do or _HINT
    )
