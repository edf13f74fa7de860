"""Fitting the heads of the linear scorer: sparse logistic regressions, those of a kind all at once.

SciPy is needed here and nowhere in prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.joint_logistic import Part, Problem, fit
from feedback_nlp.scorers.linear_model import Columns

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.scorers.linear_lessons import Lessons

__all__ = ["Design", "Settings", "fit_heads"]

Floats = NDArray[np.float32]
# A facet and side that another judge holds for less likely teaches no polarity.
LEAST_MASS = 0.04


@dataclass(frozen=True)
class Settings:
    """What can be set in training; the defaults suit a few thousand labelled reviews.

    Attributes
    ----------
    folds : int
        Cross-fitting folds.
    least : int
        Clauses an n-gram must stand in to be kept.
    mention_c, polar_c, review_c : float
        Inverse regularisation of the three kinds of heads; see ``joint_logistic.fit``.
    review_weight, near_weight, facet_weight : float
        Weight of the whole review's n-grams, of the neighbours', and of a facet's own polarity words.
    judged_weight : float
        How much a review counts that another judge has read, beside one that people have labelled.
    jobs : int
        Folds learnt at a time, each in a process; what is learnt is the same.
    """

    folds: int = 5
    least: int = 2
    mention_c: float = 8.0
    polar_c: float = 8.0
    review_c: float = 8.0
    review_weight: float = 0.3
    near_weight: float = 0.35
    facet_weight: float = 0.5
    judged_weight: float = 0.5
    jobs: int = 1


@dataclass(frozen=True)
class Design:
    """The n-gram matrices of all examples, made once for every fold.

    Attributes
    ----------
    clause : CSR of shape (n_clauses, n_grams)
        Known n-grams, values 1 / sqrt(count).
    before, after : CSR of the same shape
        Those of the neighbours; empty at the ends of a review.
    review : CSR of shape (n_reviews, n_grams)
        Counts of short n-grams, values count / sqrt(all counts).
    evidence : Evidence
        What the lexicon says.
    """

    slots: NDArray[np.uint32]
    short: NDArray[np.bool_]
    raw: csr_matrix
    clause: csr_matrix
    before: csr_matrix
    after: csr_matrix
    review: csr_matrix
    evidence: Evidence


def fit_heads(
    lessons: Lessons, design: Design, settings: Settings, use: NDArray[np.bool_]
) -> tuple[Floats, dict[str, Floats]]:
    """Fit every head on the reviews in ``use``; return the weight matrix and the biases."""
    heads = _Heads(lessons, design, settings, use)
    bias = {**heads.mentions(), **heads.polarity(), **heads.neutral(), **heads.reviews()}
    return heads.weights, bias


class _Mentions(NamedTuple):
    """Facets that clauses mention: clause, facet, and the probability of each side."""

    clause: NDArray[np.intp]
    facet: NDArray[np.intp]
    sides: Floats


@dataclass(frozen=True)
class _Heads:
    """One fit: each method learns a kind of head, fills its columns of ``weights`` and returns its biases."""

    lessons: Lessons
    design: Design
    settings: Settings
    use: NDArray[np.bool_]

    @cached_property
    def weights(self) -> Floats:
        """The weight matrix, (n_grams, Columns.total)."""
        return np.zeros((len(self.design.slots), Columns(self.n_facets).total), dtype=np.float32)

    @property
    def n_facets(self) -> int:
        return int(self.lessons.targets.known.shape[1])

    @property
    def _review(self) -> NDArray[np.int64]:
        return self.lessons.clauses.review

    def _set(self, block: str, values: Floats) -> None:
        self.weights[:, Columns(self.n_facets).blocks()[block]] = values

    def _whole(self, clauses: NDArray[np.intp]) -> Part:
        """Return the n-grams of the whole review of each clause, weighed."""
        return Part(self.design.review * np.float32(self.settings.review_weight), self._review[clauses])

    def mentions(self) -> dict[str, Floats]:
        """Learn whether a clause mentions each facet."""
        from scipy.sparse import csr_matrix

        design, settings, targets = self.design, self.settings, self.lessons.targets
        rows = np.flatnonzero(self.use[self._review])
        parts = [
            Part(design.clause, rows),
            self._whole(rows),
            Part(csr_matrix(design.evidence.mention), rows),
        ]
        target = np.minimum(targets.sides[rows].sum(axis=2), 1)
        weight = targets.known[rows] * self.lessons.weight[self._review[rows], None]
        problem = Problem(parts, target, weight, self._review[rows])
        (clause, review, evidence), bias = fit(problem, settings.mention_c)
        self._set("mention_clause", clause)
        self._set("mention_review", review * np.float32(settings.review_weight))
        return {"mention": bias, "evidence_mention": evidence}

    @cached_property
    def labels(self) -> _Mentions:
        """Every mention of the reviews in use, as likely as it is."""
        sides = self.lessons.targets.sides
        likely = sides.sum(axis=2) >= LEAST_MASS
        rows, of = np.nonzero(likely & self.use[self._review][:, None])
        return _Mentions(rows, of, sides[rows, of])

    def _facets(self, facet: NDArray[np.intp]) -> Part:
        """Return one column a facet: its leaning whatever the words."""
        from scipy.sparse import csr_matrix

        count = len(facet)
        values = np.full(count, self.settings.facet_weight, np.float32)
        shape = (count, self.n_facets)
        return Part(csr_matrix((values, (np.arange(count), facet)), shape=shape))

    def _one_side(self, parts: list[Part], side: int, mass: Floats, c: float) -> tuple[list[Floats], float]:
        """Learn which part of ``mass``, a probability for each of ``labels``, is that of a side."""
        share = np.asarray(self.labels.sides[:, side] / np.maximum(mass, 1e-6), dtype=np.float32)
        review = self._review[self.labels.clause]
        weight = mass * self.lessons.weight[review]
        if not weight.any():
            return [np.zeros(part.matrix.shape[1], np.float32) for part in parts], 0.0
        found, bias = fit(Problem(parts, share[:, None], weight[:, None], review), c)
        return [part[:, 0] for part in found], float(bias[0])

    def polarity(self) -> dict[str, Floats]:
        """Learn positive against negative, with words shared by all facets and words of each facet's own."""
        from scipy.sparse import csr_matrix

        design, settings, size = self.design, self.settings, len(self.design.slots)
        rows, of, sides = self.labels
        near, own = np.float32(settings.near_weight), np.float32(settings.facet_weight)
        said = np.concatenate([design.evidence.polar[rows, of, None], design.evidence.tone[rows]], axis=1)
        parts = [
            Part(design.clause, rows),
            Part(design.before * near, rows),
            Part(design.after * near, rows),
            self._whole(rows),
            self._facets(of),
            Part(_crossed(design.clause[rows], of, self.n_facets, settings.facet_weight)),
            Part(csr_matrix(said)),
        ]
        found, common = self._one_side(parts, 2, sides[:, 0] + sides[:, 2], settings.polar_c)
        shared, before, after, review, facet, crossed, evidence = found
        self._set("polar_clause", shared[:, None] + own * crossed.reshape(self.n_facets, size).T)
        self._set("polar_before", near * before[:, None])
        self._set("polar_after", near * after[:, None])
        self._set("polar_review", np.float32(settings.review_weight) * review[:, None])
        return {"polar": (common + own * facet).astype(np.float32), "evidence_polar": evidence}

    def neutral(self) -> dict[str, Floats]:
        """Learn neutral against either side."""
        from scipy.sparse import csr_matrix

        design, settings = self.design, self.settings
        rows, of, sides = self.labels
        said = csr_matrix(design.evidence.neutral[rows, of][:, None])
        parts = [Part(design.clause, rows), self._whole(rows), self._facets(of), Part(said)]
        found, common = self._one_side(parts, 1, sides.sum(axis=1), settings.polar_c / 2)
        clause, review, facet, evidence = found
        self._set("neutral_clause", clause[:, None])
        self._set("neutral_review", np.float32(settings.review_weight) * review[:, None])
        bias = (common + settings.facet_weight * facet).astype(np.float32)
        return {"neutral": bias, "evidence_neutral": evidence}

    def reviews(self) -> dict[str, Floats]:
        """Learn the overall label, side by side, and the flags from the n-grams of whole reviews."""
        targets, rows = self.lessons.targets, np.flatnonzero(self.use)
        known = np.repeat(targets.overall[rows].sum(axis=1, keepdims=True) > 0, 3, axis=1).astype(np.float32)
        weight = np.concatenate([known, targets.flags_known[rows]], axis=1) * self.lessons.weight[rows, None]
        target = np.concatenate([targets.overall[rows], targets.flags[rows]], axis=1)
        problem = Problem([Part(self.design.review, rows)], target, weight.astype(np.float32), rows)
        (found,), bias = fit(problem, self.settings.review_c)
        self._set("overall_review", found[:, :3])
        self._set("flags_review", found[:, 3:])
        return {"overall": bias[:3], "flags": bias[3:]}


def _crossed(matrix: csr_matrix, of: NDArray[np.intp], facets: int, weight: float) -> csr_matrix:
    """Return the rows moved to the columns of their facet: each facet's own copy of the vocabulary."""
    from scipy.sparse import csr_matrix

    counts = np.diff(matrix.indptr)
    columns = matrix.indices.astype(np.int64) + np.repeat(of.astype(np.int64), counts) * matrix.shape[1]
    data = matrix.data * np.float32(weight)
    return csr_matrix((data, columns, matrix.indptr), shape=(matrix.shape[0], facets * matrix.shape[1]))
