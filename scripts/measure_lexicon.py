"""Measure what the lexicon scorer's evidence is worth on labelled reviews, and write the two tables it reads.

    python scripts/measure_lexicon.py /path/to/train.jsonl

Writes ``evidence.tsv`` and ``overall.tsv`` in ``feedback_nlp/resources/lexicons``. Run it again when the
taxonomy or the word lists have changed much; never on files that are kept for reporting.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from feedback_nlp import gold
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.lexicon_context import place, sign, summarise, tone
from feedback_nlp.scorers.lexicon_reading import Level, read
from feedback_nlp.scorers.lexicon_tables import overall_features
from feedback_nlp.taxonomy import GENERAL
from feedback_nlp.text.clauses import from_spans
from feedback_nlp.text.column import Column

FOLDER = Path(__file__).resolve().parents[1] / "feedback_nlp" / "resources" / "lexicons"
HEAD = (
    "# source: written for this project by scripts/measure_lexicon.py\n# licence: Apache-2.0\n# version: 1\n"
)
# Clauses of the next coarser kind of evidence that a cell starts with: few clauses, little say.
PRIOR = 6.0


def observe(
    reviews: list[gold.GoldReview], scorer: LexiconScorer
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return counts (level, sign, tone, negative/neutral/positive/absent) and summaries of the reviews."""
    clauses = from_spans([review.clauses for review in reviews])
    readings = read(scorer.entries_, Column.of([review.text for review in reviews], clauses))
    placed = place(readings, clauses, scorer.taxonomy_.index[GENERAL])
    summaries = summarise(readings, placed, clauses)
    moods = tone(summaries)[clauses.review[placed.clause]] + 1
    truth = defaultdict(set)
    first = np.searchsorted(clauses.review, np.arange(len(reviews))).tolist()
    for row, review in zip(first, reviews, strict=True):
        for clause, facet, polarity in review.labels:
            truth[row + clause, scorer.taxonomy_.index[facet]].add(polarity)
    counts = np.zeros((len(Level), 3, 3, 4))
    rows = zip(*(column.tolist() for column in (*placed[:3], sign(placed.value) + 1, moods)), strict=True)
    for clause, facet, level, opinion, mood in rows:
        cell = counts[level, opinion, mood]
        found = truth.get((clause, facet))
        for polarity in found or ():
            cell[polarity + 1] += 1 / len(found)
        cell[3] += found is None
    return counts, summaries


def shrink(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shares of (level, sign, tone), drawn towards those of (level, sign) and of the level."""
    level = counts.sum(axis=(1, 2), keepdims=True) + 1e-9
    shares = level / level.sum(axis=-1, keepdims=True)
    for part in (counts.sum(axis=2, keepdims=True), counts):
        shares = (part + PRIOR * shares) / (part.sum(axis=-1, keepdims=True) + PRIOR)
    return shares[..., :3]


def write_evidence(counts: NDArray[np.float64]) -> None:
    shares = shrink(counts)
    lines = [
        "# Share of clauses with a kind of evidence for a facet that are labelled with it.\n" + HEAD,
        "# level<TAB>sign of the opinion<TAB>tone of the review<TAB>the shares<TAB>clauses\n",
    ]
    for level in Level:
        for opinion in range(3):
            for mood in range(3):
                values = "\t".join(f"{value:.3f}" for value in shares[level, opinion, mood])
                met = int(counts[level, opinion, mood].sum())
                lines.append(f"{level.name}\t{opinion - 1}\t{mood - 1}\t{values}\t{met}\n")
    (FOLDER / "evidence.tsv").write_text("".join(lines), encoding="utf-8")


def write_overall(summaries: NDArray[np.float64], overall: list[int]) -> float:
    features = overall_features(summaries)
    model = LogisticRegression(C=3, max_iter=5000)
    accuracy = cross_val_score(model, features, overall, cv=5).mean()
    model.fit(features, overall)
    names = (
        "intercept",
        "log praise",
        "log blame",
        "log lukewarm",
        "last",
        "share of praise",
        "share of blame",
    )
    rows = zip(names, [model.intercept_, *model.coef_.T], strict=True)
    lines = [
        "# Logistic regression of the overall judgement on what the clauses say.\n" + HEAD,
        f"# right in five-fold cross-validation: {accuracy:.3f}\n",
        "# feature<TAB>negative<TAB>neutral<TAB>positive\n",
        *("\t".join([name, *(f"{value:.3f}" for value in row)]) + "\n" for name, row in rows),
    ]
    (FOLDER / "overall.tsv").write_text("".join(lines), encoding="utf-8")
    return float(accuracy)


def main() -> None:
    reviews = gold.read(sys.argv[1:])
    scorer = LexiconScorer().fit()
    counts, summaries = observe(reviews, scorer)
    write_evidence(counts)
    accuracy = write_overall(summaries, [review.overall for review in reviews])
    print(f"{len(reviews)} reviews, {int(counts.sum())} pieces of evidence, overall {accuracy:.3f}")


if __name__ == "__main__":
    main()
