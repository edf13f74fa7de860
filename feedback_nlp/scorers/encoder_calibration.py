"""From the encoder's log-odds on held-out reviews to probabilities and thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.calibration import platt
from feedback_nlp.scorers.encoder_heads import EncoderLogits, calibrated, mention_logit
from feedback_nlp.scorers.linear_calibration import (
    LEAST_LOGIT,
    Decisions,
    flag_thresholds,
    mention_thresholds,
    safety_threshold,
)
from feedback_nlp.scorers.linear_overall import three_way

if TYPE_CHECKING:
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["calibrate", "uncalibrated"]

Calibration = dict[str, NDArray[np.float32]]


def uncalibrated(n_facets: int) -> Calibration:
    """Return a calibration that changes nothing."""
    return {
        "mention_slope": np.ones(n_facets, np.float32),
        "mention_shift": np.zeros(n_facets, np.float32),
        "overall_weights": np.eye(3, dtype=np.float32),
        "overall_bias": np.zeros(3, np.float32),
        "flag_slope": np.ones(5, np.float32),
        "flag_shift": np.zeros(5, np.float32),
    }


def calibrate(examples: Examples, logits: EncoderLogits, taxonomy: Taxonomy) -> tuple[Calibration, Decisions]:
    """Learn Platt scaling and thresholds.

    Parameters
    ----------
    examples : Examples
        Reviews the encoder has not learnt from.
    logits : EncoderLogits
        Of them.
    taxonomy : Taxonomy
    """
    fit = uncalibrated(len(taxonomy.codes))
    mention = mention_logit(logits.sides)
    truth = examples.mention == 1
    known = (examples.mention >= 0) & (mention > LEAST_LOGIT)
    prior = platt(mention[known], truth[known])
    pairs = [
        platt(mention[known[:, facet], facet], truth[known[:, facet], facet], prior=prior)
        for facet in range(truth.shape[1])
    ]
    fit["mention_slope"], fit["mention_shift"] = np.array(pairs, dtype=np.float32).T.copy()
    judged = examples.overall >= 0
    fit["overall_weights"], fit["overall_bias"] = three_way(logits.overall[judged], examples.overall[judged])
    flags = [
        platt(logits.flags[known_flag, flag], examples.flags[known_flag, flag] == 1)
        for flag, known_flag in enumerate((examples.flags >= 0).T)
    ]
    fit["flag_slope"], fit["flag_shift"] = np.array(flags, dtype=np.float32).T.copy()
    prediction = calibrated(logits, examples.clauses, fit)
    score = prediction.clauses.sum(axis=2)
    everything = np.ones(len(examples), dtype=bool)
    return fit, Decisions(
        mention_thresholds(examples, score, everything, taxonomy),
        flag_thresholds(prediction.flags, examples.flags),
        safety_threshold(examples, prediction.clauses, everything, taxonomy),
    )
