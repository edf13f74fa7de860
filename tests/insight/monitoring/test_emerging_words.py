"""Emerging words: Monroe's formula by hand, a planted word found, nothing found in noise."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pytest
from scored_files import make_mentions, make_reviews

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.emerging import emerging, log_odds

CLAUSES = ("物流太慢了", "客服不回复消息", "包装破损严重", "屏幕有划痕", "价格比别家贵")
NEW = "收银台乱收服务费"


def test_log_odds_by_hand() -> None:
    # Both parts together: 30 of 200 words; a_w = 10·.15 = 1.5, a₀ = 10.
    delta, z = log_odds([20, 80], [10, 90], prior_words=10)
    expected = np.log(21.5 / (110 - 21.5)) - np.log(11.5 / (110 - 11.5))
    assert delta[0] == pytest.approx(expected)
    assert z[0] == pytest.approx(expected / np.sqrt(1 / 21.5 + 1 / 11.5))
    assert delta[1] == pytest.approx(-expected)


def test_a_word_never_said_before_is_finite() -> None:
    delta, z = log_odds([8, 100], [0, 500])
    assert np.isfinite(delta).all()
    assert z[0] > 2


def file(n: int, planted: int = 0, seed: int = 1, days: int = 120) -> Facts:
    rng = random.Random(seed)
    rows, said = [], []
    for i in range(n):
        day = dt.datetime(2025, 1, 1) + dt.timedelta(days=i * days // n)
        text = NEW if i >= n - planted else rng.choice(CLAUSES)
        rows.append({"review_id": f"r{i:04d}", "time": day, "text": text, "fb_label": "negative"})
        mention = {"review_id": f"r{i:04d}", "facet": "logistics.speed", "text": text}
        said.append(mention | {"issue_id": "price.fees" if text == NEW else "logistics.speed:all"})
    return Facts.of(make_reviews(rows), make_mentions(said))


def test_a_planted_word_is_found() -> None:
    found = emerging(file(400, planted=20))
    words = {word.word: word for word in found.words}
    assert found.since == "2025-04-03"
    assert "服务费" in words
    assert (words["服务费"].n_new, words["服务费"].n_old) == (20, 0)
    assert words["服务费"].issue_id == "price.fees"
    assert words["服务费"].q < 0.05
    assert not {"物流", "包装", "屏幕"} & set(words)


def test_noise_has_none() -> None:
    assert sum(bool(emerging(file(300, seed=seed)).words) for seed in range(8)) <= 1


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([])), "time"),
        (file(5, days=1), "short"),
        (file(6, days=60), "few"),
    ],
)
def test_why_nothing_was_looked_for(facts: Facts, reason: str) -> None:
    assert emerging(facts).reason == reason
    assert emerging(facts).words == ()


def test_personal_data_is_no_word() -> None:
    rows = [{"review_id": f"r{i}", "time": dt.datetime(2025, 1, 1) + dt.timedelta(days=i)} for i in range(90)]
    said = [
        {
            "review_id": f"r{i}",
            "facet": "service.attitude",
            "text": "找王建国先生13812345678" if i > 70 else "态度差",
        }
        for i in range(90)
    ]
    found = emerging(Facts.of(make_reviews(rows), make_mentions(said)))
    assert not [word for word in found.words if "建国" in word.word or "138" in word.word]
