"""What the lexicon says of a clause, as numbers the linear heads can weigh.

N-grams know what the training texts said; the taxonomy's terms and the word lists know words those texts
never used. The linear heads learn how far to trust each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.linear_model import review_sum
from feedback_nlp.text.column import Column

if TYPE_CHECKING:
    from feedback_nlp.scorers.hashing import Grams, Vocabulary
    from feedback_nlp.scorers.lexicon import Judged, LexiconScorer
    from feedback_nlp.scorers.linear_tone import Tone
    from feedback_nlp.text.clauses import Clauses

__all__ = ["Evidence", "cell_values", "from_judged", "gather", "per_root", "review_values"]

# Probabilities are kept this far from 0 and 1 before their log-odds are taken.
_MARGIN = np.float32(0.01)
_SIDE_MARGIN = np.float32(0.02)
# Log-odds are divided by this, to stand beside n-gram values of about 0.2 with a mild regularisation.
_UNIT = np.float32(4.0)


@dataclass(frozen=True)
class Evidence:
    """The lexicon's judgement as features; zero means that it found nothing.

    Attributes
    ----------
    mention : float32 array of shape (n_clauses, n_facets)
        Log-odds of a mention, in units of 4, above those of no mention.
    polar : float32 array of shape (n_clauses, n_facets)
        Log-ratio of positive to negative.
    neutral : float32 array of shape (n_clauses, n_facets)
        Share of neutral.
    tone : float32 array of shape (n_clauses, 3)
        Positive minus negative over all facets; the tone of the clause and of its review (``linear_tone``).
    overall : float32 array of shape (n_reviews, 4)
        Log-probabilities of the overall label; the tone of the review.
    flags : float32 array of shape (n_reviews, 5)
        Log-odds of the flags.
    """

    mention: NDArray[np.float32]
    polar: NDArray[np.float32]
    neutral: NDArray[np.float32]
    tone: NDArray[np.float32]
    overall: NDArray[np.float32]
    flags: NDArray[np.float32]


def gather(
    lexicon: LexiconScorer,
    tone: Tone,
    vocabulary: Vocabulary,
    texts: Sequence[str | None],
    clauses: Clauses,
    grams: Grams,
) -> Evidence:
    """Return the lexicon's judgement and the tone of ``clauses`` as features.

    Parameters
    ----------
    lexicon : LexiconScorer
    tone : Tone
    vocabulary : Vocabulary
        Of ``tone``.
    texts : sequence of str or None, length n_reviews
    clauses : Clauses
        Spans into ``texts``.
    grams : Grams
        N-grams of ``clauses``.
    """
    judged = lexicon.judge(Column.of(texts, clauses), clauses)
    return from_judged(judged, tone.sums(grams, vocabulary), clauses, len(lexicon.taxonomy_.codes))


def from_judged(judged: Judged, sums: NDArray[np.float32], clauses: Clauses, n_facets: int) -> Evidence:
    """Return the features of a judgement and of ``Tone.sums``."""
    clause, facet = judged.clause, judged.facet

    def table(values: NDArray[np.float32]) -> NDArray[np.float32]:
        result = np.zeros((len(clauses), n_facets), dtype=np.float32)
        result[clause, facet] = values
        return result

    mention, polar, neutral = cell_values(judged.sides)
    near, whole = per_root(sums), per_root(review_sum(sums, clauses))
    balance = _balance(clause, judged.sides[:, 2] - judged.sides[:, 0], len(clauses))
    return Evidence(
        table(mention),
        table(polar),
        table(neutral),
        np.stack([balance, near, whole[clauses.review]], axis=1),
        *review_values(judged.overall, judged.flags, whole),
    )


def cell_values(sides: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return what each cell of a judgement says of mention, polar and neutral: as ``Evidence`` has them."""
    negative, neutral, positive = (sides[:, side] for side in range(3))
    score = np.minimum(negative + neutral + positive, 1 - _MARGIN)
    found = score > 0
    nothing = _log_odds(np.zeros(1, np.float32))
    return (
        np.asarray(np.where(found, _log_odds(score) - nothing, 0) / _UNIT, dtype=np.float32),
        np.asarray(np.log((positive + _SIDE_MARGIN) / (negative + _SIDE_MARGIN)) / _UNIT, dtype=np.float32),
        np.asarray(np.where(found, neutral / np.maximum(score, _MARGIN), 0), dtype=np.float32),
    )


def review_values(
    overall: NDArray[np.float32], flags: NDArray[np.float32], tone: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return ``overall`` and ``flags`` of ``Evidence`` from a judgement's and the tone of each review."""
    return np.concatenate([np.log(overall + _MARGIN), tone[:, None]], axis=1), _log_odds(flags)


def _balance(clause: NDArray[np.int64], values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the sum of ``values`` for each clause, added facet by facet: the same in any batch."""
    result = np.zeros(count, dtype=np.float32)
    if len(clause):
        first = np.flatnonzero(np.append(True, clause[1:] != clause[:-1]))
        sizes = np.diff(np.append(first, len(clause)))
        for step in range(int(sizes.max())):
            place = first[sizes > step] + step
            result[clause[place]] += values[place]
    return result


def per_root(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sum / sqrt(count), bounded, in units of 4."""
    return np.asarray(
        np.clip(sums[:, 0] / np.sqrt(np.maximum(sums[:, 1], 1)), -8, 8) / _UNIT, dtype=np.float32
    )


def _log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(probability, 0, 1) * (1 - 2 * _MARGIN) + _MARGIN
    return np.log(inside / (1 - inside)).astype(np.float32)
