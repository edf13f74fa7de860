from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pyarrow as pa
import pytest
import xlwt

from feedback_nlp.errors import InputError
from feedback_nlp.io.readers import read
from feedback_nlp.io.streams import open_stream

HEADER = ["工单号", "投诉内容", "满意度评分", "受理时间"]
ROWS = [
    ["007", "物流太慢了，等了一周", 2, dt.datetime(2025, 3, 1, 8, 5)],
    ["008", "客服很耐心", 5, dt.datetime(2025, 3, 2)],
]


def book(path, sheets, merges=(), hidden=()):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for merge in merges:
            sheet.merge_cells(merge)
        if name in hidden:
            sheet.sheet_state = "hidden"
    workbook.save(path)
    return path


def rows_of(raw):
    return [list(row.values()) for row in raw.table.to_pylist()]


def notes_of(raw):
    return " ".join(note.zh for note in raw.info.notes)


def test_typed_cells(tmp_path):
    raw = read(book(tmp_path / "a.xlsx", {"数据": [HEADER, *ROWS]}))
    assert raw.table.column_names == HEADER
    assert rows_of(raw) == ROWS
    assert [str(kind) for kind in raw.table.schema.types] == ["string", "string", "int64", "timestamp[s]"]
    assert raw.info.sheet == "数据"
    assert raw.info.format == "xlsx"


def test_numbers_with_fractions_and_mixed_cells(tmp_path):
    rows = [["编号", "评分", "混合"], [1001, 4.5, 1], [1002, 5, "一"], [1003, 3, dt.datetime(2025, 3, 1)]]
    raw = read(book(tmp_path / "a.xlsx", {"a": rows}))
    assert raw.table["编号"].to_pylist() == [1001, 1002, 1003]
    assert raw.table["评分"].to_pylist() == [4.5, 5.0, 3.0]
    assert raw.table["混合"].to_pylist() == ["1", "一", "2025-03-01"]


def test_title_rows(tmp_path):
    rows = [["客户投诉明细表"], ["导出时间：2025-04-01"], [], HEADER, *ROWS]
    raw = read(book(tmp_path / "a.xlsx", {"a": rows}, merges=["A1:D1", "A2:D2"]))
    assert raw.table.column_names == HEADER
    assert rows_of(raw) == ROWS
    assert raw.info.header_row == 4


def test_cells_merged_downwards_in_the_data(tmp_path):
    rows = [
        ["门店", "投诉内容", "时间", "金额"],
        ["东店", "物流太慢了，等了一周", "2025/3/1", 90],
        [None, "客服不回复", "2025/3/1", None],
        [None, None, None, None],
        ["西店", "退款拖了一个月", "2025/3/2", 10],
        [None, "包装破了", None, 20],
    ]
    path = book(tmp_path / "a.xlsx", {"a": rows}, merges=["A2:A4", "D2:D3", "A5:A6", "C5:C6"])
    raw = read(path)
    assert raw.table["门店"].to_pylist() == ["东店", "东店", "西店", "西店"]
    assert raw.table["时间"].to_pylist() == ["2025/3/1", "2025/3/1", "2025/3/2", "2025/3/2"]
    assert raw.table["金额"].to_pylist() == [90, None, 10, 20]
    streamed = pa.concat_tables([block.table for block in open_stream(path).blocks()])
    assert streamed["门店"].to_pylist() == raw.table["门店"].to_pylist()


def test_numbers_too_long_for_a_workbook(tmp_path):
    rows = [["订单号", "投诉内容"], [2025010100000000, "太慢"], [2025010100000000, "很差"]]
    assert "“订单号”里有超过 15 位的数字" in notes_of(read(book(tmp_path / "a.xlsx", {"a": rows})))
    rows = [["订单号", "投诉内容"], [202501010000000, "太慢"], ["2025010100000000", "很差"]]
    assert "15 位" not in notes_of(read(book(tmp_path / "b.xlsx", {"a": rows})))


def test_two_row_header_with_merged_cells(tmp_path):
    rows = [
        ["投诉明细", None, None, None, None],
        ["工单号", "评价", None, "基本信息", None],
        [None, "投诉内容", "评分", "门店", "时间"],
        ["01", "太慢", 1, "东店", "2025/3/1"],
        ["02", "很好", 5, "西店", "2025/3/2"],
    ]
    merges = ["A1:E1", "A2:A3", "B2:C2", "D2:E2"]
    raw = read(book(tmp_path / "a.xlsx", {"a": rows}, merges=merges))
    assert raw.table.column_names == ["工单号", "投诉内容", "评分", "门店", "时间"]
    assert raw.table["工单号"].to_pylist() == ["01", "02"]
    assert raw.info.header_row == 3


def test_groups_make_repeated_names_unique(tmp_path):
    rows = [
        ["编号", "物流", None, "客服", None],
        [None, "评分", "评论内容", "评分", "评论内容"],
        ["1", 1, "太慢了", 5, "很耐心"],
    ]
    raw = read(book(tmp_path / "a.xlsx", {"a": rows}, merges=["A1:A2", "B1:C1", "D1:E1"]))
    assert raw.table.column_names == ["编号", "物流/评分", "物流/评论内容", "客服/评分", "客服/评论内容"]
    assert raw.info.n_rows == 1


def test_sheet_that_looks_like_feedback_is_chosen(tmp_path):
    sheets = {
        "说明": [["本表由系统导出"], ["请勿修改"]],
        "汇总": [["门店", "数量"], ["东店", 12], ["西店", 7]],
        "明细": [HEADER, *ROWS],
        "旧": [HEADER, *ROWS],
    }
    raw = read(book(tmp_path / "a.xlsx", sheets, hidden=["旧"]))
    assert raw.info.sheet == "明细"
    assert "汇总" in notes_of(raw)
    assert "旧" not in notes_of(raw)


def test_long_texts_decide_without_known_headers(tmp_path):
    sheets = {
        "一": [["甲", "乙"], ["红", 1], ["蓝", 2]],
        "二": [
            ["丙", "丁"],
            ["等了一周还没有发货，打电话也没有人接", 1],
            ["退款拖了一个月，一直说在处理", 2],
        ],
    }
    assert read(book(tmp_path / "a.xlsx", sheets)).info.sheet == "二"


@pytest.mark.parametrize("sheet", ["汇总", "1", 1, " 汇总 "])
def test_sheet_by_name_or_number(tmp_path, sheet):
    path = book(tmp_path / "a.xlsx", {"汇总": [["门店", "数量"], ["东店", 12]], "明细": [HEADER, *ROWS]})
    raw = read(path, sheet=sheet)
    assert raw.info.sheet == "汇总"
    assert raw.info.notes == ()


@pytest.mark.parametrize("sheet", ["没有", "3", 0])
def test_wrong_sheet_lists_those_there(tmp_path, sheet):
    path = book(tmp_path / "a.xlsx", {"汇总": [["门店"]], "明细": [HEADER, *ROWS]})
    with pytest.raises(InputError, match="没有工作表") as caught:
        read(path, sheet=sheet)
    assert "汇总、明细" in str(caught.value)


def test_sheet_named_like_a_number_wins_over_the_number(tmp_path):
    path = book(tmp_path / "a.xlsx", {"2": [["编号", "内容"], ["1", "甲"]], "明细": [HEADER, *ROWS]})
    assert read(path, sheet="2").info.sheet == "2"


def months(path):
    title = [["投诉明细"]]
    return book(
        path,
        {
            "1月": [*title, HEADER, *ROWS],
            "2月": [HEADER[::-1], *(row[::-1] for row in ROWS)],
            "说明": [["本表由客服中心导出"], ["联系人"]],
            "空": [],
            "3月": [HEADER, ["009", "退款一直不到账", "很不满意", dt.datetime(2025, 3, 5)]],
            "旧": [HEADER, *ROWS],
        },
        hidden=["旧"],
    )


def test_sheets_with_one_header_are_joined(tmp_path):
    path = months(tmp_path / "a.xlsx")
    raw = read(path, sheet="all")
    assert raw.table.column_names == [*HEADER, "fb_sheet"]
    assert raw.table["fb_sheet"].to_pylist() == ["1月", "1月", "2月", "2月", "3月"]
    assert raw.table["工单号"].to_pylist() == ["007", "008", "007", "008", "009"]
    assert raw.table["满意度评分"].to_pylist() == ["2", "5", "2", "5", "很不满意"]
    assert raw.info.sheet == "1月, 2月, 3月"
    assert "接起了 3 张工作表：1月、2月、3月；没有读的（表头不同或没有数据）：说明" in notes_of(raw)
    assert "1月：表头在第 2 行" in notes_of(raw)
    stream = open_stream(path, sheet="all")
    blocks = [block.table for block in stream.blocks()]
    assert [cell for block in blocks for cell in block["fb_sheet"].to_pylist()] == raw.table[
        "fb_sheet"
    ].to_pylist()
    assert [note.zh for note in stream.info.notes] == [note.zh for note in raw.info.notes]


def test_the_note_on_one_of_several_says_how_to_read_all(tmp_path):
    assert "--sheet all 把表头相同的 3 张都读进来" in notes_of(read(months(tmp_path / "a.xlsx")))
    one = book(tmp_path / "b.xlsx", {"数据": [HEADER, *ROWS], "说明": [["导出说明"], ["无"]]})
    assert "--sheet all" not in notes_of(read(one))


def test_a_sheet_called_all_is_that_sheet(tmp_path):
    path = book(tmp_path / "a.xlsx", {"1月": [HEADER, *ROWS], "all": [HEADER, ROWS[0]]})
    assert read(path, sheet="all").table["工单号"].to_pylist() == ["007"]


def test_blank_rows_inside_are_counted_and_below_are_not(tmp_path):
    rows = [HEADER, ROWS[0], [None] * 4, ["", " ", None, None], ROWS[1], [None] * 4, [" "]]
    raw = read(book(tmp_path / "a.xlsx", {"a": rows}))
    assert rows_of(raw) == ROWS
    assert "空行 2 行" in notes_of(raw)


def test_columns_without_name_or_value_are_dropped(tmp_path):
    raw = read(book(tmp_path / "a.xlsx", {"a": [["编号", None, "内容", None], ["1", "有", "好", None]]}))
    assert raw.table.column_names == ["编号", "列2", "内容"]


def test_table_that_does_not_begin_in_the_first_cell(tmp_path):
    rows = [[None] * 6, [None, None, *HEADER], *([None, None, *row] for row in ROWS)]
    raw = read(book(tmp_path / "a.xlsx", {"a": rows}))
    assert raw.table.column_names == HEADER
    assert rows_of(raw) == ROWS


def test_line_breaks_and_formula_like_texts(tmp_path):
    rows = [["编号", "内容"], ["1", "第一行\n第二行"], ["2", "'=1+1"]]
    assert read(book(tmp_path / "a.xlsx", {"a": rows})).table["内容"].to_pylist() == [
        "第一行\n第二行",
        "'=1+1",
    ]


def test_old_xls(tmp_path):
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("投诉")
    date = xlwt.easyxf(num_format_str="yyyy/m/d h:mm")
    for row, cells in enumerate([HEADER, *ROWS]):
        for place, cell in enumerate(cells):
            sheet.write(row, place, cell, *([date] if isinstance(cell, dt.datetime) else []))
    workbook.save(str(tmp_path / "a.xls"))
    raw = read(tmp_path / "a.xls")
    assert rows_of(raw) == ROWS
    assert raw.info.format == "xls"


def test_workbook_under_a_csv_name(tmp_path):
    raw = read(book(tmp_path / "a.xlsx", {"a": [HEADER, *ROWS]}).rename(tmp_path / "a.csv"))
    assert rows_of(raw) == ROWS
    assert raw.info.format == "xlsx"


def test_text_under_an_excel_name(tmp_path):
    path = tmp_path / "a.xls"
    path.write_text("编号\t内容\n1\t好\n", encoding="gb18030")
    assert rows_of(read(path)) == [["1", "好"]]


def test_web_page_under_an_excel_name(tmp_path):
    path = tmp_path / "a.xls"
    path.write_text("<html><body><table><tr><td>内容</td></tr></table></body></html>", encoding="utf-8")
    with pytest.raises(InputError, match="网页"):
        read(path)


def test_password(tmp_path):
    from msoffcrypto.format.ooxml import OOXMLFile

    path = book(tmp_path / "plain.xlsx", {"a": [HEADER, *ROWS]})
    with path.open("rb") as plain, (tmp_path / "a.xlsx").open("wb") as locked:
        OOXMLFile(plain).encrypt("secret", locked)
    with pytest.raises(InputError, match="密码") as caught:
        read(tmp_path / "a.xlsx")
    assert "password" in caught.value.message("en")


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_truncated(tmp_path, keep):
    path = book(tmp_path / "a.xlsx", {"a": [HEADER, *ROWS * 100]})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(InputError, match="损坏"):
        read(path)


def test_garbage_inside(tmp_path):
    path = book(tmp_path / "a.xlsx", {"a": [HEADER, *ROWS]})
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"<broken" if name.endswith("sheet1.xml") else old.read(name))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(InputError):
        read(path)


def test_zip_that_is_no_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "编号,内容\n1,好\n")
    with pytest.raises(InputError, match="不认识"):
        read(tmp_path / "a.zip")


def test_zip_under_a_workbook_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("a.csv", "编号,内容\n1,好\n")
    with pytest.raises(InputError, match="损坏"):
        read(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("rows", "match"), [([], "空的"), ([HEADER], "只有表头"), ([HEADER, [None], [" "]], "只有表头")]
)
def test_nothing_in_it(tmp_path, rows, match):
    with pytest.raises(InputError, match=match):
        read(book(tmp_path / "a.xlsx", {"a": rows}))


def test_header_only_names_the_sheet(tmp_path):
    path = book(tmp_path / "a.xlsx", {"一": [HEADER], "二": [HEADER, *ROWS]})
    assert read(path).info.sheet == "二"
    with pytest.raises(InputError, match="一"):
        read(path, sheet="一")


def test_formulas_nobody_has_calculated_are_counted(tmp_path):
    rows = [HEADER, *ROWS, ["009", "退款慢", "=1+1", "=NOW()"]]
    path = book(tmp_path / "a.xlsx", {"数据": rows, "别的": [["x"], ["=1+1"]]})
    assert "有 2 格是还没算过的公式" in notes_of(read(path, sheet="数据"))
    assert "有 2 格" in " ".join(note.zh for note in open_stream(path, sheet="数据").info.notes)
    assert "公式" not in notes_of(read(book(tmp_path / "b.xlsx", {"a": [HEADER, *ROWS]})))
