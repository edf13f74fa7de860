"""Fitting the layer behind the overall label, and how sure it may be.

What a review says as a whole is more than a weighted sum of what its clauses say: praise weighs less beside
blame, a last word more in a short review. With enough texts a few hidden units learn that; with fewer the
layer looks at the features themselves.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.calibration import sharpened, sharpness
from feedback_nlp.scorers.linear_model import overall_seen, small_product, softmax

if TYPE_CHECKING:
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["fit_overall", "three_way"]

Floats = NDArray[np.float32]
# Fewer texts can't tell how sure to be of the overall label.
LEAST_USUAL = 500
# Fewer texts would be learnt by heart by hidden units.
LEAST_HIDDEN = 10_000
HIDDEN, DECAY, STEPS = 32, 30.0, 200


def fit_overall(
    features: Floats, examples: Examples, use: NDArray[np.bool_], natural: NDArray[np.bool_]
) -> tuple[dict[str, Floats], Floats | None]:
    """Learn the overall layer from all texts in ``use``, and from the natural ones how sure to be.

    The latter by layers that have not learnt from a text's fold: one that has is always too sure.

    Parameters
    ----------
    features : float32 array of shape (n_reviews, n_features)
        Of ``linear_model.overall_features``, by heads that had not learnt from the review's fold.
    examples : Examples
    use, natural : bool arrays of shape (n_reviews,)

    Returns
    -------
    dict of arrays
        ``overall_weights`` and ``overall_bias``, and with enough texts ``overall_hidden`` and
        ``overall_hidden_bias``.
    float32 array of shape (n_reviews, 3) or None
        Probabilities by layers that had not learnt from the review's fold, even where that is not among the
        folds of ``use``; None with too few texts.
    """
    truth, usual = examples.overall, use & natural
    fit = _layers(features[use], truth[use])
    if int(usual.sum()) < LEAST_USUAL or len(np.unique(examples.fold[usual])) < 2:
        return fit, None
    shares = np.full((len(truth), 3), 1 / 3, np.float32)
    for fold in np.unique(examples.fold[use]):
        inside, others = examples.fold == fold, use & (examples.fold != fold)
        layers = _layers(features[others], truth[others])
        seen = overall_seen(features[inside], layers)
        shares[inside] = softmax(small_product(seen, layers["overall_weights"], layers["overall_bias"]))
    power = sharpness(shares[usual], truth[usual])
    for name in ("overall_weights", "overall_bias"):
        fit[name] = fit[name] * np.float32(power)
    return fit, sharpened(shares, power)


def _layers(features: Floats, truth: NDArray[np.int8]) -> dict[str, Floats]:
    if len(truth) < LEAST_HIDDEN or len(np.unique(truth)) < 3:
        weights, bias = three_way(features, truth)
        return {"overall_weights": weights, "overall_bias": bias}
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), np.float32(1e-3))
    model = MLPClassifier((HIDDEN,), solver="lbfgs", alpha=DECAY, max_iter=STEPS, random_state=0)
    with warnings.catch_warnings():
        # It is meant to stop after so many steps.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(((features - mean) / spread).astype(np.float64), truth)
    hidden = model.coefs_[0] / spread[:, None]
    return {
        "overall_hidden": np.asarray(hidden, np.float32),
        "overall_hidden_bias": np.asarray(model.intercepts_[0] - mean @ hidden, np.float32),
        "overall_weights": np.asarray(model.coefs_[1], np.float32),
        "overall_bias": np.asarray(model.intercepts_[1], np.float32),
    }


def three_way(features: Floats, truth: NDArray[np.int8]) -> tuple[Floats, Floats]:
    """Return weights (n_features, 3) and bias (3) of a softmax over the classes met."""
    from sklearn.linear_model import LogisticRegression

    weights, bias = np.zeros((features.shape[1], 3), np.float32), np.full(3, -12.0, np.float32)
    met = np.unique(truth)
    if len(met) < 2:
        bias[met] = 0.0
        return weights, bias
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit(features, truth)
    if len(met) == 2:
        weights[:, met[1]], bias[met] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        weights[:, met], bias[met] = model.coef_.T, model.intercept_
    return weights, bias
