"""Adapting a linear model to a user's corrections, from its weights alone.

Every head is learnt anew around what it knew: the calibrated log-odds of the base are the offset of a
logistic regression whose weights are drawn to zero. What the corrections say nothing of stays as it was, and
the data the base was learnt from are not needed. The change is then folded into the base's own arrays: an
adapted model is a linear model like any other, as fast and nearly as small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_evidence import gather
from feedback_nlp.scorers.linear_model import (
    Columns,
    LinearWeights,
    Logits,
    clause_block,
    overall_features,
    overall_seen,
    quantise,
    restore,
    sigmoid,
    whole_facets,
)
from feedback_nlp.scorers.training_data import from_gold

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.linear_heads import Design
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["Strength", "adapt", "centred_logistic", "centred_softmax"]

Floats = NDArray[np.float32]
# A slope of the base's calibration below this would blow the change up when it is folded in.
_LEAST_SLOPE = 0.2


@dataclass(frozen=True)
class Strength:
    """How far corrections may move the base; set after three tries on the industries of ``docs/adapting.md``.

    Attributes
    ----------
    mention_c, polar_c, neutral_c, overall_c : float > 0
        Inverse weight of the squared change, for each kind of head; 0 would keep the base.
    review_weight, near_weight : float
        Weight of the n-grams of the whole review and of the neighbours beside those of the clause.
    bias_weight : float
        Of a facet's own shift, whatever the words.
    """

    mention_c: float = 6.0
    polar_c: float = 10.0
    neutral_c: float = 1.0
    overall_c: float = 0.1
    review_weight: float = 0.3
    near_weight: float = 0.35
    bias_weight: float = 0.5


def adapt(
    base: LinearScorer, reviews: Sequence[GoldReview], *, strength: Strength | None = None
) -> LinearScorer:
    """Return a model moved from ``base`` to what ``reviews`` say.

    Parameters
    ----------
    base : LinearScorer
        Fitted; it is left as it is.
    reviews : sequence of GoldReview
        Corrections, whole or in part (``GoldReview.reviewed``). Facets that the base lacks are left out.
    strength : Strength, optional

    Returns
    -------
    LinearScorer
        With the base's tone, thresholds, flags and calibration, and its own n-grams, mention, polarity and
        neutral weights and overall layer. Flags are never adapted: corrections don't hold them.

    Raises
    ------
    ModelError
        If no clause was judged.

    Notes
    -----
    For head h with calibrated log-odds z_h(x) of the base, the change δ_h minimises
    C · Σ_i log(1 + exp(−y_i (z_h(x_i) + δ_h·x_i))) + ‖δ_h‖² / 2 over the judged clauses: logistic regression
    with a Gaussian prior centred on the base (Chelba and Acero, 2006, for maximum-entropy models).
    """
    chosen = strength or Strength()
    examples = from_gold(reviews, base.taxonomy_)
    if not (examples.mention >= 0).any():
        raise ModelError(
            Bilingual("没有看过的小句，没什么可学。", "No clause was judged: nothing to learn."),
            Bilingual("先在待复核.xlsx 里看几行，再导入。", "Judge some rows of the workbook and import it."),
        )
    fit = _Fit.of(base, examples, chosen)
    weights, bias = fit.heads()
    calibration = dict(base.weights_.calibration) | fit.overall()
    old = fit.wide
    learnt = LinearWeights(old.slots, old.short, restore(*quantise(weights)), bias, calibration)
    return base.with_weights(learnt)


def centred_logistic(
    matrix: csr_matrix, truth: NDArray[np.bool_], offset: NDArray[Any], known: NDArray[np.bool_], c: float
) -> Floats:
    """Return the weights of logistic regressions with offsets and a prior at zero, one a column.

    Parameters
    ----------
    matrix : CSR of shape (n, d)
        Features, shared by all columns.
    truth : bool array of shape (n, k)
    offset : float array of shape (n, k)
        Log-odds where the weights are zero.
    known : bool array of shape (n, k)
        Which entries of ``truth`` count.
    c : float
        Weight of the log-loss against half the squared norm of the weights.

    Returns
    -------
    float32 array of shape (d, k)
    """
    from scipy.optimize import minimize

    shape = matrix.shape[1], truth.shape[1]
    wide = matrix.astype(np.float64)
    back = wide.T.tocsr()
    start = np.asarray(offset, dtype=np.float64)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logits = start + wide @ weights
        # log(1 + e^z) − y z, without overflow
        terms = np.logaddexp(0, logits) - truth * logits
        residual = (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - truth) * known
        value = c * float((terms * known).sum()) + float(flat @ flat) / 2
        return value, (c * (back @ residual) + weights).ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return np.asarray(found.x.reshape(shape), dtype=np.float32)


def centred_softmax(
    features: Floats, truth: NDArray[np.integer[Any]], offset: Floats, c: float
) -> tuple[Floats, Floats]:
    """Return the change of weights (n_features, 3) and bias (3) of a softmax, drawn to zero.

    Parameters
    ----------
    features : float array of shape (n, n_features)
    truth : int array of shape (n,)
        Class 0, 1 or 2.
    offset : float array of shape (n, 3)
        Logits where the change is zero.
    c : float
        Weight of the log-loss against half the squared norm of the change.
    """
    from scipy.optimize import minimize

    design = np.concatenate([features, np.ones((len(features), 1))], axis=1).astype(np.float64)
    shape = design.shape[1], 3
    hot = np.eye(3)[truth]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logits = offset + design @ weights
        top = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - top).sum(axis=1, keepdims=True)) + top
        residual = np.exp(logits - total) - hot
        value = c * float((total[:, 0] - (hot * logits).sum(axis=1)).sum()) + float(flat @ flat) / 2
        return value, (c * (design.T @ residual) + weights).ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    change = found.x.reshape(shape).astype(np.float32)
    return change[:-1], change[-1]


@dataclass(frozen=True)
class _Fit:
    """One adaptation: the base on the vocabulary of both, and what it says of the corrections."""

    base: LinearScorer
    wide: LinearWeights
    examples: Examples
    design: Design
    logits: Logits
    strength: Strength

    @classmethod
    def of(cls, base: LinearScorer, examples: Examples, strength: Strength) -> _Fit:
        from feedback_nlp.scorers.linear_training import design_on

        texts, clauses = examples.texts, examples.clauses
        grams = ngram_slots(texts, clauses)
        short = ngram_slots(texts, clauses, longest=2)
        wide = _widened(base.weights_, grams.slot, short.slot)
        evidence = gather(base.lexicon_, base.tone_, Vocabulary(base.tone_.slots), texts, clauses, grams)
        design = design_on(texts, clauses, evidence, wide.slots, wide.short)
        return cls(base, wide, examples, design, wide.logits(design.raw, clauses, evidence), strength)

    @property
    def n_facets(self) -> int:
        return int(self.examples.mention.shape[1])

    @property
    def slope(self) -> Floats:
        """Slope of the base's calibration of mentions, (n_facets,)."""
        return np.maximum(self.wide.calibration["mention_slope"], np.float32(_LEAST_SLOPE))

    def heads(self) -> tuple[Floats, dict[str, Floats]]:
        """Return the weight matrix and biases, moved."""
        weights, bias = self.wide.weights.copy(), dict(self.wide.bias)
        blocks = Columns(self.n_facets).blocks()
        for change in (self._mentions(), self._polarity(), self._neutral()):
            for name, values in change.items():
                if name in blocks:
                    weights[:, blocks[name]] += values
                else:
                    bias[name] = np.asarray(bias[name] + values, dtype=np.float32)
        return weights, bias

    def _mentions(self) -> dict[str, Floats]:
        from scipy.sparse import csr_matrix

        rows = np.flatnonzero((self.examples.mention >= 0).any(axis=1))
        design, strength, fit = self.design, self.strength, self.wide.calibration
        constant = csr_matrix(np.full((len(rows), 1), strength.bias_weight, np.float32))
        blocks = [
            design.clause[rows],
            self._reviews(rows),
            csr_matrix(design.evidence.mention[rows]),
            constant,
        ]
        known = self.examples.mention[rows] >= 0
        offset = self.logits.mention[rows] * fit["mention_slope"] + fit["mention_shift"]
        change = _solve(blocks, self.examples.mention[rows] == 1, offset, known, strength.mention_c)
        clause, review, evidence, shift = (part / self.slope for part in change)
        return {
            "mention_clause": clause,
            "mention_review": review * np.float32(strength.review_weight),
            "evidence_mention": evidence,
            "mention": shift[0] * np.float32(strength.bias_weight),
        }

    def _reviews(self, rows: NDArray[np.intp]) -> csr_matrix:
        """Return the n-grams of the whole review of each clause, weighed."""
        picked = self.design.review[self.examples.clauses.review[rows]]
        weighed: csr_matrix = picked * np.float32(self.strength.review_weight)
        return weighed

    def _facets(self, facet: NDArray[np.intp]) -> csr_matrix:
        """Return one column a facet: its leaning whatever the words."""
        from scipy.sparse import csr_matrix

        values = np.full(len(facet), self.strength.bias_weight, np.float32)
        return csr_matrix((values, (np.arange(len(facet)), facet)), shape=(len(facet), self.n_facets))

    def _polarity(self) -> dict[str, Floats]:
        rows, of, side = np.nonzero(self.examples.sides & np.array([True, False, True]))
        if not len(rows):
            return {}
        design, near = self.design, np.float32(self.strength.near_weight)
        slope = max(float(self.wide.calibration["polar_slope"][0]), _LEAST_SLOPE)
        blocks = [
            design.clause[rows],
            design.before[rows] * near,
            design.after[rows] * near,
            self._reviews(rows),
            self._facets(of),
        ]
        offset = self.logits.polar[rows, of][:, None] * slope
        known = np.ones_like(offset, dtype=bool)
        change = _solve(blocks, (side == 2)[:, None], offset, known, self.strength.polar_c)
        clause, before, after, review, facet = (part / np.float32(slope) for part in change)
        return {
            "polar_clause": clause,
            "polar_before": before * near,
            "polar_after": after * near,
            "polar_review": review * np.float32(self.strength.review_weight),
            "polar": facet[:, 0] * np.float32(self.strength.bias_weight),
        }

    def _neutral(self) -> dict[str, Floats]:
        rows, of, side = np.nonzero(self.examples.sides)
        if not len(rows):
            return {}
        blocks = [self.design.clause[rows], self._reviews(rows), self._facets(of)]
        offset = self.logits.neutral[rows, of][:, None]
        known = np.ones_like(offset, dtype=bool)
        clause, review, facet = _solve(blocks, (side == 1)[:, None], offset, known, self.strength.neutral_c)
        return {
            "neutral_clause": clause,
            "neutral_review": review * np.float32(self.strength.review_weight),
            "neutral": facet[:, 0] * np.float32(self.strength.bias_weight),
        }

    def overall(self) -> dict[str, Floats]:
        """Return the layer of the overall label, moved.

        It looks at the base's judgement of the clauses: the moved heads know these very clauses, and would
        look surer than they are elsewhere.
        """
        fit, examples, logits = self.wide.calibration, self.examples, self.logits
        score = sigmoid(logits.mention * fit["mention_slope"] + fit["mention_shift"])
        block = clause_block(score, logits, fit["polar_slope"])
        seen = overall_features(
            block,
            examples.clauses,
            logits.overall,
            self.design.evidence,
            whole_facets(self.base.taxonomy_),
        )
        seen = overall_seen(seen, fit)
        use = examples.overall >= 0
        offset = seen @ fit["overall_weights"] + fit["overall_bias"]
        weights, bias = centred_softmax(
            seen[use], examples.overall[use], offset[use], self.strength.overall_c
        )
        return {
            "overall_weights": fit["overall_weights"] + weights,
            "overall_bias": fit["overall_bias"] + bias,
        }


def _solve(
    blocks: list[csr_matrix], truth: NDArray[np.bool_], offset: Floats, known: NDArray[np.bool_], c: float
) -> list[Floats]:
    """Return the weights of each block of features; columns that no row uses stay zero and cost nothing."""
    from scipy.sparse import hstack

    matrix = hstack(blocks, format="csr")
    used = np.unique(matrix.indices)
    weights = np.zeros((matrix.shape[1], truth.shape[1]), dtype=np.float32)
    weights[used] = centred_logistic(matrix[:, used], truth, offset, known, c)
    return np.split(weights, np.cumsum([block.shape[1] for block in blocks[:-1]]))


def _widened(weights: LinearWeights, slots: NDArray[np.int64], short: NDArray[np.int64]) -> LinearWeights:
    """Return the same weights on a vocabulary with ``slots`` beside its own, their weights zero."""
    known = np.union1d(weights.slots, slots.astype(np.uint32))
    place = np.searchsorted(known, weights.slots)
    matrix = np.zeros((len(known), weights.weights.shape[1]), dtype=np.float32)
    matrix[place] = weights.weights
    brief = np.isin(known, short.astype(np.uint32))
    brief[place] = weights.short
    return replace(weights, slots=known, short=brief, weights=matrix)
