from __future__ import annotations

import io
import json
import os
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.io import readers
from feedback_nlp.io.readers import FILE_COLUMN, READERS, concat, read, read_lines


def test_every_reader_is_there():
    for suffix, entry in READERS.items():
        module, name = entry.split(":")
        assert callable(getattr(readers.importlib.import_module(module), name)), suffix


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="找不到文件") as caught:
        read(tmp_path / "没有.csv")
    assert "There is no file" in caught.value.message("en")
    assert caught.value.exit_code == 2


def test_folder(tmp_path):
    with pytest.raises(InputError, match="是文件夹"):
        read(tmp_path)


def test_unknown_suffix(tmp_path):
    path = tmp_path / "a.docx2"
    path.write_text("内容", encoding="utf-8")
    with pytest.raises(InputError, match="不认识") as caught:
        read(path)
    assert ".xlsx" in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_not_readable(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("编号,内容\n1,好\n", encoding="utf-8")
    if os.geteuid() == 0:  # root may read everything

        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(type(path), "open", refuse)
    else:
        path.chmod(stat.S_IWUSR)
    with pytest.raises(InputError, match="读不了"):
        read(path)


def test_parquet_under_another_name(tmp_path):
    pq.write_table(pa.table({"内容": ["好"]}), tmp_path / "a.csv")
    raw = read(tmp_path / "a.csv")
    assert raw.info.format == "parquet"
    assert raw.table["内容"].to_pylist() == ["好"]


def test_standard_input(monkeypatch):
    lines = '{"review_id": "1", "text": "好"}\n{"review_id": "2", "text": "差"}\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    raw = read("-")
    assert raw.table.to_pydict() == {"review_id": ["1", "2"], "text": ["好", "差"]}
    assert raw.info.path == "-"


def test_read_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("物流太慢\r\n\r\n  客服很好 \r\n".encode("gb18030"))
    assert read_lines(path) == ["物流太慢", "客服很好"]
    with pytest.raises(InputError, match="找不到"):
        read_lines(tmp_path / "b.txt")


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_one_file_is_left_as_it_is(tmp_path):
    raw = read(write_jsonl(tmp_path / "a.jsonl", [{"text": "好"}]))
    assert concat([raw]) is raw


def test_files_are_joined_by_name(tmp_path):
    first = read(write_jsonl(tmp_path / "a.jsonl", [{"id": 7, "text": "好", "score": 1}]))
    second = read(
        write_jsonl(tmp_path / "b.jsonl", [{"text": "差", "id": "007", "score": 2.5, "store": "东店"}])
    )
    both = concat([first, second])
    assert both.table.to_pylist() == [
        {"id": "7", "text": "好", "score": 1.0, FILE_COLUMN: "a.jsonl", "store": None},
        {"id": "007", "text": "差", "score": 2.5, FILE_COLUMN: "b.jsonl", "store": "东店"},
    ]
    assert both.info.n_rows == 2
    assert both.info.format == "jsonl"


def test_joining_nothing_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        concat([])


def test_joined_twice_keeps_the_first_file_names(tmp_path):
    one = read(write_jsonl(tmp_path / "a.jsonl", [{"text": "好", FILE_COLUMN: "旧.csv"}]))
    two = read(write_jsonl(tmp_path / "b.jsonl", [{"text": "差"}]))
    assert concat([one, two]).table[FILE_COLUMN].to_pylist() == ["旧.csv", "b.jsonl"]


def test_notes_name_their_file(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("清单\n编号,内容\n1,好\n", encoding="utf-8")
    both = concat([read(tmp_path / "a.csv"), read(tmp_path / "b.csv")])
    assert [note.zh[:6] for note in both.info.notes] == ["a.csv：", "b.csv："]
