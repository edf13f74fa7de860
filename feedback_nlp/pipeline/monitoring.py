"""What an analysis says over time, composed: alarms, rates, emerging words, actions, the last run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.actions import Action, Check, check
from feedback_nlp.insight.monitoring.alarms import Alarms, alarms_schema, count_series
from feedback_nlp.insight.monitoring.emerging import Emerging, emerging
from feedback_nlp.insight.monitoring.exposure import Exposure, Rates, days_of, rates
from feedback_nlp.insight.monitoring.periods import check_unit, periods
from feedback_nlp.insight.monitoring.since import Since, since

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.pipeline.options import Options
    from feedback_nlp.pipeline.result import Analysis

__all__ = ["Monitoring", "block_of", "last_run", "over_time"]


@dataclass(frozen=True)
class Monitoring:
    """An analysis over time; everything is computed when asked for.

    Attributes
    ----------
    reviews, mentions : pyarrow.Table
        Scored reviews, and mentions with ``issue_id``.
    issues : pyarrow.Table
        ``schema.issues_schema()``.
    options : Options
        ``period``, ``exposure`` and ``actions``.
    """

    reviews: pa.Table
    mentions: pa.Table
    issues: pa.Table
    options: Options

    @cached_property
    def facts(self) -> Facts:
        """The counted reviews and their mentions."""
        return Facts.of(self.reviews, self.mentions)

    @cached_property
    def _others(self) -> list[str]:
        found: list[str] = self.issues.filter(self.issues["other"])["issue_id"].to_pylist()
        return found

    @cached_property
    def alarms(self) -> Alarms | None:
        """Control charts and alarms of shares; None without times."""
        found = periods(days_of(self.facts), self.options.period)
        if not found.names:
            return None
        return Alarms(count_series(self.facts, found, others=self._others), found, found.n.astype(float))

    @cached_property
    def rates(self) -> Rates | None:
        """Rates per thousand; None without an exposure file."""
        if self.options.exposure is None:
            return None
        return rates(self.facts, self.options.exposure, others=self._others)

    @cached_property
    def emerging(self) -> Emerging:
        """Words that the latest weeks use more than before."""
        return emerging(self.facts)

    @cached_property
    def checks(self) -> list[Check]:
        """Every action of the log, before and after."""
        names = zip(self.issues["issue_id"].to_pylist(), self.issues["name"].to_pylist(), strict=True)
        return check(self.options.actions, self.facts, dict(names))

    @property
    def alarm_table(self) -> pa.Table:
        """Alarms of ``insight.monitoring.alarms.alarms_schema()``, with the ``name`` of issues."""
        import pyarrow as pa

        table = alarms_schema().empty_table() if self.alarms is None else self.alarms.table
        names = dict(zip(*(self.issues[name].to_pylist() for name in ("issue_id", "name")), strict=True))
        shown = [names.get(code, code) for code in table["code"].to_pylist()]
        return table.add_column(2, "name", pa.array(shown, pa.string()))

    def since(self, previous: Mapping[str, Any] | None) -> Since | None:
        """Return what changed since an earlier run, None where there is none or nothing did."""
        if previous is None:
            return None
        n = {"reviews": {"n_counted": self.facts.n_reviews, "period": self._span()}}
        return since(previous, {"created": None, "issues": self.issues.to_pylist(), **n})

    def _span(self) -> list[str] | None:
        days = [day for day in days_of(self.facts) if day]
        return [min(days), max(days)] if days else None


def block_of(analysis: Analysis) -> dict[str, Any]:
    """Return what ``report.monitoring`` lays out, as plain data, with names masked as the report's are."""
    from feedback_nlp.pipeline.privacy import masked_units, shown_units
    from feedback_nlp.report.evidence import masked
    from feedback_nlp.report.monitoring import build

    found, mask = analysis.monitoring, analysis.options.mask
    ids, names = (analysis.insight.issues[name].to_pylist() for name in ("issue_id", "name"))
    lang = analysis.options.lang
    shown = {
        element.code: analysis.taxonomy.label(element.code, lang) for element in analysis.taxonomy.elements
    }
    shown |= dict(zip(ids, masked(names) if mask else names, strict=True))
    units: dict[str, str] = {}
    if found.rates is not None and mask:
        column = analysis.options.exposure.column if analysis.options.exposure else None
        roles = analysis.scored.meta["roles"]
        # As in the rest of the report: "王* (2)" is the same person everywhere.
        units = shown_units(analysis.scored.judged, roles)
        units |= masked_units(list(found.rates.parts), header=roles.get(column, ""), known=units)
    return build(
        found.alarms,
        found.rates,
        found.emerging,
        found.checks,
        found.since(analysis.previous),
        names=shown,
        units=units,
        lang=lang,
    )


def over_time(
    options: Options,
    *,
    period: str | None = None,
    exposure: str | Path | Exposure | None = None,
    actions: str | Path | Sequence[Action] = (),
) -> Options:
    """Return ``options`` with what alarms go by, the exposure and the action log, files read.

    Raises
    ------
    ConfigError, InputError
        If a file can't be used.
    """
    from feedback_nlp.pipeline.action_log import read_actions
    from feedback_nlp.pipeline.exposure_file import read_exposure

    return replace(
        options,
        period=check_unit(period),
        exposure=read_exposure(exposure) if isinstance(exposure, str | Path) else exposure,
        actions=read_actions(actions) if isinstance(actions, str | Path) else tuple(actions),
    )


def last_run(path: str | Path) -> dict[str, Any] | None:
    """Return the ``summary.json`` that an earlier run left, None where there is none that can be read."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
