"""``feedback-nlp review``: questions to a person in Excel, and the answers back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.pipeline.corrections import Change, Imported

app = typer.Typer(no_args_is_help=True, help="人工复核：挑出最值得看的小句写进 Excel，改完读回来教模型。")
# Changes shown before the rest is only counted.
SHOWN = 20


@app.command("export")
def export(
    source: opt.Scored,
    output: opt.Workbook = Path("待复核.xlsx"),
    n: Annotated[int, typer.Option("--n", min=1, help="挑多少行。", metavar="N")] = 200,
    mentions: opt.MentionsFile = None,
    corrections: Annotated[
        Path | None,
        typer.Option("--corrections", help="已有的修正；里面看过的小句不再问。", metavar="文件"),
    ] = None,
    taxonomy: opt.TaxonomyName = None,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """挑拿不准、影响大、彼此不同的小句，写成 Excel。例：feedback-nlp review export feedback-report"""
    from feedback_nlp.cli import console, texts
    from feedback_nlp.pipeline.review import export_review

    opt.merge({"lang": lang, "quiet": quiet})
    n_rows = export_review(
        source,
        output,
        n=n,
        mentions=mentions,
        corrections=corrections,
        taxonomy=taxonomy,
        lang=console.lang(),
        mask=not no_mask,
        force=force,
    )
    texts.workbook_written(
        output,
        n_rows,
        f"{n_rows} 行。在 Excel 里改好后：feedback-nlp review import {output} -o corrections.jsonl",
        f"{n_rows} rows. Once filled in: feedback-nlp review import {output} -o corrections.jsonl",
        json=json,
        quiet=quiet,
    )


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="填过的 .xlsx，可多个。", metavar="文件...")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="修正存到这里；已有的会合并。", metavar="文件")
    ] = Path("corrections.jsonl"),
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="同时存成规则（默认在修正旁边，.rules.toml）。", metavar="文件"),
    ] = None,
    taxonomy: opt.TaxonomyName = None,
    sheet: opt.Sheet = None,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """读回填过的 Excel：列出改了什么，存成标注和规则。例：feedback-nlp review import 待复核.xlsx"""
    from feedback_nlp.cli import console, runs, texts
    from feedback_nlp.pipeline.corrections import import_review

    chosen = opt.merge({"lang": lang, "quiet": quiet, "taxonomy": taxonomy})
    runs.check_apart([str(file) for file in files], [output, rules])
    found = import_review(
        files,
        output,
        rules=rules,
        taxonomy=chosen.get("taxonomy", "default"),
        sheet=sheet,
        lang=console.lang(),
    )
    if json:
        texts.as_json([found.to_dict()])
    elif not quiet:
        console.result(_page(found))
        _say_next(found)


def _page(found: Imported) -> str:
    from feedback_nlp.cli import console

    n_changed = len(found.changes)
    blocks = [
        console.text(
            f"{found.n_rows} 行，看过 {found.n_reviewed} 行：{found.n_confirmed} 行对，{n_changed} 行改了；"
            f"拿不准 {found.n_unsure} 行。新学到 {found.n_new} 句，共 {found.n_clauses} 句"
            f"（{found.n_reviews} 条评价）、{found.n_rules} 条规则。",
            f"{found.n_rows} rows, {found.n_reviewed} judged: {found.n_confirmed} right, {n_changed} "
            f"changed; {found.n_unsure} not sure. {found.n_new} clauses are new, {found.n_clauses} in all "
            f"({found.n_reviews} reviews), {found.n_rules} rules.",
        )
    ]
    if found.changes:
        blocks.append(_table(found.changes))
    if found.revised:
        lead = console.text(
            "与以前的修正不同，以这次为准：", "Other than earlier corrections; the new ones stand:"
        )
        blocks += [lead, _table(found.revised)]
    return "\n\n".join([*blocks, str(found.path), str(found.rules)])


def _table(changes: tuple[Change, ...]) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.model_card import markdown_table

    pairs = (("格", "cell"), ("小句", "clause"), ("原来", "was"), ("改成", "is"))
    head = [console.text(*pair) for pair in pairs]
    rows = [
        [item.cell, *(cell.replace("|", "｜") for cell in (item.clause, item.before, item.after))]
        for item in changes[:SHOWN]
    ]
    table = markdown_table(head, rows).replace("---:", "---")
    rest = len(changes) - SHOWN
    if rest <= 0:
        return table
    return table + "\n" + console.text(f"……另有 {rest} 处。", f"… and {rest} more.")


def _say_next(found: Imported) -> None:
    from feedback_nlp.cli import console

    if not found.n_clauses:
        console.note(
            "没有一行看过：在“对吗”里选“对”，或直接改方面和褒贬。",
            "No row was judged: choose 'right', or change facets and sides.",
        )
        return
    console.note(
        f"教模型：feedback-nlp train --base linear --data {found.path} -o my-model；"
        f"只照改过的：--model {found.rules}。",
        f"Teach a model: feedback-nlp train --base linear --data {found.path} -o my-model; "
        f"or only follow the corrections: --model {found.rules}.",
    )
