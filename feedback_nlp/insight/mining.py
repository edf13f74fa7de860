"""Issues out of the clauses themselves: which phrase names each clause, given what the whole file says.

A clause takes the most telling of its phrases (泳池小, then 泳池问题) that enough reviews share, so that
data added later moves it at most from a vaguer issue to a more telling one. Words that no list knows are
first joined to their head (客房经理 to 经理) by hierarchical clustering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.insight.phrases import Phrase, one_name, phrases
from feedback_nlp.scorers.hashing import ngram_slots
from feedback_nlp.text.clauses import from_spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["heads", "mine"]

# Cosine distance of the character n-grams of two words of one last character that mean the same thing:
# 经理 and 客房经理 are at 0.56, 出水管 and 排水管 at 0.58.
_FAR = 0.57
_APART = 1.0


def mine(
    texts: Sequence[str],
    facets: Sequence[str],
    reviews: Sequence[Iterable[int]],
    taxonomy: Taxonomy,
    *,
    min_reviews: int,
    min_sure: int = 1,
) -> list[Phrase | None]:
    """Return the phrase that names each clause's issue, ``None`` where none is shared.

    Parameters
    ----------
    texts, facets : sequence of str, length n
        Clauses in normal form and the facets they blame; each pair once.
    reviews : sequence of iterable of int, length n
        The reviews that say it.
    taxonomy : Taxonomy
    min_reviews : int
        Distinct reviews, of the facet, whose clauses must offer a phrase.
    min_sure : int
        The same for a phrase that is ``sure``. A problem of the taxonomy needs no sharing.

    Returns
    -------
    list of Phrase or None, length n
        It doesn't depend on the order of the clauses.
    """
    offered = _joined(phrases(texts, facets, taxonomy), facets)
    said_by: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for facet, found, who in zip(facets, offered, reviews, strict=True):
        for phrase in found:
            said_by[facet, phrase.zh].update(who)
    named = {(facet.code, problem.zh) for facet in taxonomy.facets for problem in facet.problems}

    def stands(facet: str, phrase: Phrase) -> bool:
        key = (facet, phrase.zh)
        return key in named or len(said_by[key]) >= (min_sure if phrase.sure else min_reviews)

    one_of = {phrase.zh: phrase for found in offered for phrase in sorted(found, key=lambda one: one.en)}
    return [
        next((one_of[phrase.zh] for phrase in found if stands(facet, phrase)), None)
        for facet, found in zip(facets, offered, strict=True)
    ]


def _joined(offered: Sequence[tuple[Phrase, ...]], facets: Sequence[str]) -> list[tuple[Phrase, ...]]:
    """Put its head for every word that no list knows, and the one name of its issue for every phrase."""
    head = heads({phrase.word for found in offered for phrase in found if phrase.word})
    return [
        tuple(one_name(_renamed(phrase, head), facet) for phrase in found)
        for found, facet in zip(offered, facets, strict=True)
    ]


def _renamed(phrase: Phrase, head: dict[str, str]) -> Phrase:
    word = head.get(phrase.word, phrase.word)
    return (
        phrase
        if word == phrase.word
        else replace(phrase, zh=phrase.zh.replace(phrase.word, word, 1), word=word)
    )


def heads(words: Iterable[str]) -> dict[str, str]:
    """Return for every word the shortest one of those that mean the same, mostly itself.

    The head of a Chinese compound stands last, so only words of one last character are compared, by the
    character n-grams that the linear scorer reads. Single linkage lets two compounds meet in their head, and
    words that come in later can only join what is there.

    Parameters
    ----------
    words : iterable of str
        Two characters or more each.

    Returns
    -------
    dict of str to str
    """
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for word in sorted(set(words)):
        alike[word[-1]].append(word)
    found: dict[str, str] = {}
    for group in alike.values():
        for cluster in _clusters(group):
            first = min(cluster, key=lambda word: (len(word), word))
            found.update(dict.fromkeys(cluster, first))
    return found


def _clusters(words: list[str]) -> list[list[str]]:
    if len(words) < 2:
        return [words]
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="single", distance_threshold=_FAR
    )
    labels = model.fit_predict(_distances(words))
    return [[word for word, label in zip(words, labels, strict=True) if label == one] for one in set(labels)]


def _distances(words: list[str]) -> NDArray[np.float64]:
    """Return 1 − cosine of the n-gram sets of words, of shape (n_words, n_words)."""
    grams = ngram_slots(words, from_spans([[(0, len(word))] for word in words]))
    _, column = np.unique(grams.slot, return_inverse=True)
    holds = np.zeros((len(words), int(column.max(initial=-1)) + 1))
    holds[grams.clause, column] = 1.0
    sizes = np.sqrt(holds.sum(axis=1))
    distances: NDArray[np.float64] = _APART - holds @ holds.T / np.outer(sizes, sizes)
    return distances
