"""Linear scorers with an arbitrary network beside their heads, or without one."""

from __future__ import annotations

import numpy as np

from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_model import Columns, LinearWeights
from feedback_nlp.scorers.linear_student import STUDENT

# So wide that BLAS rounds a row of a product by its place, if it is let.
WIDTH, HIDDEN = 64, 128


def arrays(n_facets: int, *, width: int = WIDTH, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the arrays of a network, at random."""
    random = np.random.default_rng(seed)
    shapes = {
        **dict.fromkeys(("own", "before", "after", "review"), (width, HIDDEN)),
        "tone": (3, HIDDEN),
        "hidden": (HIDDEN,),
        "out": (HIDDEN, 3 * n_facets),
        "shift": (3 * n_facets,),
    }
    return {
        STUDENT + name: (random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)
        for name, shape in shapes.items()
    }


def networked(base: LinearScorer, *, network: bool = True) -> LinearScorer:
    """Return the heads of ``base`` with a network at random, or without any."""
    weights, n_facets = base.weights_, len(base.taxonomy_.codes)
    dense = weights.table.dense[:, : Columns(n_facets).total]
    bias = {name: value for name, value in weights.bias.items() if not name.startswith(STUDENT)}
    if network:
        table = np.random.default_rng(3).normal(size=(len(weights.slots), WIDTH)).astype(np.float32)
        dense = np.concatenate([dense, table], axis=1)
        bias |= arrays(n_facets)
    return base.with_weights(LinearWeights(weights.slots, weights.short, dense, bias, weights.calibration))
