"""The card of the ``linear`` model, written from what the training run measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from public_sets import OPEN_SETS

from feedback_nlp.evaluation import MEASURES, Report, compare
from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.linear_calibration import flag_thresholds
from feedback_nlp.scorers.linear_heads import Settings
from feedback_nlp.scorers.training_data import Examples, from_gold

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from train_linear import Data

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


OPEN = "linear-open"
WHICH = {
    "linear": "The default. Some of the texts it learnt from have no stated licence (below); "
    f"[{OPEN}](../{OPEN}/card.md) is the same without those, and less accurate: its card says by how much.",
    OPEN: "The same as [linear](../linear/card.md), learnt only from texts written for this project "
    "(Apache-2.0) and from public sets whose repositories state a permissive licence (MIT, Apache-2.0): for "
    "those to whom that matters more than accuracy.",
}
DISTILLED = (
    "The heads learnt from the labelled texts and from how the `encoder`, without its partner, judges {n} "
    "public texts without labels: its probabilities are targets like labels, each text counting "
    "{weight:g} of a labelled one."
)
# Filled in by benchmarks/open_gap.py, which needs both models.
OPEN_GAP = (
    "Beside `linear` as shipped, on texts neither has learnt from (`python benchmarks/open_gap.py --write`, "
    "paired bootstrap):\n\n<!-- open_gap begin -->\n\n<!-- open_gap end -->"
)
# (with a teacher, name) → options of train_linear.py
COMMAND = {
    (False, "linear"): "",
    (True, "linear"): " --teacher models/encoder",
    (False, OPEN): " --open",
}
# Rows of the cross-fitted table: title → kinds of sources.
PARTS = {
    "gold train": ("gold",),
    "corpora": ("corpora",),
    "readings": ("readings",),
    "gold train and corpora": ("gold", "corpora"),
    "corpora and readings": ("corpora", "readings"),
    "all": ("gold", "corpora", "readings"),
}
DRAWS = 1000


@dataclass(frozen=True)
class Pace:
    """Seconds to load the model, reviews scored in a second."""

    load: float
    reviews: float


def render(
    data: Data,
    learnt: LinearScorer,
    reports: dict[str, Report],
    folder: Path,
    pace: Pace,
    n_soft: int,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    data : Data
    learnt : LinearScorer
        With its out-of-fold judgements.
    reports : mapping
        Of the model first, under its name, then of those to compare it with.
    folder : Path
    pace : Pace
    n_soft : int
        Texts judged by the encoder, that were learnt from besides.
    """
    name = next(iter(reports))
    size = (folder / "weights.npz").stat().st_size / 1e6
    parts = [
        f"# {name}",
        WHICH[name],
        "Hashed character n-grams (1–4) of a clause, of its review and of its neighbours, weighed together "
        "with what the lexicon scorer finds (so terms added to the taxonomy work here too) and with the tone "
        "of whole reviews from many industries. A sparse logistic regression for each facet, a polarity "
        "model shared by the facets with a correction for each, small calibrated layers for the overall "
        f"label and the flags. int8 weights, {size:.1f} MB, loaded in {pace.load:.2f} s; "
        f"{pace.reviews:.0f} reviews a second on one noisy core. Without scikit-learn; the same bits "
        "whatever the batch.",
        *([DISTILLED.format(n=n_soft, weight=_judged_weight(learnt))] if n_soft else []),
        "## Learnt from",
        sources(data, n_soft),
        "## Measured on gold dev (240 real reviews, never learnt from)",
        _scores(reports, name),
        *([OPEN_GAP] if name == OPEN else []),
    ]
    if "lexicon" in reports:
        parts += [
            f"Difference {name} − lexicon, paired bootstrap:",
            difference(reports[name], reports["lexicon"]),
        ]
    parts += [
        "## By label, domain, coverage and calibration",
        reports[name].to_markdown(),
        "## Cross-fitted on what it learnt from",
        "Each text judged by heads that had not seen it (five folds by text, no text twice), on the "
        "annotators' clauses. Flags by a last layer and thresholds from the other folds alone, with "
        "95 % bootstrap intervals; the last layer of the overall label saw these scores, so that is a little "
        "flattered." + (" The encoder had learnt from nine in ten of these texts." if n_soft else ""),
        _out_of_fold(data, learnt),
        "## Known failures",
        _failures(data, learnt),
        "## Decisions",
        f"Thresholds by cross-fitting on train; safety mentions count as safe to lift from "
        f"{learnt.safety_threshold_:.2f}.",
        "## Reproduce",
        f"`OMP_NUM_THREADS=1 python benchmarks/train_linear.py{COMMAND[bool(n_soft), name]}` "
        "beside `../shared`.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _judged_weight(learnt: LinearScorer) -> float:
    return (learnt.settings or Settings()).judged_weight


def sources(data: Data, n_soft: int) -> str:
    """Return what was learnt from, as a table; ``n_soft`` texts were labelled by the encoder."""
    rows = ["| source | texts | labels | licence |", "|---|---|---|---|"]
    for name, reviews in data.sources.items():
        kind, _, part = name.partition("/")
        known = OPEN_SETS.get(part) if kind == "readings" else None
        licence = f"labels ours (`benchmarks/readings`); texts {known}" if known else LICENCES[kind]
        rows.append(f"| {name} | {len(reviews)} | {sum(len(r.labels) for r in reviews)} | {licence} |")
    opinions = data.opinions
    for name, licence in opinions.licences.items():
        count = opinions.sources.count(name)
        rows.append(f"| data/{name} (side of the text; tone only) | {count} | {count} | {licence} |")
    if n_soft:
        rows.append(f"| data/* (no labels: as the `encoder` judges them) | {n_soft} | – | as its sources |")
    return "\n".join(
        [
            *rows,
            "",
            f"{data.dropped} texts that equal or nearly equal a dev, demo or earlier text were left out.",
        ]
    )


def _scores(reports: dict[str, Report], own: str) -> str:
    names = [*(["lexicon"] if "lexicon" in reports else []), own]
    rows = ["| measure | TF-IDF + LR | " + " | ".join(names) + " |"]
    rows.append("|---|" + "---|" * (len(names) + 1))
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
    kinds = np.array([name.partition("/")[0] for name, found in data.sources.items() for _ in found])
    flags = raised_flags(judged.flags, examples)
    found = judged.clauses.sum(axis=2) >= learnt.thresholds_
    rows = ["| texts | clause + facet F1 | overall accuracy | flags F1 | " + " | ".join(FLAGS) + " |"]
    rows.append("|---" * (len(FLAGS) + 4) + "|")
    for title, among in PARTS.items():
        inside = np.isin(kinds, among)
        if not set(among) <= set(kinds):
            continue
        clauses = inside[examples.clauses.review]
        right = (judged.overall.argmax(axis=1) == examples.overall)[inside].mean()
        truth = examples.flags[inside] == 1
        cells = [f"{_f1(found[clauses], examples.mention[clauses] == 1):.3f}", f"{right:.3f}"]
        cells.append(_with_interval(flags[inside], truth))
        cells += [f"{_f1(flags[inside, flag], truth[:, flag]):.3f}" for flag in range(len(FLAGS))]
        rows.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def raised_flags(scores: NDArray[np.float32], examples: Examples) -> NDArray[np.bool_]:
    """Return which flags are raised at thresholds chosen on the other folds: (n_reviews, 5)."""
    raised = np.zeros(scores.shape, dtype=bool)
    for fold in np.unique(examples.fold):
        inside = examples.fold == fold
        raised[inside] = scores[inside] >= flag_thresholds(scores[~inside], examples.flags[~inside])
    return raised


def _with_interval(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> str:
    """Return the F1 of reviews' flags with its bootstrap 95 % interval."""
    counts = np.stack([(found & truth).sum(axis=1), found.sum(axis=1) + truth.sum(axis=1)], axis=1)
    rows = np.random.default_rng(0).integers(0, len(counts), (DRAWS, len(counts)))
    drawn = np.array([counts[row].sum(axis=0) for row in rows])
    low, high = np.percentile(2 * drawn[:, 0] / np.maximum(drawn[:, 1], 1), [2.5, 97.5])
    return f"{_f1(found, truth):.3f} ({low:.3f}–{high:.3f})"


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
