"""What was planted in the sample (corpora/demo_truth.md) must be found by the main job."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import feedback_nlp as fn
from feedback_nlp.insight.analysis import Insight, analyse
from feedback_nlp.schema import LABELS, mentions_schema


@pytest.fixture(scope="module")
def issues(demo_analysis) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    return demo_analysis.issues


@pytest.fixture(scope="module")
def mentions(demo_analysis) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    return demo_analysis.mentions


def of_facet(issues: pd.DataFrame, facet: str) -> pd.DataFrame:
    return issues[(issues.facet == facet) & ~issues.other]


def test_every_row_is_there(demo_analysis) -> None:  # type: ignore[no-untyped-def]
    assert len(demo_analysis.reviews) == 420
    assert demo_analysis.reviews["编号"].iloc[-1][:2] in ("WD", "00")
    assert demo_analysis.reviews["review_id"].str.startswith("0").any()  # leading zeros survive Excel


def test_spans_are_exact(demo_analysis, mentions) -> None:  # type: ignore[no-untyped-def]
    texts = dict(zip(demo_analysis.reviews.review_id, demo_analysis.reviews["反馈内容"], strict=True))
    for row in mentions.itertuples():
        assert texts[row.review_id][row.start : row.end] == row.text


def test_every_negative_mention_has_one_issue(mentions, issues) -> None:  # type: ignore[no-untyped-def]
    negative = mentions[(mentions.label == "negative") & (mentions.facet != "overall.general")]
    assert negative.issue_id.notna().all()
    assert set(negative.issue_id) >= set(issues.issue_id)
    assert mentions[mentions.label != "negative"].issue_id.isna().all()


def test_safety_is_on_top(issues: pd.DataFrame) -> None:
    """P4: the electric shocks and the bursting glass come before everything, marked to be verified."""
    assert issues.iloc[0].facet == "product.safety"
    assert issues.iloc[0].safety
    assert not issues[issues.facet != "product.safety"].safety.any()


@pytest.fixture(scope="module")
def facets(demo_analysis) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    return by_facet(demo_analysis.insight)


@pytest.fixture(scope="module")
def true_facets(demo_analysis, demo_gold) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    """What the analysis says when it is given the writer's own labels instead of the model's."""
    mentions = [
        {
            "review_id": review_id,
            "clause": clause,
            "start": row["clauses"][clause][0],
            "end": row["clauses"][clause][1],
            "text": row["text"][slice(*row["clauses"][clause])],
            "element": facet.partition(".")[0],
            "facet": facet,
            "score": 0.99,
            "polarity": float(polarity),
            "label": LABELS[polarity + 1],
            "issue_id": None,
        }
        for review_id, row in demo_gold.items()
        for clause, facet, polarity in row["labels"]
    ]
    table = pa.Table.from_pylist(mentions, schema=mentions_schema())
    return by_facet(analyse(demo_analysis.scored.judged, table, demo_analysis.taxonomy, draws=20))


def by_facet(insight: Insight) -> pd.DataFrame:
    elements = insight.elements.to_pandas()
    return elements[elements.level == "facet"].set_index("code")


def by_month(mentions: pd.DataFrame, demo_gold: dict[str, dict], facet: str) -> pd.Series:
    """Reviews a month that blame a facet, as the model sees it."""
    blamed = mentions[(mentions.facet == facet) & (mentions.label == "negative")].review_id.unique()
    months = pd.Series([demo_gold[review_id]["time"][:7] for review_id in blamed])
    return months.value_counts().sort_index()


def test_trends_are_found_in_true_labels(true_facets: pd.DataFrame) -> None:
    """P1, P2, P5: with labels free of error, refunds and installers rise and logistics falls."""
    trend = true_facets.trend
    assert trend["after_sales.refund"] == trend["after_sales.repair"] == "rising"
    assert trend["logistics.speed"] == "falling"
    rising = true_facets[trend == "rising"]
    assert rising.n_negative.idxmax() == "after_sales.refund"


def test_refunds_grow_and_come_first(
    issues: pd.DataFrame, facets: pd.DataFrame, mentions: pd.DataFrame, demo_gold: dict[str, dict]
) -> None:
    """P1: slow refunds rank first after safety, rise, and the second quarter has twice the first."""
    assert issues[~issues.safety].iloc[0].issue_id == "after_sales.refund:slow_refund"
    months = by_month(mentions, demo_gold, "after_sales.refund")
    assert months["2025-04":].sum() >= 2 * months[:"2025-03"].sum()
    assert facets.trend["after_sales.refund"] == "rising"


def test_the_report_tells_of_rising_refunds(demo_analysis, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """P1 in the words a manager reads, though the issue alone is too thin for a trend."""
    page = demo_analysis.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    first = page[page.index("退款拖延") :]
    assert "“退换退款”合起来在上升" in first[:400]


def test_after_sales_is_told_to_rise(demo_analysis) -> None:  # type: ignore[no-untyped-def]
    """P1 and P2 lie in one element, and with the labels of ``linear`` it is the only one that rises."""
    elements = demo_analysis.elements
    trend = elements[elements.level == "element"].set_index("code").trend
    assert list(trend[trend == "rising"].index) == ["after_sales"]


def test_installers_grow(facets: pd.DataFrame, mentions: pd.DataFrame, demo_gold: dict[str, dict]) -> None:
    """P2: installers late or absent in May and June, with air conditioners."""
    months = by_month(mentions, demo_gold, "after_sales.repair")
    assert months["2025-05":].sum() >= 2 * months[:"2025-03"].sum()
    assert facets.trend["after_sales.repair"] == "rising"
    assert facets.local_unit["after_sales.repair"] == "空调"


def test_logistics_shrinks(facets: pd.DataFrame, mentions: pd.DataFrame, demo_gold: dict[str, dict]) -> None:
    """P5: slow logistics was bad in January and February, then mended."""
    months = by_month(mentions, demo_gold, "logistics.speed")
    assert months[:"2025-02"].mean() >= 1.4 * months["2025-03":].mean()
    assert facets.trend["logistics.speed"] == "falling"
    assert facets.trend_change["logistics.speed"] < -0.1


def test_one_bad_shop(facets: pd.DataFrame) -> None:
    """P3: rudeness is a matter of one shop, and the analysis says which."""
    assert tuple(facets.loc["service.attitude", ["local_column", "local_unit"]]) == ("store", "滨江店")


def test_app_update_stands_in_april(demo_analysis, issues) -> None:  # type: ignore[no-untyped-def]
    """P8: the App was unusable after the update of 10 April, and only then."""
    usability = set(issues[issues.facet == "digital.usability"].issue_id)
    periods = demo_analysis.insight.issue_periods.to_pandas()
    counts = periods[periods.issue_id.isin(usability)].groupby("period").n_reviews.sum()
    assert counts.idxmax() == "2025-04"
    assert counts["2025-04"] >= 0.7 * counts.sum()


def test_price_protection_stands_in_june(demo_analysis, issues) -> None:  # type: ignore[no-untyped-def]
    """P6: price protection at the June sale."""
    promotion = set(issues[issues.facet == "price.promotion"].issue_id)
    periods = demo_analysis.insight.issue_periods.to_pandas()
    counts = periods[periods.issue_id.isin(promotion)].groupby("period").n_reviews.sum()
    assert counts.idxmax() == "2025-06"


def test_robot_praised_fryer_blamed(demo_analysis, mentions) -> None:  # type: ignore[no-untyped-def]
    """P7: the robot's performance is praised, the air fryer's coating peels."""
    reviews = demo_analysis.reviews[["review_id", "产品"]]
    joined = mentions.merge(reviews, on="review_id")
    robot = joined[(joined["产品"] == "扫地机器人") & (joined.facet == "product.performance")]
    fryer = joined[(joined["产品"] == "空气炸锅") & (joined.facet == "product.quality")]
    assert (robot.label == "positive").sum() >= 2 * (robot.label == "negative").sum()
    assert (fryer.label == "negative").mean() > 0.7


def test_noise_is_set_aside(demo_analysis) -> None:  # type: ignore[no-untyped-def]
    """P9: default comments, empties, exact duplicates, the English row."""
    status = demo_analysis.reviews.set_index("review_id").fb_status
    for review_id in ("WD20250015", "WD20250059", "WD20250116", "WD20250247", "WD20250313"):
        assert status[review_id] == "default"
    assert status["WD20250176"] in ("default", "empty")
    assert status["WD20250104"] == status["WD20250233"] == "empty"
    assert status["WD20250147"] == "foreign"
    copies = demo_analysis.reviews.set_index("review_id").fb_duplicate_of
    assert copies["WD20250060"] == copies["WD20250100"] == "WD20250026"
    assert copies["WD20250162"] == copies["WD20250165"] == "WD20250131"
    assert copies["WD20250300"] == "WD20250246"


def test_personal_data_stays_out_of_reports(demo_analysis, tmp_path) -> None:  # type: ignore[no-untyped-def]
    html = demo_analysis.to_html(tmp_path / "r.html").read_text(encoding="utf-8")
    texts = demo_analysis.reviews.set_index("review_id")["反馈内容"]
    assert "13800000000" in texts["WD20250120"]
    assert "13800000000" not in html
    assert "13800000000" not in demo_analysis.to_markdown()


def test_traditional_is_scored_as_simplified_and_quoted_as_written(mentions: pd.DataFrame) -> None:
    found = mentions[mentions.review_id == "WD20250101"]
    assert (found.label == "positive").all()
    assert len(found) >= 2
    assert "水溫穩定" in set(found.text)


def test_nps_and_rating(demo_analysis, demo_gold) -> None:  # type: ignore[no-untyped-def]
    satisfaction = demo_analysis.insight.satisfaction
    assert satisfaction["nps_low"] < satisfaction["nps"] < satisfaction["nps_high"]
    assert 1 < satisfaction["rating_mean"] < 5


def test_idioms_are_not_safety(mentions: pd.DataFrame) -> None:
    """Traps: 嗓子冒烟 and 麻袋 are not hazards; a praised child lock is no safety problem."""
    negative = mentions[(mentions.facet == "product.safety") & (mentions.label == "negative")]
    assert not set(negative.review_id) & {"000189", "WD20250279", "WD20250071"}


def test_the_encoder_tells_them_too() -> None:
    """P2 and the falling logistics by ``encoder``, each facet by itself."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    sample = files("feedback_nlp") / "resources" / "sample" / "sample.csv"
    elements = fn.analyze(str(sample), model="encoder", draws=100).elements
    trend = elements.set_index("code").trend
    assert trend["after_sales"] == trend["after_sales.repair"] == "rising"
    assert trend["logistics.speed"] == "falling"
