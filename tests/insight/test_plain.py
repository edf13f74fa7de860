"""Plain rows say what the tables say, to the last bit."""

from __future__ import annotations

import pytest

from feedback_nlp.catalog import corpus_path
from feedback_nlp.engines.local import judge, score_batch
from feedback_nlp.gold import read
from feedback_nlp.scorers import load_model

ODD = [None, "", "！？", "👍👍", "good", "物流太慢了，客服很好", "物流太慢了，客服很好"]


@pytest.mark.parametrize("model", ["linear", "lexicon"])
def test_the_same_as_the_tables(model: str) -> None:
    texts = ODD + [review.text for review in read(corpus_path("risks"))[:40]]
    scorer = load_model(model)
    ids = [str(place) for place in range(len(texts))]
    mentions, scored = score_batch(ids, texts, scorer)
    rows = judge(texts, scorer)
    said = [
        {"review_id": name, **mention, "issue_id": None}
        for name, row in zip(ids, rows, strict=True)
        for mention in row["mentions"]
    ]
    assert said == mentions.to_pylist()
    for name in ("polarity", "label", "confidence", "flags"):
        assert [row[name] for row in rows] == scored[f"fb_{name}"].to_pylist()
    assert [row["text"] for row in rows] == texts
    assert any(row["flags"] for row in rows)
    assert len(said) > 40


def test_no_text_no_row() -> None:
    assert judge([], load_model("lexicon")) == []
