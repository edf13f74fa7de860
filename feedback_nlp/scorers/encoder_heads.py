"""The small end of the encoder in numpy: pooled token states in, calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.linear_model import review_max, sigmoid, softmax
from feedback_nlp.scorers.products import rowwise_product

if TYPE_CHECKING:
    from feedback_nlp.scorers.encoder_tokens import Tokens
    from feedback_nlp.text.clauses import Clauses

__all__ = ["HEAD_LAYERS", "EncoderLogits", "Heads", "Pooled", "calibrated", "mean_states"]

Floats = NDArray[np.float32]
HEAD_LAYERS = ("clause_hidden", "clause_out", "clause_flags", "overall_out")


class Pooled(NamedTuple):
    """Mean token states: of clauses (n_clauses, width) and of the tokens a window owns (n_windows, width)."""

    clauses: Floats
    windows: Floats


@dataclass(frozen=True)
class EncoderLogits:
    """Uncalibrated outputs: ``sides`` (n_clauses, n_facets, 3), ``overall`` (n_reviews, 3), ``flags``."""

    sides: Floats
    overall: Floats
    flags: Floats


def mean_states(states: Floats, spans: NDArray[np.int32]) -> Floats:
    """Return the mean of rows of ``states`` (tokens, width) over half-open spans (k, 2), none empty."""
    padded = np.concatenate([states, np.zeros((1, states.shape[1]), np.float32)])
    sums = np.add.reduceat(padded, spans.ravel(), axis=0)[::2]
    return np.asarray(sums / (spans[:, 1] - spans[:, 0])[:, None], dtype=np.float32)


@dataclass(frozen=True)
class Heads:
    """Weights and biases of the layers after pooling, by name of layer.

    Attributes
    ----------
    weights : mapping
        Layer → float32 array of shape (outputs, inputs), as torch has them.
    biases : mapping
        Layer → float32 array of shape (outputs,).
    """

    weights: Mapping[str, Floats]
    biases: Mapping[str, Floats]

    def logits(self, pooled: Pooled, tokens: Tokens, clauses: Clauses) -> EncoderLogits:
        """Return logits; reviews without clauses get zeros."""
        review = _by_review(pooled.windows, tokens, clauses.n_reviews)
        joined = np.concatenate([pooled.clauses, review[clauses.review]], axis=1)
        hidden = _gelu(self._layer("clause_hidden", joined))
        sides = self._layer("clause_out", hidden)
        # review_max starts from zero for reviews without clauses only.
        strongest = review_max(hidden, clauses)
        return EncoderLogits(
            sides.reshape(len(sides), sides.shape[1] // 3, 3),
            self._layer("overall_out", np.concatenate([review, strongest], axis=1)),
            review_max(self._layer("clause_flags", hidden), clauses),
        )

    def _layer(self, name: str, values: Floats) -> Floats:
        return rowwise_product(values, self.weights[name].T) + self.biases[name]


def _by_review(windows: Floats, tokens: Tokens, n_reviews: int) -> Floats:
    """Return the mean state of each review: of its windows, weighed by the tokens they own."""
    size = np.diff(tokens.windows.own, axis=1).astype(np.float32)
    total = np.zeros((n_reviews, windows.shape[1]), dtype=np.float32)
    count = np.zeros((n_reviews, 1), dtype=np.float32)
    np.add.at(total, tokens.windows.review, windows * size)
    np.add.at(count, tokens.windows.review, size)
    return np.asarray(total / np.maximum(count, 1), dtype=np.float32)


def _gelu(values: Floats) -> Floats:
    """Return x · Φ(x), with the error function as torch has it."""
    from scipy.special import erf

    return np.asarray(values * 0.5 * (1 + erf(values / np.float32(np.sqrt(2)))), dtype=np.float32)


def mention_logit(sides: Floats) -> Floats:
    """Return the log-odds that at least one of three independent sides is there: (n_clauses, n_facets)."""
    absent = -np.logaddexp(0, sides.astype(np.float64)).sum(axis=2)
    present = np.log(-np.expm1(np.minimum(absent, -1e-12)))
    return np.asarray(present - absent, dtype=np.float32)


def calibrated(logits: EncoderLogits, clauses: Clauses, fit: Mapping[str, Floats]) -> Prediction:
    """Return calibrated probabilities; reviews without clauses are even and carry no flag.

    Parameters
    ----------
    logits : EncoderLogits
    clauses : Clauses
    fit : mapping
        ``mention_slope``, ``mention_shift`` (n_facets); ``overall_weights`` (3, 3), ``overall_bias`` (3);
        ``flag_slope``, ``flag_shift`` (5).
    """
    score = sigmoid(mention_logit(logits.sides) * fit["mention_slope"] + fit["mention_shift"])
    sides = sigmoid(logits.sides)
    share = sides / np.maximum(sides.sum(axis=2, keepdims=True), np.float32(1e-9))
    overall = softmax(rowwise_product(logits.overall, fit["overall_weights"]) + fit["overall_bias"])
    flags = sigmoid(logits.flags * fit["flag_slope"] + fit["flag_shift"])
    empty = np.bincount(clauses.review, minlength=clauses.n_reviews) == 0
    overall[empty], flags[empty] = np.float32(1 / 3), np.float32(0)
    return Prediction(np.asarray(score[:, :, None] * share, dtype=np.float32), overall, flags)
