"""The analysis of a scored file: what is wrong, how much of it, where, since when, and what to mend first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight import drivers as driving
from feedback_nlp.insight import nps, pareto, priority, quadrants, ranks, tables
from feedback_nlp.insight.caveats import caveats
from feedback_nlp.insight.detractors import Detractors, detractors
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import features, outcome, poisson_weights
from feedback_nlp.insight.ledger import Ledger, make_ledger
from feedback_nlp.insight.playbook import Playbook
from feedback_nlp.insight.standing import Basis, stand
from feedback_nlp.insight.trends import Trend, trends
from feedback_nlp.insight.what_if import Effects, effects
from feedback_nlp.taxonomy import GENERAL, Taxonomy

__all__ = ["Insight", "analyse", "rerank"]

# Draws of the intervals of drivers and quadrants, which are slower than those of the ranks.
_DRIVER_DRAWS = 200

Assign = Callable[..., tuple[pa.Table, pa.Table]]
Floats = NDArray[np.float64]


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
    driving : dict
        ``drivers.Drivers`` of the levels element and facet: R², answers, and why there is no estimate.
    detractors : dict
        ``detractors.Detractors`` of the levels element and facet.
    effects : tuple of ``what_if.Effects``
        What blame takes from each score, by level (element, facet, issue).
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
    plan : dict
        Issue id to what the playbook says: ``owner``, ``due``, ``feasibility``, ``severity``.
    basis : Basis
        What other weights and playbooks are worked out from.
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
    driving: dict[str, driving.Drivers]
    detractors: dict[str, Detractors]
    effects: tuple[Effects, ...]
    first: dict[str, object]
    importance_kind: str
    importance_reason: Bilingual | None
    r2: dict[str, float | None]
    n_counted: int
    warnings: tuple[Bilingual, ...]
    plan: dict[str, dict[str, object]]
    basis: Basis


def analyse(
    reviews: pa.Table,
    mentions: pa.Table,
    taxonomy: Taxonomy,
    *,
    weights: Sequence[float] = priority.DEFAULT_WEIGHTS,
    feasibility: Mapping[str, float] | None = None,
    playbook: Playbook | None = None,
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
        Issue id or name, facet or element to 1 (hard) – 5 (easy); goes before the playbook.
    playbook : Playbook, optional
        Feasibility, severity, owner and due date by element, facet or issue.
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
        For weights or feasibility that can't be used, or a playbook that speaks of what there is not.
    """
    priority.check_weights(weights)
    book = (playbook or Playbook()).with_feasibility(feasibility)
    book.check(taxonomy)
    filled, catalogue = _assigned(reviews, mentions, taxonomy, lang, assign or _default_assign())
    ledger = make_ledger(Facts.of(reviews, filled), catalogue)
    found = {level: _drivers(ledger, taxonomy, level, seed) for level in ("element", "facet")}
    reach = tables.reach(ledger.tally, ledger.ids)
    counts = ledger.calendar.counts(ledger.tally, "issue", ledger.ids)
    base = ledger.calendar.counts(ledger.tally, "all", [""])[0]
    trend = trends(counts, base, ledger.calendar.position)
    bars = _pareto(ledger, lang)
    warnings = _caveats(ledger, found["facet"], bars)
    basis = _basis(ledger, taxonomy, found["facet"], reach.spread, trend, safety_threshold, warnings)
    standing = stand(basis, weights=weights, playbook=book, draws=draws, seed=seed)
    ratings = ledger.facts.numbers("rating")
    return Insight(
        issues=standing.issues,
        mentions=filled,
        elements=_elements(ledger, taxonomy, found, rating_scale or nps.guess_scale(ratings)),
        satisfaction=nps.satisfaction(ratings, ledger.facts.numbers("nps"), scale=rating_scale),
        periods=tables.periods_table(ledger.tally, ledger.calendar),
        issue_periods=tables.issue_periods_table(ledger.ids, counts, ledger.calendar, base),
        issue_units=reach.units,
        issue_spread=reach.verdicts,
        quadrants=_quadrants(ledger, taxonomy, found["element"], seed),
        pareto=bars,
        drivers=_drivers_table(found),
        driving=found,
        detractors=_detractors(ledger, taxonomy, rating_scale),
        effects=_effects(ledger, taxonomy, rating_scale, seed),
        first=standing.first,
        importance_kind="relative_weights" if found["facet"].table.num_rows else "none",
        importance_reason=found["facet"].reason,
        r2={level: part.r2 for level, part in found.items()},
        n_counted=ledger.n,
        warnings=standing.warnings,
        plan=standing.plan,
        basis=basis,
    )


def rerank(
    insight: Insight,
    *,
    weights: Sequence[float] = priority.DEFAULT_WEIGHTS,
    playbook: Playbook | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Insight:
    """Rank the issues of an analysis again; parameters as in :func:`analyse`.

    Raises
    ------
    ConfigError
        For weights that can't be used, or a playbook that speaks of what there is not.
    """
    standing = stand(insight.basis, weights=weights, playbook=playbook, draws=draws, seed=seed)
    return replace(
        insight,
        issues=standing.issues,
        first=standing.first,
        plan=standing.plan,
        warnings=standing.warnings,
    )


def _basis(
    ledger: Ledger,
    taxonomy: Taxonomy,
    found: driving.Drivers,
    spread: Floats,
    trend: Trend,
    safety_threshold: float,
    warnings: tuple[Bilingual, ...],
) -> Basis:
    return Basis(
        ledger=ledger.light(),
        taxonomy=taxonomy,
        importance=driving.importance(found, ledger.facets),
        importance_draws=driving.importance_draws(found, ledger.facets),
        spread=spread,
        trend=trend,
        evidence=ranks.evidence(ledger.facts, ledger.ids),
        safety_threshold=safety_threshold,
        caveats=warnings,
    )


def _assigned(
    reviews: pa.Table, mentions: pa.Table, taxonomy: Taxonomy, lang: str, assign: Assign
) -> tuple[pa.Table, pa.Table]:
    """Group the mentions with copies standing as the review they repeat, so that they support nothing."""
    if "fb_duplicate_of" not in reviews.column_names:
        return assign(mentions, taxonomy, lang=lang)
    copies = reviews.filter(pc.is_valid(reviews["fb_duplicate_of"]))
    ids, place = mentions["review_id"], mentions.schema.get_field_index("review_id")
    known = pc.index_in(ids, value_set=copies["review_id"].combine_chunks())
    source = pc.coalesce(copies["fb_duplicate_of"].combine_chunks().take(known.combine_chunks()), ids)
    filled, catalogue = assign(mentions.set_column(place, "review_id", source), taxonomy, lang=lang)
    return filled.set_column(place, mentions.schema.field(place), ids), catalogue


def _default_assign() -> Assign:
    # Imported on use: it brings jieba, which an analysis with other groups doesn't need.
    from feedback_nlp.insight.issues import assign

    return assign


def _codes(taxonomy: Taxonomy, level: str) -> list[str]:
    """Codes of a level in the order of the taxonomy, without the general remark."""
    if level == "facet":
        return [code for code in taxonomy.codes if code != GENERAL]
    elements = [element.code for element in taxonomy.elements]
    return [code for code in elements if code != GENERAL.partition(".")[0]]


def _drivers(ledger: Ledger, taxonomy: Taxonomy, level: str, seed: int) -> driving.Drivers:
    found = features(ledger.facts, level, _codes(taxonomy, level))
    return driving.drivers(ledger.facts, found, draws=_DRIVER_DRAWS, seed=seed)


def _detractors(
    ledger: Ledger, taxonomy: Taxonomy, scale: tuple[float, float] | None
) -> dict[str, Detractors]:
    return {
        level: detractors(ledger.facts, features(ledger.facts, level, _codes(taxonomy, level)), scale=scale)
        for level in ("element", "facet")
    }


def _effects(
    ledger: Ledger, taxonomy: Taxonomy, scale: tuple[float, float] | None, seed: int
) -> tuple[Effects, ...]:
    codes = {level: _codes(taxonomy, level) for level in ("element", "facet")} | {"issue": list(ledger.ids)}
    return effects(ledger.facts, codes, ledger.facets, scale=scale, draws=_DRIVER_DRAWS, seed=seed)


def _elements(
    ledger: Ledger,
    taxonomy: Taxonomy,
    found: Mapping[str, driving.Drivers],
    scale: tuple[float, float] | None,
) -> pa.Table:
    parts = [
        _level_table(ledger, level, _codes(taxonomy, level), part, scale) for level, part in found.items()
    ]
    return pa.concat_tables(parts).combine_chunks()


def _level_table(
    ledger: Ledger,
    level: str,
    codes: list[str],
    found: driving.Drivers,
    scale: tuple[float, float] | None,
) -> pa.Table:
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
        scale=scale,
    )


def _quadrants(ledger: Ledger, taxonomy: Taxonomy, found: driving.Drivers, seed: int) -> pa.Table:
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


def _pareto(ledger: Ledger, lang: str) -> pa.Table:
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


def _caveats(ledger: Ledger, found: driving.Drivers, bars: pa.Table) -> tuple[Bilingual, ...]:
    negative = int(ledger.tally.vector("all", [""], label="negative")[0])
    return caveats(
        ledger.n,
        negative_share=negative / max(ledger.n, 1),
        has_time=ledger.facts.has("time"),
        other_share=pareto.other_share(bars),
        n_shared=ledger.facts.n_shared,
        no_importance=found.reason,
    )
