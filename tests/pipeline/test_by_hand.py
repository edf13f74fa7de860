"""What people write into the workbook outlives the next run."""

from __future__ import annotations

import os
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

import feedback_nlp as fn
from feedback_nlp.cli.app import app
from feedback_nlp.pipeline.by_hand import keep_by_hand, saved_by_hand

TEXTS = ["退款一直不到账", "早餐种类太少", "物流太慢"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fn.analyze(TEXTS, model="lexicon", draws=20).write(tmp_path)
    return tmp_path


def note(path: Path, text: str) -> None:
    book = openpyxl.load_workbook(path)
    book.create_sheet("我的记录")["A1"] = text
    # A second of the clock: openpyxl notes no finer times.
    book.properties.created = book.properties.created.replace(year=2020)
    book.save(path)


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("issues.*-*.xlsx"))


def test_ours_as_written_is_replaced(folder: Path) -> None:
    assert not saved_by_hand(folder / "issues.xlsx")
    fn.load_report(folder).write(folder)
    assert not copies(folder)


def test_what_was_saved_is_kept_once(folder: Path) -> None:
    book = folder / "issues.xlsx"
    note(book, "已回访")
    copy = keep_by_hand(book)
    assert keep_by_hand(book) is None
    fn.load_report(folder).write(folder)
    assert copies(folder) == [copy]
    assert openpyxl.load_workbook(copy)["我的记录"]["A1"].value == "已回访"
    assert "我的记录" not in openpyxl.load_workbook(book).sheetnames


def test_the_command_says_where_it_is(folder: Path) -> None:
    note(folder / "issues.xlsx", "已回访")
    result = CliRunner().invoke(app, ["report", str(folder)])
    assert result.exit_code == 0
    assert copies(folder)[0].name in result.stderr.replace("\n", "")


@pytest.mark.parametrize("content", [b"", b"not a workbook"])
def test_a_file_of_somebody_else_is_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "issues.xlsx").write_bytes(content)
    assert keep_by_hand(tmp_path / "issues.xlsx").read_bytes() == content


def test_nothing_there(tmp_path: Path) -> None:
    assert keep_by_hand(tmp_path / "issues.xlsx") is None


FOREIGN = {
    "report.html": "<html><body>季度总结，写了三天</body></html>".encode(),
    "summary.json": b'{"schema": 1, "total": 3}',
    "scored.parquet": b"PAR1 of somebody else",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_program_under_our_name_is_kept(folder: Path, name: str) -> None:
    analysis = fn.load_report(folder)
    (folder / name).write_bytes(FOREIGN[name])
    analysis.write(folder)
    stem, suffix = name.split(".")
    (copy,) = folder.glob(f"{stem}.*-*.{suffix}")
    assert copy.read_bytes() == FOREIGN[name]
    assert (folder / name).read_bytes() != FOREIGN[name]
    analysis.write(folder)  # ours now: nothing more is kept
    assert len(list(folder.glob("*.2*-*.*"))) == 1


def test_two_files_of_one_second_are_both_kept(folder: Path) -> None:
    page = folder / "report.html"
    for content in (b"one", b"two", b"two"):
        page.write_bytes(content)
        os.utime(page, (1_700_000_000, 1_700_000_000))
        keep_by_hand(page)
    assert sorted(copy.read_bytes() for copy in folder.glob("report.*-*.html")) == [b"one", b"two"]


def test_the_command_says_that_a_page_is_not_ours(folder: Path) -> None:
    (folder / "report.html").write_bytes(FOREIGN["report.html"])
    result = CliRunner().invoke(app, ["report", str(folder)])
    assert result.exit_code == 0
    assert "report.html 不是本工具写的" in result.stderr


def write_by_hand(path: Path) -> None:
    """Change a file as its owner does: in a text editor, a spreadsheet or a presentation."""
    if path.suffix == ".md":
        path.write_text(
            path.read_text(encoding="utf-8").replace("待填", "根因：供应商换料"), encoding="utf-8"
        )
    elif path.suffix == ".xlsx":
        note(path, "根因：供应商换料")
    else:
        pptx = pytest.importorskip("pptx")
        deck = pptx.Presentation(str(path))
        deck.core_properties.modified = deck.core_properties.modified.replace(year=2020)
        deck.save(str(path))


@pytest.mark.parametrize(("kind", "name"), [("8d", "8d.md"), ("8d", "8d.xlsx"), ("pptx", "report.pptx")])
def test_drafts_that_people_filled_in_are_kept(folder: Path, kind: str, name: str) -> None:
    if kind == "pptx":
        pytest.importorskip("pptx")
    analysis = fn.load_report(folder)
    analysis.to_format(folder, kind)
    analysis.to_format(folder, kind)
    place = folder / name
    kept = f"{place.stem}.*-*{place.suffix}"
    assert not list(folder.glob(kept))
    write_by_hand(place)
    filled_in = place.read_bytes()
    result = CliRunner().invoke(app, ["report", str(folder), "--format", kind])
    assert result.exit_code == 0
    (copy,) = folder.glob(kept)
    assert copy.read_bytes() == filled_in
    assert copy.name in result.stderr.replace("\n", "")
    assert place.read_bytes() != filled_in
