"""What the commands that read a table share: prepare it, show the columns, keep the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.cli import console, options
from feedback_nlp.errors import Bilingual, ConfigError, OutputError

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.edits import Edits
    from feedback_nlp.insight.playbook import Playbook
    from feedback_nlp.io.columns import Roles
    from feedback_nlp.pipeline import Prepared
    from feedback_nlp.pipeline.options import Options
    from feedback_nlp.pipeline.result import Analysis

CONFIG_NAME = "feedback-nlp.toml"
PLAYBOOK_NAME = "playbook.toml"
# Options that belong to one run, not to next month's.
PASSING = ("out", "quiet", "json", "force", "resume", "save_config", "from_config", "top")


def check_apart(files: Sequence[str], targets: Sequence[str | Path | None]) -> None:
    """Raise if an output would replace an input, or two outputs are one file.

    Raises
    ------
    OutputError
    """
    from feedback_nlp.io.writers import check_distinct

    inputs = {Path(name).resolve() for name in files if name != "-"}
    for target in targets:
        if target is not None and str(target) != "-" and Path(target).resolve() in inputs:
            raise _replaces_input(target)
    check_distinct(targets)


def _replaces_input(target: str | Path) -> OutputError:
    return OutputError(
        Bilingual(f"输出 {target} 会覆盖输入文件。", f"The output {target} would replace the input."),
        Bilingual("换一个输出位置（--out 或 -o）。", "Choose another place for the output (--out or -o)."),
    )


def prepared(files: Sequence[str], chosen: Mapping[str, Any]) -> Prepared:
    """Read the input and show which column plays which role, before any work starts."""
    from feedback_nlp.pipeline import prepare

    paths = [Path(name) for name in files]
    ready = prepare(
        files[0] if len(files) == 1 else paths,
        columns=options.columns(chosen),
        rating_scale=chosen.get("rating_scale"),
        sheet=chosen.get("sheet"),
        from_config=["review_id" if name == "id" else name for name in chosen.get("from_config", ())],
    )
    _show(ready)
    return ready


def _show(ready: Prepared) -> None:
    show_roles(ready.source, ready.roles, ready.table)
    console.notes(ready.notes)


def show_roles(source: Mapping[str, Any], roles: Roles, table: pa.Table) -> None:
    """Show what is read and which of its columns plays which role; a stream does not know its length."""
    where = "".join(f" · {source[key]}" for key in ("sheet", "encoding") if source.get(key))
    rows = source["n_rows"]
    length = ("", "") if rows is None else (f" · {rows:,} 行", f" · {rows:,} rows")
    title = console.text(f"{source['name']}{where}{length[0]}", f"{source['name']}{where}{length[1]}")
    headers = (console.text("用作", "Role"), console.text("列", "Column"), console.text("依据", "Why"))
    console.table(title, headers, roles.rows(table, console.lang()))


def analysis_options(chosen: Mapping[str, Any]) -> Options:
    """Return what the report commands share as ``pipeline.Options``."""
    from feedback_nlp.insight.playbook import Playbook
    from feedback_nlp.pipeline.options import Options

    default = Options()
    return Options(
        lang=console.lang(),
        weights=chosen.get("weights", default.weights),
        mask=not chosen.get("no_mask", False),
        playbook=Playbook.read(chosen["playbook"]) if chosen.get("playbook") else None,
    )


def with_edits(settings: Options, chosen: Mapping[str, Any], folders: Sequence[Path]) -> Options:
    """Return the options with the edits and the playbook given, or those that lie in ``folders``."""
    book = settings.playbook if settings.playbook is not None else _found_playbook(folders)
    return replace(settings, edits=_edits(chosen, folders), playbook=book)


def _found_playbook(folders: Sequence[Path]) -> Playbook | None:
    """Return the playbook that lies in the last of ``folders`` that has one, and say so."""
    from feedback_nlp.insight.playbook import Playbook

    for folder in reversed(folders):
        place = folder / PLAYBOOK_NAME
        if place.is_file():
            console.note(f"用了改进手册 {place}。", f"The playbook {place} is used.")
            return Playbook.read(place)
    return None


def _keep_playbook(chosen: Mapping[str, Any], folder: Path) -> None:
    """Put the playbook that was given beside the report, where ``report`` finds it."""
    given = chosen.get("playbook")
    if not given or Path(given).resolve() == (folder / PLAYBOOK_NAME).resolve():
        return
    from feedback_nlp.io.writers import atomic

    with atomic(folder / PLAYBOOK_NAME) as temporary:
        temporary.write_bytes(Path(given).read_bytes())


def edits_beside(chosen: Mapping[str, Any], sources: Sequence[Path]) -> Edits | None:
    """Return the edits of ``--issues``, or those that lie in or beside the inputs."""
    return _edits(chosen, [source if source.is_dir() else source.parent for source in sources])


def _edits(chosen: Mapping[str, Any], folders: Sequence[Path]) -> Edits | None:
    from feedback_nlp.pipeline.issue_edits import edits_of, found_edits

    given = chosen.get("issues")
    return (edits_of(given) if given else found_edits(folders)) or None


def save_config(files: Sequence[str], ready: Prepared, chosen: Mapping[str, Any]) -> None:
    """Write the columns used and the options given beside the first input, if asked to."""
    save_roles(files, ready.roles.columns, chosen)


def save_roles(files: Sequence[str], columns: Mapping[str, str], chosen: Mapping[str, Any]) -> None:
    """Write which column plays which role and the options given beside the first input, if asked to."""
    if not chosen.get("save_config"):
        return
    from feedback_nlp.io.config import save

    known = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in chosen.items()
        if name not in PASSING
    }
    # An id that was only found, not named, is looked for again: numbers that begin anew every month are none.
    found = {_option(role): column for role, column in columns.items()}
    known.update({name: column for name, column in found.items() if name != "id" or "id" in chosen})
    if isinstance(known.get("rating_scale"), tuple):
        known["rating_scale"] = "-".join(f"{bound:g}" for bound in known["rating_scale"])
    if "weights" in known:
        # 0.6,0.3,0.1, scaled to sum 1, would be 0.6000000000000001.
        known["weights"] = [round(float(weight), 12) for weight in known["weights"]]
    path = (Path(files[0]).parent if files[0] != "-" else Path()) / CONFIG_NAME
    save(path, known)
    console.note(f"已存 {path}，下次不必再给选项。", f"Saved {path}: no options needed next time.")


def _option(role: str) -> str:
    return "id" if role == "review_id" else role


def check_format(name: str | None) -> None:
    """Raise if a report can't be had in this format, before any work is done.

    Raises
    ------
    ConfigError
    MissingExtraError
    """
    from feedback_nlp.pipeline.options import FORMATS

    if name is not None and name not in FORMATS:
        raise ConfigError(
            Bilingual(f"没有格式“{name}”。", f"No format '{name}'."),
            Bilingual(
                "用 --format pptx 或 --format 8d，或不给这个选项。",
                "Use --format pptx or --format 8d, or leave it out.",
            ),
        )
    if name == "pptx":
        from feedback_nlp.report.slide_kit import check_extra

        check_extra()


def write_format(analysis: Analysis, folder: Path, name: str, top: int, *, tell: bool = True) -> None:
    """Write one format beside the reports, the slides or the 8D drafts, and say where it is."""
    from feedback_nlp.pipeline.by_hand import keep_others
    from feedback_nlp.pipeline.options import FORMATS

    console.notes([_of_format(file, copy) for file, copy in keep_others(folder, FORMATS[name]).items()])
    for path in analysis.to_format(folder, name, top=top).values():
        if tell:
            console.result(str(path.resolve()))


def _keep_edits(folder: Path) -> None:
    """Keep what is not ours of the files that are about to be replaced, and say where."""
    from feedback_nlp.pipeline.by_hand import keep_others
    from feedback_nlp.pipeline.issue_edits import WORKBOOK, keep

    kept = keep(folder)
    if kept is not None:
        console.note(f"工作簿里改的问题已记入 {kept}。", f"The workbook's edits of issues are now in {kept}.")
    for name, copy in keep_others(folder).items():
        console.notes([_of_workbook(name, copy) if name == WORKBOOK else _of_other(name, copy)])


def _of_workbook(name: str, copy: Path) -> Bilingual:
    return Bilingual(
        f"您存过的 {name} 留作 {copy}：回访结果、人工判断等手填的内容在那里，不会带进新表。",
        f"The {name} that you saved is kept as {copy}: what you filled in, such as results of calls, "
        "is there and not in the new one.",
    )


def _of_other(name: str, copy: Path) -> Bilingual:
    return Bilingual(
        f"文件夹里原有的 {name} 不是本工具写的，留作 {copy}。",
        f"The {name} that lay in the folder is not of feedback-nlp; it is kept as {copy}.",
    )


def _of_format(name: str, copy: Path) -> Bilingual:
    return Bilingual(
        f"文件夹里原有的 {name} 有人改过，或不是本工具写的，留作 {copy}；改动不会带进新的。",
        f"The {name} that lay in the folder was changed, or is not of feedback-nlp; it is kept as {copy}, "
        "and what was changed is not in the new one.",
    )


def write_reports(analysis: Analysis, folder: Path, chosen: Mapping[str, Any]) -> None:
    """Write all files of an analysis and say where they are."""
    _keep_edits(folder)
    console.notes(analysis.of_edits)
    analysis = analysis.after(folder)
    written = analysis.write(folder)
    _keep_playbook(chosen, folder)
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
