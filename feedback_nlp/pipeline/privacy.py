"""What reports may show of columns other than the text: ids and names of units without personal data.

Exports use phone numbers as ids, and shops or products are sometimes a person. Texts are masked where they
are quoted (``report.evidence``); here it is the columns that tell whose they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from feedback_nlp.text import pii

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.analysis import Insight

__all__ = ["UNITS", "hidden_ids", "masked_customers", "masked_units", "names_people", "shown", "shown_meta"]

UNITS = ("channel", "product", "store")
# An id column is the key by which its owner finds a row again, so order numbers stay there; a shop's or a
# product's own name, address and article number say what it is.
_ID_KINDS = frozenset(pii.KINDS) - {"order"}
_UNIT_KINDS = _ID_KINDS - {"name", "address"}
# What a person's name looks like in a column of customers.
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
# Headers of columns whose cells may be a person's name and nothing else, and what they hold if they don't.
_PEOPLE = re.compile(
    "姓名|名字|昵称|人$|联系人|收货人|收件人|客户|顾客|会员|用户|买家|客服|[坐座]席|快递员|配送员|骑手|司机|员工|店[员长]"
    "|服务员|导购|顾问|业务员|销售员|技师|师傅|医生|[老教]师|经理|管家|主播|name|user|customer|agent|staff|employee"
)
_NO_PEOPLE = re.compile(
    "门店|店铺|分店|店名|商品|产品|品牌|酒店|渠道|来源|平台|部门|团队|store|shop|branch|product|item|brand|hotel|goods"
    "|channel|platform|(?:类型|类别|分类|等级|级别|组|编号|id|type|level|group|team)$"
)
# "先生" and the like after a name.
_TITLE = 2


def names_people(header: str) -> bool:
    """Whether the cells of a column with this header may be a person's name and nothing else."""
    header = header.strip().casefold()
    return bool(_PEOPLE.search(header)) and not _NO_PEOPLE.search(header)


def shown_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts about an input with personal data taken out of names of files, sheets and columns."""
    source = {
        key: pii.mask(value) if key in {"name", "sheet"} and isinstance(value, str) else value
        for key, value in meta["input"].items()
    }
    roles = {role: pii.mask(header) for role, header in meta["roles"].items()}
    return {**meta, "input": source, "roles": roles}


def shown(reviews: pa.Table, insight: Insight, roles: Mapping[str, str]) -> tuple[pa.Table, Insight]:
    """Return reviews and insight with personal data taken out of ids, channels, products and stores.

    Parameters
    ----------
    reviews : pyarrow.Table
        Canonical reviews; an id that holds personal data becomes ``#`` and the number of its first row.
    insight : Insight
        Of those reviews.
    roles : mapping of str to str
        The headers under which the columns stood in the input.
    """
    import pyarrow as pa

    ids = hidden_ids(reviews)
    units = _masked_units(reviews, roles)
    if not ids and not units:
        return reviews, insight
    for name, known in (("review_id", ids), ("fb_duplicate_of", ids), *((unit, units) for unit in UNITS)):
        if name in reviews.column_names:
            reviews = _renamed(reviews, name, known)
    examples = [
        [_example(example, ids) for example in row or ()] for row in insight.issues["examples"].to_pylist()
    ]
    place = insight.issues.schema.get_field_index("examples")
    kind = insight.issues.schema.field(place)
    masked = replace(
        insight,
        issues=insight.issues.set_column(place, kind, pa.array(examples, kind.type)),
        mentions=_renamed(insight.mentions, "review_id", ids),
        issue_units=_renamed(insight.issue_units, "unit", units),
        issue_spread=_renamed(insight.issue_spread, "unit", units),
        elements=_renamed(insight.elements, "local_unit", units),
    )
    return reviews, masked


def hidden_ids(reviews: pa.Table) -> dict[str, str]:
    """Return the review ids that hold personal data, and what is shown for them: the first row's number."""
    return _row_numbers(reviews["review_id"].to_pylist())


def masked_customers(names: Collection[str]) -> dict[str, str]:
    """Return those ``names`` of customers that hold personal data or look like a person's name, masked.

    A customer column often is the name or the phone number itself; a cell of two to four Chinese characters
    and nothing else keeps its first.
    """
    known = {name: _surname_only(name) for name in names if _NAME.fullmatch(name)}
    cells = sorted(set(names) - set(known))
    for place, span in pii.find_column(cells):
        if span.kind in _ID_KINDS:
            before = known.get(cells[place], cells[place])
            known[cells[place]] = before[: span.start] + "*" * (span.end - span.start) + before[span.end :]
    return known


def _row_numbers(ids: Sequence[str]) -> dict[str, str]:
    """Return the ids that hold personal data and what is shown for them."""
    first: dict[str, int] = {}
    for row, review_id in enumerate(ids, start=1):
        first.setdefault(review_id, row)
    distinct = list(first)
    hidden = {distinct[place] for place, span in pii.find_column(distinct) if span.kind in _ID_KINDS}
    return {review_id: f"#{first[review_id]}" for review_id in distinct if review_id in hidden}


def _masked_units(reviews: pa.Table, roles: Mapping[str, str]) -> dict[str, str]:
    """Return the names of units that hold personal data and what is shown for them."""
    import pyarrow.compute as pc

    known: dict[str, str] = {}
    for column in UNITS:
        if column in reviews.column_names:
            names = pc.unique(reviews[column].drop_null()).to_pylist()
            known |= masked_units(names, header=roles.get(column, column))
    return known


def masked_units(names: Collection[str], header: str = "") -> dict[str, str]:
    """Return those ``names`` of stores, products or channels that hold personal data, masked.

    Parameters
    ----------
    names : collection of str
    header : str
        Of their column; under one that names people a cell is more easily a person's name.
    """
    among_people = names_people(header)
    known = {name: _surname_only(name) for name in names if pii.is_name(name, among_people=among_people)}
    cells = sorted(set(names) - set(known))
    for place, span in pii.find_column(cells):
        cell = cells[place]
        if span.kind in _UNIT_KINDS or _is_person(cell, span):
            before = known.get(cell, cell)
            known[cell] = before[: span.start] + "*" * (span.end - span.start) + before[span.end :]
    return _told_apart(known)


def _told_apart(known: Mapping[str, str]) -> dict[str, str]:
    """Number what is shown for several names, so that two people are not taken for one."""
    seen: Counter[str] = Counter()
    apart: dict[str, str] = {}
    for name in sorted(known):
        shown = known[name]
        seen[shown] += 1
        apart[name] = shown if seen[shown] == 1 else f"{shown} ({seen[shown]})"
    return apart


def _surname_only(name: str) -> str:
    return name[0] + "*" * (len(name) - 1)


def _is_person(cell: str, span: pii.PiiSpan) -> bool:
    """Whether a cell is a person's name with nothing else, not a shop that is called after one."""
    return span.kind == "name" and span.start == 0 and span.end + _TITLE >= len(cell.strip())


def _renamed(table: pa.Table, name: str, known: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    if not known:
        return table
    place = table.schema.get_field_index(name)
    values: Collection[str | None] = table[name].to_pylist()
    changed = [None if value is None else known.get(value, value) for value in values]
    return table.set_column(place, table.schema.field(place), pa.array(changed, pa.string()))


def _example(example: str, ids: Mapping[str, str]) -> str:
    review_id, start, end = example.rsplit(":", 2)
    return f"{ids.get(review_id, review_id)}:{start}:{end}"
