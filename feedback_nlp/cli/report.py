"""``feedback-nlp report``: reports again, from scored files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_nlp.cli import options as opt


def report(
    source: opt.Scored,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="输出文件夹（默认就地更新）。")] = None,
    mentions: opt.MentionsFile = None,
    weights: opt.Weights = None,
    playbook: opt.PlaybookFile = None,
    period: opt.Period = None,
    exposure: opt.ExposureFile = None,
    actions: opt.ActionsFile = None,
    issues: opt.IssuesFile = None,
    taxonomy: opt.TaxonomyName = None,
    format: opt.Format = None,
    top: opt.Top = 5,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """换权重、换语言重出报告，不重新打分；可只写一种。例：feedback-nlp report 报告 --format pptx"""
    from feedback_nlp.cli import over_time, runs
    from feedback_nlp.io.writers import check_folder
    from feedback_nlp.pipeline import load_report

    given = {
        "weights": weights,
        "playbook": playbook,
        "period": period,
        "exposure": exposure,
        "actions": actions,
        "issues": issues,
        "lang": lang,
        "no_mask": no_mask,
        "force": force,
        "quiet": quiet,
        "json": json,
    }
    chosen = opt.merge(given)
    runs.check_format(format)
    if out is not None:
        check_folder(out)
    folder = source if source.is_dir() else source.parent
    settings = runs.with_edits(runs.analysis_options(chosen), chosen, [folder, out or folder])
    settings = over_time.watched(settings, chosen, beside=source, folder=folder)
    analysis = load_report(source, mentions=mentions, taxonomy=taxonomy, options=settings)
    if format is None:
        runs.write_reports(analysis, out or folder, chosen)
    else:
        runs.write_format(analysis, out or folder, format, top)
