"""The analysis of a scored file: what is wrong, how much of it, where, since when, and what to mend first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight import drivers as driving
from feedback_nlp.insight import nps, pareto, priority, quadrants, ranks, tables
from feedback_nlp.insight.caveats import caveats
from feedback_nlp.insight.facts import SAFETY_FACET, Facts
from feedback_nlp.insight.features import features, outcome, poisson_weights
from feedback_nlp.insight.shares import beta_prior, shrink, wilson
from feedback_nlp.insight.tally import FIXED, Tally
from feedback_nlp.insight.trends import Calendar, Trend, calendar, trends
from feedback_nlp.schema import issues_schema
from feedback_nlp.taxonomy import GENERAL, Taxonomy

__all__ = ["Insight", "analyse"]

# Draws of the intervals of drivers and quadrants, which are slower than those of the ranks.
_DRIVER_DRAWS = 200
# Candidates for the first place are those that take it at least this often.
_CANDIDATE = 0.05
_MANY_CANDIDATES = 5

Assign = Callable[..., tuple[pa.Table, pa.Table]]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Insight:
    """Everything that reports show; tables are Arrow, shares are of counted reviews.

    Attributes
    ----------
    issues : table of ``schema.issues_schema``, in rank order
        ``p_first`` and ``p_top3`` are among issues of the same tier: safety band, named, 其他.
    mentions : table of ``schema.mentions_schema``
        All mentions given, ``issue_id`` filled for every negative one but ``overall.general``.
    elements : table of ``tables.elements_schema``
    satisfaction : dict, see ``nps.satisfaction``
    periods, issue_periods, issue_units, issue_spread : tables
        Schemas in ``tables`` and ``scope``.
    quadrants : table of ``quadrants.quadrants_schema``
    pareto : table of ``pareto.pareto_schema``
    drivers : table of ``drivers.drivers_schema`` with a leading ``level``
    first : dict
        ``clear``, ``issue_id``, ``p_first``, ``p_first_open`` (feasibility left open), ``other``,
        ``candidates`` and ``safety`` (ids).
    importance_kind : str
        "relative_weights", or "none" where importance is 1 for all.
    importance_reason : Bilingual or None
        Why importance couldn't be estimated.
    r2 : dict
        Share of the outcome's variance explained, by level; None where not estimated.
    n_counted : int
        Counted reviews, the base of every share.
    warnings : tuple of Bilingual
    """

    issues: pa.Table
    mentions: pa.Table
    elements: pa.Table
    satisfaction: dict[str, object]
    periods: pa.Table
    issue_periods: pa.Table
    issue_units: pa.Table
    issue_spread: pa.Table
    quadrants: pa.Table
    pareto: pa.Table
    drivers: pa.Table
    first: dict[str, object]
    importance_kind: str
    importance_reason: Bilingual | None
    r2: dict[str, float | None]
    n_counted: int
    warnings: tuple[Bilingual, ...]


@dataclass(frozen=True)
class _Ledger:
    """The counted file and its issues (those with a counted review), in the order of ``ids``."""

    facts: Facts
    tally: Tally
    calendar: Calendar
    ids: tuple[str, ...]
    catalogue: dict[str, dict[str, object]]

    @property
    def n(self) -> int:
        return self.facts.n_reviews

    @property
    def facets(self) -> list[str]:
        return [str(self.catalogue[issue]["facet"]) for issue in self.ids]

    @property
    def others(self) -> NDArray[np.bool_]:
        return np.array([bool(self.catalogue[issue]["other"]) for issue in self.ids], dtype=bool)

    def names(self) -> list[str]:
        return [str(self.catalogue[issue]["name"]) for issue in self.ids]

    def by_issue(self, measure: str = "n_reviews") -> Ints:
        return self.tally.vector("issue", self.ids, measure=measure)


def analyse(
    reviews: pa.Table,
    mentions: pa.Table,
    taxonomy: Taxonomy,
    *,
    weights: Sequence[float] = priority.DEFAULT_WEIGHTS,
    feasibility: Mapping[str, float] | None = None,
    rating_scale: tuple[float, float] | None = None,
    safety_threshold: float = 0.9,
    draws: int = 1000,
    seed: int = 0,
    lang: str = "zh",
    assign: Assign | None = None,
) -> Insight:
    """Aggregate a scored file.

    Parameters
    ----------
    reviews : Arrow table
        ``schema.reviews_schema`` columns that are present and the fb_* columns of ``schema.scored_schema``.
    mentions : Arrow table of ``schema.mentions_schema``
    taxonomy : Taxonomy
    weights : three numbers ≥ 0
        Weights of Impact, Scope and Feasibility; scaled to sum 1.
    feasibility : mapping, optional
        Playbook: issue id, facet or element to 1 (hard) – 5 (easy).
    rating_scale : (low, high), optional
        Guessed from the ratings where not given.
    safety_threshold : float
        Score from which a negative ``product.safety`` mention lifts its issue to the safety band.
    draws, seed : int
        Of the rank intervals. The result doesn't depend on the order of the rows.
    lang : {"zh", "en"}
        Language of issue names.
    assign : callable, optional
        Groups negative mentions into issues; ``insight.issues.assign`` where not given.

    Raises
    ------
    ConfigError
        For weights or feasibility that can't be used.
    """
    shares = priority.check_weights(weights)
    filled, catalogue = (assign or _default_assign())(mentions, taxonomy, lang=lang)
    ledger = _ledger(Facts.of(reviews, filled), catalogue)
    found = {level: _drivers(ledger, taxonomy, level, seed) for level in ("element", "facet")}
    reach = tables.reach(ledger.tally, ledger.ids)
    factors = _factors(ledger, taxonomy, found["facet"], reach.spread, feasibility, safety_threshold)
    rank = ranks.order(factors, shares, ledger.ids)
    evidence = ranks.evidence(ledger.facts, ledger.ids)
    drawn = ranks.simulate(evidence, factors, weights=shares, rank=rank, draws=draws, seed=seed)
    counts = ledger.calendar.counts(ledger.tally, "issue", ledger.ids)
    base = ledger.calendar.counts(ledger.tally, "all", [""])[0]
    trend = trends(counts, base, ledger.calendar.position)
    bars = _pareto(ledger, lang)
    return Insight(
        issues=_issues_table(ledger, taxonomy, factors, shares, rank, drawn, trend),
        mentions=filled,
        elements=_elements(ledger, taxonomy, found),
        satisfaction=nps.satisfaction(
            ledger.facts.numbers("rating"), ledger.facts.numbers("nps"), scale=rating_scale
        ),
        periods=tables.periods_table(ledger.tally, ledger.calendar),
        issue_periods=tables.issue_periods_table(ledger.ids, counts, ledger.calendar, base),
        issue_units=reach.units,
        issue_spread=reach.verdicts,
        quadrants=_quadrants(ledger, taxonomy, found["element"], seed),
        pareto=bars,
        drivers=_drivers_table(found),
        first=_first(ledger, rank, drawn, factors),
        importance_kind="relative_weights" if found["facet"].table.num_rows else "none",
        importance_reason=found["facet"].reason,
        r2={level: part.r2 for level, part in found.items()},
        n_counted=ledger.n,
        warnings=_caveats(ledger, found["facet"], bars),
    )


def _default_assign() -> Assign:
    # Imported on use: it brings jieba, which an analysis with other groups doesn't need.
    from feedback_nlp.insight.issues import assign

    return assign


def _ledger(facts: Facts, catalogue: pa.Table) -> _Ledger:
    tally = Tally.of(facts)
    ids = tuple(tally.codes("issue"))
    rows = {str(row["issue_id"]): row for row in catalogue.to_pylist()}
    return _Ledger(facts, tally, calendar(tally.units("day")), ids, rows)


def _codes(taxonomy: Taxonomy, level: str) -> list[str]:
    """Codes of a level in the order of the taxonomy, without the general remark."""
    if level == "facet":
        return [code for code in taxonomy.codes if code != GENERAL]
    elements = [element.code for element in taxonomy.elements]
    return [code for code in elements if code != GENERAL.partition(".")[0]]


def _drivers(ledger: _Ledger, taxonomy: Taxonomy, level: str, seed: int) -> driving.Drivers:
    found = features(ledger.facts, level, _codes(taxonomy, level))
    return driving.drivers(ledger.facts, found, draws=_DRIVER_DRAWS, seed=seed)


def _factors(
    ledger: _Ledger,
    taxonomy: Taxonomy,
    found: driving.Drivers,
    spread: Floats,
    playbook: Mapping[str, float] | None,
    safety_threshold: float,
) -> ranks.Factors:
    mentions = np.maximum(ledger.by_issue("n_mentions"), 1)
    concern = ledger.tally.matrix("issue", ledger.ids, "flag", priority.CONCERN_FLAGS).sum(axis=1)
    severity = priority.severity(
        -ledger.by_issue("polarity") / FIXED / mentions, concern / np.maximum(ledger.by_issue(), 1)
    )
    reached, everyone = _reached(ledger)
    prior = beta_prior(reached, np.full(len(reached), everyone))
    feasible, given = priority.feasibility(ledger.ids, ledger.facets, taxonomy, playbook)
    sure = ledger.by_issue("score_max") >= round(safety_threshold * FIXED)
    return ranks.Factors(
        severity=severity,
        importance=driving.importance(found, ledger.facets),
        importance_draws=driving.importance_draws(found, ledger.facets),
        share=shrink(reached, everyone, prior),
        spread=spread,
        feasibility=feasible,
        given=given,
        band=sure & np.array([facet == SAFETY_FACET for facet in ledger.facets], dtype=bool),
        other=ledger.others,
        prior=prior,
    )


def _reached(ledger: _Ledger) -> tuple[Ints, int]:
    """Return distinct customers (reviews where there is no customer column) per issue, and of all."""
    if ledger.facts.has("customer"):
        return ledger.tally.n_customers("issue", ledger.ids), int(ledger.tally.n_customers("all", [""])[0])
    return ledger.by_issue(), ledger.n


def _issues_table(
    ledger: _Ledger,
    taxonomy: Taxonomy,
    factors: ranks.Factors,
    weights: tuple[float, float, float],
    rank: Ints,
    drawn: ranks.Ranks,
    trend: Trend,
) -> pa.Table:
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
        "n_customers": _reached(ledger)[0] if customers else [None] * len(ledger.ids),
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
        "remedy": [taxonomy.facet(facet).remedy for facet in ledger.facets],
        "examples": _examples(ledger),
        "p_first": drawn.p_first,
        "p_top3": drawn.p_top3,
        "severity": factors.severity,
        "importance": factors.importance,
        "spread": factors.spread,
        "trend_change": tables.nulls(trend.change),
        "trend_q": tables.nulls(trend.q),
        "other": ledger.others,
    }
    table = pa.table({name: columns[name] for name in issues_schema().names}, schema=issues_schema())
    return table.sort_by("rank").combine_chunks()


def _examples(ledger: _Ledger) -> list[list[str]]:
    quotes: dict[str, list[str]] = {issue: [] for issue in ledger.ids}
    for row in ledger.tally.examples.to_pylist():
        quotes[row["issue_id"]].append(f"{row['review_id']}:{row['start']}:{row['end']}")
    return [quotes[issue] for issue in ledger.ids]


def _elements(ledger: _Ledger, taxonomy: Taxonomy, found: Mapping[str, driving.Drivers]) -> pa.Table:
    parts = [_level_table(ledger, level, _codes(taxonomy, level), part) for level, part in found.items()]
    return pa.concat_tables(parts).combine_chunks()


def _level_table(ledger: _Ledger, level: str, codes: list[str], found: driving.Drivers) -> pa.Table:
    seen = set(ledger.tally.codes(level))
    codes = [code for code in codes if code in seen]
    kind, importance = "relative_weights", driving.importance(found, codes)
    if found.table.num_rows == 0:
        mentions = ledger.tally.vector(level, codes).astype(float)
        kind, importance = "mention_share", mentions / max(float(mentions.max(initial=0.0)), 1.0)
    return tables.elements_table(
        ledger.tally,
        level,
        codes,
        n_reviews=ledger.n,
        importance=importance,
        kind=kind,
        calendar=ledger.calendar,
    )


def _quadrants(ledger: _Ledger, taxonomy: Taxonomy, found: driving.Drivers, seed: int) -> pa.Table:
    found_in = features(ledger.facts, "element", _codes(taxonomy, "element"))
    answers = None
    if found.table.num_rows:
        values = outcome(ledger.facts)[1]
        rows = np.flatnonzero(~np.isnan(values))
        answers = quadrants.Answers(rows, values[rows])
    weights = poisson_weights(ledger.facts, _DRIVER_DRAWS, seed)
    return quadrants.quadrants(found_in, weights, answers)


def _drivers_table(found: Mapping[str, driving.Drivers]) -> pa.Table:
    parts = [
        part.table.add_column(0, "level", pa.array([level] * part.table.num_rows, pa.string()))
        for level, part in found.items()
    ]
    return pa.concat_tables(parts).combine_chunks()


def _pareto(ledger: _Ledger, lang: str) -> pa.Table:
    counts, others = ledger.by_issue(), ledger.others
    bars = [
        pareto.Bar(issue, name, int(count))
        for issue, name, count, other in zip(ledger.ids, ledger.names(), counts, others, strict=True)
        if not other
    ]
    rest = pa.array([issue for issue, other in zip(ledger.ids, others, strict=True) if other], pa.string())
    of_rest = np.asarray(pc.is_in(ledger.facts.mentions["issue_id"], value_set=rest), dtype=bool)
    n_rest = len(np.unique(ledger.facts.rows[of_rest]))
    other = pareto.Bar(pareto.OTHER_ID, "Other" if lang == "en" else "其他", n_rest)
    return pareto.pareto(bars, ledger.n, other=other)


def _first(ledger: _Ledger, rank: Ints, drawn: ranks.Ranks, factors: ranks.Factors) -> dict[str, object]:
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


def _caveats(ledger: _Ledger, found: driving.Drivers, bars: pa.Table) -> tuple[Bilingual, ...]:
    negative = int(ledger.tally.vector("all", [""], label="negative")[0])
    return caveats(
        ledger.n,
        negative_share=negative / max(ledger.n, 1),
        has_time=ledger.facts.has("time"),
        other_share=pareto.other_share(bars),
        n_shared=ledger.facts.n_shared,
        no_importance=found.reason,
    )
