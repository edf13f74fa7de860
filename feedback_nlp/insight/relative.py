"""Johnson's relative weights, for many bootstrap draws at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Weighed", "correlations", "products", "relative_weights", "weigh"]

_TINY = 1e-12

Floats = NDArray[np.float64]


class Weighed(NamedTuple):
    """For each draw the ``parts`` of R² and standardised ``coefficients``, both (draws, k), and ``r2``."""

    parts: Floats
    coefficients: Floats
    r2: Floats


def relative_weights(r_xx: Floats, r_xy: Floats) -> tuple[Floats, Floats]:
    """Return Johnson's relative weights (2000).

    Parameters
    ----------
    r_xx : float64 array of shape (..., k, k)
        Correlations of the features.
    r_xy : float64 array of shape (..., k)
        Their correlations with the outcome.

    Returns
    -------
    weights : float64 array of shape (..., k)
        ε_j = Σ_m Λ_jm² β_m² with R_xx = Q D² Qᵀ, Λ = Q D Qᵀ and β = Λ⁻¹ r_xy; they sum to R².
    coefficients : float64 array of shape (..., k)
        Standardised regression coefficients R_xx⁻¹ r_xy, for their sign.
    """
    values, vectors = np.linalg.eigh(r_xx)
    root = np.sqrt(np.maximum(values, 0.0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 1e-6)
    flipped = np.swapaxes(vectors, -1, -2)
    forward = (vectors * root[..., None, :]) @ flipped
    backward = (vectors * inverse[..., None, :]) @ flipped
    beta = backward @ r_xy[..., None]
    return (forward**2 @ beta**2)[..., 0], (backward @ beta)[..., 0]


def correlations(x: sparse.csr_array, y: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return weighted correlations; a feature without variance correlates with nothing.

    Parameters
    ----------
    x : sparse array of shape (n, k)
    y : float64 array of shape (n,)
    weights : float64 array of shape (n, draws)

    Returns
    -------
    r_xx : float64 array of shape (draws, k, k)
    r_xy : float64 array of shape (draws, k)
    """
    k, draws = x.shape[1], weights.shape[1]
    total = np.maximum(weights.sum(axis=0), 1.0)
    # Centring on the overall mean keeps the variance of y accurate.
    centred = y - y.mean()
    mean_y = centred @ weights / total
    mean_x = (x.T @ weights / total).T
    with_y = (x.T @ (weights * centred[:, None]) / total).T - mean_x * mean_y[:, None]
    cross = (products(x).T @ weights / total).T.reshape(draws, k, k)
    cov = cross - mean_x[:, :, None] * mean_x[:, None, :]
    sd_x = np.sqrt(np.maximum(np.diagonal(cov, axis1=1, axis2=2), 0.0))
    sd_y = np.sqrt(np.maximum(centred**2 @ weights / total - mean_y**2, 0.0))
    scale = sd_x[:, :, None] * sd_x[:, None, :]
    r_xx = np.divide(cov, scale, out=np.zeros_like(cov), where=scale > _TINY)
    r_xx[:, np.arange(k), np.arange(k)] = 1.0
    scale_y = sd_x * sd_y[:, None]
    return r_xx, np.divide(with_y, scale_y, out=np.zeros_like(with_y), where=scale_y > _TINY)


def products(x: sparse.csr_array) -> sparse.csr_array:
    """Return all products of two features of a row, of shape (n, k·k); as sparse as the rows are."""
    n, k = x.shape
    per_row = np.diff(x.indptr)
    row = np.repeat(np.arange(n), per_row)
    partners = per_row[row]
    left = np.repeat(np.arange(x.nnz), partners)
    within = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    right = x.indptr[row[left]] + within
    column = x.indices[left].astype(np.int64) * k + x.indices[right]
    return sparse.csr_array((x.data[left] * x.data[right], (row[left], column)), shape=(n, k * k))


def weigh(x: sparse.csr_array, y: Floats, weights: Floats) -> Weighed:
    """Return relative weights of weighted reviews; shapes as in :func:`correlations`."""
    raw, coefficients = relative_weights(*correlations(x, y, weights))
    r2 = raw.sum(axis=1)
    parts = np.divide(raw, r2[:, None], out=np.zeros_like(raw), where=r2[:, None] > _TINY)
    return Weighed(parts, coefficients, r2)
