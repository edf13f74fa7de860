"""Which column plays which role, and the canonical table that everything after works on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from feedback_nlp.arguments import are_numbers, plain
from feedback_nlp.errors import Bilingual, ColumnNotFoundError, ConfigError, InputError
from feedback_nlp.io import headers, nobody, ratings, times
from feedback_nlp.io.raw import as_text
from feedback_nlp.schema import ROLES, reviews_schema
from feedback_nlp.text import pii

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Roles", "canonical", "guess"]

Scale = tuple[float, float]
Notes = tuple[Bilingual, ...]
_LOOKED_AT = 2_000
# Shares of the filled cells that must fit a role before a column found by its header may play it.
_FIT = 0.6
# What a column that sorts people, not names them, has in its cells.
_FLAGS = frozenset([*"是否有无男女√×yn01", "yes", "no", "true", "false", "1.0", "0.0"])
_LABELS = {
    "review_id": Bilingual("编号", "id"),
    "text": Bilingual("正文", "text"),
    "rating": Bilingual("评分", "rating"),
    "nps": Bilingual("推荐意愿", "NPS"),
    "time": Bilingual("时间", "time"),
    "channel": Bilingual("渠道", "channel"),
    "product": Bilingual("产品", "product"),
    "store": Bilingual("门店", "store"),
    "customer": Bilingual("客户", "customer"),
    "amount": Bilingual("金额", "amount"),
    "tier": Bilingual("客户等级", "tier"),
}
_WHY = {
    "header": Bilingual("表头", "header"),
    "values": Bilingual("内容", "values"),
    "option": Bilingual("选项", "option"),
    "config": Bilingual("配置文件", "config file"),
}


@dataclass(frozen=True)
class Roles:
    """Which column plays which role.

    Attributes
    ----------
    columns : dict
        Role to column name; roles no column plays are not in it.
    rating_scale : (low, high) or None
        Scale of the rating, in its own units.
    why : dict
        Role to ``header``, ``values``, ``option`` or ``config``.
    notes : tuple of Bilingual
        Other columns that could have been meant.
    """

    columns: dict[str, str]
    rating_scale: Scale | None
    why: dict[str, str]
    notes: Notes = field(default=())

    def rows(self, table: pa.Table, lang: str = "zh") -> list[tuple[str, str, str]]:
        """Return (role, column, why) for people, in the order of ``schema.ROLES``."""
        return [
            (_LABELS[role].in_(lang), self.columns[role], self._reason(role, table, lang))
            for role in ROLES
            if role in self.columns
        ]

    def _reason(self, role: str, table: pa.Table, lang: str) -> str:
        parts = []
        if role in self.why:
            parts.append(_WHY[self.why[role]].in_(lang))
        if role == "rating" and self.rating_scale:
            parts.append("{:g}–{:g}".format(*self.rating_scale))
        example = _example(table[self.columns[role]], self.columns[role])
        if example and role not in ("text", "customer"):  # those are personal
            parts.append(Bilingual(f"如 {example}", f"e.g. {example}").in_(lang))
        return ("; " if lang == "en" else "；").join(parts)


def _example(values: pa.ChunkedArray, header: str) -> str:
    for value in values.slice(0, 50).to_pylist():
        text = (as_text(value) or "").strip()
        if text:
            return _brief(text, header)
    return ""


def _brief(text: str, header: str) -> str:
    """Return a cell under ``header`` as a message may show it: short, without personal data."""
    is_name = pii.is_name(text, among_people=headers.names_people(header))
    masked = text[0] + "*" * (len(text) - 1) if is_name else pii.mask(text)
    return masked if len(masked) <= 20 else masked[:19] + "…"


def guess(
    table: pa.Table,
    overrides: Mapping[str, str] | None = None,
    *,
    rating_scale: Scale | None = None,
    from_config: Collection[str] = (),
) -> Roles:
    """Return which column plays which role, from headers first and values second.

    Parameters
    ----------
    table : pyarrow.Table
        As read.
    overrides : mapping of role to column name, optional
        What the user says; ``""`` means that no column plays the role.
    rating_scale : (low, high), optional
        Scale of the rating; detected when not given.
    from_config : collection of str
        Those of the overrides that come from a configuration file.

    Raises
    ------
    ColumnNotFoundError
        If an override names a column that is not there.
    ConfigError
        If the scale is not increasing.
    InputError
        If there is no text column.
    """
    said = {("review_id" if role == "id" else role): name for role, name in (overrides or {}).items()}
    if not said.get("text"):
        said.pop("text", None)  # there is nothing to do without texts
    for role, name in said.items():
        if name and name not in table.column_names:
            raise ColumnNotFoundError.from_missing(name, pii.mask_column(table.column_names), _option(role))
    columns = {role: name for role, name in said.items() if name}
    why = {
        role: "config" if role in from_config or _option(role)[2:] in from_config else "option"
        for role in columns
    }
    sample = table.slice(0, _LOOKED_AT)
    found = _by_header(sample, taken=columns, closed=said)
    columns |= found
    why |= dict.fromkeys(found, "header")
    if "text" not in said and "text" not in columns:
        columns["text"] = _by_values(sample, taken=set(columns.values()))
        why["text"] = "values"
    scale = _scale(table, columns, rating_scale)
    notes = (
        *_alternatives(sample, columns, why),
        *_unreadable(sample, columns, said),
        *_other_ids(table, columns),
    )
    if "rating" in columns and scale is None and why["rating"] == "header":
        notes = (*notes, _no_scale(columns["rating"]))
        del columns["rating"], why["rating"]
    return Roles(columns, scale, why, notes)


def _option(role: str) -> str:
    return "--id" if role == "review_id" else f"--{role}"


def _scale(table: pa.Table, columns: Mapping[str, str], given: Scale | None) -> Scale | None:
    if "rating" not in columns:
        return None
    if given is None:
        return ratings.detect(table[columns["rating"]], columns["rating"])
    if not are_numbers(given, 2):
        raise ConfigError(
            Bilingual(f"评分量程 {given!r:.40} 不是两个数。", f"The scale {given!r:.40} is not two numbers."),
            Bilingual("例如 (1, 5)，从小到大。", "Give two, such as (1, 5), the lower first."),
        )
    if not given[0] < given[1]:
        raise ConfigError(
            Bilingual(
                f"评分量程 {given[0]:g}–{given[1]:g} 不是从小到大。",
                f"The rating scale {given} does not increase.",
            ),
            Bilingual("例如 --rating-scale 1-5。", "For example --rating-scale 1-5."),
        )
    return plain(given[0]), plain(given[1])


def _no_scale(name: str) -> Bilingual:
    return Bilingual(
        f"“{name}”看不出量程，没有当作评分（用 --rating-scale 指定，如 1-5）。",
        f"'{name}' has no plain scale and is not used as rating (give --rating-scale, such as 1-5).",
    )


# --- recognising columns


def _by_header(sample: pa.Table, *, taken: Mapping[str, str], closed: Collection[str]) -> dict[str, str]:
    """Give roles to columns, the surest pair first; a column plays one role."""
    pairs = [
        (match.score, -position, match.role, name)
        for position, name in enumerate(sample.column_names)
        for match in headers.matches(name)
        if match.role not in closed and name not in taken.values()
    ]
    found: dict[str, str] = {}
    for _, _, role, name in sorted(pairs, reverse=True):
        if role not in found and name not in found.values() and _fits(role, sample[name]):
            found[role] = name
    return found


def _fits(role: str, values: pa.ChunkedArray) -> bool:
    """Whether enough of the filled cells can be what the header says."""
    filled = values.drop_null()
    if len(filled) == 0:
        return role not in ("text", "review_id", "rating", "nps")
    if role in ("text", "customer"):
        return _is_text(filled) if role == "text" else not _is_flag(filled)
    readers = {
        "time": times.parse,
        "rating": _any_rating,
        "nps": _nps,
        "amount": _amounts,
    }
    if role not in readers:
        return True
    read = readers[role](filled)
    return bool(len(read.drop_null()) >= _FIT * len(filled))


def _any_rating(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return ratings.parse(values, None)


def _nps(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return ratings.parse(values, (0.0, 10.0))


def _amounts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    return times.by_unique(values, _amount, pa.float64())


def _amount(value: Any) -> float | None:
    """Return the number in ``¥1,299.00``, ``1299元`` or ``1.2万``."""
    if isinstance(value, str):
        text = value.strip().strip("¥￥$€ ").replace(",", "").replace("，", "").removesuffix("元").strip()
        factor = 10_000.0 if text.endswith("万") else 1.0
        number = ratings.to_number(text.removesuffix("万"))
        return None if number is None else number * factor
    return ratings.to_number(value)


def _is_flag(values: pa.ChunkedArray) -> bool:
    """Whether cells say yes or no (会员: 是, 否), or a sex: that names nobody."""
    return {str(value).strip().lower() for value in values.unique().to_pylist()} <= _FLAGS


def _is_text(values: pa.ChunkedArray) -> bool:
    """Whether cells are words: not numbers, not dates."""
    import pyarrow as pa

    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return False
    cells = [cell for cell in values.to_pylist()[:200] if cell.strip()]
    plain = sum(ratings.to_number(cell) is None and times.parse_one(cell) is None for cell in cells)
    return not cells or plain >= 0.5 * len(cells)


def _by_values(sample: pa.Table, taken: set[str]) -> str:
    """Return the wordiest free column.

    Raises
    ------
    InputError
        If none has texts.
    """
    scored = [
        (_wordiness(sample[name]), -position, name)
        for position, name in enumerate(sample.column_names)
        if name not in taken and not _ruled_out(name)
    ]
    best = max(scored, default=(0.0, 0, ""))
    if best[0] < 4.0:
        raise _empty_text(sample) or _no_text(sample.column_names)
    return best[2]


def _ruled_out(name: str) -> bool:
    plain = headers.normalise(name)
    return name.startswith("fb_") or any(word in plain for word in headers.synonyms()["text"].never)


def _wordiness(values: pa.ChunkedArray) -> float:
    """Mean length of the cells, less for cells that repeat or have no Chinese."""
    filled = values.drop_null()
    if len(filled) == 0 or not _is_text(filled):
        return 0.0
    cells = [cell.strip() for cell in filled.to_pylist()]
    length = sum(min(len(cell), 100) for cell in cells) / len(cells)
    distinct = len(set(cells)) / len(cells)
    chinese = sum(any("\u4e00" <= character <= "\u9fff" for character in cell) for cell in cells) / len(cells)
    spaced = sum(cell.count(" ") >= 3 for cell in cells) / len(cells)
    return float(length * min(1.0, 2 * distinct) * max(chinese, 0.5 * spaced))


def _empty_text(sample: pa.Table) -> InputError | None:
    """Return the error for a column whose header says text and that has no cell filled."""
    names = [
        name
        for name in sample.column_names
        if any(match.role == "text" and match.exact for match in headers.matches(name))
        and not any((as_text(cell) or "").strip() for cell in sample[name].to_pylist())
    ]
    if not names:
        return None
    return InputError(
        Bilingual(f"列“{names[0]}”是空的，没有正文。", f"The column '{names[0]}' is empty: no texts."),
        Bilingual(
            "请重新导出（单元格是公式的，先在 Excel 里打开、另存一次），或用 --text 指定别的列。",
            "Export it again (cells with formulas: save it in Excel first), or name another one (--text).",
        ),
    )


def _no_text(names: Collection[str]) -> InputError:
    shown = pii.mask_column(list(names)[:30])  # without a header, names are the first row's cells
    return InputError(
        Bilingual("没有认出哪一列是评价正文。", "No column looks like the text of the feedback."),
        Bilingual(
            f"用 --text 列名 指定；现有的列：{'、'.join(shown)}。",
            f"Name it with --text COLUMN; columns here: {', '.join(shown)}.",
        ),
    )


def _alternatives(sample: pa.Table, columns: Mapping[str, str], why: Mapping[str, str]) -> Notes:
    """Name other columns that hold as much text as the one chosen: it may be the wrong one."""
    if why.get("text") not in ("header", "values"):
        return ()
    chosen = _wordiness(sample[columns["text"]])
    others = [
        name
        for name in sample.column_names
        if name not in columns.values()
        and not _ruled_out(name)
        and _wordiness(sample[name]) >= max(8.0, 0.7 * chosen)
    ]
    if not others:
        return ()
    zh, en = "、".join(others[:5]), ", ".join(others[:5])
    return (
        Bilingual(
            f"正文用了“{columns['text']}”；也有文字的列：{zh}（用 --text 改）。",
            f"Text is '{columns['text']}'; there is also text in: {en} (change with --text).",
        ),
    )


def _other_ids(table: pa.Table, columns: Mapping[str, str]) -> Notes:
    """Say what mentions are joined on where ``review_id`` is the name of a column that is not the id."""
    name = columns.get("review_id", "review_id")
    if name == "review_id" or "review_id" not in table.column_names:
        return ()
    return (
        Bilingual(
            f"编号用“{name}”：提及表的 review_id 对应打分表的“{name}”，不是输入原有的 review_id 列。",
            f"The id is '{name}': review_id of the mentions is '{name}' of the scored file, not the "
            "review_id that the input has.",
        ),
    )


def _unreadable(sample: pa.Table, columns: Mapping[str, str], closed: Collection[str]) -> Notes:
    """Name columns whose header is that of a role and whose cells can't be read as it: nobody plays it."""
    notes = []
    for role in ("time", "rating", "nps", "amount"):
        if role in columns or role in closed:
            continue
        named = [
            (match.score, name)
            for name in sample.column_names
            for match in headers.matches(name)
            if match.role == role
            and match.exact
            and name not in columns.values()
            and _example(sample[name], name)
        ]
        if named:
            name, label = max(named)[1], _LABELS[role]
            shown = _example(sample[name], name)
            notes.append(
                Bilingual(
                    f"“{name}”多半读不成{label.zh}（如“{shown}”），没有用。",
                    f"Most of '{name}' can't be read as {label.en} (e.g. '{shown}'): it is not used.",
                )
            )
    return tuple(notes)


# --- the canonical table


def canonical(table: pa.Table, roles: Roles, *, first_row: int = 1) -> tuple[pa.Table, Notes]:
    """Return the reviews table of the contract and notes on cells that could not be read.

    Parameters
    ----------
    table : pyarrow.Table of n rows
    roles : Roles
    first_row : int
        Number of the first row, where the table is a part of a longer one.

    Returns
    -------
    reviews : pyarrow.Table of n rows
        ``review_id``, ``text`` and other roles that some column plays, typed as ``schema.reviews_schema()``.
        Where there is no id column, the row number (from 1) is the id; where an id is empty, ``#`` and it.
    notes : tuple of Bilingual
    """
    import pyarrow as pa

    arrays: dict[str, pa.ChunkedArray] = {}
    notes: list[Bilingual] = list(roles.notes)
    for kind in reviews_schema():
        role = kind.name
        if role == "review_id":
            arrays[role], more = _ids(table, roles, first_row)
        elif role not in roles.columns:
            continue
        else:
            values = table[roles.columns[role]]
            arrays[role] = _converted(role, values, roles)
            name = roles.columns[role]
            more = _unread(name, role, values, arrays[role])
            if role == "time":
                more = (*more, *_strays(name, arrays[role]), *_future(name, arrays[role]))
        notes.extend(more)
    schema = pa.schema([kind for kind in reviews_schema() if kind.name in arrays])
    return pa.table(arrays).select(schema.names).cast(schema), tuple(notes)


def _converted(role: str, values: pa.ChunkedArray, roles: Roles) -> pa.ChunkedArray:
    if role == "time":
        return times.parse(values)
    if role == "rating":
        return ratings.parse(values, roles.rating_scale)
    if role == "nps":
        return _nps(values)
    if role == "amount":
        return _amounts(values)
    return nobody.named(_texts(values)) if role == "customer" else _texts(values)


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells as strings: whole numbers without ``.0``."""
    import pyarrow as pa

    if pa.types.is_string(values.type):
        return values
    if pa.types.is_large_string(values.type) or pa.types.is_integer(values.type):
        return values.cast(pa.string())
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        # Parquet of Hive and Impala may not say that bytes are text.
        return times.by_unique(values, lambda cell: cell.decode("utf-8", "replace"), pa.string())
    return times.by_unique(values, as_text, pa.string())


def _ids(table: pa.Table, roles: Roles, first_row: int) -> tuple[pa.ChunkedArray, Notes]:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = range(first_row, first_row + table.num_rows)
    numbers = pa.chunked_array([pa.array(rows, pa.int64()).cast(pa.string())])
    if "review_id" not in roles.columns:
        return numbers, ()
    name = roles.columns["review_id"]
    ids = _texts(table[name])
    empty = pc.or_kleene(pc.is_null(ids), pc.equal(pc.utf8_trim_whitespace(ids), ""))
    missing = pc.sum(empty).as_py() or 0
    if not missing:
        return ids, ()
    note = Bilingual(
        f"“{name}”有 {missing} 行是空的，用 # 加行号作编号。",
        f"'{name}' is empty in {missing} rows; # and the row number are the ids there.",
    )
    # A bare number may be the id of another row.
    marked = pc.binary_join_element_wise("#", numbers.combine_chunks(), "")
    return pc.if_else(empty, marked, ids), (note,)


def _strays(name: str, moments: pa.ChunkedArray) -> Notes:
    days = [f"{moment:%Y-%m-%d}" for moment in times.strays(moments)]
    if not days:
        return ()
    shown = list(dict.fromkeys(days))[:5]
    return (
        Bilingual(
            f"“{name}”有 {len(days)} 格离其余的好几年（{'、'.join(shown)}），照样计入；请核对。",
            f"{len(days)} cells of '{name}' are years from all others ({', '.join(shown)}); "
            "they are kept: check them.",
        ),
    )


def _future(name: str, moments: pa.ChunkedArray) -> Notes:
    """Count times to come, but for strays; a day more, as the zone of the file is not known."""
    import pyarrow.compute as pc

    tomorrow = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None) + dt.timedelta(days=1)
    later = sorted(moments.filter(pc.fill_null(pc.greater(moments, tomorrow), fill_value=False)).to_pylist())
    count = len(later) - sum(moment > tomorrow for moment in times.strays(moments))
    if count <= 0:
        return ()
    last = f"{later[count - 1]:%Y-%m-%d}"
    return (
        Bilingual(
            f"“{name}”有 {count} 格在今天以后（最晚 {last}），照样计入；请核对。",
            f"{count} cells of '{name}' lie after today (up to {last}); they are kept: check them.",
        ),
    )


def _unread(name: str, role: str, before: pa.ChunkedArray, after: pa.ChunkedArray) -> Notes:
    """Count cells that held something and could not be read."""
    if role == "customer":
        return nobody.unnamed_note(name, _texts(before), after)
    import pyarrow as pa
    import pyarrow.compute as pc

    lost = pc.and_(pc.is_valid(before), pc.is_null(after))
    if pa.types.is_string(before.type):
        lost = pc.and_kleene(lost, pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(before)), 0))
    count = pc.sum(lost).as_py() or 0
    if not count:
        return ()
    example = _brief(as_text(before.filter(lost)[0].as_py()) or "", name)
    label = _LABELS[role]
    return (
        Bilingual(
            f"“{name}”有 {count} 格读不成{label.zh}（如“{example}”），当作空。",
            f"{count} cells of '{name}' can't be read as {label.en} (e.g. '{example}'): left empty.",
        ),
    )
