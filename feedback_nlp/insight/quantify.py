"""Shares corrected for classifier error, and how right the classifier is on the user's own file.

A share counted from predictions is off by what the model misses and what it makes up, and an interval around
it knows nothing of that. Labels of a sample of the same file mend both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.insight.shares import wilson

__all__ = [
    "LEAST_POSITIVES",
    "LEAST_YOUDEN",
    "Audited",
    "Span",
    "allocate",
    "audited",
    "rogan_gladen",
    "strata",
]

Floats = NDArray[np.float64]
# statistics.md: fewer audited positives, or a classifier this near to guessing, and nothing is corrected.
LEAST_POSITIVES = 10
LEAST_YOUDEN = 1.3
DRAWS = 4_000
# Half a yes and half a no (Jeffreys): none found in a sample does not mean that there is none.
_PRIOR = 0.5
# What "use" asks of precision and recall: the estimate, and the lower end of its interval.
_USE = {"precision": (0.8, 0.6), "recall": (0.7, 0.5)}
# An interval that lies below this altogether means "don't use".
_AVOID = {"precision": 0.6, "recall": 0.5}
# Rows labelled of each stratum, where it has as many.
LEAST_ROWS = 8


class Span(NamedTuple):
    """An estimate in [0, 1] and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Audited:
    """One element on the user's file.

    Attributes
    ----------
    naive : Span
        Share as the model counts it, with Wilson's interval.
    share : Span or None
        Corrected; None with fewer than 10 audited positives.
    precision, recall : Span or None
        Of the model; None where nothing was predicted, or nothing true was found, in the sample.
    n_audited, n_positive, n_predicted : int
        Labelled rows; those truly yes; those the model calls yes.
    verdict : str
        ``use``, ``check``, ``avoid``, or ``unknown`` (too few positives to tell).
    """

    naive: Span
    share: Span | None
    precision: Span | None
    recall: Span | None
    n_audited: int
    n_positive: int
    n_predicted: int
    verdict: str


def audited(
    predicted: NDArray[np.bool_],
    rows: NDArray[np.integer[Any]],
    truth: NDArray[np.bool_],
    weight: Floats,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Audited:
    """Correct a share by labels of a sample of the same file.

    Parameters
    ----------
    predicted : bool array of shape (n,)
        What the model says of every review.
    rows : int array of shape (m,)
        Labelled reviews, positions in ``predicted``.
    truth : bool array of shape (m,)
    weight : float array of shape (m,)
        Inverse of the chance each had of being labelled.
    draws : int
        Behind the intervals.
    seed : int

    Returns
    -------
    Audited

    Raises
    ------
    InputError
        If no row is labelled, or there is no review.

    Notes
    -----
    With q the predicted share, a the share of true ones among the predicted and b among the others, each
    weighted by the inverse chance of selection, the share is q a + (1 − q) b: post-stratification on the
    prediction (Tenenbein 1970), which is prediction-powered inference (Angelopoulos et al. 2023) with the
    prediction recalibrated on the sample, so that the rectifier is 0. Precision is a, recall
    q a / (q a + (1 − q) b). Intervals draw q, a and b from Beta posteriors with Jeffreys' prior, the sizes of
    a and b being effective ones, (Σw)² / Σw² (Korn and Graubard 1998).
    """
    if not len(rows) or not len(predicted):
        raise InputError(
            Bilingual("没有标注过的行。", "No row is labelled."),
            Bilingual("在抽样的 Excel 里标几行再来。", "Label some rows of the sample and come again."),
        )
    said = predicted[rows]
    generator = np.random.default_rng(seed)
    n_yes, n_all = int(predicted.sum()), len(predicted)
    q = _Rate(n_yes / n_all, n_all)
    hit, missed = (_Rate.of(truth[said == side], weight[said == side]) for side in (True, False))
    at = [rate.draw(generator, draws) for rate in (q, hit, missed)]
    share = at[0] * at[1] + (1 - at[0]) * at[2]
    value = q.value * hit.value + (1 - q.value) * missed.value
    recall = at[0] * at[1] / np.maximum(share, 1e-12)
    low, high = wilson(n_yes, n_all)
    n_positive = int(truth.sum())
    enough = n_positive >= LEAST_POSITIVES
    found = Audited(
        naive=Span(q.value, float(low), float(high)),
        share=_span(value, share) if enough else None,
        precision=_span(hit.value, at[1]) if said.any() else None,
        recall=_span(q.value * hit.value / value, recall) if n_positive else None,
        n_audited=len(rows),
        n_positive=n_positive,
        n_predicted=int(said.sum()),
        verdict="unknown",
    )
    return Audited(**{**vars(found), "verdict": _verdict(found) if enough else "unknown"})


@dataclass(frozen=True)
class _Rate:
    """A share and the number of independent observations it is worth."""

    value: float
    size: float

    @classmethod
    def of(cls, yes: NDArray[np.bool_], weight: Floats) -> _Rate:
        if not len(yes):
            return cls(0.0, 0.0)
        total = float(weight.sum())
        return cls(float((weight * yes).sum()) / total, total**2 / float((weight**2).sum()))

    def draw(self, generator: np.random.Generator, draws: int) -> Floats:
        yes = self.value * self.size
        return generator.beta(yes + _PRIOR, self.size - yes + _PRIOR, draws)


def _span(value: float, drawn: Floats) -> Span:
    low, high = np.percentile(drawn, [2.5, 97.5])
    # With few rows and shares near 0 the posterior may leave the estimate just outside.
    return Span(float(value), float(min(low, value)), float(max(high, value)))


def _verdict(found: Audited) -> str:
    """Return whether the model's counts of an element can be used.

    ``use`` needs precision ≥ 0.8 and recall ≥ 0.7 with lower ends of 0.6 and 0.5; ``avoid`` is said where an
    interval lies below 0.6 (precision) or 0.5 (recall), or sensitivity + specificity < 1.3; else ``check``.
    """
    spans = {"precision": found.precision, "recall": found.recall}
    if any(span is None for span in spans.values()) or _youden(found) < LEAST_YOUDEN:
        return "avoid"
    known = {name: span for name, span in spans.items() if span is not None}
    if any(span.high < _AVOID[name] for name, span in known.items()):
        return "avoid"
    good = all(span.value >= _USE[name][0] and span.low >= _USE[name][1] for name, span in known.items())
    return "use" if good else "check"


def _youden(found: Audited) -> float:
    """Return sensitivity + specificity, as far as the sample shows them."""
    if found.precision is None or found.recall is None or found.share is None:
        return 0.0
    wrong = found.naive.value * (1 - found.precision.value)
    return found.recall.value + 1 - wrong / max(1 - found.share.value, 1e-12)


def rogan_gladen(
    predicted: tuple[int, int],
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Span:
    """Correct a share by the sensitivity and specificity that labels of another, like file show.

    Parameters
    ----------
    predicted : (yes, all)
        Of the file at hand.
    sensitivity : (found, all) of the truly yes
    specificity : (left out, all) of the truly no
        Both of the labelled file.
    draws : int
        Of the parametric bootstrap of all three.
    seed : int

    Returns
    -------
    Span
        (q + sp − 1) / (se + sp − 1), cut to [0, 1]; Rogan and Gladen 1978.

    Raises
    ------
    InputError
        If se + sp < 1.3 or fewer than 10 truly yes were labelled: the correction would be noise.
    """
    counts = np.array([predicted, sensitivity, specificity], dtype=float)
    q, se, sp = counts[:, 0] / np.maximum(counts[:, 1], 1)
    if sensitivity[1] < LEAST_POSITIVES or se + sp < LEAST_YOUDEN:
        raise InputError(
            Bilingual(
                f"校正不了：标注里真有的只有 {sensitivity[1]} 条，灵敏度 + 特异度 = {se + sp:.2f}。",
                f"Can't correct: {sensitivity[1]} true ones, sensitivity + specificity {se + sp:.2f}.",
            ),
            Bilingual(
                f"至少要 {LEAST_POSITIVES} 条，且两者之和不低于 {LEAST_YOUDEN}：多标一些，或换模型。",
                f"At least {LEAST_POSITIVES} and {LEAST_YOUDEN} are needed: label more, or change the model.",
            ),
        )
    generator = np.random.default_rng(seed)
    yes, size = counts.T
    drawn = generator.beta(yes + _PRIOR, size - yes + _PRIOR, (draws, 3))
    shares = [_corrected(*np.moveaxis(part, -1, 0)) for part in (np.array([q, se, sp]), drawn)]
    return _span(float(shares[0]), shares[1])


def _corrected(q: Floats, se: Floats, sp: Floats) -> Floats:
    found: Floats = np.clip((q + sp - 1) / np.maximum(se + sp - 1, 0.05), 0, 1)
    return found


def strata(predicted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the stratum of each review: the rarest element it is predicted to blame, or the last for none.

    Parameters
    ----------
    predicted : bool array of shape (n, k)

    Returns
    -------
    int64 array of shape (n,)
        0 … k − 1, and k for reviews without a prediction.
    """
    count = predicted.shape[1]
    order = np.argsort(predicted.sum(axis=0), kind="stable")
    place = np.full(len(predicted), count, dtype=np.int64)
    for element in order[::-1]:
        place[predicted[:, element]] = element
    return place


def allocate(sizes: NDArray[np.integer[Any]], n: int) -> NDArray[np.int64]:
    """Share ``n`` rows out over strata: half in proportion to size, half alike, none beyond its size.

    Parameters
    ----------
    sizes : int array of shape (k,)
    n : int

    Returns
    -------
    int64 array of shape (k,)
        Adds up to min(n, Σ sizes); a stratum gets at least min(8, its size) where ``n`` is large enough.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    n = min(n, int(sizes.sum()))
    filled = sizes > 0
    wish = n * (0.5 * sizes / max(int(sizes.sum()), 1) + 0.5 * filled / max(int(filled.sum()), 1))
    if n >= LEAST_ROWS * filled.sum():
        wish = np.where(filled, np.maximum(wish, LEAST_ROWS), 0)
    given: NDArray[np.int64] = np.minimum(np.floor(wish), sizes).astype(np.int64)
    while given.sum() > n:
        given[int(np.argmax(given - np.minimum(sizes, LEAST_ROWS)))] -= 1
    while given.sum() < n:
        given[int(np.argmax(np.where(given < sizes, wish - given, -np.inf)))] += 1
    return given
