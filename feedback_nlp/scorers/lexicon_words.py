"""The word lists behind the lexicon scorer: polarity, modifiers, adjectives that depend on their noun, flags.

Each is a tab-separated file in ``resources/lexicons``; lines that begin with ``#`` are comments and say what
the columns mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from feedback_nlp.text.normalize import normalize

__all__ = ["Words", "load_words", "read_table"]


@dataclass(frozen=True)
class Words:
    """Word lists in normal form.

    Attributes
    ----------
    polarity : dict of str to float
        Words that praise (above 0, to 1) or blame (below 0, to -1) whatever they are said of; 0 for lukewarm
        ones (一般) and for words that hold such a word but no opinion (差不多).
    modifiers : dict of str to (kind, weight)
        Words that change the polarity of what stands near them; the file says what each kind's weight means.
    conditioned : dict of (noun, adjective) to float
        Polarity of an adjective said of a noun (噪音, 大 → -0.7).
    flags : dict of str to tuple of str
        Phrases of each of ``schema.FLAGS``, regular expressions after ``re:``.
    boundaries : tuple of (facet, facet, pattern)
        Words at which the first facet yields to the second.
    """

    polarity: dict[str, float]
    modifiers: dict[str, tuple[str, float]]
    conditioned: dict[tuple[str, str], float]
    flags: dict[str, tuple[str, ...]]
    boundaries: tuple[tuple[str, str, str], ...]


# As strong as a plain opinion word of polarity.tsv.
_PLAIN = 0.7


@lru_cache(maxsize=1)
def load_words() -> Words:
    """Return the packaged word lists."""
    return Words(
        {normalize(row[0]): float(row[1]) for row in read_table("polarity")},
        {normalize(row[0]): (row[1], float(row[2])) for row in read_table("modifiers")},
        _conditioned(),
        _flags(),
        tuple((row[0], row[1], row[2]) for row in read_table("boundaries")),
    )


def _conditioned() -> dict[tuple[str, str], float]:
    """Return the adjectives of each noun; where a noun has an adjective twice, blame wins."""
    result: dict[tuple[str, str], float] = {}
    for nouns, praise, blame in read_table("conditioned"):
        for noun in nouns.split():
            result.update({(noun, word): _PLAIN for word in praise.split() if (noun, word) not in result})
            result.update({(noun, word): -_PLAIN for word in blame.split()})
    return result


def _flags() -> dict[str, tuple[str, ...]]:
    result: dict[str, tuple[str, ...]] = {}
    for flag, phrase in read_table("flags"):
        result[flag] = (*result.get(flag, ()), phrase)
    return result


def read_table(name: str) -> list[list[str]]:
    """Return the rows of ``resources/lexicons/<name>.tsv``."""
    table = resources.files("feedback_nlp").joinpath(f"resources/lexicons/{name}.tsv")
    lines = table.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
