"""The scorer that needs no training: a taxonomy's terms and phrases, word lists and a few rules of reading.

A user's own taxonomy works at once. ``lexicon_entries`` compiles everything to look for into one matcher,
``lexicon_reading`` reads a clause, ``lexicon_context`` a review; ``lexicon_tables`` says what evidence is
worth.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction, Scorer
from feedback_nlp.scorers.lexicon_context import place, sign, summarise, tone
from feedback_nlp.scorers.lexicon_entries import Entry, compile_boundaries, compile_entries, hits_by_text
from feedback_nlp.scorers.lexicon_files import read_folder, write_folder
from feedback_nlp.scorers.lexicon_reading import Reading, read_clause
from feedback_nlp.scorers.lexicon_tables import FLAG_SCORES, evidence_table, overall_probabilities
from feedback_nlp.scorers.lexicon_words import Words, load_words
from feedback_nlp.taxonomy import GENERAL, Taxonomy, load_taxonomy
from feedback_nlp.text.clauses import cut_column
from feedback_nlp.text.normalize import normalize_column
from feedback_nlp.text.terms import TermMatcher

if TYPE_CHECKING:
    from feedback_nlp.text.clauses import Clauses

__all__ = ["LexiconScorer"]

# Micro-averaged F1 over facets is best when mentions are kept from about half its own value on.
THRESHOLD = 0.3
FLAG_THRESHOLD = 0.4


class LexiconScorer(Scorer):
    """Scores by word lists and rules; deterministic, the same bits in any batch, no training.

    Parameters
    ----------
    taxonomy : str, Path or Taxonomy
        A shipped name, a TOML file, or a taxonomy.

    Examples
    --------
    >>> scorer = LexiconScorer().fit()
    >>> block = scorer.predict(["物流太慢了，客服倒是很耐心"]).clauses
    >>> [scorer.taxonomy_.codes[row.sum(axis=1).argmax()] for row in block]
    ['logistics.speed', 'service.attitude']
    """

    name = "lexicon"
    words_: Words
    entries_: list[Entry]
    matcher_: TermMatcher
    flag_matcher_: TermMatcher
    flag_owners_: NDArray[np.int64]
    table_: NDArray[np.float32]

    def __init__(self, taxonomy: str | Path | Taxonomy = "default") -> None:
        self.taxonomy = taxonomy

    def fit(self, reviews: Any = None, labels: Any = None) -> LexiconScorer:
        """Compile taxonomy and word lists; nothing is learnt from ``reviews`` and ``labels``.

        Raises
        ------
        TaxonomyError
            If the taxonomy can't be read or breaks a rule.
        """
        self.taxonomy_ = load_taxonomy(self.taxonomy)
        self.words_ = load_words()
        self.entries_, self.matcher_ = compile_entries(self.taxonomy_, self.words_)
        pairs = [
            (FLAGS.index(flag), phrase) for flag, phrases in self.words_.flags.items() for phrase in phrases
        ]
        self.flag_owners_ = np.array([flag for flag, _ in pairs], dtype=np.int64)
        self.flag_matcher_ = TermMatcher([phrase for _, phrase in pairs])
        self.table_ = evidence_table()
        self.thresholds_ = np.full(len(self.taxonomy_.codes), THRESHOLD, dtype=np.float32)
        self.flag_thresholds_ = np.full(len(FLAGS), FLAG_THRESHOLD, dtype=np.float32)
        return self

    def predict(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> Prediction:
        """Judge reviews; see :meth:`Scorer.predict`."""
        original = [text if isinstance(text, str) else None for text in texts]
        cut = cut_column(original) if clauses is None else clauses
        normal = normalize_column(original)
        readings = self.read(normal, cut)
        block = np.zeros((len(cut), len(self.taxonomy_.codes), 3), dtype=np.float32)
        summaries = np.zeros((cut.n_reviews, 4))
        general = self.taxonomy_.index.get(GENERAL, -1)
        starts = np.searchsorted(cut.review, np.arange(cut.n_reviews + 1))
        cells: list[tuple[int, ...]] = []
        for review, (first, last) in enumerate(pairwise(starts.tolist())):
            placed = place(readings[first:last], general)
            summary = summarise(readings[first:last], placed)
            summaries[review] = summary
            mood = tone(summary) + 1
            for row, evidence in enumerate(placed, first):
                cells.extend((row, item.facet, item.level, sign(item.value) + 1, mood) for item in evidence)
        rows, facets, *kinds = np.array(cells, dtype=np.int64).reshape(-1, 5).T
        block[rows, facets] = self.table_[tuple(kinds)]
        return Prediction(block, overall_probabilities(summaries), self._flags(normal, cut))

    def save(self, folder: str | Path) -> Path:
        """Write a folder of ``model.json`` and ``taxonomy.toml``; see :meth:`Scorer.save`."""
        return write_folder(folder, self.taxonomy_, {"name": self.name, "sha256": self.fingerprint()})

    @classmethod
    def load(cls, folder: str | Path, taxonomy: Taxonomy | None = None) -> LexiconScorer:
        """Read a folder; ``taxonomy`` is used instead of the folder's where given.

        Raises
        ------
        ModelError
            If the folder is damaged or holds another kind of model.
        """
        own = read_folder(folder)
        return cls(own if taxonomy is None else taxonomy).fit()

    def fingerprint(self) -> str:
        """Return the sha256 of taxonomy, word lists, tables and thresholds."""
        words = self.words_
        content = [
            self.taxonomy_.sha256,
            sorted(words.polarity.items()),
            sorted(words.modifiers.items()),
            sorted((*pair, value) for pair, value in words.conditioned.items()),
            sorted(words.flags.items()),
            words.boundaries,
            self.table_.tolist(),
            self.thresholds_.tolist(),
            self.flag_thresholds_.tolist(),
            FLAG_SCORES,
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def read(self, normal: Sequence[str], cut: Clauses) -> list[Reading]:
        """Return the reading of every clause of normalised texts; equal clauses are read once."""
        spans = zip(cut.review.tolist(), cut.start.tolist(), cut.end.tolist(), strict=True)
        texts = [normal[review][start:end] for review, start, end in spans]
        distinct = list(dict.fromkeys(texts))
        hits = hits_by_text(self.entries_, self.matcher_, distinct)
        boundaries = compile_boundaries(self.taxonomy_, self.words_)
        readings = {
            text: read_clause(text, found, self.words_.conditioned, boundaries)
            for text, found in zip(distinct, hits, strict=True)
        }
        return [readings[text] for text in texts]

    def _flags(self, normal: Sequence[str], cut: Clauses) -> NDArray[np.float32]:
        """Return the probability of each flag, by whether one of its phrases stands in the review."""
        found = self.flag_matcher_.find_column(normal)
        met = np.zeros((cut.n_reviews, len(FLAGS)), dtype=bool)
        met[found.doc, self.flag_owners_[found.id]] = True
        scores = np.array([FLAG_SCORES[flag] for flag in FLAGS], dtype=np.float32)
        result = np.where(met, scores[:, 0], scores[:, 1]).astype(np.float32)
        result[np.bincount(cut.review, minlength=cut.n_reviews) == 0] = 0.0
        return result
