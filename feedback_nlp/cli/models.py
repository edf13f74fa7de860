"""``feedback-nlp models``: what is installed, its card, and whether it is whole."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from feedback_nlp.cli import options as opt

LEXICON = "lexicon"
app = typer.Typer(no_args_is_help=True, help="已安装的模型：list 列出，show 看说明卡，verify 校验。")


@app.command("list")
def list_models(lang: opt.Lang = None, json: opt.Json = False) -> None:
    """列出已安装的模型。"""
    from feedback_nlp.catalog import models
    from feedback_nlp.cli import console, texts

    opt.merge({"lang": lang})
    rows: list[dict[str, Any]] = [
        {"name": info.name, "kind": info.kind, "bytes": info.n_bytes, "folder": str(info.folder)}
        for info in models()
    ]
    if not any(row["name"] == LEXICON for row in rows):
        rows.append({"name": LEXICON, "kind": LEXICON, "bytes": 0, "folder": ""})
    if json:
        texts.as_json(rows)
        return
    for row in rows:
        size = f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else console.text("无需权重", "no weights")
        console.result(f"{row['name']}\t{row['kind']}\t{size}\t{row['folder']}".rstrip())


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="模型名或文件夹。", metavar="名称")], lang: opt.Lang = None
) -> None:
    """显示模型的说明卡。"""
    from feedback_nlp.catalog import describe_model, model_folder
    from feedback_nlp.cli import console

    opt.merge({"lang": lang})
    if name == LEXICON:
        console.result(
            console.text(
                "lexicon 按分类体系里的词判断，没有权重，也没有说明卡。",
                "lexicon judges by the words of the taxonomy; it has no weights and no card.",
            )
        )
        return
    console.result(describe_model(model_folder(name)).card)


@app.command("verify")
def verify(
    name: Annotated[str | None, typer.Argument(help="模型名或文件夹（默认全部）。", metavar="名称")] = None,
    lang: opt.Lang = None,
) -> None:
    """核对文件的哈希，并试着装载。"""
    from feedback_nlp.catalog import models
    from feedback_nlp.cli import console
    from feedback_nlp.scorers import load_model

    opt.merge({"lang": lang})
    for chosen in [name] if name else [info.name for info in models()]:
        console.result(f"{chosen}\tOK\tsha256 {load_model(chosen).fingerprint()}")
