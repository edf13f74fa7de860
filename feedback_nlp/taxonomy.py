"""The taxonomy: elements, their facets, and what each facet needs to be found, judged and mended. It is data.

A taxonomy is one TOML file (``feedback-nlp taxonomy init`` writes a start)::

    name = "default"
    version = 1

    [elements.logistics]
    zh = "物流"
    en = "Logistics"
    define = "从下单到送到手上。"

    [elements.logistics.facets.speed]
    zh = "时效"
    en = "Speed"
    define = "发货慢、配送慢、准时"
    terms = ["物流", "快递", "发货"]            # the subject is named; polarity comes from the rest of the clause
    patterns = ["等了.{1,6}才(到|发货)"]         # regular expressions, the same without a fixed wording
    positive = ["发货快", "当天就到", "re:隔天.{0,2}到"]  # phrases that name facet and polarity at once
    negative = ["发货慢", "迟迟不发货"]           # ("re:" marks a regular expression)
    feasibility = 3                              # 1 hard to 5 easy
    remedy = "process"                           # process | training | technology | personalisation
    action_zh = "……"
    action_en = "…"
    examples = [{ text = "物流太慢了", polarity = -1 }]

    [[elements.logistics.facets.speed.problems]] # named problems, tried in order on negative mentions
    code = "slow_dispatch"
    zh = "发货慢"
    en = "Slow dispatch"
    terms = ["不发货", "没发货", "re:发货.{0,3}慢"]
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual, TaxonomyError
from feedback_nlp.schema import REMEDIES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Element", "Example", "Facet", "Problem", "Taxonomy", "load_taxonomy"]

# The facet of remarks without an object. It is reported as a mention, never as an issue or an element.
GENERAL = "overall.general"
REGEX_MARK = "re:"
_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True)
class Example:
    """A clause written for the taxonomy with the polarity (-1, 0 or 1) it has towards its facet."""

    text: str
    polarity: int


@dataclass(frozen=True)
class Problem:
    """A named problem of a facet; ``terms`` are plain phrases or, after ``re:``, regular expressions."""

    code: str
    zh: str
    en: str
    terms: tuple[str, ...] = ()

    def name(self, lang: str = "zh") -> str:
        """Return the display name in ``lang``."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True)
class Facet:
    """One facet of an element; ``code`` is the full ``element.facet``."""

    code: str
    zh: str
    en: str
    define: str = ""
    excludes: str = ""
    terms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    feasibility: int = 3
    remedy: str = "process"
    action_zh: str = ""
    action_en: str = ""
    examples: tuple[Example, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def element(self) -> str:
        """Code of the element it belongs to."""
        return self.code.partition(".")[0]

    def name(self, lang: str = "zh") -> str:
        """Return the display name in ``lang``."""
        return self.en if lang == "en" else self.zh

    def action(self, lang: str = "zh") -> str:
        """Return the suggested action in ``lang``."""
        return self.action_en if lang == "en" else self.action_zh


@dataclass(frozen=True)
class Element:
    """An experience element and its facets."""

    code: str
    zh: str
    en: str
    define: str = ""
    facets: tuple[Facet, ...] = ()

    def name(self, lang: str = "zh") -> str:
        """Return the display name in ``lang``."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True)
class Taxonomy:
    """The label space: elements in order, facets in order of their elements.

    Every array axis named ``facets`` in this package follows ``Taxonomy.codes``.
    """

    name: str
    version: int
    elements: tuple[Element, ...] = field(default=())

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """All facets in order."""
        return tuple(facet for element in self.elements for facet in element.facets)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Facet codes in order."""
        return tuple(facet.code for facet in self.facets)

    @cached_property
    def index(self) -> dict[str, int]:
        """Facet code to its position on the facet axis."""
        return {code: position for position, code in enumerate(self.codes)}

    @cached_property
    def _by_code(self) -> dict[str, Element | Facet]:
        return {item.code: item for item in (*self.elements, *self.facets)}

    def facet(self, code: str) -> Facet:
        """Return the facet ``element.facet``.

        Raises
        ------
        TaxonomyError
            If there is no such facet.
        """
        found = self._by_code.get(code)
        if not isinstance(found, Facet):
            raise TaxonomyError(
                Bilingual(
                    f"分类体系 {self.name} 里没有方面 {code}。", f"Taxonomy {self.name} has no facet {code}."
                ),
                Bilingual("用 feedback-nlp taxonomy show 看有哪些。", "See feedback-nlp taxonomy show."),
            )
        return found

    def label(self, code: str, lang: str = "zh") -> str:
        """Return the display name of an element or facet code; the code itself where it is unknown."""
        found = self._by_code.get(code)
        return code if found is None else found.name(lang)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the whole content, whatever the layout of the file."""
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @classmethod
    def load(cls, source: str | Path | Taxonomy = "default") -> Taxonomy:
        """Load a taxonomy shipped by name, or a TOML file by path.

        Raises
        ------
        TaxonomyError
            If there is no such taxonomy, it is not TOML, or it breaks a rule (the message says which).
        """
        if isinstance(source, Taxonomy):
            return source
        return _load_cached(str(source))

    @classmethod
    def from_toml(cls, text: str, origin: str = "taxonomy") -> Taxonomy:
        """Build a taxonomy from TOML text; ``origin`` names it in messages."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _broken(origin, f"不是有效的 TOML：{error}", f"is not valid TOML: {error}") from error
        return _build(raw, origin)


def load_taxonomy(source: str | Path | Taxonomy = "default") -> Taxonomy:
    """Load a taxonomy by shipped name or by path; see :meth:`Taxonomy.load`."""
    return Taxonomy.load(source)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the taxonomies in the package."""
    folder = resources.files("feedback_nlp") / "resources" / "taxonomies"
    return tuple(
        sorted(item.name[: -len(".toml")] for item in folder.iterdir() if item.name.endswith(".toml"))
    )


@lru_cache(maxsize=8)
def _load_cached(source: str) -> Taxonomy:
    if source in shipped_names():
        item = resources.files("feedback_nlp") / "resources" / "taxonomies" / f"{source}.toml"
        return Taxonomy.from_toml(item.read_text(encoding="utf-8"), source)
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _broken(source, "不是 UTF-8 编码", "is not UTF-8") from error
    except OSError as error:
        raise TaxonomyError(
            Bilingual(f"找不到分类体系 {source}。", f"No taxonomy {source}."),
            Bilingual(
                f"给一个 TOML 文件的路径，或自带的名字：{'、'.join(shipped_names())}。",
                f"Give the path of a TOML file, or one shipped: {', '.join(shipped_names())}.",
            ),
        ) from error
    return Taxonomy.from_toml(text, source)


def _broken(origin: str, zh: str, en: str) -> TaxonomyError:
    return TaxonomyError(
        Bilingual(f"分类体系 {origin}：{zh}。", f"Taxonomy {origin}: {en}."),
        Bilingual(
            "改好后用 feedback-nlp taxonomy check 再查一遍。",
            "Mend it and run feedback-nlp taxonomy check.",
        ),
    )


def _build(raw: Mapping[str, Any], origin: str) -> Taxonomy:
    elements = raw.get("elements")
    if not isinstance(elements, Mapping) or not elements:
        raise _broken(origin, "没有任何要素（[elements.…]）", "has no elements ([elements.…])")
    version = raw.get("version", 1)
    if not isinstance(version, int):
        raise _broken(
            origin, f"version 应为整数，实为 {version!r}", f"version must be an integer, got {version!r}"
        )
    built = tuple(_element(code, body, origin) for code, body in elements.items())
    return Taxonomy(str(raw.get("name", "custom")), version, built)


def _element(code: str, body: Any, origin: str) -> Element:
    _check_code(code, origin)
    if not isinstance(body, Mapping) or not isinstance(body.get("facets"), Mapping) or not body["facets"]:
        raise _broken(
            origin, f"要素 {code} 没有方面（[elements.{code}.facets.…]）", f"element {code} has no facets"
        )
    _check_keys(body, {"zh", "en", "define", "facets"}, f"elements.{code}", origin)
    facets = tuple(_facet(f"{code}.{name}", facet, origin) for name, facet in body["facets"].items())
    zh = str(body.get("zh", code))
    return Element(code, zh, str(body.get("en", zh)), str(body.get("define", "")), facets)


_TEXTS = ("terms", "patterns", "positive", "negative")
_FACET_KEYS = {
    "zh",
    "en",
    "define",
    "not",
    "feasibility",
    "remedy",
    "action_zh",
    "action_en",
    "examples",
    "problems",
    *_TEXTS,
}


def _facet(code: str, body: Any, origin: str) -> Facet:
    _check_code(code.partition(".")[2], origin)
    if not isinstance(body, Mapping):
        raise _broken(origin, f"方面 {code} 应是一张表", f"facet {code} must be a table")
    _check_keys(body, _FACET_KEYS, code, origin)
    zh = str(body.get("zh", code))
    return Facet(
        code=code,
        zh=zh,
        en=str(body.get("en", zh)),
        define=str(body.get("define", "")),
        excludes=str(body.get("not", "")),
        feasibility=_feasibility(body.get("feasibility", 3), code, origin),
        remedy=_remedy(body.get("remedy", "process"), code, origin),
        action_zh=str(body.get("action_zh", "")),
        action_en=str(body.get("action_en", "")),
        examples=tuple(_example(item, code, origin) for item in body.get("examples", ())),
        problems=tuple(_problem(item, code, origin) for item in body.get("problems", ())),
        **{key: _strings(body.get(key, ()), f"{code}.{key}", origin) for key in _TEXTS},
    )


def _check_code(code: str, origin: str) -> None:
    if not _CODE.match(code):
        raise _broken(
            origin,
            f"代码 {code!r} 只能用小写英文字母、数字和下划线，以字母开头",
            f"code {code!r} must be lower-case letters, digits and underscores, starting with a letter",
        )


def _check_keys(body: Mapping[str, Any], known: set[str], where: str, origin: str) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        names = ", ".join(unknown)
        raise _broken(origin, f"{where} 有不认识的键 {names}", f"{where} has unknown keys {names}")


def _strings(value: Any, where: str, origin: str) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(item, str) and item for item in value):
        raise _broken(origin, f"{where} 应是非空字符串的列表", f"{where} must be a list of non-empty strings")
    for item in value:
        pattern = (
            item
            if where.endswith(".patterns")
            else item.removeprefix(REGEX_MARK)
            if item.startswith(REGEX_MARK)
            else ""
        )
        try:
            re.compile(pattern)
        except re.error as error:
            raise _broken(
                origin, f"{where} 的正则 {item!r} 有误：{error}", f"{where}: bad pattern {item!r}: {error}"
            ) from error
    return tuple(dict.fromkeys(value))


def _feasibility(value: Any, code: str, origin: str) -> int:
    if value not in (1, 2, 3, 4, 5):
        raise _broken(
            origin,
            f"{code}.feasibility 应为 1–5，实为 {value!r}",
            f"{code}.feasibility must be 1-5, got {value!r}",
        )
    return int(value)


def _remedy(value: Any, code: str, origin: str) -> str:
    if value not in REMEDIES:
        choices = ", ".join(REMEDIES)
        raise _broken(
            origin,
            f"{code}.remedy 应为 {choices} 之一，实为 {value!r}",
            f"{code}.remedy must be one of {choices}, got {value!r}",
        )
    return str(value)


def _example(item: Any, code: str, origin: str) -> Example:
    if (
        not isinstance(item, Mapping)
        or not isinstance(item.get("text"), str)
        or item.get("polarity") not in (-1, 0, 1)
    ):
        raise _broken(
            origin,
            f"{code}.examples 的每项应为 {{text, polarity: -1/0/1}}",
            f"{code}.examples items must be {{text, polarity: -1/0/1}}",
        )
    return Example(item["text"], int(item["polarity"]))


def _problem(item: Any, code: str, origin: str) -> Problem:
    if not isinstance(item, Mapping) or not item.get("code") or not item.get("zh"):
        raise _broken(
            origin, f"{code}.problems 的每项要有 code 和 zh", f"{code}.problems items need code and zh"
        )
    _check_code(str(item["code"]), origin)
    _check_keys(item, {"code", "zh", "en", "terms"}, f"{code}.problems", origin)
    terms = _strings(item.get("terms", ()), f"{code}.problems.terms", origin)
    return Problem(str(item["code"]), str(item["zh"]), str(item.get("en", item["zh"])), terms)
