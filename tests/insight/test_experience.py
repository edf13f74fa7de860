"""The experience index: worked by hand, and its intervals on simulated months."""

import numpy as np
import pytest
from scored_files import make_file, make_mentions, make_reviews

from feedback_nlp.insight.experience import ALL, experience, shrinkage
from feedback_nlp.insight.facts import Facts

ELEMENTS = ("product", "service", "logistics")


def stamp(day):
    return np.datetime64(day, "s").astype(object)


def facts_of(reviews, mentions):
    return Facts.of(make_reviews(reviews), make_mentions(mentions))


def say(review, facet, polarity, clause=0):
    return {"review_id": review, "facet": facet, "polarity": polarity, "clause": clause}


def row_of(found, month=ALL, code=ALL):
    (row,) = (row for row in found.table.to_pylist() if (row["month"], row["code"]) == (month, code))
    return row


def test_prior_of_group_means_by_hand():
    # Means 0, 1 of 10 each, σ² = 1: Σ n(m − ½)² = 5, less (G−1)σ² = 1, over N − Σn²/N = 10: τ² = .4, κ = 2.5.
    assert shrinkage(np.array([0.0, 1.0]), np.array([10.0, 10.0]), 1.0) == pytest.approx((2.5, 0.4))
    # Groups that don't differ: the prior is worth ten, so a month keeps an interval of its own.
    assert shrinkage(np.array([0.5, 0.5]), np.array([10.0, 10.0]), 1.0) == pytest.approx((10, 0.1))
    assert shrinkage(np.array([0.5]), np.array([10.0]), 1.0) == (1, 1)


def test_experience_by_hand():
    # product −1, −0.5, 0 → mean −.5 of 3; service +1 of 1; all 4 said: mean of means by entry −.125.
    found = experience(
        facts_of(
            [
                {"review_id": name, "fb_polarity": value}
                for name, value in zip("abcd", (-1, 0, 1, 1), strict=True)
            ],
            [
                say("a", "product.quality", -1.0),
                say("b", "product.quality", -0.5),
                say("c", "product.quality", 0.0),
                say("d", "service.attitude", 1.0),
            ],
        ),
        ELEMENTS,
    )
    assert found.weights_kind == "mention_share"
    assert found.weights == pytest.approx({"product": 0.75, "service": 0.25})
    # σ² = .5/2 = .25 (within product); m = −.125, Σ n(m_g − m)² = 3·.1406 + 1.2656 = 1.6875, less .25, over
    # 4 − 10/4 = 1.5: τ² = .9583, κ = .26, cut to 1. product −.5·3/4 − .125/4 = −.40625, service .5 − .0625.
    row = row_of(found)
    assert row_of(found, code="product")["experience"] == pytest.approx(50 * (1 - 0.40625))
    assert row_of(found, code="service")["experience"] == pytest.approx(50 * (1 + 0.4375))
    assert row["experience"] == pytest.approx(50 * (1 + 0.75 * -0.40625 + 0.25 * 0.4375))
    assert (row["n_reviews"], row["n_experience"]) == (4, 4)
    assert found.satisfaction_kind == "polarity"
    assert row["satisfaction"] == pytest.approx(62.5)
    assert row["loyalty"] is None
    assert row["combined"] is None


def test_a_review_counts_once_for_an_element():
    found = experience(
        facts_of(
            [{"review_id": "a"}, {"review_id": "b"}],
            [
                say("a", "product.quality", -1.0),
                say("a", "product.safety", 0.0, 1),
                say("b", "product.quality", 0.5),
            ],
        ),
        ELEMENTS,
    )
    # −.5 and .5, not −1, 0 and .5.
    assert row_of(found, code="product")["experience"] == pytest.approx(50)


def test_satisfaction_and_loyalty_by_hand():
    ratings, answers = (1.0, 3.0, 5.0, 5.0), (0.0, 8.0, 9.0, 10.0)
    found = experience(
        facts_of(
            [
                {"review_id": name, "rating": r, "nps": a}
                for name, r, a in zip("abcd", ratings, answers, strict=True)
            ],
            [say("a", "product.quality", -1.0)],
        ),
        ELEMENTS,
    )
    row = row_of(found)
    assert (found.satisfaction_kind, found.loyalty_kind) == ("rating", "nps")
    # 0, 50, 100, 100.
    assert row["satisfaction"] == pytest.approx(62.5)
    # NPS = 50 − 25 = 25 → 62.5.
    assert row["loyalty"] == pytest.approx(62.5)
    # With 0, 0, 100, 100 added: mean 56.25; Σ(y − ȳ)² = 17187.5; se = √17187.5/8 = 16.39.
    assert row["satisfaction_low"] == pytest.approx(56.25 - 1.96 * 16.388, abs=0.01)
    assert row["combined"] == pytest.approx((row["experience"] + 125) / 3)
    assert row["combined_low"] < row["combined"] < row["combined_high"]


def test_loyalty_in_words():
    found = experience(
        facts_of(
            [
                {"review_id": "a"},
                {"review_id": "b", "fb_flags": ["churn"]},
                {"review_id": "c", "fb_flags": ["churn"]},
                {"review_id": "d"},
            ],
            [
                say("a", "brand.loyalty", 0.9),
                say("c", "brand.loyalty", 0.9),
                say("d", "product.quality", 0.9),
            ],
        ),
        ELEMENTS,
    )
    row = row_of(found)
    # One stays, two go (what somebody who praises and leaves does counts): 50·(1 + (1 − 2)/3).
    assert found.loyalty_kind == "words"
    assert (row["loyalty"], row["n_loyalty"]) == (pytest.approx(100 / 3), 3)
    assert 0 < row["loyalty_low"] < row["loyalty"] < row["loyalty_high"] < 100


def test_who_complains_again_or_threatens_is_not_loyal():
    flags = {"a": [], "b": ["repeat"], "c": ["legal"]}
    reviews = [{"review_id": name, "fb_flags": raised} for name, raised in flags.items()]
    row = row_of(experience(facts_of(reviews, [say(name, "brand.loyalty", 0.9) for name in "abc"]), ELEMENTS))
    assert (row["loyalty"], row["n_loyalty"]) == (100.0, 1)


def test_months_are_shrunk_towards_the_file_and_compare():
    said = [("2025-01-05", -0.9)] * 20 + [("2025-02-05", 0.3)] + [("2025-02-06", -0.9)]
    reviews = [{"review_id": f"r{k:02d}", "time": stamp(day)} for k, (day, _) in enumerate(said)]
    mentions = [say(f"r{k:02d}", "product.quality", value) for k, (_, value) in enumerate(said)]
    found = experience(facts_of(reviews, mentions), ELEMENTS)
    first, second = (row_of(found, month)["experience"] for month in ("2025-01", "2025-02"))
    whole = row_of(found)["experience"]
    assert first < whole < second < 50 * (1 - 0.3)
    assert [row["month"] for row in found.table.to_pylist()] == ["", "", *["2025-01"] * 2, *["2025-02"] * 2]


def test_reviews_without_a_month_count_for_the_file_only():
    reviews = [{"review_id": "a", "time": stamp("2025-01-05")}, {"review_id": "b", "time": None}]
    mentions = [say("a", "product.quality", -1.0), say("b", "product.quality", 1.0)]
    found = experience(facts_of(reviews, mentions), ELEMENTS)
    assert (row_of(found)["n_reviews"], row_of(found, "2025-01")["n_reviews"]) == (2, 1)


@pytest.mark.parametrize("mentions", [[], [say("a", "overall.general", -1.0)]])
def test_nothing_said_of_an_element(mentions):
    found = experience(facts_of([{"review_id": "a"}], mentions), ELEMENTS)
    row = row_of(found)
    assert found.weights == {}
    assert found.weights_kind == "none"
    assert row["experience"] is None
    assert row["satisfaction"] == pytest.approx(50)


def test_order_of_rows_changes_nothing():
    reviews, mentions = make_file()
    shuffled = np.random.default_rng(1).permutation(reviews.num_rows)
    one = experience(Facts.of(reviews, mentions), ELEMENTS).table
    assert one.equals(experience(Facts.of(reviews.take(shuffled), mentions.slice(0)), ELEMENTS).table)
    assert one.num_rows == 4 * 7
    assert all(
        row["experience_low"] <= row["experience"] <= row["experience_high"] for row in one.to_pylist()
    )


@pytest.mark.parametrize("between", [0.0, 0.1, 0.4])
def test_intervals_of_months_cover(between):
    """Months of 5 to 60 reviews with true means of their own, customers who write twice."""
    rng = np.random.default_rng(3)
    hits = trials = 0
    for _ in range(30):
        truth = 0.1 + rng.normal(0, between, 12).clip(-0.7, 0.6)
        reviews, mentions = [], []
        for month, centre in enumerate(truth):
            for k in range(int(rng.integers(5, 60))):
                name = f"{month}-{k}"
                day = f"2025-{month + 1:02d}-10"
                reviews.append({"review_id": name, "time": stamp(day), "customer": f"{month}-{k // 2}"})
                mentions.append(say(name, "product.quality", float(centre + rng.choice([-0.3, 0.3]))))
        found = experience(facts_of(reviews, mentions), ELEMENTS)
        for month, centre in enumerate(truth):
            row = row_of(found, f"2025-{month + 1:02d}")
            hits += row["experience_low"] <= 50 * (1 + centre) <= row["experience_high"]
            trials += 1
    assert hits / trials >= 0.93


def test_satisfaction_interval_covers_with_few_answers():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        ratings = rng.choice([1.0, 5.0], size=8, p=[0.15, 0.85])
        reviews = [{"review_id": f"{k}", "rating": float(value)} for k, value in enumerate(ratings)]
        row = row_of(experience(facts_of(reviews, []), ELEMENTS, rating_scale=(1, 5)))
        hits += row["satisfaction_low"] <= 85 <= row["satisfaction_high"]
    assert hits / 300 > 0.93
