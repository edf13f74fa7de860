"""Writing: from a scorer's arrays to the mentions table and the scored columns of a review.

Nothing is judged here. A scorer says how probable everything is; this module applies its thresholds, so that
thresholds and abstention can be tested without a model.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.insight.arrow_arrays import booleans, numbers, strings
from feedback_nlp.schema import FLAGS, LABELS, mentions_schema, scored_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from feedback_nlp.scorers.base import Prediction, Scorer
    from feedback_nlp.text.clauses import Clauses

__all__ = [
    "LOW_CONFIDENCE",
    "UNSURE_SCORE",
    "found_mentions",
    "needs_review",
    "overall_labels",
    "refine_needs_review",
    "write",
]

# statistics.md, Abstention: the default without --max-error.
LOW_CONFIDENCE = 0.6
UNSURE_SCORE = (0.4, 0.6)
# Keeps a polarity clear of the band's edge, whether it is later compared as float32 or as float64.
_EDGE = 1e-6
# Columns of the scored schema that need the whole file or another module.
_NOT_HERE = ("fb_status", "fb_duplicate_of")


def write(
    prediction: Prediction,
    clauses: Clauses,
    ids: Sequence[str],
    texts: Sequence[str | None],
    scorer: Scorer,
) -> tuple[pa.Table, pa.Table]:
    """Turn a prediction into the mentions table and the scored columns.

    Parameters
    ----------
    prediction : Prediction
        Of ``texts`` cut into ``clauses``.
    clauses : Clauses
        Spans into ``texts``.
    ids : sequence of str, length n_reviews
        ``review_id`` of each text; repeats are allowed.
    texts : sequence of str or None, length n_reviews
        Original texts; a mention's ``text`` is ``texts[i][start:end]`` exactly.
    scorer : Scorer
        Fitted; gives the facet axis, the thresholds and the neutral band.

    Returns
    -------
    mentions : pyarrow.Table
        ``schema.mentions_schema()``; one row per (review, clause, facet) whose score (the sum of its three
        probabilities) reaches the facet's threshold, in order of review, clause, facet code. Polarity is
        (positive − negative) / score; ``issue_id`` is null.
    scored : pyarrow.Table of n_reviews rows
        ``schema.scored_schema()`` without ``fb_status`` and ``fb_duplicate_of``. ``fb_label`` is the most
        probable overall label, ``fb_confidence`` its probability, ``fb_polarity`` p(positive) − p(negative),
        moved to the nearest value of the label's range where it falls outside, so that both always agree. A
        review without any clause has null polarity, label and confidence, empty lists and no need of review.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from feedback_nlp.scorers.base import Prediction
    >>> from feedback_nlp.text.clauses import Clauses
    >>> zero = np.zeros(1, dtype=np.int32)
    >>> clauses = Clauses(np.zeros(1, dtype=np.int64), zero, zero, zero + 5, 1)
    >>> scorer = SimpleNamespace(
    ...     taxonomy_=SimpleNamespace(codes=("logistics.speed",)),
    ...     thresholds_=np.float32([0.5]), flag_thresholds_=np.full(5, 0.5), neutral_band_=0.2)
    >>> prediction = Prediction(
    ...     np.float32([[[0.8, 0.1, 0.0]]]), np.float32([[0.9, 0.1, 0.0]]), np.zeros((1, 5), np.float32))
    >>> mentions, scored = write(prediction, clauses, ["A17"], ["物流太慢了，"], scorer)
    >>> mentions.column("text").to_pylist(), scored.column("fb_negative").to_pylist()
    (['物流太慢了'], [['logistics.speed']])
    """
    import pyarrow as pa

    codes = np.array(scorer.taxonomy_.codes, dtype=object)
    by_code = np.argsort(codes.astype(str), kind="stable")
    names = codes[by_code]
    found = found_mentions(prediction, by_code, scorer)
    review = clauses.review[found["clause"]]
    mentions = pa.table(
        [
            strings(ids, review),
            numbers(clauses.index[found["clause"]], pa.int32()),
            numbers(clauses.start[found["clause"]], pa.int32()),
            numbers(clauses.end[found["clause"]], pa.int32()),
            _clause_texts(clauses, texts, found["clause"]),
            strings([code.partition(".")[0] for code in names], found["facet"]),
            strings(names.tolist(), found["facet"]),
            numbers(found["score"], pa.float32()),
            numbers(found["polarity"], pa.float32()),
            strings(LABELS, found["label"]),
            pa.nulls(len(review), pa.string()),
        ],
        schema=mentions_schema(),
    )
    return mentions, _scored(prediction, clauses, scorer, names, review, found)


def needs_review(
    confidence: NDArray[np.floating[Any]],
    review: NDArray[np.int64],
    score: NDArray[np.floating[Any]],
) -> NDArray[np.bool_]:
    """Return which reviews a person should look at (the default of statistics.md, Abstention).

    Parameters
    ----------
    confidence : float array of shape (n_reviews,)
        ``fb_confidence``; NaN where there is none, which never asks for review.
    review : int64 array of shape (n_mentions,)
        Row of the review of each mention that counts: all of them, or those of the facets that would change
        the file's top issues.
    score : float array of shape (n_mentions,)
        Score of each such mention.

    Returns
    -------
    bool array of shape (n_reviews,)
        True where confidence is under 0.6 or a mention's score is from 0.4 to 0.6.
    """
    low, high = UNSURE_SCORE
    result: NDArray[np.bool_] = np.asarray(confidence, dtype=np.float64) < LOW_CONFIDENCE
    values = np.asarray(score, dtype=np.float64)
    result[review[(values >= low) & (values <= high)]] = True
    return result


def refine_needs_review(scored: pa.Table, mentions: pa.Table, issues: Collection[str]) -> pa.Table:
    """Return ``scored`` with ``fb_needs_review`` counting only unsure mentions of ``issues``.

    Parameters
    ----------
    scored : pyarrow.Table
        With ``review_id``, ``fb_confidence`` and ``fb_needs_review``.
    mentions : pyarrow.Table
        With ``review_id``, ``issue_id`` and ``score``. Rows of one review id share their unsure mentions.
    issues : collection of str
        Ids of the issues that would change the file's first ones.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    counted = mentions.filter(pc.is_in(mentions.column("issue_id"), pa.array(sorted(issues), pa.string())))
    low, high = UNSURE_SCORE
    score = counted.column("score").cast(pa.float64())
    unsure = counted.filter(pc.and_(pc.greater_equal(score, low), pc.less_equal(score, high)))
    hit = pc.is_in(scored.column("review_id"), unsure.column("review_id").combine_chunks())
    confidence = pc.fill_null(scored.column("fb_confidence").cast(pa.float64()), 1.0)
    doubtful = pc.less(confidence, LOW_CONFIDENCE)
    place = scored.schema.get_field_index("fb_needs_review")
    return scored.set_column(place, "fb_needs_review", pc.or_(hit, doubtful))


def found_mentions(
    prediction: Prediction, by_code: NDArray[np.intp], scorer: Scorer
) -> dict[str, NDArray[Any]]:
    """Return clause, facet (position in code order), score, polarity and label of every mention, in order.

    ``by_code`` is the order of the taxonomy's facets by code.
    """
    block = prediction.clauses
    # Written out: the order of these additions is part of what makes outputs byte-identical.
    score = block[:, :, 0] + block[:, :, 1] + block[:, :, 2]
    reached = (score >= scorer.thresholds_) & (score > 0)
    clause, facet = np.nonzero(reached[:, by_code])
    column = by_code[facet]
    total = score[clause, column]
    polarity = (block[clause, column, 2] - block[clause, column, 0]) / total
    return {
        "clause": clause,
        "facet": facet,
        "score": np.minimum(total, np.float32(1.0)),
        "polarity": polarity,
        "label": _labels(polarity, scorer.neutral_band_),
    }


def _labels(polarity: NDArray[np.floating[Any]], band: float) -> NDArray[np.int64]:
    """Return positions in ``schema.LABELS``; the vectorised ``schema.label_of``."""
    values = polarity.astype(np.float64)
    return np.where(values < -band, 0, np.where(values > band, 2, 1))


def _clause_texts(clauses: Clauses, texts: Sequence[str | None], rows: NDArray[Any]) -> pa.Array:
    """Return the original text of each clause in ``rows``, slicing each clause once."""
    # The rows are in order.
    new = np.append(True, rows[1:] != rows[:-1])[: len(rows)]
    distinct, place = rows[new], np.cumsum(new) - 1
    spans = zip(
        clauses.review[distinct].tolist(),
        clauses.start[distinct].tolist(),
        clauses.end[distinct].tolist(),
        strict=True,
    )
    return strings([(texts[review] or "")[start:end] for review, start, end in spans], place)


def _scored(
    prediction: Prediction,
    clauses: Clauses,
    scorer: Scorer,
    names: NDArray[Any],
    review: NDArray[np.int64],
    found: dict[str, NDArray[Any]],
) -> pa.Table:
    import pyarrow as pa

    count = clauses.n_reviews
    empty = np.bincount(clauses.review, minlength=count) == 0
    label, confidence, polarity = overall_labels(prediction.overall, scorer.neutral_band_)
    negative = found["label"] == 0
    flag_review, flag = np.nonzero(prediction.flags >= scorer.flag_thresholds_)
    columns = {
        "fb_polarity": numbers(polarity, pa.float32(), empty),
        "fb_label": strings(LABELS, label, empty),
        "fb_confidence": numbers(confidence, pa.float32(), empty),
        "fb_elements": _lists(review, found["facet"], names, count),
        "fb_negative": _lists(review[negative], found["facet"][negative], names, count),
        "fb_flags": _lists(flag_review, flag, np.array(FLAGS, dtype=object), count),
        "fb_needs_review": booleans(
            needs_review(np.where(empty, np.nan, confidence), review, found["score"])
        ),
    }
    fields = [field for field in scored_schema() if field.name not in _NOT_HERE]
    return pa.table([columns[field.name] for field in fields], schema=pa.schema(fields))


def overall_labels(
    overall: NDArray[np.float32], band: float
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
    """Return label position, its probability, and the polarity clipped to the label's range."""
    label = overall.argmax(axis=1)
    confidence = overall[np.arange(len(overall)), label]
    low = np.array([-1.0, -band + _EDGE, band + _EDGE], dtype=np.float32)
    high = np.array([-band - _EDGE, band - _EDGE, 1.0], dtype=np.float32)
    polarity = np.clip(overall[:, 2] - overall[:, 0], low[label], high[label])
    return label, confidence, polarity


def _lists(review: NDArray[Any], value: NDArray[Any], names: NDArray[Any], n_reviews: int) -> pa.ListArray:
    """Return one sorted list of distinct ``names`` per review from (review, position in names) pairs."""
    import pyarrow as pa

    width = max(len(names), 1)
    keys = np.sort(review.astype(np.int64) * width + value)
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    offsets = np.zeros(n_reviews + 1, dtype=np.int32)
    np.cumsum(np.bincount(keys // width, minlength=n_reviews), out=offsets[1:])
    return pa.ListArray.from_arrays(numbers(offsets, pa.int32()), strings(names.tolist(), keys % width))
