"""Facets that take over what another one has: ``like = "default:logistics.speed"``.

A taxonomy of one's own stays as short as what is new in it: phrases, problems, action and feasibility of a
shipped facet (or of another facet of the same file) are taken over, what the facet says itself goes first,
and ``without`` names phrases that are not wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.taxonomy_parts import PHRASES, Facet

__all__ = ["KEYS", "LikeError", "Shipped", "taken_over"]

KEYS = ("like", "without")

Raw = Mapping[str, Any]
Shipped = Callable[[str, str], Facet | None]


class LikeError(Exception):
    """A reference that leads nowhere; ``where`` is the code and key it stands at."""

    def __init__(self, where: str, fact: Bilingual, hint: Bilingual) -> None:
        super().__init__(where, fact, hint)
        self.where, self.fact, self.hint = where, fact, hint


def taken_over(elements: Raw, shipped: Shipped) -> dict[str, Raw]:
    """Return the tables of all facets that say ``like``, by code, with what they take over.

    Parameters
    ----------
    elements : mapping
        ``elements`` of the file.
    shipped : callable
        Gives the facet of a shipped taxonomy by name and code, None where there is none.

    Raises
    ------
    LikeError
        If a reference leads nowhere or back to itself, or ``without`` names what is not there.
    """
    tables = {
        f"{element}.{name}": table
        for element, body in elements.items()
        if isinstance(body, Mapping) and isinstance(body.get("facets"), Mapping)
        for name, table in body["facets"].items()
        if isinstance(table, Mapping)
    }
    asking = [code for code, table in tables.items() if set(KEYS) & set(table)]
    return {code: _resolved(code, tables, shipped, ()) for code in asking}


def _resolved(code: str, tables: Mapping[str, Raw], shipped: Shipped, path: tuple[str, ...]) -> Raw:
    """Return one facet's table with all that it takes over, following ``like`` from facet to facet."""
    own = tables[code]
    like = own.get("like")
    where = f"{code}.like"
    if code in path:
        ring = " → ".join((*path[path.index(code) :], code))
        raise LikeError(
            where,
            Bilingual(f"like 绕成了圈：{ring}", f"like goes round in a circle: {ring}"),
            Bilingual("删掉圈里的一个 like。", "Delete one like of the circle."),
        )
    if not isinstance(like, str):
        key = "like" if "like" in own else "without"
        raise LikeError(
            f"{code}.{key}",
            Bilingual(f"{code} 要有 like 字符串", f"{code} needs a like that is a string"),
            _example(),
        )
    name, _, other = like.rpartition(":")
    source: Raw | None
    if name:
        facet = shipped(name, other)
        source = None if facet is None else _table(facet)
    elif other in tables:
        source = (
            _resolved(other, tables, shipped, (*path, code)) if "like" in tables[other] else tables[other]
        )
    else:
        source = None
    if source is None:
        zh, en = f"{code} 的 like 找不到 {like}", f"{code} is like {like}, which is not there"
        raise LikeError(where, Bilingual(zh, en), _example())
    return _merged(code, own, source)


def _example() -> Bilingual:
    return Bilingual(
        '写成 like = "default:logistics.speed"（自带的）或 like = "本文件的要素.方面"。',
        'Write like = "default:logistics.speed" (shipped), or like = "element.facet" of this file.',
    )


def _table(facet: Facet) -> dict[str, Any]:
    """Return a facet as the table that says it."""
    table = asdict(facet)
    table["not"] = table.pop("excludes")
    del table["code"]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}


def _merged(code: str, own: Raw, source: Raw) -> dict[str, Any]:
    """Return what a facet says itself before what it takes over; bad values are left for the reader."""
    unwanted = own.get("without", [])
    merged = {**source, **{key: value for key, value in own.items() if key not in KEYS}}
    for key in (*PHRASES, "examples", "problems"):
        mine, theirs = own.get(key, []), source.get(key, [])
        if isinstance(mine, list) and isinstance(theirs, list):
            merged[key] = [*mine, *_kept(key, theirs, mine, unwanted)]
    _check_unwanted(code, unwanted, source)
    return merged


def _kept(key: str, theirs: list[Any], mine: list[Any], unwanted: Any) -> list[Any]:
    if key in PHRASES:
        return [phrase for phrase in theirs if phrase not in unwanted]
    if key == "problems":
        named = [item.get("code") for item in mine if isinstance(item, Mapping)]
        return [item for item in theirs if not isinstance(item, Mapping) or item.get("code") not in named]
    return theirs


def _check_unwanted(code: str, unwanted: Any, source: Raw) -> None:
    if not isinstance(unwanted, list):
        missing = [str(unwanted)]
    else:
        known = [phrase for key in PHRASES for phrase in source.get(key, [])]
        missing = [str(phrase) for phrase in unwanted if phrase not in known]
    if missing:
        raise LikeError(
            f"{code}.without",
            Bilingual(
                f"{code} 的 without 里有没借来的词：{'、'.join(missing[:5])}",
                f"{code}: without names what is not taken over: {', '.join(missing[:5])}",
            ),
            Bilingual("删掉它，或写成借来的原样。", "Delete it, or write it as it is there."),
        )
