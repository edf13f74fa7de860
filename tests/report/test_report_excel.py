"""The workbook, read back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
from conftest import HOSTILE, make_summary
from openpyxl.workbook import Workbook

from feedback_nlp.report import excel
from feedback_nlp.report.wording import Words
from feedback_nlp.taxonomy import Taxonomy

OWN = ["满意度驱动", "改进收益", "个别还是普遍"]
SHEETS = ["摘要", "问题", "改问题", "要素", *OWN, "提及", "评价", "待复核", "方法"]


@pytest.fixture(scope="module")
def path(summary: dict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("excel") / "issues.xlsx"
    excel.write(summary, target)
    return target


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def column(book: Workbook, sheet: str, key: str, lang: str = "zh") -> list:
    title = Words(lang)(f"column.{key}")
    rows = list(book[sheet].iter_rows(values_only=True))
    place = rows[0].index(title)
    return [row[place] for row in rows[1:]]


def test_sheets(book: Workbook, summary_en: dict, tmp_path: Path) -> None:
    assert book.sheetnames == SHEETS
    excel.write(summary_en, tmp_path / "en.xlsx")
    assert openpyxl.load_workbook(tmp_path / "en.xlsx").sheetnames == [
        "Summary", "Issues", "Edit issues", "Elements", "Drivers", "Worth of a fix", "Where issues sit",
        "Mentions", "Reviews", "To review", "Method",
    ]  # fmt: skip


def test_charts_are_native(book: Workbook, path: Path) -> None:
    assert [len(book[name]._charts) for name in SHEETS] == [2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    with zipfile.ZipFile(path) as archive:
        drawn = [archive.read(name).decode() for name in archive.namelist() if "charts/chart" in name]
    pareto = next(xml for xml in drawn if "<c:barChart>" in xml and "<c:lineChart>" in xml)
    assert pareto.count("<c:valAx>") == 2, "the cumulative line has an axis of its own"
    assert any('<c:grouping val="stacked"/>' in xml for xml in drawn)


def test_no_formula_and_no_link(book: Workbook) -> None:
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not [cell.coordinate for cell in cells if cell.hyperlink]


def test_texts_that_look_like_formulas_stay_texts(taxonomy: Taxonomy, tmp_path: Path) -> None:
    summary = make_summary(40, taxonomy)
    texts = [f"{lead}1+1 http://example.org" for lead in "=+-@"]
    summary["table"]["text"][: len(texts)] = texts
    excel.write(summary, tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert column(book, "评价", "text")[: len(texts)] == texts
    assert {cell.data_type for cell in book["评价"]["B"]} == {"s"}


def test_every_review_and_mention_is_there(book: Workbook, summary: dict) -> None:
    assert column(book, "评价", "text") == summary["table"]["text"]
    assert column(book, "评价", "review_id") == summary["table"]["review_id"]
    assert column(book, "提及", "text") == summary["mentions"]["text"]
    assert any(HOSTILE in text for text in column(book, "评价", "text"))
    assert not any("13812345678" in text for text in column(book, "评价", "text"))


def test_issues_in_rank_order_with_their_numbers(book: Workbook, summary: dict) -> None:
    assert column(book, "问题", "name") == [row["name"] for row in summary["issues"]]
    assert column(book, "问题", "n_reviews") == [row["n_reviews"] for row in summary["issues"]]
    assert column(book, "问题", "share") == pytest.approx([row["share"] for row in summary["issues"]])


@pytest.mark.parametrize("name", ["问题", "要素", "提及", "评价"])
def test_tables_are_filtered_frozen_and_wide_enough(book: Workbook, name: str) -> None:
    sheet = book[name]
    assert sheet.freeze_panes
    assert sheet.auto_filter.ref == sheet.dimensions
    title = Words("zh")("column.text")
    for cell in sheet[1]:
        width = sheet.column_dimensions[cell.column_letter].width
        assert width >= (40 if cell.value == title else 5)
    assert all(cell.alignment.wrap_text for cell in sheet[1])


def test_days_are_dates_that_can_be_filtered(taxonomy: Taxonomy, tmp_path: Path) -> None:
    summary = make_summary(20, taxonomy)
    summary["table"]["day"][:2] = ["1899-12-30", None]
    excel.write(summary, tmp_path / "x.xlsx")
    days = column(openpyxl.load_workbook(tmp_path / "x.xlsx"), "评价", "day")
    assert days[:2] == ["1899-12-30", None]
    assert [f"{day:%Y-%m-%d}" for day in days[2:]] == summary["table"]["day"][2:]


def test_pareto_ends_with_what_has_no_name(summary: dict, tmp_path: Path) -> None:
    bars = [
        {"issue_id": str(k), "name": f"问题{k}", "n_reviews": 40 - k, "share": 0.1, "cumulative": 0.05 * k,
         "overlaps_next": True, "other": k == 15}
        for k in range(1, 16)
    ]  # fmt: skip
    excel.write({**summary, "pareto": bars}, tmp_path / "x.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "x.xlsx")["摘要"].iter_rows(values_only=True, max_col=4))
    shown = [row for row in rows if str(row[0]).startswith("问题")]
    assert [row[0] for row in shown] == [f"问题{k}" for k in (*range(1, 13), 15)]
    assert shown[-1][3] is None, "a point at 100 % would be a leap over the bars left out"


def test_issues_can_be_filtered_by_group(book: Workbook, summary: dict) -> None:
    names = {"listed": "列出", "rare": "少见", "unnamed": "未归类"}
    assert column(book, "问题", "group") == [names[row["group"]] for row in summary["issues"]]


def test_shares_are_percentages(book: Workbook) -> None:
    sheet = book["问题"]
    place = [cell.value for cell in sheet[1]].index(Words("zh")("column.share"))
    assert sheet[2][place].number_format == "0.0%"


def test_the_users_own_columns_are_empty_and_checked(book: Workbook, summary: dict) -> None:
    for key in ("own_feasibility", "own_owner", "own_due", "own_status"):
        assert set(column(book, "问题", key)) == {None}
    rules = {rule.type: rule for rule in book["问题"].data_validations.dataValidation}
    assert (rules["whole"].formula1, rules["whole"].formula2) == ("1", "5")
    assert str(rules["whole"].sqref).endswith(str(1 + len(summary["issues"])))
    assert "未开始" in rules["list"].formula1


def test_long_texts_are_cut_where_excel_would_refuse(taxonomy: Taxonomy, tmp_path: Path) -> None:
    summary = make_summary(5, taxonomy)
    summary["table"]["text"][:2] = ["很" * 40_000, "\N{GRINNING FACE}" * 20_000]
    excel.write(summary, tmp_path / "x.xlsx")
    for text in column(openpyxl.load_workbook(tmp_path / "x.xlsx"), "评价", "text")[:2]:
        assert len(text.encode("utf-16-le")) // 2 <= excel.MAX_CELL
        assert text.endswith("…")


def test_rows_beyond_a_sheet_are_left_out(
    summary: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MAX_ROWS", 100)
    excel.write(summary, tmp_path / "x.xlsx")
    assert openpyxl.load_workbook(tmp_path / "x.xlsx")["评价"].max_row == 101


def test_large_workbooks_hold_the_same(
    summary: dict, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MANY", 1)
    excel.write(summary, tmp_path / "x.xlsx")
    small, large = openpyxl.load_workbook(path), openpyxl.load_workbook(tmp_path / "x.xlsx")
    for name in SHEETS:
        assert list(small[name].values) == list(large[name].values)
    assert [item.name for item in tmp_path.iterdir()] == ["x.xlsx"], "nothing is left beside it"


def test_no_issues(taxonomy: Taxonomy, summary: dict, tmp_path: Path) -> None:
    bare = {**summary, "issues": [], "pareto": [], "elements": [], "facets": [], "periods": []}
    excel.write(bare, tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert [len(book[name]._charts) for name in SHEETS] == [0] * len(SHEETS)


def test_the_same_summary_is_the_same_file(summary: dict, path: Path, tmp_path: Path) -> None:
    excel.write(summary, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_a_place_that_cannot_be_written_is_an_os_error(summary: dict, tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the writer's atomic() puts the sentence to it
        excel.write(summary, tmp_path / "missing" / "x.xlsx")
