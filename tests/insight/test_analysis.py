from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from scored_files import assign_by_facet, make_file, make_mentions, make_reviews, make_taxonomy

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.analysis import Insight, analyse
from feedback_nlp.schema import TRENDS, check, issues_schema, mentions_schema

TABLES = ("issues", "mentions", "elements", "periods", "issue_periods", "issue_units", "issue_spread")
TABLES += ("quadrants", "pareto", "drivers")


def run(reviews, mentions, **options):
    settings = {"draws": 200, "assign": assign_by_facet, **options}
    return analyse(reviews, mentions, make_taxonomy(), **settings)


@pytest.fixture(scope="module")
def insight(scored_file):
    return run(*scored_file)


def english(insight):
    return " ".join(warning.en for warning in insight.warnings)


def same(one, other):
    return all(getattr(one, name).equals(getattr(other, name)) for name in TABLES if name != "mentions")


def test_issues_are_complete_and_in_order(insight, scored_file):
    rows = check(insight.issues, issues_schema(), "issues").to_pylist()
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert sorted(row["priority"] for row in rows) == [row["priority"] for row in reversed(rows)]
    _, mentions = scored_file
    negative = mentions.filter(pa.compute.field("label") == "negative")
    assert sum(row["n_mentions"] for row in rows) == negative.num_rows
    for row in rows:
        assert row["rank_low"] <= row["rank"] <= row["rank_high"]
        assert row["share_low"] <= row["share"] <= row["share_high"]
        assert row["n_customers"] <= row["n_reviews"] <= row["n_mentions"]
        assert 0 < row["impact"] <= 1
        assert 0 < row["scope"] <= 1
        assert 0.2 <= row["feasibility"] <= 1
        assert row["priority"] == pytest.approx(
            row["impact"] ** 0.5 * row["scope"] ** 0.3 * row["feasibility"] ** 0.2
        )
        assert row["impact"] == pytest.approx(row["severity"] * row["importance"])
        assert row["trend"] in TRENDS
        assert row["examples"]


def test_planted_driver_makes_its_issue_first(insight):
    assert insight.importance_kind == "relative_weights"
    assert insight.importance_reason is None
    assert insight.issues["issue_id"][0].as_py() == "service.attitude:all"
    assert insight.first["issue_id"] == "service.attitude:all"
    assert insight.first["clear"]
    assert insight.first["p_first"] >= 0.95
    assert insight.first["safety"] == []


def test_every_negative_mention_has_its_issue(insight):
    mentions = check(insight.mentions, mentions_schema(), "mentions")
    for row in mentions.to_pylist():
        assert (row["issue_id"] is not None) == (row["label"] == "negative")


def test_elements_leave_out_the_general_remark():
    mentions = [("R00000", "overall.general", -0.9), ("R00001", "service.attitude", -0.9)]
    insight = run(make_file(40)[0], make_mentions(mentions))
    assert set(insight.elements["code"].to_pylist()) == {"service", "service.attitude"}
    assert insight.issues.num_rows == 1
    assert insight.mentions["issue_id"].to_pylist() == [None, "service.attitude:all"]


def test_order_of_the_rows_does_not_matter(insight, scored_file):
    rng = np.random.default_rng(9)
    reviews, mentions = (table.take(rng.permutation(table.num_rows)) for table in scored_file)
    again = run(reviews, mentions)
    assert same(again, insight)
    assert again.first == insight.first
    assert again.satisfaction == insight.satisfaction


def test_only_counted_reviews_enter(insight, scored_file):
    reviews, mentions = scored_file
    noise = make_reviews(
        [
            {"review_id": "Z1", "fb_status": "default", "rating": 1.0, "store": "店0", "customer": "C0"},
            {"review_id": "Z2", "fb_duplicate_of": "R00000", "rating": 1.0, "time": None},
        ]
    )
    more = make_mentions([("Z1", "service.attitude", -1.0), ("Z2", "logistics.speed", -1.0)])
    noise = noise.select(reviews.column_names)
    again = run(pa.concat_tables([reviews, noise]), pa.concat_tables([mentions, more]))
    assert same(again, insight)
    assert again.mentions.num_rows == mentions.num_rows + 2


def test_safety_goes_on_top_only_when_sure(scored_file):
    reviews, mentions = scored_file
    for score, banded in ((0.95, True), (0.85, False)):
        hazard = make_mentions(
            [
                {
                    "review_id": "R00003",
                    "clause": 9,
                    "facet": "product.safety",
                    "polarity": -0.9,
                    "score": score,
                }
            ]
        )
        insight = run(reviews, pa.concat_tables([mentions, hazard]), safety_threshold=0.9)
        rows = {row["issue_id"]: row for row in insight.issues.to_pylist()}
        assert rows["product.safety:all"]["safety"] is banded
        assert (rows["product.safety:all"]["rank"] == 1) is banded
        assert insight.first["safety"] == (["product.safety:all"] if banded else [])
        # The first of the others is still named.
        assert insight.first["issue_id"] == "service.attitude:all"
        assert insight.first["clear"]


def test_safety_flag_alone_lifts_nothing(scored_file, insight):
    reviews, mentions = scored_file
    flagged = [["safety"]] * reviews.num_rows
    place = reviews.schema.get_field_index("fb_flags")
    again = run(reviews.set_column(place, reviews.schema.field(place), pa.array(flagged)), mentions)
    assert not any(again.issues["safety"].to_pylist())
    assert again.first["safety"] == []


def test_weights_and_playbook_change_the_order(scored_file):
    plain = run(*scored_file, weights=(0, 1, 0)).issues
    assert plain["issue_id"][0].as_py() == "product.quality:all"
    easy = run(*scored_file, weights=(0, 0, 1), feasibility={"logistics.packaging": 5, "service": 1}).issues
    assert easy["issue_id"][0].as_py() == "logistics.packaging:all"
    assert easy["feasibility"].to_pylist()[-1] == pytest.approx(0.2)
    with pytest.raises(ConfigError):
        run(*scored_file, weights=(0, 0, 0))


def test_the_rest_is_last_in_pareto_and_not_named_first(scored_file):
    insight = run(
        *scored_file, assign=partial(assign_by_facet, other=("service.attitude", "logistics.speed"))
    )
    assert insight.pareto["issue_id"].to_pylist()[-1] == "other"
    assert insight.first["issue_id"] == "product.quality:all"
    assert not insight.first["other"]
    assert "Other" in english(insight)
    # One bar for both facets, counting a review in both once.
    reviews = {
        row["review_id"]
        for row in insight.mentions.to_pylist()
        if row["label"] == "negative" and row["facet"] in ("service.attitude", "logistics.speed")
    }
    assert insight.pareto["n_reviews"].to_pylist()[-1] == len(reviews)
    only = run(*scored_file, assign=partial(assign_by_facet, other=make_taxonomy().codes))
    assert only.first["other"]


def test_columns_that_are_missing_leave_nulls(scored_file):
    reviews, mentions = scored_file
    bare = reviews.drop_columns(["rating", "time", "store", "customer"])
    insight = run(bare, mentions)
    assert set(insight.issues["trend"].to_pylist()) == {"unknown"}
    assert insight.issues["n_customers"].null_count == insight.issues.num_rows
    assert insight.issues["trend_q"].null_count == insight.issues.num_rows
    assert set(insight.issues["importance"].to_pylist()) == {1.0}
    assert insight.importance_kind == "none"
    assert set(insight.elements["importance_kind"].to_pylist()) == {"mention_share"}
    assert insight.periods.num_rows == insight.issue_units.num_rows == insight.drivers.num_rows == 0
    assert "no time column" in english(insight)
    assert "no rating" in english(insight)
    assert insight.satisfaction["rating_mean"] is None


def test_complaint_only_files_say_so(scored_file):
    reviews, mentions = scored_file
    place = reviews.schema.get_field_index("fb_label")
    grim = reviews.set_column(place, "fb_label", pa.array(["negative"] * reviews.num_rows))
    assert "Nearly all" in english(run(grim, mentions))


def test_shared_ids_are_reported(scored_file):
    reviews, mentions = scored_file
    insight = run(pa.concat_tables([reviews, reviews.slice(0, 2)]), mentions)
    assert insight.n_counted == reviews.num_rows
    assert "2 rows share an id" in english(insight)


@pytest.mark.parametrize("n_reviews", [0, 1, 3])
@pytest.mark.parametrize("with_mentions", [False, True])
def test_tiny_input_keeps_the_schemas(insight, scored_file, n_reviews, with_mentions):
    reviews, mentions = scored_file
    tiny = run(reviews.slice(0, n_reviews), mentions.slice(0, 4 if with_mentions else 0))
    assert isinstance(tiny, Insight)
    assert tiny.n_counted == n_reviews
    for name in TABLES:
        assert getattr(tiny, name).schema.equals(getattr(insight, name).schema), name
    assert f"Only {n_reviews} reviews" in english(tiny)


def test_no_negatives_give_no_issues(scored_file):
    reviews, mentions = scored_file
    happy = run(reviews, mentions.filter(pa.compute.field("label") == "positive"))
    assert happy.issues.num_rows == happy.pareto.num_rows == 0
    assert happy.first == {
        "clear": False,
        "issue_id": None,
        "p_first": None,
        "p_first_open": None,
        "other": False,
        "candidates": [],
        "safety": [],
    }
    assert happy.elements.num_rows > 0


def test_copies_support_no_issue_of_their_own(scored_file):
    reviews, mentions = scored_file
    seen = {}

    def watched(given, taxonomy, *, lang="zh"):
        seen["reviews"] = set(given["review_id"].to_pylist())
        return assign_by_facet(given, taxonomy)

    noise = make_reviews([{"review_id": f"Z{k}", "fb_duplicate_of": "R00000"} for k in range(9)])
    every = pa.concat_tables([reviews, noise], promote_options="default")
    copied = make_mentions([(f"Z{k}", "product.safety", -1.0) for k in range(9)])
    found = run(every, pa.concat_tables([mentions, copied]), assign=watched)
    assert not any(name.startswith("Z") for name in seen["reviews"])
    assert found.mentions["review_id"].to_pylist()[-1] == "Z8"
    assert found.mentions["issue_id"].to_pylist()[-1] == "product.safety:all"
    assert found.issues.equals(run(reviews, mentions).issues)
