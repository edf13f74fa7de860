import numpy as np
import pytest
from scored_files import make_file, make_mentions, make_reviews

from feedback_nlp.insight.detractors import detractors, detractors_schema, firth
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import features

ELEMENTS = ["product", "service", "logistics"]


def test_a_table_of_four_matches_hand_worked_example():
    # Saturated: Firth's estimate adds ½ to each cell (Firth 1993). Blamed 9 low of 10, others 10 of 40:
    # odds ratio (9.5/1.5)/(10.5/30.5) = 18.397.
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    fit = firth(x, np.array([10.0, 9.0]), np.array([40.0, 10.0]))
    assert np.exp(fit.coefficients[1]) == pytest.approx(9.5 / 1.5 / (10.5 / 30.5), rel=1e-5)
    # log-likelihood: 10 ln p₀ + 30 ln(1 − p₀) + 9 ln p₁ + ln(1 − p₁), p₀ = 10.5/41, p₁ = 9.5/11;
    # of the constant 19 ln .38 + 31 ln .62.
    model = 10 * np.log(10.5 / 41) + 30 * np.log(30.5 / 41) + 9 * np.log(9.5 / 11) + np.log(1.5 / 11)
    assert fit.r2 == pytest.approx(1 - model / (19 * np.log(0.38) + 31 * np.log(0.62)))


def test_separation_stays_finite():
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    fit = firth(x, np.array([0.0, 20.0]), np.array([60.0, 20.0]))
    assert np.exp(fit.coefficients[1]) == pytest.approx(20.5 / 0.5 / (0.5 / 60.5), rel=1e-4)
    assert np.isfinite(fit.errors).all()


def make_facts(n, rng, effect=1.2):
    slow, rude = rng.random(n) < 0.25, rng.random(n) < 0.3
    chance = 1 / (1 + np.exp(1.5 - effect * slow))
    low = rng.random(n) < chance
    reviews = make_reviews(
        [{"review_id": f"{k:04}", "rating": 1.0 if bad else 5.0} for k, bad in enumerate(low)]
    )
    said = [(f"{k:04}", "logistics.speed", -0.8) for k in np.flatnonzero(slow)]
    said += [(f"{k:04}", "service.attitude", -0.8) for k in np.flatnonzero(rude)]
    return Facts.of(reviews, make_mentions(said))


def test_odds_interval_covers_the_planted_odds():
    hits, trials = 0, 200
    for trial in range(trials):
        facts = make_facts(250, np.random.default_rng(trial))
        found = detractors(facts, features(facts, "element", ELEMENTS), scale=(1, 5))
        row = found.table.to_pylist()[found.table["code"].to_pylist().index("logistics")]
        hits += row["odds_low"] <= np.exp(1.2) <= row["odds_high"]
    assert hits / trials > 0.91


def test_shares_are_those_of_low_answers(scored_file):
    facts = Facts.of(*scored_file)
    found = detractors(facts, features(facts, "element", ELEMENTS))
    assert found.table.schema == detractors_schema()
    assert (found.outcome, found.n) == ("rating", facts.n_reviews)
    assert 0 < found.r2 < 1
    rows = {row["code"]: row for row in found.table.to_pylist()}
    service = rows["service"]
    low = facts.numbers("rating") <= 2
    blamed = features(facts, "element", ["service"]).negative.toarray()[:, 0] > 0
    assert service["n_negative"] == blamed.sum()
    assert service["share_with"] == pytest.approx(low[blamed].mean())
    assert service["share_without"] == pytest.approx(low[~blamed].mean())
    assert service["with_low"] < service["share_with"] < service["with_high"]
    assert service["odds_low"] > 1


def test_nps_detractors_are_taken_where_there_are_more_of_them():
    reviews = make_reviews([{"review_id": f"{k:03}", "nps": float(k % 11)} for k in range(110)])
    said = make_mentions([(f"{k:03}", "service.attitude", -0.8) for k in range(110) if k % 11 < 5])
    facts = Facts.of(reviews, said)
    found = detractors(facts, features(facts, "element", ELEMENTS))
    assert (found.outcome, found.n_low) == ("nps", 70)
    assert found.table["share_with"].to_pylist() == [1.0]


def test_too_few_low_scores_say_so():
    reviews, mentions = make_file(120)
    place = reviews.schema.get_field_index("rating")
    high = reviews.set_column(place, "rating", [[4.0, 5.0] * 60])
    facts = Facts.of(high, mentions)
    found = detractors(facts, features(facts, "element", ELEMENTS), scale=(1, 5))
    assert found.table.num_rows == 0
    assert "0 are low" in found.reason.en
    bare = Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([]))
    assert "no rating" in detractors(bare, features(bare, "element", ELEMENTS)).reason.en
