import numpy as np
import pytest
from scipy import sparse

from feedback_nlp.insight.features import Features
from feedback_nlp.insight.kano import coefficients, design, penalty_reward


def make_features(negative, positive):
    negative, positive = (sparse.csr_array(np.array(part, dtype=float)) for part in (negative, positive))
    codes = tuple(f"f{k}" for k in range(negative.shape[1]))
    return Features(codes, negative, positive, negative + positive)


def test_penalty_reward_matches_hand_worked_example():
    # One element. Silent: 3 ± 0.1; blamed: 1 ± 0.1; praised: 3.5 ± 0.1. Penalty −2, reward +.5,
    # asymmetry (.5 − 2)/2.5 = −.6: basic.
    y = np.tile([2.9, 3.1, 0.9, 1.1, 3.4, 3.6], 5)
    found = penalty_reward(make_features((y < 2)[:, None], (y > 3.3)[:, None]), y)
    assert found.penalty == pytest.approx([-2.0])
    assert found.reward == pytest.approx([0.5])
    assert found.asymmetry == pytest.approx([-0.6])
    assert found.kind == ["basic"]
    # Residual ±.1 throughout: σ² = 30·.01/27; each group has 10 reviews: se = √(σ²·(1/10 + 1/10)).
    assert found.penalty_se == pytest.approx([(0.3 / 27 * 0.2) ** 0.5])


def test_wrong_signs_are_cut_and_noise_has_no_kind():
    rng = np.random.default_rng(1)
    blamed = np.arange(60) % 3 == 0
    praised = np.arange(60) % 3 == 1
    found = penalty_reward(
        make_features(blamed[:, None], praised[:, None]), np.where(blamed, 5.0, 3.0) - praised
    )
    assert found.penalty.tolist() == [0.0]
    assert found.reward.tolist() == [0.0]
    found = penalty_reward(make_features(blamed[:, None], praised[:, None]), rng.normal(size=60))
    assert found.kind == [None]
    assert found.asymmetry == [None]


def test_unequal_variance_enters_the_standard_error():
    # Blamed: 1 ± 1 (10 reviews), silent: 3 ± 0 (10). HC0 variance of the difference 1/10 + 0; HC1 ·20/18.
    y = np.array([0.0, 2.0] * 5 + [3.0] * 10)
    found = penalty_reward(make_features((y < 3)[:, None], np.zeros((20, 1))), y)
    assert found.penalty == pytest.approx([-2.0])
    assert found.penalty_se == pytest.approx([(0.1 * 20 / 18) ** 0.5])


def test_kinds_are_those_of_kano():
    # Silent 3. f0: blame −2, praise +.2 (basic); f1: −1, +1 (performance); f2: −.2, +2 (excitement).
    rows = [(3, [0, 0, 0])]
    for k, (low, high) in enumerate([(-2, 0.2), (-1, 1), (-0.2, 2)]):
        rows += [
            (3 + low, [-(place == k) for place in range(3)]),
            (3 + high, [+(place == k) for place in range(3)]),
        ]
    signs = np.array([sign for _, sign in rows] * 40)
    noise = np.repeat([-0.1, 0.1], len(signs) // 2)
    found = penalty_reward(make_features(signs < 0, signs > 0), np.array([y for y, _ in rows] * 40) + noise)
    assert found.kind == ["basic", "performance", "excitement"]


def test_weighted_coefficients_are_those_of_repeated_reviews():
    rng = np.random.default_rng(2)
    said = rng.random((60, 3)) < 0.3
    y = rng.normal(size=60)
    x = design(sparse.csr_array(said.astype(float)), sparse.csr_array((60, 0)))
    weights = rng.poisson(1.0, size=(60, 4)).astype(float)
    found = coefficients(x, y, weights)
    for draw in range(4):
        rows = np.repeat(np.arange(60), weights[:, draw].astype(int))
        plain = np.column_stack([np.ones(len(rows)), said[rows]])
        assert found[draw] == pytest.approx(np.linalg.lstsq(plain, y[rows])[0], abs=1e-4)


def test_a_feature_that_a_draw_does_not_hold_has_no_coefficient():
    negative = sparse.csr_array(np.array([[1.0], [0], [0], [0]]))
    x = design(negative, sparse.csr_array((4, 0)))
    found = coefficients(x, np.array([1.0, 3, 3, 3]), np.array([[0.0, 1], [1, 1], [1, 1], [1, 1]]))
    assert found[0] == pytest.approx([3, 0], abs=1e-4)
    assert found[1] == pytest.approx([3, -2], abs=1e-4)
