"""From what the user has (a file, a DataFrame, a list) to canonical reviews, before any scoring."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.schema import ROLES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from feedback_nlp.io.columns import Roles

__all__ = ["Prepared", "ids_repeat", "prepare"]

SCORE_PREFIX = "fb_"
# Of a path, on most systems.
LONGEST_NAME = 1024


@dataclass(frozen=True)
class Prepared:
    """Reviews ready to be scored.

    Attributes
    ----------
    table : pyarrow.Table
        All input columns as they were, in the input's order.
    reviews : pyarrow.Table
        The canonical reviews (``schema.reviews_schema()``, those roles that are there), row by row.
    roles : Roles
        Which column plays which role, and why.
    source : dict
        Name, format, encoding, sheet and number of rows of the input, as ``summary.json`` has them.
    notes : tuple of Bilingual
        What a careful person would want to know: skipped rows, unreadable dates, repeated ids.
    index : pandas.Index, optional
        Of the caller's DataFrame or Series, for the scored reviews that go back to them.
    """

    table: pa.Table
    reviews: pa.Table
    roles: Roles
    source: dict[str, Any]
    notes: tuple[Bilingual, ...]
    index: pd.Index | None = None


def prepare(
    data: Any,
    *,
    columns: Mapping[str, str | None] | None = None,
    rating_scale: tuple[float, float] | None = None,
    sheet: str | int | None = None,
    from_config: Collection[str] = (),
) -> Prepared:
    """Read data, recognise its columns and bring them to the canonical table.

    Parameters
    ----------
    data : path, list of paths, list of str, Series, DataFrame or Arrow table
        A ``str`` is a path (use a list for texts); ``"-"`` is JSONL on standard input.
    columns : mapping of role to column name, optional
        Overrides for the recognised columns; roles as in ``schema.ROLES``.
    rating_scale : (low, high), optional
        The scale of the rating column; detected when not given.
    sheet : str or int, optional
        Sheet of a workbook, by name or by position from 1; ``"all"`` joins those with the same header.
    from_config : collection of str
        Roles whose column comes from a configuration file (it is said so where columns are shown).

    Raises
    ------
    InputError
        If the data can't be read or has no text column.
    ColumnNotFoundError
        If a named column is not there.
    """
    from feedback_nlp.frames import index_of
    from feedback_nlp.io.columns import canonical, guess

    # As frames.to_table names them: columns of a DataFrame may be numbers.
    overrides = {role: str(name) for role, name in (columns or {}).items() if name is not None}
    _check_roles(overrides)
    table, source, notes = _read(data, sheet, overrides)
    table, dropped = _without_scores(table)
    roles = guess(table, overrides, rating_scale=rating_scale, from_config=from_config)
    reviews, more = canonical(table, roles)
    if "review_id" not in overrides and _numbers_no_reviews(reviews, roles):
        roles = _without_ids(roles)
        reviews, more = canonical(table, roles)
    told = (*notes, *dropped, *more, *_duplicate_ids(reviews))
    return Prepared(table, reviews, roles, source, told, index_of(data))


def _numbers_no_reviews(reviews: pa.Table, roles: Roles) -> bool:
    """Whether different texts share an id in a column that was only taken for ids.

    Such are numbers that begin anew in every file, and orders with several reviews. ``review_id`` is the id
    by its name: what shares one is one review.
    """
    import pyarrow.compute as pc

    if roles.columns.get("review_id", "review_id") == "review_id":
        return False
    told = reviews.select(["review_id", "text"])
    texts = told.group_by("review_id").aggregate([("text", "count_distinct")])
    return bool(pc.any(pc.greater(texts["text_count_distinct"], 1)).as_py())


def _without_ids(roles: Roles) -> Roles:
    columns = dict(roles.columns)
    name = columns.pop("review_id")
    note = Bilingual(
        f"“{name}”里不同的评价有相同的编号，没有当编号用，评价按行号编号；要用它就给 --id {name}。",
        f"Different reviews share an id in '{name}', so it is not used: row numbers are the ids. "
        f"To use it all the same, give --id {name}.",
    )
    return replace(roles, columns=columns, notes=(*roles.notes, note))


Read = tuple["pa.Table", dict[str, Any], tuple[Bilingual, ...]]


def _read(data: Any, sheet: str | int | None, overrides: Mapping[str, str]) -> Read:
    if isinstance(data, str):
        _check_path(data)
    if isinstance(data, str | Path):
        return _read_files([data], sheet, overrides)
    if isinstance(data, list | tuple) and data and all(isinstance(item, Path) for item in data):
        return _read_files(data, sheet, overrides)
    from feedback_nlp.frames import to_table

    table = to_table(data)
    source = {"name": type(data).__name__, "format": "memory", "encoding": None, "sheet": None}
    return table, source | {"n_rows": table.num_rows}, ()


def _check_path(name: str) -> None:
    """Raise if a text was given where the name of a file is meant."""
    if name == "-" or os.path.exists(name) or (Path(name).suffix and len(name) < LONGEST_NAME):  # noqa: PTH110
        return  # Path.exists raises for names that no file can have
    raise InputError(
        Bilingual(f"没有叫“{name:.20}”的文件。", f"There is no file called '{name:.20}'."),
        Bilingual(
            "请检查路径；要给的是文本，就放进列表：[文本]。",
            "Check the path; to give texts, put them into a list: [text].",
        ),
    )


def _read_files(paths: Sequence[str | Path], sheet: str | int | None, overrides: Mapping[str, str]) -> Read:
    from feedback_nlp.io import readers
    from feedback_nlp.io.align import aligned

    raw = readers.concat(aligned([readers.read(path, sheet=sheet) for path in paths], overrides))
    info = raw.info
    source = {
        "name": "、".join("stdin" if str(path) == "-" else Path(path).name for path in paths),
        "format": info.format,
        "encoding": info.encoding,
        "sheet": info.sheet,
        "n_rows": raw.table.num_rows,
    }
    return raw.table, source, info.notes


def _without_scores(table: pa.Table) -> tuple[pa.Table, tuple[Bilingual, ...]]:
    """Drop the columns of an earlier scoring, which would stand twice in the output."""
    from feedback_nlp.schema import scored_schema

    old = [name for name in scored_schema().names if name in table.column_names]
    if not old:
        return table, ()
    note = Bilingual(
        f"输入里已有上次打分的列（{SCORE_PREFIX}…），已重新计算。",
        f"The input holds columns of an earlier scoring ({SCORE_PREFIX}…); they are computed anew.",
    )
    return table.drop_columns(old), (note,)


def _check_roles(overrides: Mapping[str, str]) -> None:
    unknown = sorted(set(overrides) - set(ROLES))
    if unknown:
        raise InputError(
            Bilingual(f"没有角色“{unknown[0]}”。", f"No role '{unknown[0]}'."),
            Bilingual(f"可用的角色：{'、'.join(ROLES)}。", f"Roles: {', '.join(ROLES)}."),
        )


def _duplicate_ids(reviews: pa.Table) -> tuple[Bilingual, ...]:
    import pyarrow.compute as pc

    ids = reviews["review_id"]
    return ids_repeat(reviews.num_rows - pc.count_distinct(ids, mode="all").as_py())


def ids_repeat(surplus: int) -> tuple[Bilingual, ...]:
    """Say of how many rows the id stands before; nothing of none."""
    if surplus == 0:
        return ()
    return (
        Bilingual(
            f"编号有重复：{surplus} 行的编号前面出现过，已保留；统计时一个编号只算一条评价。",
            f"Ids repeat: {surplus} rows have an id that stands before; they are kept, and rows of one id "
            "count as one review.",
        ),
    )
