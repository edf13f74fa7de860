"""A workbook edited by hand into nonsense: one line with the cell and what to do, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app
from feedback_nlp.io.forms import Filled
from feedback_nlp.pipeline.review_answers import _check_slots, _Problem

TEXTS = ["物流太慢了，客服倒是很耐心", "屏幕碎了一道，退款拖了一周", "味道一般，分量还行", "房间有股怪味"]


def run(*args: object) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    source = folder / "in.jsonl"
    rows = (json.dumps({"review_id": f"{k}", "text": text}) for k, text in enumerate(TEXTS))
    source.write_text("\n".join(rows), encoding="utf-8")
    scored = folder / "scored.parquet"
    args = ("score", source, "-o", scored, "--mentions", folder / "mentions.parquet", "--model", "lexicon")
    assert run(*args).exit_code == 0
    assert run("review", "export", scored, "-o", folder / "待复核.xlsx").exit_code == 0
    return folder / "待复核.xlsx"


Edit = Callable[[Any, Any, dict[str, int]], None]


def put(row: int, title: str, value: Any) -> Edit:
    def edit(book: Any, sheet: Any, columns: dict[str, int]) -> None:
        sheet.cell(row, columns[title]).value = value

    return edit


def delete(title: str) -> Edit:
    return lambda book, sheet, columns: sheet.delete_cols(columns[title])


def conflict(book: Any, sheet: Any, columns: dict[str, int]) -> None:
    """Give the first row a second time, with another answer."""
    last = sheet.max_row + 1
    for column in range(1, sheet.max_column + 1):
        sheet.cell(last, column).value = sheet.cell(2, column).value
    sheet.cell(2, columns["对吗"]).value = "对"
    sheet.cell(last, columns["对吗"]).value = "都没提到"
    for title in ("方面1", "褒贬1", "方面2", "褒贬2"):
        sheet.cell(last, columns[title]).value = None


def copied(book: Any, sheet: Any, columns: dict[str, int]) -> None:
    book.copy_worksheet(sheet).title = "我的"


NONSENSE: dict[str, tuple[Edit, tuple[str, ...], tuple[str, ...]]] = {
    "unknown facet": (put(2, "方面1", "物流·快慢"), (), ("待复核!F2", "物流·快慢", "是不是“物流·时效”")),
    "facet is a formula": (put(3, "方面1", "=A1"), (), ("待复核!F3", "=A1")),
    "unknown side": (put(2, "褒贬1", "一般"), (), ("待复核!G2", "一般", "负面、中性、正面")),
    "unknown verdict": (put(2, "对吗", "不对"), (), ("待复核!E2", "不对", "都没提到")),
    "text changed": (put(2, "评价原文", "改了"), (), ("待复核!B2", "评价原文被改过", "粘回")),
    "id changed": (put(2, "评价编号", "9"), (), ("待复核!A2", "评价编号被改过")),
    "clause changed": (put(2, "要判断的小句", "改了"), (), ("待复核!C2", "被改过")),
    "id column deleted": (delete("评价编号"), (), ("待复核", "第 1 行", "缺少列：评价编号", "撤销")),
    "key column deleted": (delete("校验码（勿动）"), (), ("缺少列：校验码",)),
    "facet column deleted": (delete("方面1"), (), ("缺少列：方面1",)),
    "facet column renamed": (put(1, "方面1", "正确的方面"), (), ("缺少列：方面1",)),
    "a column twice": (put(1, "备注", "方面1"), (), ("待复核!K1", "“方面1”已在 F1", "只留一列")),
    "titles deleted": (lambda book, sheet, columns: sheet.delete_rows(1), (), ("没有一张表", "表头")),
    "sheet deleted": (lambda book, sheet, columns: book.remove(sheet), (), ("没有一张表", "说明、选项")),
    "wrong sheet": (put(2, "对吗", "对"), ("--sheet", "说明"), ("“说明”不是", "待复核")),
    "no such sheet": (put(2, "对吗", "对"), ("--sheet", "表1"), ("没有工作表“表1”", "待复核")),
    "sheet copied": (copied, (), ("2 张表", "待复核、我的", "--sheet")),
    "answered in two ways": (conflict, (), ("同一处有两个答案", "待复核!F2", "改成一致")),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_named_and_nothing_is_lost(name: str, exported: Path, tmp_path: Path) -> None:
    edit, options, words = NONSENSE[name]
    book = openpyxl.load_workbook(exported)
    sheet = book["待复核"]
    edit(book, sheet, {cell.value: cell.column for cell in sheet[1]})
    filled, target = tmp_path / "填过.xlsx", tmp_path / "c.jsonl"
    book.save(filled)
    kept = filled.read_bytes()
    target.write_text("", encoding="utf-8")
    result = run("review", "import", filled, "-o", target, *options)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert "填过.xlsx" in line
    for word in (*words, "提示："):
        assert word in line
    assert filled.read_bytes() == kept
    assert target.read_text(encoding="utf-8") == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.jsonl", "填过.xlsx"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("c.jsonl", "不是 JSON\n", "c.jsonl 第 1 行"), ("c.rules.toml", "[[rule\n", "把它移走")],
)
def test_earlier_files_that_are_broken_are_kept(
    name: str, content: str, words: str, exported: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    result = run("review", "import", exported, "-o", tmp_path / "c.jsonl")
    assert result.exit_code == 2
    assert words in result.stderr
    assert (tmp_path / name).read_text(encoding="utf-8") == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_sheet_can_be_chosen_of_two(exported: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(exported)
    copied(book, book["待复核"], {})
    book["我的"]["E2"] = "对"
    book.save(tmp_path / "a.xlsx")
    result = run("review", "import", tmp_path / "a.xlsx", "-o", tmp_path / "c.jsonl", "--sheet", "我的")
    assert result.exit_code == 0, result.output
    assert "看过 1 行" in result.stdout


def test_a_column_with_one_of_the_answers_is_missed() -> None:
    cells = {
        "key": "待复核!M2",
        "model": "待复核!L2",
        "facet1": "F2",
        "side1": "G2",
        "facet2": "H2",
        "side2": "I2",
    }
    row = Filled(dict.fromkeys(cells, ""), cells)
    _check_slots(row, 2)
    with pytest.raises(_Problem, match="facet 3") as caught:
        _check_slots(row, 3)
    assert caught.value.cell == "待复核!L2"
