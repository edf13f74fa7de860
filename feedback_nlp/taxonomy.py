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
    not = "餐厅上菜慢归响应等待"                 # borderline cases that belong elsewhere
    terms = ["物流", "快递", "发货"]            # name the subject; polarity comes from the rest of the clause
    patterns = ["等了.{1,6}才(到|发货)"]         # regular expressions, the same without a fixed wording
    positive = ["发货快", "re:隔天.{0,2}到"]     # phrases that name facet and polarity at once
    negative = ["发货慢", "迟迟不发货"]           # ("re:" marks a regular expression)
    like = "default:logistics.speed"             # takes over all that this shipped facet has (or one of this
                                                 # file, "element.facet") besides what stands here …
    without = ["快递"]                            # … but for these phrases
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
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.compiled import read_compiled
from feedback_nlp.errors import Bilingual, TaxonomyError
from feedback_nlp.schema import REMEDIES
from feedback_nlp.taxonomy_like import KEYS, LikeError, taken_over
from feedback_nlp.taxonomy_source import MARKS, Source, refusal

if TYPE_CHECKING:
    from importlib.abc import Traversable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "GENERAL",
    "REGEX_MARK",
    "Change",
    "Element",
    "Example",
    "Facet",
    "Problem",
    "Taxonomy",
    "diff",
    "load_taxonomy",
    "shipped_names",
]

# The facet of remarks without an object. It is reported as a mention, never as an issue or an element.
GENERAL = "overall.general"
REGEX_MARK = "re:"
# The issue of what no problem names; a problem of this code would be merged with it.
_REST = "other"
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
        items: tuple[Element | Facet, ...] = (*self.elements, *self.facets)
        return {item.code: item for item in items}

    def facet(self, code: str) -> Facet:
        """Return the facet ``element.facet``.

        Raises
        ------
        TaxonomyError
            If there is no such facet.
        """
        found = self._by_code.get(code)
        if not isinstance(found, Facet):
            fact = Bilingual(
                f"分类体系 {self.name} 里没有方面 {code}。", f"Taxonomy {self.name} has no facet {code}."
            )
            hint = Bilingual("用 feedback-nlp taxonomy show 看有哪些。", "See feedback-nlp taxonomy show.")
            raise TaxonomyError(fact, hint)
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
        named = str(source)
        return _load_shipped(named) if named in shipped_names() else _load_file(named)

    @classmethod
    def from_toml(cls, text: str, origin: str = "taxonomy") -> Taxonomy:
        """Build a taxonomy from TOML text; ``origin`` names it in messages.

        Raises
        ------
        TaxonomyError
            If it is not TOML or breaks a rule; the message says on which line and what to do.
        """
        text = text.removeprefix("\ufeff")
        source = Source(origin, text)
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _not_toml(source, error) from error
        return _build(raw, source)


def load_taxonomy(source: str | Path | Taxonomy = "default") -> Taxonomy:
    """Load a taxonomy by shipped name or by path; see :meth:`Taxonomy.load`."""
    return Taxonomy.load(source)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the taxonomies in the package."""
    names = (item.name for item in _shipped_folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@dataclass(frozen=True)
class Change:
    """One difference between two taxonomies.

    ``code`` is that of an element or facet; ``kind`` is ``"added"``, ``"removed"`` or ``"changed"``;
    ``fields`` names the attributes that differ (only where changed; the facets of an element are listed on
    their own).
    """

    code: str
    kind: str
    fields: tuple[str, ...] = ()


def diff(old: Taxonomy, new: Taxonomy) -> list[Change]:
    """Return what changed from ``old`` to ``new``: first the codes of ``old`` in order, then added ones."""
    before, after = old._by_code, new._by_code
    changes = (_change(code, before.get(code), after.get(code)) for code in {**before, **after})
    return [change for change in changes if change is not None]


def _change(code: str, old: Element | Facet | None, new: Element | Facet | None) -> Change | None:
    if old is None or new is None:
        return Change(code, "added" if old is None else "removed")
    names = (item.name for item in fields(old) if item.name != "facets")
    differing = tuple(name for name in names if getattr(old, name) != getattr(new, name))
    return Change(code, "changed", differing) if differing else None


def _shipped_folder() -> Traversable:
    return resources.files("feedback_nlp") / "resources" / "taxonomies"


@lru_cache(maxsize=8)
def _load_shipped(name: str) -> Taxonomy:
    source = (_shipped_folder() / f"{name}.toml").read_bytes()
    compiled = read_compiled(f"taxonomy-{name}", source)
    if compiled is None:
        return Taxonomy.from_toml(source.decode("utf-8"), name)
    taxonomy = _restored(compiled["taxonomy"])
    taxonomy.__dict__["sha256"] = compiled["sha256"]
    return taxonomy


def _restored(content: dict[str, Any]) -> Taxonomy:
    """Return a taxonomy from what ``dataclasses.asdict`` made of it and JSON kept."""
    elements = (
        Element(**{**row, "facets": tuple(map(_restored_facet, row["facets"]))})
        for row in content["elements"]
    )
    return Taxonomy(content["name"], content["version"], tuple(elements))


def _restored_facet(row: dict[str, Any]) -> Facet:
    problems = (Problem(**{**problem, "terms": tuple(problem["terms"])}) for problem in row["problems"])
    parts = {
        "examples": tuple(Example(**example) for example in row["examples"]),
        "problems": tuple(problems),
        **{key: tuple(row[key]) for key in _TEXTS},
    }
    return Facet(**{**row, **parts})


def _load_file(source: str) -> Taxonomy:
    # Not cached: a file is edited and loaded again within one notebook.
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        save = Bilingual("用记事本另存为，编码选 UTF-8。", "Save it as UTF-8.")
        raise _broken(Source(source), "不是 UTF-8 编码", "is not UTF-8", do=save) from error
    except (OSError, ValueError) as error:
        fact = Bilingual(f"找不到分类体系 {source}。", f"No taxonomy {source}.")
        hint = Bilingual(
            f"给一个 TOML 文件的路径，或自带的名字：{'、'.join(shipped_names())}。",
            f"Give the path of a TOML file, or one shipped: {', '.join(shipped_names())}.",
        )
        raise TaxonomyError(fact, hint) from error
    return Taxonomy.from_toml(text, source)


def _broken(
    origin: Source, zh: str, en: str, where: str = "", *, line: int | None = None, do: Bilingual | None = None
) -> TaxonomyError:
    """Return the error: what is wrong in which file and on which line, and what to do (``do``)."""
    number = line or (origin.line(where) if where else None)
    spot_zh, spot_en = (f" 第 {number} 行", f", line {number}") if number else ("", "")
    lead = do or Bilingual("", "")
    hint = Bilingual(
        f"{lead.zh}改好后用 feedback-nlp taxonomy check 再查一遍。",
        f"{lead.en} Mend it and run feedback-nlp taxonomy check.".strip(),
    )
    fact = Bilingual(f"分类体系 {origin.name}{spot_zh}：{zh}。", f"Taxonomy {origin.name}{spot_en}: {en}.")
    return TaxonomyError(fact, hint)


def _not_toml(source: Source, error: Exception) -> TaxonomyError:
    """Return the error for text that TOML refuses; a code that stands twice is told by its name."""
    told, line = refusal(error)
    twice = source.repeated(line) if line else None
    if twice is None:
        return _broken(
            source, f"不是有效的 TOML（{told}）", f"is not valid TOML ({told})", line=line, do=MARKS
        )
    name, first = twice
    return _broken(
        source,
        f"{name} 写了两次（先在第 {first} 行）",
        f"{name} stands twice (first on line {first})",
        line=line,
        do=Bilingual("换一个代码，或把两处合成一处。", "Give one another code, or join the two."),
    )


_TEXTS = ("terms", "patterns", "positive", "negative")
_NAMES = ("zh", "en", "define")
_FACET_KEYS = {
    *_NAMES,
    *_TEXTS,
    "not",
    "feasibility",
    "remedy",
    "action_zh",
    "action_en",
    "examples",
    "problems",
    *KEYS,
}


def _build(raw: Mapping[str, Any], origin: Source) -> Taxonomy:
    elements = raw.get("elements")
    if not isinstance(elements, Mapping) or not elements:
        raise _broken(origin, "没有任何要素（[elements.…]）", "has no elements ([elements.…])")
    _check_keys(raw, {"name", "version", "elements"}, "top", origin)
    version = raw.get("version", 1)
    if not _is_int(version):
        raise _bad_value("top.version", "整数", "an integer", version, origin)
    try:
        whole = taken_over(elements, _shipped_facet)
    except LikeError as error:
        raise _broken(origin, *error.fact, error.where, do=error.hint) from error
    built = tuple(_element(code, body, whole, origin) for code, body in elements.items())
    _check_apart({element.code: element for element in built}, origin)
    return Taxonomy(_text(raw, "name", "custom", "top", origin), version, built)


def _shipped_facet(name: str, code: str) -> Facet | None:
    found = _load_shipped(name)._by_code.get(code) if name in shipped_names() else None
    return found if isinstance(found, Facet) else None


def _element(code: str, body: Any, whole: Mapping[str, Any], origin: Source) -> Element:
    _check_code(code, code, origin)
    facets = body.get("facets") if isinstance(body, Mapping) else None
    if not isinstance(facets, Mapping) or not facets:
        zh = f"要素 {code} 没有方面（[elements.{code}.facets.…]）"
        raise _broken(origin, zh, f"element {code} has no facets ([elements.{code}.facets.…])", code)
    _check_keys(body, {*_NAMES, "facets"}, f"elements.{code}", origin)
    tables = {f"{code}.{name}": facet for name, facet in facets.items()}
    built = tuple(_facet(full, whole.get(full, facet), facet, origin) for full, facet in tables.items())
    _check_apart({facet.code: facet for facet in built}, origin)
    return Element(code, *_named(body, code, origin), _text(body, "define", "", code, origin), built)


def _facet(code: str, body: Any, written: Any, origin: Source) -> Facet:
    """Build a facet from its table; ``written`` is the same before anything was taken over."""
    _check_code(code.partition(".")[2], code, origin)
    if not isinstance(body, Mapping):
        raise _broken(origin, f"方面 {code} 应是一张表", f"facet {code} must be a table", code)
    _check_keys(written, _FACET_KEYS, code, origin)
    zh, en = _named(body, code, origin)
    return Facet(
        code=code,
        zh=zh,
        en=en,
        define=_text(body, "define", "", code, origin),
        excludes=_text(body, "not", "", code, origin),
        feasibility=_feasibility(body.get("feasibility", 3), code, origin),
        remedy=_remedy(body.get("remedy", "process"), code, origin),
        action_zh=_text(body, "action_zh", "", code, origin),
        action_en=_text(body, "action_en", "", code, origin),
        examples=tuple(_example(item, code, origin) for item in _items(body, "examples", code, origin)),
        problems=_problems(_items(body, "problems", code, origin), code, origin),
        **{key: _strings(body.get(key, ()), f"{code}.{key}", origin) for key in _TEXTS},
    )


def _named(body: Mapping[str, Any], code: str, origin: Source) -> tuple[str, str]:
    """Return the Chinese and English names; where there is one, it stands for the other."""
    zh, en = (_text(body, key, "", code, origin).strip() for key in ("zh", "en"))
    if not (zh or en):
        raise _broken(
            origin,
            f"{code} 没有名字",
            f"{code} has no name (zh or en)",
            code,
            do=Bilingual('在它下面加一行 zh = "名字"。', 'Add a line zh = "name" below it.'),
        )
    return zh or en, en or zh


def _check_apart(named: Mapping[str, Element | Facet | Problem], origin: Source, where: str = "") -> None:
    """Raise where two of one list have the same Chinese name: reports and workbooks show names, not codes."""
    first: dict[str, str] = {}
    for code, item in named.items():
        other = first.setdefault(item.zh, code)
        if other != code:
            raise _broken(
                origin,
                f"{other} 和 {code} 同名“{item.zh}”",
                f"{other} and {code} are both called '{item.zh}'",
                where or f"{code}.zh",
                do=Bilingual("换一个名字，或把两处合成一处。", "Give one another name, or join the two."),
            )


def _text(body: Mapping[str, Any], key: str, default: str, where: str, origin: Source) -> str:
    value = body.get(key, default)
    if not isinstance(value, str):
        raise _bad_value(f"{where}.{key}", "字符串", "a string", value, origin)
    return value


def _items(body: Mapping[str, Any], key: str, code: str, origin: Source) -> list[Any]:
    value = body.get(key, [])
    if not isinstance(value, list):
        raise _bad_value(f"{code}.{key}", "列表", "a list", value, origin)
    return value


def _bad_value(where: str, zh: str, en: str, value: Any, origin: Source) -> TaxonomyError:
    return _broken(origin, f"{where} 应为{zh}，实为 {value!r}", f"{where} must be {en}, got {value!r}", where)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_code(code: str, where: str, origin: Source) -> None:
    if not _CODE.match(code):
        raise _broken(
            origin,
            f"代码 {code!r} 只能用小写英文字母、数字和下划线，以字母开头",
            f"code {code!r} must be lower-case letters, digits and underscores, starting with a letter",
            where,
        )


def _check_keys(body: Mapping[str, Any], known: Iterable[str], where: str, origin: Source) -> None:
    unknown = sorted(set(body) - set(known))
    if unknown:
        names, choices = ", ".join(unknown), ", ".join(sorted(known))
        raise _broken(
            origin,
            f"{where} 有不认识的键 {names}",
            f"{where} has unknown keys {names}",
            f"{where}.{unknown[0]}",
            do=Bilingual(f"可以写的键：{choices}。", f"Keys here: {choices}."),
        )


def _strings(value: Any, where: str, origin: Source) -> tuple[str, ...]:
    """Return distinct phrases in their order, each checked."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise _broken(
            origin, f"{where} 应是非空字符串的列表", f"{where} must be a list of non-empty strings", where
        )
    for item in value:
        if where.endswith(".patterns"):
            _check_regex(item, where, origin)
        elif item.startswith(REGEX_MARK):
            _check_regex(item.removeprefix(REGEX_MARK), where, origin)
    return tuple(dict.fromkeys(value))


def _check_regex(pattern: str, where: str, origin: Source) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        zh = f"{where} 的正则 {pattern!r} 有误：{error}"
        raise _broken(origin, zh, f"{where}: bad pattern {pattern!r}: {error}", where) from error


def _feasibility(value: Any, code: str, origin: Source) -> int:
    if not _is_int(value) or not 1 <= value <= 5:
        raise _bad_value(f"{code}.feasibility", " 1–5 的整数", "an integer from 1 to 5", value, origin)
    return int(value)


def _remedy(value: Any, code: str, origin: Source) -> str:
    if value not in REMEDIES:
        choices = ", ".join(REMEDIES)
        raise _bad_value(f"{code}.remedy", f" {choices} 之一", f"one of {choices}", value, origin)
    return str(value)


def _example(item: Any, code: str, origin: Source) -> Example:
    if isinstance(item, Mapping) and set(item) == {"text", "polarity"}:
        text, polarity = item["text"], item["polarity"]
        if isinstance(text, str) and text and _is_int(polarity) and polarity in (-1, 0, 1):
            return Example(text, polarity)
    shape = "{ text, polarity = -1/0/1 }"
    where = f"{code}.examples"
    raise _broken(origin, f"{where} 的每项应为 {shape}", f"{where} items must be {shape}", where)


def _problems(items: list[Any], code: str, origin: Source) -> tuple[Problem, ...]:
    problems = tuple(_problem(item, code, origin) for item in items)
    codes = [problem.code for problem in problems]
    twice = sorted({name for name in codes if codes.count(name) > 1})
    if twice:
        names = ", ".join(twice)
        raise _broken(
            origin,
            f"{code}.problems 里重复的代码 {names}",
            f"{code}.problems repeat the code {names}",
            f"{code}.problems",
            do=Bilingual("换一个代码，或把两处合成一处。", "Give one another code, or join the two."),
        )
    _check_apart({problem.code: problem for problem in problems}, origin, f"{code}.problems")
    return problems


def _problem(item: Any, code: str, origin: Source) -> Problem:
    where = f"{code}.problems"
    if not isinstance(item, Mapping) or not item.get("code") or not item.get("zh"):
        raise _broken(origin, f"{where} 的每项要有 code 和 zh", f"{where} items need code and zh", where)
    _check_code(str(item["code"]), where, origin)
    if item["code"] == _REST:
        raise _broken(
            origin, f"{where} 的代码 {_REST} 已保留给“其他”", f"{where}: the code {_REST} is reserved", where
        )
    _check_keys(item, {"code", "zh", "en", "terms"}, where, origin)
    terms = _strings(item.get("terms", ()), f"{where}.terms", origin)
    return Problem(str(item["code"]), *_named(item, where, origin), terms)
