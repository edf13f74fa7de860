"""The card of the ``linear`` model, written from what the training run measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.evaluation import MEASURES, Report, compare

if TYPE_CHECKING:
    from train_linear import Data

    from feedback_nlp.scorers.base import Scorer

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
    "corpora": "texts and labels written for this project (Apache-2.0)",
}


def render(data: Data, scorer: Scorer, reports: dict[str, Report], folder: Path) -> str:
    """Return the card as Markdown."""
    size = (folder / "weights.npz").stat().st_size / 1e6
    parts = [
        "# linear",
        "Hashed character n-grams (1–4) of a clause, of its review and of its neighbours; one sparse logistic "
        "regression for each facet, a polarity model shared by the facets with a correction for each, and small "
        "calibrated layers for the overall label and the flags. int8 weights, "
        f"{size:.1f} MB. Numpy and scipy only at prediction; the same bits whatever the batch.",
        "## Learnt from",
        _sources(data),
        "## Measured on gold dev (240 real reviews, never learnt from)",
        _scores(reports),
    ]
    if "lexicon" in reports:
        parts += ["Difference linear − lexicon, paired bootstrap:", _difference(reports)]
    parts += [
        "## By label, domain, coverage and calibration",
        reports["linear"].to_markdown(),
        "## Decisions",
        f"Thresholds by cross-fitting on train; safety mentions count as safe to lift from "
        f"{scorer.safety_threshold_:.2f}.",
        "## Reproduce",
        "`OMP_NUM_THREADS=1 python benchmarks/train_linear.py` beside `../shared`.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _sources(data: Data) -> str:
    rows = ["| source | texts | labels | licence |", "|---|---|---|---|"]
    for name, reviews in data.sources.items():
        licence = LICENCES[name.partition("/")[0]]
        rows.append(f"| {name} | {len(reviews)} | {sum(len(r.labels) for r in reviews)} | {licence} |")
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


def _difference(reports: dict[str, Report]) -> str:
    rows = ["| measure | difference | 95 % |", "|---|---|---|"]
    for measure, value in compare(reports["linear"], reports["lexicon"]).items():
        rows.append(
            f"| {measure} | {value['difference']:+.3f} | {value['low']:+.3f} to {value['high']:+.3f} |"
        )
    return "\n".join(rows)
