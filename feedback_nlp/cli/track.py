"""``feedback-nlp track``: scored files of every month in one store, and the report over all of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_nlp.cli import options as opt
from feedback_nlp.errors import Bilingual, ConfigError

if TYPE_CHECKING:
    from feedback_nlp.store import Kept

app = typer.Typer(
    no_args_is_help=True,
    help="长期监测：add 加入，report 出报告，forget 彻底删除，retention 设保留期，show 看存了什么。",
)
Store = Annotated[
    Path, typer.Option("--store", help="存储文件（DuckDB），如 feedback.duckdb。", metavar="文件")
]


@app.command("add")
def add(
    files: Annotated[
        list[Path],
        typer.Argument(help="score 写出的 .parquet，或 analyze 写出的文件夹。", metavar="文件|文件夹..."),
    ],
    store: Store,
    mentions: Annotated[
        Path | None,
        typer.Option("--mentions", help="提及表（默认是打分文件旁边的 mentions.parquet）。", metavar="文件"),
    ] = None,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """加入打分文件；同一编号、同一模型只存一次。例：feedback-nlp track add 打分.parquet --store f.duckdb"""
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.tracking import track_add

    opt.merge({"lang": lang, "quiet": quiet})
    if mentions is not None and len(files) > 1:
        raise ConfigError(
            Bilingual(
                f"--mentions 只能配一个打分文件，给了 {len(files)} 个。",
                f"--mentions goes with one scored file; {len(files)} are given.",
            ),
            Bilingual("一个一个地加入。", "Add them one by one."),
        )
    rows = []
    for file in files:
        added, notes = track_add(store, file, mentions=mentions)
        console.notes(notes)
        row = {"n_new": added.n_new, "n_replaced": added.n_replaced, "n_expired": added.n_expired}
        rows.append({"file": str(file), **row})
        if not (json or quiet):
            expired = added.n_expired
            console.result(
                console.text(
                    f"{file}：新 {added.n_new:,} 条，已有 {added.n_replaced:,} 条"
                    + (f"，过了保留期没有存的 {expired:,} 条" if expired else ""),
                    f"{file}: {added.n_new:,} new, {added.n_replaced:,} known"
                    + (f", {expired:,} past the retention period and not kept" if expired else ""),
                )
            )
    if json:
        _json({"store": str(store), "files": rows})
    console.note(
        "说明：存储里是未打码的原文，请妥善保管。", "Note: the store holds the original, unmasked texts."
    )


@app.command("report")
def report(
    store: Store,
    out: Annotated[Path, typer.Option("--out", "-o", help="输出文件夹。", metavar="文件夹")] = Path(
        "feedback-report"
    ),
    model: Annotated[
        str | None,
        typer.Option("--model", help="用哪个模型的打分：名称或哈希开头（默认最后加入的）。", metavar="名称"),
    ] = None,
    weights: opt.Weights = None,
    playbook: opt.PlaybookFile = None,
    issues: opt.IssuesFile = None,
    taxonomy: opt.TaxonomyName = None,
    lang: opt.Lang = None,
    no_mask: opt.NoMask = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """全部时期的趋势报告，与 analyze 的报告相同。例：feedback-nlp track report --store feedback.duckdb"""
    from feedback_nlp.cli import runs
    from feedback_nlp.pipeline.tracking import track_report

    given = {"weights": weights, "playbook": playbook, "issues": issues, "lang": lang, "no_mask": no_mask}
    chosen = opt.merge({**given, "quiet": quiet, "json": json})
    runs.check_apart([str(store)], [out])
    settings = runs.with_edits(runs.analysis_options(chosen), chosen, [store.parent, out])
    analysis = track_report(store, model=model, taxonomy=taxonomy, options=settings)
    runs.write_reports(analysis, out, chosen)


@app.command("forget")
def forget(
    store: Store,
    customer: Annotated[
        list[str] | None, typer.Option("--customer", help="客户编号（可以给几次）。", metavar="编号")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="删掉这一天以前的，如 2025-01-01。", metavar="日期")
    ] = None,
    lang: opt.Lang = None,
    json: opt.Json = False,
) -> None:
    """彻底删除（磁盘上也不留）。例：feedback-nlp track forget --store feedback.duckdb --customer C001"""
    from feedback_nlp import store as stores
    from feedback_nlp.cli import console

    opt.merge({"lang": lang})
    if not customer and before is None:
        raise ConfigError(
            Bilingual("没有说要删什么。", "Nothing was named to be forgotten."),
            Bilingual("给 --customer 编号 或 --before 日期。", "Give --customer ID or --before DATE."),
        )
    gone = stores.forget(store, customers=customer or (), before=_date(before))
    if json:
        _json({"n_reviews": gone.n_reviews, "n_mentions": gone.n_mentions})
        return
    console.result(
        console.text(
            f"已彻底删除 {gone.n_reviews:,} 条评价、{gone.n_mentions:,} 条提及。",
            f"{gone.n_reviews:,} reviews and {gone.n_mentions:,} mentions are gone for good.",
        )
    )
    console.note(
        "说明：只管这个存储；原始文件、打分文件、报告和备份要另外删，否则再 add 会回来。",
        "Note: this is about the store alone. Delete source files, scored files, reports and backups too: "
        "adding them again would bring the reviews back.",
    )


@app.command("retention")
def retention(
    store: Store,
    days: Annotated[
        int | None, typer.Option("--days", help="保留多少天；更早的彻底删除。", metavar="天数")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="取消保留期。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="确认现在就删除已经过期的。")] = False,
    lang: opt.Lang = None,
    json: opt.Json = False,
) -> None:
    """设定或查看保留期。例：feedback-nlp track retention --store feedback.duckdb --days 730"""
    from feedback_nlp.cli import console
    from feedback_nlp.pipeline.tracking import expire
    from feedback_nlp.store import Store as OpenStore

    opt.merge({"lang": lang})
    if off and days is not None:
        raise ConfigError(
            Bilingual("--days 和 --off 只能给一个。", "--days and --off exclude each other."),
            Bilingual("留下其中一个。", "Keep one of them."),
        )
    with OpenStore(store, read_only=not (off or days is not None)) as opened:
        if days is not None and not yes:
            _check_loss(opened.n_older(days, date.today()), days)
        if off or days is not None:
            opened.retention_days = days
        kept = opened.retention_days
    n_gone = expire(store)
    if json:
        _json({"retention_days": kept, "n_deleted": n_gone})
        return
    console.result(
        console.text("没有保留期，一直保留。", "No retention period: reviews are kept for ever.")
        if kept is None
        else console.text(
            f"保留 {kept} 天；这次彻底删除 {n_gone:,} 条。",
            f"{kept} days; {n_gone:,} reviews deleted for good.",
        )
    )


def _check_loss(n: int, days: int) -> None:
    if n:
        raise ConfigError(
            Bilingual(
                f"存储里有 {n:,} 条评价早于 {days} 天，设定后会马上彻底删除。",
                f"{n:,} reviews in the store are older than {days} days and would be deleted at once.",
            ),
            Bilingual("确认就加 --yes；什么都还没有改。", "Add --yes to confirm; nothing has changed yet."),
        )


@app.command("show")
def show(store: Store, lang: opt.Lang = None, json: opt.Json = False) -> None:
    """存了什么：模型、条数、起止日期、保留期。"""
    from feedback_nlp.cli import console
    from feedback_nlp.store import SCHEMA_VERSION
    from feedback_nlp.store import Store as OpenStore

    opt.merge({"lang": lang})
    with OpenStore(store, read_only=True) as opened:
        kept, days = opened.kept(), opened.retention_days
    if json:
        models = [_row(one) for one in kept]
        _json({"schema_version": SCHEMA_VERSION, "retention_days": days, "models": models})
        return
    for row in map(_row, kept):
        span = f"{row['first']} – {row['last']}" if row["first"] else console.text("没有时间", "no times")
        count = console.text(f"{row['n_reviews']:,} 条", f"{row['n_reviews']:,} reviews")
        console.result(f"{row['model']}\t{row['sha256'][:8]}\t{count}\t{span}")
    limit = console.text("没有保留期", "no retention period")
    console.result(limit if days is None else console.text(f"保留 {days} 天", f"kept {days} days"))


def _row(one: Kept) -> dict[str, Any]:
    return {
        "model": one.meta["model"]["name"],
        "sha256": one.model,
        "n_reviews": one.n_reviews,
        "first": None if one.first is None else one.first.isoformat(),
        "last": None if one.last is None else one.last.isoformat(),
    }


def _date(value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ConfigError(
            Bilingual(f"日期“{value}”不对。", f"Bad date '{value}'."),
            Bilingual("写成 年-月-日，如 2025-01-01。", "Write YYYY-MM-DD, such as 2025-01-01."),
        ) from error


def _json(found: dict[str, Any]) -> None:
    import json

    from feedback_nlp.cli import console

    console.result(json.dumps(found, ensure_ascii=False, allow_nan=False))
