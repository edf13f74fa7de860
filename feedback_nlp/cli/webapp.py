"""``feedback-nlp app``: the main job on a local page, for people without a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from feedback_nlp.cli import options as opt


def app(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口；0 为任一空闲端口。")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="不打开浏览器，只显示地址。")] = False,
    max_size: Annotated[int, typer.Option("--max-size", min=1, help="文件最大多少 MiB。")] = 256,
    lang: opt.Lang = None,
) -> None:
    """打开本机网页：拖入文件、确认列、看进度、下载报告，不用命令行。只在本机，结束时删掉所有文件。"""
    from feedback_nlp.cli import console
    from feedback_nlp.errors import MissingExtraError

    try:
        from feedback_nlp.webapp import server, site
    except ImportError as error:
        raise MissingExtraError.from_extra("app", "feedback-nlp app") from error
    opt.merge({"lang": lang})
    server.run(
        port=port,
        max_bytes=max_size * site.MIB,
        lang=console.lang(),
        browser=not no_browser,
        ready=_tell,
    )
    console.note("已结束，上传的文件和报告都已删除。", "Stopped; the files and reports are deleted.")


def _tell(address: str) -> None:
    import sys

    from feedback_nlp.cli import console

    console.note(
        "没有自动打开的话，在浏览器里打开下面的地址。它含密钥，只在本机有效，不要发给别人。按 Ctrl-C 结束。",
        "Open this address in a browser (if it did not open by itself). It holds a key: keep it to yourself. "
        "Ctrl-C stops.",
    )
    console.result(address)
    sys.stdout.flush()
