"""Properties: what is written is what is read."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_nlp.io.readers import read
from feedback_nlp.io.writers import EXCEL_TEXT, write_table

SPECIAL = st.sampled_from(list(",;\t|\"'\n\r=+-@。，！ 　😀Ａ１\\#/"))
CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF)
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff")
# XML knows neither of these, and U+FFFD stands for bytes that could not be decoded.
PRINTABLE = st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff\ufffe\uffff")
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
@given(rows=rows_of(PRINTABLE))
def test_xlsx(tmp_path, rows):
    back = there_and_back(tmp_path, ".xlsx", rows)
    assert [(key, (text or "").replace("\r\n", "\n")) for key, text in back] == [
        (key, text[:EXCEL_TEXT].replace("\r\n", "\n")) for key, text in rows
    ]
