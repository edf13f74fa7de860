"""Tallies merged on Spark give the issues, shares and report of one machine."""

import json
from functools import partial

import pyarrow as pa
import pytest

from feedback_nlp.catalog import sample_path
from feedback_nlp.engines.spark_tally import _added, _nothing, _packed, _unpacked, named_issues
from feedback_nlp.insight.analysis import analyse
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.tally import Tally
from feedback_nlp.io.readers import read
from feedback_nlp.pipeline.cluster import analyze
from feedback_nlp.pipeline.prepare import prepare
from feedback_nlp.pipeline.result import Options
from feedback_nlp.pipeline.run import score_prepared
from feedback_nlp.scorers import load_model
from feedback_nlp.taxonomy import load_taxonomy

# What PySpark and the pandas it finds do inside is not ours to answer for.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"
)
ROLES = {name: name for name in ("rating", "nps", "time", "channel", "product", "store")}
OPTIONS = Options(draws=50)


@pytest.fixture(scope="module")
def here():
    """The sample on one machine, issues named by each clause alone."""
    prepared = prepare(read(sample_path("csv")).table)
    scored = score_prepared(prepared)
    insight = analyse(
        scored.judged,
        scored.mention_table,
        load_taxonomy("default"),
        rating_scale=(1.0, 5.0),
        draws=50,
        assign=named_issues,
        safety_threshold=load_model("linear").safety_threshold_,
    )
    return scored, insight


@pytest.fixture(scope="module")
def frame(spark, here, tmp_path_factory):
    """The canonical sample with an id that stands twice, in four partitions."""
    reviews = here[0].canonical
    folder = str(tmp_path_factory.mktemp("cluster") / "reviews")
    times = reviews["time"].cast(pa.timestamp("us"))
    table = reviews.set_column(reviews.column_names.index("time"), "time", times)
    rows = spark.createDataFrame(table.to_pylist(), _types(table)).coalesce(1)
    rows.write.parquet(folder)
    return spark.read.parquet(folder).repartition(4, "review_id").cache()


def _types(table):
    kinds = {"string": "string", "double": "double", "timestamp[us]": "timestamp_ntz"}
    return ", ".join(f"{field.name} {kinds[str(field.type)]}" for field in table.schema)


@pytest.fixture(scope="module")
def there(frame):
    run = partial(analyze, frame, customer="customer", order=["time", "review_id"], rating_scale=(1.0, 5.0))
    found = run(**ROLES, options=OPTIONS)
    yield found
    found.scored.unpersist()


def same(one, other, places=9):
    """Compare nested values, numbers nearly."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key], places)
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            same(left, right, places)
    elif isinstance(one, float):
        assert other == pytest.approx(one, abs=10**-places)
    else:
        assert one == other


@pytest.mark.parametrize(
    "name",
    ["issues", "elements", "periods", "issue_periods", "issue_units", "issue_spread", "pareto", "quadrants"],
)
def test_tables_are_those_of_one_machine(here, there, name):
    same(getattr(here[1], name).to_pylist(), getattr(there.insight, name).to_pylist())


def test_satisfaction_and_first_are_those_of_one_machine(here, there):
    same(here[1].satisfaction, there.insight.satisfaction)
    same(here[1].first, there.insight.first)
    assert there.insight.n_counted == here[1].n_counted
    told = set(there.insight.warnings) - set(here[1].warnings)
    assert set(here[1].warnings) <= set(there.insight.warnings)
    assert all(warning.zh.startswith("集群汇总") for warning in told)
    assert len(told) == 2


def test_a_sample_leaves_every_count_as_it_is(frame, here):
    run = partial(analyze, frame, customer="customer", order=["time", "review_id"], rating_scale=(1.0, 5.0))
    found = run(**ROLES, options=OPTIONS, sample=150)
    found.scored.unpersist()
    assert 50 < found.found.reviews.num_rows < 300
    assert set(found.found.reviews["text"].to_pylist()) == {""}
    assert set(found.found.mentions["text"].to_pylist()) == {""}
    counted = [
        "issue_id",
        "n_mentions",
        "n_reviews",
        "n_customers",
        "share",
        "share_low",
        "trend",
        "examples",
    ]
    same(
        here[1].issues.select(counted).sort_by("issue_id").to_pylist(),
        found.insight.issues.select(counted).sort_by("issue_id").to_pylist(),
    )
    same(here[1].periods.to_pylist(), found.insight.periods.to_pylist())
    assert any("随机抽取" in warning.zh for warning in found.insight.warnings)


def test_the_report_has_the_counts_of_all_and_the_texts_of_the_quotes(here, there, tmp_path):
    written = there.write(tmp_path / "out")
    assert set(written) == {"report.html", "issues.xlsx", "summary.json"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    table = here[0].columns
    statuses = table["fb_status"].to_pylist()
    assert summary["reviews"]["n"] == len(statuses) == 420
    assert summary["reviews"]["n_empty"] == statuses.count("empty")
    assert (
        summary["reviews"]["n_duplicates"]
        == table["fb_duplicate_of"].length() - table["fb_duplicate_of"].null_count
    )
    assert summary["reviews"]["n_counted"] == here[1].n_counted
    months = {row["month"] for row in summary["issues"][0]["by_month"]}
    assert months == {f"2025-{month:02d}" for month in range(1, 7)}
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "集群汇总" in html
    quoted = set(there.found.quoted["review_id"].to_pylist())
    texts = zip(*(here[0].canonical[name].to_pylist() for name in ("review_id", "text")), strict=True)
    hidden = [text for review_id, text in texts if review_id not in quoted and len(text or "") > 25]
    assert len(hidden) > 50
    assert not any(text in html for text in hidden)
    groups = there.summary["groups"]
    assert sum(row["n"] for row in groups["store"]) <= here[1].n_counted
    assert there.to_markdown().startswith("#")


def test_an_id_on_two_rows_counts_once(spark):
    rows = [("1", "物流太慢了"), ("1", "客服态度太差"), ("2", "退款拖了一个月"), ("3", None)]
    found = analyze(
        spark.createDataFrame(rows, "review_id string, text string"), model="lexicon", options=OPTIONS
    )
    found.scored.unpersist()
    assert found.found.counts["n_shared"] == 1
    assert found.insight.n_counted == 2
    assert {row["facet"] for row in found.insight.issues.to_pylist()} == {
        "service.attitude",
        "after_sales.refund",
    }


def test_nothing_to_count(spark):
    frame = spark.createDataFrame([("1", None), ("2", "")], "review_id string, text string")
    found = analyze(frame, model="lexicon", options=OPTIONS)
    found.scored.unpersist()
    assert found.insight.n_counted == 0
    assert found.issues.empty
    assert found.summary["reviews"]["n_empty"] == 2


def test_sums_travel_as_bytes(here):
    scored = here[0]
    filled, catalogue = named_issues(scored.mention_table, load_taxonomy("default"))
    whole = Tally.of(Facts.of(scored.judged, filled))
    one = (whole, catalogue, 7)
    assert _unpacked(_packed(one).to_pylist()[0]) == one
    both = _added(_added(_nothing(), one), (Tally.empty(), catalogue, 1))
    assert both[0] == whole
    assert both[1].num_rows == catalogue.num_rows
    assert both[2] == 8
