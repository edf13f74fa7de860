"""``feedback-nlp classify``: what each clause is about and how it sounds."""

from __future__ import annotations

from feedback_nlp.cli import options as opt
from feedback_nlp.cli import texts


def classify(
    text: texts.Text = None,
    file: texts.File = None,
    column: opt.Text = None,
    id: opt.Id = None,
    sheet: opt.Sheet = None,
    model: opt.Model = None,
    taxonomy: opt.TaxonomyName = None,
    config: opt.Config = None,
    lang: opt.Lang = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """给每个小句标出要素与褒贬。例：feedback-nlp classify '物流太慢了，客服很好'"""
    given = opt.given(locals(), "text", "file", "column", "config")
    from feedback_nlp import classify as judge
    from feedback_nlp.cli.one_text import show
    from feedback_nlp.taxonomy import load_taxonomy

    chosen = opt.merge({**given, "text": column}, [file] if file else (), config)
    named = load_taxonomy(chosen.get("taxonomy", "default"))
    found = texts.of(text, file, chosen)
    rows = judge(found.texts, model=chosen.get("model", "linear"), taxonomy=named)
    if chosen.get("json"):
        texts.as_json(found.with_ids(rows))
        return
    for row in rows:
        show(row, named)
