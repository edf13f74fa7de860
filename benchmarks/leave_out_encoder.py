"""Leave industries out of the encoder: binary sentiment of reviews from industries it has never seen.

    python benchmarks/leave_out_encoder.py --work /tmp/left_out --write  # 15 minutes in bf16 on two cores

Groups, judged reviews and NB-SVM are those of ``leave_out.py``. For each group the base encoder, as it comes
and with all its layers, learns from our labels of other industries and from whole-review labels of other
industries in the public sets; its masked-language reading, teachers and partner, which have met all
industries, have no part in it. So the shipped model, which has them, is not what is measured here but what
its recipe does without them. ``--write`` puts the table into docs/models.md. ``--seen`` tells what the
shipped models, which have seen these industries, make of the same reviews: about the most that can be hoped.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import encoder_data
import numpy as np
import open_gap
import public_sets
import readings
from leave_out import GROUPS, PAGE, Industry, Truth, accuracy, macro_f1, mean_accuracy, reviews_of

from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.scorers.encoder_fit import FOLDS
from feedback_nlp.scorers.encoder_training import Recipe
from feedback_nlp.scorers.training_data import from_gold, text_key, without_overlap
from feedback_nlp.taxonomy import load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
MARK = "leave_out_encoder"
# Labelled texts and public reviews to learn from, each seen once: a tone needs no more.
LABELLED, PUBLIC = 3000, 9000
RECIPE = Recipe(epochs=1, extra_per_epoch=PUBLIC, average=0.98)
HEAD = """\
量于 {started}。*Measured on that day; 95 % bootstrap intervals.*

| 行业 industry | 条 n | encoder 的做法 its recipe: 准确率 accuracy | macro-F1 |
|---|---:|---:|---:|"""


def fit(
    group: Sequence[Industry],
    shared: Path,
    labelled: Sequence[GoldReview],
    public: public_sets.Opinions,
) -> EncoderScorer:
    """Learn without a group of industries."""
    taxonomy = load_taxonomy("default")
    away = frozenset[str]().union(*(industry.domains for industry in group))
    held = [text for industry in group for text in reviews_of(shared / "data", industry)[0]]
    held += [review.text for review in labelled if review.domain in away]
    keys = {text_key(text) for text in held}
    outside = public.pick(
        [
            domain not in away and text_key(text) not in keys
            for domain, text in zip(public.domains, public.texts, strict=True)
        ]
    )
    rest = [review for review in labelled if review.domain not in away]
    kept = without_overlap([review.text for review in rest], held)
    rest = [review for review, keep in zip(rest, kept, strict=True) if keep]
    order = np.random.default_rng(0).permutation(len(rest))[:LABELLED]
    return EncoderScorer(
        taxonomy,
        base=shared / "base-encoder",
        recipe=RECIPE,
        extra=encoder_data.whole_reviews(outside, taxonomy, PUBLIC),
        tell=lambda message: print(time.strftime("%H:%M:%S"), message, file=sys.stderr, flush=True),
    ).fit(from_gold([rest[row] for row in order], taxonomy, folds=FOLDS))


def render(results: dict[str, tuple[Truth, Truth]], started: str) -> str:
    """Return the table."""
    lines = [HEAD.format(started=started)]
    for name, pair in results.items():
        lines.append(f"| {name} | {len(pair[1])} | {accuracy(*pair)} | {macro_f1(*pair):.3f} |")
    pairs = list(results.values())
    lines.append(
        f"| **平均 mean** | {sum(len(truth) for _, truth in pairs)} | **{mean_accuracy(pairs)}** "
        f"| {np.mean([macro_f1(*pair) for pair in pairs]):.3f} |"
    )
    return "\n".join(lines)


def show_seen(data: Path) -> None:
    """Print how the shipped models, which have learnt from all industries, judge the same reviews.

    The public labels are wrong now and then; a model that has not seen an industry will hardly do better.
    """
    judged = [reviews_of(data, industry) for group in GROUPS for industry in group if industry.file]
    for name in ("linear", "encoder"):
        scorer = load_model(name)
        found = []
        for texts, truth in judged:
            sides = scorer.predict(texts).overall
            found.append((sides[:, 2] > sides[:, 0], truth))
        print(name, mean_accuracy(found), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--work", type=Path, help="what was judged already is kept here")
    parser.add_argument(
        "--seen", action="store_true", help="judge by the shipped models, which have seen all"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}")
    arguments = parser.parse_args()
    if arguments.seen:
        show_seen(arguments.shared / "data")
        return
    if arguments.work is None:
        parser.error("--work is needed")
    if arguments.write:
        open_gap.put(PAGE.read_text(encoding="utf-8"), "", MARK)
    arguments.work.mkdir(parents=True, exist_ok=True)
    data = arguments.shared / "data"
    labelled = read(arguments.shared / "gold" / "train.jsonl")
    labelled += [review for found in readings.read_readings(data).values() for review in found]
    public = public_sets.opinions(data)
    public = public.pick(without_overlap(public.texts, [review.text for review in labelled]).tolist())
    results: dict[str, tuple[Truth, Truth]] = {}
    for place, group in enumerate(GROUPS):
        scorer: EncoderScorer | None = None
        for industry in group:
            texts, truth = reviews_of(data, industry)
            path = arguments.work / f"{place}_{industry.name}.npy"
            if not texts:
                continue
            if not path.is_file():
                scorer = scorer or fit(group, arguments.shared, labelled, public)
                sides = scorer.predict(texts).overall
                np.save(path, sides[:, 2] > sides[:, 0], allow_pickle=False)
            results[industry.name] = (np.load(path, allow_pickle=False), truth)
    content = render(results, time.strftime("%Y-%m-%d"))
    print(content)
    if arguments.write:
        PAGE.write_text(open_gap.put(PAGE.read_text(encoding="utf-8"), content, MARK), encoding="utf-8")


if __name__ == "__main__":
    main()
