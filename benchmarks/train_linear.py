"""Learn the shipped ``linear`` model from ``../shared``, measure it and write its card.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/train_linear.py

Deterministic: the same data give the same ``models/linear``.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import linear_card

from feedback_nlp.evaluation import Report, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_training import Settings
from feedback_nlp.scorers.training_data import without_overlap

REPOSITORY = Path(__file__).resolve().parents[1]
HELD_OUT_CORPUS = "demo.jsonl"


@dataclass(frozen=True)
class Data:
    """Labelled texts by source name, and those kept for measuring."""

    sources: dict[str, list[GoldReview]]
    dev: list[GoldReview]
    demo: list[GoldReview]
    dropped: int

    @property
    def training(self) -> list[GoldReview]:
        """All texts to learn from."""
        return [review for reviews in self.sources.values() for review in reviews]


def load(shared: Path) -> Data:
    """Read gold train and every corpus but the demo, without what overlaps dev or demo."""
    dev, demo = read(shared / "gold" / "dev.jsonl"), read(shared / "corpora" / HELD_OUT_CORPUS)
    files = {"gold/train": shared / "gold" / "train.jsonl"}
    for path in sorted((shared / "corpora").glob("*.jsonl")):
        if path.name != HELD_OUT_CORPUS:
            files[f"corpora/{path.stem}"] = path
    reviews = [(name, review) for name, path in files.items() for review in read(path)]
    kept = without_overlap([r.text for _, r in reviews], [r.text for r in [*dev, *demo]])
    sources: dict[str, list[GoldReview]] = {name: [] for name in files}
    for (name, review), keep in zip(reviews, kept, strict=True):
        if keep:
            sources[name].append(review)
    return Data(sources, dev, demo, int((~kept).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / "linear")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    data = load(arguments.shared)
    scorer = LinearScorer(settings=Settings()).fit(data.training)
    scorer.save(arguments.out)
    seconds = time.perf_counter() - begin
    loaded = load_model(arguments.out)
    reports: dict[str, Report] = {"linear": evaluate(loaded, data.dev)}
    try:
        reports["lexicon"] = evaluate(load_model("lexicon"), data.dev)
    except ImportError:
        print("no lexicon scorer yet: the card has none", file=sys.stderr)
    (arguments.out / "card.md").write_text(
        linear_card.render(data, loaded, reports, arguments.out), encoding="utf-8"
    )
    print(
        f"{arguments.out}: learnt in {seconds:.0f} s; facet + polarity F1 on dev "
        f"{reports['linear'].scores['facet_polarity']['value']:.3f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
