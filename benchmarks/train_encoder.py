"""Learn the shipped ``encoder`` from ``../shared`` and ``corpora/``, step by step, and write its card.

    cd benchmarks
    python pretrain_encoder.py --out BASE --steps 2600
    python train_encoder.py teacher --base BASE --work ONE
    python train_encoder.py teacher --base BASE --work TWO --seed 1 --epochs 6 --partial
    python train_encoder.py student --base BASE --teachers ONE TWO --work THREE
    python train_encoder.py student --begin THREE --teachers ONE TWO THREE THREE --work FOUR
    python train_encoder.py student --begin FOUR --teachers ONE TWO FOUR FOUR --short --work FIVE
    python train_encoder.py student --base BASE --begin ONE --teachers ONE TWO FIVE FIVE --layers 9 \
        --epochs 4 --work SIX
    python train_encoder.py refine --base BASE --begin SIX --teachers ONE TWO SIX SIX --layers 9 --work SEVEN
    python train_encoder.py refine --base BASE --begin SEVEN --teachers ONE TWO SEVEN SEVEN --layers 9 \
        --work EIGHT
    python train_encoder.py refine --base BASE --begin EIGHT --before EIGHT --teachers ONE TWO EIGHT EIGHT \
        --layers 9 --seeds 11 12 13 --work NINE
    python train_linear.py --teacher SEVEN/model --as-partner --out LINEAR --out-of-fold OOF.npz
    python train_encoder.py join --work NINE --partner LINEAR --out-of-fold OOF.npz

Teachers have twelve layers; a student keeps six and learns from them what they think of public texts, and
from the labels, then twice more from them and itself. A last student, of nine layers, learns from all of
them; three runs go on from it at low rates, with other seeds, three more from the mean of their weights, and
three more from the mean of those; the mean of the last six is shipped. The last step averages it with the
linear scorer that has learnt from the first mean (learning from the second gave it nothing), each weighed on
texts neither has learnt from. Each of the first ten runs for a quarter of an hour to an hour on two free
cores that multiply bf16, three times as long on others, less on a GPU; MALLOC_MMAP_THRESHOLD_=1073741824
MALLOC_TRIM_THRESHOLD_=2147483647 (glibc) saves a fifth of it. Cut off, a step goes on from the last epoch
kept under ``--work``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import distil
import encoder_card
import encoder_data
import numpy as np
import train_linear

from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.scorers.encoder_fit import FOLDS
from feedback_nlp.scorers.encoder_training import Recipe
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.targets import Judged
from feedback_nlp.scorers.training_data import Examples, from_gold
from feedback_nlp.taxonomy import load_taxonomy

REPOSITORY = train_linear.REPOSITORY
TEACHER = Recipe(epochs=8, extra_per_epoch=2500, average=0.98)
# The checkpoint a student began from, in its folder.
BASE = "base"
# Of partial labels an epoch sees so many more.
PARTIAL_PER_EPOCH = 1270
STUDENT = Recipe(epochs=5, judged_per_epoch=20_000, layers=6, average=0.98)
SHORT = replace(STUDENT, epochs=3, judged_per_epoch=12_000, encoder_rate=7e-5)
REFINE = replace(STUDENT, epochs=2, judged_per_epoch=12_000, encoder_rate=7e-5, head_rate=7e-4)


def _tell(message: str) -> None:
    print(time.strftime("%H:%M:%S"), message, file=sys.stderr, flush=True)


def labelled(data: train_linear.Data) -> Examples:
    """Return the labelled texts, a tenth of them in the fold that is kept from learning."""
    return from_gold(data.training, load_taxonomy("default"), folds=FOLDS)


def teach(arguments: argparse.Namespace, data: train_linear.Data) -> EncoderScorer:
    """Learn one teacher."""
    taxonomy = load_taxonomy("default")
    per_epoch = TEACHER.extra_per_epoch
    extra = encoder_data.whole_reviews(data.opinions, taxonomy)
    epochs = arguments.epochs or TEACHER.epochs
    if arguments.partial:
        extra = extra.pick(np.arange(epochs * per_epoch))
        extra = encoder_data.with_partial(extra, data, arguments.shared, taxonomy)
        per_epoch += PARTIAL_PER_EPOCH
    recipe = replace(TEACHER, epochs=epochs, seed=arguments.seed, extra_per_epoch=per_epoch)
    return EncoderScorer(taxonomy, base=arguments.base, recipe=recipe, extra=extra)


def study(arguments: argparse.Namespace, data: train_linear.Data) -> EncoderScorer:
    """Learn the student: it begins as every second layer of the first teacher, or as an earlier student."""
    recipe = SHORT if arguments.short else STUDENT
    recipe = replace(
        recipe, seed=arguments.seed, epochs=arguments.epochs or recipe.epochs, layers=arguments.layers
    )
    base = _begin(arguments, heads=False)
    return EncoderScorer(load_taxonomy("default"), base=base, recipe=recipe, judged=_judged(arguments, data))


def _begin(arguments: argparse.Namespace, *, heads: bool) -> Path:
    """Return the base a student begins as, and note what it and its teachers were learnt with."""
    begin = arguments.begin or arguments.teachers[0]
    came_from = begin / BASE if (begin / BASE).is_dir() else arguments.base
    layers = encoder_card.told_by(begin)["recipe"]["layers"]
    base = encoder_data.base_of(came_from, begin, arguments.work / BASE, layers, heads=heads)
    told = encoder_card.told_of_all([begin, *arguments.teachers])
    (arguments.work / encoder_card.TEACHERS).write_text(json.dumps(told), encoding="utf-8")
    return base


def _judged(arguments: argparse.Namespace, data: train_linear.Data) -> Judged:
    teachers = [folder / encoder_card.MODEL for folder in arguments.teachers]
    return distil.judged_by(teachers, data, arguments.shared, _tell)


def refine(arguments: argparse.Namespace, data: train_linear.Data) -> None:
    """Learn on from a student, once a seed, and keep the model with the mean of the weights.

    All runs begin with the same heads and go on at low rates, so the mean of their weights means something
    (Wortsman et al. 2022, model soups); so does that with the runs of the round it began from
    (``--before``). Each is kept in a folder of its own.
    """
    base, judged = _begin(arguments, heads=True), _judged(arguments, data)
    recipe = replace(REFINE, layers=arguments.layers, epochs=arguments.epochs or REFINE.epochs)
    works = [encoder_card.run_folder(arguments.work, seed) for seed in arguments.seeds]
    for seed, work in zip(arguments.seeds, works, strict=True):
        run = replace(recipe, seed=seed)
        learn(EncoderScorer(load_taxonomy("default"), base=base, recipe=run, judged=judged), data, work)
    average(encoder_card.runs_of([*arguments.before, arguments.work]), base, recipe, arguments.work, data)


def average(runs: dict[str, Path], base: Path, recipe: Recipe, work: Path, data: train_linear.Data) -> None:
    """Keep the model with the mean of the weights of some runs, calibrated as a trained one."""
    encoder_data.keep_mean(list(runs.values()), work)
    mean = encoder_data.base_of(base, work, work / "mean", recipe.layers, heads=True)
    scorer = EncoderScorer(load_taxonomy("default"), base=mean, recipe=replace(recipe, epochs=0))
    scorer.fit(labelled(data)).save(work / encoder_card.MODEL)
    encoder_card.keep(work, recipe, [], runs)


def learn(scorer: EncoderScorer, data: train_linear.Data, work: Path) -> None:
    """Fit and keep the model, its loss curve and how it was learnt under ``work``."""
    scorer.work, scorer.tell = work, _tell
    scorer.fit(labelled(data))
    scorer.save(work / encoder_card.MODEL)
    encoder_card.keep(work, scorer.recipe or STUDENT, scorer.history_)


def join(scorer: EncoderScorer, partner: LinearScorer, judged: Prediction, examples: Examples) -> None:
    """Average with the partner, weighed on the tenth of the texts that neither has learnt from.

    ``judged`` is the partner's judgement of all ``examples``, out of fold.
    """
    kept_out = examples.fold == STUDENT.held_out
    known = examples.pick(np.flatnonzero(kept_out))
    own = scorer.predict(known.texts, known.clauses)
    partners = Prediction(
        judged.clauses[kept_out[examples.clauses.review]], judged.overall[kept_out], judged.flags[kept_out]
    )
    scorer.adopt_partner(partner)
    scorer.weigh_partner(known, own, partners)


def finish(arguments: argparse.Namespace, data: train_linear.Data) -> None:
    """Join with the partner, save and write the card."""
    scorer = EncoderScorer.load(arguments.work / encoder_card.MODEL)
    scorer.adopt_partner(None)
    with np.load(arguments.out_of_fold) as found:
        judged = Prediction(found["clauses"], found["overall"], found["flags"])
    join(scorer, LinearScorer.load(arguments.partner), judged, labelled(data))
    scorer.save(arguments.out)
    card = encoder_card.render(data, EncoderScorer.load(arguments.out), arguments.work, arguments.out)
    (arguments.out / "card.md").write_text(card, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("teacher", "student", "refine", "join"))
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the model")
    parser.add_argument("--base", type=Path, help="checkpoint to start from; the base encoder of --shared")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the runs of refine")
    parser.add_argument(
        "--before", type=Path, nargs="+", default=[], help="--work folders of refines to average with"
    )
    parser.add_argument("--epochs", type=int, help="other than the usual number")
    parser.add_argument("--layers", type=int, default=STUDENT.layers, help="that a student keeps")
    parser.add_argument(
        "--short", action="store_true", help="a student learns for less long, at a lower rate"
    )
    parser.add_argument("--partial", action="store_true", help="a teacher learns from mapped labels too")
    parser.add_argument(
        "--teachers", type=Path, nargs="+", help="their --work folders; one named twice counts twice"
    )
    parser.add_argument("--begin", type=Path, help="--work folder of the model that a student begins as")
    parser.add_argument("--partner", type=Path, help="the linear model to average with")
    parser.add_argument("--out-of-fold", type=Path, help="its judgement, from train_linear.py")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / "encoder")
    arguments = parser.parse_args()
    arguments.base = arguments.base or arguments.shared / "base-encoder"
    data = train_linear.load(arguments.shared)
    if arguments.step == "join":
        finish(arguments, data)
    elif arguments.step == "refine":
        refine(arguments, data)
    else:
        learn((teach if arguments.step == "teacher" else study)(arguments, data), data, arguments.work)


if __name__ == "__main__":
    main()
