import numpy as np
import pytest
from scipy import sparse

from feedback_nlp.insight.relative import correlations, relative_weights, weigh


def test_uncorrelated_features_get_their_squared_correlations():
    # R_xx = I: Λ = I, so ε = r_xy² = (.36, .09) and R² = .45.
    weights, coefficients = relative_weights(np.eye(2), np.array([0.6, -0.3]))
    assert weights == pytest.approx([0.36, 0.09])
    assert coefficients == pytest.approx([0.6, -0.3])


def test_two_correlated_features_match_hand_worked_example():
    # R_xx = [[1, .6], [.6, 1]], eigenvalues 1.6 and .4: Λ has (√1.6 + √.4)/2 = .948683 on and
    # (√1.6 − √.4)/2 = .316228 off the diagonal. r_xy = (.5, .3): Λ⁻¹ = [[1.185854, −.395285], …],
    # β = (.474342, .158114), β² = (.225, .025), Λ² = (.9, .1): ε = (.205, .045), R² = .25.
    r_xx = np.array([[1, 0.6], [0.6, 1]])
    weights, coefficients = relative_weights(r_xx, np.array([0.5, 0.3]))
    assert weights == pytest.approx([0.205, 0.045])
    # Regression: (.5 − .18)/.64 = .5 and (.3 − .3)/.64 = 0; relative weight still credits the second.
    assert coefficients == pytest.approx([0.5, 0.0])


def test_weights_sum_to_r2_of_the_regression():
    rng = np.random.default_rng(0)
    x = rng.choice([-1, 0, 1], size=(400, 5), p=[0.2, 0.6, 0.2]).astype(float)
    y = x @ [1.0, 0.5, 0, 0, -0.2] + rng.normal(size=400)
    found = weigh(sparse.csr_array(x), y, np.ones((400, 1)))
    design = np.column_stack([np.ones(400), x])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert found.r2[0] == pytest.approx(1 - residual.var() / y.var())
    assert found.parts[0].sum() == pytest.approx(1)
    assert np.argmax(found.parts[0]) == 0


def test_integer_weights_are_repetitions_and_draws_are_independent():
    rng = np.random.default_rng(1)
    x = rng.choice([-1.0, 0, 1], size=(60, 3))
    y = rng.integers(1, 6, size=60).astype(float)
    weights = rng.poisson(1.0, size=(60, 4)).astype(float)
    r_xx, r_xy = correlations(sparse.csr_array(x), y, weights)
    for draw in range(4):
        again = np.repeat(np.arange(60), weights[:, draw].astype(int))
        expected = np.corrcoef(np.column_stack([x, y])[again], rowvar=False)
        assert r_xx[draw] == pytest.approx(expected[:3, :3])
        assert r_xy[draw] == pytest.approx(expected[:3, 3])


def test_feature_without_variance_gets_no_weight():
    x = sparse.csr_array(np.array([[1.0, 0], [0, 0], [1, 0], [0, 0]]))
    found = weigh(x, np.array([5.0, 1, 5, 1]), np.ones((4, 1)))
    assert found.parts[0] == pytest.approx([1, 0])
    assert found.r2[0] == pytest.approx(1)
