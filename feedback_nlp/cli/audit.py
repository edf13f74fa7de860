"""``feedback-nlp audit``: how right the model is on one's own file, and shares corrected for its errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.insight.quantify import Span
    from feedback_nlp.pipeline.audit import Audit

app = typer.Typer(no_args_is_help=True, help="抽样审核：模型在这份文件上有多准，校正它数出的占比。")


@app.command("sample")
def sample(
    source: opt.Scored,
    output: opt.Workbook = Path("抽样.xlsx"),
    n: Annotated[int, typer.Option("--n", min=1, help="抽多少条。", metavar="N")] = 300,
    seed: Annotated[int, typer.Option("--seed", min=0, help="抽样的种子。", metavar="N")] = 0,
    mentions: opt.MentionsFile = None,
    taxonomy: opt.TaxonomyName = None,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """分层抽样，写成 Excel 供人标注。例：feedback-nlp audit sample feedback-report --n 300"""
    from feedback_nlp.cli import console, texts
    from feedback_nlp.pipeline.audit import sample_audit

    opt.merge({"lang": lang, "quiet": quiet})
    n_rows = sample_audit(
        source,
        output,
        n=n,
        seed=seed,
        mentions=mentions,
        taxonomy=taxonomy,
        lang=console.lang(),
        mask=not no_mask,
        force=force,
    )
    texts.workbook_written(
        output,
        n_rows,
        f"{n_rows} 条，标多少算多少；然后：feedback-nlp audit apply {output} {source}",
        f"{n_rows} reviews; label as far as you get, then: feedback-nlp audit apply {output} {source}",
        json=json,
        quiet=quiet,
    )


@app.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(help="标过的抽样 .xlsx。", metavar="抽样")],
    source: opt.Scored,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="另把结果写到这里；后缀定格式。", metavar="文件"),
    ] = None,
    mentions: opt.MentionsFile = None,
    taxonomy: opt.TaxonomyName = None,
    lang: opt.Lang = None,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """读回标注：校正负面占比，看每个要素能不能用。例：feedback-nlp audit apply 抽样.xlsx feedback-report"""
    from feedback_nlp.cli import console, texts
    from feedback_nlp.io.writers import check_writable, write_table
    from feedback_nlp.pipeline.audit import apply_audit

    opt.merge({"lang": lang, "quiet": quiet})
    if output is not None:
        check_writable(output, force=force)
    found = apply_audit(file, source, taxonomy=taxonomy, mentions=mentions, lang=console.lang())
    if output is not None:
        write_table(found.to_table(), output, force=force)
    if json:
        texts.as_json([_machine(found)])
        return
    if not quiet:
        console.result(_page(found))
        console.notes(found.notes)
    if output is not None and not quiet:
        console.result("\n" + str(output))


def _machine(found: Audit) -> dict[str, object]:
    counts = {name: getattr(found, name) for name in ("n_rows", "n_labelled", "n_reviews")}
    return {"schema": 1, **counts, "elements": found.to_table().to_pylist()}


def _page(found: Audit) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.audit import VERDICTS
    from feedback_nlp.pipeline.model_card import markdown_table

    lead = console.text(
        f"{found.n_reviews} 条计入的评价，抽样 {found.n_rows} 条，标了 {found.n_labelled} 条。"
        "占比是负面提到该要素的评价所占的比例，括号里是 95 % 区间。",
        f"{found.n_reviews} counted reviews, {found.n_rows} drawn, {found.n_labelled} labelled. A share is "
        "the part of reviews that blame the element, with its 95 % interval.",
    )
    pairs = (
        ("要素", "element"),
        ("模型数的占比", "share as counted"),
        ("校正后", "corrected"),
        ("查准", "precision"),
        ("查全", "recall"),
        ("标出负面", "truly negative"),
        ("结论", "verdict"),
    )
    rows = [
        (
            row.name,
            *(_shown(span) for span in (row.found.naive, row.found.share)),
            *(_shown(span) for span in (row.found.precision, row.found.recall)),
            row.found.n_positive,
            VERDICTS[row.found.verdict].in_(console.lang()),
        )
        for row in found.elements
    ]
    return f"{lead}\n\n{markdown_table([console.text(*pair) for pair in pairs], rows)}"


def _shown(span: Span | None) -> str:
    if span is None:
        return "–"
    return f"{span.value:.1%} ({span.low:.1%}–{span.high:.1%})"
