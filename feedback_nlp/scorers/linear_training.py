"""Learning the linear scorer: one sparse logistic regression a head, then calibration by cross-fitting.

scikit-learn is needed here and nowhere in prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.linear_calibration import Decisions, calibrate
from feedback_nlp.scorers.linear_model import (
    Columns,
    LinearWeights,
    Logits,
    clause_scale,
    neighbour_rows,
    quantise,
    restore,
    whole_facets,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.scorers.base import Prediction
    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Decisions", "Settings", "learn"]


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
    """

    folds: int = 5
    least: int = 2
    mention_c: float = 8.0
    polar_c: float = 8.0
    review_c: float = 8.0
    review_weight: float = 0.3
    near_weight: float = 0.35
    facet_weight: float = 0.5


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


def learn(
    examples: Examples,
    taxonomy: Taxonomy,
    evidence: Evidence,
    settings: Settings | None = None,
    *,
    report: Callable[[str], None] | None = None,
) -> tuple[LinearWeights, Decisions, Prediction]:
    """Learn weights from ``examples`` and calibrate them on out-of-fold scores.

    Parameters
    ----------
    examples : Examples
        Those with a fold ≥ 0 are also what calibration and thresholds are learnt from.
    taxonomy : Taxonomy
    evidence : Evidence
        What the lexicon says of the examples.
    settings : Settings, optional
    report : callable, optional
        Told what is being done.

    Returns
    -------
    LinearWeights, Decisions
    Prediction
        Of the examples, each by heads that had not learnt from its fold; of no worth where the fold is −1.
    """
    settings = settings or Settings()
    tell = report or (lambda _message: None)
    design = make_design(examples, evidence, settings)
    tell(f"{len(design.slots)} n-grams, {len(examples.clauses)} clauses")
    out_of_fold = cross_fit(examples, design, settings, tell)
    calibration, decisions = calibrate(examples, out_of_fold, evidence, taxonomy)
    everything = np.ones(len(examples), dtype=bool)
    weights, bias = fit_heads(examples, design, settings, everything)
    weights = restore(*quantise(weights))
    tell("all examples learnt")
    learnt = LinearWeights(design.slots, design.short, weights, bias, calibration)
    judged = learnt.calibrated(out_of_fold, examples.clauses, evidence, whole_facets(taxonomy))
    return learnt, decisions, judged


def make_design(examples: Examples, evidence: Evidence, settings: Settings) -> Design:
    """Choose the vocabulary and build the matrices."""
    from scipy.sparse import csr_matrix, diags_array

    clauses = examples.clauses
    slots, short = _vocabulary(examples, settings.least)
    raw = Vocabulary(slots).matrix(examples.texts, clauses)
    near = csr_matrix(diags_array(clause_scale(raw)) @ raw)
    picked = csr_matrix(raw @ diags_array(short.astype(np.float32)))
    picked.eliminate_zeros()
    count = len(clauses)
    gather = csr_matrix(
        (np.ones(count, np.float32), (clauses.review, np.arange(count))), shape=(clauses.n_reviews, count)
    )
    total = csr_matrix(gather @ picked)
    sizes = np.asarray(total.sum(axis=1), dtype=np.float32).ravel()
    whole = csr_matrix(diags_array(1 / np.sqrt(np.maximum(sizes, 1))) @ total)
    before, after = (_shifted(near, clauses.review, step) for step in (-1, 1))
    return Design(slots, short, raw, near, before, after, whole.astype(np.float32), evidence)


def _vocabulary(examples: Examples, least: int) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Return the slots that stand in at least ``least`` clauses, and which are of short n-grams."""
    rows, slots, _ = ngram_slots(examples.texts, examples.clauses)
    pairs = np.unique(rows << 32 | slots) & 0xFFFFFFFF
    known, counts = np.unique(pairs, return_counts=True)
    known = known[counts >= least]
    short = np.unique(ngram_slots(examples.texts, examples.clauses, longest=2).slot)
    return known.astype(np.uint32), np.isin(known, short)


def _shifted(matrix: csr_matrix, review: NDArray[np.int64], step: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    rows, other = neighbour_rows(review, step)
    move = csr_matrix((np.ones(len(rows), np.float32), (rows, other)), shape=(len(review), len(review)))
    return csr_matrix(move @ matrix)


def fit_heads(
    examples: Examples, design: Design, settings: Settings, use: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Fit every head on the reviews in ``use``; return the weight matrix and the biases."""
    columns = Columns(examples.mention.shape[1])
    weights = np.zeros((len(design.slots), columns.total), dtype=np.float32)
    blocks = columns.blocks()
    bias = {
        **_fit_mentions(examples, design, settings, use, weights, blocks),
        **_fit_polarity(examples, design, settings, use, weights, blocks),
        **_fit_reviews(examples, design, settings, use, weights, blocks),
    }
    return weights, bias


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


def _fit_mentions(
    examples: Examples,
    design: Design,
    settings: Settings,
    use: NDArray[np.bool_],
    weights: NDArray[np.float32],
    blocks: dict[str, slice],
) -> dict[str, NDArray[np.float32]]:
    from scipy.sparse import csr_matrix, hstack

    review = examples.clauses.review
    rows = np.flatnonzero(use[review])
    context = design.review[review[rows]] * np.float32(settings.review_weight)
    known_words = csr_matrix(design.evidence.mention[rows])
    matrix = hstack([design.clause[rows], context, known_words], format="csr")
    size = len(design.slots)
    facets = examples.mention.shape[1]
    bias = np.zeros(facets, dtype=np.float32)
    evidence = np.zeros((facets, facets), dtype=np.float32)
    for facet in range(len(bias)):
        known = examples.mention[rows, facet] >= 0
        part = matrix if known.all() else matrix[known]
        coef, bias[facet] = logistic(part, examples.mention[rows[known], facet] == 1, settings.mention_c)
        weights[:, blocks["mention_clause"].start + facet] = coef[:size]
        weights[:, blocks["mention_review"].start + facet] = coef[size : 2 * size] * settings.review_weight
        evidence[:, facet] = coef[2 * size :]
    return {"mention": bias, "evidence_mention": evidence}


def _fit_polarity(
    examples: Examples,
    design: Design,
    settings: Settings,
    use: NDArray[np.bool_],
    weights: NDArray[np.float32],
    blocks: dict[str, slice],
) -> dict[str, NDArray[np.float32]]:
    """Fit positive against negative with words shared by all facets and each facet's own, then neutral."""
    from scipy.sparse import csr_matrix, hstack

    sides, review = examples.sides, examples.clauses.review
    facets, size = sides.shape[1], len(design.slots)
    clause, facet, side = np.nonzero(sides & use[review][:, None, None])
    polar = side != 1
    rows, of, positive = clause[polar], facet[polar], side[polar] == 2
    near = np.float32(settings.near_weight)
    own = csr_matrix(
        (np.full(len(rows), settings.facet_weight, np.float32), (np.arange(len(rows)), of)),
        shape=(len(rows), facets),
    )
    shared = [design.clause[rows], design.before[rows] * near, design.after[rows] * near]
    whole = design.review[review[rows]] * np.float32(settings.review_weight)
    crossed = _crossed(design.clause[rows], of, facets, settings.facet_weight)
    said = np.concatenate([design.evidence.polar[rows, of, None], design.evidence.tone[rows]], axis=1)
    stacked = hstack([*shared, whole, own, crossed, csr_matrix(said)], format="csr")
    coef, common = logistic(stacked, positive, settings.polar_c)
    parts = np.split(coef[: -said.shape[1]], [size, 2 * size, 3 * size, 4 * size, 4 * size + facets])
    weights[:, blocks["polar_clause"]] = (
        parts[0][:, None] + settings.facet_weight * parts[5].reshape(facets, size).T
    )
    weights[:, blocks["polar_before"]] = near * parts[1][:, None]
    weights[:, blocks["polar_after"]] = near * parts[2][:, None]
    weights[:, blocks["polar_review"]] = np.float32(settings.review_weight) * parts[3][:, None]
    neutral = _fit_neutral(design, settings, clause, facet, side, review, weights, blocks, facets)
    bias = (common + settings.facet_weight * parts[4]).astype(np.float32)
    return {"polar": bias, "evidence_polar": coef[-said.shape[1] :], **neutral}


def _fit_neutral(
    design: Design,
    settings: Settings,
    clause: NDArray[np.intp],
    facet: NDArray[np.intp],
    side: NDArray[np.intp],
    review: NDArray[np.int64],
    weights: NDArray[np.float32],
    blocks: dict[str, slice],
    facets: int,
) -> dict[str, NDArray[np.float32]]:
    from scipy.sparse import csr_matrix, hstack

    size = len(design.slots)
    own = csr_matrix(
        (np.full(len(clause), settings.facet_weight, np.float32), (np.arange(len(clause)), facet)),
        shape=(len(clause), facets),
    )
    whole = design.review[review[clause]] * np.float32(settings.review_weight)
    said = csr_matrix(design.evidence.neutral[clause, facet][:, None])
    stacked = hstack([design.clause[clause], whole, own, said], format="csr")
    coef, common = logistic(stacked, side == 1, settings.polar_c / 2)
    weights[:, blocks["neutral_clause"]] = coef[:size, None]
    weights[:, blocks["neutral_review"]] = np.float32(settings.review_weight) * coef[size : 2 * size, None]
    bias = (common + settings.facet_weight * coef[2 * size : -1]).astype(np.float32)
    return {"neutral": bias, "evidence_neutral": coef[-1:]}


def _crossed(matrix: csr_matrix, of: NDArray[np.intp], facets: int, weight: float) -> csr_matrix:
    """Return the rows moved to the columns of their facet: each facet's own copy of the vocabulary."""
    from scipy.sparse import csr_matrix

    counts = np.diff(matrix.indptr)
    columns = matrix.indices.astype(np.int64) + np.repeat(of.astype(np.int64), counts) * matrix.shape[1]
    data = matrix.data * np.float32(weight)
    return csr_matrix((data, columns, matrix.indptr), shape=(matrix.shape[0], facets * matrix.shape[1]))


def _fit_reviews(
    examples: Examples,
    design: Design,
    settings: Settings,
    use: NDArray[np.bool_],
    weights: NDArray[np.float32],
    blocks: dict[str, slice],
) -> dict[str, NDArray[np.float32]]:
    bias = {"overall": np.zeros(3, np.float32), "flags": np.zeros(5, np.float32)}
    known = use & (examples.overall >= 0)
    targets = [("overall", known, examples.overall == side) for side in range(3)]
    targets += [("flags", use & (column >= 0), column == 1) for column in examples.flags.T]
    for place, (head, rows, truth) in enumerate(targets):
        column = place if head == "overall" else place - 3
        coef, bias[head][column] = logistic(design.review[rows], truth[rows], settings.review_c)
        weights[:, blocks[f"{head}_review"].start + column] = coef
    return bias


def cross_fit(examples: Examples, design: Design, settings: Settings, tell: Callable[[str], None]) -> Logits:
    """Return the log-odds of every example from heads that did not learn from its fold.

    Examples of fold −1 keep zeros: they are never judged.
    """
    facets = examples.mention.shape[1]
    clauses = examples.clauses
    shape = (len(clauses), facets)
    result = Logits(
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.zeros((len(examples), 3), np.float32),
        np.zeros((len(examples), 5), np.float32),
    )
    for fold in range(settings.folds):
        judged = examples.fold == fold
        if not judged.any():
            continue
        weights, bias = fit_heads(examples, design, settings, ~judged)
        model = LinearWeights(design.slots, design.short, weights, bias, {})
        logits = model.logits(design.raw, clauses, design.evidence)
        rows = judged[clauses.review]
        for name, mask in (
            ("mention", rows),
            ("polar", rows),
            ("neutral", rows),
            ("overall", judged),
            ("flags", judged),
        ):
            getattr(result, name)[mask] = getattr(logits, name)[mask]
        tell(f"fold {fold + 1} of {settings.folds}")
    return result
