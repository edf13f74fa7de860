"""The linear scorer's forward pass on compiled loops: the bits of ``linear_parts``, sooner.

N-grams are hashed, looked up and added in one pass over the text, some reviews at a time. One table holds the
rows of both vocabularies: the heads' weights, then columns that count the known n-grams, the short ones among
them, the weights of the tone and its n-grams.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels import grams, heads
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.hashing import SLOT_BITS
from feedback_nlp.scorers.linear_evidence import cell_values, per_root, review_values
from feedback_nlp.scorers.linear_model import Columns
from feedback_nlp.scorers.linear_parts import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from feedback_nlp.scorers.lexicon import Judged
    from feedback_nlp.scorers.linear_model import LinearWeights
    from feedback_nlp.scorers.linear_tone import Tone
    from feedback_nlp.text.clauses import Clauses
    from feedback_nlp.text.column import Column

__all__ = ["FastModel"]

Floats = NDArray[np.float32]
# Columns behind the weights: known n-grams, short ones, weights of the tone, n-grams of the tone.
_MORE = 4
# Rows begin where a line of the processor's cache does.
_LINE = 64
_WORD = 64


class FastTable(NamedTuple):
    """Both vocabularies and their weights, laid out for one pass.

    Attributes
    ----------
    bits : uint64 array of shape (2 ** SLOT_BITS / 64,)
        Which slots are known.
    rank : int32 array of the same shape
        How many known slots lie before each word.
    rows : int8 array of shape (n_known, width)
    scale : float32 array of shape (n_columns + 4,)
        Of the heads' weights and of the columns behind them.
    n_columns : int
        Of the heads' weights.
    """

    bits: NDArray[np.uint64]
    rank: NDArray[np.int32]
    rows: NDArray[np.int8]
    scale: Floats
    n_columns: int

    @classmethod
    def of(cls, weights: LinearWeights, tone: Tone) -> FastTable:
        """Lay out the weights of a scorer."""
        small, scale = weights.eight_bits()
        sounds, tone_scale = tone.quantised
        known = np.union1d(weights.slots, tone.slots).astype(np.int64)
        n_columns = small.shape[1]
        rows = _aligned(len(known), -(-(n_columns + _MORE) // _LINE) * _LINE)
        own, sounding = np.searchsorted(known, weights.slots), np.searchsorted(known, tone.slots)
        rows[own, :n_columns] = small
        rows[own, n_columns] = 1
        rows[own, n_columns + 1] = weights.short
        rows[sounding, n_columns + 2] = sounds
        rows[sounding, n_columns + 3] = 1
        flags = np.zeros(((1 << SLOT_BITS) // _WORD, _WORD), dtype=np.uint8)
        flags[known // _WORD, known % _WORD] = 1
        bits = np.packbits(flags, axis=1, bitorder="little").view("<u8").ravel().astype(np.uint64)
        sizes = flags.sum(axis=1, dtype=np.int64)
        rank = (np.cumsum(sizes) - sizes).astype(np.int32)
        more = np.array([1, 1, tone_scale, 1], dtype=np.float32)
        return cls(bits, rank, rows, np.concatenate([scale, more]), n_columns)


def _aligned(n_rows: int, width: int) -> NDArray[np.int8]:
    """Return zeros whose first row begins where a line of the cache does."""
    room = np.zeros(n_rows * width + _LINE, dtype=np.int8)
    first = -room.ctypes.data % _LINE
    return room[first : first + n_rows * width].reshape(n_rows, width)


class FastLayers(NamedTuple):
    """The small arrays, as the loops want them: contiguous and of one type."""

    bias: tuple[Floats, ...]
    fit: tuple[Floats, ...]
    review_bias: tuple[Floats, Floats]
    review_fit: tuple[Floats, ...]
    wanted: NDArray[np.int64]
    n_facets: int

    @classmethod
    def of(cls, weights: LinearWeights) -> FastLayers:
        """Take them from the weights of a scorer."""
        n_facets = len(weights.bias["mention"])
        places = Columns(n_facets).blocks()
        wanted = [np.arange(at.start, at.stop) for name, at in places.items() if name.endswith("_review")]
        return cls(
            _floats(weights.bias, *_BIAS),
            _floats(weights.calibration, "mention_slope", "mention_shift", "polar_slope"),
            (weights.bias["overall"], weights.bias["flags"]),
            _floats(_NO_HIDDEN | dict(weights.calibration), *_REVIEW),
            np.concatenate(wanted),
            n_facets,
        )


# The loops want every array, if an empty one.
_NO_HIDDEN = {
    "overall_hidden": np.zeros((0, 0), np.float32),
    "overall_hidden_bias": np.zeros(0, np.float32),
}
_REVIEW = (
    "overall_weights",
    "overall_bias",
    "flags_weights",
    "flags_bias",
    "overall_hidden",
    "overall_hidden_bias",
)
_BIAS = ("mention", "polar", "neutral", "evidence_mention", "evidence_polar", "evidence_neutral")


def _floats(arrays: Mapping[str, Floats], *names: str) -> tuple[Floats, ...]:
    return tuple(np.ascontiguousarray(arrays[name], dtype=np.float32) for name in names)


class FastModel(NamedTuple):
    """Everything that ``predict`` needs of a scorer beside the lexicon."""

    table: FastTable
    layers: FastLayers
    general: NDArray[np.int64]

    @classmethod
    def of(cls, weights: LinearWeights, tone: Tone, general: NDArray[np.intp]) -> FastModel:
        """Lay out a scorer; ``general`` as in ``linear_model.overall_features``."""
        return cls(FastTable.of(weights, tone), FastLayers.of(weights), general.astype(np.int64))

    def predict(self, judged: Judged, column: Column, clauses: Clauses) -> Prediction:
        """Return calibrated probabilities.

        Parameters
        ----------
        judged : Judged
            The lexicon's judgement of ``clauses``.
        column : Column
        clauses : Clauses
        """
        table = self.table
        whole = Prediction(
            np.empty((len(clauses), self.layers.n_facets, 3), dtype=np.float32),
            np.empty((clauses.n_reviews, 3), dtype=np.float32),
            np.empty((clauses.n_reviews, 5), dtype=np.float32),
        )
        edges = np.searchsorted(judged.clause, np.arange(len(clauses) + 1))
        cells = cell_values(judged.sides)
        for reviews, rows in parts(clauses):
            some = slice(int(edges[rows.start]), int(edges[rows.stop]))
            sums = grams.gram_sums(
                column.codes,
                column.starts[rows],
                column.ends[rows],
                table.bits,
                table.rank,
                table.rows,
                table.scale,
            )
            part = _Part(
                sums,
                clauses.review[rows] - reviews.start,
                reviews.stop - reviews.start,
                edges[rows.start : rows.stop + 1] - edges[rows.start],
                judged.facet[some],
                judged.sides[some],
                judged.overall[reviews],
                judged.flags[reviews],
                (cells[0][some], cells[1][some], cells[2][some]),
            )
            whole.overall[reviews], whole.flags[reviews] = self._part(part, whole.clauses[rows])
        return whole

    def _part(self, part: _Part, block: Floats) -> tuple[Floats, Floats]:
        """Write the probabilities of clauses into ``block``; return overall and flags."""
        layers, n_columns = self.layers, self.table.n_columns
        count, short, *_ = part.sums[:, n_columns:].T.copy()
        whole = heads.whole_sums(part.sums, short, part.review, layers.wanted, part.n_reviews)
        sums = part.sums[:, n_columns + 2 :].copy()
        sound = per_root(heads.review_sums(sums, part.review, part.n_reviews))
        tones = np.stack([heads.balances(part.edges, part.sides), per_root(sums), sound[part.review]], axis=1)
        exponents = heads.clause_exponents(
            part.sums,
            (1 / np.sqrt(np.maximum(count, 1))).astype(np.float32),
            whole,
            part.review,
            (part.edges, part.facet, *part.cells),
            tones,
            layers.bias,
            layers.fit,
        )
        for values in exponents:
            np.exp(values, out=values)
        heads.blocks(*exponents, block)
        return self._reviews(part, block, whole, sound)

    def _reviews(self, part: _Part, block: Floats, whole: Floats, sound: Floats) -> tuple[Floats, Floats]:
        """Return overall and flags."""
        layers, n_facets = self.layers, self.layers.n_facets
        bags = (
            whole[:, n_facets + 2 : n_facets + 5] + layers.review_bias[0],
            whole[:, n_facets + 5 :] + layers.review_bias[1],
        )
        first = np.searchsorted(part.review, np.arange(part.n_reviews + 1))
        overall, flags = heads.review_exponents(
            block,
            first,
            tuple(np.clip(bag, -6, 6) for bag in bags),
            review_values(part.overall, part.flags, sound),
            self.general,
            layers.review_fit,
        )
        odds = np.exp(overall, out=overall)
        overall = odds / (odds[:, 0] + odds[:, 1] + odds[:, 2])[:, None]
        flags = np.asarray(1 / (1 + np.exp(flags, out=flags)), dtype=np.float32)
        empty = first[1:] == first[:-1]
        overall[empty], flags[empty] = np.float32(1 / 3), np.float32(0)
        return overall, flags


class _Part(NamedTuple):
    """Some reviews: sums of their clauses, and the lexicon's cells; ``edges``: the first of each clause."""

    sums: Floats
    review: NDArray[np.int64]
    n_reviews: int
    edges: NDArray[np.int64]
    facet: NDArray[np.int64]
    sides: Floats
    overall: Floats
    flags: Floats
    cells: tuple[Floats, Floats, Floats]
