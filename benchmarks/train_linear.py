"""Learn the shipped ``linear`` model from ``../shared`` and ``corpora/``, measure it and write its card.

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
import public_sets

from feedback_nlp.evaluation import Report, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_tone import learn_tone
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
    opinions: public_sets.Opinions

    @property
    def training(self) -> list[GoldReview]:
        """All texts to learn from."""
        return [review for reviews in self.sources.values() for review in reviews]


def load(shared: Path) -> Data:
    """Read gold train and every corpus here but the demo, without overlaps with what measures."""
    corpora = REPOSITORY / "corpora"
    dev, demo = read(shared / "gold" / "dev.jsonl"), read(corpora / HELD_OUT_CORPUS)
    files = {"gold/train": shared / "gold" / "train.jsonl"}
    for path in sorted(corpora.glob("*.jsonl")):
        if path.name != HELD_OUT_CORPUS:
            files[f"corpora/{path.stem}"] = path
    reviews = [(name, review) for name, path in files.items() for review in read(path)]
    challenge = read(corpora / "challenge" / "challenge.jsonl")
    held_out = [review.text for review in [*dev, *demo, *challenge]]
    kept = without_overlap([review.text for _, review in reviews], held_out)
    sources: dict[str, list[GoldReview]] = {name: [] for name in files}
    for (name, review), keep in zip(reviews, kept, strict=True):
        if keep:
            sources[name].append(review)
    labelled = held_out + [review.text for _, review in reviews]
    public = public_sets.opinions(shared / "data")
    # Gold texts stand in the public sets: with them the tone would know the answers of every fold.
    public = public.pick(without_overlap(public.texts, labelled).tolist())
    return Data(sources, dev, demo, int((~kept).sum()), public)


def _pace(scorer: Scorer, texts: list[str]) -> float:
    begin = time.perf_counter()
    scorer.predict(texts)
    return len(texts) / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / "linear")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    data = load(arguments.shared)
    tone = learn_tone(data.opinions.texts, data.opinions.positive)
    scorer = LinearScorer(settings=Settings(), tone=tone).fit(data.training)
    scorer.save(arguments.out)
    seconds = time.perf_counter() - begin
    begin_load = time.perf_counter()
    loaded = load_model(arguments.out)
    load_seconds = time.perf_counter() - begin_load
    reports: dict[str, Report] = {"linear": evaluate(loaded, data.dev)}
    reports["lexicon"] = evaluate(load_model("lexicon"), data.dev)
    pace = linear_card.Pace(load_seconds, _pace(loaded, data.opinions.texts[:5000]))
    card = linear_card.render(data, loaded, scorer, reports, arguments.out, pace)
    (arguments.out / "card.md").write_text(card, encoding="utf-8")
    print(
        f"{arguments.out}: learnt in {seconds:.0f} s; facet + polarity F1 on dev "
        f"{reports['linear'].scores['facet_polarity']['value']:.3f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
