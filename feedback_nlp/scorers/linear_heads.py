"""Fitting the heads of the linear scorer: one sparse logistic regression each.

scikit-learn is needed here and nowhere in prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.linear_model import Columns

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["Design", "Settings", "fit_heads", "logistic"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """What can be set in training; the defaults were chosen by cross-fitting on gold train.

    Attributes
    ----------
    folds : int
        Cross-fitting folds.
    least : int
        Clauses an n-gram must stand in to be kept.
    mention_c, polar_c, review_c : float
        Inverse regularisation of the three kinds of heads.
    review_weight, near_weight, facet_weight : float
        Weight of the whole review's n-grams, of the neighbours', and of a facet's own polarity words.
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
    examples: Examples, design: Design, settings: Settings, use: NDArray[np.bool_]
) -> tuple[Floats, dict[str, Floats]]:
    """Fit every head on the reviews in ``use``; return the weight matrix and the biases."""
    heads = _Heads(examples, design, settings, use)
    bias = {**heads.mentions(), **heads.polarity(), **heads.neutral(), **heads.reviews()}
    return heads.weights, bias


def logistic(matrix: Any, truth: NDArray[np.bool_], c: float) -> tuple[NDArray[np.float32], float]:
    """Return weights and bias of a logistic regression; all-equal truth gives weight 0 and a firm bias."""
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        return np.zeros(matrix.shape[1], np.float32), 3.0 if truth.any() else -6.0
    model = LogisticRegression(
        C=c, solver="liblinear", dual=True, tol=0.05, max_iter=100, intercept_scaling=3, random_state=0
    )
    _quiet(model, matrix, truth)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _quiet(model: Any, matrix: Any, truth: NDArray[np.bool_]) -> None:
    """Fit without the warning that the solver stopped at its limit: the limit is the regulariser meant."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(matrix, truth)


class _Mentions(NamedTuple):
    """Labelled (clause, facet, side) triples as three arrays."""

    clause: NDArray[np.intp]
    facet: NDArray[np.intp]
    side: NDArray[np.intp]


@dataclass(frozen=True)
class _Heads:
    """One fit: each method learns a kind of head, fills its columns of ``weights`` and returns its biases."""

    examples: Examples
    design: Design
    settings: Settings
    use: NDArray[np.bool_]

    @cached_property
    def weights(self) -> Floats:
        """The weight matrix, (n_grams, Columns.total)."""
        return np.zeros((len(self.design.slots), Columns(self.n_facets).total), dtype=np.float32)

    @property
    def n_facets(self) -> int:
        return int(self.examples.mention.shape[1])

    def _set(self, block: str, values: Floats) -> None:
        self.weights[:, Columns(self.n_facets).blocks()[block]] = values

    def _review_rows(self, clauses: NDArray[np.intp]) -> csr_matrix:
        """Return the n-grams of the whole review of each clause, weighed."""
        rows = self.examples.clauses.review[clauses]
        weighed: csr_matrix = self.design.review[rows] * np.float32(self.settings.review_weight)
        return weighed

    def mentions(self) -> dict[str, Floats]:
        """Learn whether a clause mentions each facet."""
        from scipy.sparse import csr_matrix, hstack

        design, settings = self.design, self.settings
        rows = np.flatnonzero(self.use[self.examples.clauses.review])
        words = csr_matrix(design.evidence.mention[rows])
        matrix = hstack([design.clause[rows], self._review_rows(rows), words], format="csr")
        bias = np.zeros(self.n_facets, dtype=np.float32)
        coef = np.zeros((matrix.shape[1], self.n_facets), dtype=np.float32)
        for facet in range(self.n_facets):
            truth = self.examples.mention[rows, facet]
            known = truth >= 0
            part = matrix if known.all() else matrix[known]
            coef[:, facet], bias[facet] = logistic(part, truth[known] == 1, settings.mention_c)
        clause, review, evidence = np.split(coef, [len(design.slots), 2 * len(design.slots)])
        self._set("mention_clause", clause)
        self._set("mention_review", review * np.float32(settings.review_weight))
        return {"mention": bias, "evidence_mention": np.ascontiguousarray(evidence)}

    @cached_property
    def labels(self) -> _Mentions:
        """Every labelled mention of the reviews in use."""
        used = self.use[self.examples.clauses.review]
        return _Mentions(*np.nonzero(self.examples.sides & used[:, None, None]))

    def _facet_rows(self, facet: NDArray[np.intp]) -> csr_matrix:
        """Return one column a facet: its leaning whatever the words."""
        from scipy.sparse import csr_matrix

        count = len(facet)
        values = np.full(count, self.settings.facet_weight, np.float32)
        return csr_matrix((values, (np.arange(count), facet)), shape=(count, self.n_facets))

    def polarity(self) -> dict[str, Floats]:
        """Learn positive against negative, with words shared by all facets and words of each facet's own."""
        from scipy.sparse import csr_matrix, hstack

        design, settings, size = self.design, self.settings, len(self.design.slots)
        polar = self.labels.side != 1
        rows, of, side = (part[polar] for part in self.labels)
        near, own = np.float32(settings.near_weight), settings.facet_weight
        said = np.concatenate([design.evidence.polar[rows, of, None], design.evidence.tone[rows]], axis=1)
        blocks = [
            design.clause[rows],
            design.before[rows] * near,
            design.after[rows] * near,
            self._review_rows(rows),
            self._facet_rows(of),
            _crossed(design.clause[rows], of, self.n_facets, own),
            csr_matrix(said),
        ]
        coef, common = logistic(hstack(blocks, format="csr"), side == 2, settings.polar_c)
        ends = np.cumsum([block.shape[1] for block in blocks[:-1]])
        shared, before, after, review, facet, crossed, evidence = np.split(coef, ends)
        self._set("polar_clause", shared[:, None] + own * crossed.reshape(self.n_facets, size).T)
        self._set("polar_before", near * before[:, None])
        self._set("polar_after", near * after[:, None])
        self._set("polar_review", np.float32(settings.review_weight) * review[:, None])
        return {"polar": (common + own * facet).astype(np.float32), "evidence_polar": evidence}

    def neutral(self) -> dict[str, Floats]:
        """Learn neutral against either side."""
        from scipy.sparse import csr_matrix, hstack

        design, settings, size = self.design, self.settings, len(self.design.slots)
        rows, of, side = self.labels
        said = csr_matrix(design.evidence.neutral[rows, of][:, None])
        blocks = [design.clause[rows], self._review_rows(rows), self._facet_rows(of), said]
        coef, common = logistic(hstack(blocks, format="csr"), side == 1, settings.polar_c / 2)
        self._set("neutral_clause", coef[:size, None])
        self._set("neutral_review", np.float32(settings.review_weight) * coef[size : 2 * size, None])
        bias = (common + settings.facet_weight * coef[2 * size : -1]).astype(np.float32)
        return {"neutral": bias, "evidence_neutral": coef[-1:]}

    def reviews(self) -> dict[str, Floats]:
        """Learn the overall label, side by side, and the flags from the n-grams of whole reviews."""
        overall, flags = self.examples.overall, self.examples.flags
        sides = [np.where(overall < 0, -1, overall == side) for side in range(3)]
        result = {}
        for head, columns in (("overall", sides), ("flags", list(flags.T))):
            fitted = [self._review_head(np.asarray(column)) for column in columns]
            self._set(f"{head}_review", np.stack([coef for coef, _ in fitted], axis=1))
            result[head] = np.array([bias for _, bias in fitted], dtype=np.float32)
        return result

    def _review_head(self, truth: NDArray[np.integer[Any]]) -> tuple[Floats, float]:
        rows = self.use & (truth >= 0)
        return logistic(self.design.review[rows], truth[rows] == 1, self.settings.review_c)


def _crossed(matrix: csr_matrix, of: NDArray[np.intp], facets: int, weight: float) -> csr_matrix:
    """Return the rows moved to the columns of their facet: each facet's own copy of the vocabulary."""
    from scipy.sparse import csr_matrix

    counts = np.diff(matrix.indptr)
    columns = matrix.indices.astype(np.int64) + np.repeat(of.astype(np.int64), counts) * matrix.shape[1]
    data = matrix.data * np.float32(weight)
    return csr_matrix((data, columns, matrix.indptr), shape=(matrix.shape[0], facets * matrix.shape[1]))
