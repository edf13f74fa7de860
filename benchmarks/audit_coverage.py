"""Do 95 % intervals of audited shares hold the truth? Resamples of labelled texts, beside naive intervals.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/audit_coverage.py

The labelled texts of ``corpora/demo.jsonl`` and of gold dev, which the shipped model has not learnt from, are
scored once. Each of 500 resamples draws a file of 2,000 texts from them with replacement, and a sample of
that file as ``audit sample`` does; the gold labels are the person's, and the share of each element is
corrected as ``audit apply`` does. The truth is the share among all labelled texts. Elements with fewer than
10 audited positives are refused, as users see it, and counted apart. Writes the table of ``docs/methods.md``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from feedback_nlp.gold import GoldReview, read
from feedback_nlp.insight.quantify import allocate, audited, strata
from feedback_nlp.pipeline import score
from feedback_nlp.taxonomy import GENERAL, load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
FILE, SAMPLES, RESAMPLES = 2_000, (200, 400), 500


@dataclass
class Tally:
    """Intervals of one element: asked for, given, holding the truth; and the naive ones that hold it."""

    asked: int = 0
    given: int = 0
    held: int = 0
    naive: int = 0
    width: list[float] = field(default_factory=list)


def blamed(reviews: list[GoldReview], model: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return elements, predicted and true blame: (n, k)."""
    names = [
        element.code for element in load_taxonomy().elements if element.code != GENERAL.partition(".")[0]
    ]
    found = score([review.text for review in reviews], model=model).columns["fb_negative"].to_pylist()
    predicted = [[any(code.startswith(f"{name}.") for code in row) for name in names] for row in found]
    true = [
        [any(code.startswith(f"{name}.") and side < 0 for _, code, side in review.labels) for name in names]
        for review in reviews
    ]
    return names, np.array(predicted), np.array(true)


def resample(predicted: np.ndarray, true: np.ndarray, n: int, resamples: int) -> list[Tally]:
    """Return the tallies of all elements."""
    generator = np.random.default_rng(n)
    shares = true.mean(axis=0)
    tallies = [Tally() for _ in shares]
    for draw in range(resamples):
        rows = generator.integers(0, len(true), FILE)
        here, truth = predicted[rows], true[rows]
        place = strata(here)
        sizes = np.bincount(place, minlength=here.shape[1] + 1)
        wanted = allocate(sizes, n)
        parts = [
            generator.choice(np.flatnonzero(place == s), k, replace=False)
            for s, k in enumerate(wanted.tolist())
        ]
        picked = np.concatenate(parts)
        weight = (sizes / np.maximum(wanted, 1))[place[picked]]
        for column, tally in enumerate(tallies):
            found = audited(here[:, column], picked, truth[picked, column], weight, draws=1_000, seed=draw)
            tally.asked += 1
            tally.naive += found.naive.low <= shares[column] <= found.naive.high
            if found.share is not None:
                tally.given += 1
                tally.held += found.share.low <= shares[column] <= found.share.high
                tally.width.append(found.share.high - found.share.low)
    return tallies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--model", default="linear")
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    arguments = parser.parse_args()
    files = [REPOSITORY / "corpora" / "demo.jsonl", arguments.shared / "gold" / "dev.jsonl"]
    reviews = read(files)
    names, predicted, true = blamed(reviews, arguments.model)
    for n in SAMPLES:
        tallies = resample(predicted, true, n, arguments.resamples)
        print(f"\n{len(reviews)} texts, files of {FILE}, {n} labelled, {arguments.resamples} resamples\n")
        print("| element | true share | model's share | naive covers | corrected covers | given | width |")
        print("|---|" + "---:|" * 6)
        for name, tally, here, truth in zip(names, tallies, predicted.T, true.T, strict=True):
            covers = f"{tally.held / tally.given:.1%}" if tally.given else "–"
            width = f"{np.mean(tally.width):.3f}" if tally.width else "–"
            cells = (f"{truth.mean():.3f}", f"{here.mean():.3f}", f"{tally.naive / tally.asked:.1%}", covers)
            print(f"| {name} | " + " | ".join(cells) + f" | {tally.given / tally.asked:.0%} | {width} |")
        given = sum(tally.given for tally in tallies)
        naive = sum(tally.naive for tally in tallies) / sum(tally.asked for tally in tallies)
        held = sum(tally.held for tally in tallies) / max(given, 1)
        print(f"| all | | | {naive:.1%} | {held:.1%} | {given / sum(t.asked for t in tallies):.0%} | |")


if __name__ == "__main__":
    main()
