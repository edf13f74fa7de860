"""``feedback-nlp classify``: what each clause is about and how it sounds."""

from __future__ import annotations

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
    from feedback_nlp.cli.one_text import show
    from feedback_nlp.taxonomy import load_taxonomy

    chosen = opt.merge({"lang": lang, "model": model, "taxonomy": taxonomy})
    named = load_taxonomy(chosen.get("taxonomy", "default"))
    rows = judge(texts.of(text, file), model=chosen.get("model", "linear"), taxonomy=named)
    if json:
        texts.as_json(rows)
        return
    for row in rows:
        show(row, named)
