"""The playbook: what the user knows of each facet or issue and the texts can't tell.

A TOML file with one table for each element, facet, issue id or issue name::

    ["logistics.speed"]
    feasibility = 4          # 1 hardest … 5 easiest
    severity = 0.8           # above 0, at most 1: instead of the severity read from the texts
    owner = "王敏"
    due = 2026-12-31

The closest entry wins: the issue's own (by id, then by name), its facet's, its element's; each field on its
own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from feedback_nlp.arguments import by_code, is_number
from feedback_nlp.errors import Bilingual, ConfigError, cannot_open

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Taxonomy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FIELDS", "Entry", "Known", "Playbook", "feasibilities"]

FIELDS = ("feasibility", "severity", "owner", "due")
# Issues that the taxonomy doesn't list: the rest of a facet, and phrases mined from other files.
_ELSEWHERE = re.compile(r"other|m-[0-9a-f]{8}")
_SUGGESTED = 0.5


@dataclass(frozen=True)
class Entry:
    """What the user says of one element, facet or issue.

    Attributes
    ----------
    feasibility : float in [1, 5] or None
        5 is easiest.
    severity : float in (0, 1] or None
    owner : str
    due : str
        ISO date, or "".
    line : int
        Line of the file, from 1; 0 where it comes from no file.
    """

    feasibility: float | None = None
    severity: float | None = None
    owner: str = ""
    due: str = ""
    line: int = 0


@dataclass(frozen=True)
class Known:
    """Issues of a file by which entries are looked up: ids, facets, and all names of each, in one order."""

    ids: Sequence[str]
    facets: Sequence[str]
    names: Sequence[Sequence[str]]

    def keys(self, place: int) -> list[str]:
        """Return under what an entry for the issue at ``place`` may stand, closest first."""
        facet = self.facets[place]
        return [self.ids[place], *self.names[place], facet, facet.partition(".")[0]]


@dataclass(frozen=True)
class Playbook:
    """Entries by element, facet, issue id or issue name; ``name`` is that of the file, "" for none."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    name: str = ""

    @classmethod
    def read(cls, path: str | Path) -> Playbook:
        """Read a TOML file.

        Raises
        ------
        ConfigError
            If it is not there, is not TOML, or has an unknown field or a bad value; the line is named.
        """
        place = Path(path)
        try:
            text = place.read_bytes().decode("utf-8-sig")
            raw = tomllib.loads(text)
        except OSError as error:
            raise cannot_open(str(place), error, ConfigError) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _unreadable(place.name, " ".join(str(error).split())) from error
        lines = _lines(text)
        entries = {key: _entry(key, body, place.name, lines) for key, body in _flat(raw, lines, place.name)}
        return cls(entries, place.name)

    @classmethod
    def of(cls, source: str | Path | Mapping[str, Any] | Playbook | None) -> Playbook:
        """Return the playbook of a path, of a mapping (code → fields as in the file), or of nothing."""
        if source is None:
            return cls()
        if isinstance(source, Playbook):
            return source
        if isinstance(source, str | Path):
            return cls.read(source)
        given = by_code("playbook", source, '{"logistics.speed": {"feasibility": 4}}')
        return cls({key: _entry(key, body, "", {}) for key, body in given.items()})

    def with_feasibility(self, levels: Mapping[str, Any] | None) -> Playbook:
        """Return the playbook with the feasibility of some codes replaced."""
        merged = dict(self.entries)
        for key, value in feasibilities(levels).items():
            merged[key] = replace(
                merged.get(key, Entry()), feasibility=_read("feasibility", key, value, "", 0)
            )
        return replace(self, entries=merged)

    def check(self, taxonomy: Taxonomy, known: Known | None = None) -> list[str]:
        """Refuse entries that stand for nothing; return those whose issue is not in this file.

        Parameters
        ----------
        taxonomy : Taxonomy
        known : Known, optional
            Issues of the file. Without it, entries that may be the name of a mined issue pass.

        Raises
        ------
        ConfigError
            Naming the first unknown code, its line, and the nearest known one.
        """
        codes = {element.code for element in taxonomy.elements} | set(taxonomy.codes)
        named = {
            name
            for facet in taxonomy.facets
            for problem in facet.problems
            for name in (f"{facet.code}:{problem.code}", problem.zh, problem.en)
        }
        here = set() if known is None else {*known.ids, *(name for names in known.names for name in names)}
        absent = []
        for key, entry in self.entries.items():
            if key in codes or key in here:
                continue
            facet, colon, rest = key.partition(":")
            if key in named or (colon and facet in codes and _ELSEWHERE.fullmatch(rest)):
                absent.append(key)
            elif known is not None or colon or re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", key):
                raise _unknown(key, entry.line, self.name, codes | named | here)
        return absent

    def feasibility(self, known: Known) -> dict[str, float]:
        """Return the feasibility that the user gave by issue id."""
        return {issue: float(value) for issue, value in self._picked("feasibility", known)}

    def severity(self, known: Known) -> dict[str, float]:
        """Return the severity that the user gave by issue id."""
        return {issue: float(value) for issue, value in self._picked("severity", known)}

    def owners(self, known: Known) -> dict[str, str]:
        """Return the owner by issue id."""
        return {issue: str(value) for issue, value in self._picked("owner", known)}

    def dues(self, known: Known) -> dict[str, str]:
        """Return the due date (ISO) by issue id."""
        return {issue: str(value) for issue, value in self._picked("due", known)}

    def _picked(self, what: str, known: Known) -> Iterable[tuple[str, Any]]:
        for place, issue in enumerate(known.ids):
            for key in known.keys(place):
                value = getattr(self.entries[key], what) if key in self.entries else None
                if value not in (None, ""):
                    yield issue, value
                    break


def feasibilities(levels: Any) -> dict[str, Any]:
    """Return the argument ``feasibility`` of Python calls: code, issue id or issue name to 1 … 5.

    Raises
    ------
    ConfigError
        If it is no mapping.
    """
    return by_code("feasibility", levels, '{"logistics.speed": 4}')


def _flat(
    raw: Mapping[str, Any], lines: Mapping[tuple[str, ...], int], name: str
) -> Iterable[tuple[str, Any]]:
    """Yield (code, fields): ``[logistics.speed]`` without quotation marks means the facet too."""
    for key, body in raw.items():
        if not isinstance(body, Mapping):
            raise _bad(
                key,
                lines.get((key,), 0),
                name,
                Bilingual("不在任何条目里。", "stands in no entry."),
                Bilingual('先写一行 ["方面代码"]。', 'Write a line ["facet.code"] before it.'),
            )
        inner = {part: value for part, value in body.items() if isinstance(value, Mapping)}
        own = {part: value for part, value in body.items() if part not in inner}
        if own or not inner:
            yield key, own
        for part, value in inner.items():
            yield f"{key}.{part}", value


def _entry(key: str, body: Any, name: str, lines: Mapping[tuple[str, ...], int]) -> Entry:
    path = _path(key, lines)
    line = lines.get(path, 0)
    if not isinstance(body, Mapping):
        fields = Bilingual(f"字段：{'、'.join(FIELDS)}。", f"Fields: {', '.join(FIELDS)}.")
        raise _bad(key, line, name, Bilingual("应当是一组字段。", "must be a table of fields."), fields)
    values: dict[str, Any] = {}
    for what, value in body.items():
        where = lines.get((*path, what), line)
        if what not in FIELDS:
            near = get_close_matches(str(what), FIELDS, n=1, cutoff=_SUGGESTED)
            raise _bad(
                key,
                where,
                name,
                Bilingual(f"没有字段“{what}”。", f"has no field '{what}'."),
                Bilingual(
                    f"{f'是不是 {near[0]}？' if near else ''}可用：{'、'.join(FIELDS)}。",
                    f"{f'Did you mean {near[0]}? ' if near else ''}Fields: {', '.join(FIELDS)}.",
                ),
            )
        values[what] = _read(what, key, value, name, where)
    return Entry(**values, line=line)


def _path(key: str, lines: Mapping[tuple[str, ...], int]) -> tuple[str, ...]:
    return (key,) if (key,) in lines else tuple(key.split("."))


def _number(value: Any) -> float:
    return float(value) if is_number(value) else float("nan")


def _feasibility(value: Any) -> float | None:
    return number if 1 <= (number := _number(value)) <= 5 else None


def _severity(value: Any) -> float | None:
    return number if 0 < (number := _number(value)) <= 1 else None


def _owner(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) else None


def _due(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if value != "" else ""
    except (TypeError, ValueError):
        return None


class _Field(NamedTuple):
    """How a field is read (None where it can't be), what is wrong then (of the value) and what to write."""

    read: Callable[[Any], float | str | None]
    wrong: Bilingual
    hint: Bilingual


_READ = {
    "feasibility": _Field(
        _feasibility,
        Bilingual("的可行性 {} 不在 1–5 之间。", "has feasibility {}, which is not in 1-5."),
        Bilingual("1 最难，5 最容易。", "1 is hardest, 5 easiest."),
    ),
    "severity": _Field(
        _severity,
        Bilingual("的严重度 {} 不在 0–1 之间。", "has severity {}, which is not in 0-1."),
        Bilingual("大于 0、不超过 1，1 最严重。", "Above 0 and at most 1, which is the most severe."),
    ),
    "owner": _Field(
        _owner,
        Bilingual("的负责人 {} 不是文字。", "has owner {}, which is no text."),
        Bilingual('写成 owner = "王敏"。', 'Write owner = "Wang Min".'),
    ),
    "due": _Field(
        _due,
        Bilingual("的期限 {} 不是日期。", "has due date {}, which is no date."),
        Bilingual("写成 due = 2026-12-31。", "Write due = 2026-12-31."),
    ),
}


def _read(what: str, key: str, value: Any, name: str, line: int) -> Any:
    """Return the value of a field as it is kept.

    Raises
    ------
    ConfigError
        If it can't be used.
    """
    how = _READ[what]
    found = how.read(value)
    if found is None:
        raise _bad(key, line, name, Bilingual(*(text.format(value) for text in how.wrong)), how.hint)
    return found


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line, from 1, on which each table and each field of a TOML file begins."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            path = _keys(tomllib.loads(line))
        except tomllib.TOMLDecodeError:
            continue  # inside a value of several lines
        if not path:
            continue
        if line.lstrip().startswith("["):
            table = path
            found.setdefault(table, number)
        else:
            found.setdefault((*table, *path), number)
    return found


def _keys(parsed: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of a document with one entry, outermost first."""
    keys: list[str] = []
    inner: Any = parsed
    while isinstance(inner, Mapping) and len(inner) == 1:
        key, inner = next(iter(inner.items()))
        keys.append(key)
    return tuple(keys)


def _where(name: str, line: int) -> Bilingual:
    if not name:
        return Bilingual("", "")
    if not line:
        return Bilingual(f"{name}：", f"{name}: ")
    return Bilingual(f"{name} 第 {line} 行：", f"{name}, line {line}: ")


def _bad(key: str, line: int, name: str, what: Bilingual, hint: Bilingual) -> ConfigError:
    where = _where(name, line)
    return ConfigError(Bilingual(f"{where.zh}“{key}”{what.zh}", f"{where.en}'{key}' {what.en}"), hint)


def _unknown(key: str, line: int, name: str, names: Iterable[str]) -> ConfigError:
    near = get_close_matches(key, sorted(names), n=1, cutoff=_SUGGESTED)
    return _bad(
        key,
        line,
        name,
        Bilingual("不是要素、方面，也不是这份数据里的问题。", "is no element, facet or issue of this file."),
        Bilingual(
            f"{f'是不是“{near[0]}”？' if near else ''}feedback-nlp taxonomy show 列出全部代码。",
            f"{f'Did you mean {near[0]!r}? ' if near else ''}'feedback-nlp taxonomy show' lists all codes.",
        ),
    )


def _unreadable(name: str, why: str) -> ConfigError:
    return ConfigError(
        Bilingual(f"改进手册 {name} 读不了（{why}）。", f"The playbook {name} can't be read ({why})."),
        Bilingual(
            "feedback-nlp playbook init 写出一份能用的样板。",
            "'feedback-nlp playbook init' writes one that can be read.",
        ),
    )
