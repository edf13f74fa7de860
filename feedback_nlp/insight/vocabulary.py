"""Words of a file that a taxonomy lacks: new terms of its facets, and complaints that no facet covers.

Nothing is learnt and nothing is asked from outside: what counts of a word is in how many reviews it stands,
and of which facets its clauses are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from feedback_nlp.insight.aspects import EMPTY, load_lexis
from feedback_nlp.insight.mining import heads
from feedback_nlp.scorers.lexicon_words import load_words
from feedback_nlp.taxonomy import REGEX_MARK, Taxonomy
from feedback_nlp.text.words import default_segmenter, domain_words, nouns

__all__ = ["Group", "Term", "Told", "english", "facet_terms", "groups", "subjects"]

# A new term of a facet: at least this part of the reviews with the word say it of the facet, and so many more
# than chance would have it.
SHARE, LIFT, LEVEL = 0.6, 3.0, 1e-3
MOST_TERMS = 12
# Jaccard distance of the reviews of two words, on average, up to which they are of one facet, of one element.
_FACET_APART, _ELEMENT_APART = 0.8, 0.95
MOST_GROUPS, MOST_WORDS = 12, 80
_HAN = re.compile(r"[\u4e00-\u9fff]{2,6}\Z")
# Nouns of speaking itself.
_SAYING = frozenset(("评价", "评论", "投诉", "建议", "意见", "帖子", "内容"))
# Cut into words at most up to here: only speech without punctuation is longer.
_READ = 200


@dataclass(frozen=True)
class Term:
    """A word and the number of distinct reviews that say it where it counts."""

    word: str
    n_reviews: int


@dataclass(frozen=True)
class Group:
    """Complaint words that belong together.

    Attributes
    ----------
    name : str
        What most of its words name, or their head (客房经理, 大堂经理: 经理).
    terms : tuple of Term
        Most frequent first.
    element : int
        Number of the looser group that it is part of.
    n_reviews : int
        Distinct reviews that complain with one of the words where no facet covers it.
    clause : int
        A clause that does.
    """

    name: str
    terms: tuple[Term, ...]
    element: int
    n_reviews: int
    clause: int


@dataclass(frozen=True)
class Told:
    """What one clause tells.

    Attributes
    ----------
    review : int
        Row of its review.
    words : frozenset of str
        Its subjects.
    facets : tuple of str
        Those it mentions, but for the general one.
    blames : bool
        Whether it complains.
    """

    review: int
    words: frozenset[str]
    facets: tuple[str, ...]
    blames: bool


def subjects(texts: Sequence[str]) -> list[frozenset[str]]:
    """Return the words of each clause that may name what it is about.

    Parameters
    ----------
    texts : sequence of str, length n
        Clauses in normal form, personal data masked.

    Returns
    -------
    list of frozenset of str, length n
        Common nouns and words of commerce of 2 to 6 characters: no opinions, no modifiers, nothing that says
        no more than "thing".
    """
    known, cut = _known(), default_segmenter().cut
    of_text = {
        text: frozenset(word for word, _, _ in cut(text[:_READ]) if word in known) for text in set(texts)
    }
    return [of_text[text] for text in texts]


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Return the words that name something."""
    words, lexis = load_words(), load_lexis()
    empty = {
        word
        for word, aspects in zip(lexis.aspect_matcher.phrases, lexis.aspects, strict=True)
        if all(aspect.kind == EMPTY for aspect in aspects)
    }
    named = {word for word in (*nouns(), *domain_words()) if _HAN.match(word)}
    return frozenset(named - empty - set(lexis.complaint_matcher.phrases) - set(words.modifiers) - _SAYING)


@lru_cache(maxsize=1)
def _aspects() -> dict[str, tuple[str, str]]:
    """Return the Chinese and English name of what a listed word names."""
    lexis = load_lexis()
    pairs = zip(lexis.aspect_matcher.phrases, lexis.aspects, strict=True)
    meant = ((word, aspects[0]) for word, aspects in pairs)
    return {word: (aspect.name, aspect.name_en) for word, aspect in meant if aspect.kind != EMPTY}


def english(word: str) -> str:
    """Return the English name of what a word names, where a list knows it; else the word itself."""
    return _aspects().get(word, ("", ""))[1] or word


def facet_terms(told: Sequence[Told], taxonomy: Taxonomy, *, min_reviews: int) -> dict[str, tuple[Term, ...]]:
    """Return the words that name a facet in this file and that the taxonomy does not know.

    Parameters
    ----------
    told : sequence of Told
        All clauses.
    taxonomy : Taxonomy
    min_reviews : int
        Distinct reviews that must say the word of the facet.

    Returns
    -------
    dict of facet code to tuple of Term
        At most ``MOST_TERMS`` a facet, most frequent first. A word belongs to the facet that most reviews say
        it of, if that is at least 60 % of those with the word, three times what the facet's share of all
        clauses would give, and one-sided binomial p < 0.001.
    """
    of_word: defaultdict[str, set[int]] = defaultdict(set)
    of_pair: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    clauses: Counter[str] = Counter()
    for clause in told:
        clauses.update(clause.facets)
        for word in clause.words:
            of_word[word].add(clause.review)
            for facet in clause.facets:
                of_pair[word, facet].add(clause.review)
    best: dict[str, tuple[int, str]] = {}
    for (word, facet), who in of_pair.items():
        best[word] = max(best.get(word, (0, "")), (len(who), facet))
    found: defaultdict[str, list[Term]] = defaultdict(list)
    for word, (n, facet) in best.items():
        usual = clauses[facet] / max(len(told), 1)
        n_word = len(of_word[word])
        if n < max(min_reviews, SHARE * n_word, LIFT * usual * n_word):
            continue
        if stats.binom.sf(n - 1, n_word, usual) < LEVEL and not _covered(word, facet, taxonomy):
            found[facet].append(Term(word, n))
    return {facet: tuple(sorted(terms, key=_order)[:MOST_TERMS]) for facet, terms in found.items()}


def groups(told: Sequence[Told], taxonomy: Taxonomy, *, min_reviews: int) -> list[Group]:
    """Return groups of the words of complaints that no facet covers.

    Parameters
    ----------
    told : sequence of Told
        All clauses.
    taxonomy : Taxonomy
        Words that one of its facets knows are left out.
    min_reviews : int
        Distinct reviews that must complain with the word where no facet covers it.

    Returns
    -------
    list of Group
        Most reviews first, at most ``MOST_GROUPS``. A word is in if at least half of its clauses are covered
        by no facet. Compounds go with their head, listed words with what they name (铜管, 管子: 管路); those
        that stand in the same reviews are joined by average linkage over Jaccard distances.
    """
    everywhere: Counter[str] = Counter()
    uncovered: Counter[str] = Counter()
    who: defaultdict[str, set[int]] = defaultdict(set)
    where: defaultdict[str, list[int]] = defaultdict(list)
    for place, clause in enumerate(told):
        everywhere.update(clause.words)
        if clause.facets:
            continue
        uncovered.update(clause.words)
        for word in clause.words if clause.blames else ():
            who[word].add(clause.review)
            where[word].append(place)
    kept = [word for word in who if 2 * uncovered[word] >= everywhere[word]]
    kept = [word for word in kept if not any(_covered(word, facet, taxonomy) for facet in taxonomy.codes)]
    by_head: defaultdict[str, list[str]] = defaultdict(list)
    for word, head in heads(kept).items():
        by_head[_aspects().get(head, (head, ""))[0]].append(word)
    named = {head: set().union(*(who[word] for word in words)) for head, words in by_head.items()}
    shared = [head for head in named if len(named[head]) >= min_reviews]
    shared = sorted(shared, key=lambda head: (-len(named[head]), head))[:MOST_WORDS]
    facet_of, element_of = (_joined(shared, named, apart) for apart in (_FACET_APART, _ELEMENT_APART))
    made = [
        _group([head for head in shared if facet_of[head] == label], by_head, who, where, element_of)
        for label in dict.fromkeys(facet_of.values())
    ]
    return sorted(made, key=lambda group: (-group.n_reviews, group.name))[:MOST_GROUPS]


def _group(
    chosen: Sequence[str],
    by_head: Mapping[str, list[str]],
    who: Mapping[str, set[int]],
    where: Mapping[str, list[int]],
    element_of: Mapping[str, int],
) -> Group:
    every = (Term(word, len(who[word])) for head in chosen for word in by_head[head])
    terms = sorted((term for term in every if term.n_reviews > 1 or term.word in chosen), key=_order)
    terms = terms or [Term(by_head[chosen[0]][0], 1)]
    everyone: set[int] = set().union(*(who[term.word] for term in terms))
    return Group(
        chosen[0], tuple(terms[:MOST_TERMS]), element_of[chosen[0]], len(everyone), where[terms[0].word][0]
    )


def _joined(words: Sequence[str], who: Mapping[str, set[int]], apart: float) -> dict[str, int]:
    """Return the number of the group of each word."""
    if len(words) < 2:
        return dict.fromkeys(words, 0)
    from sklearn.cluster import AgglomerativeClustering

    distance = np.array([[1 - _jaccard(who[one], who[other]) for other in words] for one in words])
    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=apart
    )
    return dict(zip(words, model.fit_predict(distance).tolist(), strict=True))


def _jaccard(one: Collection[int], other: Collection[int]) -> float:
    return len(set(one) & set(other)) / max(len(set(one) | set(other)), 1)


def _covered(word: str, facet: str, taxonomy: Taxonomy) -> bool:
    """Whether the facet finds the word already: one of its plain phrases is the word or stands in it."""
    return any(phrase in word for phrase in _plain(taxonomy)[facet])


@lru_cache(maxsize=4)
def _plain(taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    return {
        facet.code: tuple(phrase for phrase in facet.terms if not phrase.startswith(REGEX_MARK))
        for facet in taxonomy.facets
    }


def _order(term: Term) -> tuple[int, str]:
    return -term.n_reviews, term.word
