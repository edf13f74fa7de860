import numpy as np
import pyarrow as pa
import pytest
from scored_files import assign_by_facet, make_mentions, make_reviews, make_taxonomy

from feedback_nlp.insight import tables
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.scope import issue_spread_schema, issue_units_schema
from feedback_nlp.insight.tally import Tally
from feedback_nlp.insight.trends import calendar


def tally_of(reviews, mentions):
    filled = assign_by_facet(make_mentions(mentions), make_taxonomy())[0]
    return Tally.of(Facts.of(make_reviews(reviews), filled))


def elements_of(tally, level, code, *, n_reviews):
    return tables.elements_table(
        tally,
        level,
        [code],
        n_reviews=n_reviews,
        importance=np.ones(1),
        kind="mention_share",
        calendar=calendar(tally.units("day")),
        scale=(1.0, 5.0),
    )


def test_blame_of_an_element_has_a_trend_and_a_place():
    """Complaints of one shop grow from 1 to 16 of 20 a month; praise elsewhere must not count as blame."""
    reviews, mentions = [], []
    for month, count in enumerate([1, 2, 4, 8, 12, 16], start=1):
        for place in range(40):
            name, store = f"r{month}-{place}", "甲店" if place < 20 else "乙店"
            when = np.datetime64(f"2025-{month:02d}-10", "s").astype(object)
            reviews.append({"review_id": name, "time": when, "store": store})
            mentions.append((name, "service.attitude", -0.9 if place < count else 0.9))
    row = elements_of(tally_of(reviews, mentions), "facet", "service.attitude", n_reviews=240).to_pylist()[0]
    assert (row["trend"], row["local_column"], row["local_unit"]) == ("rising", "store", "甲店")
    assert row["trend_change"] > 0.3
    assert row["trend_q"] < 0.05


def test_elements_count_a_mixed_review_in_both_labels():
    tally = tally_of(
        [
            {"review_id": "a", "rating": 2.0, "nps": 3.0},
            {"review_id": "b", "rating": 5.0, "nps": 9.0},
            {"review_id": "c"},
        ],
        [("a", "service.attitude", -0.5), ("a", "service.efficiency", 0.75), ("b", "service.attitude", 0.5)],
    )
    table = elements_of(tally, "element", "service", n_reviews=3)
    assert table.schema == tables.elements_schema()
    row = table.to_pylist()[0]
    assert (row["n_reviews"], row["n_negative"], row["n_neutral"], row["n_positive"]) == (2, 1, 0, 2)
    assert row["share"] == pytest.approx(2 / 3)
    assert row["negative_share"] == pytest.approx(1 / 3)
    # (−.5 + .75 + .5)/3 over mentions.
    assert row["mean_polarity"] == pytest.approx(0.25)
    assert row["rating_mean"] == pytest.approx(3.5)
    # One promoter, one detractor.
    assert row["nps"] == pytest.approx(0)
    assert row["n_nps"] == row["n_rating"] == 2
    assert (row["nps_low"], row["nps_high"]) == (-100, 100)
    # One of two is satisfied: Wilson's interval of 1/2.
    assert row["csat"] == 0.5
    assert (row["csat_low"], row["csat_high"]) == pytest.approx((0.0945, 0.9055), abs=1e-3)


def test_elements_without_scores_are_null():
    tally = tally_of([{"review_id": "a"}], [("a", "service.attitude", -0.5)])
    table = elements_of(tally, "facet", "service.attitude", n_reviews=1)
    assert table["rating_mean"].to_pylist() == [None]
    assert table["nps"].to_pylist() == [None]
    assert table["n_nps"].to_pylist() == table["n_rating"].to_pylist() == [0]
    assert table["csat"].to_pylist() == table["nps_low"].to_pylist() == [None]
    assert table["trend"].to_pylist() == ["unknown"]
    assert table["trend_q"].to_pylist() == table["local_unit"].to_pylist() == [None]


def make_times(*days):
    return [
        {
            "review_id": f"r{k}",
            "time": np.datetime64(day, "s").astype(object),
            "rating": rating,
            "fb_label": label,
        }
        for k, (day, rating, label) in enumerate(days)
    ]


def test_periods_count_by_label_and_average_ratings():
    reviews = make_times(
        ("2025-01-05", 1.0, "negative"), ("2025-01-20", 4.0, "positive"), ("2025-03-01", None, "negative")
    )
    tally = tally_of(reviews, [("r0", "service.attitude", -0.5), ("r2", "service.attitude", -0.5)])
    found = calendar(tally.units("day"))
    table = tables.periods_table(tally, found)
    assert table.schema == tables.periods_schema()
    rows = table.to_pylist()
    assert [row["period"] for row in rows] == ["2025-01", "2025-03"]
    assert [row["n_negative"] for row in rows] == [1, 1]
    assert [row["rating_mean"] for row in rows] == [2.5, None]
    assert rows[0]["negative_share"] == 0.5
    ids = ["service.attitude:all"]
    counts = found.counts(tally, "issue", ids)
    by_issue = tables.issue_periods_table(ids, counts, found, np.array([2, 1]))
    assert by_issue.schema == tables.issue_periods_schema()
    assert by_issue["n_reviews"].to_pylist() == [1, 1]
    assert by_issue["n_base"].to_pylist() == [2, 1]


def test_reach_takes_the_narrowest_column_and_names_the_shop():
    reviews = [
        {"review_id": f"{k:03}", "store": f"店{k % 3}", "channel": f"渠道{k // 75}"} for k in range(150)
    ]
    mentions = [(f"{k:03}", "service.attitude", -0.8) for k in range(0, 150, 3) if k % 2 == 0]
    tally = tally_of(reviews, mentions)
    found = tables.reach(tally, ["service.attitude:all"])
    assert found.units.schema == issue_units_schema()
    assert found.verdicts.schema == issue_spread_schema()
    verdicts = {row["column"]: row for row in found.verdicts.to_pylist()}
    assert (verdicts["store"]["verdict"], verdicts["store"]["unit"]) == ("local", "店0")
    assert (verdicts["channel"]["verdict"], verdicts["channel"]["unit"]) == ("everywhere", None)
    assert found.spread == pytest.approx([verdicts["store"]["spread"]])
    assert verdicts["store"]["spread"] < 0.7 < verdicts["channel"]["spread"]
    shop = next(row for row in found.units.to_pylist() if row["unit"] == "店0")
    assert (shop["n_reviews"], shop["n_base"]) == (25, 50)
    assert shop["low"] < shop["rate"] < shop["high"]


def test_no_unit_column_leaves_empty_tables():
    found = tables.reach(
        tally_of([{"review_id": "a"}], [("a", "service.attitude", -0.5)]), ["service.attitude:all"]
    )
    assert found.units.num_rows == found.verdicts.num_rows == 0
    assert found.spread.tolist() == [1.0]
    assert isinstance(found.units, pa.Table)


def test_many_units_are_cut_to_the_largest():
    n = tables.MAX_UNITS + 50
    reviews = [{"review_id": f"{k:04}", "product": f"P{k:03}"} for k in range(n)]
    reviews += [{"review_id": "zz", "product": f"P{n - 1:03}"}]
    found = tables.reach(tally_of(reviews, [("zz", "service.attitude", -0.5)]), ["service.attitude:all"])
    units = found.units["unit"].to_pylist()
    assert len(units) == tables.MAX_UNITS
    assert f"P{n - 1:03}" in units
