"""Joint logistic regressions: scikit-learn's minimum, soft targets, shared rows, the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from feedback_nlp.scorers.joint_logistic import Part, Problem, fit

N, M = 600, 12


def data(seed: int = 0) -> tuple[csr_matrix, np.ndarray]:
    """Features, and the log-odds of two targets."""
    random = np.random.default_rng(seed)
    matrix = csr_matrix((random.random((N, M)) < 0.3).astype(np.float32))
    truth = random.normal(size=(M, 2)).astype(np.float32)
    return matrix, np.asarray(matrix @ truth - 0.5, dtype=np.float32)


def problem(matrix: csr_matrix, target: np.ndarray, weight: np.ndarray | None = None) -> Problem:
    given = np.ones_like(target) if weight is None else weight
    return Problem([Part(matrix)], target.astype(np.float32), given.astype(np.float32), np.arange(N))


def test_it_finds_the_minimum_that_scikit_learn_finds() -> None:
    matrix, odds = data()
    labels = odds + np.random.default_rng(1).logistic(size=odds.shape) > 0
    (weights,), bias = fit(problem(matrix, labels), 2.0)
    for target in range(2):
        peer = LogisticRegression(C=2.0, tol=1e-8, max_iter=1000).fit(matrix, labels[:, target])
        np.testing.assert_allclose(weights[:, target], peer.coef_[0], atol=0.05)
        assert bias[target] == pytest.approx(peer.intercept_[0], abs=0.1)


def test_probabilities_teach_what_was_behind_them() -> None:
    matrix, odds = data()
    soft = 1 / (1 + np.exp(-odds))
    (weights,), bias = fit(problem(matrix, soft), 50.0)
    found = matrix @ weights + bias
    assert np.abs(found - odds).max() < 0.3


def test_what_is_unknown_teaches_nothing() -> None:
    matrix, odds = data()
    labels = odds > 0
    known = np.random.default_rng(2).random(odds.shape) < 0.7
    flipped = np.where(known, labels, ~labels)
    one, other = (fit(problem(matrix, given, known), 2.0) for given in (labels, flipped))
    assert one[0][0].tobytes() == other[0][0].tobytes()


def test_rows_looked_at_by_several_examples_count_for_each() -> None:
    matrix, odds = data()
    rows = np.arange(N) // 3
    shared = Problem(
        [Part(matrix[: N // 3], rows)],
        (odds[rows] > 0).astype(np.float32),
        np.ones_like(odds),
        np.arange(N),
    )
    apart = Problem([Part(matrix[rows])], shared.target, shared.weight, shared.group)
    (one,), _ = fit(shared, 2.0)
    (other,), _ = fit(apart, 2.0)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_target_nothing_speaks_for_stays_unlikely() -> None:
    matrix, _ = data()
    never, always = np.zeros((N, 1)), np.ones((N, 1))
    for target, side in ((never, -1), (always, 1)):
        (weights,), bias = fit(problem(matrix, target), 2.0)
        assert ((matrix @ weights + bias) * side > 4).all()


def test_a_target_that_is_known_nowhere_stays_unlikely_too() -> None:
    matrix, odds = data()
    known = np.array([1.0, 0.0]) * np.ones_like(odds)
    (weights,), bias = fit(problem(matrix, odds > 0, known), 2.0)
    assert not weights[:, 1].any()
    assert bias[1] == pytest.approx(-6, abs=0.1)


def test_the_same_data_give_the_same_bits_and_no_data_give_zeros() -> None:
    matrix, odds = data()
    one, other = (fit(problem(matrix, odds > 0), 2.0) for _ in range(2))
    assert one[0][0].tobytes() == other[0][0].tobytes()
    assert one[1].tobytes() == other[1].tobytes()
    empty = Problem(
        [Part(matrix[:0])], np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), np.arange(0)
    )
    (weights,), _ = fit(empty, 2.0)
    assert not weights.any()
