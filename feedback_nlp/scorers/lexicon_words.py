"""The word lists behind the lexicon scorer: polarity, negation, degree, contrast, wishes, flags.

Each is a tab-separated file in ``resources/lexicons``; lines that begin with ``#`` are comments.
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
        Words that praise (above 0, to 1) or blame (below 0, to -1) whatever they are said of.
    modifiers : dict of str to (kind, weight)
        Words that change the polarity of what stands near them; the file says what each kind's weight means.
    """

    polarity: dict[str, float]
    modifiers: dict[str, tuple[str, float]]


@lru_cache(maxsize=1)
def load_words() -> Words:
    """Return the packaged word lists."""
    polarity = {normalize(row[0]): float(row[1]) for row in read_table("polarity")}
    modifiers = {normalize(row[0]): (row[1], float(row[2])) for row in read_table("modifiers")}
    return Words(polarity, modifiers)


def read_table(name: str) -> list[list[str]]:
    """Return the rows of ``resources/lexicons/<name>.tsv``."""
    table = resources.files("feedback_nlp").joinpath(f"resources/lexicons/{name}.tsv")
    lines = table.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
