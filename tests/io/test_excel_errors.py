"""Errors and formulas without a value are told from empty cells."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import xlsxwriter

from feedback_nlp.io.excel_errors import error_cells


def test_errors_are_found_and_values_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("说明").write_string("A1", "x")
    sheet = book.add_worksheet("表 & <1>")
    sheet.write_formula("A1", "=1/0", None, "#DIV/0!")
    sheet.write_formula("B2", '=VLOOKUP("a",A1:A2,1)', None, "#N/A")
    sheet.write_formula("C1", "=1+1", None, 2)
    sheet.write_formula("D1", '=""', None, "")
    sheet.write_string("E1", "#N/A")
    sheet.write_blank("F1", None, book.add_format({"bold": True}))
    book.close()
    found = error_cells(path)
    assert found.pop(("表 & <1>", "D1"), '=""') == '=""'
    assert found == {("表 & <1>", "A1"): "#DIV/0!", ("表 & <1>", "B2"): "#N/A"}


def test_a_formula_nobody_calculated_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "表"
    book.active["B3"] = "=A1&A2"
    book.save(path)
    assert error_cells(path) == {("表", "B3"): "=A1&A2"}


def test_another_kind_of_file_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "b.xlsx").write_bytes(b"PK\x05\x06" + bytes(18))
    assert error_cells(tmp_path / "a.xls") == {}
    assert error_cells(tmp_path / "b.xlsx") == {}
    assert error_cells(tmp_path / "none.xlsx") == {}
