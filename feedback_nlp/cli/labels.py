"""``feedback-nlp labels``: labelled files of others, and how far people agree."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.research.agreement import Agreement

app = typer.Typer(no_args_is_help=True, help="标注：import 读入公开集，agree 算一致性。")


@app.command("import")
def import_set(
    name: Annotated[
        str,
        typer.Argument(
            help="asap、ai_challenger、chnsenticorp、waimai_10k 或 online_shopping_10_cats。", metavar="集名"
        ),
    ],
    path: Annotated[str, typer.Argument(help="自己下载的原文件。", metavar="文件")],
    output: Annotated[Path, typer.Option("--output", "-o", help="标注文件（JSONL）写到这里。")],
    force: opt.Force = False,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
) -> None:
    """把自己下载的公开集变成标注文件。例：feedback-nlp labels import asap dev.csv -o asap.jsonl"""
    from feedback_nlp.cli import console
    from feedback_nlp.io.writers import check_writable
    from feedback_nlp.research.public_sets import load_public_set

    opt.merge({"lang": lang, "quiet": quiet})
    check_writable(output, force=force, suffixes=False)
    found = load_public_set(name, path)
    found.write(output, force=force)
    console.notes(found.notes)
    covered = ", ".join(found.form.covered) or console.text("无", "none")
    console.note(
        f"{found.form.title}：{len(found.reviews)} 条；许可 {found.form.licence}；"
        f"评测时只算总体和这些方面：{covered}。",
        f"{found.form.title}: {len(found.reviews)} reviews; licence {found.form.licence}; "
        f"evaluate counts the overall label and these facets: {covered}.",
    )
    console.result(str(output))


@app.command("agree")
def agree(
    files: Annotated[
        list[str], typer.Argument(help="同一批评价的两份或更多份标注（JSONL）。", metavar="文件...")
    ],
    draws: Annotated[int, typer.Option("--draws", min=1, help="bootstrap 次数。", metavar="N")] = 1000,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """几个人标得有多一致：Cohen κ 和 Krippendorff α。例：feedback-nlp labels agree 甲.jsonl 乙.jsonl"""
    from feedback_nlp.cli import console, texts
    from feedback_nlp.research.agreement import agreement

    opt.merge({"lang": lang, "quiet": quiet})
    found = agreement(*files, draws=draws)
    if found.n_left_out:
        console.note(
            f"注意：{found.n_left_out} 条不是每份都有，没有算。",
            f"Note: {found.n_left_out} reviews are not in every file and don't count.",
        )
    if json:
        texts.as_json([found.to_dict()])
    else:
        console.result(_page(found, draws))


def _page(found: Agreement, draws: int) -> str:
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.model_card import markdown_table

    lead = console.text(
        f"{len(found.names)} 份标注共有 {found.n_reviews} 条评价；"
        f"括号里是对评价 bootstrap {draws} 次的 95 % 区间。",
        f"{found.n_reviews} reviews in all of {len(found.names)} files; "
        f"95 % intervals by {draws} bootstrap draws.",
    )
    pairs = (("标的是", "question"), ("有人标到", "present"), ("相同", "equal"), ("Cohen κ", "Cohen κ"),
             ("Krippendorff α", "Krippendorff α"))  # fmt: skip
    names = {
        "overall": console.text("总体褒贬", "overall"),
        "facets": console.text("各方面合计", "all facets"),
        "flags": console.text("旗标合计", "all flags"),
    }
    rows = [
        (
            names.get(row.what, row.what),
            row.n_present,
            f"{row.observed:.1%}",
            _spread(row.kappa, row.kappa_low, row.kappa_high),
            _spread(row.alpha, row.alpha_low, row.alpha_high),
        )
        for row in found.measures
    ]
    return f"{lead}\n\n{markdown_table([console.text(*pair) for pair in pairs], rows)}"


def _spread(value: float, low: float, high: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f} ({low:.3f}–{high:.3f})"
