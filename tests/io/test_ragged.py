from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.io.ragged import mend, ragged_notes

NAMES = ("编号", "评论内容", "评分")


def test_regular_rows_pass():
    rows = [["1", "好", "5"], ["2", "差", "1"]]
    mended = mend(rows, NAMES, ",")
    assert (mended.rows, mended.extra_names) == (rows, ())
    assert (mended.short, mended.joined, mended.long) == ((), (), ())


def test_empty_cells_beyond_the_header_are_nothing():
    mended = mend([["1", "好", "5", "", " "]], NAMES, ",")
    assert mended.rows == [["1", "好", "5"]]
    assert mended.long == ()


def test_joined_only_if_the_rest_fits():
    regular = [["1", "好", "5"]] * 3
    assert mend([*regular, ["2", "慢", "真慢", "1"]], NAMES, ",").rows[3] == [
        "2",
        "慢,真慢",
        "1",
    ]
    kept = mend([*regular, ["2", "慢", "1", "多出来的"]], NAMES, ",")
    assert kept.rows[3] == ["2", "慢", "1", "多出来的"]
    assert kept.extra_names == ("列4",)
    assert (kept.long, kept.joined) == ((3,), ())
    assert "第 5 行" in ragged_notes([], [], [5])[0].zh


CELL = st.text("a1,好 ", max_size=4)


@given(st.lists(st.lists(CELL, max_size=7), max_size=8))
def test_nothing_is_lost(rows):
    mended = mend(rows, NAMES, ",")
    assert len({len(row) for row in mended.rows}) <= 1
    for before, after in zip(rows, mended.rows, strict=True):
        assert "".join(before).replace(",", "").strip() == "".join(after).replace(",", "").strip()
