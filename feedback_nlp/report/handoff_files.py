"""The hand-off as Markdown and as a workbook."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feedback_nlp.report.handoff import DATA, MIN_QUOTES, PEOPLE, TOP, Field, Record, records, said
from feedback_nlp.report.markdown import plain
from feedback_nlp.report.sheets import MARK
from feedback_nlp.report.wording import Words

__all__ = ["as_written", "markdown", "workbook"]

_WIDTHS = (26, 34, 80, 12)
_LOOKS: dict[str, dict[str, Any]] = {
    "text": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True},
    PEOPLE: {
        "text_wrap": True,
        "valign": "top",
        "bg_color": "#FFF8E1",
        "border": 1,
        "border_color": "#D8CFA8",
    },
}


def markdown(summary: Mapping[str, Any], *, top: int = TOP) -> str:
    """Return the records and drafts of the first issues as Markdown.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``; its texts are masked there.
    top : int
        Number of issues.
    """
    lang = summary["lang"]
    found = records(summary, top=top)
    lines = [f"# {said(lang, 'title')}", "", _source(summary)]
    lines += ["", said(lang, "lede", n=len(found)) if found else said(lang, "none")]
    for place, record in enumerate(found, 1):
        lines += ["", f"## {place}. {plain(record.issue['name'])}"]
        for part, fields in _parts(record):
            lines += ["", f"### {said(lang, part)}", "", *_table(fields, lang)]
            if part == "d2":
                lines += ["", f"#### {said(lang, 'quotes')}", "", *_quotes(record, lang)]
    return _sealed("\n".join(lines) + "\n\n")


def _sealed(text: str) -> str:
    """Return a text with a line, which no page shows, that tells whether it is still as it was written."""
    return f"{text}<!-- {MARK} {zlib.crc32(text.encode()):08x} -->\n"


def as_written(text: str) -> bool:
    """Whether ``markdown`` wrote this text and nobody has changed it."""
    body, mark, _ = text.rpartition(f"<!-- {MARK} ")
    return bool(mark) and _sealed(body) == text


def _parts(record: Record) -> Iterable[tuple[str, list[Field]]]:
    return (("record", record.fields), ("d1", record.d1), ("d2", record.d2), ("d3", record.d3))


def _source(summary: Mapping[str, Any]) -> str:
    lang, words, counts = summary["lang"], Words(summary["lang"]), summary["reviews"]
    span = counts["period"]
    period = said(lang, "period", first=span[0], last=span[1]) if span else ""
    name = plain(str(summary["input"]["name"]))
    return said(lang, "source", name=name, n=words.count(counts["n_counted"]), period=period)


def _table(fields: Sequence[Field], lang: str) -> list[str]:
    heads = [said(lang, key) for key in ("field", "content", "basis")]
    rows = [(said(lang, field.key), plain(field.text), said(lang, field.basis)) for field in fields]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * 3, *rows)]


def _quotes(record: Record, lang: str) -> list[str]:
    lines = []
    for quote in record.quotes:
        text = said(lang, "quote", clause=quote.clause, id=quote.review_id, about=quote.about)
        lines.append(f"- {plain(text)}")
        if quote.text != quote.clause:
            lines.append(f"  - {plain(said(lang, 'whole', text=quote.text))}")
    if len(record.quotes) < MIN_QUOTES:
        lines.append(f"- {said(lang, 'few', n=len(record.evidence))}")
    return lines


def workbook(summary: Mapping[str, Any], path: str | Path, *, top: int = TOP) -> None:
    """Write the records, the drafts and all reviews behind them as three sheets.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``.
    path : str or Path
        Replaced if it is there.
    top : int
        Number of issues.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    import xlsxwriter

    lang, found = summary["lang"], records(summary, top=top)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    # As in issues.xlsx: what people have saved since is known by it, and kept.
    made = datetime.fromisoformat(summary["created"]).replace(tzinfo=None) if summary["created"] else None
    book.set_properties({"keywords": MARK, **({"created": made} if made else {})})
    looks = {name: book.add_format(look) for name, look in _LOOKS.items()}
    for sheet, rows in (
        ("sheet_record", _record_rows(found, lang)),
        ("sheet_8d", _draft_rows(found, lang)),
        ("sheet_evidence", _evidence_rows(found, summary)),
    ):
        page = book.add_worksheet(said(lang, sheet))
        page.freeze_panes(1, 1)
        for column, width in enumerate(_WIDTHS):
            page.set_column(column, column, width)
        for place, (look, row) in enumerate(rows):
            for column, value in enumerate(row):
                page.write_string(place, column, str(value or ""), looks[look])
    book.close()


Rows = Iterable[tuple[str, Sequence[Any]]]


def _head(lang: str) -> tuple[str, Sequence[Any]]:
    return "head", [said(lang, key) for key in ("issue", "field", "content", "basis")]


def _record_rows(found: Sequence[Record], lang: str) -> Rows:
    yield _head(lang)
    for record in found:
        yield from _field_rows(record, "", record.fields, lang)


def _draft_rows(found: Sequence[Record], lang: str) -> Rows:
    yield _head(lang)
    for record in found:
        for part, fields in (("d1", record.d1), ("d2", record.d2), ("d3", record.d3)):
            yield from _field_rows(record, said(lang, part), fields, lang)
            if part == "d2":
                for quote in record.quotes:
                    text = said(lang, "quote", clause=quote.clause, id=quote.review_id, about=quote.about)
                    title = f"{said(lang, 'd2')} · {said(lang, 'quote_head')}"
                    yield "text", (record.issue["name"], title, text, said(lang, DATA))


def _field_rows(record: Record, part: str, fields: Sequence[Field], lang: str) -> Rows:
    for field in fields:
        title = " · ".join(text for text in (part, said(lang, field.key)) if text)
        look = PEOPLE if field.basis == PEOPLE else "text"
        yield look, (record.issue["name"], title, field.text, said(lang, field.basis))


def _evidence_rows(found: Sequence[Record], summary: Mapping[str, Any]) -> Rows:
    table, words = summary["table"], Words(summary["lang"])
    names = [name for name in ("review_id", "day", "text", "store", "product", "channel") if name in table]
    yield "head", [said(summary["lang"], "issue"), *(words(f"column.{name}") for name in names)]
    for record in found:
        for row in record.evidence:
            yield "text", (record.issue["name"], *(table[name][row] for name in names))
