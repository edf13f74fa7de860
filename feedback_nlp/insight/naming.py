"""What an issue is, its id and its name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feedback_nlp.insight.phrases import Phrase

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["OTHER", "Issue", "mined_id", "split_id"]

OTHER = "other"


def mined_id(facet: str, phrase: str) -> str:
    """Return the id of the issue that ``phrase`` names within ``facet``."""
    return f"{facet}:m-{hashlib.sha256(phrase.encode()).hexdigest()[:8]}"


def split_id(facet: str, name: str) -> str:
    """Return the id of the issue that people split off under ``name`` within ``facet``."""
    return f"{facet}:u-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Issue:
    """What an issue is: a problem of the taxonomy, a mined phrase, one split off, or the facet's 其他.

    ``given`` is the name that people gave it.
    """

    facet: str
    problem: int = -1
    code: str = ""
    phrase: Phrase | None = None
    own: str = ""
    given: str = field(default="", compare=False)
    pinned: bool = field(default=False, compare=False)

    @property
    def id(self) -> str:
        """Facet, colon, and the problem's code, a hash of the phrase or of the name given, or ``other``."""
        if self.own:
            return split_id(self.facet, self.own)
        return mined_id(self.facet, self.phrase.zh) if self.phrase else f"{self.facet}:{self.code or OTHER}"

    @property
    def other(self) -> bool:
        """Whether it is what is left of its facet."""
        return self.phrase is None and not self.code and not self.own

    def name(self, taxonomy: Taxonomy, lang: str) -> str:
        """Return what it is called."""
        facet = taxonomy.label(self.facet, lang)
        if self.given or self.own:
            return self.given or self.own
        if self.other:
            return f"{facet}: other" if lang == "en" else f"{facet}·其他问题"
        if self.phrase:
            # A phrase of the customers' own words has no translation; its facet says what it is about.
            return f"{facet}: {self.phrase.en or self.phrase.zh}" if lang == "en" else self.phrase.zh
        return taxonomy.facet(self.facet).problems[self.problem].name(lang)

    def order(self, taxonomy: Taxonomy) -> tuple[int, str, int, int, str]:
        """Return the sort key: facets, then problems, then phrases, then 其他."""
        kind = 2 if self.other else int(self.phrase is not None or bool(self.own))
        return (
            taxonomy.index.get(self.facet, len(taxonomy.codes)),
            self.facet,
            kind,
            self.problem,
            self.own or (self.phrase.zh if self.phrase else ""),
        )
