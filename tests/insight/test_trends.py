import numpy as np
import pytest

from feedback_nlp.insight.trends import Trend, adjust, calendar, nested, trends


def months(n):
    return np.arange(n, dtype=float)


def test_benjamini_hochberg_matches_hand_worked_example():
    # p sorted .01 .02 .04 .5 with m = 4: .04, .04, .0533, .5; given here in another order.
    assert adjust(np.array([0.04, 0.01, 0.5, 0.02])) == pytest.approx([0.16 / 3, 0.04, 0.5, 0.04])
    # .03 .04: .06 and .04 → the first is cut to .04.
    assert adjust(np.array([0.03, 0.04])) == pytest.approx([0.04, 0.04])


def test_slope_recovers_an_exact_exponential():
    # Rates double each month over unequal bases: 10, 40, 40, 160 of 100, 200, 100, 200 → change = +100 %.
    found = trends(np.array([[10, 40, 40, 160]]), np.array([100, 200, 100, 200]), months(4))
    assert found.change == pytest.approx([1.0], rel=1e-6)
    assert found.kind == ["rising"]


def test_growth_of_the_file_is_no_trend():
    # 10 % in each month of a growing file.
    base = np.array([100, 200, 400, 800])
    found = trends((base // 10)[None], base, months(4))
    assert found.kind == ["steady"]
    assert found.change == pytest.approx([0.0], abs=1e-9)


def test_rare_issues_and_short_histories_are_unknown():
    found = trends(np.array([[0, 0, 0, 7], [2, 3, 2, 3]]), np.full(4, 50), months(4))
    assert found.kind == ["unknown", "steady"]
    assert np.isnan(found.change[0])
    assert np.isnan(found.q[0])
    assert trends(np.array([[1, 50, 90]]), np.full(3, 100), months(3)).kind == ["unknown"]
    assert trends(np.zeros((0, 6), dtype=np.int64), np.full(6, 9), months(6)).kind == []
    assert (
        trends(np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=np.int64), months(0)).kind
        == ["unknown"] * 2
    )


def test_all_cases_in_the_last_month_is_rising_at_a_capped_rate():
    found = trends(np.array([[0, 0, 0, 0, 0, 12]]), np.full(6, 70), months(6))
    assert found.kind == ["rising"]
    assert found.change == pytest.approx([9.0])


def test_gaps_in_time_count():
    # Months 0, 1, 2, 5 with rates ×2 per month: 10, 20, 40, 320.
    found = trends(np.array([[10, 20, 40, 320]]), np.full(4, 1000), np.array([0.0, 1, 2, 5]))
    assert found.change == pytest.approx([1.0], rel=1e-6)


def test_facets_of_a_moving_element_are_adjusted_among_themselves():
    # Families of two: p .01 and .04 under a rising element become .02 and .04; under a steady one the q over
    # all four stays, .04·4/3 and .5·4/4; what has too little to say stays unknown.
    p = np.array([0.01, 0.04, 0.04, 0.5, np.nan])
    change = np.array([0.2, -0.3, 0.4, 0.1, np.nan])
    flat = np.array([0.04, 0.16 / 3, 0.16 / 3, 0.5, np.nan])
    children = Trend(["rising", "steady", "steady", "steady", "unknown"], change, flat, p)
    parents = Trend(["rising", "steady"], np.array([0.2, 0.0]), np.array([0.01, 0.6]), np.array([0.01, 0.5]))
    found = nested(children, parents, [0, 0, 1, 1, 0])
    assert found.q[:4] == pytest.approx([0.02, 0.04, 0.16 / 3, 0.5])
    assert found.kind == ["rising", "falling", "steady", "steady", "unknown"]


@pytest.mark.parametrize("extra", [1.0, 3.0])
def test_nested_trends_are_seldom_told_where_nothing_moves(extra):
    # 8 elements of 4 facets, six months, variance `extra` times the mean: a file tells of any facet seldom.
    rng = np.random.default_rng(5)
    parent, base, told = [place // 4 for place in range(32)], np.full(6, 400), 0
    files = 300
    for _ in range(files):
        mean = rng.uniform(4, 30, 32)[:, None]
        rate = mean if extra == 1.0 else rng.gamma(mean / (extra - 1), extra - 1, (32, 6))
        counts = rng.poisson(np.broadcast_to(rate, (32, 6)))
        elements = counts.reshape(8, 4, 6).sum(axis=1)
        flat = trends(counts, base, months(6))
        found = nested(flat, trends(elements, base, months(6)), parent)
        told += any(kind in ("rising", "falling") for kind in found.kind)
    assert told <= 0.09 * files


@pytest.mark.parametrize("extra", [1.0, 3.0])
def test_steady_issues_are_seldom_called_trends(extra):
    # Gamma-Poisson counts with variance `extra` times the mean; one family of 20 issues in each of 100 files.
    rng = np.random.default_rng(4)
    base, mean = np.full(8, 200), 15.0
    wrong = 0
    for _ in range(100):
        rate = rng.gamma(mean / (extra - 1), extra - 1, size=(20, 8)) if extra > 1 else np.full((20, 8), mean)
        kinds = trends(rng.poisson(rate), base, months(8)).kind
        wrong += any(kind != "steady" for kind in kinds)
    assert wrong / 100 < 0.12


def test_planted_rise_is_found_among_steady_issues():
    rng = np.random.default_rng(5)
    base = np.array([60, 55, 62, 74, 82, 87])
    counts = rng.poisson(base * 0.1, size=(15, 6))
    counts[7] = [5, 5, 5, 12, 18, 20]
    counts[8] = [10, 9, 2, 1, 1, 0]
    kinds = trends(counts, base, months(6)).kind
    assert (kinds[7], kinds[8]) == ("rising", "falling")


def test_calendar_uses_months_from_four_on():
    found = calendar(["2025-01-31", "2025-02-01", "2025-04-30", "2025-05-01", "2024-12-31"])
    assert found.unit == "month"
    assert found.names == ("2024-12", "2025-01", "2025-02", "2025-04", "2025-05")
    assert found.position.tolist() == [0, 1, 2, 4, 5]


def test_calendar_uses_iso_weeks_for_a_short_history():
    # Eight Mondays from 30 December 2024, which is in ISO week 1 of 2025.
    days = [str(np.datetime64("2024-12-30") + 7 * k) for k in range(8)]
    found = calendar(days)
    assert found.unit == "week"
    assert found.names[:2] == ("2025-W01", "2025-W02")
    assert found.position.tolist() == list(range(8))
    assert calendar(days[:7]).unit == "month"
    assert calendar([]).unit == ""


def test_calendar_folds_days_into_periods():
    found = calendar(["2025-01-02", "2025-01-30", "2025-02-01", "2025-03-01", "2025-04-01"])
    assert found.fold(np.array([[1, 2, 3, 4, 5]])).tolist() == [[3, 3, 4, 5]]
