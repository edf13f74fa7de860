"""The report out of a cluster: counts by merged tallies, uncertainty from a sample, texts only as quoted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp import __version__
from feedback_nlp.frames import frame
from feedback_nlp.pipeline.options import REPORT, SUMMARY, WORKBOOK, Options
from feedback_nlp.schema import LABELS
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from feedback_nlp.engines.spark import SparkScored
    from feedback_nlp.engines.spark_tally import Aggregate
    from feedback_nlp.insight.analysis import Insight
    from feedback_nlp.insight.ledger import Ledger
    from feedback_nlp.scorers.base import Scorer

__all__ = ["ClusterAnalysis", "analyze"]

UNITS = ("channel", "store", "product")


@dataclass(frozen=True)
class ClusterAnalysis:
    """Feedback of a cluster turned into ranked improvement areas.

    Attributes
    ----------
    scored : SparkScored
        Reviews and mentions, still on the cluster.
    found : Aggregate
    insight : Insight
    taxonomy : Taxonomy
    options : Options
    """

    scored: SparkScored
    found: Aggregate
    insight: Insight
    taxonomy: Taxonomy
    options: Options

    @cached_property
    def issues(self) -> pd.DataFrame:
        """Issues in rank order, with intervals (columns as in the contract)."""
        return frame(self.insight.issues)

    @cached_property
    def elements(self) -> pd.DataFrame:
        """Elements and facets with their shares and satisfaction."""
        return frame(self.insight.elements)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Everything the reports show; the only reviews in it are those quoted."""
        from feedback_nlp.pipeline.privacy import shown
        from feedback_nlp.report.summary import build

        known = _with_units(self.found)
        reviews, insight = known, self.insight
        if self.options.mask:
            reviews, insight = shown(reviews, insight, self.scored.meta["roles"])
        n_quoted = self.found.quoted.num_rows
        names = _names(known.slice(n_quoted), reviews.slice(n_quoted))
        built = build(
            reviews.slice(0, n_quoted),
            insight.mentions,
            insight,
            self.taxonomy,
            self._meta(),
            lang=self.options.lang,
            mask=self.options.mask,
        )
        return self._counted(built, names)

    def _counted(self, built: dict[str, Any], names: dict[tuple[str, str], str]) -> dict[str, Any]:
        """Put what was counted on the cluster in the place of what was counted of the quotes."""
        from feedback_nlp.report.headline import headline
        from feedback_nlp.report.wording import Words

        ledger = self.insight.basis.ledger
        months = _by_month(ledger)
        for row in built["issues"]:
            row["by_month"] = months.get(row["issue_id"], [])
        told = headline(
            built["issues"],
            self.insight.first,
            self.insight.n_counted,
            Words(self.options.lang),
            n_safety=_n_safety(ledger, built["issues"]),
        )
        return {
            **built,
            "reviews": {**built["reviews"], **_review_counts(self.found, ledger)},
            "groups": _groups(ledger, names),
            "headline": told,
        }

    def _meta(self) -> dict[str, Any]:
        from feedback_nlp.pipeline.privacy import shown_meta

        source = {"name": "Spark", "format": "spark", "encoding": None, "sheet": None}
        meta = {**self.scored.meta, "input": {**source, "n_rows": self.found.counts["n"]}}
        return {
            **(shown_meta(meta) if self.options.mask else meta),
            "options": asdict(self.options),
            "notes": (),
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "version": __version__,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return ``summary.json`` of the contract."""
        from feedback_nlp.report.summary import public

        return public(self.summary)

    def to_markdown(self) -> str:
        """Return a short summary for a chat, an e-mail or a terminal."""
        from feedback_nlp.report.markdown import render

        return render(self.summary)

    def write(self, folder: str | Path) -> dict[str, Path]:
        """Write report, workbook and ``summary.json`` into a folder of the driver; all of them or none.

        Raises
        ------
        OutputError
            If the folder can't be written.
        """
        from contextlib import ExitStack

        from feedback_nlp.io.writers import atomic, make_folder
        from feedback_nlp.pipeline.by_hand import keep_others
        from feedback_nlp.report import excel, html

        target = make_folder(folder)
        names = (SUMMARY, WORKBOOK, REPORT)
        keep_others(target, names)
        content = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        with ExitStack() as stack:
            place = {name: stack.enter_context(atomic(target / name)) for name in names}
            place[SUMMARY].write_text(content, encoding="utf-8")
            excel.write(self.summary, place[WORKBOOK])
            place[REPORT].write_text(html.render(self.summary), encoding="utf-8")
        return {name: target / name for name in place}


def analyze(
    df: DataFrame,
    *,
    text: str = "text",
    id: str = "review_id",
    rating: str | None = None,
    nps: str | None = None,
    time: str | None = None,
    channel: str | None = None,
    product: str | None = None,
    store: str | None = None,
    customer: str | None = None,
    rating_scale: tuple[float, float] | None = None,
    order: Sequence[str] = (),
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    options: Options | None = None,
    sample: int | None = None,
) -> ClusterAnalysis:
    """Score a Spark DataFrame and turn it into ranked improvement areas, mentions staying on the cluster.

    Parameters
    ----------
    df, text, id, customer, order, model, taxonomy
        As in ``engines.spark.score``.
    rating, nps, time, channel, product, store : str, optional
        Columns; nothing is guessed from headers. See ``engines.spark_tally.aggregate`` for their types.
    rating_scale : (low, high), optional
        Guessed from the ratings where not given.
    options : Options, optional
        Language, weights and so on, as for ``analyze`` on one machine.
    sample : int, optional
        Reviews from which importance and uncertainty are estimated; about 50,000.

    Returns
    -------
    ClusterAnalysis
        Counts, shares, trends and satisfaction are of all reviews. ``warnings`` say what is not. Its scores
        are kept on the cluster until ``scored.unpersist()``.
    """
    from feedback_nlp.engines import spark
    from feedback_nlp.engines.spark_tally import SAMPLE, aggregate
    from feedback_nlp.pipeline.cluster_insight import insight_of

    named = load_taxonomy(taxonomy)
    chosen = options or Options()
    scored = spark.score(
        df, text=text, id=id, customer=customer, order=order, model=model, taxonomy=named
    ).persist()
    given = {
        "rating": rating,
        "nps": nps,
        "time": time,
        "channel": channel,
        "product": product,
        "store": store,
    }
    columns = {role: name for role, name in given.items() if name is not None}
    found = aggregate(scored, named, columns=columns, lang=chosen.lang, sample=sample or SAMPLE)
    meta = {**scored.meta, "roles": {**scored.meta["roles"], **columns}, "rating_scale": rating_scale}
    scored = replace(scored, meta=meta)
    insight = insight_of(
        found, named, options=chosen, rating_scale=rating_scale, safety_threshold=meta["safety_threshold"]
    )
    return ClusterAnalysis(scored, found, insight, named, chosen)


def _with_units(found: Aggregate) -> pa.Table:
    """Return the quoted reviews and, behind them, a row for every name of a unit, to be masked alike."""
    import pyarrow as pa

    rows = [
        {"review_id": "", unit: name}
        for unit in UNITS
        if unit in found.quoted.column_names
        for name in found.tally.units(unit)
    ]
    return pa.concat_tables([found.quoted, pa.Table.from_pylist(rows, schema=found.quoted.schema)])


def _names(known: pa.Table, shown: pa.Table) -> dict[tuple[str, str], str]:
    """Return what is shown for each (column, unit)."""
    names: dict[tuple[str, str], str] = {}
    for unit in UNITS:
        if unit in known.column_names:
            pairs = zip(known[unit].to_pylist(), shown[unit].to_pylist(), strict=True)
            names |= {(unit, name): told for name, told in pairs if name is not None}
    return names


def _by_month(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    days = ledger.tally.units("day")
    months = sorted({day[:7] for day in days})
    counts = ledger.tally.matrix("issue", ledger.ids, "day", days)
    place = np.array([months.index(day[:7]) for day in days], dtype=np.int64)
    found = {}
    for issue, row in zip(ledger.ids, counts, strict=True):
        sums = np.bincount(place, weights=row, minlength=len(months)).astype(int).tolist()
        found[issue] = [{"month": month, "n_reviews": n} for month, n in zip(months, sums, strict=True)]
    return found


def _n_safety(ledger: Ledger, issues: Sequence[dict[str, Any]]) -> int:
    """Return the reviews in the safety band; of several issues of which not all are in it, at most."""
    from feedback_nlp.insight.facts import SAFETY_FACET

    band = [row["n_reviews"] for row in issues if row["safety"]]
    negative = int(ledger.tally.vector("facet", [SAFETY_FACET], label=LABELS[0])[0])
    return int(min(sum(band), negative))


def _review_counts(found: Aggregate, ledger: Ledger) -> dict[str, Any]:
    from feedback_nlp.insight.shares import wilson

    n, days = ledger.n, ledger.tally.units("day")
    labels = {f"n_{label}": int(ledger.tally.vector("all", [""], label=label)[0]) for label in LABELS}
    low, high = wilson(labels["n_negative"], n)
    counts = {name: value for name, value in found.counts.items() if name not in ("n_ok", "n_shared")}
    return {
        **counts,
        "n_scored": found.counts["n_ok"],
        "n_counted": n,
        "n_near_duplicates": None,
        "n_masked": None,
        "period": [days[0], days[-1]] if days else None,
        **labels,
        "negative_share": labels["n_negative"] / n if n else None,
        "negative_low": float(low),
        "negative_high": float(high),
    }


def _groups(ledger: Ledger, names: dict[tuple[str, str], str]) -> dict[str, list[dict[str, Any]]]:
    from feedback_nlp.insight.shares import wilson

    found = {}
    for column in UNITS:
        units = ledger.tally.units(column)
        n = ledger.tally.matrix("all", [""], column, units)[0]
        negative = ledger.tally.matrix("all", [""], column, units, label=LABELS[0])[0]
        low, high = wilson(negative, n)
        rows: list[dict[str, Any]] = [
            {
                "unit": names.get((column, unit), unit),
                "n": int(n[k]),
                "n_negative": int(negative[k]),
                "share": float(negative[k] / n[k]),
                "low": float(low[k]),
                "high": float(high[k]),
            }
            for k, unit in enumerate(units)
        ]
        if rows:
            found[column] = sorted(rows, key=lambda row: (-row["n"], row["unit"]))
    return found
