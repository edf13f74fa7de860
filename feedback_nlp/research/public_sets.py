"""Public sets that you have downloaded, checked and turned into labelled reviews. No data are shipped.

What the labels of such a set can't say stays out: facets that none of its aspects covers are not counted when
a model is measured on it (``covered`` in each line), and neither are clauses, which it does not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, ConfigError, InputError
from feedback_nlp.gold import GoldReview, record

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PUBLIC_SETS", "PublicFormat", "PublicSet", "load_public_set"]

_NOT_SAID = -2
# Aspects in the order of both restaurant sets, with the facet that means the same; empty where two facets, or
# none, would. Decoration may be facility or atmosphere, so atmosphere is not covered either.
_ASPECTS = (
    ("Location#Transportation", "location_traffic_convenience", "environment.location"),
    ("Location#Downtown", "location_distance_from_business_district", "environment.location"),
    ("Location#Easy_to_find", "location_easy_to_find", "environment.location"),
    ("Service#Queue", "service_wait_time", "service.efficiency"),
    ("Service#Hospitality", "service_waiters_attitude", "service.attitude"),
    ("Service#Parking", "service_parking_convenience", "environment.location"),
    ("Service#Timely", "service_serving_speed", "service.efficiency"),
    ("Price#Level", "price_level", "price.level"),
    ("Price#Cost_effective", "price_cost_effective", "price.value"),
    ("Price#Discount", "price_discount", "price.promotion"),
    ("Ambience#Decoration", "environment_decoration", ""),
    ("Ambience#Noise", "environment_noise", ""),
    ("Ambience#Space", "environment_space", ""),
    ("Ambience#Sanitary", "environment_cleaness", "environment.hygiene"),
    ("Food#Portion", "dish_portion", "product.size"),
    ("Food#Taste", "dish_taste", "product.taste"),
    ("Food#Appearance", "dish_look", "product.appearance"),
    ("Food#Recommend", "dish_recommendation", ""),
)


@dataclass(frozen=True)
class PublicFormat:
    """How a public set is laid out.

    Attributes
    ----------
    name, title, domain : str
    text, overall : tuple of str
        Columns that may hold the text and the label of the whole; the first that is there.
    sides : mapping of str to int
        Values of ``overall`` and what they mean: −1, 0 or 1.
    id, group : tuple of str
        Columns that may hold an id and a domain.
    aspects : mapping of column to facet
        Each value 1, 0, −1 or −2 (not mentioned); empty facets are checked and left out.
    licence : str
        As its publishers state it.
    """

    name: str
    title: str
    domain: str
    text: tuple[str, ...]
    overall: tuple[str, ...]
    sides: Mapping[str, int]
    id: tuple[str, ...] = ("id", "qid")
    group: tuple[str, ...] = ()
    aspects: Mapping[str, str] = field(default_factory=dict)
    licence: str = "not stated"

    @property
    def covered(self) -> tuple[str, ...]:
        """Facets that its labels speak of."""
        return tuple(sorted({facet for facet in self.aspects.values() if facet}))


_SIGNS = {"0": -1, "1": 1}
_STARS = {f"{star}{tail}": (star > 3) - (star < 3) for star in range(1, 6) for tail in ("", ".0")}
_STARS |= {f"{star}.5": (star > 2) - (star < 2) for star in range(5)}
_ASPECT_VALUES = {"1": 1, "0": 0, "-1": -1, "-2": _NOT_SAID}
_LABELLED = {"text": ("review", "text_a", "text"), "overall": ("label",), "sides": _SIGNS}

PUBLIC_SETS: Mapping[str, PublicFormat] = {
    form.name: form
    for form in (
        PublicFormat(
            "asap",
            "ASAP (Bu et al. 2021)",
            "餐饮",
            ("review",),
            ("star",),
            _STARS,
            aspects={first: facet for first, _, facet in _ASPECTS},
            licence="Apache-2.0",
        ),
        PublicFormat(
            "ai_challenger",
            "AI Challenger 2018, fine-grained sentiment",
            "餐饮",
            ("content",),
            ("others_overall_experience",),
            {value: side for value, side in _ASPECT_VALUES.items() if side != _NOT_SAID},
            aspects={second: facet for _, second, facet in _ASPECTS}
            | {"others_willing_to_consume_again": "brand.loyalty"},
        ),
        PublicFormat("chnsenticorp", "ChnSentiCorp (酒店)", "酒店", **_LABELLED),  # type: ignore[arg-type]
        PublicFormat("waimai_10k", "waimai_10k", "外卖", **_LABELLED),  # type: ignore[arg-type]
        PublicFormat(
            "online_shopping_10_cats",
            "online_shopping_10_cats",
            "网购",
            group=("cat",),
            **_LABELLED,  # type: ignore[arg-type]
        ),
    )
}


@dataclass(frozen=True)
class PublicSet:
    """A public set as labelled reviews.

    Attributes
    ----------
    form : PublicFormat
    reviews : tuple of GoldReview
        The whole text as one clause; ``meta["covered"]`` has the facets that the labels speak of.
    notes : tuple of Bilingual
        What was left out.
    """

    form: PublicFormat
    reviews: tuple[GoldReview, ...]
    notes: tuple[Bilingual, ...]

    def write(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the reviews as a labelled file (JSONL) and return its path.

        Raises
        ------
        OutputError
            If the place can't be written, or exists and may not be replaced.
        """
        import json

        from feedback_nlp.io.writers import atomic, check_writable

        check_writable(path, force=force, suffixes=False)
        lines = (json.dumps(record(review), ensure_ascii=False) + "\n" for review in self.reviews)
        with atomic(path) as temporary:
            temporary.write_text("".join(lines), encoding="utf-8")
        return Path(path)


def load_public_set(name: str, path: str | Path) -> PublicSet:
    """Read a public set from the file its publishers give out, checking columns and values.

    Parameters
    ----------
    name : str
        Of ``PUBLIC_SETS``: ``asap``, ``ai_challenger``, ``chnsenticorp``, ``waimai_10k`` or
        ``online_shopping_10_cats``.
    path : str or Path
        CSV or TSV as downloaded (or the same table as Excel, JSONL or Parquet).

    Returns
    -------
    PublicSet

    Raises
    ------
    ConfigError
        If there is no such set.
    InputError
        If the file can't be read, lacks a column, or has a value that the set does not have; the message says
        which row and column.
    """
    from feedback_nlp.io.readers import read

    form = PUBLIC_SETS.get(name)
    if form is None:
        known = ", ".join(PUBLIC_SETS)
        raise ConfigError(
            Bilingual(f"不认识公开集“{name}”。", f"Unknown public set '{name}'."),
            Bilingual(f"可用：{known}。", f"Known ones: {known}."),
        )
    table = read(path).table
    columns = _columns(form, table, str(path))
    reviews: list[GoldReview] = []
    n_blank = n_unknown = 0
    for number, row in enumerate(_rows(table, columns), 1):
        text = (row[columns["text"]] or "").strip()
        values = {column: _value(form, row[column], column, number, str(path)) for column in form.aspects}
        side = _side(form, row[columns["overall"]], columns["overall"], number, str(path))
        n_blank += not text
        n_unknown += bool(text) and side is None
        if text and side is not None:
            reviews.append(_review(form, row, columns, values, text, side, number))
    if not reviews:
        raise InputError(
            Bilingual(f"{path} 里没有一行有文本和标签。", f"No row of {path} has a text and a label."),
            Bilingual("换带标签的文件（train 或 dev）。", "Use a labelled file (train or dev)."),
        )
    return PublicSet(form, tuple(reviews), _notes(n_blank, n_unknown))


def _columns(form: PublicFormat, table: pa.Table, path: str) -> dict[str, str]:
    """Return the columns of text and overall label, and of id and group where they are there."""
    names = set(table.column_names)
    found = {
        role: next((name for name in getattr(form, role) if name in names), "")
        for role in ("text", "overall", "id", "group")
    }
    missing = [" / ".join(getattr(form, role)) for role in ("text", "overall") if not found[role]]
    missing += [column for column in form.aspects if column not in names]
    if not missing:
        return found
    lacks = "、".join(missing[:4]) + (f" …（{len(missing)}）" if len(missing) > 4 else "")
    others = [other.name for other in PUBLIC_SETS.values() if other is not form and _fits(other, names)]
    zh = f"看列名像 {' 或 '.join(others)}：换那个名字。" if others else "给发布者的原文件，不要改列名。"
    en = (
        f"The columns look like {' or '.join(others)}: use that name."
        if others
        else "Give the publishers' own file with its column names."
    )
    raise InputError(
        Bilingual(
            f"{path} 不是 {form.title}：没有列 {lacks}。", f"{path} is not {form.title}: it lacks {lacks}."
        ),
        Bilingual(zh, en),
    )


def _fits(form: PublicFormat, names: set[str]) -> bool:
    return (
        any(name in names for name in form.text)
        and any(name in names for name in form.overall)
        and all(name in names for name in (*form.aspects, *form.group))
    )


def _rows(table: pa.Table, columns: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    from feedback_nlp.io.raw import as_text

    rows: list[dict[str, Any]] = table.to_pylist()
    return [{name: as_text(value) for name, value in row.items()} for row in rows]


def _value(form: PublicFormat, cell: str | None, column: str, number: int, path: str) -> int:
    value = _ASPECT_VALUES.get((cell or "").strip().removesuffix(".0"))
    if value is None:
        raise _bad_cell(form, cell, column, number, path, tuple(_ASPECT_VALUES))
    return value


def _side(form: PublicFormat, cell: str | None, column: str, number: int, path: str) -> int | None:
    """Return the label of the whole, None where the set says that there is none."""
    said = (cell or "").strip()
    if said in form.sides:
        return form.sides[said]
    whole = said.removesuffix(".0")
    if whole in form.sides:
        return form.sides[whole]
    if form.aspects and whole == str(_NOT_SAID):
        return None
    raise _bad_cell(form, cell, column, number, path, tuple(form.sides))


def _bad_cell(
    form: PublicFormat, cell: str | None, column: str, number: int, path: str, allowed: Sequence[str]
) -> InputError:
    choices = ", ".join(allowed[:10])
    return InputError(
        Bilingual(
            f"{path} 第 {number} 条的 {column} 是 {cell!r}，{form.title} 只有 {choices}。",
            f"Record {number} of {path} has {cell!r} in {column}; {form.title} has {choices}.",
        ),
        Bilingual(
            "给没有改过的、带标签的原文件（测试集往往没有标签）。",
            "Give the publishers' own labelled file (test files often have no labels).",
        ),
    )


def _review(
    form: PublicFormat,
    row: Mapping[str, Any],
    columns: Mapping[str, str],
    values: Mapping[str, int],
    text: str,
    side: int,
    number: int,
) -> GoldReview:
    said = {
        (form.aspects[column], value)
        for column, value in values.items()
        if form.aspects[column] and value != _NOT_SAID
    }
    return GoldReview(
        id=str(row[columns["id"]] if columns["id"] else number),
        text=text,
        domain=str(row[columns["group"]]) if columns["group"] else form.domain,
        source=form.name,
        clauses=((0, len(text)),),
        labels=tuple((0, facet, value) for facet, value in sorted(said)),
        overall=side,
        meta={"covered": list(form.covered)},
    )


def _notes(n_blank: int, n_unknown: int) -> tuple[Bilingual, ...]:
    notes = []
    if n_blank:
        notes.append(
            Bilingual(f"{n_blank} 条没有文本，略过了。", f"{n_blank} rows without a text are left out.")
        )
    if n_unknown:
        notes.append(
            Bilingual(
                f"{n_unknown} 条没有总体标签（−2），略过了。",
                f"{n_unknown} rows without an overall label (−2) are left out.",
            )
        )
    return tuple(notes)
