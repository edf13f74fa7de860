"""The numbers and sentences of a report."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from conftest import META, all_columns, assign, make_summary, make_tables, mention, review_row

from feedback_nlp import schema
from feedback_nlp.insight.analysis import analyse
from feedback_nlp.report import summary as report_summary
from feedback_nlp.report.headline import headline
from feedback_nlp.report.ranking import _trend_text, period_name
from feedback_nlp.report.wording import Words
from feedback_nlp.taxonomy import Taxonomy

CONTRACT = {
    "schema",
    "input",
    "options",
    "model",
    "reviews",
    "satisfaction",
    "elements",
    "issues",
    "warnings",
}


def built(
    rows: list[dict], mentions: list[dict], taxonomy: Taxonomy, lang: str = "zh", mask: bool = True
) -> dict:
    reviews = pa.Table.from_pylist(rows, schema=all_columns())
    marks = pa.Table.from_pylist(mentions, schema=schema.mentions_schema())
    insight = analyse(reviews, marks, taxonomy, draws=50, lang=lang, assign=assign)
    return report_summary.build(reviews, insight.mentions, insight, taxonomy, META, lang=lang, mask=mask)


def said(summary: dict) -> str:
    return " ".join(item["text"] for item in summary["headline"]["sentences"])


# ---- summary.json ----


def test_public_summary_is_the_contract(summary: dict) -> None:
    public = report_summary.public(summary)
    assert public.keys() >= CONTRACT
    assert public["schema"] == 1
    assert public["reviews"].keys() >= {
        "n", "n_scored", "n_empty", "n_default", "n_duplicates", "n_masked", "n_needs_review", "period",
    }  # fmt: skip
    assert public["satisfaction"].keys() >= {"rating_mean", "nps", "nps_low", "nps_high", "csat"}
    elements = {"element", "n_reviews", "share", "negative_share", "low", "high", "mean_polarity"}
    assert all(row.keys() > elements for row in public["elements"])
    for row in public["issues"]:
        assert row.keys() >= {*schema.issues_schema().names, "by_month", "by_store"}
        assert all(month.keys() == {"month", "n_reviews"} for month in row["by_month"])
        assert all("store" in store for store in row["by_store"])


def test_public_summary_is_plain_json(summary: dict) -> None:
    public = report_summary.public(summary)
    assert json.loads(json.dumps(public, allow_nan=False)) == public


def test_months_and_stores_add_up(summary: dict) -> None:
    for row in report_summary.public(summary)["issues"]:
        assert sum(month["n_reviews"] for month in row["by_month"]) == row["n_reviews"]
        assert sum(store["n_reviews"] for store in row["by_store"]) == row["n_reviews"]


def test_counts_of_the_data(summary: dict) -> None:
    counts = summary["reviews"]
    rows, _ = make_tables(420)
    assert counts["n"] == 420
    assert counts["n_default"] == rows["fb_status"].to_pylist().count("default")
    assert counts["n_counted"] == counts["n_scored"] - counts["n_duplicates"]
    assert counts["n_negative"] + counts["n_neutral"] + counts["n_positive"] == counts["n_counted"]
    assert counts["negative_low"] < counts["negative_share"] < counts["negative_high"]
    assert counts["period"][0] >= "2025-01-01"
    assert counts["n_masked"] == sum("13812345678" in text for text in rows["text"].to_pylist())


def test_an_issue_has_as_many_reviews_as_it_counts(summary: dict) -> None:
    counted = summary["table"]["counted"]
    found: dict[str, set[int]] = {}
    for row, issue in zip(summary["mentions"]["row"], summary["mentions"]["issue_id"], strict=True):
        if issue and counted[row]:
            found.setdefault(issue, set()).add(row)
    assert {row["issue_id"]: row["n_reviews"] for row in summary["issues"]} == {
        issue: len(rows) for issue, rows in found.items()
    }


# ---- personal data ----


def test_personal_data_is_masked_everywhere(taxonomy: Taxonomy) -> None:
    assert "13812345678" not in json.dumps(make_summary(200, taxonomy), default=str)
    assert "13812345678" in json.dumps(make_summary(200, taxonomy, mask=False), default=str)


def test_masked_mentions_keep_their_place(summary: dict) -> None:
    texts, mentions = summary["table"]["text"], summary["mentions"]
    spans = zip(mentions["row"], mentions["start"], mentions["end"], mentions["text"], strict=True)
    assert all(texts[row][start:end] == text for row, start, end, text in spans)


# ---- evidence ----


def test_quotes_are_the_clause_in_its_review(summary: dict) -> None:
    texts = dict(zip(summary["table"]["review_id"], summary["table"]["text"], strict=True))
    for issue in summary["issues"]:
        assert 1 <= len(issue["quotes"]) <= 3
        for quote in issue["quotes"]:
            whole = quote["before"].lstrip("…") + quote["clause"] + quote["after"].rstrip("…")
            assert quote["clause"]
            assert whole in texts[quote["review_id"]]


def test_a_long_review_is_cut_around_the_clause(taxonomy: Taxonomy) -> None:
    text = "很" * 300 + "退款拖了两周" + "吧" * 300
    marks = [mention("1", 0, 300, 306, text, "after_sales.refund", -1)]
    quote = built([review_row("1", text)], marks, taxonomy)["issues"][0]["quotes"][0]
    assert quote["clause"] == "退款拖了两周"
    assert quote["before"].startswith("…很")
    assert quote["after"].endswith("吧…")
    assert len(quote["before"]) < 100


def test_repeated_ids_find_their_own_rows(taxonomy: Taxonomy) -> None:
    rows = [review_row("x", "退款很慢啊"), review_row("x", "真的发货慢"), review_row("y", "发货慢死了")]
    marks = [
        mention("x", 0, 0, 4, rows[0]["text"], "after_sales.refund", -1),
        mention("x", 0, 2, 5, rows[1]["text"], "logistics.speed", -1),
        mention("y", 0, 0, 3, rows[2]["text"], "logistics.speed", -1),
    ]
    summary = built(rows, marks, taxonomy)
    assert summary["mentions"]["row"] == [0, 1, 2]
    # One of the rows that share an id is counted, as insight does.
    assert summary["reviews"]["n_counted"] == sum(summary["table"]["counted"]) == 2


def test_voices_are_of_different_reviews(summary: dict) -> None:
    for issue in summary["issues"]:
        ids = [quote["review_id"] for quote in issue["quotes"]]
        everyone = {example.rsplit(":", 2)[0] for example in issue["examples"]}
        assert len(set(ids)) == len(ids) == min(3, len(everyone))


# ---- what to fix first ----


def told(counts: dict[str, int], taxonomy: Taxonomy, *, silent: int = 0, lang: str = "zh") -> dict:
    """Build a report on one-clause reviews: so many of each facet, and ``silent`` ones of nothing."""
    facets = [facet for facet, n in counts.items() for _ in range(n)]
    rows = [review_row(str(k), f"{facet} 第{k}条写的是不好") for k, facet in enumerate(facets)]
    marks = [
        mention(row["review_id"], 0, 0, len(row["text"]), row["text"], facet, -1)
        for row, facet in zip(rows, facets, strict=True)
    ]
    rows += [review_row(f"s{k}", f"没什么要说的{k}", polarity=0.0) for k in range(silent)]
    return built(rows, marks, taxonomy, lang)


MANY = {"logistics.speed": 9, "after_sales.refund": 8, "service.attitude": 7, "product.quality": 6,
        "product.performance": 5}  # fmt: skip


def test_what_one_or_two_reviews_tell_is_rare(taxonomy: Taxonomy) -> None:
    summary = told(MANY | {"price.level": 2}, taxonomy, silent=20)
    groups = {row["facet"]: row["group"] for row in summary["issues"]}
    assert groups.pop("price.level") == "rare"
    assert set(groups.values()) == {"listed"}


def test_a_small_file_lists_every_issue(taxonomy: Taxonomy) -> None:
    summary = told({"logistics.speed": 4, "price.level": 1}, taxonomy)
    assert [row["group"] for row in summary["issues"]] == ["listed", "listed"]


def test_one_report_of_danger_is_listed_and_first(taxonomy: Taxonomy) -> None:
    summary = told(MANY | {"product.safety": 1}, taxonomy, silent=20)
    assert summary["issues"][0]["facet"] == "product.safety"
    assert summary["issues"][0]["group"] == "listed"
    first = summary["headline"]["sentences"][0]
    assert (first["tone"], "漏电打火" in first["text"], "1 条" in first["text"]) == ("verify", True, True)


def test_places_are_among_the_issues_shown_beside(taxonomy: Taxonomy) -> None:
    summary = told(MANY | {"price.level": 1, "product.safety": 1}, taxonomy, silent=20)
    listed = [row for row in summary["issues"] if row["group"] == "listed" and not row["safety"]]
    for factor in ("impact", "scope", "feasibility"):
        assert min(row["places"][factor] for row in listed) == 1
        assert max(row["places"][factor] for row in listed) <= len(listed) == 5
    # Six are listed; the one to verify has no place among them.
    assert sum(row["group"] == "listed" for row in summary["issues"]) == 6
    assert "在安全问题以外列出的 5 个问题里" in said(summary)
    assert "在列出的 5 个问题里" in said(told(MANY | {"price.level": 1}, taxonomy, silent=20))


def test_never_more_than_three_sentences(taxonomy: Taxonomy) -> None:
    for silent in (0, 200):
        for counts in (MANY, MANY | {"product.safety": 2}, {"product.safety": 1}, {"price.level": 1}):
            sentences = told(counts, taxonomy, silent=silent)["headline"]["sentences"]
            assert 1 <= len(sentences) <= 3


def test_an_only_issue_is_not_said_to_win(taxonomy: Taxonomy) -> None:
    summary = told({"price.level": 12}, taxonomy, silent=30)
    assert "只有一个" in said(summary)
    assert "排第一" not in said(summary)


def test_dangers_of_several_kinds_are_counted_once_and_named() -> None:
    words = Words("zh")
    kinds = (("a", "漏电", 3, False), ("b", "起火", 2, False), ("c", "安全·其他", 9, True))
    rows = [
        {"issue_id": code, "name": name, "n_reviews": n, "share": n / 100, "share_low": 0.0,
         "share_high": 0.2, "safety": True, "other": other, "group": "listed"}
        for code, name, n, other in kinds
    ]  # fmt: skip
    first = {"clear": False, "issue_id": None, "p_first": None, "candidates": [], "safety": ["a", "b", "c"]}
    text = headline(rows, first, 100, words, n_safety=12)["sentences"][0]["text"]
    assert text.startswith("12 条评价（占 12.0%）涉及安全")
    assert "“漏电” 3 条、“起火” 2 条" in text
    assert "其他" not in text


def test_safety_comes_first_then_the_clear_first(summary: dict) -> None:
    tones = [item["tone"] for item in summary["headline"]["sentences"]]
    assert tones == ["verify", "fix", "act"]
    assert summary["headline"]["kind"] == "clear"
    assert summary["headline"]["issue_id"] == "after_sales.refund.main"
    leader = next(row for row in summary["issues"] if row["issue_id"] == "after_sales.refund.main")
    text = said(summary)
    for part in (
        "退款拖延",
        f"{leader['share'] * 100:.1f}%",
        "95% 区间",
        str(leader["n_reviews"]),
        "漏电打火",
    ):
        assert part in text


@pytest.mark.parametrize(("open_", "cautious"), [(0.33, True), (0.97, False)])
def test_a_first_that_owes_its_place_to_defaults_says_so(
    taxonomy: Taxonomy, open_: float, cautious: bool
) -> None:
    first = {"clear": True, "issue_id": "price.level.main", "p_first": 1.0, "p_first_open": open_,
             "safety": [], "candidates": ["price.level.main"]}  # fmt: skip
    text = said(make_summary(420, taxonomy, first=first))
    assert ("默认分" in text) is cautious
    assert ("33%" in text) is cautious


def test_no_clear_first_is_said(taxonomy: Taxonomy) -> None:
    first = {"clear": False, "issue_id": "price.level.main", "p_first": 0.41, "safety": [],
             "candidates": ["price.level.main", "logistics.speed.main"]}  # fmt: skip
    summary = make_summary(420, taxonomy, first=first)
    assert summary["headline"]["kind"] == "unclear"
    assert [item["tone"] for item in summary["headline"]["sentences"]] == ["fix", "why", "act"]
    assert "没有哪个问题明显排第一" in said(summary)
    assert "价格偏贵" in said(summary)
    assert "发货慢" in said(summary)


def test_no_negatives(taxonomy: Taxonomy) -> None:
    rows = [review_row(str(k), "店员态度特别好", polarity=0.8) for k in range(40)]
    marks = [mention(str(k), 0, 0, 7, rows[k]["text"], "service.attitude", 1) for k in range(40)]
    summary = built(rows, marks, taxonomy)
    assert summary["headline"]["kind"] == "none"
    assert summary["issues"] == []
    assert "40 条" in said(summary)


def test_nothing_to_count(taxonomy: Taxonomy) -> None:
    summary = built([review_row("1", "", status="empty")], [], taxonomy)
    assert summary["reviews"]["n_counted"] == 0
    assert "没有可以计入统计的评价" in said(summary)
    assert summary["reviews"]["negative_share"] is None


def test_too_little_data(taxonomy: Taxonomy) -> None:
    rows = [review_row(str(k), f"等了{k}天才发货") for k in range(5)]
    marks = [mention(str(k), 0, 0, 7, rows[k]["text"], "logistics.speed", -1) for k in range(5)]
    summary = built(rows, marks, taxonomy)
    assert summary["headline"]["kind"] == "little"
    assert "只有 5 条" in said(summary)
    assert "应当排在第一位" not in said(summary)


def test_the_english_twin_says_it_in_english(summary_en: dict) -> None:
    text = said(summary_en)
    assert "Slow refunds" in text
    assert "95% interval" in text
    assert not any("\u4e00" <= mark <= "\u9fff" for mark in text)


# ---- where and when ----


def test_one_shop_is_named_and_everywhere_is_not_one(summary: dict) -> None:
    where = {row["issue_id"]: row["where"] for row in summary["issues"]}
    assert where["service.attitude.main"]["unit"] == "滨江店"
    assert where["service.attitude.main"]["text"].startswith("集中在滨江店")
    assert where["after_sales.refund.main"]["kind"] == "everywhere"


def test_a_rising_issue_shows_the_shares_at_its_ends(summary: dict) -> None:
    refund = next(row for row in summary["issues"] if row["issue_id"] == "after_sales.refund.main")
    first, last = refund["periods"][0], refund["periods"][-1]
    before, after = (f"{100 * part['n_reviews'] / part['n_base']:.1f}%" for part in (first, last))
    assert refund["trend"] == "rising"
    assert f"1月 {before} → 6月 {after}" in refund["trend_text"]


def test_ends_that_run_against_the_trend_are_not_quoted() -> None:
    """A last month cut short once read "rising (212 reviews → 59)"; its share may mislead as well."""
    periods = [
        {"period": "2025-01", "n_reviews": 40, "n_base": 100},
        {"period": "2025-02", "n_reviews": 3, "n_base": 10},
    ]
    row = {"trend": "rising", "trend_change": 0.03, "periods": periods}
    text = _trend_text(row, Words("zh"))
    assert text.startswith("占比在上升")
    assert "→" not in text


@pytest.mark.parametrize(
    ("period", "lang", "short", "name"),
    [
        ("2025-01", "zh", False, "2025年1月"),
        ("2025-01", "zh", True, "1月"),
        ("2025-01", "en", False, "Jan 2025"),
        ("2025-W03", "zh", False, "2025年第3周"),
        ("2025-W03", "en", False, "2025 week 3"),
        ("Q1", "en", False, "Q1"),
    ],
)
def test_period_names(period: str, lang: str, short: bool, name: str) -> None:
    assert period_name(period, Words(lang), short=short) == name
