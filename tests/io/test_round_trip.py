"""Properties: what is written is what is read, and no file makes a traceback."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_nlp.errors import InputError
from feedback_nlp.io.columns import canonical, guess
from feedback_nlp.io.readers import read
from feedback_nlp.io.writers import write_table

SPECIAL = st.sampled_from(list(",;\t|\"'\n\r=+-@。，！ 　😀Ａ１\\#/"))
CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF)
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff")
IDS = st.text(st.sampled_from("0123456789AB"), min_size=1, max_size=6)


def texts(characters):
    return st.text(st.one_of(SPECIAL, CHINESE, characters), max_size=20)


def rows_of(characters):
    return st.lists(st.tuples(IDS, texts(characters)), min_size=1, max_size=8)


def there_and_back(folder, suffix, rows):
    ids, cells = zip(*rows, strict=True)
    path = folder / f"a{suffix}"
    write_table(pa.table({"工单号": ids, "评论内容": pa.array(cells, pa.string())}), path, force=True)
    table = read(path).table
    return list(zip(table["工单号"].to_pylist(), table["评论内容"].to_pylist(), strict=True))


def quick(test):
    return settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )(test)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
@quick
@given(rows=rows_of(ANY))
def test_exact(tmp_path, suffix, rows):
    assert there_and_back(tmp_path, suffix, rows) == rows


@quick
@given(rows=rows_of(ANY))
def test_csv(tmp_path, rows):
    # An empty cell and a missing one look the same in CSV; "\r" is a line end, kept inside quotation marks.
    assert there_and_back(tmp_path, ".csv", rows) == [(key, text or None) for key, text in rows]


@quick
@given(rows=rows_of(ANY))
def test_xlsx(tmp_path, rows):
    back = there_and_back(tmp_path, ".xlsx", rows)
    assert back == [(key, _in_excel(text) or None) for key, text in rows]


def _in_excel(text):
    return text.replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_")  # XML has no way to write these two


BYTES = [
    b"\n",
    b"\r\n",
    b",",
    b"\t",
    b";",
    b'"',
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"PAR1",
]
TEXTS = ["编号,评论内容\n", "物流太慢了", "1,2025/3/1", "{", "}", "[", '{"text": "a"}\n', "sep=;\n", "<html>"]
PIECES = st.sampled_from([*BYTES, *(text.encode() for text in TEXTS), "慢".encode("gb18030")])
FILES = st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=4)), max_size=24).map(b"".join)


@pytest.mark.parametrize(
    "suffix", [".csv", ".txt", ".xlsx", ".xls", ".jsonl", ".json", ".parquet", ".csv.gz", ".csv.zst"]
)
@quick
@given(content=FILES)
def test_any_bytes_are_a_table_or_one_clear_error(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    try:
        table = read(path).table
        reviews, _ = canonical(table, guess(table))
    except InputError:
        return
    assert reviews.num_rows == table.num_rows > 0
