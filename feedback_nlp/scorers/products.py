"""Matrix products whose rows don't depend on how many there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["steady_product"]

# Rows of one matrix product. BLAS may round a row of a product of another shape another way; with all
# products of one shape a review gets the same bits alone or among thousands.
_ROWS = 64

Floats = NDArray[np.float32]


def steady_product(features: Floats, weights: Floats) -> Floats:
    """Return features @ weights in products of one shape, the last filled up with zeros."""
    count, width = features.shape
    blocks = -(-count // _ROWS)
    padded = np.zeros((blocks * _ROWS, width), dtype=np.float32)
    padded[:count] = features
    found = np.matmul(padded.reshape(blocks, _ROWS, width), weights)
    return np.asarray(found.reshape(-1, weights.shape[1])[:count], dtype=np.float32)
