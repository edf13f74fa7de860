"""Normalisation that keeps every character where it is.

Offsets of clauses, terms and quotes point into the original text, so each code point becomes exactly one
code point: full-width forms become half-width, ASCII letters lower case, odd spaces a space, traditional
characters simplified.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.codepoints import Joined, decode, encode

__all__ = ["normalize", "normalize_codes", "normalize_column", "traditional_pairs"]

# The full-width block U+FF01-U+FF5E repeats ASCII at this distance.
_FULL_WIDTH_SHIFT = 0xFEE0
# Line feeds and carriage returns stay: they separate paragraphs.
_ODD_SPACES = "\t\v\f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u200b\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
# Punctuation with several shapes; 。、… keep their own, which clause cutting and lexicons rely on.
_SHAPES = {"｡": "。", "､": "、", "‘": "'", "’": "'", "“": '"', "”": '"', "〜": "~", "−": "-", "–": "-"}


def traditional_pairs() -> list[tuple[str, str]]:
    """Return (traditional, simplified) characters of the packaged table, which is derived from OpenCC."""
    table = resources.files("feedback_nlp").joinpath("resources/lexicons/traditional.tsv")
    lines = table.read_text(encoding="utf-8").splitlines()
    return [(line[0], line[2]) for line in lines if not line.startswith("#")]


@lru_cache(maxsize=1)
def _mapping() -> dict[int, int]:
    """Return the code points that change, each with what it becomes."""
    changes = {ord(source): ord(target) for source, target in traditional_pairs()}
    changes.update((code + _FULL_WIDTH_SHIFT, ord(chr(code).lower())) for code in range(0x21, 0x7F))
    changes.update((code, code + 32) for code in range(ord("A"), ord("Z") + 1))
    changes.update((ord(space), ord(" ")) for space in _ODD_SPACES)
    changes.update((ord(source), ord(target)) for source, target in _SHAPES.items())
    return changes


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint32]:
    """Return the same mapping as an array over all code points."""
    table = np.arange(0x110000, dtype=np.uint32)
    changes = _mapping()
    table[list(changes)] = list(changes.values())
    return table


def normalize(text: str) -> str:
    """Return ``text`` in normal form; position i of the result comes from position i of ``text``.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Of the same length in code points. Normalising twice changes nothing more.
    """
    return text.translate(_mapping())


def normalize_column(texts: Sequence[str | None]) -> list[str]:
    """Return every text in normal form, ``None`` as the empty text.

    Parameters
    ----------
    texts : sequence of str or None, length n

    Returns
    -------
    list of str, length n
        Each of the length of its original.
    """
    joined = Joined.of(texts)
    return joined.split(decode(normalize_codes(encode(joined.text))))


def normalize_codes(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return code points in normal form, in an array of the same shape."""
    return _table()[codes]
