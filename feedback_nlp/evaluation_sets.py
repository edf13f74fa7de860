"""Predicted and gold sets of elements, facets and flags: review by review, and clause by clause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.insight.mentions import write
from feedback_nlp.schema import FLAGS, LABELS
from feedback_nlp.scorers.training_data import reviewed_rows
from feedback_nlp.taxonomy import GENERAL
from feedback_nlp.text.clauses import cut_column, from_spans

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Counts", "Judged", "Truth", "clause_level", "judge"]

# A mention this probable or more is shown to someone; its probability must hold.
SHOWN_SCORE = 0.2
# In ``GoldReview.meta``: the facets that the labels of a whole review, not cut into clauses, speak of.
COVERED = "covered"

Counts = NDArray[np.int64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """Predicted and true sets of each review; the overall label right or wrong, with its confidence."""

    found: dict[str, Truth]
    truth: dict[str, Truth]
    right: Truth
    confidence: NDArray[np.float64]
    confusion: NDArray[np.int64]

    def counts(self) -> dict[str, Counts]:
        """Return hits, predicted and true of each review by measure."""
        ones = np.ones_like(self.right)
        result = {name: _count(self.found[name], self.truth[name]) for name in self.found}
        result["overall"] = np.stack([self.right, ones, ones], axis=1).astype(np.int64)
        return result

    def named(self, taxonomy: Taxonomy) -> dict[str, tuple[list[str], Truth, Truth]]:
        """Return the measures whose columns are labels: names, predicted, true."""
        names = {"element": _element_names(taxonomy), "facet": _facet_names(taxonomy), "flags": list(FLAGS)}
        return {kind: (labels, self.found[kind], self.truth[kind]) for kind, labels in names.items()}


def judge(scorer: Scorer, reviews: Sequence[GoldReview]) -> Judged:
    """Score the texts as a user would and lay the result beside the gold labels, where there are any."""
    texts = [review.text for review in reviews]
    cut = cut_column(texts)
    mentions, scored = write(
        scorer.predict(texts, cut), cut, [str(row) for row in range(len(texts))], texts, scorer
    )
    mentions = _on_covered(_on_reviewed(mentions, reviews), reviews)
    row, facets, labels = (mentions.column(name).to_pylist() for name in ("review_id", "facet", "label"))
    found = _sets(np.array(row, dtype=np.int64), facets, labels, len(texts), scorer.taxonomy_)
    truth = _gold_sets(reviews, scorer.taxonomy_)
    found["flags"] = _flag_sets(scored.column("fb_flags").to_pylist())
    truth["flags"] = _flag_sets([review.flags for review in reviews])
    partly = np.array([_partly(review) for review in reviews], dtype=bool)
    found["flags"][partly] = truth["flags"][partly] = False
    # A text without any clause has no label: that is right where nothing was felt.
    said = [LABELS.index(label) if label else 1 for label in scored.column("fb_label").to_pylist()]
    overall = np.array([review.overall for review in reviews]) + 1
    right = np.array(said) == overall
    confusion = np.zeros((3, 3), dtype=np.int64)
    np.add.at(confusion, (overall, np.array(said)), 1)
    confidence = [1 / 3 if value is None else value for value in scored.column("fb_confidence").to_pylist()]
    return Judged(found, truth, right, np.array(confidence, dtype=np.float64), confusion)


def _partly(review: GoldReview) -> bool:
    """Whether the labels say nothing of some clauses, of flags, or of facets that they do not cover."""
    return review.reviewed is not None or COVERED in review.meta


def _on_covered(mentions: pa.Table, reviews: Sequence[GoldReview]) -> pa.Table:
    """Leave out mentions of facets that the labels of a review can't speak of."""
    covered = {row: set(review.meta[COVERED]) for row, review in enumerate(reviews) if COVERED in review.meta}
    if not covered:
        return mentions
    pairs = zip(mentions.column("review_id").to_pylist(), mentions.column("facet").to_pylist(), strict=True)
    return mentions.filter([facet in covered.get(int(row), {facet}) for row, facet in pairs])


def _on_reviewed(mentions: pa.Table, reviews: Sequence[GoldReview]) -> pa.Table:
    """Leave out mentions in clauses nobody judged, of reviews that were corrected in part."""
    judged = {
        row: [review.clauses[clause] for clause in review.reviewed]
        for row, review in enumerate(reviews)
        if review.reviewed is not None
    }
    if not judged:
        return mentions
    places = zip(*(mentions.column(name).to_pylist() for name in ("review_id", "start", "end")), strict=True)
    kept = [
        any(start < after and before < end for before, after in judged.get(int(row), ((start, end),)))
        for row, start, end in places
    ]
    return mentions.filter(kept)


def _flag_sets(rows: Sequence[Sequence[str]]) -> Truth:
    return np.array([[flag in row for flag in FLAGS] for row in rows], dtype=bool)


def _facet_names(taxonomy: Taxonomy) -> list[str]:
    """Return the facets that are compared: all but the general one."""
    return [code for code in taxonomy.codes if code != GENERAL]


def _element_names(taxonomy: Taxonomy) -> list[str]:
    return list(dict.fromkeys(code.partition(".")[0] for code in _facet_names(taxonomy)))


def _sets(
    review: NDArray[np.int64], facets: Sequence[str], labels: Sequence[str], n_rows: int, taxonomy: Taxonomy
) -> dict[str, Truth]:
    """Return the sets of the contract as bool matrices from (row, facet, label) triples."""
    names, elements = _facet_names(taxonomy), _element_names(taxonomy)
    place = {name: position for position, name in enumerate(names)}
    keep = [row for row, facet in enumerate(facets) if facet in place]
    rows = review[keep]
    column = np.array([place[facets[row]] for row in keep], dtype=np.int64)
    side = np.array([LABELS.index(labels[row]) for row in keep], dtype=np.int64)
    block = np.zeros((n_rows, len(names), 3), dtype=bool)
    block[rows, column, side] = True
    member = np.array([[name.partition(".")[0] == element for element in elements] for name in names])
    by_element = np.einsum("nfs,fe->nes", block.astype(np.int64), member.astype(np.int64)) > 0
    return {
        "element": by_element.any(axis=2),
        "facet": block.any(axis=2),
        "element_polarity": by_element.reshape(n_rows, -1),
        "facet_polarity": block.reshape(n_rows, -1),
        "negatives": block[:, :, 0],
    }


def _gold_sets(reviews: Sequence[GoldReview], taxonomy: Taxonomy) -> dict[str, Truth]:
    triples = [
        (row, facet, LABELS[polarity + 1])
        for row, review in enumerate(reviews)
        for _, facet, polarity in review.labels
    ]
    rows = np.array([row for row, _, _ in triples], dtype=np.int64)
    return _sets(rows, [t[1] for t in triples], [t[2] for t in triples], len(reviews), taxonomy)


def clause_level(
    scorer: Scorer, reviews: Sequence[GoldReview]
) -> tuple[dict[str, Counts], tuple[NDArray[np.float64], Truth]]:
    """Return counts on gold clauses, summed by review, and (score, mentioned) pairs for calibration."""
    texts = [review.text for review in reviews]
    clauses = from_spans([review.clauses for review in reviews])
    prediction = scorer.predict(texts, clauses)
    mentions, _ = write(prediction, clauses, [str(row) for row in range(len(texts))], texts, scorer)
    first = np.searchsorted(clauses.review, np.arange(len(reviews)))
    row_of = first[np.array(mentions.column("review_id").to_pylist(), dtype=np.int64)]
    rows = row_of + mentions.column("clause").to_numpy()
    facets, labels = (mentions.column(name).to_pylist() for name in ("facet", "label"))
    found = _sets(rows.astype(np.int64), facets, labels, len(clauses), scorer.taxonomy_)
    whole = np.array([COVERED in review.meta for review in reviews], dtype=bool)
    known = reviewed_rows(reviews) & ~whole[clauses.review]
    for matrix in found.values():
        matrix[~known] = False
    triples = [
        (first[row] + clause, facet, LABELS[polarity + 1])
        for row, review in enumerate(reviews)
        if not whole[row]
        for clause, facet, polarity in review.labels
    ]
    gold_rows = np.array([t[0] for t in triples], dtype=np.int64)
    truth = _sets(gold_rows, [t[1] for t in triples], [t[2] for t in triples], len(clauses), scorer.taxonomy_)
    counts = {}
    for name, source in (("clause_facet", "facet"), ("clause_facet_polarity", "facet_polarity")):
        by_review = np.zeros((len(reviews), 3), dtype=np.int64)
        np.add.at(by_review, clauses.review, _count(found[source], truth[source]))
        counts[name] = by_review
    kept = [position for position, code in enumerate(scorer.taxonomy_.codes) if code != GENERAL]
    score = prediction.clauses.sum(axis=2, dtype=np.float64)[:, kept]
    shown = (score >= SHOWN_SCORE) & known[:, None]
    return counts, (np.minimum(score[shown], 1.0), truth["facet"][shown])


def _count(found: Truth, truth: Truth) -> Counts:
    """Return hits, predicted and true of each row."""
    return np.stack([(found & truth).sum(axis=1), found.sum(axis=1), truth.sum(axis=1)], axis=1).astype(
        np.int64
    )
