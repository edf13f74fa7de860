from __future__ import annotations

import gzip

import pyarrow as pa
import pytest

from feedback_nlp.errors import InputError, cannot_open
from feedback_nlp.io.readers import read
from feedback_nlp.io.source import Source
from feedback_nlp.io.streams import open_stream

# Without a time stamp, so that the name of the test is the same in every process.
CUT_SHORT = gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-30]


@pytest.mark.parametrize(
    ("name", "suffix", "packed"),
    [
        ("a.csv", ".csv", None),
        ("a.CSV.GZ", ".csv", "gzip"),
        ("a.b.jsonl.zst", ".jsonl", "zstd"),
        ("a", "", None),
    ],
)
def test_suffix(tmp_path, name, suffix, packed):
    source = Source(tmp_path / name)
    assert (source.suffix, source.packed) == (suffix, packed)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
@pytest.mark.parametrize("content", [b"not packed at all", CUT_SHORT], ids=["plain", "cut short"])
def test_damaged_packing(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="损坏"):
        read(tmp_path / name)


def test_packed_nothing(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="空的"):
        read(tmp_path / "a.csv.gz")


def test_errors_of_the_system_are_told_apart():
    assert "找不到" in str(cannot_open("a", FileNotFoundError()))
    assert "文件夹" in str(cannot_open("a", IsADirectoryError()))
    assert "Permission denied" in cannot_open("a", PermissionError(13, "Permission denied")).message("en")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True)])
def test_packed_content_under_a_plain_name(tmp_path, pack):
    (tmp_path / "a.csv").write_bytes(pack("内容\n物流太慢\n客服好\n".encode()))
    raw = read(tmp_path / "a.csv")
    assert raw.table["内容"].to_pylist() == ["物流太慢", "客服好"]
    assert [block.table.num_rows for block in open_stream(tmp_path / "a.csv").blocks()] == [2]
