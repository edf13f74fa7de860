"""The human loop: what Excel and people do to the workbook does no harm, or is named by its cell."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from feedback_nlp.errors import ConfigError, InputError, OutputError
from feedback_nlp.gold import read
from feedback_nlp.pipeline import score
from feedback_nlp.pipeline.audit import sample_audit
from feedback_nlp.pipeline.corrections import Imported, import_review
from feedback_nlp.pipeline.result import Scored
from feedback_nlp.pipeline.review import export_review

TEXTS = [
    "物流太慢了，客服倒是很耐心，退款拖了一周",
    "安装师傅没来，电话也打不通，气死我了",
    "味道一般，分量还行，打电话13812345678没人接",
    "屏幕有划痕，客服说不管",
    "说好的优惠没给，被多扣了二十",
    "房间有股怪味，前台爱理不理",
    "快递盒子压扁了，东西没坏",
    "App 老是闪退，登录不上",
    "声音有点大，别的都好",
    "=1+1 这个价格不值，再也不来了",
    "",
    "此用户没有填写评价。",
]


@pytest.fixture(scope="module")
def scored() -> Scored:
    return score(TEXTS)


@pytest.fixture
def book(scored: Scored, tmp_path: Path) -> Path:
    path = tmp_path / "待复核.xlsx"
    export_review(scored, path, n=30)
    return path


Edit = Callable[[Any, dict[str, int]], None]


def edited(path: Path, edit: Edit, name: str | None = None) -> Path:
    """Open the workbook, change its second sheet, save it."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    edit(sheet, {cell.value: cell.column for cell in sheet[1]})
    target = path.with_name(name) if name else path
    book.save(target)
    return target


def put(sheet: Any, row: int, column: int, value: Any) -> None:
    """Write a cell; openpyxl takes None to cell() as "leave it"."""
    sheet.cell(row, column).value = value


def row_of(sheet: Any, columns: dict[str, int], clause: str) -> int:
    return next(
        row for row in range(2, sheet.max_row + 1) if sheet.cell(row, columns["要判断的小句"]).value == clause
    )


def answer(clause: str, **cells: str | None) -> Edit:
    def edit(sheet: Any, columns: dict[str, int]) -> None:
        for title, value in cells.items():
            put(sheet, row_of(sheet, columns, clause), columns[title], value)

    return edit


def both(*edits: Edit) -> Edit:
    def edit(sheet: Any, columns: dict[str, int]) -> None:
        for one in edits:
            one(sheet, columns)

    return edit


def back(path: Path, **options: Any) -> Imported:
    return import_review(path, path.with_name("corrections.jsonl"), **options)


def test_the_workbook_says_what_to_do_and_offers_choices(book: Path) -> None:
    opened = openpyxl.load_workbook(book, rich_text=True)
    assert opened.sheetnames == ["说明", "待复核", "选项"]
    guide, sheet, lists = opened.worksheets
    assert "review import" in " ".join(str(cell.value) for cell in guide["B"])
    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    n_rows = sheet.max_row
    assert rules[f"E2:E{n_rows}"] == "'选项'!$E$1:$E$3"
    assert rules[f"F2:F{n_rows}"] == "'选项'!$A$1:$A$34"
    assert [cell.value for cell in lists["C"][:3]] == ["负面", "中性", "正面"]
    marked = 0
    for text, clause in sheet.iter_rows(min_row=2, min_col=2, max_col=3, values_only=True):
        runs = [run for run in text if not isinstance(run, str) and run.font.b] if "，" in str(text) else []
        marked += [run.text for run in runs] == [clause]
        assert str(clause) in str(text)
    assert marked >= n_rows / 2


def test_it_is_masked_and_never_a_formula(scored: Scored, book: Path, tmp_path: Path) -> None:
    def texts(path: Path) -> str:
        sheet = openpyxl.load_workbook(path).worksheets[1]
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        return " ".join(str(cell.value) for cell in sheet["B"])

    assert "13812345678" not in texts(book)
    export_review(scored, tmp_path / "open.xlsx", mask=False)
    assert "13812345678" in texts(tmp_path / "open.xlsx")


def test_the_same_input_gives_the_same_bytes(scored: Scored, book: Path, tmp_path: Path) -> None:
    export_review(scored, tmp_path / "again.xlsx", n=30)
    assert (tmp_path / "again.xlsx").read_bytes() == book.read_bytes()


def test_untouched_it_brings_nothing(book: Path) -> None:
    found = back(book)
    assert (found.n_reviewed, found.n_clauses, found.n_rules) == (0, 0, 0)
    assert found.path.read_text(encoding="utf-8") == ""


def test_confirmed_changed_added_and_none(book: Path) -> None:
    edit = both(
        answer("物流太慢了", 对吗="对"),
        answer("东西没坏", 方面1="物流·包装破损", 褒贬1="正面", 方面2=None, 整条态度="中性"),
        answer("前台爱理不理", 方面2="service.efficiency", 褒贬2="-1"),
        answer("别的都好", 对吗="都没提到"),
        answer("登录不上", 对吗="拿不准", 方面1="物流·时效"),
    )
    found = back(edited(book, edit))
    assert (found.n_reviewed, found.n_confirmed, found.n_unsure) == (4, 1, 1)
    reviews = {review.text: review for review in read(found.path)}
    said = {
        text[slice(*review.clauses[place])]: {label[1:] for label in review.labels if label[0] == place}
        for text, review in reviews.items()
        for place in review.reviewed or ()
    }
    assert said["物流太慢了"] == {("logistics.speed", -1)}
    assert said["东西没坏"] == {("logistics.packaging", 1)}
    assert said["前台爱理不理"] == {("service.attitude", -1), ("service.efficiency", -1)}
    assert said["别的都好"] == set()
    assert len(said) == 4
    assert reviews["快递盒子压扁了，东西没坏"].overall == 0
    shown = {change.clause: change for change in found.changes}
    assert shown["东西没坏"].after == "物流·包装破损 正面｜整条 中性"
    assert shown["东西没坏"].cell.startswith("E")


def test_clearing_a_facet_takes_it_away(book: Path) -> None:
    found = back(edited(book, answer("前台爱理不理", 方面1=None)))
    (review,) = read(found.path)
    assert review.labels == ()
    assert review.reviewed == (1,)


def test_what_excel_does_in_between_does_no_harm(book: Path, tmp_path: Path) -> None:
    edit = both(answer("物流太慢了", 对吗="对"), answer("别的都好", 对吗="都没提到"))
    plain = back(edited(book, edit), rules=tmp_path / "one.toml").path.read_text(encoding="utf-8")

    def mess(sheet: Any, columns: dict[str, int]) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        random.Random(1).shuffle(rows)
        order = list(range(1, sheet.max_column + 1))
        random.Random(2).shuffle(order)
        heads = [cell.value for cell in sheet[1]]
        sheet.delete_rows(1, sheet.max_row)
        sheet.append(["张三看过", None])
        sheet.append(["我的列", *(heads[place - 1] for place in order)])
        for row in rows:
            if str(row[1]).startswith("="):
                continue  # openpyxl would make it a formula
            sheet.append(["随便写", *(row[place - 1] for place in order)])
        for column in "ABCDEF":
            sheet.column_dimensions[column].width = 77
        sheet.row_dimensions[4].hidden = True
        sheet.title = "改了名"

    messy = edited(book, mess, "messy.xlsx")
    found = import_review(messy, tmp_path / "two.jsonl")
    assert sorted(found.path.read_text(encoding="utf-8").splitlines()) == sorted(plain.splitlines())


def test_twice_is_once(book: Path) -> None:
    edit = both(answer("物流太慢了", 对吗="对"), answer("别的都好", 对吗="都没提到"))
    first = back(edited(book, edit))
    content, rules = first.path.read_bytes(), first.rules.read_bytes()
    again = back(book)
    assert (first.n_new, again.n_new, again.revised) == (2, 0, ())
    assert first.path.read_bytes() == content
    assert first.rules.read_bytes() == rules


def test_a_later_answer_stands_and_is_shown(book: Path) -> None:
    back(edited(book, answer("别的都好", 对吗="都没提到")))
    found = back(edited(book, answer("别的都好", 对吗=None, 方面1="产品·质量做工", 褒贬1="正面")))
    (change,) = found.revised
    assert (change.before, change.after) == ("（没有提到）", "产品·质量做工 正面")
    (review,) = read(found.path)
    assert [label[1:] for label in review.labels] == [("product.quality", 1)]


def test_export_import_export(scored: Scored, book: Path, tmp_path: Path) -> None:
    found = back(edited(book, answer("物流太慢了", 对吗="对")))
    export_review(scored, tmp_path / "same.xlsx", n=30)
    rows = [
        [[cell.value for cell in row] for row in openpyxl.load_workbook(path).worksheets[1].iter_rows()]
        for path in (book, tmp_path / "same.xlsx")
    ]
    assert len(rows[0]) == len(rows[1])
    export_review(scored, tmp_path / "left.xlsx", n=30, corrections=found.path)
    left = openpyxl.load_workbook(tmp_path / "left.xlsx").worksheets[1]
    clauses = [cell.value for cell in left["C"]]
    assert "物流太慢了" not in clauses
    assert "客服倒是很耐心" in clauses


@pytest.mark.parametrize(
    ("edit", "cell", "words"),
    [
        (answer("物流太慢了", 方面1="物流速度"), "F", "物流速度"),
        (answer("物流太慢了", 褒贬1="很差"), "G", "很差"),
        (answer("物流太慢了", 褒贬1=None), "G", "没填褒贬"),
        (answer("物流太慢了", 对吗="嗯"), "E", "嗯"),
        (answer("物流太慢了", 整条态度="一般般"), "", "一般般"),
        (answer("物流太慢了", 评价编号="别的"), "A", "评价编号被改过"),
        (answer("物流太慢了", 评价原文="物流太慢了"), "B", "评价原文被改过"),
        (answer("物流太慢了", 模型原来的判断="随便"), "", "模型原来的判断"),
        (answer("物流太慢了", **{"校验码（勿动）": None}), "", "校验码"),
        (answer("物流太慢了", **{"校验码（勿动）": "0-²-a-b-c"}), "", "校验码"),
        (answer("物流太慢了", 对吗="对", 要判断的小句="客服倒是很耐心"), "C", "要判断的小句"),
        (answer("物流太慢了", 对吗="都没提到", 方面1="价格·价格水平"), "", "都没提到"),
    ],
)
def test_nonsense_is_one_line_with_the_cell(book: Path, edit: Edit, cell: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        back(edited(book, edit))
    message = caught.value.message()
    assert "\n" not in message
    assert words in message
    assert f"待复核!{cell}" in message
    assert "另有" not in message
    assert not book.with_name("corrections.jsonl").exists()
    assert not list(book.parent.glob("*.toml"))


def test_further_errors_are_counted(book: Path) -> None:
    edit = both(*(answer(clause, 对吗="什么") for clause in ("物流太慢了", "别的都好", "登录不上")))
    with pytest.raises(InputError, match=r"另有 2 处：待复核!E\d+、待复核!E\d+。"):
        back(edited(book, edit))


def test_a_deleted_column_is_named(book: Path) -> None:
    with pytest.raises(InputError, match="缺少列：校验码"):
        back(edited(book, lambda sheet, columns: sheet.delete_cols(columns["校验码（勿动）"])))


def test_another_workbook_or_sheet_is_refused(book: Path, tmp_path: Path) -> None:
    other = openpyxl.Workbook()
    other.active.append(["编号", "内容"])
    other.save(tmp_path / "other.xlsx")
    with pytest.raises(InputError, match="没有一张表是导出的样子"):
        back(tmp_path / "other.xlsx")
    sample_audit(score(TEXTS[:2], model="lexicon"), tmp_path / "抽样.xlsx")
    with pytest.raises(InputError, match="没有一张表是导出的样子"):
        back(tmp_path / "抽样.xlsx")
    with pytest.raises(InputError, match="没有工作表“表9”"):
        back(book, sheet="表9")
    (tmp_path / "text.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InputError, match="不是 Excel 工作簿"):
        back(tmp_path / "text.csv")
    with pytest.raises(InputError, match="找不到文件"):
        back(tmp_path / "none.xlsx")


def test_two_people_who_disagree_are_told_where(book: Path, tmp_path: Path) -> None:
    one = edited(book, answer("别的都好", 对吗="都没提到"), "甲.xlsx")
    two = edited(book, answer("别的都好", 方面1="产品·质量做工", 褒贬1="正面"), "乙.xlsx")
    with pytest.raises(InputError) as caught:
        import_review([one, two], tmp_path / "c.jsonl")
    message = caught.value.message()
    assert "乙.xlsx 的 待复核!F" in message
    assert "甲.xlsx 待复核!" in message
    assert not (tmp_path / "c.jsonl").exists()


def test_one_review_with_two_attitudes_is_told_where(scored: Scored, book: Path) -> None:
    """Two attitudes, neither of them the model's own: that would be left as it is, no answer."""
    own = scored.columns["fb_label"][0].as_py()
    names = {"negative": "负面", "neutral": "中性", "positive": "正面"}
    one, other = (name for label, name in names.items() if label != own)
    edit = both(answer("物流太慢了", 整条态度=one), answer("客服倒是很耐心", 整条态度=other))
    with pytest.raises(InputError, match="两个答案"):
        back(edited(book, edit))


def test_bad_requests(scored: Scored, book: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="已经存在"):
        export_review(scored, book)
    with pytest.raises(OutputError, match=r"后缀不是 \.xlsx"):
        export_review(scored, tmp_path / "a.csv")
    with pytest.raises(OutputError, match=r"不能存成“\.xlsx”"):
        import_review(book, tmp_path / "c.xlsx")
    with pytest.raises(ConfigError, match="行数 0"):
        export_review(scored, tmp_path / "a.xlsx", n=0)
    with pytest.raises(InputError, match="没有值得问的小句"):
        export_review(score(["", "Great product"]), tmp_path / "a.xlsx")


def test_english_twin_reads_chinese_and_english(scored: Scored, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    export_review(scored, path, lang="en")
    sheet = openpyxl.load_workbook(path).worksheets[1]
    columns = {cell.value: cell.column for cell in sheet[1]}
    row = next(row for row in range(2, 40) if sheet.cell(row, columns["clause"]).value == "物流太慢了")
    assert sheet.cell(row, columns["facet 1"]).value == "Logistics·Speed"

    def edit(opened: Any, titles: dict[str, int]) -> None:
        put(opened, row, titles["facet 1"], "物流·配送服务")
        put(opened, row, titles["side 1"], "negative")

    found = back(edited(path, edit), lang="en")
    (review,) = read(found.path)
    assert [label[1:] for label in review.labels] == [("logistics.courier", -1)]
