"""From out-of-fold log-odds to probabilities, the overall and flag layers, and every threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.calibration import (
    LEAST_THRESHOLD,
    best_threshold,
    platt,
    precision_threshold,
    shrunk_thresholds,
)
from feedback_nlp.scorers.linear_flags import fit_flags, flag_thresholds
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
    "mention_thresholds",
    "safety_threshold",
]

SAFETY_FACET = "product.safety"
SAFETY_PRECISION = 0.9
# A false alarm of danger costs more trust than others.
LEAST_SAFETY = 0.3
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
    layers, flag_scores = fit_flags(seen, features, examples, judged)
    calibration |= layers
    decisions = Decisions(
        mention_thresholds(examples, score, natural, taxonomy),
        flag_thresholds(flag_scores[judged], examples.flags[judged]),
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
