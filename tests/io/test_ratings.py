from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.io.ratings import detect, parse, to_number

FIVE = ["非常满意", "满意", "一般", "不满意", "非常不满意"]


def column(values):
    return pa.chunked_array([values])


@pytest.mark.parametrize(
    ("values", "header", "scale"),
    [
        ([1, 2, 3, 4, 5], "", (1, 5)),
        ([5, 5, 4], "", (1, 5)),
        (["1", "3", "5"], "评分", (1, 5)),
        ([0, 3, 5] * 10, "", (0, 5)),
        ([0.5, 0.5, 3.5, 5], "", (0.5, 5)),
        ([1, 4.5, 5], "", (1, 5)),
        ([0, 6, 10] * 10, "", (0, 10)),
        ([1, 6, 10], "", (1, 10)),
        ([2, 60, 100], "", (0, 100)),
        ([0.2, 0.8, 1.0], "", (0, 1)),  # cells shown as 20 %
        ([0, 0.5, 1], "", (0, 5)),
        (["3/10", "4/10"], "", (1, 10)),
        (["3/5", "4/5分"], "", (1, 5)),
        (["1-很满意", "5-很不满意", "3-一般"], "", (1, 5)),
        ([1, 5, 7] * 10, "", (1, 7)),
        ([5, 4, 3], "评分（1-10分）", (1, 10)),
        ([5, 4, 3], "满意度(满分10)", (0, 10)),
        ([80, 90], "评分(百分制)", (0, 100)),
        ([80, 90], "评分（1-5分）", (0, 100)),  # the header is wrong
        ([5, 4, 1] * 100 + [99], "", (1, 5)),  # 99 stands for "no answer"
        (["4星", "5星"], "", (1, 5)),
        (["★★★★★", "★★☆☆☆"], "", (1, 5)),
        (FIVE, "", (1, 5)),
        (["满意", "一般", "不满意"], "", (1, 3)),
        (["好评", "差评"], "", (1, 3)),
        (["东店", "西店"], "", None),
        ([-5, 3], "", None),
        ([1000, 20], "", None),
        ([None, None], "", None),
        ([], "", None),
    ],
)
def test_detect(values, header, scale):
    assert detect(column(pa.array(values)), header) == scale


@pytest.mark.parametrize(
    ("values", "scale", "numbers"),
    [
        (FIVE, (1, 5), [5, 4, 3, 2, 1]),
        (["很满意", "基本满意", "很不满意", None, "?"], (1, 5), [5, 4, 1, None, None]),
        (["满意", "一般", "不满意"], (1, 3), [3, 2, 1]),
        (["满意", "一般", "不满意"], (1, 5), [5, 3, 1]),
        (["好评", "中评", "差评", "好评"], (1, 3), [3, 2, 1, 3]),
        (["好评", "中评", "差评"], (1, 5), [5, 3, 1]),
        (["5分", "4.5 星", "3/5", "五星", "★★"], (1, 5), [5, 4.5, 3, 5, 2]),
        ([0, 5, 99, -1], (1, 5), [None, 5, None, None]),
        (["A. 非常满意", "B. 满意"], (1, 5), [5, 4]),
        ([float("nan"), 3.0], (1, 5), [None, 3]),
        (["７", "8"], None, [7, 8]),
    ],
)
def test_parse(values, scale, numbers):
    assert parse(column(values), scale).to_pylist() == numbers


@pytest.mark.parametrize(
    ("values", "scale", "numbers"),
    [
        (["100", "80分", "60", "5星", "★★★★"], (0, 100), [100, 80, 60, None, None]),
        (["5", "4", "3", "4.5/5", "80%"], (1, 5), [5, 4, 3, 4.5, None]),
        (["5星", "4星", "一星", "90%"], (1, 5), [5, 4, 1, None]),
        (["8/10", "9/10", "4/5", "7"], (1, 10), [8, 9, None, 7]),
        (["8星", "10星", "4星", "3星"], (1, 10), [8, 10, 4, 3]),
        (["90%", "75%", "0.5"], (0, 100), [90, 75, 0.5]),
    ],
)
def test_ways_of_writing_that_mean_different_scales(values, scale, numbers):
    cells = column(values)
    assert detect(cells) == scale
    assert parse(cells, scale).to_pylist() == numbers


@given(st.text())
def test_any_text_is_a_finite_number_or_none(text):
    number = to_number(text)
    assert number is None or number == number


@given(st.lists(st.one_of(st.none(), st.integers(-200, 200)), max_size=40))
def test_parsed_ratings_lie_on_the_detected_scale(values):
    cells = column(pa.array(values, pa.int64()))
    scale = detect(cells)
    if scale is not None:
        assert all(scale[0] <= value <= scale[1] for value in parse(cells, scale).drop_null().to_pylist())
