"""Reviews as features: who mentions what with which sign, the outcome, and bootstrap weights of reviews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from feedback_nlp.insight.facts import Facts, encode

__all__ = ["Features", "features", "outcome", "poisson_weights"]

# Weights of this many (review, draw) cells are held at a time.
_CELLS = 10_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """Which reviews mention what, by sign; sparse 0/1 matrices of shape (n_reviews, n_codes)."""

    codes: tuple[str, ...]
    negative: sparse.csr_array
    positive: sparse.csr_array
    mentioned: sparse.csr_array

    @property
    def signed(self) -> sparse.csr_array:
        """−1 mentioned negatively, +1 positively, 0 absent, neutral or both."""
        return sparse.csr_array(self.positive - self.negative)

    def subset(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Features:
        """Return the features of some reviews and codes."""
        parts = [part[rows][:, columns] for part in (self.negative, self.positive, self.mentioned)]
        return Features(tuple(self.codes[column] for column in columns), *parts)


def features(facts: Facts, level: str, codes: Sequence[str]) -> Features:
    """Build the features of a level ("element" or "facet") from the counted mentions."""
    found, names = encode(facts.mentions[level])
    place = {code: position for position, code in enumerate(codes)}
    column = np.array([place.get(name, -1) for name in names] + [-1], dtype=np.int64)[found]
    label, labels = encode(facts.mentions["label"])
    shape = (facts.n_reviews, len(codes))

    def build(wanted: NDArray[np.bool_]) -> sparse.csr_array:
        chosen = wanted & (column >= 0)
        ones = np.ones(int(chosen.sum()))
        matrix = sparse.csr_array((ones, (facts.rows[chosen], column[chosen])), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix

    sign = {name: label == labels.index(name) for name in labels}
    never = np.zeros(len(column), dtype=bool)
    return Features(
        tuple(codes),
        build(sign.get("negative", never)),
        build(sign.get("positive", never)),
        build(~never),
    )


def outcome(facts: Facts) -> tuple[str, Floats]:
    """Return which of rating and nps has more answers ("" for none), and values of shape (n_reviews,)."""
    found = {name: facts.numbers(name) for name in ("rating", "nps")}
    answers = {name: int((~np.isnan(values)).sum()) for name, values in found.items()}
    name = max(answers, key=lambda key: answers[key])
    return (name, found[name]) if answers[name] else ("", found[name])


def poisson_weights(facts: Facts, draws: int, seed: int) -> Iterator[Floats]:
    """Yield Poisson(1) bootstrap weights, one count per respondent, of shape (n_reviews, some draws)."""
    rng = np.random.default_rng(seed)
    code, names = encode(facts.respondents)
    step = max(_CELLS // max(facts.n_reviews, 1), 1)
    for done in range(0, draws, step):
        size = (len(names), min(step, draws - done))
        yield rng.poisson(1.0, size=size).astype(float)[code]
