from __future__ import annotations

import csv
import gzip

import pyarrow as pa
import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.io.delimited import sniff
from feedback_nlp.io.readers import read

HEADER = ["工单号", "评论内容", "评分", "评论时间"]
ROWS = [
    ["001", "物流太慢了，等了一周", "2", "2025/3/1"],
    ["002", "客服很耐心", "5", "2025-03-02 8:05"],
    ["003", "退款拖了一个月", "1", "2025年3月3日"],
]


def write(path, rows, *, encoding="utf-8", delimiter=",", quoting=csv.QUOTE_MINIMAL):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(rows)
    return path


def rows_of(raw):
    return [list(row.values()) for row in raw.table.to_pylist()]


def notes_of(raw, lang="zh"):
    return " ".join(note.in_(lang) for note in raw.info.notes)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_every_encoding_gives_the_same_table(tmp_path, encoding):
    raw = read(write(tmp_path / "a.csv", [HEADER, *ROWS], encoding=encoding))
    assert raw.table.column_names == HEADER
    assert rows_of(raw) == ROWS
    assert raw.info.header_row == 1
    assert raw.info.n_rows == 3
    assert raw.info.notes == ()


def test_encoding_is_named(tmp_path):
    assert read(write(tmp_path / "a.csv", [HEADER, *ROWS], encoding="gb18030")).info.encoding == "gb18030"
    assert read(write(tmp_path / "b.csv", [HEADER, *ROWS], encoding="utf-8-sig")).info.encoding == "utf-8-sig"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".txt", ".tsv"])
def test_delimiter_is_found(tmp_path, delimiter, suffix):
    raw = read(write(tmp_path / f"a{suffix}", [HEADER, *ROWS], delimiter=delimiter))
    assert rows_of(raw) == ROWS


def test_delimiter_in_texts_does_not_confuse():
    head = "编号;内容\n1;快,好,省\n2;慢,差\n3;还行\n"
    assert sniff(head) == ";"


def test_stated_separator_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\r\n编号;内容\r\n1;好, 很好\r\n", encoding="utf-8")
    raw = read(path)
    assert raw.table.column_names == ["编号", "内容"]
    assert rows_of(raw) == [["1", "好, 很好"]]


def test_ids_and_numbers_stay_strings(tmp_path):
    raw = read(write(tmp_path / "a.csv", [HEADER, *ROWS]))
    assert {str(kind) for kind in raw.table.schema.types} == {"string"}
    assert raw.table["工单号"].to_pylist() == ["001", "002", "003"]


def test_quoted_line_breaks_and_delimiters(tmp_path):
    text = '第一行，\n第二行, "引用"\r\n第三行'
    raw = read(write(tmp_path / "a.csv", [HEADER, ["1", text, "5", ""]]))
    assert raw.table["评论内容"].to_pylist() == [text]
    assert raw.table["评论时间"].to_pylist() == [None]


def test_title_rows_are_skipped(tmp_path):
    rows = [["2025年一季度投诉清单"], ["导出时间：2025-04-01", "导出人：系统"], [], HEADER, *ROWS]
    raw = read(write(tmp_path / "a.csv", rows))
    assert raw.table.column_names == HEADER
    assert rows_of(raw) == ROWS
    assert raw.info.header_row == 4
    assert "第 4 行" in notes_of(raw)


def test_title_row_padded_to_the_width(tmp_path):
    raw = read(write(tmp_path / "a.csv", [["投诉清单", "", "", ""], HEADER, *ROWS]))
    assert raw.table.column_names == HEADER
    assert raw.info.header_row == 2


def test_header_with_quoted_line_break(tmp_path):
    raw = read(write(tmp_path / "a.csv", [["编号", "评论内容\n（必填）"], ["1", "好"]]))
    assert raw.table.column_names == ["编号", "评论内容 （必填）"]
    assert rows_of(raw) == [["1", "好"]]


def test_blank_rows_are_dropped_and_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("编号,内容\n1,好\n\n,\n  , \n   \n2,差\n", encoding="utf-8")
    raw = read(path)
    assert rows_of(raw) == [["1", "好"], ["2", "差"]]
    assert "跳过空行" in notes_of(raw)


def test_empty_and_repeated_names(tmp_path):
    raw = read(write(tmp_path / "a.csv", [["编号", "内容", "", "内容", ""], ["1", "好", "x", "差", ""]]))
    assert raw.table.column_names == [
        "编号",
        "内容",
        "列3",
        "内容 (2)",
    ]  # the last has neither name nor value
    assert "重名" in notes_of(raw)


def test_short_rows_are_filled_and_named(tmp_path):
    raw = read(write(tmp_path / "a.csv", [HEADER, ROWS[0], ["002", "只有两格"], ROWS[2]]))
    assert rows_of(raw)[1] == ["002", "只有两格", None, None]
    assert "第 3 行" in notes_of(raw)


def test_unquoted_delimiter_in_the_text_is_joined_back(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "工单号,评论内容,评分,评论时间\n001,好,5,2025/3/1\n002,慢,真慢,等了一周,1,2025/3/2\n003,行,3,2025/3/3\n",
        encoding="utf-8",
    )
    raw = read(path)
    assert rows_of(raw)[1] == ["002", "慢,真慢,等了一周", "1", "2025/3/2"]
    assert "第 3 行" in notes_of(raw)


def test_long_rows_that_fit_nowhere_go_to_new_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("评分,评论内容,编号\n5,好,1\n4,行,2,多的,更多\n", encoding="utf-8")
    raw = read(path)
    cells = rows_of(raw)[1]
    assert "多的" in "".join(cells)
    assert "更多" in "".join(cells)
    assert "第 3 行" in notes_of(raw)


@pytest.mark.parametrize("more", [[], ['4,"第四\n条"', "5,第五条"], ['4,第"四"条', '5,"第,五条"']])
@pytest.mark.parametrize("stray", ['1,"没有配对的引号', '"1","没有配对的引号'])
def test_quotation_mark_never_closed(tmp_path, stray, more):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["编号,内容", stray, "2,第二条", "3,第三条", *more]) + "\n", encoding="utf-8")
    raw = read(path)
    assert raw.table["编号"].to_pylist() == ["1", "2", "3", "4", "5"][: 3 + len(more)]
    assert raw.table["内容"].to_pylist()[:3] == ['"没有配对的引号', "第二条", "第三条"]
    assert "第 2 行" in notes_of(raw)
    if more:
        assert raw.table["内容"].to_pylist()[3:] in (["第四\n条", "第五条"], ['第"四"条', "第,五条"])


def test_lines_of_a_text_that_look_a_little_like_rows(tmp_path):
    texts = ["第一点\n好,但是贵\n第三点,还行", "1. 服务\n2,价格", "a\n\nb"]
    raw = read(write(tmp_path / "a.csv", [["编号", "内容"], *(["WD10", text] for text in texts)]))
    assert raw.table["内容"].to_pylist() == texts


def test_very_long_cell(tmp_path):
    text = "很长的投诉，" * 60_000
    raw = read(write(tmp_path / "a.csv", [HEADER, ["1", text, "1", ""], ["2", "短"]]))
    assert raw.table["评论内容"].to_pylist() == [text, "短"]


def test_field_limit_of_the_csv_module_is_left_alone(tmp_path):
    before = csv.field_size_limit()
    read(write(tmp_path / "a.csv", [HEADER, ["1", "短"]]))
    assert csv.field_size_limit() == before


def test_nul_survives(tmp_path):
    # Replaced afterwards, since the csv writer of Python 3.10 refuses NUL.
    path = write(tmp_path / "a.csv", [HEADER, ["1", "前~后", "1", ""], *ROWS * 20])
    path.write_bytes(path.read_bytes().replace(b"~", b"\0"))
    raw = read(path)
    assert raw.table["评论内容"][0].as_py() == "前\0后"


def test_body_of_line_breaks_is_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"sep=;\n\n")
    with pytest.raises(InputError):
        read(path)


def test_gzip_and_zstd(tmp_path):
    plain = write(tmp_path / "a.csv", [HEADER, *ROWS], encoding="gb18030").read_bytes()
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(plain))
    with pa.CompressedOutputStream(str(tmp_path / "c.csv.zst"), "zstd") as stream:
        stream.write(plain)
    assert rows_of(read(tmp_path / "b.csv.gz")) == rows_of(read(tmp_path / "c.csv.zst")) == ROWS


def test_list_of_texts_without_header(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("物流太慢了，等了一周。\n客服很耐心，好评！\n退款拖了一个月\n", encoding="utf-8")
    raw = read(path)
    assert raw.table.column_names == ["text"]
    assert raw.info.header_row is None
    assert raw.info.n_rows == 3
    assert "没有表头" in notes_of(raw)


def test_table_without_header(tmp_path):
    raw = read(write(tmp_path / "a.csv", ROWS))
    assert raw.table.column_names == ["列1", "列2", "列3", "列4"]
    assert rows_of(raw) == ROWS


def test_single_column_with_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("评论内容\n好\n\n差\n", encoding="utf-8")
    raw = read(path)
    assert rows_of(raw) == [["好"], ["差"]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path, line_end):
    path = tmp_path / "a.csv"
    path.write_bytes(line_end.join(["标题行", "编号,内容", "1,好", "2,差"]).encode())
    assert rows_of(read(path)) == [["1", "好"], ["2", "差"]]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n "])
def test_empty_file(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="空的"):
        read(path)


@pytest.mark.parametrize("content", ["编号,评论内容\n", "编号,评论内容", "编号,评论内容\n\n,\n"])
def test_header_only(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="只有表头"):
        read(path)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, bytes(range(256)) * 40])
def test_binary_under_a_csv_name(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="不是文本"):
        read(path)


def test_limit(tmp_path):
    raw = read(write(tmp_path / "a.csv", [HEADER, *ROWS]), limit=2)
    assert raw.table.num_rows == raw.info.n_rows == 2
