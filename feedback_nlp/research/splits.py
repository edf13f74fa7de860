"""Leave one domain out: what a model is worth in an industry that it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers.training_data import without_overlap

__all__ = ["LeaveOneDomainOut"]

Rows = NDArray[np.intp]


class LeaveOneDomainOut(BaseCrossValidator):  # type: ignore[misc]  # scikit-learn has no types
    """Judge each domain by what was learnt from the others, without texts that repeat one of its own.

    Parameters
    ----------
    min_reviews : int
        A domain with fewer is learnt from and never judged.

    Examples
    --------
    >>> from feedback_nlp.gold import GoldReview
    >>> reviews = [GoldReview(str(n), f"第{n}条评价", "酒店" if n < 2 else "餐饮") for n in range(5)]
    >>> [test.tolist() for _, test in LeaveOneDomainOut(min_reviews=2).split(reviews)]
    [[0, 1], [2, 3, 4]]
    """

    def __init__(self, min_reviews: int = 1) -> None:
        self.min_reviews = min_reviews

    def split(self, X: Sequence[Any], y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:  # noqa: N803
        """Yield the rows to learn from and the rows to judge, by domain in order of their names.

        Parameters
        ----------
        X : sequence of GoldReview or of str, length n
        y : ignored
        groups : sequence of str, length n, optional
            The domains; those of the reviews when not given.

        Raises
        ------
        InputError
            If there are no two domains, or none of at least ``min_reviews``.
        """
        del y
        texts = [item.text if isinstance(item, GoldReview) else str(item) for item in X]
        domains = np.array(_domains(X, groups), dtype=object)
        for domain in self._judged(domains):
            test = np.flatnonzero(domains == domain)
            train = np.flatnonzero(domains != domain)
            kept = without_overlap([texts[row] for row in train], [texts[row] for row in test])
            yield train[kept], test

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: N803
        """Return the number of domains that are judged."""
        del y
        return len(self._judged(np.array(_domains(X, groups), dtype=object)))

    def names(self, X: Sequence[Any], groups: Any = None) -> list[str]:  # noqa: N803
        """Return the domain that each split judges."""
        return self._judged(np.array(_domains(X, groups), dtype=object))

    def _judged(self, domains: NDArray[np.object_]) -> list[str]:
        counts = Counter(domains.tolist())
        chosen = sorted(domain for domain, n in counts.items() if n >= self.min_reviews)
        if len(counts) < 2 or not chosen:
            shown = ", ".join(f"{domain or '—'} {n}" for domain, n in sorted(counts.items())[:8])
            raise InputError(
                Bilingual(
                    f"没有可以轮流留出的行业（{shown}；至少 {self.min_reviews} 条才评）。",
                    f"No domains to leave out ({shown}; judged from {self.min_reviews} reviews on).",
                ),
                Bilingual(
                    "要两个以上的 domain；给 groups，或调小 min_reviews。",
                    "Two domains or more are needed: give groups, or a smaller min_reviews.",
                ),
            )
        return chosen


def _domains(reviews: Any, groups: Any) -> list[str]:
    if groups is not None:
        return [str(group) for group in groups]
    return [item.domain if isinstance(item, GoldReview) else "" for item in reviews if item is not None]
