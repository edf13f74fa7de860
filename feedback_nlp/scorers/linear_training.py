"""Learning the linear scorer: one sparse logistic regression a head, then calibration by cross-fitting.

The heads themselves are fitted in ``linear_heads``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.linear_calibration import Decisions, calibrate
from feedback_nlp.scorers.linear_heads import Design, Settings, fit_heads
from feedback_nlp.scorers.linear_model import (
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

__all__ = ["Decisions", "Heads", "Settings", "judged_out_of_fold", "learn", "learn_heads"]


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
    heads = learn_heads(examples, evidence, settings, report=report)
    calibration, decisions = calibrate(examples, heads.out_of_fold, evidence, taxonomy)
    learnt = heads.weighed(calibration)
    return (
        learnt,
        decisions,
        judged_out_of_fold(examples, heads.out_of_fold, learnt, decisions, evidence, taxonomy),
    )


def judged_out_of_fold(
    examples: Examples,
    logits: Logits,
    learnt: LinearWeights,
    decisions: Decisions,
    evidence: Evidence,
    taxonomy: Taxonomy,
) -> Prediction:
    """Return the examples, each judged by heads that had not learnt from its fold; flags by such a layer too.

    The last layer of the overall label has learnt from all of them: 20 numbers for each of three labels.
    """
    judged = learnt.calibrated(logits, examples.clauses, evidence, whole_facets(taxonomy))
    return judged if decisions.flag_scores is None else replace(judged, flags=decisions.flag_scores)


@dataclass(frozen=True)
class Heads:
    """Fitted heads that are not calibrated yet.

    Attributes
    ----------
    design : Design
    weights : float32 array of shape (n_grams, Columns.total)
        In eight-bit steps.
    bias : mapping
        As in ``LinearWeights``.
    out_of_fold : Logits
        Of the examples, each by heads that had not learnt from its fold.
    """

    design: Design
    weights: NDArray[np.float32]
    bias: dict[str, NDArray[np.float32]]
    out_of_fold: Logits

    def weighed(self, calibration: Mapping[str, NDArray[np.float32]]) -> LinearWeights:
        """Return them with a calibration."""
        return LinearWeights(self.design.slots, self.design.short, self.weights, self.bias, calibration)


def learn_heads(
    examples: Examples,
    evidence: Evidence,
    settings: Settings,
    *,
    more_slots: NDArray[np.uint32] | None = None,
    report: Callable[[str], None] | None = None,
) -> Heads:
    """Fit the heads on all examples, and once for each fold without it.

    Parameters
    ----------
    examples : Examples
    evidence : Evidence
    settings : Settings
    more_slots : uint32 array, optional
        N-grams to know beside those of the examples.
    report : callable, optional
        Told what is being done.
    """
    tell = report or (lambda _message: None)
    slots, short = _vocabulary(examples, settings.least)
    if more_slots is not None:
        known = np.union1d(slots, more_slots)
        brief = np.isin(known, slots[short])
        slots, short = known, brief
    design = design_on(examples, evidence, slots, short)
    tell(f"{len(slots)} n-grams, {len(examples.clauses)} clauses")
    out_of_fold = cross_fit(examples, design, settings, tell)
    weights, bias = fit_heads(examples, design, settings, np.ones(len(examples), dtype=bool))
    tell("all examples learnt")
    return Heads(design, restore(*quantise(weights)), bias, out_of_fold)


def make_design(examples: Examples, evidence: Evidence, settings: Settings) -> Design:
    """Choose the vocabulary and build the matrices."""
    return design_on(examples, evidence, *_vocabulary(examples, settings.least))


def design_on(
    examples: Examples, evidence: Evidence, slots: NDArray[np.uint32], short: NDArray[np.bool_]
) -> Design:
    """Build the matrices on a given vocabulary."""
    from scipy.sparse import csr_matrix, diags_array

    clauses = examples.clauses
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
    folds = [fold for fold in range(settings.folds) if (examples.fold == fold).any()]
    for fold, logits in zip(folds, _by_fold(examples, design, settings, folds), strict=True):
        judged = examples.fold == fold
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


def _by_fold(
    examples: Examples, design: Design, settings: Settings, folds: Sequence[int]
) -> Iterable[Logits]:
    """Return the log-odds of all examples by heads learnt without each fold, ``settings.jobs`` at a time."""
    if settings.jobs == 1:
        return (_without_fold(examples, design, settings, fold) for fold in folds)
    # New processes, as forks of one with threads may hang.
    with ProcessPoolExecutor(settings.jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(partial(_without_fold, examples, design, settings), folds))


def _without_fold(examples: Examples, design: Design, settings: Settings, fold: int) -> Logits:
    weights, bias = fit_heads(examples, design, settings, examples.fold != fold)
    model = LinearWeights(design.slots, design.short, weights, bias, {})
    return model.logits(design.raw, examples.clauses, design.evidence)
