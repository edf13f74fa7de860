"""Write the bundled sample (Excel and CSV) from ``corpora/demo.jsonl``: the file a service desk would export.

Run from the repository root: ``python scripts/make_sample.py``. The output is the same on every run.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "feedback_nlp" / "resources" / "sample"
HEADERS = {
    "id": "编号",
    "time": "反馈时间",
    "channel": "渠道",
    "store": "门店",
    "product": "产品",
    "customer": "客户编号",
    "rating": "评分",
    "nps": "推荐意愿(NPS)",
    "text": "反馈内容",
}
WIDTHS = [14, 19, 12, 10, 12, 10, 7, 14, 90]


def main() -> None:
    lines = (ROOT / "corpora" / "demo.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    TARGET.mkdir(parents=True, exist_ok=True)
    write_csv(rows)
    write_xlsx(rows)


def write_csv(rows: list[dict[str, object]]) -> None:
    with (TARGET / "sample.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS.values())
        writer.writerows([["" if row[key] is None else row[key] for key in HEADERS] for row in rows])


def write_xlsx(rows: list[dict[str, object]]) -> None:
    book = xlsxwriter.Workbook(str(TARGET / "sample.xlsx"))
    # A fixed date keeps the bytes the same on every run.
    book.set_properties({"title": "feedback_nlp sample", "created": dt.datetime(2025, 7, 1)})
    sheet = book.add_worksheet("反馈明细")
    title = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "bottom": 1})
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_string(0, 0, "某家电零售商 2025 年上半年客户反馈（虚构）", title)
    for column, (name, width) in enumerate(zip(HEADERS.values(), WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(1, column, name, head)
    for line, row in enumerate(rows, start=2):
        for column, key in enumerate(HEADERS):
            value = row[key]
            if value is None or value == "":
                continue
            if key == "time":
                sheet.write_datetime(line, column, dt.datetime.fromisoformat(str(value)), date)
            elif isinstance(value, int | float):
                sheet.write_number(line, column, value)
            else:
                sheet.write_string(line, column, str(value))
    sheet.freeze_panes(2, 0)
    book.close()


if __name__ == "__main__":
    main()
