"""The card of the ``linear`` model, written from what the training run measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.evaluation import MEASURES, Report, compare
from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.training_data import Examples, from_gold

if TYPE_CHECKING:
    from train_linear import Data

    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.scorers.linear import LinearScorer

# Plain TF-IDF + logistic regression learnt from 1,907 gold texts: shared/design/performance.md.
BASELINE = {
    "element": 0.788,
    "facet": 0.679,
    "element_polarity": 0.687,
    "facet_polarity": 0.583,
    "overall": 0.808,
}
LICENCES = {
    "gold": "labels ours; texts from the public sets of `shared/data`, licences mostly not stated",
    "readings": "labels ours (`benchmarks/readings`); texts from the public sets of `shared/data`, licences "
    "mostly not stated",
    "corpora": "texts and labels written for this project (Apache-2.0)",
}


@dataclass(frozen=True)
class Pace:
    """Seconds to load the model, reviews scored in a second."""

    load: float
    reviews: float


def render(
    data: Data,
    scorer: Scorer,
    learnt: LinearScorer,
    reports: dict[str, Report],
    folder: Path,
    pace: Pace,
    n_soft: int,
) -> str:
    """Return the card as Markdown; ``n_soft`` texts were labelled by the encoder."""
    size = (folder / "weights.npz").stat().st_size / 1e6
    parts = [
        "# linear",
        "Hashed character n-grams (1–4) of a clause, of its review and of its neighbours, weighed together "
        "with what the lexicon scorer finds (so terms added to the taxonomy work here too) and with the tone "
        "of whole reviews from many industries. One sparse logistic regression for each facet, a polarity "
        "model shared by the facets with a correction for each, small calibrated layers for the overall "
        f"label and the flags. int8 weights, {size:.1f} MB, loaded in {pace.load:.2f} s; "
        f"{pace.reviews:.0f} reviews a second on one noisy core. Without scikit-learn; the same bits "
        "whatever the batch.",
        "## Learnt from",
        sources(data, n_soft),
        "## Measured on gold dev (240 real reviews, never learnt from)",
        _scores(reports),
    ]
    if "lexicon" in reports:
        parts += [
            "Difference linear − lexicon, paired bootstrap:",
            difference(reports["linear"], reports["lexicon"]),
        ]
    parts += [
        "## By label, domain, coverage and calibration",
        reports["linear"].to_markdown(),
        "## Cross-fitted on what it learnt from",
        "Each text judged by heads that had not seen it (five folds by text), on the annotators' clauses. "
        "The small final layers saw these scores, so overall and flags are a little flattered.",
        _out_of_fold(data, learnt),
        "## Known failures",
        _failures(data, learnt),
        "## Decisions",
        f"Thresholds by cross-fitting on train; safety mentions count as safe to lift from "
        f"{scorer.safety_threshold_:.2f}.",
        "## Reproduce",
        "`OMP_NUM_THREADS=1 python benchmarks/train_linear.py` beside `../shared`.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def sources(data: Data, n_soft: int) -> str:
    """Return what was learnt from, as a table; ``n_soft`` texts were labelled by the encoder."""
    rows = ["| source | texts | labels | licence |", "|---|---|---|---|"]
    for name, reviews in data.sources.items():
        licence = LICENCES[name.partition("/")[0]]
        rows.append(f"| {name} | {len(reviews)} | {sum(len(r.labels) for r in reviews)} | {licence} |")
    opinions = data.opinions
    for name, licence in opinions.licences.items():
        count = opinions.sources.count(name)
        rows.append(f"| data/{name} (whole-review label; tone only) | {count} | {count} | {licence} |")
    if n_soft:
        rows.append(
            f"| data/* (no labels: what the shipped `encoder` is sure of) | {n_soft} | – | as its sources |"
        )
    return "\n".join(
        [
            *rows,
            "",
            f"{data.dropped} texts that equal or nearly equal a dev, demo or earlier text were left out.",
        ]
    )


def _scores(reports: dict[str, Report]) -> str:
    names = [name for name in ("lexicon", "linear") if name in reports]
    rows = ["| measure | TF-IDF + LR | " + " | ".join(names) + " |", "|---|" + "---|" * (len(names) + 1)]
    for measure in MEASURES:
        cells = [f"{BASELINE[measure]:.3f}" if measure in BASELINE else "–"]
        for name in names:
            score = reports[name].scores[measure]
            cells.append(f"{score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})")
        rows.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def difference(one: Report, other: Report) -> str:
    """Return the paired differences of two reports as a table."""
    rows = ["| measure | difference | 95 % |", "|---|---|---|"]
    for measure, value in compare(one, other).items():
        rows.append(
            f"| {measure} | {value['difference']:+.3f} | {value['low']:+.3f} to {value['high']:+.3f} |"
        )
    return "\n".join(rows)


def _f1(found: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1))


def _judged(learnt: LinearScorer, examples: Examples) -> Prediction:
    """Return the cross-fitted judgement of the labelled texts, which stand first."""
    whole = learnt.out_of_fold_
    return Prediction(
        whole.clauses[: len(examples.clauses)], whole.overall[: len(examples)], whole.flags[: len(examples)]
    )


def _out_of_fold(data: Data, learnt: LinearScorer) -> str:
    examples = from_gold(data.training, learnt.taxonomy_)
    judged = _judged(learnt, examples)
    names = [name for name, reviews in data.sources.items() for _ in reviews]
    gold = np.array([name.startswith("gold") for name in names])
    flags = judged.flags >= learnt.flag_thresholds_
    found = judged.clauses.sum(axis=2) >= learnt.thresholds_
    rows = ["| texts | clause + facet F1 | overall accuracy | flags F1 | " + " | ".join(FLAGS) + " |"]
    rows.append("|---" * (len(FLAGS) + 4) + "|")
    for title, inside in (("gold train", gold), ("corpora", ~gold), ("both", np.ones_like(gold))):
        clauses = inside[examples.clauses.review]
        right = (judged.overall.argmax(axis=1) == examples.overall)[inside].mean()
        cells = [_f1(found[clauses], examples.mention[clauses] == 1), right]
        cells.append(_f1(flags[inside], examples.flags[inside] == 1))
        cells += [_f1(flags[inside, flag], examples.flags[inside, flag] == 1) for flag in range(len(FLAGS))]
        rows.append(f"| {title} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
    return "\n".join(rows)


def _failures(data: Data, learnt: LinearScorer) -> str:
    """Return the facets missed or confused most, from out-of-fold scores on gold train and the corpora."""
    examples = from_gold(data.training, learnt.taxonomy_)
    codes = learnt.taxonomy_.codes
    block = _judged(learnt, examples).clauses
    found, truth = block.sum(axis=2) >= learnt.thresholds_, examples.mention == 1
    rows = [
        "| facet | labels | recall | precision | polarity right | most often taken for |",
        "|---" * 6 + "|",
    ]
    wrong = (found & ~truth).astype(np.int64)
    instead = (truth & ~found).astype(np.int64).T @ wrong
    hit = found & truth
    side_right = np.take_along_axis(examples.sides, block.argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
    for facet in np.argsort([_f1(found[:, f], truth[:, f]) for f in range(len(codes))], kind="stable")[:12]:
        hits = hit[:, facet].sum()
        other = codes[instead[facet].argmax()] if instead[facet].any() else "–"
        recall = hits / max(truth[:, facet].sum(), 1)
        precision = hits / max(found[:, facet].sum(), 1)
        polarity = side_right[hit[:, facet], facet].mean() if hits else float("nan")
        rows.append(
            f"| {codes[facet]} | {truth[:, facet].sum()} | {recall:.2f} | {precision:.2f} "
            f"| {polarity:.2f} | {other} |"
        )
    lead = (
        "The twelve weakest facets. Besides: implied opinions in words it has not met, irony, comparisons "
        "that praise a rival, and long stories whose clauses only make sense together."
    )
    return "\n".join([lead, "", *rows])
