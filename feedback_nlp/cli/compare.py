"""``feedback-nlp compare``: what changed between two files, two periods, or the parts of one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_nlp.cli import options as opt

if TYPE_CHECKING:
    from feedback_nlp.pipeline import Prepared

EPILOG = (
    "例：`feedback-nlp compare 上月.xlsx 本月.xlsx -o compare.html` · "
    "`feedback-nlp compare 投诉.xlsx --split-at 2025-06-01` · `feedback-nlp compare 投诉.xlsx --by 门店`"
)


def compare(
    old: Annotated[
        str, typer.Argument(help="原来的：表格文件、analyze 的文件夹或打过分的 .parquet。", metavar="旧")
    ],
    new: Annotated[
        str | None, typer.Argument(help="现在的；用 --split-at 或 --by 时不给。", metavar="新")
    ] = None,
    split_at: Annotated[
        str | None, typer.Option("--split-at", help="同一文件里，这天之前和从这天起比。", metavar="日期")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="同一文件里，这一列的每个值和其余比。", metavar="列名")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="另写一页 HTML，如 compare.html。")
    ] = None,
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
    issues: opt.IssuesFile = None,
    jobs: opt.Jobs = None,
    config: opt.Config = None,
    save_config: opt.SaveConfig = False,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """两份数据、两段时间或各门店之间，什么变了：先看差多少，再看是不是偶然。"""
    given = opt.given(locals(), "old", "new", "split_at", "by", "output", "config")
    from feedback_nlp.cli import console, runs
    from feedback_nlp.io.writers import check_writable
    from feedback_nlp.pipeline.compare import check_mode, compare, is_scored

    files = [name for name in (old, new) if name is not None]
    chosen = opt.merge(given, files, config)
    check_mode(old, new, split_at, by)
    if output is not None:
        runs.check_apart(files, [output])
        check_writable(output, force=bool(chosen.get("force")), suffixes=False)
    edits = runs.edits_beside(chosen, [Path(name) for name in files if name != "-"])
    sources = [name if is_scored(name) else runs.prepared([name], chosen) for name in files]
    runs.save_roles(files, _shared(sources), chosen)
    with console.progress("打分", "Scoring") as progress:
        found = compare(
            *sources,
            split_at=split_at,
            by=by,
            model=chosen.get("model", "linear"),
            taxonomy=chosen.get("taxonomy", "default"),
            issues=edits,
            lang=console.lang(),
            mask=not chosen.get("no_mask", False),
            jobs=chosen.get("jobs"),
            progress=progress,
        )
    if output is not None:
        found.to_html(output)
    if chosen.get("json"):
        import json as machine

        console.result(machine.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    elif not chosen.get("quiet"):
        console.result(found.to_markdown())
        if output is not None:
            console.result(str(output.resolve()))


def _shared(sources: Sequence[str | Prepared]) -> dict[str, str]:
    """Return the columns that play the same role in all tables; another would not be found in one."""
    found = [source.roles.columns for source in sources if not isinstance(source, str)]
    first = found[0] if found else {}
    return {role: name for role, name in first.items() if all(one.get(role) == name for one in found)}
