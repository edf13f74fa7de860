import numpy as np
import pytest

from feedback_nlp.insight.shares import BetaPrior, beta_prior, posterior_interval, shrink, wilson


def test_wilson_matches_hand_worked_example():
    # x = 8 of n = 10, z = 1.96: z² = 3.8416.
    # centre = (0.8 + 3.8416/20) / (1 + 0.38416) = 0.99208/1.38416 = 0.71674
    # half = 1.96·√(0.8·0.2/10 + 3.8416/400)/1.38416 = 1.96·√0.025604/1.38416 = 0.22658
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=2e-4)
    assert high == pytest.approx(0.9433, abs=2e-4)


def test_wilson_is_exact_at_the_ends_and_open_without_data():
    low, high = wilson([0, 5, 0], [5, 5, 0])
    assert low[0] == 0
    assert high[1] == 1
    # x = 0 of 5: upper bound z²/(n + z²) = 3.8415/8.8415
    assert high[0] == pytest.approx(0.4345, abs=1e-4)
    assert low[2] == 0
    assert high[2] == 1


def test_wilson_covers_the_truth():
    rng = np.random.default_rng(1)
    x = rng.binomial(80, 0.07, size=4000)
    low, high = wilson(x, np.full(4000, 80))
    assert np.mean((low <= 0.07) & (high >= 0.07)) > 0.93


def test_prior_matches_hand_worked_example():
    # Units 6/10 and 4/10: p = ½, S = 10·.01 + 10·.01 = .2, S/(p(1−p)) = .8, minus U − 1 = 1 is −.2: no more
    # scatter than chance, so ρ is the smallest, 1e-4, and a + b = 9999. Mean (10 + ½)/(20 + 1) = ½.
    prior = beta_prior([6, 4], [10, 10])
    assert prior.a + prior.b == pytest.approx(9999)
    assert prior.a == pytest.approx(prior.b)
    # Units 8/10, 2/10, 5/10: p = ½, S = .9 + .9 = 1.8, S/.25 = 7.2, minus 2 gives 5.2;
    # scale = 30 − 300/30 − 2 = 18; ρ = .28889, a + b = 1/ρ − 1 = 2.4615.
    prior = beta_prior([8, 2, 5], [10, 10, 10])
    assert prior.a + prior.b == pytest.approx(2.4615, abs=1e-4)


def test_prior_finds_the_spread_of_the_units():
    rng = np.random.default_rng(2)
    n = rng.integers(20, 60, size=3000)
    x = rng.binomial(n, rng.beta(3, 12, size=3000))
    prior = beta_prior(x, n)
    assert prior.a / (prior.a + prior.b) == pytest.approx(0.2, abs=0.01)
    assert prior.a + prior.b == pytest.approx(15, rel=0.15)


def test_prior_without_units_or_cases_is_usable():
    # One unit tells nothing of the scatter: Jeffreys.
    alone = beta_prior([3], [10])
    assert (alone.a, alone.b) == (0.5, 0.5)
    none = beta_prior([0, 0], [10, 10])
    assert none.a > 0
    assert beta_prior(np.zeros((4, 0)), np.zeros((4, 0))).a.shape == (4,)


def test_shrink_pulls_small_units_most():
    # (x + a)/(n + a + b) with a = 2, b = 8: (1 + 2)/(1 + 10) and (100 + 2)/(100 + 10).
    prior = BetaPrior(np.array(2.0), np.array(8.0))
    assert shrink([1, 100], [1, 100], prior) == pytest.approx([3 / 11, 102 / 110])


def test_posterior_interval_matches_closed_form():
    # Beta(1, 1) prior and nothing seen: the uniform's 2.5 % and 97.5 % points.
    low, high = posterior_interval(0, 0, BetaPrior(np.array(1.0), np.array(1.0)))
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))
    # Beta(1, 10), no case in 9: 1 − (1 − t)^10 = .975 at t = 1 − .025^(1/10).
    _, high = posterior_interval(0, 9, BetaPrior(np.array(1.0), np.array(1.0)))
    assert high == pytest.approx(1 - 0.025**0.1)
