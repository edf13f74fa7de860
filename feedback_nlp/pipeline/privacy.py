"""What reports may show of columns other than the text: ids and names of units without personal data.

Exports use phone numbers as ids, and shops or products are sometimes a person. Texts are masked where they
are quoted (``report.evidence``); here it is the columns that tell whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.io.headers import names_people
from feedback_nlp.text import pii

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.analysis import Insight

__all__ = [
    "UNITS",
    "hidden_ids",
    "masked_customers",
    "masked_units",
    "shown",
    "shown_meta",
    "shown_units",
]

UNITS = ("channel", "product", "store")
# An id column is the key by which its owner finds a row again, so order numbers stay there; a shop's or a
# product's own name, address and article number say what it is.
_ID_KINDS = frozenset(pii.KINDS) - {"order"}
_UNIT_KINDS = _ID_KINDS - {"name", "address"}
# What a person's name looks like in a column of customers.
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
# "先生" and the like after a name.
_TITLE = 2


def shown_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts about an input with personal data taken out of names of files, sheets and columns.

    Notes tell such names too.
    """
    source = {
        key: pii.mask(value) if key in {"name", "sheet"} and isinstance(value, str) else value
        for key, value in meta["input"].items()
    }
    roles = {role: pii.mask(header) for role, header in meta["roles"].items()}
    notes = tuple(Bilingual(pii.mask(note.zh), pii.mask(note.en)) for note in meta.get("notes", ()))
    return {**meta, "input": source, "roles": roles, "notes": notes}


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
    units = shown_units(reviews, roles)
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


def shown_units(reviews: pa.Table, roles: Mapping[str, str]) -> dict[str, str]:
    """Return the names of units that hold personal data and what every page of a report shows for them."""
    import pyarrow.compute as pc

    known: dict[str, str] = {}
    for column in UNITS:
        if column in reviews.column_names:
            names = pc.unique(reviews[column].drop_null()).to_pylist()
            known |= masked_units(names, header=roles.get(column, column), known=known)
    return known


def masked_units(
    names: Collection[str], header: str = "", known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return those ``names`` of stores, products or channels that hold personal data, masked.

    Parameters
    ----------
    names : collection of str
    header : str
        Of their column; under one that names people a cell is more easily a person's name.
    known : mapping of str to str, optional
        What is shown for other names of the same report; those are left out here.
    """
    told = known or {}
    others = set(names) - set(told)
    among_people = names_people(header)
    found = {name: _surname_only(name) for name in others if pii.is_name(name, among_people=among_people)}
    cells = sorted(others - set(found))
    for place, span in pii.find_column(cells):
        cell = cells[place]
        if span.kind in _UNIT_KINDS or _is_person(cell, span):
            before = found.get(cell, cell)
            found[cell] = before[: span.start] + "*" * (span.end - span.start) + before[span.end :]
    return _told_apart(found, told.values())


def _told_apart(found: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """Number what is shown for several names, so that two people are not taken for one."""
    used = set(taken)
    apart: dict[str, str] = {}
    for name in sorted(found):
        numbered = (found[name] if n == 1 else f"{found[name]} ({n})" for n in count(1))
        apart[name] = next(shown for shown in numbered if shown not in used)
        used.add(apart[name])
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
