"""Control charts as numbers of a drawing."""

from itertools import pairwise

import pytest

from feedback_nlp.report.control_chart import WIDTH, drawing

# Half of "2025-W26" in the chart's letters.
HALF_NAME = 26


@pytest.mark.parametrize("n", [1, 2, 7, 13, 20, 26, 53, 61, 104])
def test_no_name_of_a_week_is_cut_at_an_edge(n: int) -> None:
    row = {"share": 0.2, "high": None, "low": None, "usual": None, "signals": []}
    rows = [{**row, "period": f"2025-W{k % 53 + 1:02d}"} for k in range(n)]
    names = drawing(rows, [""] * n, percent=True)["names"]
    assert names
    spans = []
    for name in names:
        before = {"start": 0, "middle": 1, "end": 2}[name["anchor"]]
        spans.append((float(name["x"]) - before * HALF_NAME, float(name["x"]) + (2 - before) * HALF_NAME))
    assert spans[0][0] > 0
    assert spans[-1][1] <= WIDTH
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
