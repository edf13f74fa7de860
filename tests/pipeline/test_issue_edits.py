from __future__ import annotations

import openpyxl
import pytest

import feedback_nlp as fn
from feedback_nlp.errors import ConfigError, InputError
from feedback_nlp.insight.edits import Edits
from feedback_nlp.pipeline.issue_edits import edits_of, found_edits, keep, read_workbook

TEXTS = [
    "退款一直不到账",
    "退款拖了一个月",
    "安装师傅爽约",
    "早餐种类太少",
    "早餐在二楼",
    "泳池在三楼",
    "物流太慢",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("run")
    fn.analyze(TEXTS, model="lexicon", draws=20).write(target)
    return target


def fill(folder, path, **cells):
    """Fill in the sheet of the workbook: ``row=…`` and headers' first characters with what to write."""
    book = openpyxl.load_workbook(folder / "issues.xlsx")
    sheet = book["改问题"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    row = cells.pop("row", 2)
    for head, value in cells.items():
        column = next(place for name, place in heads.items() if name.startswith(head))
        sheet.cell(row, column, value)
    book.save(path)
    return str(sheet.cell(row, heads["问题编号"]).value)


def test_an_edited_workbook_is_read(folder, tmp_path):
    path = tmp_path / "issues.xlsx"
    issue = fill(
        folder, path, 改名为="新名字", 总是列出="是", 拆出新问题="拆出来的", 含这些词的="退款、re:到.账"
    )
    edits = read_workbook(path)
    assert edits.renames == {issue: "新名字"}
    assert edits.pins == (issue,)
    assert [(split.issue, split.name, split.terms) for split in edits.splits] == [
        (issue, "拆出来的", ("退款", "re:到.账"))
    ]


def test_a_number_in_a_cell_is_what_is_seen_there(folder, tmp_path):
    path = tmp_path / "issues.xlsx"
    issue = fill(folder, path, 拆出新问题=12315, 含这些词的=12315, 总是列出=1)
    edits = read_workbook(path)
    assert [(split.name, split.terms) for split in edits.splits] == [("12315", ("12315",))]
    assert edits.pins == (issue,)


def test_a_name_written_over_is_the_new_name(folder, tmp_path):
    path = tmp_path / "issues.xlsx"
    issue = fill(folder, path, 名称="钱退得慢")
    assert read_workbook(path).renames == {issue: "钱退得慢"}
    assert fill(folder, path, 名称="钱退得慢", 改名为="退款太慢") == issue
    assert read_workbook(path).renames == {issue: "退款太慢"}
    fill(folder, path, 名称="")
    assert not read_workbook(path)
    sheet = openpyxl.load_workbook(path)["改问题"]
    shown = [cell.value for cell in sheet[1] if not sheet.column_dimensions[cell.column_letter].hidden]
    assert "原来的名称" not in shown
    assert "含这些词的（用、隔开）" in shown


def test_the_next_run_honours_it_and_keeps_it(folder, tmp_path):
    issue = fill(folder, tmp_path / "issues.xlsx", 改名为="钱退得慢")
    edits = found_edits([tmp_path])
    result = fn.analyze(TEXTS, model="lexicon", draws=20, issues=edits)
    assert result.issues.set_index("issue_id").name[issue] == "钱退得慢"
    assert keep(tmp_path) == tmp_path / "issues.toml"
    result.write(tmp_path)
    assert not read_workbook(tmp_path / "issues.xlsx")
    assert found_edits([tmp_path, tmp_path]).renames == {issue: "钱退得慢"}
    assert keep(tmp_path) is None


def test_put_into_keeps_the_id_of_the_other(folder, tmp_path):
    issue = fill(folder, tmp_path / "issues.xlsx", row=3, 并入="另一个问题")
    edits = read_workbook(tmp_path / "issues.xlsx")
    assert [(merge.issues, merge.line) for merge in edits.merges] == [(("另一个问题", issue), 3)]


def test_half_a_split_is_refused_with_its_row(folder, tmp_path):
    fill(folder, tmp_path / "issues.xlsx", row=3, 拆出新问题="没有词")
    with pytest.raises(ConfigError, match=r"issues\.xlsx 第 3 行"):
        read_workbook(tmp_path / "issues.xlsx")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"改名为": "长" * 31}, "超过 30 个字"),
        ({"拆出新问题": "长" * 31, "含这些词的": "退款"}, "超过 30 个字"),
        ({"拆出新问题": "新", "含这些词的": "re:("}, "正则表达式“(”有误"),
        ({"总是列出": "随便"}, "看不懂“随便”"),
    ],
)
def test_a_cell_that_cannot_be_kept_is_refused_with_its_row(folder, tmp_path, cells, says):
    fill(folder, tmp_path / "issues.xlsx", row=3, **cells)
    with pytest.raises(ConfigError, match=r"issues\.xlsx 第 3 行") as caught:
        keep(tmp_path)
    assert says in str(caught.value)
    assert not (tmp_path / "issues.toml").exists()


def test_an_issue_is_not_put_into_itself(folder, tmp_path):
    path = tmp_path / "issues.xlsx"
    issue = fill(folder, path, row=3, 改名为="")
    for itself in (issue, openpyxl.load_workbook(path)["改问题"]["B3"].value):
        fill(folder, path, row=3, 并入=itself)
        with pytest.raises(ConfigError, match="不能并入它自己"):
            read_workbook(path)


def test_a_name_on_two_lines_is_one_line(folder, tmp_path):
    issue = fill(folder, tmp_path / "issues.xlsx", 改名为="退款\n太慢", 总是列出="否")
    keep(tmp_path)
    edits = Edits.read(tmp_path / "issues.toml")
    assert edits.renames == {issue: "退款 太慢"}
    assert not edits.pins


def test_a_name_that_another_issue_has_is_told(folder, tmp_path):
    names = fn.load_report(folder).issues.set_index("issue_id").name
    edits = Edits({names.index[0]: names.iloc[1]})
    result = fn.analyze(TEXTS, model="lexicon", draws=20, issues=edits)
    assert [note.zh for note in result.of_edits] == [
        f"改名以后，不止一个问题叫 {names.iloc[1]}；要合成一个，写在“并入”一列。"
    ]
    assert not fn.analyze(TEXTS, model="lexicon", draws=20).of_edits


def rework(path, edit):
    book = openpyxl.load_workbook(path)
    edit(book, book["改问题"], {cell.value: cell.column for cell in book["改问题"][1]})
    book.save(path)


def test_a_renamed_sheet_is_still_read(folder, tmp_path):
    path = tmp_path / "issues.xlsx"
    issue = fill(folder, path, 改名为="新名字")
    rework(path, lambda book, sheet, heads: setattr(sheet, "title", "小王改的"))
    assert found_edits([tmp_path]).renames == {issue: "新名字"}


@pytest.mark.parametrize("title", ["问题编号", "改名为"])
def test_a_deleted_or_renamed_column_is_named(folder, tmp_path, title):
    path = tmp_path / "issues.xlsx"
    fill(folder, path, 改名为="新名字")
    rework(path, lambda book, sheet, heads: setattr(sheet.cell(1, heads[title]), "value", "别的"))
    with pytest.raises(ConfigError, match=f"“改问题”表第 1 行缺少列：{title}"):
        found_edits([tmp_path])


def test_an_edit_without_its_issue_is_told(folder, tmp_path):
    path = tmp_path / "issues.xlsx"
    fill(folder, path, 改名为="新名字")
    rework(path, lambda book, sheet, heads: setattr(sheet.cell(2, heads["问题编号"]), "value", None))
    with pytest.raises(ConfigError, match=r"issues\.xlsx 第 2 行写了修改，可没有问题编号"):
        read_workbook(path)


def test_other_workbooks_decide_nothing(tmp_path):
    openpyxl.Workbook().save(tmp_path / "issues.xlsx")
    assert not found_edits([tmp_path])
    with pytest.raises(InputError, match="改问题"):
        read_workbook(tmp_path / "issues.xlsx")


def test_what_is_not_there_is_said(tmp_path):
    (tmp_path / "issues.toml").write_text('[rename]\n"没有这个" = "新"\n', encoding="utf-8")
    result = fn.analyze(TEXTS, model="lexicon", draws=20, issues=tmp_path / "issues.toml")
    assert any("没有这个" in note.zh for note in result.notes)
    assert len(result.with_options(result.options).notes) == len(result.notes)


def test_sources():
    assert edits_of(None) is None
    assert edits_of(Edits(pins=("甲",))) == Edits(pins=("甲",))
