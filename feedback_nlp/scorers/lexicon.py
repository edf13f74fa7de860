"""The scorer that needs no training: a taxonomy's terms and phrases, word lists and a few rules of reading.

A user's own taxonomy works at once. ``lexicon_entries`` compiles everything to look for into one matcher,
``lexicon_hits`` finds it, ``lexicon_opinions`` weighs opinions, ``lexicon_reading`` reads clauses,
``lexicon_context`` reviews; ``lexicon_tables`` says what evidence is worth. All of them work on the arrays of
a whole column.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction, Scorer
from feedback_nlp.scorers.lexicon_context import place, sign, summarise, tone
from feedback_nlp.scorers.lexicon_entries import Entries
from feedback_nlp.scorers.lexicon_files import read_folder, write_folder
from feedback_nlp.scorers.lexicon_reading import read
from feedback_nlp.scorers.lexicon_tables import FLAG_SCORES, evidence_table, overall_probabilities
from feedback_nlp.scorers.lexicon_words import Words, load_words
from feedback_nlp.taxonomy import GENERAL, Taxonomy, load_taxonomy
from feedback_nlp.text.clauses import cut_column
from feedback_nlp.text.codepoints import whole_texts
from feedback_nlp.text.column import Column
from feedback_nlp.text.terms import TermMatcher

if TYPE_CHECKING:
    from feedback_nlp.text.clauses import Clauses

__all__ = ["Judged", "LexiconScorer"]

# Micro-averaged F1 over facets is best when mentions are kept from about half its own value on.
THRESHOLD = 0.3
FLAG_THRESHOLD = 0.4


class Judged(NamedTuple):
    """The judgement of a column of reviews.

    Attributes
    ----------
    clause, facet : int64 arrays of shape (n_cells,)
        Every clause and facet with evidence, in order, each pair once.
    sides : float32 array of shape (n_cells, 3)
        Probability of a mention that is negative / neutral / positive.
    overall, flags : float32 arrays of shape (n_reviews, 3) and (n_reviews, 5)
        As in ``Prediction``.
    """

    clause: NDArray[np.int64]
    facet: NDArray[np.int64]
    sides: NDArray[np.float32]
    overall: NDArray[np.float32]
    flags: NDArray[np.float32]


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
    entries_: Entries
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
        self.entries_ = Entries(self.taxonomy_, self.words_)
        pairs = [
            (FLAGS.index(flag), phrase) for flag, phrases in self.words_.flags.items() for phrase in phrases
        ]
        self.flag_owners_ = np.array([flag for flag, _ in pairs], dtype=np.int64)
        self.flag_matcher_ = TermMatcher([phrase for _, phrase in pairs], checked=True)
        self.table_ = evidence_table()
        self.thresholds_ = np.full(len(self.taxonomy_.codes), THRESHOLD, dtype=np.float32)
        self.flag_thresholds_ = np.full(len(FLAGS), FLAG_THRESHOLD, dtype=np.float32)
        return self

    def predict(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> Prediction:
        """Judge reviews; see :meth:`Scorer.predict`."""
        original = whole_texts(texts)
        cut = cut_column(original) if clauses is None else clauses
        judged = self.judge(Column.of(original, cut), cut)
        block = np.zeros((len(cut), len(self.taxonomy_.codes), 3), dtype=np.float32)
        block[judged.clause, judged.facet] = judged.sides
        return Prediction(block, judged.overall, judged.flags)

    def judge(self, column: Column, clauses: Clauses) -> Judged:
        """Return the same judgement without the facets that a clause says nothing of.

        Parameters
        ----------
        column : Column
            ``clauses`` in normal form.
        clauses : Clauses
        """
        readings = read(self.entries_, column)
        placed = place(readings, clauses, self.taxonomy_.index.get(GENERAL, -1))
        summaries = summarise(readings, placed, clauses)
        mood = tone(summaries)[clauses.review[placed.clause]] + 1
        sides = self.table_[placed.level, sign(placed.value) + 1, mood]
        return Judged(
            *_last_of_each(placed.clause, placed.facet, sides, len(self.taxonomy_.codes)),
            overall_probabilities(summaries),
            self._flags(column, clauses),
        )

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

    def _flags(self, column: Column, clauses: Clauses) -> NDArray[np.float32]:
        """Return the probability of each flag, by whether one of its phrases stands in the review."""
        origin = column.origin
        found = self.flag_matcher_.find_spans(column.text, origin[:-1], origin[1:] - 1, column.codes)
        met = np.zeros((clauses.n_reviews, len(FLAGS)), dtype=bool)
        met[found.doc, self.flag_owners_[found.id]] = True
        scores = np.array([FLAG_SCORES[flag] for flag in FLAGS], dtype=np.float32)
        result = np.where(met, scores[:, 0], scores[:, 1]).astype(np.float32)
        result[np.bincount(clauses.review, minlength=clauses.n_reviews) == 0] = 0.0
        return result


def _last_of_each(
    clause: NDArray[np.int64], facet: NDArray[np.int64], sides: NDArray[np.float32], n_facets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the cells by clause and facet; the last one where a cell is there twice."""
    order = np.argsort(clause * n_facets + facet, kind="stable")
    key = (clause * n_facets + facet)[order]
    order = order[np.append(key[1:] != key[:-1], True)[: len(key)]]
    return clause[order], facet[order], sides[order]
