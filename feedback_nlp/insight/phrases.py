"""Short problem phrases out of clauses that no named problem covers: aspect and opinion, nothing else.

空调很吵, 空调太吵了 and 空调真的好吵啊 all give 空调吵; 太差了, said of a facet called 卫生, gives 卫生差.
The phrase depends on the clause and its facet only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.scorers.lexicon_words import load_words
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.terms import Matches, TermMatcher
from feedback_nlp.text.words import default_segmenter

__all__ = ["LONGEST", "problem_phrases"]

# A name, not a sentence; in characters.
LONGEST = 10
# An aspect further from its opinion than this is likely to belong to another one.
_REACH = 8
_NEGATED = re.compile(r"(?:不|没有?|无|未|别)(?:是|会|能|怎么|太|够|很|那么|多)?$")
# Opinions that say bad and nothing else.
_VERDICT = re.compile(
    "[很太真好极超最较]?(?:非常)?(?:差|不好|不行|差劲|糟糕?|烂|垃圾|不怎么样|不满意|失望|不咋地|不理想|差评)(?:了|极了|透了)?|"
    "不[太是]?[很大]?好|不怎么好|有待[提改加].|一塌糊涂"
)
# Pronouns, places and other words that name no aspect; the modifiers of the lexicon come on top.
_EMPTY = re.compile(
    "我们|你们|他们|她们|它们|大家|自己|人家|别人|这个|那个|这些|那些|这里|那里|这样|那样|这家|这种|那种|一个|一些|一次|"
    "感觉|觉得|认为|以为|因为|所以|如果|而且|然后|并且|还有|可以|可能|应该|居然|竟然|几乎|里面|外面|方面|东西|时候|"
    "问题|情况|起来|下来|出来|过来|什么|怎么|现在|今天|昨天"
)


def problem_phrases(texts: Sequence[str], facets: Sequence[str], taxonomy: Taxonomy) -> list[str]:
    """Return the problem phrase of each clause, empty where there is none.

    Parameters
    ----------
    texts : sequence of str, length n
        Clauses in normal form.
    facets : sequence of str, length n
        Code of the facet that each clause is negative about.
    taxonomy : Taxonomy
        Its ``terms`` name the aspects of a facet.

    Returns
    -------
    list of str, length n
        At most 10 characters each.
    """
    if not texts:
        return []
    polarities, opinion_matcher = _opinion_matcher()
    opinions = _longest(opinion_matcher.find_column(texts), len(texts))
    owners, matcher = _aspect_matcher(taxonomy)
    aspects = _longest(matcher.find_column(texts), len(texts))
    result: list[str] = []
    for position, (text, facet) in enumerate(zip(texts, facets, strict=True)):
        own = [span for number, *span in aspects[position] if facet in owners[number]]
        spans = [span for number, *span in opinions[position] if _blames(text, span[0], polarities[number])]
        phrase = _phrase(text, own, spans) or _verdict(text, spans, taxonomy.label(facet))
        result.append(phrase)
    return result


def _blames(text: str, start: int, polarity: float) -> bool:
    """Whether an opinion word at ``start`` is negative where it stands."""
    return polarity > 0 if _negation(text, start) else polarity < 0


def _phrase(text: str, aspects: list[list[int]], opinions: list[list[int]]) -> str:
    """Return aspect and opinion of one clause as a phrase."""
    for start, end in reversed(opinions):
        aspect = _nearest(aspects, start, end) or _word_before(text, start)
        if aspect is not None:
            phrase = text[aspect[0] : aspect[1]] + _negation(text, start) + text[start:end]
            return phrase if len(phrase) <= LONGEST else ""
    return ""


def _verdict(text: str, opinions: list[list[int]], name: str) -> str:
    """Return "<facet>差" for a clause that only says that the facet is bad (太差了)."""
    plain = any(_VERDICT.fullmatch(text[start:end]) for start, end in opinions)
    return f"{name}差" if plain and len(name) < LONGEST else ""


def _nearest(aspects: list[list[int]], start: int, end: int) -> list[int] | None:
    """Return the aspect nearest to the opinion [start, end), one before it rather than one after."""
    before = [span for span in aspects if span[1] <= start and start - span[1] <= _REACH]
    after = [span for span in aspects if span[0] >= end and span[0] - end <= _REACH]
    return before[-1] if before else (after[0] if after else None)


def _word_before(text: str, position: int) -> list[int] | None:
    """Return the last word of content before ``position``."""
    modifiers = load_words().modifiers
    for word, start, end in reversed(default_segmenter().cut(text[:position])):
        if position - end > _REACH:
            return None
        if len(word) > 1 and word.isalpha() and not _EMPTY.fullmatch(word) and word not in modifiers:
            return [start, end]
    return None


def _negation(text: str, start: int) -> str:
    found = _NEGATED.search(text[:start])
    return "" if found is None else found[0][0]


def _longest(matches: Matches, count: int) -> list[list[tuple[int, int, int]]]:
    """Return per text the matches (id, start, end) that lie in no longer match, in order."""
    result: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    rows = zip(*(column.tolist() for column in matches), strict=True)
    for doc, number, start, end in sorted(rows, key=lambda row: (row[0], row[2], -row[3], row[1])):
        kept = result[doc]
        inside = bool(kept) and end <= kept[-1][2] and (start, end) != kept[-1][1:]
        if not inside:
            kept.append((number, start, end))
    return result


@lru_cache(maxsize=1)
def _opinion_matcher() -> tuple[list[float], TermMatcher]:
    """Return the polarity of each word that has one, and the matcher of these words."""
    polarity = load_words().polarity
    words = sorted(polarity)
    return [polarity[word] for word in words], TermMatcher(words)


@lru_cache(maxsize=4)
def _aspect_matcher(taxonomy: Taxonomy) -> tuple[list[frozenset[str]], TermMatcher]:
    """Return the facets that own each aspect term, and the matcher of these terms."""
    owners: dict[str, set[str]] = {}
    for facet in taxonomy.facets:
        for term in facet.terms:
            owners.setdefault(term, set()).add(facet.code)
    terms = sorted(owners)
    return [frozenset(owners[term]) for term in terms], TermMatcher(terms)
