"""Labelled reviews as arrays to learn from, and what must stay out of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.schema import FLAGS
from feedback_nlp.text.clauses import Clauses, from_spans
from feedback_nlp.text.normalize import normalize

if TYPE_CHECKING:
    from feedback_nlp.gold import GoldReview
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Examples", "fold_of", "from_gold", "reviewed_rows", "text_key", "without_overlap"]

# A text that shares this part of its character 4-grams with another is the same text, edited.
NEAR = 0.7
# ``GoldReview.source`` of texts written to teach.
WRITTEN = "written"
_NOT_CONTENT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Examples:
    """Reviews with what is known of them.

    Attributes
    ----------
    texts : tuple of str, length n_reviews
    clauses : Clauses
    mention : int8 array of shape (n_clauses, n_facets)
        1 mentioned, 0 not, −1 unknown.
    sides : bool array of shape (n_clauses, n_facets, 3)
        Known negative / neutral / positive mentions.
    overall : int8 array of shape (n_reviews,)
        0 negative, 1 neutral, 2 positive, −1 unknown.
    flags : int8 array of shape (n_reviews, 5)
        1, 0 or −1 unknown.
    fold : int8 array of shape (n_reviews,)
        Cross-fitting fold; −1 is always learnt from and never judged.
    written : bool array of shape (n_reviews,), optional
        Texts written to teach: what they say is true, but how often is not how often customers say it.
    """

    texts: tuple[str, ...]
    clauses: Clauses
    mention: NDArray[np.int8]
    sides: NDArray[np.bool_]
    overall: NDArray[np.int8]
    flags: NDArray[np.int8]
    fold: NDArray[np.int8]
    written: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def pick(self, rows: NDArray[np.intp]) -> Examples:
        """Return the reviews at ``rows``, ascending positions."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        review = place[self.clauses.review]
        kept = review >= 0
        cut = self.clauses
        return Examples(
            tuple(self.texts[row] for row in rows),
            Clauses(review[kept], cut.index[kept], cut.start[kept], cut.end[kept], len(rows)),
            self.mention[kept],
            self.sides[kept],
            self.overall[rows],
            self.flags[rows],
            self.fold[rows],
            None if self.written is None else self.written[rows],
        )

    def natural(self, least: int = 500) -> NDArray[np.bool_]:
        """Return which reviews to judge are as customers write them; all where those are under ``least``."""
        judged: NDArray[np.bool_] = self.fold >= 0
        if self.written is None:
            return judged
        found = judged & ~self.written
        return found if int(found.sum()) >= least else judged


def from_gold(reviews: Sequence[GoldReview], taxonomy: Taxonomy, *, folds: int = 5) -> Examples:
    """Return labelled reviews as arrays; facets that ``taxonomy`` lacks are left out.

    Where only some clauses were reviewed, the others and the flags are unknown.
    """
    clauses = from_spans([review.clauses for review in reviews])
    sides = np.zeros((len(clauses), len(taxonomy.codes), 3), dtype=bool)
    first = np.searchsorted(clauses.review, np.arange(len(reviews)))
    for row, review in zip(first.tolist(), reviews, strict=True):
        for clause, facet, polarity in review.labels:
            if facet in taxonomy.index:
                sides[row + clause, taxonomy.index[facet], polarity + 1] = True
    mention = np.asarray(sides.any(axis=2), dtype=np.int8)
    mention[~reviewed_rows(reviews)] = -1
    return Examples(
        texts=tuple(review.text for review in reviews),
        clauses=clauses,
        mention=mention,
        sides=sides,
        overall=np.array([review.overall + 1 for review in reviews], dtype=np.int8),
        flags=np.array(
            [[_flag(review, flag) for flag in FLAGS] for review in reviews], dtype=np.int8
        ).reshape(-1, len(FLAGS)),
        fold=np.array([fold_of(review.text, folds) for review in reviews], dtype=np.int8),
        written=np.array([review.source == WRITTEN for review in reviews], dtype=bool),
    )


def _flag(review: GoldReview, flag: str) -> int:
    return -1 if review.reviewed is not None else int(flag in review.flags)


def reviewed_rows(reviews: Sequence[GoldReview]) -> NDArray[np.bool_]:
    """Return which clauses, of all reviews in order, a person has judged: (n_clauses,)."""
    rows = [
        review.reviewed is None or clause in review.reviewed
        for review in reviews
        for clause in range(len(review.clauses))
    ]
    return np.array(rows, dtype=bool)


def text_key(text: str) -> str:
    """Return the text without punctuation, spaces and case: what makes two texts the same."""
    return _NOT_CONTENT.sub("", normalize(text))


def fold_of(text: str, folds: int) -> int:
    """Return the fold of a text, the same in every run and for every spelling of the same text."""
    return int.from_bytes(hashlib.sha256(text_key(text).encode()).digest()[:4], "big") % folds


def without_overlap(texts: Sequence[str], held_out: Iterable[str]) -> NDArray[np.bool_]:
    """Return which texts neither repeat nor nearly repeat a held-out text, nor repeat an earlier one.

    Parameters
    ----------
    texts : sequence of str, length n
    held_out : iterable of str
        Texts kept for measuring.

    Returns
    -------
    bool array of shape (n,)
        False for a text whose key equals that of a held-out or an earlier text, or that shares 70 % of the
        4-grams of the shorter of the two with a held-out text of at least 8 characters.
    """
    held_keys = [text_key(text) for text in held_out]
    keys = [text_key(text) for text in texts]
    seen = set(held_keys)
    kept = np.ones(len(keys), dtype=bool)
    for row, key in enumerate(keys):
        kept[row] = key not in seen
        seen.add(key)
    near = _near_any(keys, [key for key in held_keys if len(key) >= 8])
    return kept & ~near


def _near_any(keys: Sequence[str], held: Sequence[str]) -> NDArray[np.bool_]:
    """Return which keys share most 4-grams with one of ``held``, by one sparse product."""
    found = np.zeros(len(keys), dtype=bool)
    if not held:
        return found
    vocabulary: dict[str, int] = {}
    reference = _shingles(held, vocabulary, grow=True)
    sizes = np.maximum(np.asarray(reference.sum(axis=1)).ravel(), 1)
    for start in range(0, len(keys), 20_000):
        part = keys[start : start + 20_000]
        shared = (_shingles(part, vocabulary, grow=False) @ reference.T).tocoo()
        own = np.array([max(len(key) - 3, 1) for key in part])
        limit = NEAR * np.minimum(own[shared.row], sizes[shared.col])
        enough = (shared.data >= limit) & (own[shared.row] >= 5)
        found[start + shared.row[enough]] = True
    return found


def _shingles(keys: Sequence[str], vocabulary: dict[str, int], *, grow: bool) -> Any:
    """Return the distinct 4-grams of keys as a CSR matrix over ``vocabulary``, which grows if asked to."""
    from scipy.sparse import csr_matrix

    rows: list[int] = []
    columns: list[int] = []
    for row, key in enumerate(keys):
        grams = {key[at : at + 4] for at in range(max(len(key) - 3, 1))}
        for gram in sorted(grams):
            column = vocabulary.setdefault(gram, len(vocabulary)) if grow else vocabulary.get(gram, -1)
            if column >= 0:
                rows.append(row)
                columns.append(column)
    ones = np.ones(len(rows), dtype=np.float32)
    return csr_matrix((ones, (rows, columns)), shape=(len(keys), max(len(vocabulary), 1)))
