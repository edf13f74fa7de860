import numpy as np
import pytest

from feedback_nlp.insight.scope import funnel_limits, spread, unit_rates, verdicts


def test_even_rates_spread_fully_whatever_the_size_of_the_shop():
    # 10 % everywhere; counts differ by size, rates don't.
    base = np.array([1000, 100, 100])
    assert spread(np.array([[100, 10, 10]]), base) == pytest.approx([1.0], abs=1e-3)


def test_one_bad_shop_matches_hand_worked_example():
    # 60/100 and 0/100 twice: p = .2, S = 100·(.16 + .04 + .04) = 24, S/.16 = 150, minus 2 = 148;
    # scale 300 − 100 − 2 = 198, ρ = .7475 cut to .5, a + b = 1, a = 60.5/301 = .20100.
    # rates (60.201/101, .201/101, .201/101) → parts .99336, .00332, .00332;
    # H = .99336·.00666 + 2·.00332·5.7088 = .04451; ½ + ½·H/ln 3 = .52026.
    found = spread(np.array([[60, 0, 0]]), np.array([100, 100, 100]))
    assert found == pytest.approx([0.5203], abs=1e-3)


def test_small_units_and_single_units_leave_spread_at_one():
    assert spread(np.array([[9, 0]]), np.array([500, 9])) == pytest.approx([1.0])
    assert spread(np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=np.int64)) == pytest.approx([1.0, 1.0])
    assert spread(np.zeros((0, 3), dtype=np.int64), np.array([50, 50, 50])).shape == (0,)


def test_rates_are_shrunk_to_the_file_and_lie_in_their_interval():
    counts, base = np.array([[3, 40, 10, 12]]), np.array([10, 400, 100, 120])
    rate, low, high = unit_rates(counts, base)
    assert 0.1 < rate[0, 0] < 0.3
    assert np.all((low < rate) & (rate < high))
    assert high[0, 0] - low[0, 0] > high[0, 1] - low[0, 1]


def test_verdict_tells_one_shop_from_everywhere():
    base = np.array([40, 40, 40, 40])
    counts = np.array([[25, 1, 0, 1], [10, 9, 11, 10], [1, 0, 0, 0], [0, 0, 0, 0]])
    verdict, unit = verdicts(counts, base)
    assert verdict == ["local", "everywhere", "unclear", "unclear"]
    assert unit.tolist() == [0, -1, -1, -1]


def test_verdict_points_at_the_right_unit_past_small_ones():
    verdict, unit = verdicts(np.array([[1, 0, 30]]), np.array([5, 60, 60]))
    assert (verdict, unit.tolist()) == (["local"], [2])


def test_equal_units_are_seldom_called_local():
    rng = np.random.default_rng(3)
    base = np.full(6, 50)
    verdict, _ = verdicts(rng.binomial(base, 0.12, size=(1000, 6)), base)
    assert verdict.count("local") / 1000 < 0.02
    bad = rng.binomial(base, [0.5, 0.02, 0.02, 0.02, 0.02, 0.02], size=(200, 6))
    verdict, unit = verdicts(bad, base)
    assert verdict.count("local") / 200 > 0.9
    assert set(unit.tolist()) <= {0, -1}


def test_funnel_matches_hand_worked_example():
    # n = 4, p = ½: P(X ≤ 0, 1, 2, 3, 4) = 1/16, 5/16, 11/16, 15/16, 1. At level ½ the tails are ¼ and ¾:
    # low r = 1: (1 − (5/16 − 4/16)/(4/16))/4 = .1875; high r = 3: (3 − (15/16 − 12/16)/(4/16))/4 = .5625.
    low, high = funnel_limits(0.5, np.array([4]), level=0.5)
    assert (low[0], high[0]) == pytest.approx((0.1875, 0.5625))


def test_funnel_holds_what_chance_does():
    rng = np.random.default_rng(5)
    base = rng.integers(10, 400, size=20_000)
    rate = rng.binomial(base, 0.1) / base
    low, high = funnel_limits(0.1, base, level=0.95)
    assert 0.93 < np.mean((rate >= low) & (rate <= high)) <= 0.985
    assert np.all(np.diff(funnel_limits(0.1, np.array([10, 50, 400]), level=0.998)[1]) < 0)
    assert funnel_limits(0.0, np.array([10]), level=0.95)[1] == pytest.approx([0.0])
