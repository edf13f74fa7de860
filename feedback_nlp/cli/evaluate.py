"""``feedback-nlp evaluate``: models against labelled files, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_nlp.cli import options as opt
from feedback_nlp.cli.train import Data, More, sources

if TYPE_CHECKING:
    from feedback_nlp.evaluation import Report
    from feedback_nlp.scorers.abstention import Chosen
    from feedback_nlp.scorers.base import Scorer

BY = ("facet", "domain")
Reports = Mapping[str, "Report"]


def evaluate(
    more: More = None,
    data: Data = None,
    model: Annotated[
        list[str] | None,
        opt.run("--model", "linear（默认）、lexicon 或模型文件夹；给多个就并排比较。", "名称|路径"),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="另按 facet（方面）或 domain（行业）列出。", metavar="facet|domain"),
    ] = None,
    max_error: opt.MaxError = None,
    taxonomy: opt.TaxonomyName = None,
    draws: Annotated[int, opt.run("--draws", "bootstrap 次数。", "N", min=1)] = 1000,
    table: Annotated[
        Path | None,
        opt.output("--table", "结果表：.md 为 Markdown，.tex 为 LaTeX。", "文件"),
    ] = None,
    plots: Annotated[
        Path | None,
        opt.output("--plots", "混淆图和校准图，一个网页。", "文件.html"),
    ] = None,
    force: opt.Force = False,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """用标注文件衡量模型有多准。例：feedback-nlp evaluate --model linear --model lexicon --data 标注.jsonl"""
    from feedback_nlp.cli import console, evaluate_files, texts
    from feedback_nlp.evaluation import evaluate as measure
    from feedback_nlp.pipeline.learning import labelled
    from feedback_nlp.scorers import load_model
    from feedback_nlp.taxonomy import load_taxonomy

    chosen = opt.merge({"lang": lang, "quiet": quiet, "taxonomy": taxonomy})
    _check_by(by)
    evaluate_files.check(table, plots, force=force)
    files = sources(data, more)
    named = load_taxonomy(chosen.get("taxonomy", "default"))
    scorers = {name: load_model(name, named) for name in model or ["linear"]}
    reviews = labelled(files)
    chosen_at = thresholds(scorers, max_error)
    reports = {name: measure(scorer, reviews, draws=draws) for name, scorer in scorers.items()}
    evaluate_files.write(reports, table, plots)
    if json:
        models = {name: scorer.describe() for name, scorer in scorers.items()}
        texts.as_json([_machine(files, reports, models, draws, chosen_at)])
        return
    console.result(_page(reports, by, draws))
    if chosen_at:
        console.result("\n" + _abstention(reports, chosen_at, by))
    console.note(
        "说明：模型学过的文本不能用来评测它；自带的 linear 学过 demo 以外的自带语料。",
        "Note: a model can't be measured on what it has learnt from; the shipped linear has learnt from "
        "every shipped corpus but demo.",
    )


def thresholds(scorers: Mapping[str, Scorer], max_error: float | None) -> dict[str, Chosen]:
    """Return the confidence at which each model keeps the target error; empty without a target."""
    from feedback_nlp.scorers.abstention import choose

    if max_error is None:
        return {}
    return {name: choose(scorer, max_error) for name, scorer in scorers.items()}


def _realised(report: Report, chosen: Chosen | None) -> dict[str, Any]:
    from dataclasses import asdict

    from feedback_nlp.evaluation import realised

    if chosen is None:
        return {}
    by_domain = {name: realised(report, chosen.confidence, name) for name in sorted(set(report.domain_of))}
    whole = realised(report, chosen.confidence)
    return {"max_error": {**asdict(chosen), "realised": whole, "domains": by_domain}}


def _abstention(reports: Reports, chosen_at: Mapping[str, Chosen], by: str | None) -> str:
    """Return target, threshold, coverage and realised error of each model, by domain if asked."""
    from feedback_nlp.cli import console
    from feedback_nlp.evaluation import realised
    from feedback_nlp.pipeline.model_card import markdown_table

    target = next(iter(chosen_at.values())).max_error
    lead = console.text(
        f"目标错误率 {target:.1%}（总体褒贬；把握不够的交给人）：",
        f"Target error {target:.1%} (overall label; less sure ones go to a person):",
    )
    pairs = (("模型", "model"), ("行业", "domain"), ("把握至少", "confidence from"), ("n", "n"),
             ("自动判断", "accepted"), ("错误率（95 %）", "error (95 %)"))  # fmt: skip
    rows = []
    for name, report in reports.items():
        confidence = chosen_at[name].confidence
        domains = [None, *sorted(set(report.domain_of))] if by == "domain" else [None]
        for domain in domains:
            found = realised(report, confidence, domain)
            error = f"{found['error']:.1%} ({found['low']:.1%}–{found['high']:.1%})"
            rows.append(
                (
                    name,
                    console.text("全部", "all") if domain is None else domain or "—",
                    "–" if confidence is None else f"{confidence:.3f}",
                    found["n"],
                    f"{found['coverage']:.0%}",
                    error if found["accepted"] else "–",
                )
            )
    head = [console.text(*pair) for pair in pairs]
    return f"{lead}\n\n{markdown_table(head, rows)}"


def _check_by(by: str | None) -> None:
    from feedback_nlp.errors import Bilingual, ConfigError

    if by is not None and by not in BY:
        raise ConfigError(
            Bilingual(f"不能按“{by}”列出。", f"Can't list by '{by}'."),
            Bilingual("用 --by facet 或 --by domain。", "Use --by facet or --by domain."),
        )


def _page(reports: Reports, by: str | None, draws: int) -> str:
    """Return everything a person is shown, as Markdown."""
    from feedback_nlp.cli import console

    first = next(iter(reports.values()))
    blocks = [
        console.text(
            f"{first.n_reviews} 条评价；F1（总体为准确率）与 95 % 区间，对评价 bootstrap {draws} 次。",
            f"{first.n_reviews} reviews; F1 (overall: accuracy), 95 % intervals by {draws} bootstrap draws.",
        ),
        _scores(reports),
    ]
    if len(reports) > 1:
        blocks += [_lead(reports), _differences(reports, draws)]
    blocks += [_calibration(reports), _coverage(reports)]
    if by is not None:
        blocks.append((_by_label if by == "facet" else _by_domain)(reports))
    return "\n\n".join(blocks)


def _scores(reports: Reports) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.evaluation import MEASURES
    from feedback_nlp.pipeline.model_card import MEASURE_NAMES, markdown_table, spread

    head = (console.text("指标", "measure"), *reports, console.text("标注数", "gold labels"))
    rows = [
        (
            MEASURE_NAMES[name].in_(console.lang()),
            *(spread(report.scores[name]) + _macro(report, name) for report in reports.values()),
            int(next(iter(reports.values())).scores[name]["support"]),
        )
        for name in MEASURES
    ]
    return markdown_table(head, rows)


def _macro(report: Report, name: str) -> str:
    value = report.macro.get(name, math.nan)
    return "" if math.isnan(value) else f" · macro {value:.3f}"


def _lead(reports: Reports) -> str:
    from feedback_nlp.cli import console

    base = next(iter(reports))
    return console.text(
        f"与 {base} 的差（配对 bootstrap；区间不含 0 的加 *）：",
        f"Difference from {base} (paired bootstrap; * where the interval leaves out 0):",
    )


def _differences(reports: Reports, draws: int) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.model_card import MEASURE_NAMES, markdown_table

    differences = _compared(reports, draws)
    rows = [
        (MEASURE_NAMES[name].in_(console.lang()), *(_signed(found[name]) for found in differences.values()))
        for name in next(iter(differences.values()))
    ]
    return markdown_table((console.text("指标", "measure"), *differences), rows)


def _compared(reports: Reports, draws: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return name → measure → difference from the first model."""
    from feedback_nlp.evaluation import compare

    base, *others = reports
    return {name: compare(reports[name], reports[base], draws=draws) for name in others}


def _signed(value: Mapping[str, float]) -> str:
    clear = "" if value["low"] <= 0 <= value["high"] else " *"
    return f"{value['difference']:+.3f} ({value['low']:+.3f} – {value['high']:+.3f}){clear}"


def _calibration(reports: Reports) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.model_card import markdown_table

    kinds = {"overall_error": ("总体", "overall"), "mention_error": ("提及（≥ 0.2）", "mentions (≥ 0.2)")}
    head = (console.text("校准误差", "calibration error"), *reports)
    rows = [
        (console.text(*names), *(_number(report.calibration[kind]) for report in reports.values()))
        for kind, names in kinds.items()
    ]
    return markdown_table(head, rows)


def _coverage(reports: Reports) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.model_card import markdown_table

    head = (console.text("只看最有把握的部分：错误率", "error among the most confident"), *reports)
    rows = [
        (f"{cells[0]['coverage']:.0%}", *(_number(cell["error"]) for cell in cells))
        for cells in zip(*(report.coverage for report in reports.values()), strict=True)
    ]
    return markdown_table(head, rows)


def _by_label(reports: Reports) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.model_card import markdown_table

    head = [console.text("标签", "label"), console.text("标注数", "gold labels")]
    for name in reports:
        head += [f"{name} P", "R", "F1"]
    rows = []
    for cells in zip(*(report.labels for report in reports.values()), strict=True):
        if cells[0]["support"] or any(cell["predicted"] for cell in cells):
            figures = [_number(cell[key]) for cell in cells for key in ("precision", "recall", "f1")]
            rows.append([cells[0]["label"], cells[0]["support"], *figures])
    return markdown_table(head, rows)


def _by_domain(reports: Reports) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.evaluation import MEASURES
    from feedback_nlp.pipeline.model_card import MEASURE_NAMES, markdown_table

    shown = MEASURES[:7]
    head = [console.text("行业", "domain"), "n", console.text("模型", "model")]
    head += [MEASURE_NAMES[name].in_(console.lang()) for name in shown]
    rows = [
        [row["domain"] or "—", row["n_reviews"], name, *(_number(row[measure]) for measure in shown)]
        for cells in zip(*(report.domains for report in reports.values()), strict=True)
        for name, row in zip(reports, cells, strict=True)
    ]
    return markdown_table(head, rows)


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _machine(
    files: Sequence[str],
    reports: Reports,
    models: Mapping[str, Mapping[str, Any]],
    draws: int,
    chosen_at: Mapping[str, Chosen],
) -> dict[str, Any]:
    """Return everything measured as plain JSON; missing is null."""
    found = {
        "schema": 1,
        "data": list(files),
        "n_reviews": next(iter(reports.values())).n_reviews,
        "models": [
            {
                "given": name,
                "model": models[name],
                "scores": report.scores,
                "macro": report.macro,
                "labels": report.labels,
                "domains": report.domains,
                "calibration": report.calibration,
                "coverage": report.coverage,
                **_realised(report, chosen_at.get(name)),
            }
            for name, report in reports.items()
        ],
        "differences": _compared(reports, draws) if len(reports) > 1 else {},
    }
    plain: dict[str, Any] = _plain(found)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
