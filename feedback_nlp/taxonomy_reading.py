"""A taxonomy file read: what may stand in it, and which line to mend how where a rule is broken."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from feedback_nlp.errors import Bilingual, TaxonomyError
from feedback_nlp.schema import REMEDIES
from feedback_nlp.taxonomy_like import KEYS, LikeError, Shipped, taken_over
from feedback_nlp.taxonomy_parts import PHRASES, REGEX_MARK, Element, Example, Facet, Problem
from feedback_nlp.taxonomy_source import MARKS, Source, refusal

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["not_utf8", "read"]

# The issue of what no problem names; a problem of this code would be merged with it.
_REST = "other"
_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")
_NAMES = ("zh", "en", "define")
_FACET_KEYS = {
    *_NAMES,
    *PHRASES,
    "not",
    "feasibility",
    "remedy",
    "action_zh",
    "action_en",
    "examples",
    "problems",
    *KEYS,
}


def read(text: str, origin: str, shipped: Shipped) -> tuple[str, int, tuple[Element, ...]]:
    """Return name, version and elements of a taxonomy from TOML text.

    Parameters
    ----------
    text : str
    origin : str
        Names it in messages.
    shipped : callable
        Gives the facet of a shipped taxonomy by name and code, None where there is none.

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
    return _built(raw, source, shipped)


def not_utf8(origin: str) -> TaxonomyError:
    """Return the error for a file in another encoding."""
    save = Bilingual("用记事本另存为，编码选 UTF-8。", "Save it as UTF-8.")
    return _broken(Source(origin), "不是 UTF-8 编码", "is not UTF-8", do=save)


def _built(raw: Mapping[str, Any], origin: Source, shipped: Shipped) -> tuple[str, int, tuple[Element, ...]]:
    elements = raw.get("elements")
    if not isinstance(elements, Mapping) or not elements:
        raise _broken(origin, "没有任何要素（[elements.…]）", "has no elements ([elements.…])")
    _check_keys(raw, {"name", "version", "elements"}, "top", origin)
    version = raw.get("version", 1)
    if not _is_int(version):
        raise _bad_value("top.version", "整数", "an integer", version, origin)
    try:
        whole = taken_over(elements, shipped)
    except LikeError as error:
        raise _broken(origin, *error.fact, error.where, do=error.hint) from error
    built = tuple(_element(code, body, whole, origin) for code, body in elements.items())
    _check_apart({element.code: element for element in built}, origin)
    return _text(raw, "name", "custom", "top", origin), version, built


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
        **{key: _strings(body.get(key, ()), f"{code}.{key}", origin) for key in PHRASES},
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


def _example(item: Any, code: str, origin: Source) -> Example:
    if isinstance(item, Mapping) and set(item) == {"text", "polarity"}:
        text, polarity = item["text"], item["polarity"]
        if isinstance(text, str) and text and _is_int(polarity) and polarity in (-1, 0, 1):
            return Example(text, polarity)
    shape = "{ text, polarity = -1/0/1 }"
    where = f"{code}.examples"
    raise _broken(origin, f"{where} 的每项应为 {shape}", f"{where} items must be {shape}", where)


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


def _bad_value(where: str, zh: str, en: str, value: Any, origin: Source) -> TaxonomyError:
    return _broken(origin, f"{where} 应为{zh}，实为 {value!r}", f"{where} must be {en}, got {value!r}", where)


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
