import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_files import assign_by_facet, make_file, make_mentions, make_reviews, make_taxonomy

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.tally import FIXED, N_EXAMPLES, Tally

FACETS = ["service.attitude", "service.efficiency", "logistics.speed", "overall.general"]


def tally_of(reviews, mentions):
    return Tally.of(Facts.of(reviews, assign_by_facet(mentions, make_taxonomy())[0]))


@st.composite
def files(draw):
    """A few reviews with colliding customers, stores, days and wordings."""
    n = draw(st.integers(0, 8))
    review = st.fixed_dictionaries(
        {
            "customer": st.sampled_from(["甲", "乙", None]),
            "store": st.sampled_from(["东", "西", None]),
            "rating": st.sampled_from([1.0, 4.5, None]),
            "time": st.sampled_from([0, 86400, None]),
            "fb_flags": st.lists(st.sampled_from(["loss", "repeat"]), unique=True),
            "fb_status": st.sampled_from(["ok", "ok", "ok", "empty"]),
        }
    )
    mention = st.tuples(
        st.sampled_from(FACETS),
        st.floats(-1, 1, width=32),
        st.floats(0, 1, width=32),
        st.sampled_from(["慢", "态度不好", "等了好久没有人理"]),
    )
    reviews = [{"review_id": f"r{i}", **draw(review)} for i in range(n)]
    mentions = []
    for row in reviews:
        for clause, (facet, polarity, score, text) in enumerate(draw(st.lists(mention, max_size=4))):
            place = {"clause": clause, "start": clause, "end": clause + 1, "text": text}
            mentions.append({"review_id": row["review_id"], "facet": facet, **place})
            mentions[-1] |= {"polarity": polarity, "score": score}
    empty = {"review_id": "x", "customer": None, "store": None, "rating": None, "time": None}
    return make_reviews([*reviews, empty]).slice(0, n), make_mentions(mentions)


def part_of(reviews, mentions, chosen):
    ids = [name for name, wanted in zip(reviews["review_id"].to_pylist(), chosen, strict=True) if wanted]
    mask = [name in ids for name in mentions["review_id"].to_pylist()]
    return reviews.filter(np.array(chosen, dtype=bool)), mentions.filter(np.array(mask, dtype=bool))


@settings(max_examples=30, deadline=None)
@given(files(), st.data())
def test_any_split_adds_up_to_the_same(file, data):
    reviews, mentions = file
    labels = data.draw(st.lists(st.integers(0, 2), min_size=reviews.num_rows, max_size=reviews.num_rows))
    parts = [tally_of(*part_of(reviews, mentions, [label == k for label in labels])) for k in range(3)]
    a, b, c = parts
    whole = tally_of(reviews, mentions)
    assert a + b + c == whole
    assert a + (b + c) == (a + b) + c
    assert b + a == a + b
    assert a + Tally.empty() == a == Tally.empty() + a


@settings(max_examples=15, deadline=None)
@given(files(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(file, random):
    reviews, mentions = file
    rows, places = list(range(reviews.num_rows)), list(range(mentions.num_rows))
    random.shuffle(rows)
    random.shuffle(places)
    assert tally_of(
        reviews.take(np.array(rows, dtype=int)), mentions.take(np.array(places, dtype=int))
    ) == tally_of(reviews, mentions)


@pytest.fixture
def small():
    reviews = make_reviews(
        [
            {"review_id": "a", "store": "东", "customer": "甲", "rating": 2.0, "fb_label": "negative"},
            {"review_id": "b", "store": "东", "customer": "甲", "rating": 4.0, "fb_flags": ["loss"]},
            {"review_id": "c", "store": "西", "customer": None, "fb_label": "positive"},
            {"review_id": "d", "store": None, "customer": None, "fb_status": "empty"},
        ]
    )
    mentions = make_mentions(
        [
            ("a", "service.attitude", -0.5),
            ("a", "service.attitude", -0.25),
            ("b", "service.attitude", -1.0),
            ("c", "service.attitude", 0.5),
            ("c", "overall.general", -0.5),
            ("d", "service.attitude", -1.0),
        ]
    )
    return tally_of(reviews, mentions)


def test_counts_are_of_distinct_reviews(small):
    issue = ["service.attitude:all"]
    assert small.codes("issue") == issue
    assert small.vector("issue", issue).tolist() == [2]
    assert small.vector("issue", issue, measure="n_mentions").tolist() == [3]
    assert small.vector("issue", issue, measure="polarity").tolist() == [-1.75 * FIXED]
    assert small.vector("facet", ["service.attitude", "no.such"]).tolist() == [3, 0]
    assert small.vector("element", ["service"], label="positive").tolist() == [1]
    assert small.vector("all", [""], label="negative").tolist() == [1]


def test_counts_by_column(small):
    assert small.units("store") == ["东", "西"]
    assert small.matrix("issue", ["service.attitude:all"], "store", ["东", "西"]).tolist() == [[2, 0]]
    assert small.matrix("facet", ["service.attitude"], "store", ["西", "东"]).tolist() == [[1, 2]]
    assert small.matrix("issue", ["service.attitude:all"], "flag", ["loss", "churn"]).tolist() == [[1, 0]]
    assert small.units("rating") == ["2", "4"]


def test_customers_are_distinct_and_the_nameless_count_each(small):
    assert small.n_customers("issue", ["service.attitude:all"]).tolist() == [1]
    assert small.n_customers("all", [""]).tolist() == [2]
    assert small.n_customers("all", [""], named=True).tolist() == [1]


def test_examples_are_readable_first_and_worded_differently():
    texts = [
        "慢",
        "等了三天没人管",
        "等了三天没人管",
        "客服不理人",
        "服务真的很差",
        "完全没人回复",
        "爱理不理的",
        "语气很冲",
    ]
    polarity = [-1.0, -0.9, -0.9, -0.8, -0.7, -0.6, -0.5, -0.4]
    rows = [
        {"review_id": f"r{k}", "facet": "service.attitude", "polarity": p, "text": text}
        for k, (p, text) in enumerate(zip(polarity, texts, strict=True))
    ]
    found = tally_of(make_reviews([{"review_id": f"r{k}"} for k in range(8)]), make_mentions(rows)).examples
    assert found.num_rows == N_EXAMPLES
    # The shortest and harshest comes after all of readable length; the repeated wording only once.
    assert found["review_id"].to_pylist() == ["r1", "r3", "r4", "r5", "r6"]


def test_dangers_are_quoted_by_how_sure_they_are():
    said = [("插座冒火花了", -0.5, 0.99), ("我儿子也在家里", -1.0, 0.6), ("用着麻手害怕", -0.8, 0.9)]
    rows = [
        {"review_id": f"r{k}", "facet": "product.safety", "polarity": p, "text": text, "score": score}
        for k, (text, p, score) in enumerate(said)
    ]
    found = tally_of(make_reviews([{"review_id": f"r{k}"} for k in range(3)]), make_mentions(rows)).examples
    assert found["review_id"].to_pylist() == ["r0", "r2", "r1"]


def test_larger_file_splits_alike():
    reviews, mentions = make_file(120)
    chosen = np.arange(120) % 3 == 0
    parts = part_of(reviews, mentions, chosen), part_of(reviews, mentions, ~chosen)
    assert tally_of(*parts[0]) + tally_of(*parts[1]) == tally_of(reviews, mentions)
