"""``feedback-nlp score``: scores for every review, without a report; files of any length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.pipeline.files import Job, ScoredFile

# So many bad rows are shown; --json tells of more.
_SHOWN = 10


def score(
    files: Annotated[
        list[str],
        typer.Argument(help='表格文件、文件夹或 "*.csv"；- 为标准输入的 JSONL。', metavar="文件..."),
    ],
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="后缀定格式：.parquet .csv .xlsx .jsonl；- 为标准输出。"),
    ],
    mentions: Annotated[Path | None, typer.Option("--mentions", help="另把提及表写到这里。")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="接着被中断的同一条命令做；再中断也留着做完的部分。")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="遇到读不了的行就停（默认保留该行、不打分）。")
    ] = False,
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
    jobs: opt.Jobs = None,
    config: opt.Config = None,
    save_config: opt.SaveConfig = False,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """给每条评价打分，原来的列都保留，多大的文件都行。例：feedback-nlp score 评论.csv -o 打分.parquet"""
    given = opt.given(locals(), "files", "output", "mentions", "config")
    from feedback_nlp.cli import console, runs
    from feedback_nlp.pipeline.files import open_job

    chosen = opt.merge(given, files, config)
    runs.check_apart([] if chosen.get("force") else files, [output, mentions])
    columns = {role: name for role, name in opt.columns(chosen).items() if name is not None}
    with open_job(
        files,
        output,
        mentions,
        columns=columns,
        rating_scale=chosen.get("rating_scale"),
        sheet=chosen.get("sheet"),
        from_config=["review_id" if name == "id" else name for name in chosen["from_config"]],
        model=chosen.get("model", "linear"),
        taxonomy=chosen.get("taxonomy", "default"),
        max_error=chosen.get("max_error"),
        resume=bool(chosen.get("resume")),
        force=bool(chosen.get("force")),
        mask=not chosen.get("no_mask"),
    ) as job:
        _show(job)
        runs.save_roles(files, job.inputs.roles.columns, chosen)
        with _going_on(chosen), console.progress("打分", "Scoring") as progress:
            done = job.run(jobs=chosen.get("jobs"), strict=bool(chosen.get("strict")), progress=progress)
    _say(done, as_json=bool(chosen.get("json")), quiet=bool(chosen.get("quiet")))


@contextmanager
def _going_on(chosen: Mapping[str, Any]) -> Iterator[None]:
    """Say how an interrupted run goes on, where its finished parts are kept."""
    from feedback_nlp.cli import console

    try:
        yield
    except KeyboardInterrupt:
        if chosen.get("resume"):
            console.note(
                "做完的部分留着：再运行同一条命令（带 --resume）就接着做。",
                "Finished parts are kept: run the same command again, with --resume, to go on.",
            )
        raise


def _show(job: Job) -> None:
    """Show which column plays which role, before any work starts."""
    from feedback_nlp.cli import console, runs

    source = job.inputs.source(None)
    runs.show_roles(source, job.inputs.roles, job.inputs.heads[0])
    console.notes(job.inputs.notes)


def _say(done: ScoredFile, *, as_json: bool, quiet: bool) -> None:
    from feedback_nlp.cli import console

    if done.n_resumed:
        console.note(
            f"接着上次：{done.n_resumed:,} 条已打过分。",
            f"Resumed: {done.n_resumed:,} reviews had been scored.",
        )
    console.notes(done.notes)
    _say_bad(done)
    if done.output == "-":
        return
    if as_json:
        import json

        console.result(json.dumps(_plain(done), ensure_ascii=False))
    elif not quiet:
        for path in (done.output, done.mentions):
            if path is not None:
                console.result(path)
        console.note("说明：这些文件含未打码的原文。", "Note: these files hold the original, unmasked texts.")


def _say_bad(done: ScoredFile) -> None:
    from feedback_nlp.cli import console

    if not done.n_bad:
        return
    console.note(
        f"注意：{done.n_bad:,} 行读不了，已保留、没有打分（fb_status 为 bad）：",
        f"Note: {done.n_bad:,} rows can't be read; kept without scores (fb_status is bad):",
    )
    for bad in done.bad[:_SHOWN]:
        said = bad.sentence()
        console.note(f"  {said.zh}", f"  {said.en}")
    if done.n_bad > _SHOWN:
        console.note("  ……（--json 列出更多）", "  … (--json lists more)")


def _plain(done: ScoredFile) -> dict[str, Any]:
    return {
        "n_reviews": done.n_reviews,
        "n_bad": done.n_bad,
        "n_needs_review": done.n_needs_review,
        "n_resumed": done.n_resumed,
        "output": done.output,
        "mentions": done.mentions,
        "bad": [
            {"file": bad.file, "row": bad.row, "reason": bad.reason, "text": bad.text} for bad in done.bad
        ],
    }
