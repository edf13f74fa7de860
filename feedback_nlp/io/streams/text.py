"""Text files as a stream of UTF-8, whatever they are packed in or encoded as."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feedback_nlp.errors import InputError, cannot_open
from feedback_nlp.io.encodings import detect, sample_size
from feedback_nlp.io.source import Source
from feedback_nlp.io.streams.base import BLOCK_BYTES, MARK

__all__ = ["MARKING", "Piece", "TextStream", "decoded", "open_text"]

MARKING = "feedback_nlp.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


codecs.register_error(MARKING, _mark)


@dataclass(frozen=True)
class Piece:
    """Some UTF-8 bytes and whether ``MARK`` stands in them for bytes that were no text."""

    data: bytes
    marked: bool


@dataclass(frozen=True)
class TextStream:
    """A text file: its encoding, its beginning, and all of it in pieces.

    Attributes
    ----------
    source : Source
    encoding : str
    head : str
        The beginning, ending with a whole line where there is one.
    """

    source: Source
    encoding: str
    skip: int
    head: str

    def pieces(self) -> Iterator[Piece]:
        """Give the content from its beginning.

        Raises
        ------
        InputError
            If it can't be opened or unpacked to its end.
        """
        return decoded(chunks(self.source), self.encoding, self.skip)


def open_text(source: Source) -> TextStream:
    """Find out how a text file is encoded.

    Raises
    ------
    InputError
        If it can't be opened or is not text.
    """
    head = bytearray()
    for chunk in chunks(source):
        head += chunk
        if len(head) >= sample_size():
            break
    first = bytes(head[: sample_size()])
    encoding, skip = detect(first, lambda: chunks(source), source.name)
    whole = len(head) <= sample_size()
    text = _Decoder(encoding)(first[skip:], last=whole).data.decode("utf-8")
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    return TextStream(source, encoding, skip, text.replace(MARK, "\ufffd"))


def decoded(raw: Iterable[bytes], encoding: str, skip: int = 0) -> Iterator[Piece]:
    """Yield chunks of bytes as UTF-8, without the first ``skip`` bytes."""
    decode = _Decoder(encoding)
    for chunk in raw:
        piece = decode(chunk[skip:], last=False)
        skip = 0
        if piece.data:
            yield piece
    piece = decode(b"", last=True)
    if piece.data:
        yield piece


class _Decoder:
    """Turns chunks of bytes into UTF-8; valid UTF-8 passes as it is."""

    def __init__(self, encoding: str) -> None:
        name = "utf-8" if encoding == "utf-8-sig" else encoding
        self._decode = codecs.getincrementaldecoder(name)(MARKING).decode

    def __call__(self, chunk: bytes, *, last: bool) -> Piece:
        text = self._decode(chunk, last)
        # Half of a surrogate pair can come out of UTF-16.
        return Piece(text.encode("utf-8", "replace"), MARK in text)


def chunks(source: Source) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked.

    Raises
    ------
    InputError
        If it can't be opened or unpacked to its end.
    """
    try:
        yield from source.chunks(BLOCK_BYTES)
    except InputError:
        raise
    except OSError as error:
        raise cannot_open(source.name, error) from error
