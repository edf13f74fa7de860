"""What the linear heads learn from besides n-grams: the lexicon's evidence on texts to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.linear_evidence import gather
from feedback_nlp.scorers.linear_tone import silent

if TYPE_CHECKING:
    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.scorers.linear_tone import Tone
    from feedback_nlp.taxonomy import Taxonomy
    from feedback_nlp.text.clauses import Clauses

__all__ = ["evidence_of"]


def evidence_of(
    texts: Sequence[str | None], clauses: Clauses, taxonomy: Taxonomy, tone: Tone | None
) -> Evidence:
    """Return the evidence of the lexicon of ``taxonomy``, and of ``tone`` where there is one."""
    known = tone or silent()
    lexicon = LexiconScorer(taxonomy).fit()
    return gather(lexicon, known, Vocabulary(known.slots), texts, clauses, ngram_slots(texts, clauses))
