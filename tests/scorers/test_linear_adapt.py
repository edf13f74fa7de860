"""Adapting: hand-worked optimum, the base where nothing is said, corrections learnt and kept."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_adapt import Strength, adapt, centred_logistic, centred_softmax
from feedback_nlp.text.clauses import cut


def review(text: str, *labels: tuple[int, str, int], overall: int = 0, reviewed=None) -> GoldReview:
    return GoldReview(text, text, "shop", "own", tuple(cut(text)), labels, overall, reviewed=reviewed)


@pytest.fixture(scope="module")
def base() -> LinearScorer:
    found = load_model("linear")
    assert isinstance(found, LinearScorer)
    return found


def test_logistic_optimum_by_hand() -> None:
    # One feature x = 1, one true case, offset 0, C = 1: w = 1 − σ(w), so w = 0.4010581…
    one, true = csr_matrix(np.ones((1, 1), np.float32)), np.ones((1, 1), dtype=bool)
    weight = centred_logistic(one, true, np.zeros((1, 1)), true, 1.0)
    assert weight[0, 0] == pytest.approx(0.4010581, abs=1e-5)
    # where the base is sure already there is little to learn; an unknown case teaches nothing
    assert centred_logistic(one, true, np.full((1, 1), 6.0), true, 1.0)[0, 0] < 0.003
    assert centred_logistic(one, true, np.zeros((1, 1)), ~true, 1.0)[0, 0] == 0


def test_softmax_optimum_by_hand() -> None:
    # No feature, one case of class 0, C = 1: b0 = 1 − p0, b1 = b2 = −p1.
    weights, bias = centred_softmax(np.zeros((1, 0)), np.array([0]), np.zeros((1, 3)), 1.0)
    p = np.exp(bias) / np.exp(bias).sum()
    assert weights.shape == (0, 3)
    np.testing.assert_allclose(bias, [1 - p[0], -p[1], -p[2]], atol=1e-5)


CORRECTIONS = [
    review(f"{lead}窜稀了", (0, "product.safety", -1), overall=-1)
    for lead in ("吃完就", "晚上直接", "全家都", "孩子", "第二天", "我和同事")
]
ELSEWHERE = ["物流太慢了，客服很好", "房间干净，早餐一般", "", "屏幕碎了"]


def test_what_was_corrected_is_learnt_and_the_rest_stays(base: LinearScorer) -> None:
    facet = base.taxonomy_.index["product.safety"]
    adapted = adapt(base, CORRECTIONS)
    before, after = (scorer.predict(["大人小孩都窜稀了"]).clauses[0, facet] for scorer in (base, adapted))
    assert after.sum() > max(0.4, before.sum() + 0.2)
    assert after[0] > after[2]
    old, new = base.predict(ELSEWHERE), adapted.predict(ELSEWHERE)
    # "碎了" has something of "窜稀了": that far, and no farther
    assert np.abs(old.clauses - new.clauses).max() < 0.3
    np.testing.assert_allclose(old.flags, new.flags, atol=0.02)  # they look at the clauses
    assert adapted.fingerprint() != base.fingerprint()
    np.testing.assert_array_equal(adapted.thresholds_, base.thresholds_)


def test_confirming_what_is_sure_changes_next_to_nothing(base: LinearScorer) -> None:
    sure = [review("物流太慢了", (0, "logistics.speed", -1), overall=-1)]
    old, new = base.predict(ELSEWHERE), adapt(base, sure).predict(ELSEWHERE)
    change = np.abs(old.clauses - new.clauses)
    assert change.max() < 0.06
    assert change.mean() < 0.002


def test_clauses_nobody_judged_teach_nothing(base: LinearScorer) -> None:
    text = "包裹三天没动，前台爱答不理"
    whole = review(text, (1, "service.attitude", -1), overall=-1)
    partly = replace(whole, reviewed=(1,))
    # as a whole, its first clause is said to mention nothing
    facet = base.taxonomy_.index["logistics.speed"]
    scores = [adapt(base, [item] * 8).predict([text]).clauses[0, facet].sum() for item in (whole, partly)]
    assert scores[0] < 0.5 * scores[1]


def test_saved_and_loaded_it_is_a_linear_model(base: LinearScorer, tmp_path) -> None:
    adapted = adapt(base, CORRECTIONS)
    loaded = load_model(adapted.save(tmp_path / "m"))
    assert type(loaded) is LinearScorer
    assert loaded.fingerprint() == adapted.fingerprint()
    one, two = adapted.predict(ELSEWHERE), loaded.predict(ELSEWHERE)
    np.testing.assert_array_equal(one.clauses, two.clauses)
    np.testing.assert_array_equal(one.overall, two.overall)


def test_the_same_corrections_give_the_same_model_in_any_order(base: LinearScorer) -> None:
    one, two = (adapt(base, rows).predict(ELSEWHERE) for rows in (CORRECTIONS, CORRECTIONS[::-1]))
    np.testing.assert_allclose(one.clauses, two.clauses, atol=2e-3)


def test_without_strength_the_base_stays(base: LinearScorer) -> None:
    none = Strength(1e-9, 1e-9, 1e-9, 1e-9)
    adapted = adapt(base, [review("物流太慢了", (0, "logistics.speed", -1), overall=-1)], strength=none)
    for text in ELSEWHERE:
        # n-grams the base did not know share the weight of a clause: a hundredth at most
        np.testing.assert_allclose(base.predict([text]).clauses, adapted.predict([text]).clauses, atol=0.01)


def test_nothing_judged_is_refused(base: LinearScorer) -> None:
    with pytest.raises(ModelError, match="没有看过的小句"):
        adapt(base, [review("物流太慢了", reviewed=())])
