"""A large workbook read in pieces gives what reading it whole gives."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from feedback_nlp.errors import InputError
from feedback_nlp.io import excel, readers
from feedback_nlp.io.streams import excel as stream
from feedback_nlp.io.streams import open_stream, sheet_pieces
from feedback_nlp.io.streams.unify import Columns


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_pieces, "LARGE", 0)
    monkeypatch.setattr(sheet_pieces, "HEAD_ROWS", 8)
    monkeypatch.setattr(sheet_pieces, "_CHUNK", 97)
    monkeypatch.setattr(stream, "BLOCK_ROWS", 7)


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], pa.Table]:
    """Read as a stream, failing if the workbook is opened whole."""

    def read(path: Path) -> pa.Table:
        @contextmanager
        def opened(source):
            raise AssertionError("read whole")
            yield

        with monkeypatch.context() as patch:
            patch.setattr(excel, "opened", opened)
            return streamed(path)

    return read


def streamed(path: Path) -> pa.Table:
    found = open_stream(path)
    columns, blocks = Columns(), list(found.blocks())
    for block in blocks:
        columns.add(block.table.schema)
    schema = columns.schema(found.unnamed)
    return pa.concat_tables([Columns.cast(block.table, schema) for block in blocks])


def same(found: pa.Table, path: Path) -> bool:
    expected = readers.read(path).table
    return found.schema.remove_metadata() == expected.schema.remove_metadata() and (
        found.to_pydict() == expected.to_pydict()
    )


ROWS = [(f"W{row:03}", f"物流太慢了 <&> 等了{row}天\n{'啊' * (row % 5)}", row % 5 + 1) for row in range(40)]


def with_openpyxl(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["工单号", "内容", "评分", "时间", "是否"])
    for number, (name, text, stars) in enumerate(ROWS):
        when = dt.datetime(2025, 1, 1, 8, 30) + dt.timedelta(days=number)
        sheet.append([name, text, stars + 0.5 * (number % 2), when, number % 3 == 0])
    sheet["B9"] = CellRichText("退款", TextBlock(InlineFont(b=True), "很慢"), "。")
    sheet["C12"] = "=1/0"
    sheet["H30"] = "只在这里有"
    book.save(path)


def with_xlsxwriter(path: Path, **options: bool) -> None:
    book = xlsxwriter.Workbook(path, options)
    book.add_worksheet("说明").write(0, 0, "本表由系统导出")
    sheet = book.add_worksheet("评论")
    title = book.add_format({"bold": True})
    sheet.merge_range(0, 0, 0, 2, "六月客户之声", title)
    sheet.write_row(1, 0, ["工单号", "内容", "评分"])
    for number, row in enumerate(ROWS):
        sheet.write_row(2 + number + (20 if number > 25 else 0), 0, row)
    sheet.write_datetime(10, 3, dt.datetime(2025, 6, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write_formula(11, 3, '=A1&"x"', None, "文字")
    sheet.write_blank(12, 4, None, title)
    book.close()


@pytest.mark.parametrize("write", [with_openpyxl, with_xlsxwriter], ids=["openpyxl", "xlsxwriter"])
def test_the_same_cells(write, in_pieces, tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx")
    found = in_pieces(tmp_path / "a.xlsx")
    assert found.num_rows >= 40
    assert same(found, tmp_path / "a.xlsx")


def test_texts_in_the_cells_themselves(in_pieces, tmp_path: Path) -> None:
    with_xlsxwriter(tmp_path / "a.xlsx", constant_memory=True)
    assert same(in_pieces(tmp_path / "a.xlsx"), tmp_path / "a.xlsx")


def rewritten(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """Return a workbook like ``path`` with one of its files changed."""
    target = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.filename == name else content)
    return target


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace(b'<row r="20"', b"<row"),
        lambda xml: re.sub(rb't="s"(><v>3</v>)', rb"t='s'\1", xml),
    ],
    ids=["row without a number", "other quotation marks"],
)
def test_what_is_written_unusually_is_read_whole(change, tmp_path: Path) -> None:
    with_openpyxl(tmp_path / "a.xlsx")
    path = rewritten(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", change)
    assert same(streamed(path), path)


def test_damaged(tmp_path: Path) -> None:
    with_openpyxl(tmp_path / "a.xlsx")
    path = rewritten(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2])
    with pytest.raises(InputError):
        streamed(path)


def test_small_workbooks_are_read_whole(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sheet_pieces, "LARGE", 1 << 30)
    with_openpyxl(tmp_path / "a.xlsx")
    assert same(streamed(tmp_path / "a.xlsx"), tmp_path / "a.xlsx")
