"""``feedback-nlp demo``: the main job on the bundled sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_nlp.cli import options as opt

DEFAULT_OUT = "feedback-demo"


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="输出文件夹。")] = Path(DEFAULT_OUT),
    model: opt.Model = None,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """在自带的示例上跑一遍（一家虚构家电零售商的 420 条反馈），看看报告长什么样。"""
    given = dict(locals())
    from feedback_nlp.catalog import sample_path
    from feedback_nlp.cli.analyze import run

    run([str(sample_path("xlsx"))], given, None)
