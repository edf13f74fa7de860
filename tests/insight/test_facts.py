import numpy as np
import pyarrow as pa
from scored_files import make_mentions, make_reviews

from feedback_nlp.insight import counted
from feedback_nlp.insight.facts import Facts, encode


def test_only_readable_first_copies_count():
    reviews = make_reviews(
        [
            {"review_id": "a"},
            {"review_id": "b", "fb_status": "default"},
            {"review_id": "c", "fb_duplicate_of": "a"},
            {"review_id": "d", "fb_status": None},
        ]
    )
    assert counted(reviews).tolist() == [True, False, False, False]
    assert counted(pa.table({"review_id": ["x"]})).tolist() == [True]


def test_order_of_the_input_does_not_matter():
    reviews = make_reviews([{"review_id": name, "text": text} for name, text in ["b2", "a1", "c3", "a0"]])
    mentions = make_mentions(
        [("b", "service.attitude", -0.5), ("a", "service.attitude", 0.5), ("zz", "x.y", 0.5)]
    )
    one = Facts.of(reviews, mentions)
    other = Facts.of(reviews.take([3, 1, 0, 2]), mentions.take([2, 1, 0]))
    assert one.reviews.equals(other.reviews)
    assert one.mentions.equals(other.mentions)
    assert one.reviews["review_id"].to_pylist() == ["a", "b", "c"]
    assert one.reviews["text"].to_pylist()[0] == "0"
    assert one.n_shared == 1
    assert one.rows.tolist() == [0, 1]


def test_columns_are_read_with_gaps():
    rows = [
        {"review_id": "a", "rating": 4.0, "fb_flags": ["loss", "safety"], "customer": "x"},
        {"review_id": "b", "rating": None, "fb_flags": [], "customer": None},
        {"review_id": "c", "rating": 1.0, "fb_flags": None, "customer": "x"},
    ]
    facts = Facts.of(make_reviews(rows), make_mentions([]))
    assert facts.flags.tolist() == [[True, False, False, False, True], [False] * 5, [False] * 5]
    assert np.isnan(facts.numbers("rating")).tolist() == [False, True, False]
    assert np.isnan(facts.numbers("nps")).all()
    assert facts.has("rating")
    assert not facts.has("store")
    codes, names = encode(facts.respondents)
    assert codes[0] == codes[2] != codes[1]
    assert len(names) == 2


def test_all_null_column_is_no_column():
    facts = Facts.of(make_reviews([{"review_id": "a", "store": None}]), make_mentions([]))
    assert not facts.has("store")


def test_encode_marks_nulls():
    codes, names = encode(pa.chunked_array([["b", None], ["a", "b"]]))
    assert codes.tolist() == [1, -1, 0, 1]
    assert names == ["a", "b"]
