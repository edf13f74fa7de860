"""What ``mentions.write`` says, as plain data: for a text or two, without the time to load Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.insight.mentions import found_mentions, overall_labels
from feedback_nlp.schema import FLAGS, LABELS

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Prediction, Scorer
    from feedback_nlp.text.clauses import Clauses

__all__ = ["rows"]

Row = dict[str, Any]


def rows(prediction: Prediction, clauses: Clauses, texts: Sequence[str | None], scorer: Scorer) -> list[Row]:
    """Turn a prediction into one dict a review.

    Parameters
    ----------
    prediction, clauses, texts, scorer
        As in :func:`feedback_nlp.insight.mentions.write`.

    Returns
    -------
    list of dict, length n_reviews
        ``text``, ``polarity`` [-1, 1], ``label``, ``confidence`` [0, 1] (these three ``None`` for a text that
        says nothing), ``flags`` and ``mentions``: each ``clause``, ``start``, ``end``, ``text``, ``element``,
        ``facet``, ``score``, ``polarity`` and ``label``.
    """
    label, confidence, polarity = overall_labels(prediction.overall, scorer.neutral_band_)
    says = np.bincount(clauses.review, minlength=clauses.n_reviews) > 0
    found: list[Row] = [
        {
            "text": text,
            "polarity": float(polarity[row]) if says[row] else None,
            "label": LABELS[label[row]] if says[row] else None,
            "confidence": float(confidence[row]) if says[row] else None,
            "flags": [
                FLAGS[flag] for flag in np.flatnonzero(prediction.flags[row] >= scorer.flag_thresholds_)
            ],
            "mentions": [],
        }
        for row, text in enumerate(texts)
    ]
    _add_mentions(found, prediction, clauses, scorer)
    return found


def _add_mentions(reviews: list[Row], prediction: Prediction, clauses: Clauses, scorer: Scorer) -> None:
    codes = scorer.taxonomy_.codes
    by_code = np.argsort(np.array(codes, dtype=str), kind="stable")
    found = found_mentions(prediction, by_code, scorer)
    values = zip(
        *(found[name].tolist() for name in ("clause", "facet", "score", "polarity", "label")), strict=True
    )
    for clause, facet, score, polarity, label in values:
        review = reviews[clauses.review[clause]]
        start, end = int(clauses.start[clause]), int(clauses.end[clause])
        code = codes[by_code[facet]]
        review["mentions"].append(
            {
                "clause": int(clauses.index[clause]),
                "start": start,
                "end": end,
                "text": (review["text"] or "")[start:end],
                "element": code.partition(".")[0],
                "facet": code,
                "score": score,
                "polarity": polarity,
                "label": LABELS[label],
            }
        )
