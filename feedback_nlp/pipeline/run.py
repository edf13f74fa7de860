"""Score and analyse: the two calls everything else is built on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.pipeline.options import Options
from feedback_nlp.pipeline.prepare import Prepared, prepare
from feedback_nlp.pipeline.result import Analysis
from feedback_nlp.pipeline.scored import Scored
from feedback_nlp.schema import ROLES
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.abstention import choose
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.engines.local import Progress
    from feedback_nlp.insight.edits import Edits
    from feedback_nlp.insight.monitoring.actions import Action
    from feedback_nlp.insight.monitoring.exposure import Exposure
    from feedback_nlp.insight.playbook import Playbook
    from feedback_nlp.scorers.base import Scorer

__all__ = ["analyze", "analyze_prepared", "demo", "refined", "score", "score_prepared"]

# The first page of a ranking: what a meeting talks about.
TOP_ISSUES = 10


def analyze(
    data: Any,
    *,
    text: str | None = None,
    id: str | None = None,
    rating: str | None = None,
    nps: str | None = None,
    time: str | None = None,
    channel: str | None = None,
    product: str | None = None,
    store: str | None = None,
    customer: str | None = None,
    amount: str | None = None,
    tier: str | None = None,
    rating_scale: tuple[float, float] | None = None,
    sheet: str | int | None = None,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    lang: str = "zh",
    weights: tuple[float, float, float] = (0.5, 0.3, 0.2),
    feasibility: Mapping[str, int] | None = None,
    playbook: str | Path | Mapping[str, Any] | Playbook | None = None,
    issues: str | Path | Edits | None = None,
    period: str | None = None,
    exposure: str | Path | Exposure | None = None,
    actions: str | Path | Sequence[Action] = (),
    max_error: float | None = None,
    mask: bool = True,
    draws: int = 1000,
    seed: int = 0,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Analysis:
    """Turn feedback into ranked improvement areas with their evidence.

    Parameters
    ----------
    data : path, list of paths, list of str, Series, DataFrame or Arrow table
        The reviews; a ``str`` is a path.
    text, id, rating, nps, time, channel, product, store, customer, amount, tier : str, optional
        Column names; recognised from headers and values when not given.
    rating_scale : (low, high), optional
        Scale of the rating; detected when not given.
    sheet : str or int, optional
        Sheet of a workbook, by name or number from 1; ``"all"`` joins those with the same header.
    model : str, Path or Scorer
        Installed model, model folder, or a fitted scorer.
    taxonomy : str, Path or Taxonomy
        Shipped taxonomy by name, or a TOML file. One with other facets needs ``model="lexicon"``.
    lang : {"zh", "en"}
        Language of names and reports.
    weights : (impact, scope, feasibility)
        Exponents of the priority, ≥ 0; scaled to sum 1.
    feasibility : mapping, optional
        Element, facet, issue id or issue name to 1 (hard) … 5 (easy); the taxonomy's defaults otherwise.
    playbook : path, mapping or Playbook, optional
        Feasibility, severity, owner and due date, as ``feedback-nlp playbook init`` writes them.
    issues : path or Edits, optional
        Issues renamed, merged, split or pinned: ``issues.toml``, or an edited ``issues.xlsx``.
    period : {"day", "week", "month"}, optional
        What alarms go by; chosen by the data when not given.
    exposure : path or Exposure, optional
        Orders or units by period, and by store or product, for rates per thousand.
    actions : path or sequence of Action, optional
        What was done about issues: ``actions.toml``, or an ``issues.xlsx`` with the sheet filled in.
    max_error : float, optional
        Target error of the overall label: reviews less sure than it asks for are marked for review.
    mask : bool
        Mask personal data in reports (the tables always hold the original texts).
    draws : int
        Bootstrap draws behind rank intervals.
    seed : int
        Seed of those draws: the same input and seed give the same result.
    jobs : int, optional
        Processes for scoring; ``None`` chooses.
    progress : callable, optional
        Called with (reviews done, reviews in all).

    Returns
    -------
    Analysis

    Raises
    ------
    InputError, ColumnNotFoundError, TaxonomyError, ModelError, ConfigError
        With one line on what is wrong and what to do.

    Examples
    --------
    >>> result = analyze(["物流太慢了", "客服很耐心", "退款拖了一个月"], draws=50)
    >>> sorted(result.issues.columns)[:3]
    ['element', 'examples', 'facet']
    """
    from feedback_nlp.insight.playbook import Playbook, feasibilities
    from feedback_nlp.pipeline.issue_edits import edits_of
    from feedback_nlp.pipeline.monitoring import over_time

    named = (id, text, rating, nps, time, channel, product, store, customer, amount, tier)
    prepared = prepare(
        data, columns=dict(zip(ROLES, named, strict=True)), rating_scale=rating_scale, sheet=sheet
    )
    book = None if playbook is None else Playbook.of(playbook)
    options = Options(lang, weights, feasibilities(feasibility), draws, seed, mask, book, edits_of(issues))
    options = over_time(options, period=period, exposure=exposure, actions=actions)
    return analyze_prepared(
        prepared,
        model=model,
        taxonomy=taxonomy,
        options=options,
        max_error=max_error,
        jobs=jobs,
        progress=progress,
    )


def analyze_prepared(
    prepared: Prepared,
    *,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    options: Options | None = None,
    max_error: float | None = None,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Analysis:
    """Analyse what :func:`prepare` gave; parameters as in :func:`analyze`.

    Raises
    ------
    InputError
        If no text says anything: all are empty, default comments, or not Chinese.
    """
    _check_content(prepared)
    if options is not None and options.playbook is not None:
        # Before the minutes of scoring; names of issues can only be looked up after it.
        options.playbook.check(load_taxonomy(taxonomy))
    scored, scorer = _scored(prepared, model, taxonomy, jobs, progress, max_error)
    analysis = Analysis.build(
        scored,
        taxonomy=scorer.taxonomy_,
        safety_threshold=scorer.safety_threshold_,
        options=options or Options(),
        notes=(*prepared.notes, *_target_note(scored)),
    )
    return refined(analysis)


def score(
    data: Any,
    *,
    text: str | None = None,
    id: str | None = None,
    customer: str | None = None,
    sheet: str | int | None = None,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    max_error: float | None = None,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Scored:
    """Score reviews without aggregating them; parameters as in :func:`analyze`.

    Examples
    --------
    >>> score(["物流太慢了"]).mentions.facet.tolist()
    ['logistics.speed']
    """
    prepared = prepare(data, columns={"review_id": id, "text": text, "customer": customer}, sheet=sheet)
    return score_prepared(
        prepared, model=model, taxonomy=taxonomy, max_error=max_error, jobs=jobs, progress=progress
    )


def score_prepared(
    prepared: Prepared,
    *,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    max_error: float | None = None,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Scored:
    """Score what :func:`prepare` gave; parameters as in :func:`analyze`."""
    return _scored(prepared, model, taxonomy, jobs, progress, max_error)[0]


def demo(**options: Any) -> Analysis:
    """Run the main job on the bundled sample; options as in :func:`analyze`."""
    from feedback_nlp.catalog import sample_path

    return analyze(sample_path("xlsx"), **options)


def _scored(
    prepared: Prepared,
    model: str | Path | Scorer,
    taxonomy: str | Path | Taxonomy,
    jobs: int | None,
    progress: Progress | None,
    max_error: float | None,
) -> tuple[Scored, Scorer]:
    from feedback_nlp.engines.local import score_column
    from feedback_nlp.insight.abstain import accepted_from

    scorer = load_model(model, load_taxonomy(taxonomy))
    chosen = None if max_error is None else choose(scorer, max_error)
    texts = prepared.reviews["text"].to_pylist()
    ids = prepared.reviews["review_id"].to_pylist()
    mentions, columns = score_column(ids, texts, scorer, jobs=jobs, progress=progress)
    columns = _with_status(columns, prepared.reviews, texts, ids)
    if chosen is not None:
        columns = accepted_from(columns, chosen.confidence)
    meta = {
        "input": prepared.source,
        "roles": dict(prepared.roles.columns),
        "rating_scale": prepared.roles.rating_scale,
        "model": scorer.describe(),
        "safety_threshold": scorer.safety_threshold_,
        "taxonomy": taxonomy if isinstance(taxonomy, str) else str(getattr(taxonomy, "name", taxonomy)),
    }
    if chosen is not None:
        meta["max_error"] = asdict(chosen)
    return Scored(prepared.table, prepared.reviews, columns, mentions, meta, prepared.index), scorer


def _target_note(scored: Scored) -> tuple[Bilingual, ...]:
    """Say what a target error means for this file."""
    target = scored.meta.get("max_error")
    if not target:
        return ()
    needs = scored.columns["fb_needs_review"].to_pylist()
    return target_note(target, sum(bool(need) for need in needs))


def target_note(target: Mapping[str, Any], n_left: int) -> tuple[Bilingual, ...]:
    """Say what a target error (an ``abstention.Chosen``) means where it leaves ``n_left`` reviews."""
    asked = target["max_error"]
    if target["confidence"] is None:
        return (
            Bilingual(
                f"没有哪个把握能保证错误率不超过 {asked:.1%}，{n_left} 条全部待复核。",
                f"No confidence keeps the error at {asked:.1%}: all {n_left} reviews ask for a person.",
            ),
        )
    return (
        Bilingual(
            f"目标错误率 {asked:.1%}：总体褒贬的把握不到 {target['confidence']:.2f} 的 {n_left} 条待复核。"
            "这个界线是在训练数据的留出行业上验证的，换一个行业不保证。",
            f"Target error {asked:.1%}: {n_left} reviews whose overall label is less sure than "
            f"{target['confidence']:.2f} ask for a person. The line was tested on left-out industries of the "
            "training data; for another industry it is no guarantee.",
        ),
    )


def refined(analysis: Analysis) -> Analysis:
    """Keep in the review queue only those unsure mentions that could change the first issues.

    Source: the default of *Abstention* in ``docs/methods.md``; needs the ranks, so it comes last.
    """
    from feedback_nlp.insight.mentions import refine_needs_review
    from feedback_nlp.insight.priority import check_weights
    from feedback_nlp.insight.swing import swing_issues

    scored = analysis.scored
    if scored.meta.get("max_error"):
        return analysis  # the user's target decides alone
    insight, weights = analysis.insight, check_weights(analysis.options.weights)
    issues = swing_issues(insight.issues, insight.mentions, weights, TOP_ISSUES)
    judged = refine_needs_review(scored.judged, insight.mentions, issues)
    return replace(analysis, scored=replace(scored, columns=judged.select(scored.columns.column_names)))


def _check_content(prepared: Prepared) -> None:
    from feedback_nlp.text import quality

    statuses = Counter(quality.status(prepared.reviews["text"].to_pylist()))
    if statuses["ok"]:
        return
    column = prepared.roles.columns["text"]
    counts = statuses["empty"], statuses["default"], statuses["foreign"]
    raise InputError(
        Bilingual(
            "列“{}”没有一条可以分析的中文内容（空 {}、默认评价 {}、非中文 {}）。".format(column, *counts),
            "Column '{}' holds no Chinese text to analyse ({} empty, {} default, {} foreign).".format(
                column, *counts
            ),
        ),
        Bilingual("用 --text 指定内容所在的列。", "Name the column of texts with --text."),
    )


def _with_status(columns: pa.Table, reviews: pa.Table, texts: list[str | None], ids: list[str]) -> pa.Table:
    """Add why a review is or isn't counted: needs the whole file, so it comes after scoring."""
    import pyarrow as pa

    from feedback_nlp.schema import scored_schema
    from feedback_nlp.text import duplicates, quality

    statuses = quality.status(texts)
    customers = reviews["customer"].to_pylist() if "customer" in reviews.column_names else None
    copies = duplicates.exact(texts, ids, customers, statuses)
    added = columns.append_column("fb_status", pa.array(statuses, pa.string())).append_column(
        "fb_duplicate_of", pa.array(copies, pa.string())
    )
    return added.select(scored_schema().names)
