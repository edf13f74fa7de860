"""``feedback-nlp classify``: what each clause is about and how it sounds."""

from __future__ import annotations

from typing import Any

from feedback_nlp.cli import options as opt
from feedback_nlp.cli import texts


def classify(
    text: texts.Text = None,
    file: texts.File = None,
    model: opt.Model = None,
    taxonomy: opt.TaxonomyName = None,
    lang: opt.Lang = None,
    json: opt.Json = False,
) -> None:
    """给每个小句标出要素与褒贬。例：feedback-nlp classify '物流太慢了，客服很好'"""
    from feedback_nlp import classify as judge
    from feedback_nlp.taxonomy import load_taxonomy

    chosen = opt.merge({"lang": lang, "model": model, "taxonomy": taxonomy})
    named = load_taxonomy(chosen.get("taxonomy", "default"))
    rows = judge(texts.of(text, file), model=chosen.get("model", "linear"), taxonomy=named)
    if json:
        texts.as_json(rows)
        return
    for row in rows:
        _show(row, named)


def _show(row: dict[str, Any], taxonomy: Any) -> None:
    from feedback_nlp.cli import console

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
