"""The counted file with its issues, added up: what every table of an analysis is read off."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.tally import Tally
from feedback_nlp.insight.trends import Calendar, calendar

__all__ = ["Ledger", "make_ledger"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ledger:
    """The counted file and its issues (those with a counted review), in the order of ``ids``."""

    facts: Facts
    tally: Tally
    calendar: Calendar
    ids: tuple[str, ...]
    catalogue: dict[str, dict[str, object]]

    @property
    def n(self) -> int:
        """Counted reviews."""
        return self.facts.n_reviews

    @property
    def facets(self) -> list[str]:
        """Facet of each issue."""
        return [str(self.catalogue[issue]["facet"]) for issue in self.ids]

    @property
    def others(self) -> NDArray[np.bool_]:
        """Whether each issue is the 其他 of its facet."""
        return np.array([bool(self.catalogue[issue]["other"]) for issue in self.ids], dtype=bool)

    def names(self) -> list[str]:
        """Name of each issue."""
        return [str(self.catalogue[issue]["name"]) for issue in self.ids]

    def by_issue(self, measure: str = "n_reviews") -> Ints:
        """Return a measure of ``Tally`` for each issue, of shape (n_issues,)."""
        return self.tally.vector("issue", self.ids, measure=measure)

    def reached(self) -> tuple[Ints, int]:
        """Return distinct customers (reviews where there is no customer column) per issue, and of all."""
        if self.facts.has("customer"):
            return self.tally.n_customers("issue", self.ids), int(self.tally.n_customers("all", [""])[0])
        return self.by_issue(), self.n

    def n_customers(self) -> Ints:
        """Return the distinct customers that reviews name, per issue."""
        return self.tally.n_customers("issue", self.ids, named=True)

    def light(self) -> Ledger:
        """Return the ledger without the texts, to be kept for questions asked later."""
        facts = self.facts
        texts = ("text",)
        return replace(
            self,
            facts=replace(
                facts,
                reviews=_without(facts.reviews, texts),
                mentions=_without(facts.mentions, texts),
            ),
        )


def _without(table: pa.Table, names: tuple[str, ...]) -> pa.Table:
    return table.drop_columns([name for name in names if name in table.column_names])


def make_ledger(facts: Facts, catalogue: pa.Table) -> Ledger:
    """Add up the counted mentions; ``catalogue`` has one row per issue (``issues.catalogue_schema``)."""
    tally = Tally.of(facts)
    ids = tuple(tally.codes("issue"))
    rows = {str(row["issue_id"]): row for row in catalogue.to_pylist()}
    return Ledger(facts, tally, calendar(tally.units("day")), ids, rows)
