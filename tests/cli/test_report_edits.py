"""``report`` with what people decided on issues, and the hand-off."""

from __future__ import annotations

import sys

import openpyxl
import pytest
from typer.testing import CliRunner

import feedback_nlp as fn
from feedback_nlp.cli.app import app

TEXTS = ["退款一直不到账", "退款拖了一个月", "坚决不给退货", "安装师傅爽约", "早餐种类太少", "物流太慢"]


@pytest.fixture
def folder(tmp_path):
    fn.analyze(TEXTS, model="lexicon", draws=20).write(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_workbook_is_edited_and_the_next_report_honours_it(folder):
    path = folder / "issues.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["改问题"]
    old, column = sheet.cell(2, 2).value, [cell.value for cell in sheet[1]].index("改名为") + 1
    sheet.cell(2, column, "总店的老问题")
    book.save(path)
    assert run("report", folder).exit_code == 0
    names = [row[1] for row in openpyxl.load_workbook(path)["改问题"].iter_rows(min_row=2, values_only=True)]
    assert "总店的老问题" in names
    assert old not in names
    assert "总店的老问题" in (folder / "issues.toml").read_text(encoding="utf-8")
    assert "总店的老问题" in (folder / "report.html").read_text(encoding="utf-8")
    assert run("report", folder).exit_code == 0
    again = [row[1] for row in openpyxl.load_workbook(path)["改问题"].iter_rows(min_row=2, values_only=True)]
    assert again == names


def test_a_bad_file_is_one_line_with_its_number_and_nothing_is_written(folder):
    before = (folder / "report.html").read_bytes()
    (folder / "issues.toml").write_text('[rename]\n"甲" = 3\n', encoding="utf-8")
    result = run("report", folder)
    assert result.exit_code == 2
    assert "issues.toml 第 2 行" in result.stderr
    assert "Traceback" not in result.stderr
    assert (folder / "report.html").read_bytes() == before


def test_hand_off(folder):
    before = (folder / "report.html").stat().st_mtime_ns
    result = run("report", folder, "--format", "8d", "--top", 2)
    assert result.exit_code == 0, result.output
    assert "8d.md" in result.stdout
    assert "8d.xlsx" in result.stdout
    assert (folder / "8d.md").read_text(encoding="utf-8").count("\n## ") == 2
    assert (folder / "report.html").stat().st_mtime_ns == before


def test_no_such_format(folder):
    result = run("report", folder, "--format", "9d")
    assert result.exit_code == 2
    assert "没有格式“9d”" in result.stderr
    assert not (folder / "8d.md").exists()


def test_slides(folder):
    before = (folder / "report.html").stat().st_mtime_ns
    result = run("report", folder, "--format", "pptx", "--top", 1)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str((folder / "report.pptx").resolve())
    assert (folder / "report.pptx").read_bytes().startswith(b"PK")
    assert (folder / "report.html").stat().st_mtime_ns == before


def test_slides_of_analyze_come_beside_the_reports(tmp_path):
    (tmp_path / "a.csv").write_text("评论内容\n" + "\n".join(TEXTS), encoding="utf-8")
    out = tmp_path / "out"
    result = run("analyze", tmp_path / "a.csv", "--model", "lexicon", "--format", "pptx", "--out", out)
    assert result.exit_code == 0, result.output
    assert {"report.html", "issues.xlsx", "report.pptx"} <= {path.name for path in out.iterdir()}
    assert "report.pptx" in result.stdout


def test_without_the_extra_it_is_said_before_any_work(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("评论内容\n" + "\n".join(TEXTS), encoding="utf-8")
    monkeypatch.setitem(sys.modules, "pptx", None)
    result = run("analyze", tmp_path / "a.csv", "--format", "pptx", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert 'pip install "feedback-nlp[pptx]"' in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_saved_format_comes_every_month(tmp_path):
    (tmp_path / "a.csv").write_text("评论内容\n" + "\n".join(TEXTS), encoding="utf-8")
    words = ("analyze", tmp_path / "a.csv", "--model", "lexicon", "--out", tmp_path / "out")
    assert run(*words, "--format", "pptx", "--save-config").exit_code == 0
    saved = (tmp_path / "feedback-nlp.toml").read_text(encoding="utf-8")
    assert 'format = "pptx"' in saved
    (tmp_path / "out" / "report.pptx").unlink()
    assert run(*words).exit_code == 0
    assert (tmp_path / "out" / "report.pptx").is_file()
    (tmp_path / "feedback-nlp.toml").write_text('format = "ppt"\n', encoding="utf-8")
    result = run(*words)
    assert result.exit_code == 2
    assert "没有格式“ppt”" in result.stderr
