"""``feedback-nlp playbook``: start and check the file that says how easy a fix is, and whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.pipeline.result import Analysis
    from feedback_nlp.taxonomy import Taxonomy

app = typer.Typer(no_args_is_help=True, help="改进手册：init 写样板，check 检查。")
From = Annotated[
    Path | None,
    typer.Option("--from", help="analyze 写出的文件夹：手册里列出它的问题。", metavar="文件夹"),
]
# Issues written into a new playbook.
N_ISSUES = 20


@app.command("init")
def init(
    path: Annotated[Path, typer.Argument(help="写到哪里。", metavar="路径")] = Path("playbook.toml"),
    source: From = None,
    taxonomy: opt.TaxonomyName = None,
    force: opt.Force = False,
    lang: opt.Lang = None,
) -> None:
    """写一份改进手册。之后：feedback-nlp report 文件夹 --playbook playbook.toml"""
    from feedback_nlp.cli import console
    from feedback_nlp.io.writers import atomic, check_writable
    from feedback_nlp.taxonomy import load_taxonomy

    opt.merge({"lang": lang})
    check_writable(path, force=force, suffixes=False)
    analysis = _analysis(source, taxonomy)
    named = load_taxonomy(taxonomy or "default") if analysis is None else analysis.taxonomy
    lines = _template(named, [] if analysis is None else _issues(analysis), console.lang())
    with atomic(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    console.result(str(path))


@app.command("check")
def check(
    path: Annotated[Path, typer.Argument(help="改进手册（TOML）。", metavar="文件")],
    source: From = None,
    taxonomy: opt.TaxonomyName = None,
    lang: opt.Lang = None,
) -> None:
    """检查改进手册；有错说明在第几行。"""
    from feedback_nlp.cli import console
    from feedback_nlp.insight.playbook import Playbook
    from feedback_nlp.taxonomy import load_taxonomy

    opt.merge({"lang": lang})
    book = Playbook.read(path)
    analysis = _analysis(source, taxonomy)
    if analysis is None:
        book.check(load_taxonomy(taxonomy or "default"))
    else:
        for key in book.check(analysis.taxonomy, analysis.insight.basis.known()):
            console.note(f"注意：“{key}”这次没有出现。", f"Note: '{key}' does not occur in this analysis.")
    n = len(book.entries)
    console.result(console.text(f"{path}：{n} 个条目，可用。", f"{path}: {n} entries, valid."))


def _analysis(source: Path | None, taxonomy: str | None) -> Analysis | None:
    if source is None:
        return None
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline import load_report
    from feedback_nlp.pipeline.options import Options

    return load_report(source, taxonomy=taxonomy, options=Options(lang=console.lang(), draws=1))


def _issues(analysis: Analysis) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = analysis.insight.issues.to_pylist()
    return [row for row in rows if not row["other"]][:N_ISSUES]


_HEAD = {
    "zh": """\
# 改进手册：文本里看不出、要由您来定的事。去掉行首的 # 并改成您的值；没有写的用默认值。
#   feasibility = 1–5     可行性，1 最难改，5 最容易
#   severity    = 0–1     严重度，代替从文本里读出的（1 最严重）
#   owner       = "姓名"   负责人
#   due         = 日期     期限，如 2026-12-31
# 条目可以是要素（["logistics"]）、方面（["logistics.speed"]）、问题编号或问题名（["发货慢"]），越具体越优先。
# 用法：feedback-nlp analyze 文件 --playbook 本文件
#   或：feedback-nlp report 文件夹 --playbook 本文件（不重新打分）""",
    "en": """\
# Playbook: what the texts can't tell and you decide. Take away the leading # and put in your values;
# what is not written keeps its default.
#   feasibility = 1-5     1 is hardest to mend, 5 easiest
#   severity    = 0-1     in place of the one read from the texts (1 is the most severe)
#   owner       = "name"
#   due         = date    such as 2026-12-31
# An entry is an element (["logistics"]), a facet (["logistics.speed"]), an issue id or the name of an issue;
# the closest wins.
# Use: feedback-nlp analyze FILE --playbook THIS, or feedback-nlp report DIR --playbook THIS (no scoring)""",
}


def _template(taxonomy: Taxonomy, issues: list[dict[str, Any]], lang: str) -> list[str]:
    from feedback_nlp.taxonomy import GENERAL

    lines = _HEAD[lang].splitlines()
    if issues:
        lines += ["", "# ── 问题 ──" if lang == "zh" else "# ── Issues ──"]
    for row in issues:
        level = round(5 * row["feasibility"])
        lines += ["", *_block(row["issue_id"], f"{row['rank']}. {row['name']}", level, row["severity"])]
    lines += ["", "# ── 方面 ──" if lang == "zh" else "# ── Facets ──"]
    for element in taxonomy.elements:
        for facet in element.facets:
            if facet.code != GENERAL:
                name = f"{element.name(lang)} · {facet.name(lang)}"
                lines += ["", *_block(facet.code, name, facet.feasibility, None)]
    return lines


def _block(code: str, name: str, level: int, severity: float | None) -> list[str]:
    shown = " ".join(name.split())
    lines = [f'["{code}"]  # {shown}', f"# feasibility = {level}", '# owner = ""', "# due = 2026-12-31"]
    return lines if severity is None else [*lines, f"# severity = {severity:.2f}"]
