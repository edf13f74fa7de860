"""What evidence is worth: probabilities measured on labelled clauses, the lexicon scorer's only numbers.

Source of all tables: the 2,267 texts of gold train (14,425 clauses), June 2025 word lists; shares of clauses with that
evidence that the annotators labelled negative / neutral / positive for the facet, with a prior weight of 1.5 clauses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_reading import Level

__all__ = ["FLAG_SCORES", "level_table", "overall_probabilities"]

# Rows: the sign of the opinion, -1, 0, 1. Columns: negative, neutral, positive. Beside them: clauses met.
_LEVELS: dict[Level, tuple[tuple[float, float, float], ...]] = {
    Level.MODIFIER: ((0.200, 0.067, 0.200), (0.144, 0.004, 0.090), (0.200, 0.067, 0.200)),  # 513
    Level.TERM: ((0.200, 0.067, 0.200), (0.236, 0.009, 0.090), (0.200, 0.067, 0.200)),  # 1,854
    Level.PATTERN: ((0.200, 0.067, 0.200), (0.268, 0.007, 0.066), (0.200, 0.067, 0.200)),  # 611
    Level.WISH: ((0.270, 0.038, 0.064), (0.200, 0.067, 0.200), (0.200, 0.067, 0.200)),  # 81
    Level.BEFORE: ((0.433, 0.002, 0.006), (0.319, 0.003, 0.086), (0.093, 0.046, 0.372)),  # 175
    Level.PATTERN_OPINION: ((0.361, 0.004, 0.011), (0.303, 0.006, 0.131), (0.174, 0.003, 0.108)),  # 72
    Level.OPINION: ((0.656, 0.005, 0.014), (0.210, 0.407, 0.146), (0.063, 0.026, 0.648)),  # 898
    Level.PHRASE: ((0.751, 0.008, 0.008), (0.654, 0.003, 0.214), (0.041, 0.010, 0.780)),  # 3,770
    Level.INHERITED: ((0.281, 0.001, 0.002), (0.147, 0.093, 0.058), (0.036, 0.001, 0.324)),  # 234
    Level.FOLLOWING: ((0.266, 0.000, 0.005), (0.119, 0.045, 0.091), (0.040, 0.004, 0.204)),  # 587
    Level.GENERAL_FIRST: ((0.712, 0.014, 0.004), (0.053, 0.657, 0.053), (0.013, 0.061, 0.847)),  # 200
    Level.GENERAL_AFTER: ((0.295, 0.001, 0.003), (0.032, 0.011, 0.137), (0.022, 0.020, 0.641)),  # 221
    Level.GENERAL_ALONE: ((0.264, 0.000, 0.006), (0.102, 0.182, 0.102), (0.010, 0.016, 0.462)),  # 358
    Level.GENERAL_MIXED: ((0.181, 0.002, 0.001), (0.017, 0.051, 0.012), (0.004, 0.011, 0.137)),  # 1,246
}
# Logistic regression on `_features`; 83 % of reviews right in five-fold cross-validation.
_COEFFICIENTS = (
    (-2.03, 1.62, -0.09, 0.4, -0.14, 0.57),
    (0.39, -0.32, 0.1, -0.11, -2.25, -0.72),
    (1.64, -1.29, -0.02, -0.29, 2.39, 0.16),
)
_INTERCEPTS = (0.97, 0.53, -1.5)
# Share of the reviews with a phrase of the flag that bear it, and of those without one.
FLAG_SCORES = {
    "safety": (0.5, 0.01),
    "legal": (0.5, 0.01),
    "churn": (0.5, 0.01),
    "repeat": (0.5, 0.01),
    "loss": (0.5, 0.01),
}


def level_table() -> NDArray[np.float32]:
    """Return the probabilities as an array of shape (n_levels, 3 signs, 3 polarities)."""
    return np.array([_LEVELS[level] for level in Level], dtype=np.float32)


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
    features = _features(summaries)
    # Written out over features: a matrix product may round differently for another number of rows.
    logits = np.tile(np.array(_INTERCEPTS), (len(features), 1))
    for column, weights in enumerate(np.array(_COEFFICIENTS).T):
        logits += features[:, column : column + 1] * weights
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    result = weights / (weights[:, :1] + weights[:, 1:2] + weights[:, 2:])
    result[~summaries.any(axis=1)] = 1 / 3
    return result.astype(np.float32)


def _features(summaries: NDArray[np.float64]) -> NDArray[np.float64]:
    praise, blame, lukewarm, last = summaries.T
    total = praise + blame + lukewarm + 0.5
    logs = [np.log1p(praise), np.log1p(blame), np.log1p(lukewarm)]
    return np.stack([*logs, last, praise / total, blame / total], axis=1)
