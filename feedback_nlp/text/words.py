"""Words of a text with their offsets, by an instance of jieba's tokenizer that belongs to this package.

The tokenizer that ``import jieba`` shares with the whole process is never touched, nothing is cached on
disk, and importing jieba stays silent.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from feedback_nlp.text.normalize import normalize

__all__ = ["Segmenter", "default_segmenter", "domain_words", "nouns"]

# Tags of common nouns in jieba's dictionary: no names of people, places or organisations.
_NOUNS = (b"n", b"nz", b"nl")


def domain_words() -> list[str]:
    """Return the packaged words of commerce and service which jieba's own dictionary lacks or splits."""
    table = resources.files("feedback_nlp").joinpath("resources/lexicons/domain_words.txt")
    lines = (line.strip() for line in table.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


class Segmenter:
    """Cuts Chinese text into words.

    Parameters
    ----------
    words : sequence of str, optional
        Words to know besides jieba's dictionary and ``domain_words()``.

    Notes
    -----
    The dictionary (350,000 words) is read on the first ``cut``, in about a second.
    """

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = tuple(words)
        self._tokenizer: Any = None

    def cut(self, text: str) -> list[tuple[str, int, int]]:
        """Return the words of ``text``.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of (word, start, end)
            In order, half-open, ``word == text[start:end]``. Words are looked up in normal form
            (simplified, half-width). White space is left out, punctuation is not.
        """
        if self._tokenizer is None:
            self._tokenizer = _build(self.words)
        spans = self._tokenizer.tokenize(normalize(text))
        return [(text[start:end], start, end) for word, start, end in spans if not word.isspace()]


@lru_cache(maxsize=1)
def default_segmenter() -> Segmenter:
    """Return the segmenter that this package shares; it has the domain words."""
    return Segmenter()


@lru_cache(maxsize=1)
def nouns() -> frozenset[str]:
    """Return the common nouns of two characters and more in jieba's dictionary."""
    jieba = _import_jieba()
    with jieba.Tokenizer().get_dict_file() as dictionary:
        rows = (line.split() for line in dictionary)
        words = [row[0].decode() for row in rows if row[-1] in _NOUNS]
    return frozenset(word for word in words if len(word) > 1)


def _build(words: Sequence[str]) -> Any:
    """Return a tokenizer with jieba's dictionary, the domain words and ``words``.

    The prefix dictionary is filled in here, because ``Tokenizer.initialize`` would write it to the
    temporary folder and log about it.
    """
    jieba = _import_jieba()
    tokenizer = jieba.Tokenizer()
    with tokenizer.get_dict_file() as dictionary:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(dictionary)
    tokenizer.initialized = True
    for word in [*domain_words(), *words]:
        tokenizer.add_word(normalize(word))
    return tokenizer


def _import_jieba() -> Any:
    """Import jieba without the warnings that its newest release gives (pkg_resources, invalid escapes)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    return jieba
