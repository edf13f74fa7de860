"""Comparing two sets of reviews made of labels."""

from __future__ import annotations

import numpy as np
import pytest
from scored_files import assign_by_facet, make_file, make_mentions, make_reviews

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.comparison import Pair, compare, count


def side(n: int, slow: int, *, rating: float | None = None, start: int = 0) -> Facts:
    rows = [
        {"review_id": f"r{start + i}", "fb_label": "negative" if i < slow else "positive"} for i in range(n)
    ]
    if rating is not None:
        rows = [row | {"rating": rating + i % 2} for i, row in enumerate(rows)]
    said = [(f"r{start + i}", "logistics.speed", -0.8) for i in range(slow)]
    said += [(f"r{start + i}", "service.attitude", 0.8) for i in range(slow, n)]
    mentions, _ = assign_by_facet(make_mentions(said), None)
    return Facts.of(make_reviews(rows), mentions)


def rows_of(table) -> dict:  # type: ignore[no-untyped-def]
    return {(row["kind"], row["code"]): row for row in table.to_pylist()}


def test_counts_are_distinct_reviews() -> None:
    said = [("a", "logistics.speed", -0.8), ("a", "logistics.packaging", -0.8), ("b", "logistics.speed", 0.7)]
    mentions = make_mentions(
        [{"review_id": r, "facet": f, "polarity": p, "clause": k} for k, (r, f, p) in enumerate(said)]
    )
    found = count(
        Facts.of(make_reviews([{"review_id": "a", "fb_flags": ["churn"]}, {"review_id": "b"}]), mentions)
    )
    assert found["element", "logistics"] == 1
    assert found["praise", "logistics"] == 1
    assert found["flag", "churn"] == 1
    assert found["all", ""] == 0


def test_what_doubled_is_more() -> None:
    cells, _ = compare([Pair(side(200, 20), side(200, 60, start=500))])
    row = rows_of(cells)["issue", "logistics.speed:all"]
    assert (row["x_old"], row["n_old"], row["x_new"], row["n_new"]) == (20, 200, 60, 200)
    assert row["difference"] == pytest.approx(0.2)
    assert row["low"] > 0.1
    assert row["ratio"] == pytest.approx(3.0)
    assert row["verdict"] == "more"
    assert rows_of(cells)["praise", "service"]["verdict"] == "less"
    assert cells["q"].to_pylist() == sorted(
        cells["q"].to_pylist(), key=lambda q: (q is None, (q or 0) >= 0.05)
    )


def test_few_are_not_tested() -> None:
    cells, _ = compare([Pair(side(100, 1), side(100, 3, start=500))])
    row = rows_of(cells)["issue", "logistics.speed:all"]
    assert (row["verdict"], row["p"], row["q"]) == ("few", None, None)


def test_scores_have_an_interval() -> None:
    _, scores = compare([Pair(side(100, 10, rating=3.0), side(100, 10, rating=4.0, start=500))])
    row = scores.to_pylist()[0]
    assert (row["score"], row["difference"]) == ("rating", pytest.approx(1.0))
    assert row["low"] < 1.0 < row["high"]


def test_no_score_no_row() -> None:
    assert compare([Pair(side(100, 10), side(100, 10, rating=4.0, start=500))])[1].num_rows == 0


def test_others_are_left_out() -> None:
    cells, _ = compare([Pair(side(100, 10), side(100, 20, start=500))], others=["logistics.speed:all"])
    assert "issue" not in cells["kind"].to_pylist()


def test_same_files_rarely_differ() -> None:
    alarms = 0
    for seed in range(12):
        sides = []
        for k in (0, 1):
            reviews, mentions = make_file(300, seed=100 + 2 * seed + k)
            sides.append(Facts.of(reviews, assign_by_facet(mentions, None)[0]))
        cells, _ = compare([Pair(*sides)])
        alarms += any(verdict in ("more", "less") for verdict in cells["verdict"].to_pylist())
    assert alarms <= 2


def test_empty_sides() -> None:
    cells, scores = compare([])
    assert (cells.num_rows, scores.num_rows) == (0, 0)
    assert np.isfinite(compare([Pair(side(1, 0), side(1, 1, start=5))])[0]["difference"].to_pylist()).all()
