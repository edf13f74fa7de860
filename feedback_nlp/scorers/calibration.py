"""From scores to probabilities and decisions: Platt scaling, thresholds, calibration error.

All of it is learnt from scores a model gave to texts it had not learnt from (cross-fitting).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "best_threshold",
    "calibration_error",
    "platt",
    "precision_threshold",
    "reliability",
    "sharpened",
    "sharpness",
    "shrunk_thresholds",
]

Floats = NDArray[np.floating[Any]]
_NEWTON_STEPS = 50
# A calibration may flatten scores, but never turn their order round.
_LEAST_SLOPE = 0.05
# Powers that probabilities may be raised to, and how far from 0 their logarithm is taken.
_POWERS = np.arange(0.7, 2.01, 0.05)
_EDGE = 1e-4


def platt(
    logits: Floats,
    truth: NDArray[np.bool_],
    *,
    prior: tuple[float, float] = (1.0, 0.0),
    strength: float = 5.0,
) -> tuple[float, float]:
    """Return slope (> 0) and shift so that sigmoid(slope · logit + shift) is a probability (Platt, 1999).

    Parameters
    ----------
    logits : float array of shape (n,)
    truth : bool array of shape (n,)
    prior : (slope, shift)
        Values to which a facet with few examples is drawn.
    strength : float
        Weight of the prior: penalty strength · ((slope − prior)² + (shift − prior)²) / 2 on the log-loss.
    """
    x = np.asarray(logits, dtype=np.float64)
    y = np.asarray(truth, dtype=np.float64)
    design = np.stack([x, np.ones_like(x)], axis=1)
    centre = np.array(prior, dtype=np.float64)
    value = centre.copy()

    def loss(at: NDArray[np.float64]) -> float:
        z = design @ at
        return float((np.logaddexp(0, z) - y * z).sum() + strength * ((at - centre) ** 2).sum() / 2)

    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ value, -30, 30)))
        gradient = design.T @ (p - y) + strength * (value - centre)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + strength * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # Far from the end a whole step may leap over it, further each time.
        while np.abs(step).max() > 1e-8 and loss(value - step) > loss(value):
            step = step / 2
        value -= step
        if np.abs(step).max() < 1e-8:
            break
    return max(float(value[0]), _LEAST_SLOPE), float(value[1])


def best_threshold(
    scores: Floats, truth: NDArray[np.bool_], *, extra: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> float:
    """Return the threshold with the best F1, counts ``extra`` = (hits, predicted, true) added as a prior."""
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    ranked = np.asarray(scores, dtype=np.float64)[order]
    hits = np.cumsum(truth[order]) + extra[0]
    predicted = np.arange(1, len(order) + 1) + extra[1]
    f1 = 2 * hits / (predicted + truth.sum() + extra[2])
    # Only where the next score differs can a threshold stand.
    stands = np.append(ranked[:-1] > ranked[1:], True)
    best = int(np.argmax(np.where(stands, f1, -1)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def shrunk_thresholds(
    scores: Floats, truth: NDArray[np.bool_], *, common: float | None = None, weight: float = 40.0
) -> NDArray[np.float32]:
    """Return a threshold for each column, drawn to the common one in proportion to few examples.

    Parameters
    ----------
    scores : float array of shape (n, k)
        Calibrated and cross-fitted.
    truth : bool array of shape (n, k)
    common : float, optional
        Threshold for all columns; the best for the pooled F1 when not given.
    weight : float
        Number of true examples at which a column's own threshold counts half.
    """
    if common is None:
        common = best_threshold(scores.ravel(), truth.ravel())
    result = np.full(scores.shape[1], common, dtype=np.float32)
    for column in range(scores.shape[1]):
        count = int(truth[:, column].sum())
        if count:
            own = best_threshold(scores[:, column], truth[:, column])
            result[column] = (count * own + weight * common) / (count + weight)
    return result


def precision_threshold(
    scores: Floats, truth: NDArray[np.bool_], precision: float, *, fallback: float = 0.9
) -> float:
    """Return the lowest threshold with at least this precision above it, ``fallback`` if there is none."""
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    reached = np.cumsum(truth[order]) / np.arange(1, len(order) + 1) >= precision
    # The first few may be right by luck: at least five true ones must lie above.
    reached &= np.cumsum(truth[order]) >= 5
    return float(scores[order][np.flatnonzero(reached)[-1]]) if reached.any() else fallback


def reliability(
    probability: Floats, truth: NDArray[np.bool_], bins: int = 10
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return count, mean probability and share of truth in bins of equal width."""
    place = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    divisor = np.maximum(count, 1)
    mean = np.bincount(place, probability, minlength=bins) / divisor
    share = np.bincount(place, truth, minlength=bins) / divisor
    return count, mean, share


def calibration_error(probability: Floats, truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error: mean |share − probability| over bins, weighted by count."""
    count, mean, share = reliability(probability, truth, bins)
    return float((count * np.abs(mean - share)).sum() / max(count.sum(), 1))


def sharpened(shares: NDArray[np.float32], power: float) -> NDArray[np.float32]:
    """Return probabilities (n, 3) raised to ``power``, each row summing to one again."""
    if power == 1.0:
        return shares
    # In float64, so that rounding is the same wherever a row stands in its batch.
    raised = np.maximum(shares, 0.0).astype(np.float64) ** power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def sharpness(shares: NDArray[np.float32], truth: NDArray[np.int8]) -> float:
    """Return the power that makes what is true likeliest; 1 where there is nothing to learn from.

    Parameters
    ----------
    shares : float array of shape (n, 3)
        Probabilities.
    truth : int array of shape (n,)
        Which of the three is true.
    """
    if not len(truth):
        return 1.0
    found = [sharpened(shares, float(power))[np.arange(len(truth)), truth] for power in _POWERS]
    losses = [-np.log(np.maximum(part.astype(np.float64), _EDGE)).mean() for part in found]
    return round(float(_POWERS[int(np.argmin(losses))]), 2)
