"""What evidence is worth: probabilities measured on labelled clauses, the lexicon scorer's only numbers.

Source of all of them: the 2,267 texts of gold train, by ``scripts/measure_lexicon.py``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_reading import Level
from feedback_nlp.scorers.lexicon_words import read_table

__all__ = ["FLAG_SCORES", "evidence_table", "overall_features", "overall_probabilities"]

# Share of the reviews with a phrase of the flag that bear it, and of those without one.
FLAG_SCORES = {
    "safety": (0.79, 0.01),
    "legal": (0.74, 0.01),
    "churn": (0.87, 0.01),
    "repeat": (0.62, 0.02),
    "loss": (0.57, 0.01),
}


def evidence_table() -> NDArray[np.float32]:
    """Return p(mentioned and negative / neutral / positive) of every kind of evidence.

    Returns
    -------
    float32 array of shape (n_levels, 3, 3, 3)
        By level, sign of the opinion (-1, 0, 1), tone of the review (-1, 0, 1), polarity.
    """
    result = np.zeros((len(Level), 3, 3, 3), dtype=np.float32)
    for level, sign, tone, *values in read_table("evidence"):
        result[Level[level], int(sign) + 1, int(tone) + 1] = [float(value) for value in values[:3]]
    return result


def overall_probabilities(summaries: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return p(negative, neutral, positive) of reviews from ``lexicon_context.summarise``.

    Parameters
    ----------
    summaries : float64 array of shape (n_reviews, 4)

    Returns
    -------
    float32 array of shape (n_reviews, 3)
        Rows sum to 1; even where nothing judges.
    """
    features = overall_features(summaries)
    rows = _overall_rows()
    # Written out over features: a matrix product may round differently for another number of rows.
    logits = np.tile(rows[0], (len(features), 1))
    for column, weights in enumerate(rows[1:]):
        logits += features[:, column : column + 1] * weights
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    result = odds / (odds[:, :1] + odds[:, 1:2] + odds[:, 2:])
    result[~summaries.any(axis=1)] = 1 / 3
    chances: NDArray[np.float32] = result.astype(np.float32)
    return chances


@lru_cache(maxsize=1)
def _overall_rows() -> NDArray[np.float64]:
    """Return intercept and weights of the logistic regression, a row for each feature."""
    return np.array([[float(value) for value in row[1:]] for row in read_table("overall")])


def overall_features(summaries: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the logistic regression of ``overall.tsv`` weighs, of shape (n_reviews, 6)."""
    praise, blame, lukewarm, last = summaries.T
    total = praise + blame + lukewarm + 0.5
    logs = [np.log1p(praise), np.log1p(blame), np.log1p(lukewarm)]
    return np.stack([*logs, last, praise / total, blame / total], axis=1)
