"""Counted reviews that lie elsewhere: how many there are and which columns they have, without a row."""

from __future__ import annotations

from dataclasses import dataclass

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.tally import Tally

__all__ = ["Whole"]


@dataclass(frozen=True)
class Whole(Facts):
    """What a ledger asks of all counted reviews of a cluster; its tables have no rows.

    Attributes
    ----------
    n : int
        Counted reviews.
    given : frozenset of str
        Columns with at least one value.
    """

    n: int = 0
    given: frozenset[str] = frozenset()

    @classmethod
    def behind(cls, tally: Tally, part: Facts, *, n_shared: int) -> Whole:
        """Return the head of the reviews that ``tally`` counts; ``part`` gives the columns of its tables."""
        columns = {name for name in tally.cells["column"].unique().to_pylist() if name}
        given = columns | ({"time"} if "day" in columns else set())
        # Reviews that name nobody are customers of their own, so that alone says nothing.
        if part.has("customer"):
            given.add("customer")
        n = int(tally.vector("all", [""])[0])
        return cls(part.reviews.slice(0, 0), part.mentions.slice(0, 0), n_shared, n, frozenset(given))

    @property
    def n_reviews(self) -> int:
        """Number of counted reviews."""
        return self.n

    def has(self, column: str) -> bool:
        """Return whether any review has a value in ``column``."""
        return column in self.given
