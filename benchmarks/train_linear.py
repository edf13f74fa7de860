"""Learn the shipped ``linear`` model from ``../shared`` and ``corpora/``, measure it and write its card.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/train_linear.py

Deterministic: the same data give the same ``models/linear``. With ``--teacher models/encoder`` (what is
shipped) the heads learn besides from how that judges public texts without labels. With ``--open``,
``models/linear-open``: only texts written for this project and sets with a permissive licence.
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
import numpy as np
import public_sets
import readings

from feedback_nlp.evaluation import Report, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.abstention import HEADER, Abstention
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_tone import learn_tone
from feedback_nlp.scorers.linear_training import Settings
from feedback_nlp.scorers.training_data import from_gold, without_overlap
from feedback_nlp.taxonomy import load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
COUNTS = Path(__file__).with_name("abstention_counts.json")
HELD_OUT_CORPUS = "demo.jsonl"
# With tens of thousands of texts, n-grams that stand in three clauses are mostly chance, and a third of all.
# How firmly the heads are held was chosen on the tenth of the texts that no encoder learns from.
# Each text that an encoder judged counts for less where there are many times as many as labelled ones.
SETTINGS = Settings(
    least=4,
    mention_c=16.0,
    polar_c=40.0,
    review_c=40.0,
    review_weight=0.6,
    facet_weight=1.0,
    judged_weight=0.3,
    jobs=2,
)
# Texts without labels of one domain of one file that the teacher judges, at most.
PER_DOMAIN = 6000
# As the linear scorer beside the encoder learnt from that before: fewer texts, each counting for more.
PARTNER, PARTNER_PER_DOMAIN = replace(SETTINGS, judged_weight=0.5), distil.PER_DOMAIN


@dataclass(frozen=True)
class Data:
    """Labelled texts by source name, and those kept for measuring."""

    sources: dict[str, list[GoldReview]]
    dev: list[GoldReview]
    demo: list[GoldReview]
    dropped: int
    opinions: public_sets.Opinions
    held_out: list[str]
    licensed: bool = False

    @property
    def training(self) -> list[GoldReview]:
        """All texts to learn from."""
        return [review for reviews in self.sources.values() for review in reviews]


def load(shared: Path, *, licensed: bool = False) -> Data:
    """Read gold train, our readings and every corpus but the demo, without overlaps with what measures.

    Only corpora and ``public_sets.OPEN_SETS`` where all must be ``licensed``.
    """
    corpora = REPOSITORY / "corpora"
    dev, demo = read(shared / "gold" / "dev.jsonl"), read(corpora / HELD_OUT_CORPUS)
    found = {} if licensed else {"gold/train": read(shared / "gold" / "train.jsonl")}
    found |= own_corpora()
    found |= _readings(shared / "data", licensed=licensed)
    reviews = [(name, review) for name, texts in found.items() for review in texts]
    challenge = read(corpora / "challenge" / "challenge.jsonl")
    held_out = [review.text for review in [*dev, *demo, *challenge]]
    kept = without_overlap([review.text for _, review in reviews], held_out)
    sources: dict[str, list[GoldReview]] = {name: [] for name in found}
    for (name, review), keep in zip(reviews, kept, strict=True):
        if keep:
            sources[name].append(review)
    labelled = held_out + [review.text for _, review in reviews]
    mapping = public_sets.OPEN_MAPPING if licensed else public_sets.MAPPING
    public = public_sets.opinions(shared / "data", mapping)
    # Gold texts stand in the public sets: with them the tone would know the answers of every fold.
    public = public.pick(without_overlap(public.texts, labelled).tolist())
    return Data(sources, dev, demo, int((~kept).sum()), public, held_out, licensed)


def own_corpora() -> dict[str, list[GoldReview]]:
    """Return the texts of our own that models learn from, by source name."""
    paths = sorted((REPOSITORY / "corpora").glob("*.jsonl"))
    return {f"corpora/{path.stem}": read(path) for path in paths if path.name != HELD_OUT_CORPUS}


def _readings(data: Path, *, licensed: bool) -> dict[str, list[GoldReview]]:
    """Return our readings by reader; those of the licensed sets by set."""
    found = readings.read_readings(data)
    if not licensed:
        return {f"readings/{reader}": texts for reader, texts in found.items()}
    every = [review for texts in found.values() for review in texts]
    return {
        f"readings/{name}": [review for review in every if review.source == name]
        for name in public_sets.OPEN_SETS
    }


def learn(
    data: Data, shared: Path, teachers: list[Path], settings: Settings, per_domain: int
) -> tuple[LinearScorer, int]:
    """Learn the scorer; return it and how many texts without labels its teachers judged."""
    taxonomy = load_taxonomy("default")
    tone = learn_tone(data.opinions.texts, data.opinions.positive)
    examples = from_gold(data.training, taxonomy, folds=settings.folds)
    if data.licensed:
        # The licensed real texts are mostly single sentences picked for their opinions, not whole reviews:
        # mentions calibrated on them alone are far too sure on gold train, which is not learnt from here.
        examples = replace(examples, written=np.ones(len(examples), dtype=bool))
    judged = None
    if teachers:
        judged = distil.judged_by(teachers, data, shared, _tell, per_domain)
    scorer = LinearScorer(taxonomy, settings=settings, tone=tone, judged=judged).fit(examples)
    return scorer, len(judged.texts) if judged else 0


def _tell(message: str) -> None:
    print(time.strftime("%H:%M:%S"), message, file=sys.stderr, flush=True)


def _pace(scorer: Scorer, texts: list[str]) -> float:
    begin = time.perf_counter()
    scorer.predict(texts)
    return len(texts) / (time.perf_counter() - begin)


def keep(scorer: LinearScorer, out: Path, *, counted: bool) -> None:
    """Save what was learnt before anything is measured."""
    if counted:
        # For --max-error: counted by benchmarks/abstention.py, which learns a model for each group.
        scorer.abstention_ = Abstention.from_header({HEADER: json.loads(COUNTS.read_text(encoding="utf-8"))})
    scorer.save(out)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--out", type=Path, help="model folder; models/linear or models/linear-open")
    parser.add_argument("--open", action="store_true", help="only our own texts and licensed sets")
    parser.add_argument(
        "--teacher", type=Path, action="append", default=[], help="encoder whose view is learnt too"
    )
    parser.add_argument("--as-partner", action="store_true", help="to be averaged with the encoder")
    parser.add_argument(
        "--out-of-fold", type=Path, help="where to keep how the heads judge texts of other folds"
    )
    arguments = parser.parse_args()
    if arguments.open and arguments.teacher:
        parser.error("--open without --teacher: a teacher has learnt from texts without a licence")
    return arguments


def main() -> None:
    arguments = parsed()
    name = "linear-open" if arguments.open else "linear"
    out = arguments.out or REPOSITORY / "models" / name
    begin = time.perf_counter()
    data = load(arguments.shared, licensed=arguments.open)
    recipe = (PARTNER, PARTNER_PER_DOMAIN) if arguments.as_partner else (SETTINGS, PER_DOMAIN)
    scorer, n_soft = learn(data, arguments.shared, arguments.teacher, *recipe)
    keep(scorer, out, counted=not arguments.open)
    if arguments.out_of_fold is not None:
        np.savez(arguments.out_of_fold, **vars(scorer.out_of_fold_))
    seconds = time.perf_counter() - begin
    begin_load = time.perf_counter()
    loaded = load_model(out)
    load_seconds = time.perf_counter() - begin_load
    reports: dict[str, Report] = {
        name: evaluate(loaded, data.dev),
        "lexicon": evaluate(load_model("lexicon"), data.dev),
    }
    pace = linear_card.Pace(load_seconds, _pace(loaded, data.opinions.texts[:5000]))
    card = linear_card.render(data, scorer, reports, out, pace, n_soft)
    (out / "card.md").write_text(card, encoding="utf-8")
    print(
        f"{out}: done in {seconds:.0f} s; facet + polarity F1 on dev "
        f"{reports[name].scores['facet_polarity']['value']:.3f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
