"""``feedback-nlp taxonomy``: see, check, start and compare taxonomies."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Facet, Taxonomy

app = typer.Typer(no_args_is_help=True, help="分类体系：show 查看，check 检查，init 新建，diff 比较。")
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
            f"{named.name}（第 {named.version} 版，{named.sha256[:12]}）："
            f"{len(named.elements)} 个要素，{len(named.facets)} 个方面，可用。",
            f"{named.name} (version {named.version}, {named.sha256[:12]}): "
            f"{len(named.elements)} elements, {len(named.facets)} facets, valid.",
        )
    )


@app.command("init")
def init(
    path: Annotated[Path, typer.Argument(help="写到哪里。", metavar="路径")] = Path("taxonomy.toml"),
    full: Annotated[
        bool, typer.Option("--full", help="以自带的完整体系为起点（默认是一个小例子）。")
    ] = False,
    from_data: Annotated[
        str | None,
        typer.Option(
            "--from-data", help="从这份数据提出：它说到的自带方面、新词、没覆盖的抱怨。", metavar="文件"
        ),
    ] = None,
    min_reviews: Annotated[
        int | None,
        typer.Option("--min-reviews", min=1, help="--from-data：至少几条评价说到才算（默认 0.3%，至少 3）。"),
    ] = None,
    text: opt.Text = None,
    sheet: opt.Sheet = None,
    force: opt.Force = False,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
) -> None:
    """写一个可以改的分类体系。例：feedback-nlp taxonomy init 我的.toml --from-data 投诉.xlsx"""
    from feedback_nlp.cli import console
    from feedback_nlp.errors import Bilingual, ConfigError
    from feedback_nlp.io.writers import atomic, check_writable

    opt.merge({"lang": lang, "quiet": quiet})
    if full and from_data is not None:
        raise ConfigError(
            Bilingual("--full 和 --from-data 只能给一个。", "Give either --full or --from-data."),
            Bilingual("从数据起步就去掉 --full。", "To start from data, leave out --full."),
        )
    check_writable(path, force=force, suffixes=False)
    if from_data is not None:
        content = _proposed(from_data, text, sheet, min_reviews)
    else:
        folder = resources.files("feedback_nlp") / "resources"
        start = folder / "taxonomies" / "default.toml" if full else folder / "templates" / "taxonomy.toml"
        content = start.read_text(encoding="utf-8")
    with atomic(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    console.result(str(path))


@app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="旧的：自带的名字或 TOML 文件。", metavar="旧")],
    new: Annotated[str, typer.Argument(help="新的。", metavar="新")],
    data: Annotated[
        str | None, typer.Argument(help="用两版各打一遍分；不给就只比体系本身。", metavar="[数据]")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="把变了的每句写到这里（原文）。", metavar="文件"),
    ] = None,
    old_model: Annotated[
        str, typer.Option("--old-model", help="旧体系的打分器。", metavar="名称|路径")
    ] = "lexicon",
    new_model: Annotated[
        str, typer.Option("--new-model", help="新体系的打分器。", metavar="名称|路径")
    ] = "lexicon",
    text: opt.Text = None,
    id: opt.Id = None,
    sheet: opt.Sheet = None,
    force: opt.Force = False,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """两版体系差在哪里、提及挪到了哪里。例：feedback-nlp taxonomy diff default 我的.toml 投诉.xlsx"""
    from feedback_nlp.cli import console, taxonomy_diff, texts
    from feedback_nlp.io.writers import check_writable, write_table
    from feedback_nlp.pipeline.taxonomy_moves import compare_taxonomies, version_note
    from feedback_nlp.taxonomy import load_taxonomy

    opt.merge({"lang": lang, "quiet": quiet})
    pair = load_taxonomy(old), load_taxonomy(new)
    if (note := version_note(*pair)) is not None:
        console.notes([note])
    if data is None:
        taxonomy_diff.check_no_output(output)
        taxonomy_diff.structure(*pair, as_json=json)
        return
    if output is not None:
        check_writable(output, force=force)
    found = compare_taxonomies(
        *pair, data, text=text, id=id, sheet=sheet, old_model=old_model, new_model=new_model
    )
    if output is not None:
        console.notes(write_table(found.table, output, force=force))
        console.note(f"变了的句子（原文）：{output}", f"Changed clauses (original texts): {output}")
    if json:
        texts.as_json([found.to_dict()])
    else:
        console.result(taxonomy_diff.page(found))


def _proposed(source: str, text: str | None, sheet: str | None, min_reviews: int | None) -> str:
    """Return the TOML proposed from a file, and say what is in it."""
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.taxonomy_proposal import propose_taxonomy

    made = propose_taxonomy(source, text=text, sheet=sheet, min_reviews=min_reviews)
    n_terms = sum(len(item.terms) for item in made.known)
    console.note(
        f"{made.n_reviews} 条评价：自带方面说到 {len(made.known)} 个，新词 {n_terms} 个，"
        f"没覆盖的抱怨里的新话题 {len(made.new)} 个。请打开改，再用 taxonomy check 查一遍。",
        f"{made.n_reviews} reviews: {len(made.known)} shipped facets, {n_terms} new terms, "
        f"{len(made.new)} new topics. Edit the file, then run taxonomy check.",
    )
    return made.to_toml(console.lang())


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
