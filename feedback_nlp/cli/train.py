"""``feedback-nlp train``: a model of one's own from labelled files."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.pipeline.learning import Trained

Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="标注文件（JSONL；- 为标准输入）或自带语料的名字；可以给多个。",
        metavar="文件...",
    ),
]
# What follows ``--data FILE`` without an option name: more files.
More = Annotated[
    list[str] | None, typer.Argument(metavar="[文件...]", help="同 --data。", show_default=False)
]


def train(
    output: Annotated[Path, typer.Option("--output", "-o", help="模型写到这个文件夹。", metavar="文件夹")],
    more: More = None,
    data: Data = None,
    model: Annotated[
        str, typer.Option("--model", help="训练哪种：linear 或 encoder。", metavar="名称")
    ] = "linear",
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help="从这个 linear 模型出发，按标注调整（建议 linear）；分类体系不同时只借用褒贬语气。"
            "encoder：预训练模型的文件夹（必须）。",
            metavar="名称|路径",
        ),
    ] = None,
    taxonomy: opt.TaxonomyName = None,
    folds: Annotated[
        int, typer.Option("--folds", help="交叉评测的份数；0 不评测，快几倍。", metavar="N")
    ] = 5,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="encoder：学几遍（默认 11）。", min=1, metavar="N")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="encoder：上次没训练完，从断点接着来。")] = False,
    lang: opt.Lang = None,
    force: Annotated[bool, opt.output("--force", "覆盖已有的模型。")] = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """从标注文件学一个自己的模型。例：feedback-nlp train --data 标注.jsonl -o 我的模型"""
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.learning import train as learn

    chosen = opt.merge({"lang": lang, "quiet": quiet, "taxonomy": taxonomy})
    files = sources(data, more)
    with console.progress("训练", "Training") as progress:
        done = learn(
            files,
            output,
            model=model,
            base=base,
            taxonomy=chosen.get("taxonomy", "default"),
            folds=folds,
            force=force,
            lang=console.lang(),
            command=shlex.join(["feedback-nlp", *sys.argv[1:]]),
            progress=progress,
            epochs=epochs,
            resume=resume,
            say=None if quiet else lambda message: console.note(message, message),
        )
    _say(done, as_json=json, quiet=quiet)


def sources(data: list[str] | None, more: list[str] | None) -> list[str]:
    """Return the files of ``--data A B --data C``.

    Raises
    ------
    ConfigError
        If there is none.
    """
    from feedback_nlp.errors import Bilingual, ConfigError

    if not data:
        raise ConfigError(
            Bilingual("没有给标注文件。", "No labelled file was given."),
            Bilingual("例：--data 标注.jsonl。", "Example: --data labels.jsonl."),
        )
    return [*data, *(more or [])]


def _say(done: Trained, *, as_json: bool, quiet: bool) -> None:
    from dataclasses import asdict

    from feedback_nlp.cli import console, texts
    from feedback_nlp.pipeline.model_card import gains_table, scores_table

    if as_json:
        texts.as_json([{**asdict(done), "folder": str(done.folder)}])
        return
    if quiet:
        return
    if done.scores:
        table = gains_table(done, console.lang()) if done.gains else scores_table(done.scores, console.lang())
        console.result(table + "\n")
    console.result(str(done.folder))
    console.note(
        f"用它：feedback-nlp analyze 文件 --model {done.folder}；说明卡在 {done.folder / 'card.md'}。",
        f"Use it: feedback-nlp analyze FILE --model {done.folder}; its card is {done.folder / 'card.md'}.",
    )
