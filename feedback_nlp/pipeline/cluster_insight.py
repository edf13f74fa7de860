"""The insight of an aggregate: what can be counted is of all reviews, the rest of the sample, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight import drivers, nps, pareto, ranks, tables
from feedback_nlp.insight.analysis import Insight, analyse
from feedback_nlp.insight.caveats import caveats
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.ledger import Ledger
from feedback_nlp.insight.playbook import Playbook
from feedback_nlp.insight.standing import stand
from feedback_nlp.insight.trends import calendar, trends
from feedback_nlp.insight.whole import Whole
from feedback_nlp.pipeline.options import Options
from feedback_nlp.taxonomy import GENERAL, Taxonomy

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.engines.spark_tally import Aggregate

__all__ = ["insight_of"]


def insight_of(
    found: Aggregate,
    taxonomy: Taxonomy,
    *,
    options: Options,
    rating_scale: tuple[float, float] | None = None,
    safety_threshold: float = 0.9,
) -> Insight:
    """Return the insight of an aggregate: what ``insight.analysis.analyse`` gives, read off the tally.

    Issues, elements, periods, units, Pareto and satisfaction are of all counted reviews. Drivers, quadrants,
    effects and the rank intervals are of the sample, which is all of them where they are few.
    """
    part = Facts.of(found.reviews, found.mentions)
    drawn = analyse(
        found.reviews,
        found.mentions,
        taxonomy,
        rating_scale=rating_scale,
        safety_threshold=safety_threshold,
        draws=1,
        seed=options.seed,
        lang=options.lang,
        assign=lambda mentions, *_args, **_options: (mentions, found.catalogue),
    )
    ledger = _ledger(found, part)
    reach = tables.reach(ledger.tally, ledger.ids)
    counts = ledger.calendar.counts(ledger.tally, "issue", ledger.ids)
    base = ledger.calendar.counts(ledger.tally, "all", [""])[0]
    bars = _pareto(ledger, found.n_other, options.lang)
    facet = drawn.driving["facet"]
    basis = replace(
        drawn.basis,
        ledger=ledger,
        importance=drivers.importance(facet, ledger.facets),
        importance_draws=drivers.importance_draws(facet, ledger.facets),
        spread=reach.spread,
        trend=trends(counts, base, ledger.calendar.position),
        evidence=ranks.evidence(part, ledger.ids),
        caveats=_caveats(found, ledger, bars, facet.reason, part.n_reviews),
    )
    standing = stand(
        basis,
        weights=options.weights,
        playbook=(options.playbook or Playbook()).with_feasibility(options.feasibility),
        draws=options.draws,
        seed=options.seed,
    )
    return replace(
        drawn,
        issues=standing.issues,
        mentions=found.quoted_mentions,
        elements=_elements(ledger, taxonomy, drawn, rating_scale),
        satisfaction=_satisfaction(ledger, rating_scale),
        periods=tables.periods_table(ledger.tally, ledger.calendar),
        issue_periods=tables.issue_periods_table(ledger.ids, counts, ledger.calendar, base),
        issue_units=reach.units,
        issue_spread=reach.verdicts,
        pareto=bars,
        first=standing.first,
        n_counted=ledger.n,
        warnings=standing.warnings,
        plan=standing.plan,
        basis=basis,
    )


def _ledger(found: Aggregate, part: Facts) -> Ledger:
    tally = found.tally
    whole = Whole.behind(tally, part, n_shared=found.counts["n_shared"])
    rows = {str(row["issue_id"]): row for row in found.catalogue.to_pylist()}
    return Ledger(whole, tally, calendar(tally.units("day")), tuple(tally.codes("issue")), rows)


def _pareto(ledger: Ledger, n_other: int, lang: str) -> pa.Table:
    rows = zip(ledger.ids, ledger.names(), ledger.by_issue(), ledger.others, strict=True)
    bars = [pareto.Bar(issue, name, int(count)) for issue, name, count, other in rows if not other]
    rest = pareto.Bar(pareto.OTHER_ID, "Other" if lang == "en" else "其他", n_other)
    return pareto.pareto(bars, ledger.n, other=rest)


def _elements(
    ledger: Ledger, taxonomy: Taxonomy, drawn: Insight, scale: tuple[float, float] | None
) -> pa.Table:
    codes = {
        "element": [
            element.code for element in taxonomy.elements if element.code != GENERAL.partition(".")[0]
        ],
        "facet": [code for code in taxonomy.codes if code != GENERAL],
    }
    parts = []
    for level, all_codes in codes.items():
        seen = set(ledger.tally.codes(level))
        met = [code for code in all_codes if code in seen]
        found = drawn.driving[level]
        kind, weight = "relative_weights", drivers.importance(found, met)
        if found.table.num_rows == 0:
            mentions = ledger.tally.vector(level, met).astype(float)
            kind, weight = "mention_share", mentions / max(float(mentions.max(initial=0.0)), 1.0)
        parts.append(
            tables.elements_table(
                ledger.tally,
                level,
                met,
                n_reviews=ledger.n,
                importance=weight,
                kind=kind,
                calendar=ledger.calendar,
                scale=scale or nps.guess_scale(_values(ledger, "rating")),
            )
        )
    return _joined(parts)


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(parts).combine_chunks()


def _satisfaction(ledger: Ledger, scale: tuple[float, float] | None) -> dict[str, object]:
    ratings, answers = (_values(ledger, column) for column in ("rating", "nps"))
    return nps.satisfaction(ratings, answers, scale=scale)


def _values(ledger: Ledger, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return every answer of a score, out of its histogram."""
    units = ledger.tally.units(column)
    counts = ledger.tally.matrix("all", [""], column, units)[0]
    return np.repeat(np.array([float(unit) for unit in units]), counts)


def _caveats(
    found: Aggregate, ledger: Ledger, bars: pa.Table, reason: Bilingual | None, n_drawn: int
) -> tuple[Bilingual, ...]:
    negative = int(ledger.tally.vector("all", [""], label="negative")[0])
    told = caveats(
        ledger.n,
        negative_share=negative / max(ledger.n, 1),
        has_time=ledger.facts.has("time"),
        other_share=pareto.other_share(bars),
        n_shared=found.counts["n_shared"],
        no_importance=reason,
    )
    return (*told, _BY_CLAUSE, _QUOTES, *([_drawn(n_drawn, ledger.n)] if n_drawn < ledger.n else []))


_BY_CLAUSE = Bilingual(
    "集群汇总：问题只按分类体系和自带词表归类；只靠出现次数才成题的说法留在该方面的“其他”里。",
    "Summed on a cluster: issues are those of the taxonomy and the shipped lists; a wording that only its "
    "number of reviews would make an issue stays in the 'other' of its facet.",
)
_QUOTES = Bilingual(
    "集群汇总：附表只列被引用的评价；全部评价和提及在集群写出的表里。",
    "Summed on a cluster: the list of reviews holds those quoted; all reviews and mentions are in the tables "
    "that the cluster wrote.",
)


def _drawn(n: int, total: int) -> Bilingual:
    return Bilingual(
        f"集群汇总：重要性、象限和名次区间由随机抽取的 {n:,} 条评价（共 {total:,} 条）估计，区间因此偏宽。",
        f"Summed on a cluster: importance, quadrants and rank intervals are estimated from {n:,} reviews "
        f"drawn from {total:,}, so the intervals are wide.",
    )
