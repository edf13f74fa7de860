"""``classify TEXT`` without the parser, the other commands and Arrow, which cost as much as the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from feedback_nlp.cli import console

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Taxonomy


def answer(text: str) -> None:
    """Do what ``classify TEXT`` does: the default model, the default taxonomy, lines."""
    from feedback_nlp.engines.local import judge
    from feedback_nlp.frames import whole
    from feedback_nlp.scorers import load_model
    from feedback_nlp.taxonomy import load_taxonomy

    taxonomy = load_taxonomy("default")
    for row in judge([whole(text)], load_model("linear", taxonomy)):
        show(row, taxonomy)


def show(row: dict[str, Any], taxonomy: Taxonomy) -> None:
    """Write the judgement of one text as lines."""
    labels = {"negative": ("负面", "−"), "neutral": ("中性", "·"), "positive": ("正面", "+")}
    for mention in row["mentions"]:
        name = taxonomy.label(mention["facet"], console.lang())
        element = taxonomy.label(mention["element"], console.lang())
        sign = labels[mention["label"]][1]
        span = f"[{mention['start']},{mention['end']})"
        console.result(f"{span}\t{sign}\t{element}·{name}\t{mention['score']:.2f}\t{mention['text']}")
    overall = console.text(labels[row["label"]][0], row["label"]) if row["label"] else "—"
    polarity = "—" if row["polarity"] is None else f"{row['polarity']:+.2f}"
    flags = f"\t{'、'.join(row['flags'])}" if row["flags"] else ""
    console.result(f"{console.text('总体', 'overall')}\t{overall}\t{polarity}{flags}")
