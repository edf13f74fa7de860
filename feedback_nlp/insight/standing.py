"""The standing of the issues: priority, ranks and their uncertainty, and what comes first.

Everything that depends on the weights and the playbook, and on nothing else: a :class:`Basis` is kept with
the analysis, so that other weights need neither scoring nor counting again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight import priority, ranks, tables
from feedback_nlp.insight.emerging import emerging
from feedback_nlp.insight.facts import SAFETY_FACET
from feedback_nlp.insight.ledger import Ledger
from feedback_nlp.insight.playbook import Known, Playbook
from feedback_nlp.insight.shares import beta_prior, shrink, wilson
from feedback_nlp.insight.tally import FIXED
from feedback_nlp.insight.trends import Trend
from feedback_nlp.schema import issues_schema
from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Basis", "Standing", "stand"]

# Candidates for the first place are those that take it at least this often.
_CANDIDATE = 0.05
_MANY_CANDIDATES = 5
# Entries of the playbook named in a warning.
_SHOWN = 5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Basis:
    """What the standing is worked out from, arrays by issue in the order of ``ledger.ids``.

    Attributes
    ----------
    ledger : Ledger
        Without its texts.
    taxonomy : Taxonomy
    importance : float64 array of shape (n_issues,)
    importance_draws : float64 array of shape (n_draws, n_issues)
    spread : float64 array of shape (n_issues,)
    trend : Trend
    evidence : ranks.Evidence
    safety_threshold : float
        Score from which a negative ``product.safety`` mention lifts its issue to the safety band.
    caveats : tuple of Bilingual
        Warnings that hold whatever the weights.
    """

    ledger: Ledger
    taxonomy: Taxonomy
    importance: Floats
    importance_draws: Floats
    spread: Floats
    trend: Trend
    evidence: ranks.Evidence
    safety_threshold: float
    caveats: tuple[Bilingual, ...] = ()

    def known(self) -> Known:
        """Return by what a playbook may call the issues."""
        names = [
            [str(row[key]) for key in ("name", "name_en") if row.get(key)]
            for row in (self.ledger.catalogue[issue] for issue in self.ledger.ids)
        ]
        return Known(self.ledger.ids, self.ledger.facets, names)


@dataclass(frozen=True)
class Standing:
    """The ranked issues.

    Attributes
    ----------
    issues : table of ``schema.issues_schema``, in rank order
    first : dict
        As ``Insight.first``.
    plan : dict
        Issue id to ``owner`` and ``due`` of the playbook, and ``feasibility`` and ``severity`` where it gave
        them.
    warnings : tuple of Bilingual
        Those of the basis, and which entries of the playbook have no effect.
    """

    issues: pa.Table
    first: dict[str, object]
    plan: dict[str, dict[str, object]]
    warnings: tuple[Bilingual, ...]


def stand(
    basis: Basis,
    *,
    weights: Sequence[float] = priority.DEFAULT_WEIGHTS,
    playbook: Playbook | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Standing:
    """Rank the issues; parameters as in ``analysis.analyse``.

    Raises
    ------
    ConfigError
        For weights that can't be used, or a playbook that speaks of what there is not.
    """
    shares, book, known = priority.check_weights(weights), playbook or Playbook(), basis.known()
    absent = book.check(basis.taxonomy, known)
    factors = _factors(basis, book, known)
    rank = ranks.order(factors, shares, basis.ledger.ids)
    drawn = ranks.simulate(basis.evidence, factors, weights=shares, rank=rank, draws=draws, seed=seed)
    return Standing(
        issues=_issues_table(basis, factors, shares, rank, drawn),
        first=_first(basis.ledger, rank, drawn, factors),
        plan=_plan(book, known),
        warnings=(*basis.caveats, *_unused(absent)),
    )


def _unused(keys: Sequence[str]) -> tuple[Bilingual, ...]:
    if not keys:
        return ()
    zh, en = "、".join(keys[:_SHOWN]), ", ".join(keys[:_SHOWN])
    more = len(keys) > _SHOWN
    return (
        Bilingual(
            f"改进手册里的这些问题这次没有出现，不起作用：{zh}{' 等' if more else ''}。",
            f"Issues of the playbook that this file doesn't have, so they change nothing: "
            f"{en}{' and more' if more else ''}.",
        ),
    )


def _plan(book: Playbook, known: Known) -> dict[str, dict[str, object]]:
    columns: dict[str, Mapping[str, object]] = {
        "owner": book.owners(known),
        "due": book.dues(known),
        "feasibility": book.feasibility(known),
        "severity": book.severity(known),
    }
    told = sorted({issue for column in columns.values() for issue in column})
    return {issue: {name: column.get(issue) for name, column in columns.items()} for issue in told}


def _factors(basis: Basis, book: Playbook, known: Known) -> ranks.Factors:
    ledger = basis.ledger
    mentions = np.maximum(ledger.by_issue("n_mentions"), 1)
    concern = ledger.tally.matrix("issue", ledger.ids, "flag", priority.CONCERN_FLAGS).sum(axis=1)
    severity = priority.severity(
        -ledger.by_issue("polarity") / FIXED / mentions, concern / np.maximum(ledger.by_issue(), 1)
    )
    told = book.severity(known)
    fixed = np.array([issue in told for issue in ledger.ids], dtype=bool)
    severity[fixed] = [told[issue] for issue in ledger.ids if issue in told]
    reached, everyone = ledger.reached()
    prior = beta_prior(reached, np.full(len(reached), everyone))
    feasible, given = priority.feasibility(ledger.ids, ledger.facets, basis.taxonomy, book.feasibility(known))
    sure = ledger.by_issue("score_max") >= round(basis.safety_threshold * FIXED)
    return ranks.Factors(
        severity=severity,
        fixed=fixed,
        importance=basis.importance,
        importance_draws=basis.importance_draws,
        share=shrink(reached, everyone, prior),
        spread=basis.spread,
        feasibility=feasible,
        given=given,
        band=sure & np.array([facet == SAFETY_FACET for facet in ledger.facets], dtype=bool),
        other=ledger.others,
        prior=prior,
    )


def _issues_table(
    basis: Basis,
    factors: ranks.Factors,
    weights: tuple[float, float, float],
    rank: Ints,
    drawn: ranks.Ranks,
) -> pa.Table:
    ledger, trend = basis.ledger, basis.trend
    n_mentions, n_reviews = ledger.by_issue("n_mentions"), ledger.by_issue()
    low, high = wilson(n_reviews, np.full(len(n_reviews), ledger.n))
    customers = ledger.facts.has("customer")
    columns = {
        "issue_id": list(ledger.ids),
        "rank": rank,
        "rank_low": drawn.low,
        "rank_high": drawn.high,
        "element": [facet.partition(".")[0] for facet in ledger.facets],
        "facet": ledger.facets,
        "name": ledger.names(),
        "n_mentions": n_mentions,
        "n_reviews": n_reviews,
        "n_customers": ledger.n_customers() if customers else [None] * len(ledger.ids),
        "share": n_reviews / max(ledger.n, 1),
        "share_low": low,
        "share_high": high,
        "mean_polarity": ledger.by_issue("polarity") / FIXED / np.maximum(n_mentions, 1),
        "impact": factors.impact,
        "scope": factors.scope,
        "feasibility": factors.feasibility,
        "priority": priority.priority(factors.impact, factors.scope, factors.feasibility, weights),
        "safety": factors.band,
        "trend": trend.kind,
        "remedy": [basis.taxonomy.facet(facet).remedy for facet in ledger.facets],
        "examples": _examples(ledger),
        "p_first": drawn.p_first,
        "p_top3": drawn.p_top3,
        "severity": factors.severity,
        "importance": factors.importance,
        "spread": factors.spread,
        "trend_change": tables.nulls(trend.change),
        "trend_q": tables.nulls(trend.q),
        "other": ledger.others,
        "new": _new(ledger),
        "pinned": [bool(ledger.catalogue[issue].get("pinned")) for issue in ledger.ids],
    }
    table = pa.table({name: columns[name] for name in issues_schema().names}, schema=issues_schema())
    return table.sort_by("rank").combine_chunks()


def _new(ledger: Ledger) -> NDArray[np.bool_]:
    counts = ledger.calendar.counts(ledger.tally, "issue", ledger.ids)
    return emerging(counts, ledger.calendar.counts(ledger.tally, "all", [""])[0]) & ~ledger.others


def _examples(ledger: Ledger) -> list[list[str]]:
    quotes: dict[str, list[str]] = {issue: [] for issue in ledger.ids}
    for row in ledger.tally.examples.to_pylist():
        quotes[row["issue_id"]].append(f"{row['review_id']}:{row['start']}:{row['end']}")
    return [quotes[issue] for issue in ledger.ids]


def _first(ledger: Ledger, rank: Ints, drawn: ranks.Ranks, factors: ranks.Factors) -> dict[str, object]:
    """Say what comes first outside the safety band, in numbers; a 其他 only where nothing has a name."""
    in_order = [int(place) for place in np.argsort(rank)]
    outside = [place for place in in_order if not factors.band[place]]
    free = [place for place in outside if not factors.other[place]] or outside
    found: dict[str, object] = {
        "clear": False,
        "issue_id": None,
        "p_first": None,
        "p_first_open": None,
        "other": False,
        "candidates": [],
        "safety": [ledger.ids[place] for place in in_order if factors.band[place]],
    }
    if not free:
        return found
    top = max(free, key=lambda place: (drawn.p_first[place], -rank[place]))
    likely = sorted(free, key=lambda place: (-drawn.p_first[place], rank[place]))
    named = [place for place in likely if drawn.p_first[place] >= _CANDIDATE][:_MANY_CANDIDATES]
    clear = bool(drawn.p_first[top] >= ranks.CLEAR)
    leader = top if clear else free[0]
    return found | {
        "clear": clear,
        "issue_id": ledger.ids[leader],
        "p_first": float(drawn.p_first[leader]),
        "p_first_open": float(drawn.p_first_open[leader]),
        "other": bool(ledger.others[leader]),
        "candidates": [ledger.ids[place] for place in named],
    }
