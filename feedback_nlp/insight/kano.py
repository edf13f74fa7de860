"""Penalty–reward contrast (Brandt 1987), classed as in Kano (1984): what blame costs, what praise brings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from feedback_nlp.insight.features import Features
from feedback_nlp.insight.relative import products

__all__ = ["KINDS", "Contrast", "asymmetry", "coefficients", "design", "kinds", "penalty_reward"]

KINDS = ("basic", "performance", "excitement")
# A penalty and a reward both within this many standard errors of 0 say nothing.
_NEAR = 1.96
_ASYMMETRY = 0.2
# Makes coefficients of features that a draw doesn't hold 0; a millionth of a review's weight elsewhere.
_RIDGE = 1e-6

Floats = NDArray[np.float64]


class Contrast(NamedTuple):
    """Penalties (≤ 0) and rewards (≥ 0) of k features with their standard errors, arrays of shape (k,).

    ``kind`` is one of ``KINDS``, or None where both are within 1.96 standard errors of 0.
    """

    penalty: Floats
    penalty_se: Floats
    reward: Floats
    reward_se: Floats
    asymmetry: list[float | None]
    kind: list[str | None]


def design(negative: sparse.csr_array, others: sparse.csr_array) -> sparse.csr_array:
    """Return [1, negative, others] of shape (n, 1 + k + m): the first k after the constant are penalties."""
    ones = sparse.csr_array(np.ones((negative.shape[0], 1)))
    return sparse.csr_array(sparse.hstack([ones, negative, others], format="csr"))


def coefficients(x: sparse.csr_array, y: Floats, weights: Floats) -> Floats:
    """Return least-squares coefficients for each weighting of the reviews.

    Parameters
    ----------
    x : sparse array of shape (n, m)
        From :func:`design`.
    y : float64 array of shape (n,)
    weights : float64 array of shape (n, draws)

    Returns
    -------
    float64 array of shape (draws, m)
        (XᵀWX + 10⁻⁶ I)⁻¹ XᵀWy; a feature that a draw doesn't hold has 0.
    """
    m, draws = x.shape[1], weights.shape[1]
    gram = (products(x).T @ weights).T.reshape(draws, m, m)
    gram[:, np.arange(m), np.arange(m)] += _RIDGE
    moment = (x.T @ (weights * y[:, None])).T
    return np.asarray(np.linalg.solve(gram, moment[..., None])[..., 0])


def asymmetry(penalty: Floats, reward: Floats) -> Floats:
    """Return (reward − |penalty|)/(reward + |penalty|), in [-1, 1]; 0 where both are 0."""
    size = reward - penalty
    return np.divide(reward + penalty, size, out=np.zeros_like(size), where=size > 0)


def kinds(asymmetries: Floats) -> NDArray[np.str_]:
    """Return basic below −0.2, excitement above 0.2, else performance."""
    return np.select(
        [asymmetries < -_ASYMMETRY, asymmetries > _ASYMMETRY], ["basic", "excitement"], "performance"
    )


def penalty_reward(found: Features, y: Floats) -> Contrast:
    """Return the penalty–reward contrast of reviews with an outcome.

    y = b₀ + Σ_k (penalty_k·1[k negative] + reward_k·1[k positive]) by least squares; not mentioned is the
    reference. Wrong signs are cut to 0. Standard errors allow for unequal variance (HC1; MacKinnon and White
    1985), since ratings crowd at one end. Who mentions something chose to, so penalties are inflated.

    Parameters
    ----------
    found : Features of the n reviews
    y : float64 array of shape (n,)
    """
    k = len(found.codes)
    x = design(found.negative, found.positive)
    inverse = np.linalg.pinv((x.T @ x).toarray(), hermitian=True)
    b = inverse @ (x.T @ y)
    spare = max(len(y) - int(np.linalg.matrix_rank(inverse, hermitian=True)), 1)
    squared = (y - x @ b) ** 2 * len(y) / spare
    meat = (x.T @ (x * squared[:, None])).toarray()
    errors = np.sqrt(np.maximum(np.diag(inverse @ meat @ inverse), 0.0))
    penalty, reward = np.minimum(b[1 : k + 1], 0.0), np.maximum(b[k + 1 :], 0.0)
    penalty_se, reward_se = errors[1 : k + 1], errors[k + 1 :]
    near = (-penalty <= _NEAR * penalty_se) & (reward <= _NEAR * reward_se)
    leaning = asymmetry(penalty, reward)
    silent = (near | (reward - penalty <= 0)).tolist()
    return Contrast(
        penalty,
        penalty_se,
        reward,
        reward_se,
        [None if quiet else value for quiet, value in zip(silent, leaning.tolist(), strict=True)],
        [None if quiet else str(kind) for quiet, kind in zip(silent, kinds(leaning), strict=True)],
    )
