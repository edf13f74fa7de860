"""Reading reviews: what their clauses mean beside one another, and what each says as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_reading import Evidence, Level, Readings, joined

if TYPE_CHECKING:
    from feedback_nlp.text.clauses import Clauses

__all__ = ["place", "sign", "summarise", "tone"]

# Values this near to zero are lukewarm.
LUKEWARM = 0.15
# Characters beside the opinion of a clause that says nothing else, and of one that says little else.
PURE, SHORT = 0, 2
# Later clauses conclude, and what follows 但是 is the point: weights for the overall judgement.
LATE_WEIGHT, CONTRAST_WEIGHT = 0.5, 0.5
# Balance of praise and blame, from -1 to 1, from which on a review has a tone.
ONE_SIDED = 0.3
# A subject that was only named lends itself to a judgement that stands in the next clause.
_NAMED = (Level.MODIFIER, Level.TERM, Level.PATTERN)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def sign(value: Floats) -> Ints:
    """Return -1, 0 or 1 for values that blame, are lukewarm or praise."""
    return (value > LUKEWARM).astype(np.int64) - (value < -LUKEWARM)


def tone(summaries: Floats) -> Ints:
    """Return -1, 0 or 1 for reviews that mostly blame, are mixed or say little, or mostly praise."""
    praise, blame = summaries[:, 0], summaries[:, 1]
    balance = (praise - blame) / (praise + blame + 1)
    return (balance > ONE_SIDED).astype(np.int64) - (balance < -ONE_SIDED)


def place(readings: Readings, clauses: Clauses, general: int) -> Evidence:
    """Return the evidence of each clause beside its neighbours, with subjects that are left out filled in.

    Parameters
    ----------
    readings : Readings
        Of ``clauses``.
    clauses : Clauses
    general : int
        Position of ``overall.general`` on the facet axis; -1 where the taxonomy has none.
    """
    evidence = readings.evidence
    has = np.bincount(evidence.clause, minlength=len(clauses)) > 0
    rows = np.flatnonzero(~has & ~np.isnan(readings.free))
    value, rest = readings.free[rows], readings.rest[rows]
    follows = clauses.index[rows] > 0
    before = rows - 1
    subject = np.where(follows & ~readings.whole[rows], _subjects(evidence, len(clauses))[before], -1)
    announced = follows & readings.bare[before]
    lent = np.flatnonzero(subject >= 0)
    named = np.isin(evidence.level[subject[lent]], _NAMED)
    level = np.where(named, Level.INHERITED, Level.FOLLOWING)
    level = np.where(announced[lent] & (rest[lent] <= SHORT), Level.ANNOUNCED, level)
    parts = [Evidence(rows[lent], evidence.facet[subject[lent]], level.astype(np.int64), value[lent])]
    if general >= 0:
        firm = np.zeros(len(rows), dtype=bool)
        firm[lent] = level != Level.FOLLOWING
        alone = np.flatnonzero(~firm)
        kinds = np.where(has[before[alone]], Level.GENERAL_AFTER, Level.GENERAL_ALONE)
        kinds = np.where(follows[alone], kinds, Level.GENERAL_FIRST)
        kinds = np.where(rest[alone] <= PURE, kinds, Level.GENERAL_MIXED).astype(np.int64)
        facet = np.full(len(alone), general, dtype=np.int64)
        parts.append(Evidence(rows[alone], facet, kinds, value[alone]))
    # The judgement carries the mention, not the announcement.
    announcing = np.zeros(len(clauses), dtype=bool)
    announcing[before[lent[level == Level.ANNOUNCED]]] = True
    own = np.where(announcing[evidence.clause], Level.MODIFIER, evidence.level)
    placed = joined([evidence._replace(level=own), *parts])
    return placed.take(np.argsort(placed.clause, kind="stable"))


def _subjects(evidence: Evidence, count: int) -> Ints:
    """Return for each of ``count`` clauses the last of its strongest evidence, -1 where it has none."""
    result = np.full(count, -1, dtype=np.int64)
    if len(evidence.clause):
        opens = np.flatnonzero(np.append(True, evidence.clause[1:] != evidence.clause[:-1]))
        sizes = np.diff(np.append(opens, len(evidence.clause)))
        top = np.repeat(np.maximum.reduceat(evidence.level, opens), sizes)
        rows = np.flatnonzero(evidence.level == top)
        # The last one written stays.
        result[evidence.clause[rows]] = rows
    return result


def summarise(readings: Readings, placed: Evidence, clauses: Clauses) -> Floats:
    """Return what the overall judgement of each review rests on.

    Returns
    -------
    float64 array of shape (n_reviews, 4)
        Weight of praise, of blame and of lukewarm remarks; the value of the last clause that judges.
    """
    count = len(clauses)
    judging = np.flatnonzero(~np.isin(placed.level, _NAMED))
    rows = placed.clause[judging]
    number = np.bincount(rows, minlength=count)
    mean = np.bincount(rows, weights=placed.value[judging], minlength=count) / np.maximum(number, 1)
    value = np.where(number > 0, mean, readings.free)
    rows = np.flatnonzero(~np.isnan(value))
    value, review = value[rows], clauses.review[rows]
    last = np.maximum(np.bincount(clauses.review, minlength=clauses.n_reviews) - 1, 1)
    weight = 1.0 + LATE_WEIGHT * clauses.index[rows] / last[review]
    weight = weight + CONTRAST_WEIGHT * readings.contrast[rows]
    sums = (weight * np.maximum(value, 0.0), weight * np.maximum(-value, 0.0), weight * (sign(value) == 0))
    result = np.zeros((clauses.n_reviews, 4))
    for column, parts in enumerate(sums):
        result[:, column] = np.bincount(review, weights=parts, minlength=clauses.n_reviews)
    # Rows are in order, and the last one written stays.
    result[review, 3] = value
    return result
