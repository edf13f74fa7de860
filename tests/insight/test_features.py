import numpy as np
import pytest
from scored_files import make_mentions, make_reviews

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import features, outcome, poisson_weights

REVIEWS = [
    {"review_id": "a", "rating": 1.0, "nps": 2.0, "customer": "x"},
    {"review_id": "b", "rating": None, "nps": 9.0, "customer": "x"},
    {"review_id": "c", "rating": 4.0, "nps": 8.0, "customer": None},
]
MENTIONS = [
    ("a", "service.attitude", -0.8),
    ("a", "service.attitude", -0.5),
    ("a", "service.efficiency", 0.7),
    ("b", "service.attitude", 0.0),
    ("c", "logistics.speed", 0.9),
]


def facts():
    return Facts.of(make_reviews(REVIEWS), make_mentions(MENTIONS))


def test_a_review_is_counted_once_by_sign():
    found = features(facts(), "facet", ["logistics.speed", "service.attitude", "service.efficiency"])
    assert found.negative.toarray().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert found.positive.toarray().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert found.mentioned.toarray().tolist() == [[0, 1, 1], [0, 1, 0], [1, 0, 0]]
    assert found.signed.toarray().tolist() == [[0, -1, 1], [0, 0, 0], [1, 0, 0]]


def test_praise_and_blame_of_one_element_cancel():
    found = features(facts(), "element", ["service"])
    assert found.signed.toarray().ravel().tolist() == [0, 0, 0]
    assert found.negative.toarray().ravel().tolist() == [1, 0, 0]


def test_outcome_is_the_score_with_more_answers():
    name, values = outcome(facts())
    assert name == "nps"
    assert values.tolist() == [2, 9, 8]
    assert outcome(Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([])))[0] == ""


def test_bootstrap_weighs_customers_and_is_seeded():
    drawn = np.concatenate(list(poisson_weights(facts(), 500, 3)), axis=1)
    assert drawn.shape == (3, 500)
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert drawn.mean() == pytest.approx(1, abs=0.1)
    assert np.array_equal(drawn, np.concatenate(list(poisson_weights(facts(), 500, 3)), axis=1))
