"""Many logistic regressions on the same sparse features at once, with probabilities as targets.

scikit-learn's take one target at a time, of zeros and ones only. Here all targets share each pass over the
matrix, which is what costs, and another judge's probabilities teach as well as labels do. Sums are made in a
fixed order: the same data in the same order give the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Part", "Problem", "fit"]

Floats = NDArray[np.float32]

# Steps of one fit, and the groups of examples they go through in turn: fewer where there are few examples.
STEPS, MOST_BLOCKS, PER_BLOCK = 288, 24, 400
# The highest rate, from which it falls to zero in a line; past steps' weight in the running means.
RATE, DECAY, DECAY_OF_SQUARES = 0.1, 0.9, 0.99
# The bias counts as a feature of this size, so that it is hardly held back.
BIAS_UNIT = np.float32(3.0)
# A target that nothing speaks for begins at log-odds of −6, one that everything speaks for at 6.
_LEAST_SHARE = 0.0025


class Part(NamedTuple):
    """Some of the features: a CSR matrix, and for each example the row it looks at (its own if None)."""

    matrix: csr_matrix
    rows: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Problem:
    """What to fit.

    Attributes
    ----------
    parts : sequence of Part
        Features, side by side.
    target : float32 array of shape (n_examples, n_targets)
        Probabilities.
    weight : float32 array of the same shape
        How much each counts; 0 where the target is unknown.
    group : int array of shape (n_examples,)
        Examples of one group, say a review, are looked at together.
    """

    parts: Sequence[Part]
    target: Floats
    weight: Floats
    group: NDArray[np.int64]


class _Block(NamedTuple):
    """Some examples: for each part the rows they look at and, where they share rows, who looks at which."""

    seen: list[tuple[csr_matrix, csr_matrix | None]]
    target: Floats
    weight: Floats


def fit(problem: Problem, strength: float) -> tuple[list[Floats], Floats]:
    """Return the weights of each part, (n_features, n_targets), and the bias of each target.

    Goes towards the one minimum of ½‖w‖² + ``strength`` · Σ weight · cross-entropy(target, sigmoid(w·x +
    bias)) by ``STEPS`` steps of Adam (Kingma and Ba, 2015) with a rate that falls to zero. Where ``strength``
    is high they stop short of it, which holds weights back as well. A target that is known nowhere gets no
    weights and the bias of one that nothing speaks for.
    """
    count = problem.target.shape[1]
    blocks = list(_blocks(problem))
    values = [np.zeros((part.matrix.shape[1], count), np.float32) for part in problem.parts]
    first = _first_bias(problem.target, problem.weight)
    values.append(first[None, :] / BIAS_UNIT)
    if blocks:
        _descend(values, blocks, strength)
    # The penalty alone would draw it to even odds.
    unknown = ~(problem.weight > 0).any(axis=0)
    bias = np.where(unknown, first, values[-1][0] * BIAS_UNIT)
    return values[:-1], np.asarray(bias, dtype=np.float32)


def _first_bias(target: Floats, weight: Floats) -> Floats:
    total = weight.sum(axis=0, dtype=np.float64)
    share = (target * weight).sum(axis=0, dtype=np.float64) / np.maximum(total, 1e-9)
    inside = np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float32)


def _blocks(problem: Problem) -> Iterator[_Block]:
    """Yield the examples in blocks, each group in one of them, at random but the same in every run."""
    groups, group = np.unique(problem.group, return_inverse=True)
    count = int(np.clip(len(groups) // PER_BLOCK, 4, MOST_BLOCKS))
    block = np.random.default_rng(0).integers(0, count, len(groups))[group]
    for number in range(count):
        inside = np.flatnonzero(block == number)
        if len(inside):
            seen = [_seen(part, inside) for part in problem.parts]
            yield _Block(seen, problem.target[inside], problem.weight[inside])


def _seen(part: Part, inside: NDArray[np.int64]) -> tuple[csr_matrix, csr_matrix | None]:
    from scipy.sparse import csr_matrix

    if part.rows is None:
        return part.matrix[inside], None
    rows, place = np.unique(part.rows[inside], return_inverse=True)
    looks = csr_matrix(
        (np.ones(len(inside), np.float32), (np.arange(len(inside)), place)), shape=(len(inside), len(rows))
    )
    return part.matrix[rows], looks


def _descend(values: list[Floats], blocks: list[_Block], strength: float) -> None:
    """Move ``values``, the weights of each part and the bias, towards the minimum."""
    means = [np.zeros_like(value) for value in values]
    squares = [np.zeros_like(value) for value in values]
    random, order = np.random.default_rng(0), np.array([], dtype=np.int64)
    for step in range(STEPS):
        if not len(order):
            order = random.permutation(len(blocks))
        changes = _gradient(values, blocks[order[0]], strength * len(blocks))
        order = order[1:]
        rate = RATE * (1 - step / STEPS)
        level, spread = 1 - DECAY ** (step + 1), 1 - DECAY_OF_SQUARES ** (step + 1)
        for value, change, mean, square in zip(values, changes, means, squares, strict=True):
            # In place: these are the largest arrays there are.
            change += value
            mean *= np.float32(DECAY)
            mean += np.float32(1 - DECAY) * change
            np.square(change, out=change)
            square *= np.float32(DECAY_OF_SQUARES)
            square += np.float32(1 - DECAY_OF_SQUARES) * change
            np.sqrt(square, out=change)
            change += np.float32(1e-8)
            np.divide(mean, change, out=change)
            change *= np.float32(rate * spread**0.5 / level)
            value -= change


def _gradient(values: list[Floats], block: _Block, strength: float) -> list[Floats]:
    """Return how the loss of a block changes with the weights of each part and the bias."""
    logits = np.repeat(values[-1] * BIAS_UNIT, len(block.target), axis=0)
    for (matrix, looks), value in zip(block.seen, values[:-1], strict=True):
        found = matrix @ value
        logits += found if looks is None else looks @ found
    np.clip(logits, -30, 30, out=logits)
    error = 1 / (1 + np.exp(-logits)) - block.target
    error *= block.weight
    error *= np.float32(strength)
    changes = []
    for matrix, looks in block.seen:
        changes.append(matrix.T @ (error if looks is None else looks.T @ error))
    return [*changes, error.sum(axis=0, keepdims=True) * BIAS_UNIT]
