"""Customers: repeats, what they are worth, who is behind an issue and whom to call first, by hand."""

import numpy as np
import pyarrow as pa
import pytest
from scored_files import assign_by_facet, make_file, make_mentions, make_reviews, make_taxonomy

from feedback_nlp.insight.analysis import analyse
from feedback_nlp.insight.customer_value import Worth, rfm, tier_level, worth
from feedback_nlp.insight.customers import customers
from feedback_nlp.insight.facts import Facts

REFUND = "service.efficiency"
ISSUE = f"{REFUND}:all"


def day(text):
    return np.datetime64(text, "s").astype(object)


def review(name, customer, when="2025-01-31", label="negative", **more):
    polarity = {"negative": -0.8, "neutral": 0.0, "positive": 0.8}[label]
    return {
        "review_id": name, "customer": customer, "time": when and day(when), "fb_label": label,
        "fb_polarity": polarity, **more,
    }  # fmt: skip


def say(name, facet=REFUND, polarity=-0.8, **more):
    return {"review_id": name, "facet": facet, "polarity": polarity, **more}


def of(reviews, mentions, weights=(0.5, 0.3, 0.2)):
    table, said = make_reviews(reviews), make_mentions(mentions)
    found = analyse(table, said, make_taxonomy(), weights=weights, draws=50, assign=assign_by_facet)
    return customers(Facts.of(table, found.mentions), found.issues, weights)


def row_of(table, customer):
    (row,) = (row for row in table.to_pylist() if row["customer"] == customer)
    return row


def test_repeats_are_open_until_the_customer_praises():
    found = of(
        [
            review("a1", "A", "2025-01-01"),
            review("a2", "A", "2025-01-09"),
            review("b1", "B", "2025-01-01"),
            review("b2", "B", "2025-01-02"),
            review("b3", "B", "2025-01-09", "positive"),
            review("c1", "C", fb_flags=["repeat"]),
            review("d1", "D"),
            review("e1", None),
        ],
        [*(say(name) for name in ("a1", "a2", "b1", "b2", "c1", "d1", "e1")), say("b3", polarity=0.9)],
    )
    assert {row["customer"]: row["open_repeats"] for row in found.table.to_pylist()} == {
        "A": 1, "B": 0, "C": 1, "D": 0,
    }  # fmt: skip
    assert (found.n, found.n_unnamed, found.n_negative_reviews) == (4, 1, 6)
    assert row_of(found.table, "B") == {
        "customer": "B", "n_reviews": 3, "n_negative": 2, "open_repeats": 0, "r": None, "f": None, "m": None,
        "segment": None, "last_review": "2025-01-09", "last_negative": "2025-01-02", "value": None,
        "flags": [], "elements": ["service"], "issues": [ISSUE],
    }  # fmt: skip
    behind = [(row["customer"], row["n_reviews"], row["open"]) for row in found.behind.to_pylist()]
    assert behind == [("A", 2, True), ("B", 2, False), ("C", 1, True), ("D", 1, False)]


def test_praise_and_blame_in_one_review_close_nothing():
    found = of(
        [review("a1", "A", "2025-01-01"), review("a2", "A", "2025-01-02"), review("a3", "A", "2025-01-03")],
        [say("a1"), say("a2"), say("a3", polarity=0.9), say("a3", clause=1)],
    )
    assert row_of(found.table, "A")["open_repeats"] == 1


def test_urgency_by_hand():
    # The file ends on 01-31. A: 100 × .8 × ½^(30/30) = 40; B: 30 × min(1, .8·(1 + .25·1)) × 1 = 30;
    # C has no amount: the median, 65, × .8 = 52. D is in danger, and first.
    found = of(
        [
            review("a", "A", "2025-01-01", amount=100.0),
            review("b", "B", amount=30.0, fb_flags=["loss"]),
            review("c", "C"),
            review("d", "D", "2025-01-01", "neutral", amount=65.0, fb_flags=["safety"]),
        ],
        [say("a"), say("b"), say("c")],
    )
    rows = found.follow_up.to_pylist()
    assert [row["customer"] for row in rows] == ["D", "C", "A", "B"]
    assert [row["order"] for row in rows] == [1, 2, 3, 4]
    assert [row["urgency"] for row in rows[1:]] == pytest.approx([52, 40, 30])
    assert [row["first"] for row in rows] == [True, False, False, False]
    assert (rows[0]["review_id"], rows[0]["start"]) == ("d", None)
    assert rows[1]["value"] is None


def test_quote_is_the_worst_then_the_newest():
    found = of(
        [review("a", "A", "2025-01-01"), review("b", "A", "2025-01-05"), review("c", "A", "2025-01-03")],
        [say("a", polarity=-0.4), say("b", polarity=-0.9, start=3, end=9), say("c", polarity=-0.9)],
    )
    (row,) = found.follow_up.to_pylist()
    assert (row["review_id"], row["start"], row["end"]) == ("b", 3, 9)


def test_the_number_says_why_one_is_called():
    """B gave a good review that blames something: one review with blame, not none."""
    found = of([review("a", "A"), review("b", "B", label="positive")], [say("a"), say("b", polarity=-0.9)])
    assert {row["customer"]: row["n_negative"] for row in found.follow_up.to_pylist()} == {"A": 1, "B": 1}


def test_happy_customers_are_not_called():
    found = of([review("a", "A", label="positive"), review("b", "B")], [say("a", polarity=0.9), say("b")])
    assert found.follow_up["customer"].to_pylist() == ["B"]
    assert found.n == 2


def test_shares_by_value_by_hand():
    found = of(
        [
            review("a", "A", amount=70.0),
            review("a2", "A", amount=20.0, label="positive"),
            review("b", "B", amount=10.0),
            review("c", "C", amount=-5.0),
            review("d", "D", label="positive"),
        ],
        [say("a", "product.quality"), say("b"), say("c")],
    )
    rows = {row["issue_id"]: row for row in found.value.to_pylist()}
    quality, refund = rows["product.quality:all"], rows[ISSUE]
    assert (quality["n_customers"], quality["customer_share"], quality["value_share"]) == (1, 0.25, 0.9)
    assert (refund["n_customers"], refund["customer_share"], refund["value_share"]) == (2, 0.5, 0.1)
    # Twice as many customers, a ninth of the value.
    assert (quality["rank"], quality["value_rank"], refund["rank"], refund["value_rank"]) == (2, 1, 1, 2)
    assert 0 < quality["value_low"] < 0.9 < quality["value_high"] <= 1
    assert found.worth.n_below == 1
    # One of four customers is the top 20 % (rounded, at least one).
    assert found.worth.top_share() == pytest.approx(0.9)


def test_equal_values_change_no_rank():
    reviews, mentions = make_file()
    reviews = reviews.append_column("amount", pa.array([7.0] * reviews.num_rows))
    one_each = pa.array([f"C{k}" for k in range(reviews.num_rows)])
    reviews = reviews.set_column(reviews.schema.get_field_index("customer"), "customer", one_each)
    found = analyse(reviews, mentions, make_taxonomy(), draws=50, assign=assign_by_facet)
    rows = customers(Facts.of(reviews, found.mentions), found.issues).value.to_pylist()
    assert [row["value_rank"] for row in rows] == [row["rank"] for row in rows]
    scopes = dict(zip(found.issues["issue_id"].to_pylist(), found.issues["scope"].to_pylist(), strict=True))
    assert all(row["value_scope"] == pytest.approx(scopes[row["issue_id"]]) for row in rows)
    assert all(row["value_low"] == pytest.approx(row["customer_low"]) for row in rows)


def test_rfm_by_hand():
    last, often = np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 1, 1, 1, 6])
    found = rfm(last, often, Worth("amount", np.array([50.0, 0, 10, 20, np.nan])))
    assert found.scores[:, 0].tolist() == [1, 2, 3, 4, 5]
    # Four that don't differ share the lowest quintile; the fifth exceeds all bounds.
    assert found.scores[:, 1].tolist() == [1, 1, 1, 1, 5]
    assert found.segments == ["to_win_back", "passing", "newcomer", "promising", "regular"]


@pytest.mark.parametrize(
    ("last", "value", "word"),
    [([1.0], Worth("tier", np.array([3.0])), "金额"), ([np.nan], Worth("amount", np.array([3.0])), "时间")],
)
def test_no_rfm_says_why(last, value, word):
    found = rfm(np.array(last), np.array([1.0]), value)
    assert found.segments == [None]
    assert found.reason is not None
    assert word in found.reason.zh


@pytest.mark.parametrize(
    ("text", "level"),
    [("黑金卡", 7), ("铂金", 5), ("白金会员", 5), ("金卡", 4), ("普通会员", 1), ("VIP12", 12), ("Gold", 4)],
)
def test_tiers(text, level):
    assert tier_level(text) == level


@pytest.mark.parametrize("text", [None, "", "未知"])
def test_unknown_tiers(text):
    assert np.isnan(tier_level(text))


def test_tier_stands_in_for_a_missing_amount():
    reviews = make_reviews(
        [review("a", "A", tier="VIP1"), review("b", "A", tier="VIP3"), review("c", "B", tier="?")]
    )
    facts = Facts.of(reviews, make_mentions([]))
    found = worth(facts, np.arange(3), np.array([0, 0, 1]), 2)
    assert found.kind == "tier"
    np.testing.assert_array_equal(found.values, [3, np.nan])
    np.testing.assert_array_equal(found.filled(), [3, 3])


def test_no_value_at_all():
    found = of([review("a", "A", amount=0.0)], [say("a")])
    assert (found.worth.kind, found.worth.top_share(), found.value.num_rows) == ("none", None, 0)
    assert found.follow_up["urgency"].to_pylist() == pytest.approx([0.8])


def test_without_times_nothing_is_stale():
    found = of([review("a", "A", None), review("b", "A", None)], [say("a"), say("b")])
    (row,) = found.follow_up.to_pylist()
    assert (row["recency"], row["last_negative"], row["open_repeats"]) == (1, None, 1)


def test_no_customer_column_says_so():
    found = of([{"review_id": "a"}], [say("a")])
    assert (found.n, found.table.num_rows, found.follow_up.num_rows, found.value.num_rows) == (0, 0, 0, 0)
    assert found.reason is not None
    assert "--customer" in found.reason.zh


def test_order_of_rows_changes_nothing():
    reviews, mentions = make_file()
    found = analyse(reviews, mentions, make_taxonomy(), draws=50, assign=assign_by_facet)
    shuffled = reviews.take(np.random.default_rng(1).permutation(reviews.num_rows))
    one, two = (customers(Facts.of(part, found.mentions), found.issues) for part in (reviews, shuffled))
    for name in ("table", "follow_up", "behind", "value"):
        assert getattr(one, name).equals(getattr(two, name))
