from __future__ import annotations

import datetime as dt

import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.io.readers import read


def write(tmp_path, text, name="a.jsonl", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding, "surrogatepass"))
    return path


def test_types_are_kept_and_ids_stay_text(tmp_path):
    raw = read(
        write(tmp_path, '{"id": "007", "n": 1, "x": 1.5, "ok": true, "t": "好"}\n{"id": "8", "t": null}\n')
    )
    assert raw.table.to_pylist() == [
        {"id": "007", "n": 1, "x": 1.5, "ok": True, "t": "好"},
        {"id": "8", "n": None, "x": None, "ok": None, "t": None},
    ]


def test_dates_in_strings_stay_strings(tmp_path):
    raw = read(write(tmp_path, '{"t": "2025-03-01T08:00:00"}\n'))
    assert raw.table["t"].to_pylist() == ["2025-03-01T08:00:00"]


def test_mixed_and_nested_values_become_text(tmp_path):
    raw = read(
        write(tmp_path, '{"a": 1, "b": [[0, 4]], "c": ["x", "y"]}\n{"a": "一", "b": {"k": "值"}, "c": []}\n')
    )
    assert raw.table["a"].to_pylist() == ["1", "一"]
    assert raw.table["b"].to_pylist() == ["[[0, 4]]", '{"k": "值"}']
    assert raw.table["c"].to_pylist() == [["x", "y"], []]


def test_huge_whole_numbers_become_text(tmp_path):
    raw = read(write(tmp_path, '{"id": 123456789012345678901234567890}\n'))
    assert raw.table["id"].to_pylist() == ["123456789012345678901234567890"]


def test_bad_line_is_named_by_number(tmp_path):
    path = write(tmp_path, '{"text": "好"}\n\n{"text": "差"\n')
    with pytest.raises(InputError, match="第 3 行") as caught:
        read(path)
    assert "Line 3" in caught.value.message("en")


def test_line_that_is_no_object(tmp_path):
    with pytest.raises(InputError, match="第 2 条不是"):
        read(write(tmp_path, '{"text": "好"}\n"差"\n'))


def test_array(tmp_path):
    raw = read(write(tmp_path, '\n[{"text": "好"},\n {"text": "差"}]', "a.json"))
    assert raw.table["text"].to_pylist() == ["好", "差"]


def test_bad_array(tmp_path):
    with pytest.raises(InputError, match="第 2 行"):
        read(write(tmp_path, '[{"text": "好"},\n {"text": "差"]', "a.json"))


@pytest.mark.parametrize("text", ["", "\n \n", "[]"])
def test_empty(tmp_path, text):
    with pytest.raises(InputError, match="空的"):
        read(write(tmp_path, text))


def test_line_separators_inside_strings(tmp_path):
    raw = read(write(tmp_path, '{"text": "一\u2028二\u0085三"}\n'))
    assert raw.table["text"].to_pylist() == ["一\u2028二\u0085三"]


def test_half_a_surrogate_pair(tmp_path):
    raw = read(write(tmp_path, '{"text": "坏\\ud83d了"}\n'))
    assert raw.table["text"].to_pylist() == ["坏\ufffd了"]


def test_other_encodings_and_blank_lines(tmp_path):
    raw = read(write(tmp_path, '{"text": "服务态度很差"}\n\n{"text": "好"}\n', encoding="gb18030"))
    assert raw.table["text"].to_pylist() == ["服务态度很差", "好"]
    assert raw.info.encoding == "gb18030"
    assert "1" in raw.info.notes[0].zh


def test_no_row_invents_a_time(tmp_path):
    raw = read(write(tmp_path, '{"text": "好", "time": "2025-03-01"}\n'))
    assert not isinstance(raw.table["time"][0].as_py(), dt.date)


UNREADABLE = {"number": '{"n": ' + "9" * 5000 + "}", "brackets": '{"n": ' + "[" * 100_000 + "}"}


@pytest.mark.parametrize("line", UNREADABLE.values(), ids=UNREADABLE)
def test_what_json_refuses_is_a_bad_line(tmp_path, line):
    path = write(tmp_path, '{"text": "好"}\n' + line + "\n")
    with pytest.raises(InputError, match="第 2 行不是有效的 JSON"):
        read(path)
    with pytest.raises(InputError, match="第 1 行不是有效的 JSON"):
        read(write(tmp_path, f"[{line}]", "a.json"))


def test_half_a_surrogate_pair_in_a_key(tmp_path):
    raw = read(write(tmp_path, '{"text": "好", "坏\\ud83d": 1}\n'))
    assert raw.table.column_names == ["text", "坏\ufffd"]
