"""Hidden units between what is seen of a review and a layer that judges it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_HIDDEN", "fit_hidden"]

Floats = NDArray[np.float32]
# Fewer texts would be learnt by heart by hidden units.
LEAST_HIDDEN = 10_000
HIDDEN, STEPS = 32, 200


def fit_hidden(layer: str, features: Floats, truth: NDArray[Any], *, decay: float) -> dict[str, Floats]:
    """Learn ``HIDDEN`` rectified units and the layer after them.

    Parameters
    ----------
    layer : str
        What the arrays are called after.
    features : float32 array of shape (n_reviews, n_features)
    truth : int array of shape (n_reviews,), or bool array of shape (n_reviews, n_outputs)
        Classes of a softmax, or what is true of each review.
    decay : float
        L2 penalty of the weights, for features of unit variance.

    Returns
    -------
    dict of float32 arrays
        ``<layer>_hidden`` (n_features, HIDDEN), ``<layer>_hidden_bias``, ``<layer>_weights`` (HIDDEN,
        n_outputs) and ``<layer>_bias``.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), np.float32(1e-3))
    model = MLPClassifier((HIDDEN,), solver="lbfgs", alpha=decay, max_iter=STEPS, random_state=0)
    with warnings.catch_warnings():
        # It is meant to stop after so many steps.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(((features - mean) / spread).astype(np.float64), truth)
    hidden = model.coefs_[0] / spread[:, None]
    arrays = {
        "hidden": hidden,
        "hidden_bias": model.intercepts_[0] - mean @ hidden,
        "weights": model.coefs_[1],
        "bias": model.intercepts_[1],
    }
    return {f"{layer}_{name}": np.asarray(value, np.float32) for name, value in arrays.items()}
