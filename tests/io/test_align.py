"""Several files with other names for the same columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.pipeline import prepare


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_no_row_is_lost_when_files_name_their_columns_differently(tmp_path: Path) -> None:
    first = written(tmp_path / "1月.csv", "内容,评分\n物流太慢了,1\n客服态度差,2\n")
    second = written(tmp_path / "2月.csv", "评论,星级\n退款一直不到账,1\n质量很差,5\n")
    ready = prepare([first, second])
    assert ready.reviews["text"].to_pylist() == ["物流太慢了", "客服态度差", "退款一直不到账", "质量很差"]
    assert ready.reviews["rating"].to_pylist() == [1, 2, 1, 5]
    assert any("“评论”当作“内容”" in note.zh and "2月.csv" in note.zh for note in ready.notes)


def test_files_with_the_same_columns_are_left_alone(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{n}.csv", f"内容,备注\n物流太慢了{n},x\n") for n in (1, 2)]
    ready = prepare(files)
    assert ready.table.column_names == ["内容", "备注", "fb_file"]
    assert ready.notes == ()


def test_a_named_column_is_matched_to_that_of_a_file_without_it(tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", "甲,内容\n物流太慢了十天没到,x\n")
    second = written(tmp_path / "b.csv", "内容\n退款一直不到账\n")
    ready = prepare([first, second], columns={"text": "甲"})
    assert ready.reviews["text"].to_pylist() == ["物流太慢了十天没到", "退款一直不到账"]


def test_a_file_without_texts_is_named(tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", "内容\n物流太慢了\n")
    second = written(tmp_path / "b.csv", "x,y\n1,2\n")
    with pytest.raises(InputError, match=r"b\.csv"):
        prepare([first, second])
