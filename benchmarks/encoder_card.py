"""The card of the ``encoder`` model, written from what the training run measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import linear_card

from feedback_nlp.evaluation import MEASURES, Report, evaluate
from feedback_nlp.scorers import load_model

if TYPE_CHECKING:
    from train_linear import Data

    from feedback_nlp.scorers.encoder import EncoderScorer
    from feedback_nlp.scorers.encoder_training import Recipe


# In a training's folder: the model, how it was learnt, and what is told of its teachers.
MODEL, TOLD, TEACHERS = "model", "told.json", "teachers.json"


def keep(
    work: Path,
    recipe: Recipe,
    history: Sequence[Mapping[str, float]],
    runs: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    """Write how a model was learnt beside it, for the card: ``runs`` are those whose mean it is, by name."""
    found = {name: str(folder) for name, folder in runs.items()}
    told = {"recipe": asdict(recipe), "history": list(history), "runs": found}
    (work / TOLD).write_text(json.dumps(told), encoding="utf-8")


def run_folder(work: Path, seed: int) -> Path:
    """Return the folder of one of the runs under ``work`` whose weights are averaged."""
    return work / f"seed{seed}"


def runs_of(rounds: Sequence[Path]) -> dict[str, Path]:
    """Return the folders of all runs of some rounds of refining, by name."""
    return {
        f"round {place}, seed {run.name.removeprefix('seed')}": run
        for place, work in enumerate(rounds, 1)
        for run in sorted(work.glob("seed*"))
    }


def told_by(work: Path) -> dict[str, Any]:
    """Read what ``keep`` wrote; a ``note`` may have been added."""
    found: dict[str, Any] = json.loads((work / TOLD).read_text(encoding="utf-8"))
    return found


def told_of_all(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Return how some models and their own teachers were learnt, each once, the eldest first."""
    found: list[dict[str, Any]] = []
    for folder in folders:
        path = folder / TEACHERS
        before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        for told in [*before, told_by(folder)]:
            # A note may have been added since; the training is the same.
            if _training(told) not in [_training(other) for other in found]:
                found.append(told)
    return found


def _training(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "note"}


def render(data: Data, scorer: EncoderScorer, work: Path, folder: Path) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    data : Data
    scorer : EncoderScorer
        As shipped.
    work : Path
        Folder of the student's training.
    folder : Path
        Of the model that is shipped.
    """
    told, teachers = told_by(work), json.loads((work / TEACHERS).read_text(encoding="utf-8"))
    recipe = told["recipe"]
    whole = [other for other in teachers if not other["recipe"]["layers"]]
    reports = reports_of(data, scorer, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    parts = [
        "# encoder",
        "`intfloat/multilingual-e5-small` (MIT; 12 layers of 384, vocabulary cut to Chinese: see "
        f"`shared/base-encoder`), fine-tuned on whole reviews {len(whole)} times as teachers; what is "
        f"shipped is a student of theirs, {recipe['layers']} of the layers{_averaged(told)}. A clause is the "
        "mean of its token states, joined with the mean of its review; small heads give facet × polarity, "
        "overall and flags. "
        "Its probabilities are averaged with those of a linear scorer (`partner/`). int8, "
        f"{size:.1f} MB with the partner. "
        "Prediction needs onnxruntime and tokenizers (`[encoder]`), no torch.",
        "## Learnt from",
        linear_card.sources(data, 0),
        "Of the whole-review labels, some short texts went to the teachers (`extra_per_epoch` below), the "
        "rest to the partner's tone only. The student saw, beside the labelled texts, "
        f"{recipe['judged_per_epoch']} public ones without labels an epoch, with the "
        "mean of what its teachers think of them. One text in ten (by hash of its characters) was kept "
        "from learning: the curve below, calibration and thresholds come from those.",
        told.get("note", ""),
        "## Measured on gold dev (240 real reviews, never learnt from)",
        _scores(reports),
        "Difference encoder − its partner, paired bootstrap:",
        linear_card.difference(reports["encoder"], reports["partner"]),
        *_spread(data, work, told.get("runs", {})),
        "## By label, domain, coverage and calibration",
        reports["encoder"].to_markdown(),
        "## Loss curve",
        "The student that is shipped:",
        *_curves(told),
        *_teachers(teachers),
        "## Known failures",
        "Irony without a tell-tale word, contrast inside one clause, facets with few examples (account, "
        "ordering), industries whose words it has not met; long stories are read in windows of "
        f"{recipe['most_tokens']} tokens that overlap, and what lies further apart is not connected.",
        "## Recipe",
        _named(recipe),
        _reading(work / "base"),
        "## Reproduce",
        "The commands at the head of `benchmarks/train_encoder.py`, beside `../shared` (torch, "
        "transformers, onnx). Learnt in bf16 on a CPU: other machines give other bits.",
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _averaged(told: Mapping[str, Any]) -> str:
    runs = len(told.get("runs", ()))
    return f", the mean of the weights of {runs} runs" if runs else ""


def _spread(data: Data, work: Path, runs: Mapping[str, str]) -> list[str]:
    """Return what dev says of the runs and of the mean of their weights, each without a partner."""
    if not runs:
        return []
    folders = {name: Path(folder) for name, folder in runs.items()} | {"mean of weights": work}
    found = {name: evaluate(load_model(folder / MODEL), data.dev).scores for name, folder in folders.items()}
    rows = ["| measure | " + " | ".join(found) + " | spread of the runs |", "|---" * (len(found) + 2) + "|"]
    for measure in MEASURES:
        values = [scores[measure]["value"] for scores in found.values()]
        cells = " | ".join(f"{value:.3f}" for value in values)
        rows.append(f"| {measure} | {cells} | {min(values[:-1]):.3f}–{max(values[:-1]):.3f} |")
    return [
        "The runs whose weights are averaged, and their mean, alone (without the partner):",
        "\n".join(rows),
    ]


def _curves(told: Mapping[str, Any]) -> list[str]:
    """Return the curve of a model, or those of the runs whose mean it is."""
    if not told.get("runs"):
        return [_curve(told["history"])]
    return [
        part
        for name, folder in told["runs"].items()
        for part in (f"{name.capitalize()}:", _curve(told_by(Path(folder))["history"]))
    ]


def _teachers(teachers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each teacher's recipe and curve, earlier students among them."""
    parts = []
    for told in teachers:
        layers = told["recipe"]["layers"]
        name = f"An earlier student, {layers} layers" if layers else "A teacher"
        curve = _curve(told["history"]) if told["history"] else ""
        parts += [f"{name} ({_named(told['recipe'])[:-1]}):", told.get("note", ""), curve]
    return [part for part in parts if part]


def _named(recipe: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in recipe.items()) + "."


def _reading(base: Path) -> str:
    """Say what the base read before it was fine-tuned."""
    path = base / "pretraining.json"
    if not path.is_file():
        return "Started from the base as it is, without masked-language learning."
    told = json.loads(path.read_text(encoding="utf-8"))
    last = told["history"][-1]
    return (
        f"Before, the base guessed hidden tokens of {told['texts']} public texts (none of a set that "
        f"measures) for {told['steps']} steps of {told['batch_tokens']} tokens, {told['hidden']:.0%} of them "
        f"hidden; loss {told['history'][0]['loss']:.2f} after 100 steps, {last['loss']:.2f} at the end."
    )


def reports_of(data: Data, scorer: EncoderScorer, folder: Path) -> dict[str, Report]:
    """Return what dev says of the encoder as shipped, of its partner and of the lexicon."""
    scorers = {
        "lexicon": load_model("lexicon"),
        "partner": load_model(folder / "partner"),
        "encoder": scorer,
    }
    return {name: evaluate(found, data.dev) for name, found in scorers.items()}


def _scores(reports: Mapping[str, Report]) -> str:
    rows = ["| measure | " + " | ".join(reports) + " |", "|---" * (len(reports) + 1) + "|"]
    for measure in MEASURES:
        found = [report.scores[measure] for report in reports.values()]
        cells = [f"{score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})" for score in found]
        rows.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _curve(history: Sequence[Mapping[str, float]]) -> str:
    rows = [
        "| epoch | loss | overall accuracy, held out | clause + facet + polarity F1, held out |",
        "|---|---|---|---|",
    ]
    rows += [
        f"| {entry['epoch']} | {entry['loss']:.3f} | {entry['overall_accuracy']:.3f} "
        f"| {entry['clause_facet_polarity_f1']:.3f} |"
        for entry in history
    ]
    return "\n".join(rows)
