"""What customers talk about and what is wrong with it: the word lists behind mined issues.

``aspects.tsv`` gives every aspect one name (游泳池 is 泳池), ``complaints.tsv`` every opinion (窄 is 小).
So a phrase depends on what is meant, not on how it is put.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from feedback_nlp.scorers.lexicon_words import load_words, read_table
from feedback_nlp.text.normalize import normalize
from feedback_nlp.text.terms import REGEX_MARK, Matches, TermMatcher

__all__ = ["EMPTY", "KINDS", "Aspect", "Complaint", "Lexis", "load_lexis", "longest"]

# In the order in which they tell something; what serves comes first where the facet is a service.
KINDS = ("trouble", "thing", "people", "process", "act", "concern")
EMPTY = "empty"
_NOTHING = "-"
# Said of a brand, "stayed here again" is no complaint about checking in.
_LOYALTY = "brand.loyalty"
# What the lists were written for; a taxonomy with other elements may use all words everywhere.
_ELEMENTS = frozenset(
    ["product", "service", "after_sales", "logistics", "price", "environment", "digital", "brand"]
)
_TELLING = "!"
_PRAISE, _NEUTRAL = "praise", "neutral"


@dataclass(frozen=True)
class Aspect:
    """Something that customers talk about.

    Attributes
    ----------
    name, name_en : str
    kind : str
        One of ``KINDS``, or ``EMPTY`` for words that name nothing.
    where : tuple of str
        Facets or elements in which its words mean it; empty for all but ``brand.loyalty``.
    telling : bool
        Whether the name alone says what is wrong (漏水, 没人来).
    """

    name: str
    name_en: str
    kind: str
    where: tuple[str, ...] = ()
    telling: bool = False

    def holds_in(self, facet: str) -> bool:
        """Whether the words of this aspect mean it in ``facet``."""
        element = facet.partition(".")[0]
        if self.kind == EMPTY or element not in _ELEMENTS:
            return True
        if not self.where:
            return facet != _LOYALTY
        return facet in self.where or (facet != _LOYALTY and element in self.where)


@dataclass(frozen=True)
class Complaint:
    """What is wrong with an aspect.

    Attributes
    ----------
    name, name_en : str
        Stand behind the aspect (泳池 + 小), before it where ``leads``.
    alone : str
        Name of clauses that say this of no aspect: empty for none, "+" for the facet's name and this one, "="
        for what is wrong with the facet.
    """

    name: str
    name_en: str = ""
    alone: str = ""

    @property
    def leads(self) -> bool:
        """Whether it stands before its aspect (没有早餐)."""
        return self.name in _LEADS

    @property
    def neutral(self) -> bool:
        """Whether it says nothing, and only hides the words inside its own."""
        return self.name == _NEUTRAL

    @property
    def praises(self) -> bool:
        """Whether it is the opposite."""
        return self.name == _PRAISE

    def fits(self, aspect: Aspect) -> bool:
        """Whether it can be wrong with ``aspect``."""
        if aspect.kind in ("people", "act"):
            return self.name in (_OF_PEOPLE if aspect.kind == "people" else _OF_ACTS)
        return aspect.kind not in (EMPTY, "concern")

    @property
    def vague(self) -> bool:
        """Whether any other complaint of a clause tells more."""
        return self.name in _VAGUE


_LEADS = ("没有", "不让用")
_VAGUE = (*_LEADS, "差", "一般", "失望", "多", "大")
# What can be wrong with people and with what is done; the rest is said of things.
_OF_PEOPLE = (
    *("差", "一般", "慢", "少", "不专业", "态度差", "不负责", "不来", "拖", "联系不上", "不给办"),
    *("说法不一", "不如别的", "欺骗", "没解决", "令人不满", "人多"),
)
_OF_ACTS = (*_OF_PEOPLE, "收费", "麻烦", "不方便", "不合理", "贵", "低", "不符", "不值", "没有", "不让用")


@dataclass(frozen=True)
class Lexis:
    """The word lists with one matcher each.

    Attributes
    ----------
    aspects : tuple of tuple of Aspect
        What each word of ``aspect_matcher`` may mean, by facet.
    complaints : tuple of Complaint or float
        What each word of ``complaint_matcher`` says; a plain opinion word has its polarity instead.
    """

    aspects: tuple[tuple[Aspect, ...], ...]
    aspect_matcher: TermMatcher
    complaints: tuple[Complaint | float, ...]
    complaint_matcher: TermMatcher

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of aspects."""
        return frozenset(self.aspect_matcher.phrases)


@lru_cache(maxsize=1)
def load_lexis() -> Lexis:
    """Return the packaged word lists."""
    aspects: dict[str, list[Aspect]] = {}
    for kind, name, name_en, where, words in read_table("aspects"):
        places = () if where == _NOTHING else tuple(where.split())
        telling = kind == "trouble" or name.endswith(_TELLING)
        aspect = Aspect(name.removesuffix(_TELLING), name_en, kind, places, telling)
        for word in words.split():
            aspects.setdefault(_normal(word), []).append(aspect)
    complaints: dict[str, Complaint | float] = dict(load_words().polarity)
    for name, name_en, alone, words in read_table("complaints"):
        complaint = Complaint(name, name_en, "" if alone == _NOTHING else alone)
        complaints.update({_normal(word): complaint for word in words.split()})
    return Lexis(
        tuple(tuple(found) for found in aspects.values()),
        TermMatcher(list(aspects)),
        tuple(complaints.values()),
        TermMatcher(list(complaints)),
    )


def _normal(word: str) -> str:
    # The matcher normalises patterns itself, and knows what to leave alone.
    return word if word.startswith(REGEX_MARK) else normalize(word)


def longest(matches: Matches, count: int) -> list[list[tuple[int, int, int]]]:
    """Return per text the matches (id, start, end) that overlap no longer one, in order.

    Parameters
    ----------
    matches : Matches
        In ``count`` texts.
    count : int

    Returns
    -------
    list of list, length ``count``
    """
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    taken: list[set[int]] = [set() for _ in range(count)]
    rows: Sequence[tuple[int, ...]] = list(zip(*(column.tolist() for column in matches), strict=True))
    for doc, number, start, end in sorted(rows, key=lambda row: (row[0], row[2] - row[3], row[2], row[1])):
        # What is longer stands already, so it holds an end of whatever it overlaps.
        if end > start and not taken[doc] & {start, end - 1}:
            taken[doc].update(range(start, end))
            found[doc].append((number, start, end))
    for kept in found:
        kept.sort(key=lambda match: match[1])
    return found
