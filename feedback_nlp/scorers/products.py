"""Matrix products whose rows don't depend on how many there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["padded_product", "padded_rows", "rowwise_product", "steady_product"]

# Rows of one matrix product. BLAS may round a row of a product of another shape another way; with all
# products of one shape a review gets the same bits alone or among thousands.
_ROWS = 64

Floats = NDArray[np.float32]


def steady_product(features: Floats, weights: Floats) -> Floats:
    """Return features @ weights in products of one shape, the last filled up with zeros."""
    count, width = features.shape
    padded = np.zeros((padded_rows(count), width), dtype=np.float32)
    padded[:count] = features
    return padded_product(padded, weights)[:count]


def rowwise_product(features: Floats, weights: Floats) -> Floats:
    """Return features @ weights, each row in a product of its own.

    Some BLAS kernels round a row by its place among the others, also in products of one shape. For wide
    layers over few rows the loop costs little.
    """
    rows = np.ascontiguousarray(features, dtype=np.float32)
    found = np.empty((len(rows), weights.shape[1]), dtype=np.float32)
    for row, out in zip(rows, found, strict=True):
        np.dot(row, weights, out=out)
    return found


def padded_rows(count: int) -> int:
    """Return how many rows ``count`` rows become for ``padded_product``."""
    return -(-count // _ROWS) * _ROWS


def padded_product(features: Floats, weights: Floats) -> Floats:
    """Return the same for features that are filled up to ``padded_rows`` already."""
    count, width = features.shape
    found = np.matmul(features.reshape(count // _ROWS, _ROWS, width), weights)
    return np.asarray(found.reshape(count, weights.shape[1]), dtype=np.float32)
