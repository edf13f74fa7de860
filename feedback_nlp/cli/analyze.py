"""``feedback-nlp analyze``: everything, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_nlp.cli import options as opt

DEFAULT_OUT = "feedback-report"
EPILOG = (
    "例：`feedback-nlp analyze 投诉.xlsx` · `feedback-nlp analyze 1月.csv 2月.csv --text 内容 --out 报告` · "
    "`feedback-nlp analyze 投诉.xlsx --save-config`（下月不必再给选项）"
)


def analyze(
    files: Annotated[
        list[str], typer.Argument(help="表格文件，可多个；- 为标准输入的 JSONL。", metavar="文件...")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help=f"输出文件夹（默认 {DEFAULT_OUT}）。")
    ] = None,
    text: opt.Text = None,
    id: opt.Id = None,
    rating: opt.Rating = None,
    nps: opt.Nps = None,
    time: opt.Time = None,
    channel: opt.Channel = None,
    product: opt.Product = None,
    store: opt.Store = None,
    customer: opt.Customer = None,
    amount: opt.Amount = None,
    tier: opt.Tier = None,
    rating_scale: opt.RatingScale = None,
    sheet: opt.Sheet = None,
    model: opt.Model = None,
    taxonomy: opt.TaxonomyName = None,
    max_error: opt.MaxError = None,
    weights: opt.Weights = None,
    playbook: opt.PlaybookFile = None,
    period: opt.Period = None,
    exposure: opt.ExposureFile = None,
    actions: opt.ActionsFile = None,
    issues: opt.IssuesFile = None,
    jobs: opt.Jobs = None,
    config: opt.Config = None,
    save_config: opt.SaveConfig = False,
    format: opt.Format = None,
    top: opt.Top = 5,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """从一份导出表到完整报告：report.html、issues.xlsx、scored.parquet、mentions.parquet、summary.json。"""
    run(files, opt.given(locals(), "files", "config"), config)


def run(files: list[str], given: dict[str, object], config: Path | None) -> None:
    """Run the main job with options as given on the command line."""
    from feedback_nlp.cli import console, over_time, runs
    from feedback_nlp.io.writers import check_folder
    from feedback_nlp.pipeline.options import FORMATS, OUTPUTS

    chosen = opt.merge(given, files, config)
    folder = Path(chosen.get("out", DEFAULT_OUT))
    runs.check_format(chosen.get("format"))
    check_folder(folder)
    more = FORMATS.get(chosen.get("format", ""), ())
    runs.check_apart(files, [folder / name for name in (*OUTPUTS, *more)])
    ready = runs.prepared(files, chosen)
    runs.save_config(files, ready, chosen)
    from feedback_nlp.pipeline import analyze_prepared

    beside = [Path(name).parent for name in files[:1] if name != "-"]
    settings = runs.with_edits(runs.analysis_options(chosen), chosen, [*beside, folder])
    settings = over_time.watched(settings, chosen, beside=files[0], folder=folder)
    with console.progress("打分", "Scoring") as progress:
        analysis = analyze_prepared(
            ready,
            model=chosen.get("model", "linear"),
            taxonomy=chosen.get("taxonomy", "default"),
            options=settings,
            max_error=chosen.get("max_error"),
            jobs=chosen.get("jobs"),
            progress=progress,
        )
    runs.write_reports(analysis, folder, chosen)
    if "format" in chosen:
        tell = not (chosen.get("quiet") or chosen.get("json"))
        runs.write_format(analysis, folder, chosen["format"], chosen.get("top", 5), tell=tell)
