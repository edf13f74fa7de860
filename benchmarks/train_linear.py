"""Learn the shipped ``linear`` model from ``../shared`` and ``corpora/``, measure it and write its card.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/train_linear.py

Deterministic: the same data give the same ``models/linear``. With ``--teacher models/encoder`` it also learns
from what that is sure of in public texts without labels; what that gained is in docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import distil
import linear_card
import public_sets

from feedback_nlp.evaluation import Report, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.abstention import HEADER, Abstention
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_tone import learn_tone
from feedback_nlp.scorers.linear_training import Settings
from feedback_nlp.scorers.training_data import Examples, from_gold, without_overlap
from feedback_nlp.taxonomy import load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
COUNTS = Path(__file__).with_name("abstention_counts.json")
HELD_OUT_CORPUS = "demo.jsonl"
SETTINGS = Settings()
# With twice as many clauses rarer n-grams are left out.
SETTINGS_WITH_TEACHER = replace(SETTINGS, least=3)


@dataclass(frozen=True)
class Data:
    """Labelled texts by source name, and those kept for measuring."""

    sources: dict[str, list[GoldReview]]
    dev: list[GoldReview]
    demo: list[GoldReview]
    dropped: int
    opinions: public_sets.Opinions
    held_out: list[str]

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
    return Data(sources, dev, demo, int((~kept).sum()), public, held_out)


def examples_of(data: Data, shared: Path, teacher: Scorer | None) -> tuple[Examples, int]:
    """Return the labelled texts, then those that ``teacher`` labels, and how many those are."""
    labelled = from_gold(data.training, load_taxonomy("default"), folds=SETTINGS.folds)
    if teacher is None:
        return labelled, 0
    known = data.held_out + [review.text for review in data.training]
    soft = distil.judged_by(teacher, distil.unlabelled(shared / "data", known))
    return distil.joined([labelled, soft]), len(soft)


def _pace(scorer: Scorer, texts: list[str]) -> float:
    begin = time.perf_counter()
    scorer.predict(texts)
    return len(texts) / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / "linear")
    parser.add_argument("--teacher", type=Path, help="model folder whose sure labels are learnt as well")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    data = load(arguments.shared)
    tone = learn_tone(data.opinions.texts, data.opinions.positive)
    teacher = None if arguments.teacher is None else load_model(arguments.teacher)
    examples, n_soft = examples_of(data, arguments.shared, teacher)
    settings = SETTINGS if teacher is None else SETTINGS_WITH_TEACHER
    scorer = LinearScorer(settings=settings, tone=tone).fit(examples)
    # For --max-error: counted by benchmarks/abstention.py, which learns a model for each group of industries.
    scorer.abstention_ = Abstention.from_header({HEADER: json.loads(COUNTS.read_text(encoding="utf-8"))})
    scorer.save(arguments.out)
    seconds = time.perf_counter() - begin
    begin_load = time.perf_counter()
    loaded = load_model(arguments.out)
    load_seconds = time.perf_counter() - begin_load
    reports: dict[str, Report] = {"linear": evaluate(loaded, data.dev)}
    reports["lexicon"] = evaluate(load_model("lexicon"), data.dev)
    pace = linear_card.Pace(load_seconds, _pace(loaded, data.opinions.texts[:5000]))
    card = linear_card.render(data, loaded, scorer, reports, arguments.out, pace, n_soft)
    (arguments.out / "card.md").write_text(card, encoding="utf-8")
    print(
        f"{arguments.out}: learnt in {seconds:.0f} s; facet + polarity F1 on dev "
        f"{reports['linear'].scores['facet_polarity']['value']:.3f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
