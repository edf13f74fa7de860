"""What is wrong with an aspect where a clause only names it: its facet says what the complaint is about.

客服 in ``service.attitude`` is 客服态度差, 房间 in ``environment.facility`` is 房间差: an issue is called
by a problem, not by a thing alone. The list is ``faults.tsv``; a taxonomy with other facets has none.
``same_issues.tsv`` tells which of the names so made mean the same (服务员态度差 and 服务态度差): one issue.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from feedback_nlp.insight.aspects import Aspect
from feedback_nlp.scorers.lexicon_words import read_table

__all__ = ["Fault", "alone", "fault", "same_issue"]

_MISFIT = "!"
_PROBLEM = "-"
_OF = {"people": "people", "act": "acts", "concern": "acts", "own": "own"}


class Fault(NamedTuple):
    """The name of what is wrong, in both languages."""

    zh: str
    en: str


def fault(facet: str, aspect: Aspect) -> Fault | None:
    """Return the name of an issue of ``facet`` that is about ``aspect``.

    None where the facet has no list; the facet's own name where nothing fits, or would say the same twice.

    Examples
    --------
    >>> fault("service.attitude", Aspect("客服", "Customer service", "people")).zh
    '客服态度差'
    """
    table = _table()
    own = table.get((facet, "alone"))
    if own is None:
        return None
    whole = table.get((facet, f"={aspect.name}")) or table.get((f"={aspect.name}", "aspect"))
    if whole is not None:
        return whole
    wrong = table.get((facet, _OF.get(aspect.kind, "things"))) or table[facet, "things"]
    # 服务水平 + 服务态度差
    if wrong.zh == _MISFIT or wrong.zh.startswith(aspect.name[:2]):
        return own
    return Fault(aspect.name + wrong.zh, f"{aspect.name_en}: {wrong.en}" if aspect.name_en else "")


def alone(facet: str) -> Fault | None:
    """Return the facet's own name for what is wrong, None where it has no list."""
    return _table().get((facet, "alone"))


def same_issue(facet: str, name: str) -> Fault | None:
    """Return the name of the issue that ``name`` only puts another way, None where it stands for itself.

    The English name is empty where the name is that of a problem, which has one.

    Examples
    --------
    >>> same_issue("service.attitude", "服务员态度差").zh
    '服务态度差'
    """
    return _same().get((facet, name))


@lru_cache(maxsize=1)
def _same() -> dict[tuple[str, str], Fault]:
    return {
        (facet, name): Fault(zh, "" if en == _PROBLEM else en)
        for facet, zh, en, names in read_table("same_issues")
        for name in names.split()
    }


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], Fault]:
    return {(where, of): Fault(zh, en) for where, of, zh, en in read_table("faults")}
