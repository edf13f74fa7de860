from __future__ import annotations

import datetime as dt
import errno
import io
import json
import os
import stat

import openpyxl
import pyarrow as pa
import pytest

from feedback_nlp.errors import OutputError
from feedback_nlp.io import sinks
from feedback_nlp.io.readers import read
from feedback_nlp.io.writers import (
    EXCEL_ROWS,
    EXCEL_TEXT,
    WRITERS,
    atomic,
    check_writable,
    make_folder,
    write_table,
)

SUFFIXES = list(WRITERS)
TABLE = pa.table(
    {
        "编号": ["001", "002", None],
        "内容": ['物流太慢，\n真慢 "很"', "=1+1", None],
        "评分": pa.array([4.5, None, 1.0], pa.float64()),
        "次数": pa.array([1, 2, None], pa.int64()),
        "时间": pa.array([dt.datetime(2025, 3, 1, 8, 5), None, dt.datetime(2025, 3, 2)], pa.timestamp("s")),
        "方面": pa.array([["a.b", "c.d"], [], None], pa.list_(pa.string())),
        "复核": [True, False, None],
    }
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_texts_and_ids_come_back(tmp_path, suffix):
    assert write_table(TABLE, tmp_path / f"a{suffix}") == ()
    table = read(tmp_path / f"a{suffix}").table.slice(0, 2)
    assert table["编号"].to_pylist() == ["001", "002"]
    assert table["内容"].to_pylist() == ['物流太慢，\n真慢 "很"', "=1+1"]
    assert names(tmp_path) == [f"a{suffix}"]


def test_parquet_is_exact_and_the_same_however_chunked(tmp_path):
    table = pa.concat_tables([TABLE] * 40_000).replace_schema_metadata({b"feedback_nlp": b"{}"})
    write_table(table, tmp_path / "a.parquet")
    write_table(table.combine_chunks(), tmp_path / "b.parquet")
    back = read(tmp_path / "a.parquet").table
    assert back.schema.field("方面").type == table.schema.field("方面").type
    assert back.cast(table.schema).equals(table)  # Parquet has no timestamps of seconds
    assert read(tmp_path / "a.parquet").table.schema.metadata[b"feedback_nlp"] == b"{}"
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_csv_has_a_bom_and_joins_lists(tmp_path):
    write_table(TABLE, tmp_path / "a.csv")
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert "a.b;c.d" in raw.decode("utf-8-sig")
    assert read(tmp_path / "a.csv").table["时间"].to_pylist()[0] == "2025-03-01 08:05:00"


def test_jsonl_keeps_lists_and_writes_null_for_nan(tmp_path):
    table = pa.table({"x": [float("nan"), 1.5], "l": [["a"], []]})
    write_table(table, tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"x": None, "l": ["a"]}, {"x": 1.5, "l": []}]


def test_excel_strings_are_text_and_types_are_kept(tmp_path):
    table = pa.table({"内容": ["=1+1", "+1", "-1", "@x", "http://a.b", "007"], "n": [1, 2, 3, 4, 5, 10**17]})
    write_table(table, tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    cells = [sheet.cell(row, 1) for row in range(2, 8)]
    assert [cell.value for cell in cells] == table["内容"].to_pylist()
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    assert sheet.cell(7, 2).value == "100000000000000000"
    write_table(TABLE, tmp_path / "b.xlsx")
    row = openpyxl.load_workbook(tmp_path / "b.xlsx").active[2]
    assert [cell.value for cell in row][2:] == [4.5, 1, dt.datetime(2025, 3, 1, 8, 5), "a.b;c.d", True]


def test_excel_cuts_long_texts_and_says_so(tmp_path):
    notes = write_table(pa.table({"内容": ["长" * (EXCEL_TEXT + 1), "短"]}), tmp_path / "a.xlsx")
    assert "1 个格子" in notes[0].zh
    assert len(read(tmp_path / "a.xlsx").table["内容"][0].as_py()) == EXCEL_TEXT


def test_excel_row_limit(tmp_path):
    with pytest.raises(OutputError, match=r"1,048,575"):
        write_table(pa.table({"n": pa.nulls(EXCEL_ROWS + 1)}), tmp_path / "a.xlsx")
    assert names(tmp_path) == []


def test_standard_output(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", stream)
    write_table(pa.table({"text": ["好"]}), "-")
    assert stream.buffer.getvalue() == '{"text": "好"}\n'.encode()


def test_existing_output_needs_force(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("旧", encoding="utf-8")
    with pytest.raises(OutputError, match="--force"):
        write_table(TABLE, path)
    assert path.read_text(encoding="utf-8") == "旧"
    write_table(TABLE, path, force=True)
    assert read(path).info.n_rows == 3


@pytest.mark.parametrize(
    ("place", "match"), [("没有/a.csv", "文件夹"), ("a.docx", "格式"), ("a", "格式"), ("夹.csv", "是文件夹")]
)
def test_bad_places(tmp_path, place, match):
    (tmp_path / "夹.csv").mkdir()
    with pytest.raises(OutputError, match=match) as caught:
        check_writable(tmp_path / place)
    assert caught.value.exit_code == 2


def refuse(code):
    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    return fail


def test_folder_without_permission(tmp_path, monkeypatch):
    if os.geteuid() == 0:  # root may write everywhere
        monkeypatch.setattr("pathlib.Path.touch", refuse(errno.EACCES))
    else:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(OutputError, match="写不了"):
        check_writable(tmp_path / "a.csv")


def test_make_folder(tmp_path):
    assert make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="是文件，不是文件夹"):
        make_folder(tmp_path / "file" / "sub")
    with pytest.raises(OutputError):
        make_folder(tmp_path / "file")
    assert names(tmp_path) == ["a", "file"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_interrupted_writing_leaves_nothing(tmp_path, error):
    (tmp_path / "a.csv").write_text("旧", encoding="utf-8")

    def work():
        with atomic(tmp_path / "a.csv") as temporary:
            temporary.write_text("半个", encoding="utf-8")
            raise error

    with pytest.raises(error):
        work()
    assert names(tmp_path) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "旧"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_interrupted_half_way_through_a_table(tmp_path, monkeypatch, suffix):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    target = {".csv": "pyarrow.csv.write_csv", ".parquet": "pyarrow.parquet.ParquetWriter"}.get(suffix)
    if target is None:
        monkeypatch.setattr(sinks, "_write_cell" if suffix == ".xlsx" else "_json_value", stop)
    else:
        monkeypatch.setattr(target, stop)
    with pytest.raises(KeyboardInterrupt):
        write_table(TABLE, tmp_path / f"a{suffix}")
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_full_disk(tmp_path, suffix):
    """A real limit on the size of files, in a child process: the tables can't be written in 64 KiB."""
    resource = pytest.importorskip("resource")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
            noise = [os.urandom(600).hex() for _ in range(2_000)]
            try:
                write_table(pa.table({"内容": noise}), tmp_path / f"a{suffix}")
            except OutputError as error:
                code = 0 if "磁盘满了" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert names(tmp_path) == []


def test_full_disk_by_error_number(tmp_path, monkeypatch):
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter", refuse(errno.ENOSPC))
    with pytest.raises(OutputError, match="磁盘满了") as caught:
        write_table(TABLE, tmp_path / "a.parquet")
    assert "disk is full" in caught.value.message("en")
    assert names(tmp_path) == []


def test_mode_of_new_files_follows_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        write_table(TABLE, tmp_path / "a.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o644
