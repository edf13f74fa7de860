"""``feedback-nlp score``: scores for every review, without a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_nlp.cli import options as opt


def score(
    file: Annotated[str, typer.Argument(help="表格文件；- 为标准输入的 JSONL。", metavar="文件")],
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="后缀定格式：.parquet .csv .xlsx .jsonl；- 为标准输出。"),
    ],
    mentions: Annotated[Path | None, typer.Option("--mentions", help="另把提及表写到这里。")] = None,
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
    jobs: opt.Jobs = None,
    config: opt.Config = None,
    save_config: opt.SaveConfig = False,
    lang: opt.Lang = None,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """给每条评价打分，原来的列都保留。例：feedback-nlp score 评论.csv -o 打分.parquet --mentions m.parquet"""
    own = ("file", "output", "mentions", "config")
    given = {name: value for name, value in locals().items() if name not in own}
    from feedback_nlp.cli import console, runs
    from feedback_nlp.io.writers import check_writable
    from feedback_nlp.pipeline import score_prepared

    chosen = opt.merge(given, [file], config)
    runs.check_apart([] if force else [file], [output, mentions])
    for target in (output, mentions):
        if target is not None and target != "-":
            check_writable(target, force=force)
    ready = runs.prepared([file], chosen)
    runs.save_config([file], ready, chosen)
    with console.progress("打分", "Scoring") as progress:
        scored = score_prepared(
            ready,
            model=chosen.get("model", "linear"),
            taxonomy=chosen.get("taxonomy", "default"),
            jobs=chosen.get("jobs"),
            progress=progress,
        )
    console.notes(scored.write(output, mentions, force=force))
    _say(scored.meta["input"]["n_rows"], output, mentions, as_json=json, quiet=quiet)


def _say(n_rows: int, output: str, mentions: Path | None, *, as_json: bool, quiet: bool) -> None:
    import json

    from feedback_nlp.cli import console

    if output == "-":
        return
    if as_json:
        found = {
            "n_reviews": n_rows,
            "output": output,
            "mentions": None if mentions is None else str(mentions),
        }
        console.result(json.dumps(found, ensure_ascii=False))
    elif not quiet:
        for path in (output, mentions):
            if path is not None:
                console.result(str(path))
        console.note("说明：这些文件含未打码的原文。", "Note: these files hold the original, unmasked texts.")
