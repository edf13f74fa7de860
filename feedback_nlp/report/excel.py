"""The workbook: the same summary on sheets that can be filtered, with native charts.

Every text is written as a string, so that one beginning with ``=``, ``+``, ``-`` or ``@`` stays a text.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feedback_nlp.report.blocks import about_blocks, cards
from feedback_nlp.report.customers import customer_sheets
from feedback_nlp.report.driving import driving_sheets
from feedback_nlp.report.editing import edit_sheet
from feedback_nlp.report.excel_columns import ELEMENTS, ISSUES, MENTIONS, OWN, REVIEWS, Column
from feedback_nlp.report.experience import experience_sheets
from feedback_nlp.report.monitoring import told
from feedback_nlp.report.monitoring_sheets import monitoring_sheets
from feedback_nlp.report.places import place_sheets
from feedback_nlp.report.queue import queue_sheets
from feedback_nlp.report.sheets import HIDDEN, MARK, Sheet
from feedback_nlp.report.wording import Words

__all__ = ["write"]

# Excel's own limits: UTF-16 units in a cell; rows of a sheet, less the header.
MAX_CELL = 32_767
MAX_ROWS = 1_048_575
# From this many rows on, rows go to disk as they are written.
MANY = 100_000
N_BARS = 12
# Dates before it are no dates to Excel.
FIRST_DAY = "1900-03-01"
BLUE, ORANGE, GREY = "#2F73B5", "#B9570F", "#98A2AE"


def write(summary: Mapping[str, Any], path: str | Path) -> None:
    """Write the workbook.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``.
    path : str or Path
        Replaced if it is there.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    import xlsxwriter

    many = len(summary["table"]["review_id"]) + len(summary["mentions"]["row"]) > MANY
    # xlsxwriter keeps rows in files of its own: put them on the disk of the output.
    with tempfile.TemporaryDirectory(
        prefix=".feedback-nlp-", suffix=".tmp", dir=Path(path).parent
    ) as scratch:
        options = {
            "constant_memory": many,
            "tmpdir": scratch,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        book = xlsxwriter.Workbook(str(path), options)
        try:
            _Book(book, summary).fill()
        finally:
            _close(book)


def _close(book: Any) -> None:
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        raise OSError(str(error)) from error


def clipped(text: str) -> str:
    """Cut a text to what a cell holds, counted in UTF-16 units as Excel does."""
    if len(text) * 2 <= MAX_CELL or len(text.encode("utf-16-le")) // 2 <= MAX_CELL:
        return text
    kept = text.encode("utf-16-le")[: 2 * (MAX_CELL - 1)].decode("utf-16-le", errors="ignore")
    return f"{kept}…"


class _Book:
    """One workbook while it is written: its formats and sheets."""

    def __init__(self, book: Any, summary: Mapping[str, Any]) -> None:
        self.book = book
        self.summary = summary
        self.words = Words(summary["lang"])
        self.formats = {name: book.add_format(look) for name, look in _LOOKS.items()}

    def fill(self) -> None:
        """Write all sheets."""
        created = self.summary["created"]
        # A fixed time makes the same summary the same file.
        made = {"created": datetime.fromisoformat(created).replace(tzinfo=None)} if created else {}
        self.book.set_properties({"keywords": MARK, **made})
        for name in ("summary", "issues", "elements", "mentions", "reviews", "method"):
            sheet = self.book.add_worksheet(self.words(f"sheet.{name}"))
            getattr(self, f"_{name}")(sheet)
            if name == "elements":
                self._extra(
                    [*driving_sheets(self.summary, self.words), *place_sheets(self.summary, self.words)]
                )
            if name == "elements":
                self._extra(monitoring_sheets(self.summary))
                self._extra([*experience_sheets(self.summary), *customer_sheets(self.summary)])
            if name == "issues":
                self._extra([edit_sheet(self.summary)])
            if name == "reviews":
                self._extra(queue_sheets(self.summary))

    def _extra(self, sheets: Iterable[Sheet]) -> None:
        for key, columns, rows in sheets:
            sheet = self.book.add_worksheet(self.words(f"sheet.{key}"))
            # A row that only says why the sheet is empty is shorter.
            filled = ([*row, *[None] * (len(columns) - len(row))] for row in rows)
            self._table(sheet, [Column(*column) for column in columns], filled, freeze=2)

    def _cell(self, sheet: Any, row: int, column: int, value: Any, style: str) -> None:
        look = self.formats[style]
        if value is None:
            sheet.write_blank(row, column, None, look)
        elif isinstance(value, bool):
            sheet.write_string(row, column, self.words("sheet.yes") if value else "", look)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value, look)
        elif style in ("date", "own_date") and value >= FIRST_DAY:
            sheet.write_datetime(row, column, datetime.fromisoformat(value), look)
        else:
            sheet.write_string(row, column, clipped(str(value)), look)

    def _line(
        self, sheet: Any, row: int, values: Iterable[Any], styles: Iterable[str], start: int = 0
    ) -> None:
        for column, (value, style) in enumerate(zip(values, styles, strict=True), start):
            self._cell(sheet, row, column, value, style)

    def _table(
        self, sheet: Any, columns: Sequence[Column], rows: Iterable[Sequence[Any]], freeze: int = 1
    ) -> int:
        """Write header and rows with filters and frozen panes; return the number of rows."""
        sheet.freeze_panes(1, freeze)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width, None, {"hidden": column.style == HIDDEN})
        sheet.set_row(0, 32)
        self._line(
            sheet, 0, [self.words(f"column.{column.key}") for column in columns], ["head"] * len(columns)
        )
        styles = [column.style for column in columns]
        n = 0
        for n, values in enumerate(rows, 1):
            if n > MAX_ROWS:
                return n - 1
            self._line(sheet, n, values, styles)
        sheet.autofilter(0, 0, max(n, 1), len(columns) - 1)
        return n

    # ---- sheets ----

    def _summary(self, sheet: Any) -> None:
        sheet.hide_gridlines(2)
        for place, width in enumerate((24, 13, 13, 13, 13)):
            sheet.set_column(place, place, width)
        self._cell(sheet, 0, 0, self.words("cover.title"), "title")
        self._cell(sheet, 1, 0, self.summary["input"]["name"], "soft")
        row = 3
        for item in told(self.summary):
            row = self._paragraph(sheet, row, item["lead"], item["text"])
        row = self._cards(sheet, row + 1)
        for note in (*self.summary["warnings"], *self.summary["notes"]):
            row = self._paragraph(sheet, row, self.words("data.notes"), note)
        row = self._pareto(sheet, row + 1)
        self._trend(sheet, row + 1)

    def _paragraph(self, sheet: Any, row: int, lead: str, text: str) -> int:
        lines = sum(2 if ord(mark) > 0x2E7F else 1 for mark in text) // 100 + 1
        sheet.set_row(row, 18 * lines + 4)
        self._cell(sheet, row, 0, lead, "lead")
        sheet.merge_range(row, 1, row, 10, "", self.formats["text"])
        self._cell(sheet, row, 1, text, "text")
        return row + 1

    def _cards(self, sheet: Any, row: int) -> int:
        for card in cards(self.summary, self.words):
            self._cell(sheet, row, 0, card["label"], "lead")
            self._cell(sheet, row, 1, card["value"], "figure")
            self._cell(sheet, row, 2, card["note"], "soft")
            row += 1
        return row + 1

    def _heading(self, sheet: Any, row: int, title: str, base: str, heads: Sequence[str]) -> int:
        self._cell(sheet, row, 0, title, "lead")
        self._cell(sheet, row + 1, 0, base, "soft")
        self._line(sheet, row + 2, [self.words(f"column.{key}") for key in heads], ["head"] * len(heads))
        return row + 3

    def _pareto(self, sheet: Any, row: int) -> int:
        named = [bar for bar in self.summary["pareto"] if not bar["other"]]
        # As in the HTML: the rest last, its point left out where bars before it are.
        bars = named[:N_BARS] + [bar for bar in self.summary["pareto"] if bar["other"]]
        cut = len(named) > N_BARS
        if not bars:
            return row
        title = self.words("chart.pareto_title")
        first = self._heading(
            sheet, row, title, self.words("chart.pareto_base"), ("name", "n_reviews", "share", "cumulative")
        )
        for place, bar in enumerate(bars, first):
            reached = None if bar["other"] and cut else bar["cumulative"]
            values = (bar["name"], bar["n_reviews"], bar["share"], reached)
            self._line(sheet, place, values, ("text", "count", "percent", "percent"))
        last = first + len(bars) - 1
        name = sheet.get_name()
        columns = self.book.add_chart({"type": "column"})
        columns.add_series(
            _series(name, first, last, 1, self.words("chart.pareto_bars"), ORANGE) | {"gap": 40}
        )
        line = self.book.add_chart({"type": "line"})
        line.add_series(
            _series(name, first, last, 3, self.words("chart.pareto_line"), BLUE) | {"y2_axis": True}
        )
        columns.combine(line)
        line.set_y2_axis({"min": 0, "max": 1, "num_format": "0%"})
        _dress(columns, title)
        sheet.insert_chart(first - 1, 5, columns)
        return max(last, first + 17) + 2

    def _trend(self, sheet: Any, row: int) -> None:
        periods = self.summary["periods"]
        if len(periods) < 2:
            return
        title = self.words("chart.periods_title")
        heads = ("period", "n_reviews", "negative_share", "low", "high")
        first = self._heading(sheet, row, title, self.words("chart.periods_base"), heads)
        for place, item in enumerate(periods, first):
            values = (item["name"], item["n_reviews"], item["negative_share"], item["low"], item["high"])
            self._line(sheet, place, values, ("text", "count", "percent", "percent", "percent"))
        chart = self.book.add_chart({"type": "line"})
        last = first + len(periods) - 1
        for column, key, colour in ((2, "negative_share", ORANGE), (3, "low", GREY), (4, "high", GREY)):
            chart.add_series(
                _series(sheet.get_name(), first, last, column, self.words(f"column.{key}"), colour)
            )
        chart.set_y_axis({"num_format": "0%", "min": 0, "major_gridlines": _GRID})
        _dress(chart, title)
        sheet.insert_chart(first - 1, 6, chart)

    def _issues(self, sheet: Any) -> None:
        columns = (*ISSUES, *OWN)
        rows = [_issue_values(issue, self.words) for issue in self.summary["issues"]]
        n = self._table(sheet, columns, rows, freeze=4)
        place = len(ISSUES)
        for offset, rule in enumerate(_rules(self.words)):
            if n and rule:
                sheet.data_validation(1, place + offset, n, place + offset, rule)

    def _elements(self, sheet: Any) -> None:
        rows = [*self.summary["elements"], *self.summary["facets"]]
        names = self.summary["names"]
        values = [
            (
                self.words(f"sheet.level_{row['level']}"),
                row["name"]
                if row["level"] == "element"
                else f"{names.get(row['element'], row['element'])} · {row['name']}",
                *(row[column.key] for column in ELEMENTS[2:]),
            )
            for row in rows
        ]
        n = self._table(sheet, ELEMENTS, values, freeze=2)
        top = len(self.summary["elements"])
        if not top:
            return
        chart = self.book.add_chart({"type": "bar", "subtype": "stacked"})
        for label, colour in (("negative", ORANGE), ("neutral", GREY), ("positive", BLUE)):
            place = [column.key for column in ELEMENTS].index(f"n_{label}")
            series = _series(sheet.get_name(), 1, top, place, self.words(f"label.{label}"), colour, names=1)
            chart.add_series(series | {"gap": 50})
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"major_gridlines": _GRID})
        _dress(chart, self.words("chart.elements_title"))
        sheet.insert_chart(n + 2, 1, chart)

    def _mentions(self, sheet: Any) -> None:
        mentions, ids = self.summary["mentions"], self.summary["table"]["review_id"]
        issues = {issue["issue_id"]: issue["name"] for issue in self.summary["issues"]}
        labels = self.words.section("label")
        columns = (mentions[column.key] for column in MENTIONS[1:-2])
        heads = ([ids[row] for row in mentions["row"]], *columns)
        tails = (
            [labels[label] for label in mentions["label"]],
            [issues.get(issue, "") for issue in mentions["issue_id"]],
        )
        self._table(sheet, MENTIONS, zip(*heads, *tails, strict=True), freeze=1)

    def _reviews(self, sheet: Any) -> None:
        table = self.summary["table"]
        shown = [column for column in REVIEWS if column.key in table]
        cells = [_spelt(column.key, table[column.key], self.words) for column in shown]
        self._table(sheet, shown, zip(*cells, strict=True), freeze=2)

    def _method(self, sheet: Any) -> None:
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 100)
        row = 0
        terms = self.words.section("method")
        for key, text in terms.items():
            if not key.endswith("_term"):
                self._line(sheet, row, (terms[f"{key}_term"], text), ("lead", "text"))
                row += 1
        for block in about_blocks(self.summary, self.words):
            self._cell(sheet, row + 1, 0, block["title"], "head")
            row += 2
            for pair in block["rows"]:
                self._line(sheet, row, pair, ("text", "text"))
                row += 1


_GRID = {"visible": True, "line": {"color": "#DDE3E9"}}
_BASE = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
_LOOKS: dict[str, dict[str, Any]] = {
    "text": _BASE | {"text_wrap": True},
    "id": _BASE | {"num_format": "@"},
    HIDDEN: _BASE,
    "count": _BASE | {"num_format": "#,##0"},
    "number": _BASE | {"num_format": "0.00"},
    "percent": _BASE | {"num_format": "0.0%"},
    "date": _BASE | {"num_format": "yyyy-mm-dd", "align": "left"},
    "figure": _BASE | {"bold": True, "align": "right"},
    "head": _BASE
    | {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#E8EEF4", "bottom": 1},
    "own": _BASE | {"text_wrap": True, "bg_color": "#FFF8E1", "border": 1, "border_color": "#D8CFA8"},
    "own_date": _BASE
    | {"num_format": "yyyy-mm-dd", "bg_color": "#FFF8E1", "border": 1, "border_color": "#D8CFA8"},
    "lead": _BASE | {"bold": True, "font_color": "#1F5F9E", "text_wrap": True},
    "soft": _BASE | {"font_color": "#55626F"},
    "title": _BASE | {"bold": True, "font_size": 16},
}


def _issue_values(issue: Mapping[str, Any], words: Words) -> list[Any]:
    quotes = [quote["clause"] for quote in issue["quotes"]]
    told = {
        "element": issue["element_name"],
        "group": words(f"sheet.group_{issue['group']}"),
        "trend": issue["trend_name"],
        "remedy": issue["remedy_name"],
        "where": issue["where"]["text"] if issue["where"] else "",
        "safety": words("issue.verify") if issue["safety"] else "",
        **{f"quote_{k}": quotes[k - 1] if k <= len(quotes) else "" for k in (1, 2, 3)},
    }
    plan = issue["plan"]
    own = (plan.get("feasibility"), plan.get("owner") or None, plan.get("due") or None, None)
    return [*(told.get(column.key, issue.get(column.key)) for column in ISSUES), *own]


def _spelt(key: str, values: Sequence[Any], words: Words) -> Sequence[Any]:
    """Put codes into words."""
    if key == "flags":
        names = words.section("flag")
        return [words.joined([names[flag] for flag in flags or ()]) for flags in values]
    sections = {"label": "label", "status": "status"}
    if key not in sections:
        return values
    names = words.section(sections[key])
    return [names.get(value, value) for value in values]


def _rules(words: Words) -> list[dict[str, Any]]:
    """Return what each of the user's own columns accepts, empty for anything."""
    wrong = {"error_title": words("sheet.own_title")}
    statuses = words("sheet.own_statuses").split(",")
    return [
        {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": 5, **wrong,
         "input_title": words("sheet.own_title"), "input_message": words("sheet.own_feasibility"),
         "error_message": words("sheet.own_feasibility")},
        {},
        {"validate": "date", "criteria": ">=", "value": datetime(2000, 1, 1), **wrong,
         "error_message": words("sheet.own_due")},
        {"validate": "list", "source": statuses, **wrong, "error_message": words("sheet.own_status")},
    ]  # fmt: skip


def _series(
    sheet: str, first: int, last: int, column: int, name: str, colour: str, names: int = 0
) -> dict[str, Any]:
    return {
        "name": name,
        "categories": [sheet, first, names, last, names],
        "values": [sheet, first, column, last, column],
        "fill": {"color": colour},
        "line": {"color": colour, "width": 2},
    }


def _dress(chart: Any, title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": True}, "overlay": False})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 680, "height": 340})
