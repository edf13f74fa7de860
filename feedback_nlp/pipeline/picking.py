"""Which clauses are worth a person's minute: those the model is unsure of, that weigh, and that differ.

Active learning by uncertainty and diversity: maximal marginal relevance (Carbonell and Goldstein, 1998) over
uncertainty sampling (Lewis and Gale, 1994).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.normalize import normalize

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.text.clauses import Clauses

__all__ = ["REASONS", "Mentioned", "Pick", "pick"]

# Why a clause was picked; the words for people are in ``pipeline.review``.
REASONS = ("unsure", "side", "missed", "quiet")
# Value of a clause in which nothing was found: in a negative review without a reason found, and elsewhere.
_MISSED, _QUIET = 0.75, 0.3
# Shortest clause worth asking about where nothing was found, in characters.
_LEAST_CHARACTERS = 4
# Longer reviews take more than a minute to read.
LONGEST_REVIEW = 2_000
# At most so many clauses of a review, and candidates compared with each other.
PER_REVIEW = 3
_CANDIDATES = 4_000
# How much a like clause, and one of the same facet, takes from the value of those not yet picked.
_LIKENESS, _SAME_FACET = 0.8, 0.04
# A clause whose facet nobody complains about keeps this part of its value.
_LEAST_IMPACT = 0.5

Floats = NDArray[np.float64]


class Pick(NamedTuple):
    """A clause to ask about: its row in ``Clauses`` and one of ``REASONS``."""

    clause: int
    reason: str


@dataclass(frozen=True)
class Mentioned:
    """Mentions as arrays of equal length.

    Attributes
    ----------
    clause : int array
        Row in ``Clauses``.
    facet : int array
        Any numbering.
    score, polarity : float arrays
    """

    clause: NDArray[np.int64]
    facet: NDArray[np.int64]
    score: Floats
    polarity: Floats

    @classmethod
    def of(cls, mentions: pa.Table, rows: NDArray[np.int64], clauses: Clauses) -> Mentioned:
        """Read a mentions table; ``rows`` says where each mention's review stands in the column cut."""
        first = np.searchsorted(clauses.review, rows)
        encoded = mentions["facet"].combine_chunks().dictionary_encode()
        return cls(
            first + mentions["clause"].to_numpy().astype(np.int64),
            encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
            mentions["score"].to_numpy().astype(np.float64),
            mentions["polarity"].to_numpy().astype(np.float64),
        )


def pick(
    texts: Sequence[str],
    clauses: Clauses,
    mentions: Mentioned,
    *,
    negative: NDArray[np.bool_],
    n: int,
    open_: NDArray[np.bool_] | None = None,
) -> list[Pick]:
    """Pick ``n`` clauses, the most valuable first.

    Parameters
    ----------
    texts : sequence of str, length n_reviews
    clauses : Clauses
    mentions : Mentioned
    negative : bool array of shape (n_reviews,)
        Reviews that are negative as a whole.
    n : int
    open_ : bool array of shape (n_clauses,), optional
        Clauses that may be picked; all when not given.

    Returns
    -------
    list of Pick
        Fewer where there are fewer. The same input gives the same picks.

    Notes
    -----
    With s the score and q = (1 + polarity) / 2 of a mention, its uncertainty is the greater of 4 s (1 − s)
    and s · 4 q (1 − q); a clause takes the greatest of its mentions, times ½ + ½ · (reviews that blame its
    facet / those that blame the most blamed one). Each next pick has the greatest
    value · (1 − 0.8 · likeness to the nearest pick) / (1 + 0.04 · picks of its facet), likeness being the
    cosine of sets of character bigrams.
    """
    value, reason, facet = _values(clauses, mentions, negative)
    allowed = np.ones(len(clauses), dtype=bool) if open_ is None else open_.copy()
    sizes = np.array([len(text) for text in texts], dtype=np.int64)
    allowed &= sizes[clauses.review] <= LONGEST_REVIEW
    said = _said(texts, clauses)
    rows = _distinct(np.flatnonzero(allowed & (value > 0)), value, said)[: max(_CANDIDATES, n)]
    taken = _greedy(rows, value, facet, clauses.review, _bigrams([said[row] for row in rows]), n)
    return [Pick(int(row), REASONS[reason[row]]) for row in taken]


def _values(
    clauses: Clauses, mentions: Mentioned, negative: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return value, position in ``REASONS`` and leading facet (−1 for none) of every clause."""
    count = len(clauses)
    side = (1 + mentions.polarity) / 2
    presence = 4 * mentions.score * (1 - mentions.score)
    leaning = mentions.score * 4 * side * (1 - side)
    worth = np.maximum(presence, leaning) * _impact(clauses, mentions)
    value, reason = np.zeros(count), np.full(count, 3, dtype=np.int64)
    facet = np.full(count, -1, dtype=np.int64)
    for row in np.argsort(worth, kind="stable"):  # the greatest comes last and stays
        at = mentions.clause[row]
        value[at], facet[at] = worth[row], mentions.facet[row]
        reason[at] = 0 if presence[row] >= leaning[row] else 1
    blamed = np.zeros(clauses.n_reviews, dtype=bool)
    blamed[clauses.review[mentions.clause[mentions.polarity < 0]]] = True
    empty = np.ones(count, dtype=bool)
    empty[mentions.clause] = False
    empty &= (clauses.end - clauses.start) >= _LEAST_CHARACTERS
    missed = (negative & ~blamed)[clauses.review]
    value[empty] = np.where(missed, _MISSED, _QUIET)[empty]
    reason[empty & missed] = 2
    return value, reason, facet


def _impact(clauses: Clauses, mentions: Mentioned) -> Floats:
    """Return ½ … 1 by how many reviews blame the facet of each mention."""
    if not len(mentions.clause):
        return np.ones(0)
    negative = mentions.polarity < 0
    width = int(mentions.facet.max()) + 1
    pairs = np.unique(clauses.review[mentions.clause[negative]] * width + mentions.facet[negative])
    blame = np.bincount(pairs % width, minlength=width)
    return _LEAST_IMPACT + (1 - _LEAST_IMPACT) * blame[mentions.facet] / max(int(blame.max(initial=0)), 1)


def _said(texts: Sequence[str], clauses: Clauses) -> list[str]:
    spans = zip(clauses.review.tolist(), clauses.start.tolist(), clauses.end.tolist(), strict=True)
    return [normalize(texts[review][start:end]) for review, start, end in spans]


def _distinct(rows: NDArray[np.int64], value: Floats, said: Sequence[str]) -> NDArray[np.int64]:
    """Return rows by falling value, the same words only once."""
    seen: set[str] = set()
    kept = []
    for row in rows[np.argsort(-value[rows], kind="stable")].tolist():
        if said[row] not in seen:
            seen.add(said[row])
            kept.append(row)
    return np.array(kept, dtype=np.int64)


def _bigrams(said: Sequence[str]) -> NDArray[np.float32]:
    """Return the cosine between sets of character bigrams: (n, n)."""
    from scipy.sparse import csr_matrix

    names: dict[str, int] = {}
    rows, columns = [], []
    for row, text in enumerate(said):
        for gram in sorted({text[at : at + 2] for at in range(max(len(text) - 1, 1))}):
            rows.append(row)
            columns.append(names.setdefault(gram, len(names)))
    ones = np.ones(len(rows), dtype=np.float32)
    matrix = csr_matrix((ones, (rows, columns)), shape=(len(said), max(len(names), 1)))
    sizes = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1))
    shared: NDArray[np.float32] = np.asarray((matrix @ matrix.T).todense(), dtype=np.float32)
    return (shared / sizes[:, None] / sizes[None, :]).astype(np.float32)


def _greedy(
    rows: NDArray[np.int64],
    value: Floats,
    facet: NDArray[np.int64],
    review: NDArray[np.int64],
    like: NDArray[np.float32],
    n: int,
) -> list[int]:
    """Take the best row, again and again."""
    nearest = np.zeros(len(rows))
    crowd = np.zeros(len(rows))
    free = np.ones(len(rows), dtype=bool)
    per_review: dict[int, int] = {}
    taken: list[int] = []
    while free.any() and len(taken) < n:
        worth = np.where(free, value[rows] * (1 - _LIKENESS * nearest) / (1 + _SAME_FACET * crowd), -1.0)
        best = int(np.argmax(worth))
        row = int(rows[best])
        taken.append(row)
        free[best] = False
        nearest = np.maximum(nearest, like[best])
        crowd += facet[rows] == facet[row]
        at = int(review[row])
        per_review[at] = per_review.get(at, 0) + 1
        if per_review[at] >= PER_REVIEW:
            free &= review[rows] != at
    return taken
