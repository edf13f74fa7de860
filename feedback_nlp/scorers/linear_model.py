"""The arrays of the linear scorer and the forward pass: sparse n-grams times weights, then small layers.

Every step treats a row by itself and adds in a fixed order, so a review gets the same bits alone or among
thousands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.sparse_rows import Rows, Table, restore

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.taxonomy import Taxonomy
    from feedback_nlp.text.clauses import Clauses

__all__ = [
    "Columns",
    "LinearWeights",
    "Logits",
    "clause_scale",
    "neighbour_rows",
    "overall_features",
    "overall_seen",
    "restore",
]

# Facets whose polarity speaks for the whole review.
WHOLE_FACETS = ("overall.general", "brand.loyalty")

Floats = NDArray[np.float32]
# Logits are bounded before calibration: beyond this a sigmoid is 0 or 1 in float32 anyway.
_BOUND = np.float32(30.0)


@dataclass(frozen=True)
class Columns:
    """Where each head's weights stand on the column axis of the weight matrix, for ``n_facets`` facets.

    ``*_clause`` weights are applied to the n-grams of the clause, ``*_review`` to those of its whole review,
    ``*_before`` and ``*_after`` to the neighbouring clauses.
    """

    n_facets: int

    def blocks(self) -> dict[str, slice]:
        """Return name → slice, in order."""
        facets = self.n_facets
        sizes = {
            "mention_clause": facets,
            "mention_review": facets,
            "polar_clause": facets,
            "polar_before": 1,
            "polar_after": 1,
            "polar_review": 1,
            "neutral_clause": 1,
            "neutral_review": 1,
            "overall_review": 3,
            "flags_review": 5,
        }
        ends = np.cumsum(list(sizes.values())).tolist()
        return {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}

    @property
    def total(self) -> int:
        """Number of columns."""
        return int(self.blocks()["flags_review"].stop)


@dataclass(frozen=True)
class Logits:
    """Uncalibrated outputs.

    Attributes
    ----------
    mention, polar, neutral : float32 arrays of shape (n_clauses, n_facets)
        Log-odds of: mentioned; positive against negative; neutral against either.
    overall : float32 array of shape (n_reviews, 3)
    flags : float32 array of shape (n_reviews, 5)
    """

    mention: Floats
    polar: Floats
    neutral: Floats
    overall: Floats
    flags: Floats

    def first(self, clauses: int, reviews: int) -> Logits:
        """Return those of the first so many clauses and reviews."""
        per_clause = (self.mention[:clauses], self.polar[:clauses], self.neutral[:clauses])
        return Logits(*per_clause, self.overall[:reviews], self.flags[:reviews])


def clause_scale(matrix: csr_matrix) -> Floats:
    """Return 1 / sqrt(number of known n-grams) of each row."""
    counts = np.diff(matrix.indptr).astype(np.float32)
    return (1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)


def neighbour_rows(review: NDArray[np.int64], step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that have a clause ``step`` places on in the same review, and those clauses' rows."""
    rows = np.arange(len(review), dtype=np.int64)
    other = rows + step
    inside = (other >= 0) & (other < len(review))
    rows, other = rows[inside], other[inside]
    same = review[rows] == review[other]
    return rows[same], other[same]


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-x))."""
    bounded = np.clip(logits, -_BOUND, _BOUND)
    return np.asarray(1 / (1 + np.exp(-bounded)), dtype=np.float32)


def softmax(logits: Floats) -> Floats:
    """Return softmax over three columns, adding them in order."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    total = shifted[:, 0] + shifted[:, 1] + shifted[:, 2]
    return np.asarray(shifted / total[:, None], dtype=np.float32)


def small_product(features: Floats, weights: Floats, bias: Floats) -> Floats:
    """Return features @ weights + bias, added feature by feature: BLAS would depend on the number of rows."""
    result = np.repeat(bias[None, :].astype(np.float32), len(features), axis=0)
    for position in range(features.shape[1]):
        result += features[:, position, None] * weights[position]
    return result


def _whole(raw: Floats, size: Floats, blocks: Mapping[str, slice], clauses: Clauses) -> dict[str, Floats]:
    """Return what the n-grams of whole reviews say: the columns that look at them, over sqrt(their number).

    Parameters
    ----------
    raw : float32 array of shape (n_clauses, Columns.total)
    size : float32 array of shape (n_clauses,)
        Number of short n-grams of each clause.
    blocks : mapping
        As ``Columns.blocks``.
    """
    names = [name for name in blocks if name.endswith("_review")]
    parts = [size[:, None], *(raw[:, blocks[name]] for name in names)]
    total = review_sum(np.concatenate(parts, axis=1), clauses)
    whole = np.asarray(total[:, 1:] / np.sqrt(np.maximum(total[:, :1], 1)), dtype=np.float32)
    ends = np.cumsum([blocks[name].stop - blocks[name].start for name in names])
    return dict(zip(names, np.split(whole, ends[:-1], axis=1), strict=True))


def nonzero_product(features: Floats, weights: Floats) -> Floats:
    """Return features @ weights for features that are mostly zero, added in the order of columns."""
    result = np.zeros((len(features), weights.shape[1]), dtype=np.float32)
    rows, columns = np.nonzero(features)
    if len(rows):
        first = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        sizes = np.diff(np.append(first, len(rows)))
        for step in range(int(sizes.max())):
            place = first[sizes > step] + step
            row, column = rows[place], columns[place]
            result[row] += features[row, column, None] * weights[column]
    return result


def review_sum(values: Floats, clauses: Clauses) -> Floats:
    """Return the sum of clause rows for each review, added in order of clauses."""
    sizes = np.bincount(clauses.review, minlength=clauses.n_reviews)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return Rows(starts, np.arange(len(clauses))).sums(Table(values))


def review_max(values: Floats, clauses: Clauses) -> Floats:
    """Return the greatest clause value for each review; 0 for a review without clauses."""
    result = np.zeros((clauses.n_reviews, values.shape[1]), dtype=np.float32)
    if len(clauses):
        first = np.flatnonzero(clauses.index == 0)
        result[clauses.review[first]] = np.maximum.reduceat(values, first, axis=0)
    return result


def whole_facets(taxonomy: Taxonomy) -> NDArray[np.intp]:
    """Return where the facets that speak for the whole review stand."""
    return np.array([taxonomy.index[code] for code in WHOLE_FACETS if code in taxonomy.index], dtype=np.intp)


def overall_features(
    block: Floats, clauses: Clauses, bag: Floats, evidence: Evidence, general: NDArray[np.intp]
) -> Floats:
    """Return what the overall layer sees of each review.

    Parameters
    ----------
    block : float32 array of shape (n_clauses, n_facets, 3)
        Calibrated clause probabilities.
    clauses : Clauses
    bag : float32 array of shape (n_reviews, 3)
        Log-odds from the n-grams of the whole review.
    evidence : Evidence
        Of the lexicon.
    general : int array
        Facets whose polarity speaks for the whole (overall.general, brand.loyalty).

    Returns
    -------
    float32 array of shape (n_reviews, 19)
    """
    sides = np.zeros((len(block), 3), dtype=np.float32)
    for facet in range(block.shape[1]):
        np.maximum(sides, block[:, facet], out=sides)
    counts = np.bincount(clauses.review, minlength=clauses.n_reviews).astype(np.float32)
    mean = review_sum(sides, clauses) / np.maximum(counts, 1)[:, None]
    top = review_max(sides, clauses)
    last = np.zeros_like(top)
    final = np.flatnonzero(np.diff(clauses.review, append=-1) != 0)
    last[clauses.review[final]] = sides[final]
    whole = [
        review_max(np.ascontiguousarray(block[:, general, side]), clauses).max(axis=1, initial=0)
        for side in (0, 2)
    ]
    balance = (mean[:, 2] - mean[:, 0]) / (mean[:, 2] + mean[:, 0] + np.float32(0.1))
    parts = (np.clip(bag, -6, 6), evidence.overall, mean, top, last, np.stack([*whole, balance], axis=1))
    return np.concatenate(parts, axis=1).astype(np.float32)


def overall_seen(features: Floats, fit: Mapping[str, Floats]) -> Floats:
    """Return what the last overall layer weighs: hidden units where a model has them, else the features.

    Parameters
    ----------
    features : float32 array of shape (n_reviews, 19)
        Of ``overall_features``.
    fit : mapping
        ``LinearWeights.calibration``.
    """
    if "overall_hidden" not in fit:
        return features
    return np.maximum(small_product(features, fit["overall_hidden"], fit["overall_hidden_bias"]), 0)


@dataclass(frozen=True)
class LinearWeights:
    """Everything learnt, as arrays.

    Attributes
    ----------
    slots : uint32 array of shape (n_grams,)
        Known n-grams, ascending (``hashing.Vocabulary``).
    short : bool array of shape (n_grams,)
        N-grams that count for the whole review (those of one or two characters).
    weights : float32 array of shape (n_grams, Columns.total)
    bias : mapping
        Head name → float32 array: ``mention`` (n_facets), ``polar`` (n_facets), ``neutral`` (n_facets),
        ``overall`` (3), ``flags`` (5); and the weights of the lexicon's evidence: ``evidence_mention``
        (n_facets, n_facets), ``evidence_polar`` (4), ``evidence_neutral`` (1).
    calibration : mapping
        ``mention_slope``, ``mention_shift`` (n_facets), ``polar_slope`` (1), ``overall_weights`` (19 or
        n_hidden, 3), ``overall_bias`` (3), ``flags_weights`` (10 + n_facets, 5), ``flags_bias`` (5); with
        hidden units ``overall_hidden`` (19, n_hidden) and ``overall_hidden_bias`` (n_hidden).
    """

    slots: NDArray[np.uint32]
    short: NDArray[np.bool_]
    weights: Floats
    bias: Mapping[str, Floats]
    calibration: Mapping[str, Floats]

    @classmethod
    def stored(
        cls,
        slots: NDArray[np.uint32],
        short: NDArray[np.bool_],
        table: Table,
        bias: Mapping[str, Floats],
        calibration: Mapping[str, Floats],
    ) -> LinearWeights:
        """Return weights as a model folder holds them, in eight bits: restored whole only when asked for."""
        made = object.__new__(cls)
        parts = {"slots": slots, "short": short, "table": table, "bias": bias, "calibration": calibration}
        made.__dict__.update(parts)
        return made

    def __getattr__(self, name: str) -> Any:
        """Restore the matrix of ``stored`` weights."""
        if name == "weights" and "table" in self.__dict__:
            return self.table.dense
        raise AttributeError(name)

    @cached_property
    def table(self) -> Table:
        """The weights as a table to sum rows of."""
        return Table(self.weights)

    def quantised(self) -> LinearWeights:
        """Return the same in eight bits, as a model folder holds them: what prediction works on."""
        if self.table.scale is not None:
            return self
        return self.stored(self.slots, self.short, Table(*self.eight_bits()), self.bias, self.calibration)

    def eight_bits(self) -> tuple[NDArray[np.int8], Floats]:
        """Return int8 weights and the factor of each column."""
        scale = self.table.scale
        return quantise(self.weights) if scale is None else (self.table.small, scale)

    def logits(self, matrix: csr_matrix, clauses: Clauses, evidence: Evidence) -> Logits:
        """Return the log-odds of clauses given as n-gram rows and the lexicon's evidence."""
        rows = Rows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))
        return self.logits_of(rows, self.table, clauses, evidence)

    def logits_of(self, rows: Rows, table: Table, clauses: Clauses, evidence: Evidence) -> Logits:
        """Return the same from rows and a table at hand."""
        n_facets = self.bias["mention"].shape[0]
        blocks = Columns(n_facets).blocks()
        raw = rows.sums(table)
        counts = np.diff(rows.starts).astype(np.float32)
        scale = (1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)[:, None]
        short = np.append(0, np.cumsum(self.short[rows.columns]))
        size = (short[rows.starts[1:]] - short[rows.starts[:-1]]).astype(np.float32)
        whole = _whole(raw, size, blocks, clauses)

        def near(name: str) -> Floats:
            return np.asarray(raw[:, blocks[name]] * scale, dtype=np.float32)

        polar = near("polar_clause")
        polar += whole["polar_review"][clauses.review]
        for name, step in (("polar_before", -1), ("polar_after", 1)):
            place, other = neighbour_rows(clauses.review, step)
            polar[place] += near(name)[other]
        polar_weights, neutral_weight = self.bias["evidence_polar"], self.bias["evidence_neutral"]
        polar += evidence.polar * polar_weights[0]
        for column in range(evidence.tone.shape[1]):
            polar += evidence.tone[:, column, None] * polar_weights[1 + column]
        neutral = near("neutral_clause") + whole["neutral_review"][clauses.review]
        mention = near("mention_clause")
        mention += whole["mention_review"][clauses.review]
        mention += nonzero_product(evidence.mention, self.bias["evidence_mention"])
        return Logits(
            mention + self.bias["mention"],
            polar + self.bias["polar"],
            neutral + evidence.neutral * neutral_weight + self.bias["neutral"],
            whole["overall_review"] + self.bias["overall"],
            whole["flags_review"] + self.bias["flags"],
        )

    def calibrated(
        self, logits: Logits, clauses: Clauses, evidence: Evidence, general: NDArray[np.intp]
    ) -> Prediction:
        """Return calibrated probabilities; reviews without clauses are even and carry no flag."""
        fit = self.calibration
        score = sigmoid(logits.mention * fit["mention_slope"] + fit["mention_shift"])
        block = clause_block(score, logits, fit["polar_slope"])
        features = overall_features(block, clauses, logits.overall, evidence, general)
        seen = overall_seen(features, fit)
        overall = softmax(small_product(seen, fit["overall_weights"], fit["overall_bias"]))
        flags = sigmoid(
            small_product(
                flag_features(block, clauses, logits.flags, evidence), fit["flags_weights"], fit["flags_bias"]
            )
        )
        empty = np.bincount(clauses.review, minlength=clauses.n_reviews) == 0
        overall[empty], flags[empty] = np.float32(1 / 3), np.float32(0)
        return Prediction(block, overall, flags)


def clause_block(score: Floats, logits: Logits, slope: Floats) -> Floats:
    """Return (n_clauses, n_facets, 3) from the probability of a mention and the log-odds of its polarity."""
    neutral = sigmoid(logits.neutral)
    positive = sigmoid(logits.polar * slope)
    polar = score * (1 - neutral)
    block = np.empty((*score.shape, 3), dtype=np.float32)
    block[:, :, 0] = polar * (1 - positive)
    block[:, :, 1] = score * neutral
    block[:, :, 2] = polar * positive
    return block


def flag_features(block: Floats, clauses: Clauses, bag: Floats, evidence: Evidence) -> Floats:
    """Return log-odds of the flags beside the strongest blame of each facet: (n_reviews, 10 + n_facets)."""
    blame = review_max(np.ascontiguousarray(block[:, :, 0]), clauses)
    return np.concatenate([np.clip(bag, -6, 6), evidence.flags, blame], axis=1).astype(np.float32)


def quantise(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return int8 weights and the factor of each column."""
    scale = np.maximum(np.abs(weights).max(axis=0, initial=0), 1e-12) / 127
    return np.rint(weights / scale).astype(np.int8), scale.astype(np.float32)
