"""What people hold: ``Analysis`` (issues, ranks, reports) over ``Scored`` (reviews and mentions)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp import __version__
from feedback_nlp.errors import Bilingual
from feedback_nlp.frames import frame
from feedback_nlp.pipeline.options import (
    HANDOFF,
    MENTIONS,
    REPORT,
    SCORED,
    SLIDES,
    SUMMARY,
    WORKBOOK,
    Options,
)
from feedback_nlp.pipeline.scored import Scored

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from feedback_nlp.insight.analysis import Insight
    from feedback_nlp.insight.playbook import Playbook
    from feedback_nlp.pipeline.customers import People
    from feedback_nlp.pipeline.monitoring import Monitoring
    from feedback_nlp.report.rich import Highlights
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Analysis", "Options", "Scored"]


@dataclass(frozen=True, repr=False)
class Analysis:
    """Feedback turned into ranked improvement areas.

    Built by :func:`feedback_nlp.analyze`; the tables are DataFrames, the reports files or strings.
    """

    scored: Scored
    insight: Insight
    taxonomy: Taxonomy
    options: Options
    safety_threshold: float
    notes: tuple[Bilingual, ...] = ()
    previous: Mapping[str, Any] | None = None
    # Of the notes, what is to be said of edits of issues.
    of_edits: tuple[Bilingual, ...] = ()

    @classmethod
    def build(
        cls,
        scored: Scored,
        *,
        taxonomy: Taxonomy,
        safety_threshold: float,
        options: Options,
        notes: tuple[Bilingual, ...] = (),
    ) -> Analysis:
        """Aggregate scored reviews into issues and ranks."""
        from feedback_nlp.insight.analysis import analyse
        from feedback_nlp.pipeline.issue_edits import assigner

        assign, said = assigner(scored.mention_table, taxonomy, options.edits, options.lang)
        insight = analyse(
            scored.judged,
            scored.mention_table,
            taxonomy,
            weights=options.weights,
            feasibility=options.feasibility,
            playbook=options.playbook,
            rating_scale=scored.meta["rating_scale"],
            safety_threshold=safety_threshold,
            draws=options.draws,
            seed=options.seed,
            lang=options.lang,
            assign=assign,
        )
        notes = (*(note for note in notes if note not in said), *said)
        return cls(scored, insight, taxonomy, options, safety_threshold, notes, of_edits=said)

    @cached_property
    def issues(self) -> pd.DataFrame:
        """Issues in rank order, with intervals (columns as in the contract)."""
        return frame(self.insight.issues)

    @cached_property
    def mentions(self) -> pd.DataFrame:
        """One row per (review, clause, facet); every negative one has its ``issue_id``."""
        return frame(self.insight.mentions)

    @cached_property
    def reviews(self) -> pd.DataFrame:
        """All input columns with ``fb_*`` beside them, in input order."""
        return self.scored.reviews

    @cached_property
    def elements(self) -> pd.DataFrame:
        """Elements and facets with their shares and satisfaction."""
        return frame(self.insight.elements)

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """What goes together with the score, by element and facet: weights, penalties, rewards, Kano class.

        Empty where nothing could be estimated; ``attrs`` then says why, and has R² otherwise.
        """
        from feedback_nlp.pipeline import satisfaction

        return satisfaction.drivers(self.insight, self.options.lang)

    @cached_property
    def detractors(self) -> pd.DataFrame:
        """What goes together with a low score: shares, adjusted odds ratios; ``attrs`` as of ``drivers``."""
        from feedback_nlp.pipeline import satisfaction

        return satisfaction.detractors(self.insight, self.options.lang)

    @cached_property
    def people(self) -> People:
        """Customers, follow-up list and experience index, as Arrow tables with what they rest on."""
        from feedback_nlp.pipeline.customers import People

        return People(self)

    @property
    def customers(self) -> pd.DataFrame:
        """Every customer: reviews, negatives, open repeats, flags, RFM; ``attrs["reason"]`` where empty."""
        return self.people.table("table")

    @property
    def follow_up(self) -> pd.DataFrame:
        """Whom to call, first in front, and where their words are."""
        return self.people.table("follow_up")

    @property
    def issue_customers(self) -> pd.DataFrame:
        """The customers behind each issue."""
        return self.people.table("behind")

    @property
    def value_weighted(self) -> pd.DataFrame:
        """Issues by the value of their customers, beside the unweighted shares and ranks."""
        return self.people.table("value")

    @property
    def experience(self) -> pd.DataFrame:
        """Experience, satisfaction and loyalty (0–100) by month and element; "" is all of them."""
        return frame(self.people.experience.table)

    @cached_property
    def monitoring(self) -> Monitoring:
        """Control charts, rates, emerging words and actions."""
        from feedback_nlp.pipeline.monitoring import Monitoring

        return Monitoring(self.scored.judged, self.insight.mentions, self.insight.issues, self.options)

    @cached_property
    def alarms(self) -> pd.DataFrame:
        """Elements and issues that left their usual course, and the day on which one could have known."""
        return frame(self.monitoring.alarm_table)

    def after(self, folder: str | Path) -> Analysis:
        """Return the analysis with the run that left its ``summary.json`` in ``folder`` as the last one."""
        from feedback_nlp.pipeline.monitoring import last_run

        found = last_run(Path(folder) / SUMMARY)
        return self if found is None else replace(self, previous=found)

    def what_if(
        self, codes: str | Sequence[str], *, reduction: float = 1.0, outcome: str | None = None
    ) -> pd.DataFrame:
        """Say how the scores would change with less blame, if the association were causal.

        Parameters
        ----------
        codes : str or sequence of str
            Element, facet, issue id or issue name; several of one kind are taken together.
        reduction : float in (0, 1]
            Part of the negative mentions that goes: 1 all, 0.5 half.
        outcome : {"rating", "csat", "nps"}, optional
            All that the file has when not given.

        Returns
        -------
        pandas.DataFrame
            One row for each score: ``now``, ``change`` with ``low`` and ``high``, ``after``; or ``reason``.

        Raises
        ------
        ConfigError
            For codes that stand for nothing or are of different kinds, and a reduction outside (0, 1].
        """
        from feedback_nlp.pipeline import satisfaction

        return satisfaction.what_if(
            self.insight, codes, reduction=reduction, outcome=outcome, lang=self.options.lang
        )

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Everything the reports show, as plain data (more than ``summary.json``)."""
        from feedback_nlp.pipeline.privacy import shown
        from feedback_nlp.report.summary import build

        reviews, insight = self.scored.judged, self.insight
        if self.options.mask:
            reviews, insight = shown(reviews, insight, self.scored.meta["roles"])
        return build(
            reviews,
            insight.mentions,
            insight,
            self.taxonomy,
            self._meta(),
            lang=self.options.lang,
            mask=self.options.mask,
        )

    def rerank(
        self,
        *,
        weights: tuple[float, float, float] | None = None,
        feasibility: Mapping[str, int] | None = None,
        playbook: str | Path | Mapping[str, Any] | Playbook | None = None,
    ) -> Analysis:
        """Return the analysis with other weights, feasibilities or playbook; only the ranks are worked out.

        Parameters
        ----------
        weights : (impact, scope, feasibility), optional
        feasibility : mapping, optional
            Element, facet, issue id or issue name to 1 … 5.
        playbook : path, mapping or Playbook, optional
            As ``feedback-nlp playbook init`` writes it. What is not given stays as it was.

        Raises
        ------
        ConfigError
            For weights that can't be used, or codes that are neither of the taxonomy nor of this file.
        """
        from feedback_nlp.insight.analysis import rerank
        from feedback_nlp.insight.playbook import Playbook, feasibilities

        options = replace(
            self.options,
            weights=self.options.weights if weights is None else weights,
            feasibility=feasibilities(self.options.feasibility if feasibility is None else feasibility),
            playbook=self.options.playbook if playbook is None else Playbook.of(playbook),
        )
        insight = rerank(
            self.insight,
            weights=options.weights,
            playbook=(options.playbook or Playbook()).with_feasibility(options.feasibility),
            draws=options.draws,
            seed=options.seed,
        )
        return replace(self, insight=insight, options=options)

    def with_options(self, options: Options) -> Analysis:
        """Return the analysis with other options, without scoring again."""
        return Analysis.build(
            self.scored,
            taxonomy=self.taxonomy,
            safety_threshold=self.safety_threshold,
            options=options,
            notes=self.notes,
        )

    def to_html(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file and return its path."""
        from feedback_nlp.io.writers import atomic

        with atomic(path) as temporary:
            self._write_html(temporary)
        return Path(path)

    def to_excel(self, path: str | Path) -> Path:
        """Write the workbook and return its path."""
        from feedback_nlp.io.writers import atomic

        with atomic(path) as temporary:
            self._write_excel(temporary)
        return Path(path)

    def to_markdown(self) -> str:
        """Return a short summary for a chat, an e-mail or a terminal."""
        from feedback_nlp.report.markdown import render

        return render(self.summary)

    def to_8d(self, folder: str | Path, *, top: int = 5) -> dict[str, Path]:
        """Write complaint analysis records (ISO 10002) and draft 8D reports (D1 to D3) of the first issues.

        Parameters
        ----------
        folder : str or Path
            Gets ``8d.md`` and ``8d.xlsx``; both or none are written. Those that people have changed are kept
            under another name.
        top : int
            Number of issues, in rank order.

        Returns
        -------
        dict
            File name to path.

        Raises
        ------
        OutputError
            If the folder can't be written.
        """
        from feedback_nlp.io.writers import atomic, make_folder
        from feedback_nlp.pipeline.by_hand import keep_others
        from feedback_nlp.report.handoff_files import markdown, workbook

        target = make_folder(folder)
        keep_others(target, HANDOFF)
        with ExitStack() as stack:
            text, book = (stack.enter_context(atomic(target / name)) for name in HANDOFF)
            text.write_text(markdown(self.summary, top=top), encoding="utf-8")
            workbook(self.summary, book, top=top)
        return {name: target / name for name in HANDOFF}

    def to_pptx(self, path: str | Path, *, top: int = 5) -> Path:
        """Write slides for a meeting, with native charts, and return their path.

        Parameters
        ----------
        path : str or Path
        top : int
            Issues with a slide of their own, in rank order.

        Raises
        ------
        MissingExtraError
            If python-pptx is not installed.
        OutputError
            If the file can't be written.
        """
        from feedback_nlp.io.writers import atomic
        from feedback_nlp.report.slides import write

        with atomic(path) as temporary:
            write(self.summary, temporary, top=top)
        return Path(path)

    def to_format(self, folder: str | Path, name: str, *, top: int = 5) -> dict[str, Path]:
        """Write the files of a format (``"pptx"`` or ``"8d"``) into ``folder`` and return them by name."""
        from feedback_nlp.io.writers import make_folder
        from feedback_nlp.pipeline.by_hand import keep_others

        if name == "8d":
            return self.to_8d(folder, top=top)
        target = make_folder(folder)
        keep_others(target, [SLIDES])
        return {SLIDES: self.to_pptx(target / SLIDES, top=top)}

    def to_dict(self) -> dict[str, Any]:
        """Return ``summary.json`` of the contract."""
        from feedback_nlp.report.summary import public

        return public(self.summary)

    def write(self, folder: str | Path) -> dict[str, Path]:
        """Write report, workbook, tables and summary into ``folder``; all of them or none.

        A workbook that people have saved there, or a file that is not of this package, is kept under another
        name.

        Returns
        -------
        dict
            File name to path.

        Raises
        ------
        OutputError
            If the folder can't be written; files of an earlier run then stay as they were.
        """
        from feedback_nlp.io.writers import atomic, make_folder, write_parquet
        from feedback_nlp.pipeline.by_hand import keep_others

        target = make_folder(folder)
        if self.previous is None and (told := self.after(target)) is not self:
            return told.write(target)
        writers = {
            SCORED: lambda path: write_parquet(self.scored.review_table, path),
            MENTIONS: lambda path: write_parquet(self.scored._described(self.insight.mentions), path),
            SUMMARY: self._write_summary,
            WORKBOOK: self._write_excel,
            REPORT: self._write_html,
        }
        keep_others(target)
        with ExitStack() as stack:
            for name, write in writers.items():
                write(stack.enter_context(atomic(target / name)))
        return {name: target / name for name in writers}

    def _write_html(self, path: Path) -> None:
        from feedback_nlp.report.html import render

        path.write_text(render(self.summary), encoding="utf-8")

    def _write_excel(self, path: Path) -> None:
        from feedback_nlp.report.excel import write

        write(self.summary, path)

    def _write_summary(self, path: Path) -> None:
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    def _meta(self) -> dict[str, Any]:
        from feedback_nlp.pipeline.customers import blocks_of
        from feedback_nlp.pipeline.monitoring import block_of
        from feedback_nlp.pipeline.privacy import shown_meta

        known = {**self.scored.meta, "notes": self.notes}
        return {
            **(shown_meta(known) if self.options.mask else known),
            "options": asdict(replace(self.options, playbook=None, edits=None, exposure=None, actions=()))
            | {"exposure": self.options.exposure.name if self.options.exposure else None}
            | {
                "playbook": self._playbook_name,
                "issues": getattr(self.options.edits, "name", None),
            },
            "monitoring": block_of(self),
            **blocks_of(self),
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "version": __version__,
        }

    @property
    def _playbook_name(self) -> str | None:
        return self.options.playbook.name if self.options.playbook else None

    def __repr__(self) -> str:
        return f"<Analysis: {self.scored.table.num_rows} reviews, {self.insight.issues.num_rows} issues>"

    def _repr_html_(self) -> str:
        from feedback_nlp.report.rich import analysis_card

        return analysis_card(self.to_dict(), lang=self.options.lang)

    def plot(self, name: str = "elements") -> Figure:
        """Return a chart of the report as a plotly figure that shows Chinese everywhere.

        Parameters
        ----------
        name : str
            ``elements``, ``pareto``, ``quadrants``, ``periods`` or ``issue_periods``.

        Raises
        ------
        ConfigError
            If they do not; the message lists the charts that there are.
        """
        from feedback_nlp.pipeline.display import plot

        return plot(self.summary, name, self.options.lang)

    def highlight(
        self, issue: str | None = None, *, facet: str | None = None, label: str | None = None, n: int = 10
    ) -> Highlights:
        """Return reviews with their mentions marked, for a notebook; masked as the reports are.

        Parameters
        ----------
        issue : str, optional
            ``issue_id``: only mentions of this issue.
        facet : str, optional
            Facet or element.
        label : {"negative", "neutral", "positive"}, optional
        n : int
            Reviews shown at most, in the order of the file.
        """
        from feedback_nlp.pipeline.display import highlights

        return highlights(
            self.scored.judged,
            self.insight.mentions,
            self.taxonomy,
            issue=issue,
            facet=facet,
            label=label,
            n=n,
            mask=self.options.mask,
            lang=self.options.lang,
        )
