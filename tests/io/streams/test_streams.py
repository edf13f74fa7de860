"""A stream gives what reading the whole file gives, whatever the blocks; bad rows don't end it."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.io import readers
from feedback_nlp.io.raw import Raw
from feedback_nlp.io.streams import base, delimited, expand, jsonlines, open_stream, parquet
from feedback_nlp.io.streams.base import MARK, Block
from feedback_nlp.io.streams.unify import Columns


@pytest.fixture(params=["small", "large"])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with blocks of the usual size and with tiny ones, so that files have many."""
    if request.param == "small":
        for module in (base, delimited, jsonlines, parquet):
            for name, value in (("BLOCK_ROWS", 7), ("BLOCK_BYTES", 300)):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, value)
        monkeypatch.setattr("feedback_nlp.io.streams.text.BLOCK_BYTES", 300)
        monkeypatch.setattr("feedback_nlp.io.streams.excel.BLOCK_ROWS", 7)
        monkeypatch.setattr("feedback_nlp.io.streams.parquet._FEWEST", 3)


def whole(path: Path) -> Raw:
    return readers.read(path)


def streamed(path: Path) -> tuple[pa.Table, list[Block]]:
    stream = open_stream(path)
    blocks = list(stream.blocks())
    assert blocks
    columns = Columns()
    for block in blocks:
        columns.add(block.table.schema)
    schema = columns.schema(stream.unnamed)
    return pa.concat_tables([Columns.cast(block.table, schema) for block in blocks]), blocks


def assert_same(path: Path) -> list[Block]:
    table, blocks = streamed(path)
    expected = whole(path)
    assert table.schema.remove_metadata() == expected.table.schema.remove_metadata()
    assert table.to_pydict() == expected.table.to_pydict()
    assert open_stream(path).info.encoding == expected.info.encoding
    return blocks


ROWS = [[f"W{i:03}", f"物流太慢了，等了{i}天" + "。" * (i % 4), str(i % 5 + 1)] for i in range(60)]


def csv_text(rows=ROWS, delimiter=",", end="\n") -> str:
    lines = [["编号", "评论内容", "评分"], *rows]
    return "".join(delimiter.join(cells) + end for cells in lines)


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_in_any_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text(end=end).encode(encoding))
    assert_same(path)


@pytest.mark.usefixtures("_sizes")
def test_line_ends_of_old_macs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text(end="\r").encode())
    assert_same(path)


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.zst", ".tsv"])
def test_packed_and_other_delimiters(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    data = csv_text(delimiter="\t" if suffix == ".tsv" else ",").encode()
    if suffix.endswith("gz"):
        data = gzip.compress(data)
    elif suffix.endswith("zst"):
        data = pa.compress(data, "zstd", asbytes=True)
    path.write_bytes(data)
    assert_same(path)


@pytest.mark.usefixtures("_sizes")
def test_cells_with_line_ends_quotes_and_delimiters(tmp_path: Path) -> None:
    chance = random.Random(3)
    path = tmp_path / "a.csv"
    body = ""
    for i in range(200):
        text = "".join(
            chance.choice(["物流慢", "\n", '""', ",", "好", "，", ' 5"' if i == 7 else "好"])
            for _ in range(9)
        )
        body += f'W{i},"{text}",{i % 5}\n' if i != 7 else 'W7,屏幕5"的,3\n'
    path.write_text("编号,评论内容,评分\n" + body, encoding="utf-8")
    blocks = assert_same(path)
    assert not any(block.bad for block in blocks)


@pytest.mark.usefixtures("_sizes")
def test_ragged_rows_are_bad_and_numbered(tmp_path: Path) -> None:
    rows = [list(row) for row in ROWS]
    rows[20] = ["W020", "只有两格"]
    rows[33] = ["W033", "太慢", "3", "多", "余"]
    rows[41] = ["", "", ""]
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    blocks = assert_same(path)
    bad = [
        (one.number, one.reason, block.table["编号"][one.row].as_py())
        for block in blocks
        for one in block.bad
    ]
    # The header is row 1.
    assert bad == [(22, "ragged", "W020"), (35, "ragged", "W033")]
    numbers = [block.number(row) for block in blocks for row in range(block.table.num_rows)]
    assert numbers == [number for number in range(2, 62) if number != 43]
    assert [number for block in blocks for number in block.seen.get("blank", ())] == [43]


def test_bytes_that_are_no_text_are_marked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    data = csv_text().encode().replace("等了5天".encode(), b"\xff\xfe" + "5天".encode())
    path.write_bytes(data)
    _, blocks = streamed(path)
    texts = [text for block in blocks for text in block.table["评论内容"].to_pylist()]
    assert blocks[0].marked
    assert [row for row, text in enumerate(texts) if MARK in text] == [5]


@pytest.mark.usefixtures("_sizes")
def test_json_lines_with_changing_types(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows: list[dict] = [{"id": i, "text": f"第{i}条", "n": i if i < 40 else i + 0.5} for i in range(60)]
    rows[10]["m"], rows[50]["m"] = 5, "五"
    rows[55]["ok"], rows[3]["tags"] = True, ["a", "b"]
    rows[4] = {"text": "只有正文", "none": None}
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert_same(path)


def test_lines_that_are_no_json_are_bad(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "好"}\n\n{"text": "差\n[1]\n{"text": 5}\n{"text": null}\n', encoding="utf-8")
    block = next(iter(open_stream(path).blocks()))
    assert [(bad.row, bad.number, bad.reason, bad.raw) for bad in block.bad] == [
        (1, 3, "json", '{"text": "差'),
        (2, 4, "json", "[1]"),
    ]
    assert block.odd == {"text": (3,)}
    assert block.seen == {"blank": (2,)}
    assert [block.number(row) for row in range(5)] == [1, 3, 4, 5, 6]


def test_a_file_without_one_json_line_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("物流太慢\n客服很好\n", encoding="utf-8")
    with pytest.raises(InputError, match="第 1 行不是有效的 JSON"):
        list(open_stream(path).blocks())


@pytest.mark.usefixtures("_sizes")
def test_array_of_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": f"第{i}条"} for i in range(20)]), encoding="utf-8")
    assert_same(path)


@pytest.mark.usefixtures("_sizes")
def test_parquet_types_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "id": pa.array(range(50), pa.int16()),
            "text": [f"第{i}条" for i in range(50)],
            "kind": pa.array(["a", "b"] * 25).dictionary_encode(),
            "none": pa.nulls(50, pa.float32()),
            "list": [["x"] * (i % 3) for i in range(50)],
        }
    )
    pq.write_table(table, path, row_group_size=11)
    assert_same(path)


def test_parquet_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    text = pa.array(["好".encode(), b"\xff\xfe", None], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": text}), path)
    (block,) = open_stream(path).blocks()
    assert block.marked
    assert block.table["text"].to_pylist() == ["好", MARK * 2, None]


def test_truncated_files_say_so(tmp_path: Path) -> None:
    whole_file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [str(i) for i in range(9_999)]}), whole_file)
    cut = tmp_path / "b.parquet"
    cut.write_bytes(whole_file.read_bytes()[:-100])
    with pytest.raises(InputError, match="损坏或不完整"):
        open_stream(cut)
    packed = tmp_path / "c.csv.gz"
    packed.write_bytes(gzip.compress(csv_text(ROWS * 3_000).encode())[:-50])
    with pytest.raises(InputError, match="损坏或不完整"):
        list(open_stream(packed).blocks())


@pytest.mark.usefixtures("_sizes")
def test_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B3"], sheet["C3"], sheet["E3"] = "编号", "评论内容", "评分"
    for row in range(30):
        sheet.cell(row + 4 + (row > 12), 2, row)
        sheet.cell(row + 4 + (row > 12), 3, "物流太慢了" if row % 2 else "客服态度很好")
        sheet.cell(row + 4 + (row > 12), 5, 4 if row < 20 else 4.5)
    book.save(path)
    blocks = assert_same(path)
    numbers = [block.number(row) for block in blocks for row in range(block.table.num_rows)]
    assert numbers == [number for number in range(4, 35) if number != 17]
    assert sum(len(block.seen.get("blank", ())) for block in blocks) == 1


@pytest.mark.parametrize("content", ["", "编号,内容\n", " \n\n"])
def test_nothing_in_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"是空的|只有表头"):
        list(open_stream(path).blocks())


def test_expand(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv.gz", "c.txt.bak", ".d.csv", "~$e.xlsx", "f.jsonl"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "sub.csv").mkdir()
    assert [path.name for path in expand([tmp_path])] == ["a.csv.gz", "b.csv", "f.jsonl"]
    assert [path.name for path in expand([tmp_path / "*.csv*", "-"])] == ["a.csv.gz", "b.csv", "-"]
    with pytest.raises(InputError, match="没有能读的表格"):
        expand([tmp_path / "*.parquet"])
    with pytest.raises(InputError, match="给了两次"):
        expand([tmp_path, tmp_path / "b.csv"])


def test_a_mark_never_closed_costs_its_own_record_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "LONGEST_CELL", 2_000)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 500)
    monkeypatch.setattr("feedback_nlp.io.streams.text.BLOCK_BYTES", 500)
    rows = [list(row) for row in ROWS * 3]
    rows[50][1] = '"引号没有关'
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    assert_same(path)
