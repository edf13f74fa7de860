"""Build an analysis again from what an earlier run wrote, without scoring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.pipeline.options import MENTIONS, SCORED, Options
from feedback_nlp.pipeline.result import Analysis
from feedback_nlp.pipeline.scored import Scored
from feedback_nlp.schema import METADATA_KEY, check, mentions_schema, scored_schema
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["load_report", "load_scored"]


def load_report(
    source: str | Path,
    *,
    mentions: str | Path | None = None,
    taxonomy: str | Path | Taxonomy | None = None,
    options: Options | None = None,
) -> Analysis:
    """Load the analysis of a folder written by ``analyze``, or of a scored Parquet file.

    Parameters
    ----------
    source : str or Path
        A folder with ``scored.parquet`` and ``mentions.parquet``, or a scored Parquet file.
    mentions : str or Path, optional
        The mentions file; ``mentions.parquet`` beside ``source`` when not given.
    taxonomy : str, Path or Taxonomy, optional
        The one it was scored with when not given.
    options : Options, optional
        Language, weights, feasibility and so on.

    Raises
    ------
    InputError
        If a file is missing or was not written by this package.
    """
    scored = load_scored(source, mentions=mentions)
    return Analysis.build(
        scored,
        taxonomy=load_taxonomy(taxonomy or scored.meta["taxonomy"]),
        safety_threshold=float(scored.meta["safety_threshold"]),
        options=options or Options(),
    )


def load_scored(source: str | Path, *, mentions: str | Path | None = None) -> Scored:
    """Load scored reviews with their mentions; parameters as in :func:`load_report`.

    Raises
    ------
    InputError
        If a file is missing, was not written by this package, or the two are not of one run.
    """
    path = Path(source)
    scored_path = path / SCORED if path.is_dir() else path
    _check_kind(scored_path)
    table = _read(scored_path)
    meta = _metadata(table, scored_path)
    found = check(_read(Path(mentions or scored_path.parent / MENTIONS)), mentions_schema(), MENTIONS)
    check(table, scored_schema(), scored_path.name)
    scored = _split(table, found, meta)
    _check_pair(scored)
    return scored


def _check_pair(scored: Scored) -> None:
    """Raise if the mentions are not those of the reviews."""
    import pyarrow.compute as pc

    ids = pc.unique(scored.mention_table["review_id"])
    known = pc.is_in(ids, value_set=pc.unique(scored.canonical["review_id"]))
    if pc.all(known).as_py() not in (True, None):
        strange = ids.filter(pc.invert(known))
        raise InputError(
            Bilingual(
                f"提及表和打分文件不是一对：{len(strange)} 个编号在打分文件里没有。",
                f"The mentions are of other reviews: {len(strange)} ids are not in the scored file.",
            ),
            Bilingual("用同一次运行写出的两个文件。", "Use the two files that one run wrote."),
        )


def _read(path: Path) -> pa.Table:
    from feedback_nlp.io.readers import read

    if not path.is_file():
        raise InputError(
            Bilingual(f"找不到 {path}。", f"No file {path}."),
            Bilingual(
                "给 analyze 写出的文件夹，或 score 写出的 .parquet（提及表用 --mentions 指明）。",
                "Give a folder from analyze, or a .parquet from score (its mentions with --mentions).",
            ),
        )
    return read(path).table


def _check_kind(path: Path) -> None:
    """Raise for a table that is no Parquet: what it was scored with is only noted there."""
    from feedback_nlp.io.source import Source

    if path.is_file() and not Source(path).is_parquet:
        raise InputError(
            Bilingual(
                f"{path} 不是打分写出的 Parquet。",
                f"{path} is not a Parquet file with scores.",
            ),
            Bilingual(
                f"没有打过分的表格用 feedback-nlp analyze {path.name}；打过分的给 analyze 写出的文件夹，"
                "或 score -o 写出的 .parquet（CSV、Excel 里没有记下模型和分类体系）。",
                f"For a table without scores: feedback-nlp analyze {path.name}. Else give the folder of "
                "analyze or a .parquet of score -o (CSV and Excel do not say what they were scored with).",
            ),
        )


def _metadata(table: pa.Table, path: Path) -> dict[str, Any]:
    note = (table.schema.metadata or {}).get(METADATA_KEY)
    if note is None:
        raise InputError(
            Bilingual(f"{path.name} 不是打分文件。", f"{path.name} is not a scored file."),
            Bilingual("先运行 feedback-nlp analyze 或 score。", "Run feedback-nlp analyze or score first."),
        )
    meta: dict[str, Any] = json.loads(note)
    return meta


def _split(table: pa.Table, mentions: pa.Table, meta: dict[str, Any]) -> Scored:
    """Take a scored table apart into input, canonical reviews and scores."""
    from feedback_nlp.io.columns import Roles, canonical

    columns = table.select(scored_schema().names)
    rest = table.drop_columns(scored_schema().names)
    scale = meta["rating_scale"]
    roles = Roles(columns=dict(meta["roles"]), rating_scale=tuple(scale) if scale else None, why={})
    reviews, _ = canonical(rest, roles)
    if "review_id" not in meta["roles"]:
        rest = rest.drop_columns(["review_id"])
    return Scored(rest, reviews, columns, mentions, meta)
