"""What a taxonomy is made of: elements, their facets, and the examples and named problems of these."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GENERAL", "PHRASES", "REGEX_MARK", "Element", "Example", "Facet", "Problem"]

# The facet of remarks without an object. It is reported as a mention, never as an issue or an element.
GENERAL = "overall.general"
REGEX_MARK = "re:"
# Fields of a facet that hold phrases.
PHRASES = ("terms", "patterns", "positive", "negative")


class _Named:
    """What is called something in both languages."""

    zh: str
    en: str

    def name(self, lang: str = "zh") -> str:
        """Return the display name in ``lang``."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True)
class Example:
    """A clause written for the taxonomy with the polarity (-1, 0 or 1) it has towards its facet."""

    text: str
    polarity: int


@dataclass(frozen=True)
class Problem(_Named):
    """A named problem of a facet; ``terms`` are plain phrases or, after ``re:``, regular expressions."""

    code: str
    zh: str
    en: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facet(_Named):
    """One facet of an element; ``code`` is the full ``element.facet``."""

    code: str
    zh: str
    en: str
    define: str = ""
    excludes: str = ""
    terms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    feasibility: int = 3
    remedy: str = "process"
    action_zh: str = ""
    action_en: str = ""
    examples: tuple[Example, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def element(self) -> str:
        """Code of the element it belongs to."""
        return self.code.partition(".")[0]

    def action(self, lang: str = "zh") -> str:
        """Return the suggested action in ``lang``."""
        return self.action_en if lang == "en" else self.action_zh


@dataclass(frozen=True)
class Element(_Named):
    """An experience element and its facets."""

    code: str
    zh: str
    en: str
    define: str = ""
    facets: tuple[Facet, ...] = ()
