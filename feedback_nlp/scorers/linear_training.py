"""Learning the linear scorer: sparse logistic regressions, then calibration by cross-fitting.

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

from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.linear_calibration import Decisions, calibrate
from feedback_nlp.scorers.linear_heads import Design, Settings, fit_heads
from feedback_nlp.scorers.linear_lessons import Lessons
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
    from feedback_nlp.text.clauses import Clauses

__all__ = ["Decisions", "Heads", "Settings", "judged_out_of_fold", "learn", "learn_heads"]

# Clauses that an n-gram which no labelled text has must stand in, to be known.
LEAST_JUDGED = 12


def learn(
    examples: Examples,
    taxonomy: Taxonomy,
    evidence: Evidence,
    settings: Settings | None = None,
    *,
    judged: Lessons | None = None,
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
    judged : Lessons, optional
        Reviews that another judge has read, to learn from besides.
    report : callable, optional
        Told what is being done.

    Returns
    -------
    LinearWeights, Decisions
    Prediction
        Of the examples, each by heads that had not learnt from its fold; of no worth where the fold is −1.
    """
    settings = settings or Settings()
    heads = learn_heads(examples, evidence, settings, judged=judged, report=report)
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
    """Return the examples, each judged by heads and layers that had not learnt from its fold."""
    judged = learnt.calibrated(logits, examples.clauses, evidence, whole_facets(taxonomy))
    if decisions.flag_scores is not None:
        judged = replace(judged, flags=decisions.flag_scores)
    return judged if decisions.overall_shares is None else replace(judged, overall=decisions.overall_shares)


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
    judged: Lessons | None = None,
    report: Callable[[str], None] | None = None,
) -> Heads:
    """Fit the heads on all examples, and once for each fold without it.

    Parameters
    ----------
    examples : Examples
    evidence : Evidence
    settings : Settings
    judged : Lessons, optional
        Reviews that another judge has read: every fit learns from them too.
    report : callable, optional
        Told what is being done.

    Raises
    ------
    ModelError
        If no n-gram stands in enough clauses.
    """
    tell = report or (lambda _message: None)
    lessons = Lessons.labelled(examples, evidence)
    slots, short = vocabulary(examples.texts, examples.clauses, settings.least)
    if judged is not None:
        more, brief = vocabulary(judged.texts, judged.clauses, LEAST_JUDGED)
        short_slots = np.union1d(slots[short], more[brief])
        slots = np.union1d(slots, more)
        short = np.isin(slots, short_slots)
        lessons = Lessons.joined([lessons, judged])
    if not len(slots):
        raise ModelError(
            Bilingual(
                f"没有一个片段出现在 {settings.least} 个小句里，学不到什么。",
                f"No n-gram stands in {settings.least} clauses: nothing to learn from.",
            ),
            Bilingual("多给一些文本。", "Give more texts."),
        )
    design = design_on(lessons.texts, lessons.clauses, lessons.evidence, slots, short)
    tell(f"{len(slots)} n-grams, {len(lessons.clauses)} clauses")
    out_of_fold = cross_fit(lessons, design, settings, tell)
    weights, bias = fit_heads(lessons, design, settings, np.ones(len(lessons), dtype=bool))
    tell("all examples learnt")
    own = out_of_fold.first(len(examples.clauses), len(examples))
    return Heads(design, restore(*quantise(weights)), bias, own)


def make_design(lessons: Lessons, settings: Settings) -> Design:
    """Choose the vocabulary and build the matrices."""
    known = vocabulary(lessons.texts, lessons.clauses, settings.least)
    return design_on(lessons.texts, lessons.clauses, lessons.evidence, *known)


def design_on(
    texts: Sequence[str],
    clauses: Clauses,
    evidence: Evidence,
    slots: NDArray[np.uint32],
    short: NDArray[np.bool_],
) -> Design:
    """Build the matrices on a given vocabulary."""
    from scipy.sparse import csr_matrix, diags_array

    raw = Vocabulary(slots).matrix(texts, clauses)
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


def vocabulary(
    texts: Sequence[str], clauses: Clauses, least: int
) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Return the slots that stand in at least ``least`` clauses, and which are of short n-grams."""
    rows, slots, _ = ngram_slots(texts, clauses)
    pairs = np.unique(rows << 32 | slots) & 0xFFFFFFFF
    known, counts = np.unique(pairs, return_counts=True)
    known = known[counts >= least]
    short = np.unique(ngram_slots(texts, clauses, longest=2).slot)
    return known.astype(np.uint32), np.isin(known, short)


def _shifted(matrix: csr_matrix, review: NDArray[np.int64], step: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    rows, other = neighbour_rows(review, step)
    move = csr_matrix((np.ones(len(rows), np.float32), (rows, other)), shape=(len(review), len(review)))
    return csr_matrix(move @ matrix)


def cross_fit(lessons: Lessons, design: Design, settings: Settings, tell: Callable[[str], None]) -> Logits:
    """Return the log-odds of every review from heads that did not learn from its fold.

    Reviews of fold −1 keep zeros: they are never judged.
    """
    facets = lessons.targets.known.shape[1]
    shape = (len(lessons.clauses), facets)
    result = Logits(
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.zeros((len(lessons), 3), np.float32),
        np.zeros((len(lessons), 5), np.float32),
    )
    fold = lessons.targets.fold
    folds = [number for number in range(settings.folds) if (fold == number).any()]
    for number, logits in zip(folds, _by_fold(lessons, design, settings, folds), strict=True):
        judged = fold == number
        rows = judged[lessons.clauses.review]
        for name, mask in (
            ("mention", rows),
            ("polar", rows),
            ("neutral", rows),
            ("overall", judged),
            ("flags", judged),
        ):
            getattr(result, name)[mask] = getattr(logits, name)
        tell(f"fold {number + 1} of {settings.folds}")
    return result


def _by_fold(lessons: Lessons, design: Design, settings: Settings, folds: Sequence[int]) -> Iterable[Logits]:
    """Return the log-odds of each fold by heads learnt without it, ``settings.jobs`` at a time."""
    if settings.jobs == 1:
        return (_without_fold(lessons, design, settings, fold) for fold in folds)
    # New processes, as forks of one with threads may hang.
    with ProcessPoolExecutor(settings.jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(partial(_without_fold, lessons, design, settings), folds))


def _without_fold(lessons: Lessons, design: Design, settings: Settings, fold: int) -> Logits:
    inside = lessons.targets.fold == fold
    weights, bias = fit_heads(lessons, design, settings, ~inside)
    model = LinearWeights(design.slots, design.short, weights, bias, {})
    rows, clauses, evidence = lessons.judging(inside)
    return model.logits(design.raw[rows], clauses, evidence)
