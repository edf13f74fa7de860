from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.io.columns import Roles, canonical
from feedback_nlp.io.readers import read
from feedback_nlp.io.streams import open_stream


def test_table_and_metadata_survive(tmp_path):
    table = pa.table({"id": ["007"], "n": [1]}).replace_schema_metadata({b"feedback_nlp": b"{}"})
    pq.write_table(table, tmp_path / "a.parquet")
    raw = read(tmp_path / "a.parquet")
    assert raw.table.equals(table)
    assert raw.table.schema.metadata[b"feedback_nlp"] == b"{}"


def test_dictionary_columns_become_plain(tmp_path):
    pq.write_table(
        pa.table({"渠道": pa.array(["App", "电话", "App"]).dictionary_encode()}), tmp_path / "a.parquet"
    )
    raw = read(tmp_path / "a.parquet")
    assert raw.table.schema.field("渠道").type == pa.string()
    assert raw.table["渠道"].to_pylist() == ["App", "电话", "App"]


def test_truncated(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"内容": ["好"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="损坏"):
        read(path)


def test_garbage(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"not parquet at all")
    with pytest.raises(InputError, match="损坏"):
        read(path)


def test_no_rows(tmp_path):
    pq.write_table(pa.table({"内容": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="没有数据行"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()], ids=str)
def test_texts_stored_as_bytes_are_decoded(tmp_path, kind):
    """Hive and Impala leave out that bytes are text."""
    cells = ["物流太慢了".encode(), None, "好".encode() + b"\xff"]
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"工单号": pa.array([b"A1", b"A2", b"A3"], kind), "内容": pa.array(cells, kind)}), path
    )
    roles = Roles({"review_id": "工单号", "text": "内容"}, None, {})
    reviews, _ = canonical(read(path).table, roles)
    assert reviews["review_id"].to_pylist() == ["A1", "A2", "A3"]
    assert reviews["text"].to_pylist()[:2] == ["物流太慢了", None]
    assert reviews["text"].to_pylist()[2].endswith("\ufffd")


def test_repeated_names_are_numbered_as_in_other_files(tmp_path):
    cells = [pa.array(["物流太慢", "客服好"]), pa.array([5, 4]), pa.array(["x", "y"])]
    pq.write_table(pa.table(cells, names=["内容", "评分", "评分"]), tmp_path / "a.parquet")
    raw = read(tmp_path / "a.parquet")
    assert raw.table.column_names == ["内容", "评分", "评分 (2)"]
    assert "重名" in raw.info.notes[0].zh
    stream = open_stream(tmp_path / "a.parquet")
    assert [block.table.column_names for block in stream.blocks()] == [raw.table.column_names]
    assert stream.info.notes == raw.info.notes
