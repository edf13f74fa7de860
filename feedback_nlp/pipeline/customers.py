"""The customers and the experience index of an analysis: tables for people, masked blocks for reports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from feedback_nlp.frames import frame
from feedback_nlp.insight import customers as insight_customers
from feedback_nlp.insight import experience as insight_experience
from feedback_nlp.taxonomy import GENERAL

if TYPE_CHECKING:
    import pandas as pd

    from feedback_nlp.pipeline.result import Analysis

__all__ = ["People", "blocks_of"]


@dataclass(frozen=True)
class People:
    """The customers and the experience index of an analysis; computed when asked for."""

    analysis: Analysis

    @cached_property
    def customers(self) -> insight_customers.Customers:
        """What is known of the customers."""
        analysis = self.analysis
        weights = analysis.options.weights
        return insight_customers.customers(analysis.monitoring.facts, analysis.insight.issues, weights)

    @cached_property
    def experience(self) -> insight_experience.Experience:
        """The experience index by month and element."""
        analysis = self.analysis
        general = GENERAL.partition(".")[0]
        seen = analysis.insight.elements.to_pylist()
        codes = [row["code"] for row in seen if row["level"] == "element" and row["code"] != general]
        return insight_experience.experience(
            analysis.monitoring.facts,
            codes,
            analysis.insight.driving["element"],
            rating_scale=analysis.scored.meta["rating_scale"],
        )

    def table(self, name: str) -> pd.DataFrame:
        """Return ``table``, ``follow_up``, ``behind`` or ``value`` of the customers as a DataFrame."""
        shown = frame(getattr(self.customers, name))
        why = self.customers.reason
        if why is None and name == "table":
            why = self.customers.rfm_reason
        shown.attrs = {"reason": why.in_(self.analysis.options.lang) if why else None}
        return shown


def blocks_of(analysis: Analysis) -> dict[str, Any]:
    """Return the blocks ``experience`` and ``customers`` of a report, masked as the report is."""
    from feedback_nlp.pipeline.privacy import hidden_ids, masked_customers
    from feedback_nlp.report import customers, experience
    from feedback_nlp.report.evidence import masked

    options, insight, found = analysis.options, analysis.insight, analysis.people.customers
    ids, names = (insight.issues[name].to_pylist() for name in ("issue_id", "name"))
    issues = dict(zip(ids, masked(names) if options.mask else names, strict=True))
    elements = {
        element.code: analysis.taxonomy.label(element.code, options.lang)
        for element in analysis.taxonomy.elements
    }
    reviews = analysis.monitoring.facts.reviews
    wanted = set(found.follow_up["review_id"].to_pylist())
    pairs = zip(reviews["review_id"].to_pylist(), reviews["text"].to_pylist(), strict=True)
    quoted = {review: text or "" for review, text in pairs if review in wanted}
    texts = masked(list(quoted.values())) if options.mask else list(quoted.values())
    return {
        "experience": experience.build(analysis.people.experience, elements, options.lang),
        "customers": customers.build(
            found,
            dict(zip(quoted, texts, strict=True)),
            issues=issues,
            elements=elements,
            who=masked_customers(found.table["customer"].to_pylist()) if options.mask else {},
            ids=hidden_ids(analysis.scored.canonical) if options.mask else {},
            lang=options.lang,
        ),
    }
