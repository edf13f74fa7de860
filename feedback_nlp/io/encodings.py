"""Bytes of a text file to UTF-8, whatever they were: UTF-8, UTF-16, GB18030 or others."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from feedback_nlp.errors import Bilingual, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Decoded", "detect", "sample_size", "to_utf8"]

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CHUNK = 1 << 22
_SAMPLE = 1 << 18
# A file with fewer wrong bytes than this among the non-ASCII ones is that encoding, damaged.
_DAMAGED = 0.02
# So many characters of several bytes without an error are UTF-8 and nothing else.
_CERTAIN = 200
_NEAR = 4096
_COMMON = frozenset("的了是不我一有在他这个们来到时大地为子中你说就那要出也得好很没都还可服务客质量上下用和")
_LIKELY = re.compile(r"[\t\r\n -~\u2010-\u2027\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_BINARY = (
    b"\x89PNG",
    b"%PDF",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x7fELF",
    b"MZ\x90\x00",
    b"BM",
    b"SQLite",
)


@dataclass(frozen=True)
class Decoded:
    """UTF-8 bytes without BOM, the name of the encoding they came in, and what was wrong with them."""

    data: pa.Buffer
    encoding: str
    notes: tuple[Bilingual, ...] = ()

    def head(self) -> str:
        """Return the beginning as text, ending with a whole line where there is one."""
        if self.data.size <= _SAMPLE:
            return bytes(self.data).decode("utf-8")
        text = bytes(self.data.slice(0, _SAMPLE)).decode("utf-8", "ignore")
        return text[: text.rfind("\n") + 1] or text


def to_utf8(data: pa.Buffer, path: str) -> Decoded:
    """Return the bytes of a text file as UTF-8.

    Raises
    ------
    InputError
        If the bytes are not text, or text in an encoding that can't be told.
    """
    head = bytes(data.slice(0, min(data.size, _SAMPLE)))
    encoding, skip = detect(head, lambda: (bytes(chunk) for chunk, _ in _chunks(data)), path)
    return _decode(data.slice(skip), encoding, path)


def sample_size() -> int:
    """Return how many bytes of a file are looked at first."""
    return _SAMPLE


def detect(head: bytes, chunks: Callable[[], Iterable[bytes]], path: str) -> tuple[str, int]:
    """Return the encoding of a text file and how many bytes of a mark stand before the text.

    Parameters
    ----------
    head : bytes
        The first ``sample_size()`` bytes.
    chunks : callable
        Gives all bytes of the file; called where the beginning does not tell.
    path : str
        For messages.

    Raises
    ------
    InputError
        If the bytes are not text, or text in an encoding that can't be told.
    """
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return encoding, len(bom)
    wide = _utf16_without_bom(head)
    if wide:
        return wide, 0
    if head.startswith(_BINARY) or _control_share(head) > 0.02:
        raise not_text(path)
    if _certainly_utf8(head):
        return "utf-8", 0
    around = _around_first_wrong(chunks())
    return ("utf-8" if around is None else _guess(head + around, path)), 0


def _certainly_utf8(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        return False
    return len(head) - len(text) >= 2 * _CERTAIN


def _around_first_wrong(chunks: Iterable[bytes]) -> bytes | None:
    """Return the lines around the first bytes that are not valid UTF-8, None if all are."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    before = b""
    for chunk in chunks:
        pending = len(decoder.getstate()[0])  # of a character that the last chunk cut through
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            place = len(before) - pending + error.start
            text = before + chunk
            start = text.rfind(b"\n", max(0, place - _NEAR), place) + 1
            return text[max(start, place - _NEAR) : place + _SAMPLE]
        before = chunk[-_NEAR:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return before
    return None


def not_text(path: str) -> InputError:
    """Return the error for a file whose content is not text."""
    return InputError(
        Bilingual(
            f"文件 {path} 的内容不是文本（像是二进制文件）。",
            f"The content of {path} is not text (it looks binary).",
        ),
        Bilingual(
            "请在原软件里另存为 CSV（UTF-8）或 XLSX 再试。",
            "Save it again as CSV (UTF-8) or XLSX in the program it came from.",
        ),
    )


def _utf16_without_bom(head: bytes) -> str | None:
    """Tables in UTF-16 are full of zero bytes (digits, commas); the right byte order reads as text."""
    if head.count(0) < max(2, 0.02 * len(head)):
        return None
    plausible = {encoding: _plausibility(head, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best = max(plausible, key=plausible.__getitem__)
    return best if plausible[best] > 0.9 else None


def _plausibility(head: bytes, encoding: str) -> float:
    """Share of characters that are printable ASCII, line ends, Chinese, or Chinese punctuation."""
    text = head[: len(head) // 2 * 2].decode(encoding, "replace")[:-1]
    return len(_LIKELY.findall(text)) / max(1, len(text))


def _control_share(head: bytes) -> float:
    controls = sum(head.count(code) for code in range(32) if code not in (9, 10, 12, 13, 27))
    return controls / max(1, len(head))


def _chunks(data: pa.Buffer) -> Iterator[tuple[memoryview, bool]]:
    view = memoryview(data)
    for start in range(0, max(1, len(view)), _CHUNK):
        yield view[start : start + _CHUNK], start + _CHUNK >= len(view)


def _wrong(data: pa.Buffer, encoding: str) -> int | None:
    """Return where the first bytes stand that are not valid ``encoding``, None if all are."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    position = 0
    for chunk, last in _chunks(data):
        try:
            decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            return position + error.start
        position += len(chunk)
    return None


def _damage(head: bytes, encoding: str) -> float:
    """Share of replacement characters among the non-ASCII ones when decoding ``head``."""
    text = head.decode(encoding, "replace")[:-2]
    foreign = sum(character > "\x7f" for character in text)
    return text.count("\ufffd") / max(1, foreign)


def _commonness(head: bytes, encoding: str) -> float:
    text = [character for character in head.decode(encoding, "ignore") if character > "\x7f"]
    return sum(character in _COMMON for character in text) / max(1, len(text))


def _guess(sample: bytes, path: str) -> str:
    if _damage(sample, "utf-8") <= _DAMAGED or _mostly_utf8(sample):
        return "utf-8"
    if _damage(sample, "gb18030") <= _DAMAGED and _commonness(sample, "gb18030") >= _commonness(
        sample, "big5"
    ):
        return "gb18030"
    from charset_normalizer import from_bytes

    best = from_bytes(sample[: 1 << 16]).best()
    if best is None:
        raise not_text(path)
    return best.encoding


def _mostly_utf8(sample: bytes) -> bool:
    """Whether half of the lines beyond plain ASCII are UTF-8, which lines of other encodings rarely are.

    A short file with one damaged row is still the file it was.
    """
    lines = {line for line in sample.split(b"\n") if not line.isascii()}
    return 0 < len(lines) <= 2 * sum(_is_utf8(line) for line in lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: pa.Buffer, encoding: str, path: str) -> Decoded:
    """Transcode in chunks; bytes that are wrong become U+FFFD and are counted."""
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    if codec == "utf-8" and _wrong(data, codec) is None:
        return Decoded(data, encoding)
    decoder = codecs.getincrementaldecoder(codec)("replace")
    sink = pa.BufferOutputStream()
    wrong = 0
    for chunk, last in _chunks(data):
        text = decoder.decode(chunk, last)
        wrong += text.count("\ufffd")
        sink.write(text.encode("utf-8", "replace"))
    return Decoded(sink.getvalue(), encoding, _wrong_note(wrong, encoding))


def _wrong_note(count: int, encoding: str) -> tuple[Bilingual, ...]:
    if not count:
        return ()
    return (
        Bilingual(
            f"有 {count} 处字节不是有效的 {encoding}，读成了“\ufffd”。",
            f"{count} places are not valid {encoding} and were read as '\ufffd'.",
        ),
    )
