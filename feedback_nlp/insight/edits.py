"""What people decide about issues: other names, those that are one, those that are two, those always listed.

A TOML file, ``issues.toml``, honoured by every run::

    [rename]
    "售后问题" = "售后网点不作为"

    [[merge]]
    issues = ["安装师傅问题", "安装师傅不来"]   # ids or names, of one facet; the first gives the id
    name = "安装师傅不靠谱"                     # the first one's name where not given

    [[split]]
    issue = "安装问题"
    name = "高空作业加价"                       # of the mentions that hold one of the terms
    terms = ["高空", "re:吊.{0,3}绳"]

    [pin]
    issues = ["漏水"]                           # always listed, however few

An issue is called by its id, by the name it has without edits, or by the name given to it; by its id where
issues of several facets have that name. Splits come first, then merges, then names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual, ConfigError, UserError, cannot_open
from feedback_nlp.text.terms import TermMatcher

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["LONGEST", "NAME", "Edits", "Merge", "Split"]

NAME = "issues.toml"
# Of a name given by people, in characters.
LONGEST = 30
_PARTS = ("rename", "merge", "split", "pin")
_FIELDS = {"merge": ("issues", "name"), "split": ("issue", "name", "terms"), "pin": ("issues",)}


@dataclass(frozen=True)
class Merge:
    """Issues (ids or names) that are one; the first gives the id, and the name where ``name`` is empty."""

    issues: tuple[str, ...]
    name: str = ""
    line: int = 0


@dataclass(frozen=True)
class Split:
    """Mentions of ``issue`` that hold one of ``terms`` (``re:`` for patterns), as an issue of their own."""

    issue: str
    name: str
    terms: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True)
class Edits:
    """All decisions; ``name`` is the file's, for messages.

    Attributes
    ----------
    renames : mapping
        Issue id or name to its new name.
    merges, splits : tuple
    pins : tuple of str
        Ids or names of issues that are always listed.
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    merges: tuple[Merge, ...] = ()
    splits: tuple[Split, ...] = ()
    pins: tuple[str, ...] = ()
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.renames or self.merges or self.splits or self.pins)

    @classmethod
    def read(cls, path: str | Path) -> Edits:
        """Read a TOML file.

        Raises
        ------
        ConfigError
            If it is not there, is not TOML, or says something that can't be done; the line is named.
        """
        place = Path(path)
        try:
            text = place.read_bytes().decode("utf-8-sig")
            raw = tomllib.loads(text)
        except OSError as error:
            raise cannot_open(str(place), error, ConfigError) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            found = re.search(r"line (\d+)", str(error))
            raise _bad(place.name, int(found[1]) if found else 0, "不是 TOML", str(error)) from error
        return _Reader(place.name, text.splitlines()).edits(raw)

    def joined(self, later: Edits) -> Edits:
        """Return these edits with those of ``later``, whose names win."""
        known = {(split.issue, split.name) for split in self.splits}
        return Edits(
            {**self.renames, **later.renames},
            (*self.merges, *(merge for merge in later.merges if merge.issues not in self._merged())),
            (*self.splits, *(split for split in later.splits if (split.issue, split.name) not in known)),
            tuple(dict.fromkeys((*self.pins, *later.pins))),
            self.name or later.name,
        )

    def _merged(self) -> set[tuple[str, ...]]:
        return {merge.issues for merge in self.merges}

    def keys(self) -> list[str]:
        """Return all ids and names that the edits speak of, once each."""
        merged = (issue for merge in self.merges for issue in merge.issues)
        split = (part.issue for part in self.splits)
        return list(dict.fromkeys((*self.renames, *merged, *split, *self.pins)))

    def save(self, path: str | Path) -> None:
        """Write the edits as ``Edits.read`` reads them; the caller makes the writing atomic."""
        import tomlkit

        document = tomlkit.document()
        document.add(
            tomlkit.comment("改名、合并、拆分、固定问题；下次运行照办。 Names, merges, splits, pins.")
        )
        if self.renames:
            document["rename"] = dict(self.renames)
        for part, rows in (
            ("merge", [_without_blank(issues=list(row.issues), name=row.name) for row in self.merges]),
            ("split", [{"issue": s.issue, "name": s.name, "terms": list(s.terms)} for s in self.splits]),
        ):
            if rows:
                tables = tomlkit.aot()
                for row in rows:
                    tables.append(tomlkit.item(row))
                document[part] = tables
        if self.pins:
            document["pin"] = {"issues": list(self.pins)}
        Path(path).write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")


def _without_blank(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


@dataclass(frozen=True)
class _Reader:
    """A file's name and lines, for messages that say where."""

    name: str
    lines: Sequence[str]

    def edits(self, raw: Mapping[str, Any]) -> Edits:
        for part in raw:
            if part not in _PARTS:
                self._refuse(
                    self._table(part),
                    f"没有“{part}”这一段，可用 {'、'.join(_PARTS)}",
                    f"no part '{part}'; there are {', '.join(_PARTS)}",
                )
        pin = self._body(raw.get("pin", {}), "pin", self._table("pin"))
        return Edits(
            self._renames(raw.get("rename", {})),
            tuple(self._merge(body, line) for body, line in self._tables(raw, "merge")),
            tuple(self._split(body, line) for body, line in self._tables(raw, "split")),
            self._texts(pin.get("issues", []), "issues", self._table("pin"), least=0),
            self.name,
        )

    def _renames(self, body: Any) -> dict[str, str]:
        line = self._table("rename")
        if not isinstance(body, Mapping):
            self._refuse(line, "rename 应是“旧名 = 新名”的表", "rename must be a table of old = new")
        return {str(key): self._named(value, self._key(str(key), line)) for key, value in body.items()}

    def _merge(self, body: Any, line: int) -> Merge:
        fields = self._body(body, "merge", line)
        issues = self._texts(fields.get("issues"), "issues", line, least=2)
        return Merge(issues, self._named(fields["name"], line) if "name" in fields else "", line)

    def _split(self, body: Any, line: int) -> Split:
        fields = self._body(body, "split", line)
        issue, name = self._named(fields.get("issue"), line, "issue"), self._named(fields.get("name"), line)
        terms = self._texts(fields.get("terms"), "terms", line, least=1)
        try:
            TermMatcher(terms)
        except UserError as error:
            self._refuse(line, f"terms 里{error.fact.zh}", f"terms: {error.fact.en}")
        return Split(issue, name, terms, line)

    def _tables(self, raw: Mapping[str, Any], part: str) -> Iterable[tuple[Any, int]]:
        rows = raw.get(part, [])
        starts = [n for n, line in enumerate(self.lines, 1) if line.split("#")[0].strip() == f"[[{part}]]"]
        if not isinstance(rows, list):
            self._refuse(
                self._table(part), f"写成 [[{part}]]（两层方括号）", f"write [[{part}]], in double brackets"
            )
        for place, row in enumerate(rows):
            yield row, starts[place] if place < len(starts) else 0

    def _body(self, body: Any, part: str, line: int) -> Mapping[str, Any]:
        if not isinstance(body, Mapping):
            self._refuse(line, f"{part} 应是一张表", f"{part} must be a table")
        for key in body:
            if key not in _FIELDS[part]:
                known = "、".join(_FIELDS[part])
                self._refuse(
                    self._key(key, line),
                    f"{part} 没有“{key}”，可用 {known}",
                    f"{part} has no '{key}', only {known}",
                )
        fields: Mapping[str, Any] = body
        return fields

    def _texts(self, value: Any, key: str, line: int, *, least: int) -> tuple[str, ...]:
        items = value if isinstance(value, list) else []
        good = all(isinstance(item, str) and item.strip() for item in items)
        if not good or len(items) < least or (value is not None and not isinstance(value, list)):
            self._refuse(
                line,
                f'{key} 要写成至少 {least} 个名字的列表，如 ["甲", "乙"]',
                f'{key} must be a list of at least {least} texts, such as ["a", "b"]',
            )
        return tuple(dict.fromkeys(item.strip() for item in items))

    def _named(self, value: Any, line: int, key: str = "name") -> str:
        if not isinstance(value, str) or not value.strip() or len(value.strip()) > LONGEST or "\n" in value:
            self._refuse(
                line,
                f"{key} 要写 1–{LONGEST} 个字的名字，不是 {value!r}",
                f"{key} must be a name of 1 to {LONGEST} characters, not {value!r}",
            )
        name: str = value.strip()
        return name

    def _table(self, part: str) -> int:
        wanted = {f"[{part}]", f"[[{part}]]"}
        found = (n for n, line in enumerate(self.lines, 1) if line.split("#")[0].strip() in wanted)
        return next(found, self._key(part, 0))

    def _key(self, key: str, after: int) -> int:
        start = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        return next((n for n, line in enumerate(self.lines, 1) if n >= after and start.match(line)), after)

    def _refuse(self, line: int, zh: str, en: str) -> None:
        raise _bad(self.name, line, zh, en)


def _bad(name: str, line: int, zh: str, en: str) -> ConfigError:
    where = Bilingual(f"{name} 第 {line} 行" if line else name, f"{name}, line {line}" if line else name)
    return ConfigError(
        Bilingual(f"{where.zh}：{zh}。", f"{where.en}: {en}."),
        Bilingual("改好这一行再运行。", "Mend that line and run again."),
    )
