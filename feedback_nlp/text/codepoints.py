"""A column of texts as one array of code points: the form in which work on characters costs nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Joined", "decode", "encode", "whole_texts"]


def encode(text: str) -> NDArray[np.uint32]:
    """Return the code points of ``text``; lone surrogates are kept as they are."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def decode(codes: NDArray[np.uint32]) -> str:
    """Return the text of an array of code points, the inverse of ``encode``."""
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


def whole_texts(texts: Sequence[str | None]) -> list[str]:
    """Return a column of texts; ``None``, NaN and ``pd.NA`` become the empty text.

    Raises
    ------
    TypeError
        For one text, an iterator or a table where a column is meant, and for what is no text.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(f"a list of texts is needed, not one text: [{texts!r:.40}]")
    if isinstance(texts, Iterator | Mapping) or getattr(texts, "ndim", 1) != 1:
        # Read once, it would be empty afterwards; a table would give the names of its columns.
        raise TypeError(f"a list of texts is needed, not a {type(texts).__name__}")
    return [text if isinstance(text, str) else _none(text) for text in texts]


def _none(text: object) -> str:
    if text is None or type(text).__name__ == "NAType" or text != text:
        return ""
    raise TypeError(f"a text is needed, not {text!r:.40}")


@dataclass(frozen=True)
class Joined:
    """Texts joined by line feeds.

    Attributes
    ----------
    text : str
        All texts, each followed by a line feed.
    starts : int64 array of shape (n_texts + 1,)
        Where each text starts in ``text``; the last entry is its length.
    """

    text: str
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Joined:
        """Join ``texts``; see ``whole_texts``."""
        parts = whole_texts(texts)
        lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)) + 1
        starts = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        return cls("\n".join([*parts, ""]), starts)

    def locate(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the index of the text in which each position of ``text`` lies."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def split(self, text: str) -> list[str]:
        """Cut ``text``, which has the length of the joined text, back into one text for each."""
        starts = self.starts.tolist()
        return [text[start : end - 1] for start, end in pairwise(starts)]
