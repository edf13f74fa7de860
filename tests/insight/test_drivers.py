import numpy as np
import pytest
from scored_files import make_file, make_mentions, make_reviews

from feedback_nlp.insight.drivers import (
    drivers,
    drivers_schema,
    importance,
    importance_draws,
    score_impact,
)
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import features

CODES = [
    "product.quality",
    "service.attitude",
    "service.efficiency",
    "logistics.speed",
    "logistics.packaging",
]


def test_impact_on_score_matches_hand_worked_example():
    # Blamers score 1 and 2 (mean 1.5, s² = .5, m = 2), others 4, 5, 5, 4, 4, 5, 5, 4 (mean 4.5, s² = 2/7).
    # p = .2, impact .2·(1.5 − 4.5) = −.6 = 3.9 − 4.5.
    # se² = .04·(.25 + .0357143) + 9·.16/10 = .0114286 + .144 = .1554286
    y = np.array([1, 2, 4, 5, 5, 4, 4, 5, 5, 4], dtype=float)
    found, error = score_impact(y < 3, y)
    assert found == pytest.approx(-0.6)
    assert error == pytest.approx(0.1554286**0.5, abs=1e-6)


def test_impact_interval_covers_the_truth():
    # p = .3, means 2 and 4: impact −.6. Without the uncertainty of p coverage would be about half.
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(500):
        negative = rng.random(200) < 0.3
        found, error = score_impact(negative, np.where(negative, 2, 4) + rng.normal(0, 0.6, size=200))
        hits += abs(found + 0.6) <= 1.96 * error
    assert hits / 500 > 0.92


def test_impact_needs_reviews_on_both_sides():
    assert np.isnan(score_impact(np.array([True, False, False]), np.array([1.0, 5, 5]))).all()


def test_the_planted_driver_is_found(scored_file):
    facts = Facts.of(*scored_file)
    found = drivers(facts, features(facts, "facet", CODES), draws=50)
    assert found.table.schema == drivers_schema()
    assert found.reason is None
    assert 0.5 < found.r2 < 1
    rows = {row["code"]: row for row in found.table.to_pylist()}
    assert max(rows, key=lambda code: rows[code]["weight"]) == "service.attitude"
    assert sum(row["weight"] for row in rows.values()) == pytest.approx(1)
    top = rows["service.attitude"]
    assert top["weight_low"] < top["weight"] < top["weight_high"]
    assert top["sign"] == 1
    # Planted ±1.5 stars, cut to the scale.
    assert -1.6 < top["penalty"] < -1.1
    assert top["score_impact"] < -2 * top["score_impact_se"]
    level = importance(found, [*CODES, "never.seen"])
    assert level[CODES.index("service.attitude")] == 1
    assert level[-1] == 0.05
    drawn = importance_draws(found, CODES)
    assert drawn.shape == (51, 5)
    assert drawn[0] == pytest.approx(importance(found, CODES))


def refusal(reviews, mentions):
    facts = Facts.of(reviews, mentions)
    found = drivers(facts, features(facts, "facet", CODES), draws=5)
    assert found.table.num_rows == 0
    assert importance(found, CODES).tolist() == [1] * 5
    assert importance_draws(found, CODES).shape == (0, 5)
    return found.reason.en


def test_refusals_name_their_reason():
    reviews, mentions = make_file(120)
    rating = reviews.schema.get_field_index("rating")
    assert "no rating" in refusal(reviews.remove_column(rating), mentions)
    assert "Only 30 reviews" in refusal(reviews.slice(0, 30), mentions)
    same = [3.0] * 120
    assert "the same" in refusal(reviews.set_column(rating, "rating", [same]), mentions)
    assert "No facet" in refusal(reviews, mentions.slice(0, 3))


def test_a_score_that_nothing_explains_is_refused():
    rng = np.random.default_rng(8)
    reviews = make_reviews(
        [{"review_id": f"{i:03}", "rating": float(rng.integers(1, 6))} for i in range(200)]
    )
    mentions = make_mentions([(f"{i:03}", CODES[i % 5], float(rng.choice([-0.8, 0.8]))) for i in range(200)])
    assert "no discernible" in refusal(reviews, mentions)
