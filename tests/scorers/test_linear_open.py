"""The licence-clean weights work like the default's, and their card names nothing without a licence."""

from __future__ import annotations

from feedback_nlp.catalog import models
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.linear import LinearScorer


def test_it_judges() -> None:
    scorer = load_model("linear-open")
    assert isinstance(scorer, LinearScorer)
    found = scorer.predict(["物流太慢了，等了一个星期"])
    assert found.overall[0].argmax() == 0
    assert scorer.taxonomy_.codes[found.clauses[0].sum(axis=1).argmax()] == "logistics.speed"
    assert scorer.fingerprint() != load_model("linear").fingerprint()


def test_every_source_has_a_licence() -> None:
    card = next(info.card for info in models() if info.name == "linear-open")
    rows = [
        line.split("|")
        for line in card.splitlines()
        if line.startswith(("| corpora/", "| readings/", "| data/"))
    ]
    assert len(rows) > 20
    assert all("Apache-2.0" in row[4] or "MIT" in row[4] for row in rows)
    assert not [row for row in rows if "gold" in row[1] or "demo" in row[1] or "challenge" in row[1]]
