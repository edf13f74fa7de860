from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import InputError
from feedback_nlp.io.encodings import to_utf8

TEXT = "编号,内容\n1,物流太慢了，等了一周，客服也不回复我们的问题\n2,服务态度很好，下次还来\n"


def decode(data: bytes):
    found = to_utf8(pa.py_buffer(data), "a.csv")
    return bytes(found.data).decode("utf-8"), found.encoding, found.notes


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
def test_found_without_bom(encoding):
    assert decode(TEXT.encode(encoding)) == (TEXT, encoding, ())


def test_bom_wins_and_is_gone():
    assert decode(TEXT.encode("utf-16"))[0] == TEXT
    assert decode(TEXT.encode("utf-8-sig"))[:2] == (TEXT, "utf-8-sig")


def test_chinese_after_much_ascii():
    data = "id,text\n" + "1,ok\n" * 100_000 + "2,很差的服务态度\n"
    assert decode(data.encode("gb18030")) == (data, "gb18030", ())


def test_chunk_ends_inside_a_character():
    data = "a" + "差" * 3_000_000
    assert decode(data.encode("gb18030"))[0] == data


def test_few_bad_bytes_are_replaced_and_counted():
    data = (TEXT * 50).encode("utf-8").replace("慢".encode(), "慢".encode()[:2], 1)
    text, encoding, notes = decode(data)
    assert encoding == "utf-8"
    assert text.count("\ufffd") == 1
    assert "1" in notes[0].zh


def test_a_short_file_with_a_damaged_row_stays_what_it_is():
    data = "编号,内容\n1,物流太慢了\n2,".encode() + b"\xff\xfe\xe7" + "\n3,很好\n".encode()
    text, encoding, notes = decode(data)
    assert encoding == "utf-8"
    assert "物流太慢了" in text
    assert "很好" in text
    assert notes


def test_short_files_of_other_encodings_are_still_found():
    for text in ("编号,内容\n1,物流太慢了\n", "内容\n好\n差\n", "1,ok\n2,联通的服务态度很差\n"):
        assert decode(text.encode("gb18030"))[:2] == (text, "gb18030")


def test_big5_is_not_taken_for_gb18030():
    text = "編號,內容\n" + "1,這個服務態度很好，我們下次還會再來的，東西也是很不錯\n" * 20
    assert decode(text.encode("big5"))[0] == text


def test_other_encodings_are_left_to_the_guesser():
    text = "id,comment\n" + "1,le café était très mauvais et le garçon désagréable\n" * 20
    found, encoding, _ = decode(text.encode("cp1252"))
    assert encoding not in ("utf-8", "gb18030")
    assert found.count("café") == 20  # the family of encodings is right, if not always the member


def test_not_text():
    with pytest.raises(InputError, match="不是文本"):
        decode(bytes(range(256)) * 100)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufeff"), max_size=200)
)
def test_utf8_always_round_trips(text):
    assert decode(text.encode("utf-8"))[0] == text
