import pytest

from feedback_nlp.insight.pareto import Bar, other_share, pareto, pareto_schema


def test_bars_are_ordered_and_add_up():
    # Sum of bars 40 + 30 + 10 + 20 (rest) = 100; shares are of 200 reviews.
    bars = [Bar("b", "乙", 30), Bar("c", "丙", 10), Bar("a", "甲", 40)]
    table = pareto(bars, 200, other=Bar("other", "其他", 20)).to_pydict()
    assert table["issue_id"] == ["a", "b", "c", "other"]
    assert table["share"] == pytest.approx([0.2, 0.15, 0.05, 0.1])
    assert table["cumulative"] == pytest.approx([0.4, 0.7, 0.8, 1.0])
    assert table["other"] == [False, False, False, True]


def test_neighbours_with_overlapping_intervals_are_marked():
    # 40 of 200: Wilson 15.0–26.1 %; 30 of 200: 10.7–20.6 % overlaps; 3 of 200 is 0.5–4.3 %: apart.
    # The last named bar has no next one, whatever the rest.
    bars = [Bar("a", "甲", 40), Bar("b", "乙", 30), Bar("c", "丙", 3)]
    table = pareto(bars, 200, other=Bar("other", "其他", 3))
    assert table["overlaps_next"].to_pylist() == [True, False, False, False]


def test_rest_is_measured_against_all_bars():
    assert other_share(pareto([Bar("a", "甲", 30)], 100, other=Bar("other", "其他", 10))) == pytest.approx(
        0.25
    )
    assert other_share(pareto([Bar("a", "甲", 30)], 100)) == 0


def test_no_bars_give_an_empty_table():
    table = pareto([], 0, other=Bar("other", "其他", 0))
    assert table.num_rows == 0
    assert table.schema == pareto_schema()
    assert other_share(table) == 0
