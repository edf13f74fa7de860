"""Priority = Impact^a · Scope^b · Feasibility^c, a weighted geometric mean of three factors in (0, 1].

Nothing can be bought off (a factor near 0 pulls the product down), and no factor is scaled by the smallest or
largest item, so an issue's priority doesn't change when another one comes or goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feedback_nlp.arguments import are_numbers
from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.taxonomy import Taxonomy

__all__ = [
    "CONCERN_FLAGS",
    "DEFAULT_WEIGHTS",
    "check_weights",
    "feasibility",
    "impact",
    "priority",
    "severity",
]

DEFAULT_WEIGHTS = (0.5, 0.3, 0.2)
# Flags that say an issue cost the customer more than annoyance.
CONCERN_FLAGS = ("repeat", "loss", "legal", "churn")
_FLAG_WEIGHT = 0.25
# Keeps logarithms finite where a model's neutral band lets a polarity of 0 count as negative.
_TINY = 1e-9

Floats = NDArray[np.float64]


def check_weights(weights: Sequence[float]) -> tuple[float, float, float]:
    """Return the weights of Impact, Scope and Feasibility scaled to sum 1.

    Raises
    ------
    ConfigError
        If they are not three numbers ≥ 0 of which one is above 0.
    """
    values = [float(value) for value in weights] if are_numbers(weights, 3) else []
    if not values or not all(0 <= value < float("inf") for value in values) or sum(values) == 0:
        raise ConfigError(
            Bilingual(f"权重 {weights!r:.40} 不能用。", f"The weights {weights!r:.40} can't be used."),
            Bilingual(
                "给三个不小于 0 的数：影响、范围、可行性，例如 0.5,0.3,0.2。",
                "Give three numbers of at least 0, for impact, scope and feasibility, such as 0.5,0.3,0.2.",
            ),
        )
    total = sum(values)
    return values[0] / total, values[1] / total, values[2] / total


def severity(negativity: ArrayLike, flags: ArrayLike) -> Floats:
    """Return min(1, v̄·(1 + 0.25·f)).

    Parameters
    ----------
    negativity : array-like in [0, 1]
        v̄, the mean of −polarity over the issue's negative mentions.
    flags : array-like ≥ 0
        f, the mean number of ``CONCERN_FLAGS`` in its reviews.
    """
    raised = np.asarray(negativity, dtype=float) * (1 + _FLAG_WEIGHT * np.asarray(flags, dtype=float))
    return np.clip(raised, _TINY, 1.0)


def impact(severities: ArrayLike, importance: ArrayLike) -> Floats:
    """Return severity × importance, in (0, 1]."""
    product: Floats = np.asarray(severities, dtype=float) * np.asarray(importance, dtype=float)
    return product


def feasibility(
    issue_ids: Sequence[str],
    facets: Sequence[str],
    taxonomy: Taxonomy,
    playbook: Mapping[str, float] | None = None,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the feasibility of each issue, 0.2 (hard) to 1 (easy), and whether the user set it.

    ``playbook`` maps an issue id, a facet or an element to 1–5 (5 easiest); the closest of the three wins,
    and the taxonomy's default for the facet stands where there is none.

    Raises
    ------
    ConfigError
        If a value is not between 1 and 5.
    """
    book = {} if playbook is None else playbook
    for key, value in book.items():
        if not 1 <= value <= 5:
            raise ConfigError(
                Bilingual(
                    f"{key} 的可行性 {value:g} 不在 1–5 之间。",
                    f"Feasibility {value:g} of {key} is not in 1-5.",
                ),
                Bilingual("1 最难，5 最容易。", "1 is hardest, 5 easiest."),
            )
    levels, given = [], []
    for issue, facet in zip(issue_ids, facets, strict=True):
        keys = (issue, facet, facet.partition(".")[0])
        found = next((book[key] for key in keys if key in book), None)
        levels.append(float(taxonomy.facet(facet).feasibility if found is None else found))
        given.append(found is not None)
    return np.array(levels, dtype=float) / 5, np.array(given, dtype=bool)


def priority(
    impacts: ArrayLike, scopes: ArrayLike, feasibilities: ArrayLike, weights: tuple[float, float, float]
) -> Floats:
    """Return Impact^a · Scope^b · Feasibility^c for factors in (0, 1] and weights that sum to 1."""
    a, b, c = weights
    parts = (
        np.log(np.maximum(np.asarray(part, dtype=float), _TINY)) for part in (impacts, scopes, feasibilities)
    )
    first, second, third = parts
    product: Floats = np.exp(a * first + b * second + c * third)
    return product
