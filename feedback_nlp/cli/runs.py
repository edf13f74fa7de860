"""What the commands that read a table share: prepare it, show the columns, keep the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.cli import console, options

if TYPE_CHECKING:
    from feedback_nlp.pipeline import Prepared
    from feedback_nlp.pipeline.result import Analysis, Options

CONFIG_NAME = "feedback-nlp.toml"
# Options that belong to one run, not to next month's.
PASSING = ("out", "quiet", "json", "force", "save_config")


def prepared(files: Sequence[str], chosen: Mapping[str, Any]) -> Prepared:
    """Read the input and show which column plays which role, before any work starts."""
    from feedback_nlp.pipeline import prepare

    paths = [Path(name) for name in files]
    ready = prepare(
        files[0] if len(files) == 1 else paths,
        columns=options.columns(chosen),
        rating_scale=chosen.get("rating_scale"),
        sheet=chosen.get("sheet"),
    )
    _show(ready)
    return ready


def _show(ready: Prepared) -> None:
    source = ready.source
    where = "".join(f" · {source[key]}" for key in ("sheet", "encoding") if source.get(key))
    title = console.text(
        f"{source['name']}{where} · {source['n_rows']:,} 行",
        f"{source['name']}{where} · {source['n_rows']:,} rows",
    )
    headers = (console.text("用作", "Role"), console.text("列", "Column"), console.text("依据", "Why"))
    console.table(title, headers, ready.roles.rows(ready.table, console.lang()))
    console.notes(ready.notes)


def analysis_options(chosen: Mapping[str, Any]) -> Options:
    """Return what the report commands share as ``pipeline.Options``."""
    from feedback_nlp.pipeline.result import Options

    default = Options()
    return Options(
        lang=console.lang(),
        weights=chosen.get("weights", default.weights),
        mask=not chosen.get("no_mask", False),
    )


def save_config(files: Sequence[str], ready: Prepared, chosen: Mapping[str, Any]) -> None:
    """Write the columns used and the options given beside the first input, if asked to."""
    if not chosen.get("save_config"):
        return
    from feedback_nlp.io.config import save

    known = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in chosen.items()
        if name not in PASSING
    }
    known.update({_option(role): column for role, column in ready.roles.columns.items()})
    if isinstance(known.get("rating_scale"), tuple):
        known["rating_scale"] = "-".join(f"{bound:g}" for bound in known["rating_scale"])
    if "weights" in known:
        known["weights"] = list(known["weights"])
    path = (Path(files[0]).parent if files[0] != "-" else Path()) / CONFIG_NAME
    save(path, known)
    console.note(f"已存 {path}，下次不必再给选项。", f"Saved {path}: no options needed next time.")


def _option(role: str) -> str:
    return "id" if role == "review_id" else role


def write_reports(analysis: Analysis, folder: Path, chosen: Mapping[str, Any]) -> None:
    """Write all files of an analysis and say where they are."""
    written = analysis.write(folder)
    if chosen.get("json"):
        import json

        console.result(json.dumps(analysis.to_dict(), ensure_ascii=False, allow_nan=False))
        return
    if chosen.get("quiet"):
        return
    console.result(analysis.to_markdown())
    for path in written.values():
        console.result(str(path.resolve()))
    console.note(
        "说明：scored.parquet 与 mentions.parquet 含未打码的原文，是您自己的数据，请妥善保管；报告已打码。"
        if not chosen.get("no_mask")
        else "说明：所有文件都含未打码的原文，请妥善保管。",
        "Note: scored.parquet and mentions.parquet hold the original, unmasked texts; the reports are masked."
        if not chosen.get("no_mask")
        else "Note: every file holds the original, unmasked texts.",
    )
