"""``feedback-nlp taxonomy``: see, check and start a taxonomy."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Facet, Taxonomy

app = typer.Typer(no_args_is_help=True, help="分类体系：show 查看，check 检查，init 新建。")
Source = Annotated[str, typer.Argument(help="自带的名字或 TOML 文件。", metavar="名称|路径")]


@app.command("show")
def show(
    source: Source = "default",
    facet: Annotated[str | None, typer.Option("--facet", help="只看一个方面，如 logistics.speed。")] = None,
    lang: opt.Lang = None,
    json: opt.Json = False,
) -> None:
    """显示要素与方面。例：feedback-nlp taxonomy show --facet after_sales.refund"""
    from feedback_nlp.cli import console, texts
    from feedback_nlp.taxonomy import load_taxonomy

    opt.merge({"lang": lang})
    named = load_taxonomy(source)
    facets = named.facets if facet is None else (named.facet(facet),)
    if json:
        texts.as_json(_row(item) for item in facets)
    elif facet is not None:
        _show_facet(facets[0])
    else:
        for line in _outline(named, console.lang()):
            console.result(line)


@app.command("check")
def check(source: Source, lang: opt.Lang = None) -> None:
    """检查一个 TOML 分类体系；有错说明在哪里。"""
    from feedback_nlp.cli import console
    from feedback_nlp.taxonomy import load_taxonomy

    opt.merge({"lang": lang})
    named = load_taxonomy(source)
    bare = [
        item.code
        for item in named.facets
        if not (item.terms or item.patterns or item.positive or item.negative)
    ]
    for code in bare:
        console.note(
            f"注意：{code} 没有任何词，lexicon 找不到它。",
            f"Note: {code} has no terms: lexicon can't find it.",
        )
    console.result(
        console.text(
            f"{named.name}：{len(named.elements)} 个要素，{len(named.facets)} 个方面，可用。",
            f"{named.name}: {len(named.elements)} elements, {len(named.facets)} facets, valid.",
        )
    )


@app.command("init")
def init(
    path: Annotated[Path, typer.Argument(help="写到哪里。", metavar="路径")] = Path("taxonomy.toml"),
    full: Annotated[
        bool, typer.Option("--full", help="以自带的完整体系为起点（默认是一个小例子）。")
    ] = False,
    force: opt.Force = False,
    lang: opt.Lang = None,
) -> None:
    """写一个可以改的分类体系。之后：feedback-nlp analyze 文件 --taxonomy taxonomy.toml --model lexicon"""
    from feedback_nlp.cli import console
    from feedback_nlp.io.writers import atomic, check_writable

    opt.merge({"lang": lang})
    check_writable(path, force=force, suffixes=False)
    folder = resources.files("feedback_nlp") / "resources"
    start = folder / "taxonomies" / "default.toml" if full else folder / "templates" / "taxonomy.toml"
    with atomic(path) as temporary:
        temporary.write_text(start.read_text(encoding="utf-8"), encoding="utf-8")
    console.result(str(path))


def _outline(named: Taxonomy, lang: str) -> list[str]:
    lines = []
    for element in named.elements:
        lines.append(f"{element.code}\t{element.name(lang)}\t{element.define}")
        lines += [f"  {facet.code}\t{facet.name(lang)}\t{facet.define}" for facet in element.facets]
    return lines


def _row(facet: Facet) -> dict[str, Any]:
    from dataclasses import asdict

    return {"element": facet.element, **asdict(facet)}


def _show_facet(facet: Facet) -> None:
    from feedback_nlp.cli import console

    lang = console.lang()
    console.result(f"{facet.code}\t{facet.name(lang)}\t{facet.define}")
    pairs = {
        ("词", "terms"): facet.terms,
        ("正面说法", "positive"): facet.positive,
        ("负面说法", "negative"): facet.negative,
        ("问题", "problems"): tuple(problem.name(lang) for problem in facet.problems),
    }
    for (zh, en), values in pairs.items():
        console.result(f"{console.text(zh, en)}\t{'、'.join(values)}")
    console.result(f"{console.text('可行性', 'feasibility')}\t{facet.feasibility}/5\t{facet.remedy}")
    console.result(f"{console.text('建议', 'action')}\t{facet.action(lang)}")
