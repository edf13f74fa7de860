"""From out-of-fold log-odds to probabilities, the overall and flag layers, and every threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.calibration import (
    best_threshold,
    platt,
    precision_threshold,
    shrunk_thresholds,
)
from feedback_nlp.scorers.linear_model import (
    Logits,
    clause_block,
    flag_features,
    overall_features,
    review_max,
    sigmoid,
    whole_facets,
)
from feedback_nlp.scorers.linear_overall import fit_overall

if TYPE_CHECKING:
    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy

__all__ = [
    "LEAST_LOGIT",
    "Decisions",
    "calibrate",
    "flag_thresholds",
    "mention_thresholds",
    "safety_threshold",
]

SAFETY_FACET = "product.safety"
SAFETY_PRECISION = 0.9
# Below one in five a mention is noise to a reader, and a false alarm of danger costs more trust than others.
LEAST_THRESHOLD = 0.2
LEAST_SAFETY = 0.3
# Where no text has a flag, nothing says from which score on it should be raised.
UNTAUGHT_FLAG = 0.5
# Calibration looks at log-odds above this (about 1 in 50).
LEAST_LOGIT = -4.0


@dataclass(frozen=True)
class Decisions:
    """Thresholds learnt beside the weights.

    Attributes
    ----------
    thresholds : float32 array of shape (n_facets,)
    flag_thresholds : float32 array of shape (5,)
    safety_threshold : float
    flag_scores : float array of shape (n_reviews, 5), optional
        Probability of each flag by a layer that had not learnt from the review's fold; of no worth where the
        fold is −1.
    overall_shares : float array of shape (n_reviews, 3), optional
        Probability of each overall label, likewise.
    """

    thresholds: NDArray[np.float32]
    flag_thresholds: NDArray[np.float32]
    safety_threshold: float
    flag_scores: NDArray[np.float32] | None = None
    overall_shares: NDArray[np.float32] | None = None


def calibrate(
    examples: Examples, logits: Logits, evidence: Evidence, taxonomy: Taxonomy
) -> tuple[dict[str, NDArray[np.float32]], Decisions]:
    """Learn Platt scaling, the overall and flag layers, and all thresholds from out-of-fold log-odds.

    How likely a mention is, from which score on it counts and how sure to be of the overall label is learnt
    from texts as customers write them, where there are enough: texts written to teach say more, and stranger
    things, in fewer words.
    """
    judged, natural = examples.fold >= 0, examples.natural()
    rows = natural[examples.clauses.review]
    calibration = _calibrate_clauses(examples, logits, rows)
    score = sigmoid(logits.mention * calibration["mention_slope"] + calibration["mention_shift"])
    block = clause_block(score, logits, calibration["polar_slope"])
    features = overall_features(block, examples.clauses, logits.overall, evidence, whole_facets(taxonomy))
    use = judged & (examples.overall >= 0)
    layers, shares = fit_overall(features, examples, use, natural)
    calibration |= layers
    seen = flag_features(block, examples.clauses, logits.flags, evidence)
    calibration["flags_weights"], calibration["flags_bias"], scores = _flag_layer(
        seen[judged], examples.flags[judged], examples.fold[judged]
    )
    flag_scores = np.zeros(examples.flags.shape, np.float32)
    flag_scores[judged] = scores
    decisions = Decisions(
        mention_thresholds(examples, score, natural, taxonomy),
        flag_thresholds(scores, examples.flags[judged]),
        safety_threshold(examples, block, natural, taxonomy),
        flag_scores,
        shares,
    )
    return calibration, decisions


def _calibrate_clauses(
    examples: Examples, logits: Logits, rows: NDArray[np.bool_]
) -> dict[str, NDArray[np.float32]]:
    # Only where a mention is thinkable: the many sure absences would decide the slope.
    known = (examples.mention >= 0) & rows[:, None] & (logits.mention > LEAST_LOGIT)
    truth = examples.mention == 1
    prior = platt(logits.mention[known], truth[known])
    pairs = np.array(
        [
            platt(logits.mention[known[:, facet], facet], truth[known[:, facet], facet], prior=prior)
            for facet in range(truth.shape[1])
        ]
    )
    polar = (examples.sides[:, :, 0] != examples.sides[:, :, 2]) & rows[:, None]
    slope = (
        platt(logits.polar[polar], examples.sides[:, :, 2][polar], strength=1.0)[0] if polar.any() else 1.0
    )
    return {
        "mention_slope": pairs[:, 0].astype(np.float32),
        "mention_shift": pairs[:, 1].astype(np.float32),
        "polar_slope": np.array([slope], dtype=np.float32),
    }


def _flag_layer(
    features: NDArray[np.float32], truth: NDArray[np.int8], fold: NDArray[np.int8]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Return weights and bias of the flags, and their probabilities from a second cross-fit of this layer."""
    weights = np.zeros((features.shape[1], truth.shape[1]), np.float32)
    bias = np.zeros(truth.shape[1], np.float32)
    scores = np.zeros(truth.shape, np.float64)
    for flag in range(truth.shape[1]):
        known = truth[:, flag] >= 0
        y = truth[:, flag] == 1
        weights[:, flag], bias[flag] = _dense_logistic(features[known], y[known])
        for part in np.unique(fold):
            learn_from = known & (fold != part)
            coef, shift = _dense_logistic(features[learn_from], y[learn_from])
            inside = fold == part
            scores[inside, flag] = 1 / (1 + np.exp(-(features[inside] @ coef + shift)))
    return weights, bias, scores


def flag_thresholds(scores: NDArray[np.floating[Any]], flags: NDArray[np.int8]) -> NDArray[np.float32]:
    """Choose the threshold of each flag by F1, rare ones drawn to that of all.

    Parameters
    ----------
    scores : float array of shape (n, 5)
    flags : int array of shape (n, 5)
        1, 0 or −1 unknown; reviews with an unknown flag are not looked at.
    """
    known = (flags >= 0).all(axis=1)
    truth = flags[known] == 1
    if not truth.any():
        return np.full(flags.shape[1], UNTAUGHT_FLAG, dtype=np.float32)
    return np.maximum(shrunk_thresholds(scores[known], truth, weight=60.0), np.float32(LEAST_THRESHOLD))


def _dense_logistic(
    features: NDArray[np.float32], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float]:
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        return np.zeros(features.shape[1], np.float32), 3.0 if truth.any() else -6.0
    model = LogisticRegression(C=0.5, max_iter=500).fit(features, truth)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def mention_thresholds(
    examples: Examples, score: NDArray[np.float32], judged: NDArray[np.bool_], taxonomy: Taxonomy
) -> NDArray[np.float32]:
    """Choose thresholds by the F1 of the sets of facets of reviews, which is what users see."""
    best = review_max(score, examples.clauses)[judged]
    truth = review_max((examples.mention == 1).astype(np.float32), examples.clauses)[judged] > 0
    chosen = shrunk_thresholds(best, truth, common=best_threshold(best.ravel(), truth.ravel()))
    least = [LEAST_SAFETY if code == SAFETY_FACET else LEAST_THRESHOLD for code in taxonomy.codes]
    return np.maximum(chosen, np.array(least, dtype=np.float32))


def safety_threshold(
    examples: Examples, block: NDArray[np.float32], judged: NDArray[np.bool_], taxonomy: Taxonomy
) -> float:
    """Return the score from which a negative safety mention is right nine times in ten.

    Counted over reviews, as issues are: when one clause tells of the danger, the annotators often gave the
    label to its neighbour.
    """
    facet = taxonomy.index.get(SAFETY_FACET)
    if facet is None:
        return 1.0
    negative = block[:, facet, 0] > block[:, facet, 2]
    score = np.where(negative, block[:, facet].sum(axis=1), 0)[:, None]
    best = review_max(score, examples.clauses)[judged, 0]
    danger = examples.sides[:, facet, :1].astype(np.float32)
    truth = review_max(danger, examples.clauses)[judged, 0] > 0
    return precision_threshold(best, truth, SAFETY_PRECISION)
