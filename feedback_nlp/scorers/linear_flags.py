"""Fitting the layer behind the flags, and from which score on a flag is raised.

With enough texts a few hidden units see, beside what speaks for the flags, what the overall label is told
by: that a customer gives up on a brand is said in ordinary words, by one who blames. With fewer texts each
flag is a plain logistic regression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers import linear_hidden
from feedback_nlp.scorers.calibration import LEAST_THRESHOLD, shrunk_thresholds
from feedback_nlp.scorers.linear_model import flags_seen, sigmoid, small_product

if TYPE_CHECKING:
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["fit_flags", "flag_thresholds"]

Floats = NDArray[np.float32]
# Where no text has a flag, nothing says from which score on it should be raised.
UNTAUGHT = 0.5
DECAY = 100.0


def fit_flags(
    features: Floats, review: Floats, examples: Examples, use: NDArray[np.bool_]
) -> tuple[dict[str, Floats], Floats]:
    """Learn the flag layer from the texts in ``use``, and judge each by a layer without its fold.

    Parameters
    ----------
    features : float32 array of shape (n_reviews, 10 + n_facets)
        Of ``linear_model.flag_features``, by heads that had not learnt from the review's fold.
    review : float32 array of shape (n_reviews, 19)
        Of ``linear_model.overall_features``, likewise.
    examples : Examples
    use : bool array of shape (n_reviews,)

    Returns
    -------
    dict of float32 arrays
        ``flags_weights`` and ``flags_bias``, and with enough texts ``flags_hidden`` and
        ``flags_hidden_bias``.
    float32 array of shape (n_reviews, 5)
        Probabilities; zero outside ``use``.
    """
    scores = np.zeros(examples.flags.shape, np.float32)
    for fold in np.unique(examples.fold[use]):
        inside, others = use & (examples.fold == fold), use & (examples.fold != fold)
        fit = _layers(features[others], review[others], examples.flags[others])
        seen = flags_seen(features[inside], review[inside], fit)
        scores[inside] = sigmoid(small_product(seen, fit["flags_weights"], fit["flags_bias"]))
    return _layers(features[use], review[use], examples.flags[use]), scores


def _layers(features: Floats, review: Floats, truth: NDArray[np.int8]) -> dict[str, Floats]:
    known = (truth >= 0).all(axis=1)
    if int(known.sum()) >= linear_hidden.LEAST_HIDDEN:
        both = np.concatenate([features, review], axis=1)[known]
        return linear_hidden.fit_hidden("flags", both, truth[known] == 1, decay=DECAY)
    found = [
        _logistic(features[rows := truth[:, flag] >= 0], truth[rows, flag] == 1)
        for flag in range(truth.shape[1])
    ]
    return {
        "flags_weights": np.stack([weights for weights, _ in found], axis=1),
        "flags_bias": np.array([bias for _, bias in found], np.float32),
    }


def _logistic(features: Floats, truth: NDArray[np.bool_]) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        return np.zeros(features.shape[1], np.float32), 3.0 if truth.any() else -6.0
    model = LogisticRegression(C=0.5, max_iter=500).fit(features, truth)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


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
        return np.full(flags.shape[1], UNTAUGHT, dtype=np.float32)
    return np.maximum(shrunk_thresholds(scores[known], truth, weight=60.0), np.float32(LEAST_THRESHOLD))
