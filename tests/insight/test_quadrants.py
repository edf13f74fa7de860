import numpy as np
import pytest
from scored_files import make_mentions, make_reviews

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.features import features, outcome, poisson_weights
from feedback_nlp.insight.quadrants import Answers, quadrants, quadrants_schema

CODES = ["logistics", "product", "service"]


def test_without_outcome_importance_is_the_share_of_mentions():
    # service: 60 mentions, two fifths negative; product: 30, none negative; logistics: 10, all negative.
    said = [("service", k % 5 < 2) for k in range(60)]
    said += [("product", False)] * 30 + [("logistics", True)] * 10
    rows = [(f"{i:03}", f"{element}.x", -0.8 if bad else 0.8) for i, (element, bad) in enumerate(said)]
    facts = Facts.of(make_reviews([{"review_id": f"{i:03}"} for i in range(100)]), make_mentions(rows))
    table = quadrants(features(facts, "element", CODES), poisson_weights(facts, 40, 0), None)
    assert table.schema == quadrants_schema()
    found = {row["code"]: row for row in table.to_pylist()}
    assert [found[code]["y"] for code in CODES] == pytest.approx([0.1, 0.3, 0.6])
    assert found["logistics"]["x"] < found["service"]["x"] < found["product"]["x"]
    # Crosshair: importance 1/3, mean performance just over one half.
    assert {code: found[code]["quadrant"] for code in CODES} == {
        "logistics": "low_priority",
        "product": "possible_overkill",
        "service": "keep_up",
    }
    assert all(0 <= row["stability"] <= 1 for row in found.values())
    assert found["logistics"]["stability"] > 0.9


def test_with_outcome_importance_is_the_relative_weight(scored_file):
    facts = Facts.of(*scored_file)
    values = outcome(facts)[1]
    answers = Answers(np.arange(len(values)), values)
    table = quadrants(features(facts, "element", CODES), poisson_weights(facts, 20, 0), answers)
    found = {row["code"]: row for row in table.to_pylist()}
    assert found["service"]["y"] > 0.7
    assert sum(row["y"] for row in found.values()) == pytest.approx(1)


def test_fewer_than_two_elements_have_no_quadrants():
    facts = Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([("a", "service.attitude", -0.5)]))
    table = quadrants(features(facts, "element", CODES), poisson_weights(facts, 5, 0), None)
    assert table.num_rows == 0
    assert table.schema == quadrants_schema()
