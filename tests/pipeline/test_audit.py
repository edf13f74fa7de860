"""Audit: a sample that hides the model's answers, read back into shares, precision and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from feedback_nlp.errors import ConfigError, InputError
from feedback_nlp.pipeline import score
from feedback_nlp.pipeline.audit import apply_audit, sample_audit
from feedback_nlp.pipeline.result import Scored

SLOW, RUDE, FINE = "第{}单物流太慢了", "第{}次客服态度恶劣", "第{}天用着不错"


@pytest.fixture(scope="module")
def scored() -> Scored:
    texts = [form.format(i) for form in (SLOW, RUDE, FINE) for i in range(40)]
    return score(texts, model="lexicon")


@pytest.fixture
def book(scored: Scored, tmp_path: Path) -> Path:
    path = tmp_path / "抽样.xlsx"
    assert sample_audit(scored, path, n=60) == 60
    return path


def label(path: Path, judge: Callable[[str], dict[str, str] | None]) -> Path:
    """Fill in what ``judge`` says of each text; None leaves the row."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        for title, value in (judge(sheet.cell(row, columns["评价原文"]).value) or {}).items():
            sheet.cell(row, columns[title]).value = value
    book.save(path)
    return path


def honest(text: str) -> dict[str, str]:
    if "物流" in text:
        return {"物流": "负面"}
    return {"服务": "负面"} if "客服" in text else {"看过": "看过"}


def by_element(found: Any) -> dict[str, Any]:
    return {row.element: row.found for row in found.elements}


def test_the_sample_is_stratified_blind_and_repeatable(scored: Scored, book: Path, tmp_path: Path) -> None:
    opened = openpyxl.load_workbook(book)
    assert opened.sheetnames == ["说明", "抽样", "选项"]
    rows = list(opened.worksheets[1].iter_rows(values_only=True))
    stratum, chance = rows[0].index("层（勿动）"), rows[0].index("抽中机会（勿动）")
    drawn = [row[stratum] for row in rows[1:]]
    assert {name: drawn.count(name) for name in set(drawn)} == {"logistics": 20, "service": 20, "-": 20}
    assert {row[chance] for row in rows[1:]} == {"0.500000"}
    asked = [value for row in rows[1:] for value in row[2:stratum]]
    assert not any(asked)
    sample_audit(scored, tmp_path / "again.xlsx", n=60)
    assert (tmp_path / "again.xlsx").read_bytes() == book.read_bytes()


def test_a_model_that_is_right_can_be_used(scored: Scored, book: Path) -> None:
    found = apply_audit(label(book, honest), scored)
    assert (found.n_rows, found.n_labelled, found.n_reviews, found.notes) == (60, 60, 120, ())
    logistics = by_element(found)["logistics"]
    assert logistics.verdict == "use"
    assert logistics.share.value == pytest.approx(1 / 3)
    assert logistics.precision.value == logistics.recall.value == 1.0
    assert by_element(found)["price"].verdict == "unknown"
    table = found.to_table().to_pylist()
    assert table[0]["naive_low"] <= table[0]["naive"] <= table[0]["naive_high"]
    assert "overall" not in by_element(found)


def test_what_the_model_misses_and_makes_up_is_corrected(scored: Scored, book: Path) -> None:
    # a quarter of what it calls slow is not; a quarter of what it finds nothing in blames logistics
    def judge(text: str) -> dict[str, str]:
        odd = int("".join(mark for mark in text if mark.isdigit())) % 4 == 0
        if "物流" in text:
            return {"物流": "中性" if odd else "褒贬都有"}
        return {"物流": "负面"} if "用着" in text and odd else honest(text)

    logistics = by_element(apply_audit(label(book, judge), scored))["logistics"]
    assert logistics.naive.value == pytest.approx(1 / 3)
    assert logistics.precision.value < 1
    assert logistics.recall.value < 1
    assert logistics.share.low <= 1 / 3 <= logistics.share.high


def test_half_labelled_and_skipped_rows_are_fine(scored: Scored, book: Path) -> None:
    left = iter(range(100))
    found = apply_audit(
        label(book, lambda text: honest(text) if next(left) < 30 else {"看过": "跳过", "备注": "?"}), scored
    )
    assert found.n_labelled == 30
    none = apply_audit(label(book, lambda text: {"看过": "跳过"} if "物流" in text else None), scored)
    assert none.n_labelled < 30
    assert "logistics" in none.notes[0].zh


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (lambda text: {"物流": "很差"}, "“很差”不认识"),
        (lambda text: {"看过": "也许"}, "“也许”不认识"),
        (lambda text: {"看过": "看过", "评价编号": "x9"}, "没有编号“x9”"),
        (lambda text: {"看过": "看过", "校验码（勿动）": "1"}, "没有编号"),
        (lambda text: {"看过": "看过", "层（勿动）": "price"}, "和抽样时不同"),
    ],
)
def test_nonsense_is_one_line_with_the_cell(scored: Scored, book: Path, judge: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        apply_audit(label(book, judge), scored)
    message = caught.value.message()
    assert words in message
    assert "抽样!" in message
    assert "另有 59 处" in message
    assert "\n" not in message


def test_two_labels_for_one_review_are_told_where(scored: Scored, book: Path, tmp_path: Path) -> None:
    other = tmp_path / "乙.xlsx"
    other.write_bytes(book.read_bytes())
    label(book, honest)
    label(other, lambda text: {"看过": "看过"})
    with pytest.raises(InputError, match=r"乙\.xlsx 的 抽样!C\d+：和 抽样\.xlsx 抽样!C\d+ 是同一条评价"):
        apply_audit([book, other], scored)


def test_bad_requests(scored: Scored, book: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有标注过的行"):
        apply_audit(book, scored)
    with pytest.raises(ConfigError, match="行数 0"):
        sample_audit(scored, tmp_path / "a.xlsx", n=0)
    with pytest.raises(InputError, match="没有计入的评价"):
        sample_audit(score(["", "Great"], model="lexicon"), tmp_path / "a.xlsx")
    assert sample_audit(score(["物流太慢了"], model="lexicon"), tmp_path / "one.xlsx") == 1
