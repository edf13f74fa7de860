"""``feedback-nlp serve``: scoring as a local HTTP service."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from feedback_nlp.cli import options as opt

LIMITS = "限额 Limits"


def serve(
    host: Annotated[str, typer.Option("--host", help="监听的地址。", metavar="地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口；0 为任一空闲端口。")] = 8321,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="允许监听本机以外能连上的地址。")
    ] = False,
    model: opt.Model = None,
    taxonomy: opt.TaxonomyName = None,
    max_body: Annotated[
        int, typer.Option("--max-body", min=1, help="请求体最多多少 MiB。", rich_help_panel=LIMITS)
    ] = 8,
    max_batch: Annotated[
        int, typer.Option("--max-batch", min=1, help="一次最多多少条。", rich_help_panel=LIMITS)
    ] = 2000,
    max_waiting: Annotated[
        int,
        typer.Option("--max-waiting", min=1, help="最多多少个请求同时在处理或等候。", rich_help_panel=LIMITS),
    ] = 64,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="打分的线程数（默认核数）。", rich_help_panel=LIMITS),
    ] = None,
    grace: Annotated[
        int,
        typer.Option("--grace", min=1, help="停止时最多等多少秒让请求做完。", rich_help_panel=LIMITS),
    ] = 30,
    lang: opt.Lang = None,
) -> None:
    """打分服务：POST /score、POST /classify、GET /health。默认只在本机；日志是 JSON，不含正文。"""
    from feedback_nlp.cli import console
    from feedback_nlp.errors import MissingExtraError
    from feedback_nlp.serve import Limits

    try:
        from feedback_nlp.serve import server
    except ImportError as error:
        raise MissingExtraError.from_extra("serve", "feedback-nlp serve") from error
    from feedback_nlp.scorers import load_model
    from feedback_nlp.taxonomy import load_taxonomy

    chosen = opt.merge({"lang": lang, "model": model, "taxonomy": taxonomy})
    server.check_host(host, allow_remote=allow_remote)
    limits = Limits(max_body * 2**20, max_batch, max_waiting, threads or os.cpu_count() or 1)
    named = load_taxonomy(chosen.get("taxonomy", "default"))
    scorer = load_model(chosen.get("model", "linear"), named)
    listener = server.bind(host, port)
    server.run(scorer, listener, limits=limits, lang=console.lang(), grace=grace, ready=_tell)


def _tell(address: str) -> None:
    import sys

    from feedback_nlp.cli import console

    console.result(address)
    sys.stdout.flush()
