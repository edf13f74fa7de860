"""Measure by cross-fitting on gold train whether the partial labels of the public sets help.

    nice -n 12 env OMP_NUM_THREADS=1 python benchmarks/partial_gain.py [SOURCE ...]

Learns with and without each source (and all together, ``all``) from two thirds of ``gold/train.jsonl`` and a
part of the corpora, judges the last third, and prints facet and facet + polarity F1 of the reviews' sets with
the paired bootstrap interval of the difference. dev is not read but to keep its texts out.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from public_sets import MAPPED_SOURCES, joined, partial

from feedback_nlp.gold import read
from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_calibration import calibrate
from feedback_nlp.scorers.linear_evidence import gather
from feedback_nlp.scorers.linear_lessons import Lessons
from feedback_nlp.scorers.linear_model import LinearWeights, whole_facets
from feedback_nlp.scorers.linear_training import Settings, cross_fit, make_design
from feedback_nlp.scorers.training_data import Examples, from_gold, without_overlap
from feedback_nlp.taxonomy import GENERAL, load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
# One of these parts of gold train is judged, by heads learnt from the others.
PARTS = 3
SETTINGS = Settings(folds=1)
# Every n-th text of the corpora is learnt from.
EVERY_CORPUS = 3
DRAWS = 2000

Counts = NDArray[np.int64]


def base(shared: Path) -> Examples:
    """Return gold train, one part of it judged, then a part of the corpora, learnt from only."""
    taxonomy = load_taxonomy("default")
    gold = from_gold(read(shared / "gold" / "train.jsonl"), taxonomy, folds=PARTS)
    files = [path for path in sorted((REPOSITORY / "corpora").glob("*.jsonl")) if path.stem != "demo"]
    reviews = [review for path in files for review in read(path)][::EVERY_CORPUS]
    kept = without_overlap([review.text for review in reviews], gold.texts)
    corpora = from_gold([review for review, keep in zip(reviews, kept, strict=True) if keep], taxonomy)
    return joined(
        [
            replace(gold, fold=np.where(gold.fold == 0, 0, -1).astype(np.int8)),
            replace(corpora, fold=np.full(len(corpora), -1, np.int8)),
        ]
    )


def counts_of(examples: Examples, shipped: LinearScorer) -> dict[str, Counts]:
    """Return hits, predicted and true of each judged review, by measure, from heads that don't know it.

    The tone is the shipped one, learnt without gold texts. Thresholds are chosen on the judged part,
    in every variant alike.
    """
    taxonomy = shipped.taxonomy_
    grams = ngram_slots(examples.texts, examples.clauses)
    tone = shipped.tone_
    evidence = gather(shipped.lexicon_, tone, Vocabulary(tone.slots), examples.texts, examples.clauses, grams)
    lessons = Lessons.labelled(examples, evidence)
    design = make_design(lessons, SETTINGS)
    logits = cross_fit(lessons, design, SETTINGS, lambda _message: None)
    calibration, decisions = calibrate(examples, logits, evidence, taxonomy)
    learnt = LinearWeights(design.slots, design.short, np.zeros((0, 0), np.float32), {}, calibration)
    prediction = learnt.calibrated(logits, examples.clauses, evidence, whole_facets(taxonomy))
    block = prediction.clauses
    named = [place for place, code in enumerate(taxonomy.codes) if code != GENERAL]
    side = np.arange(3) == block.argmax(axis=2)[:, :, None]
    found = (block.sum(axis=2) >= decisions.thresholds)[:, :, None] & side
    judged = np.flatnonzero(examples.fold >= 0)
    predicted, true = (_whole(sides, examples)[judged][:, named] for sides in (found, examples.sides))
    right = prediction.overall.argmax(axis=1)[judged] == examples.overall[judged]
    one = np.ones_like(right)
    return {
        "facet": _counts(np.asarray(predicted.any(axis=2)), np.asarray(true.any(axis=2))),
        "facet + polarity": _counts(predicted, true),
        "overall": np.stack([right, one, one], axis=1).astype(np.int64),
    }


def _whole(sides: NDArray[np.bool_], examples: Examples) -> NDArray[np.bool_]:
    """Return which sides of which facets stand in any clause of each review."""
    whole = np.zeros((len(examples), *sides.shape[1:]), dtype=bool)
    np.logical_or.at(whole, examples.clauses.review, sides)
    return whole


def _counts(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> Counts:
    rows = [side.reshape(len(side), -1).sum(axis=1) for side in (found & true, found, true)]
    return np.stack(rows, axis=1).astype(np.int64)


def f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return 2·hits / (predicted + true) over the last axis."""
    return np.asarray(2 * counts[..., 0] / np.maximum(counts[..., 1] + counts[..., 2], 1), dtype=np.float64)


def difference(new: Counts, old: Counts) -> str:
    """Return the difference of F1 and its paired bootstrap 95 % interval."""
    generator = np.random.default_rng(0)
    weights = generator.multinomial(len(new), np.full(len(new), 1 / len(new)), size=DRAWS)
    low, high = np.percentile(f1(weights @ new) - f1(weights @ old), [2.5, 97.5])
    return f"{f1(new.sum(axis=0)) - f1(old.sum(axis=0)):+.3f} ({low:+.3f} to {high:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("sources", nargs="*", default=["all", *MAPPED_SOURCES], help="sources, a+b, or all")
    parser.add_argument("--every", type=int, default=1, help="take every n-th text of the sources")
    parser.add_argument("--no-corpora", action="store_true", help="learn from gold alone")
    arguments = parser.parse_args()
    gold = base(arguments.shared)
    if arguments.no_corpora:
        gold = gold.pick(np.arange(len(read(arguments.shared / "gold" / "train.jsonl"))))
    shipped = LinearScorer.load(REPOSITORY / "models" / "linear")
    without = counts_of(gold, shipped)
    print("| learnt besides | texts | " + " | ".join(without) + " | CPU s |")
    print("|---|---:|" + "---|" * len(without) + "---:|")
    values = " | ".join(f"{f1(counts.sum(axis=0)):.3f}" for counts in without.values())
    print(f"| nothing | {len(gold)} | {values} | {time.process_time():.0f} |", flush=True)
    for source in arguments.sources:
        begin = time.process_time()
        names = MAPPED_SOURCES if source == "all" else tuple(source.split("+"))
        more = partial(arguments.shared / "data", shipped.taxonomy_, names)
        more = more.pick(np.arange(0, len(more), arguments.every))
        found = counts_of(joined([gold, more]), shipped)
        cells = " | ".join(difference(found[name], without[name]) for name in without)
        print(f"| {source} | {len(more)} | {cells} | {time.process_time() - begin:.0f} |", flush=True)


if __name__ == "__main__":
    main()
