from __future__ import annotations

import csv
import io

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.io.quotes import open_end, reread, row_shapes, swallowed


def test_shapes_need_a_digit():
    assert row_shapes([("WD001", "a"), ("WD20", "b"), ("东店", "c"), (None, "d"), ("7",)], 2) == {"WD0"}


def test_a_cell_with_whole_records_in_it():
    assert swallowed([("1", "x\n2,y\n3,z")], ",", 2, {"0"})
    assert not swallowed([("1", "x\n好,y\nz")], ",", 2, {"0"})
    assert not swallowed([("1", "x\n2")], ",", 1, {"0"})


def test_open_end():
    assert open_end(("1", "没有\n2,完\n"), pa.py_buffer('1,"没有\n2,完\n'.encode()))
    assert not open_end(("1", "有\n完"), pa.py_buffer('1,"有\n完"\n'.encode()))
    assert not open_end(("有\n完", "1"), pa.py_buffer('"有\n完",1\n'.encode()))


def test_reread_keeps_texts_of_several_lines():
    text = '1,"两\n行"\n2,"没有配对\n3,三\n4,"又是\n两行"\n'
    rows, stray = reread(text, ",", 2, {"0"})
    assert rows == [["1", "两\n行"], ["2", '"没有配对'], ["3", "三"], ["4", "又是\n两行"]]
    assert stray == [1]


@given(st.lists(st.tuples(st.integers(0, 999), st.text('好,"\n ', max_size=8)), max_size=6))
def test_sound_files_are_read_as_ever(rows):
    cells = [["W", text] for _, text in rows]  # no digit: nothing looks like a record
    file = io.StringIO(newline="")
    csv.writer(file).writerows(cells)
    assert reread(file.getvalue(), ",", 2, set()) == (cells, [])
