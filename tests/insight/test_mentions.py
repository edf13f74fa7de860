from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.insight.mentions import needs_review, refine_needs_review, write
from feedback_nlp.schema import label_of, mentions_schema, scored_schema
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.text.clauses import Clauses

# Not in code order on purpose: the output has to be.
CODES = ("service.attitude", "logistics.speed", "overall.general")


def scorer_with(thresholds=(0.5, 0.5, 0.5), codes=CODES):
    return SimpleNamespace(
        taxonomy_=SimpleNamespace(codes=codes),
        thresholds_=np.array(thresholds, dtype=np.float32),
        flag_thresholds_=np.full(5, 0.5, dtype=np.float32),
        neutral_band_=0.2,
    )


def clauses_of(spans):
    """Spans per review → Clauses."""
    flat = [(i, j, start, end) for i, review in enumerate(spans) for j, (start, end) in enumerate(review)]
    columns = np.array(flat, dtype=np.int64).reshape(-1, 4).T
    return Clauses(columns[0], *(column.astype(np.int32) for column in columns[1:]), n_reviews=len(spans))


def prediction_of(clauses, cells, overall=None, flags=None):
    """cells: {(clause row, facet): (neg, neu, pos)}."""
    block = np.zeros((len(clauses), len(CODES), 3), dtype=np.float32)
    for (row, facet), values in cells.items():
        block[row, facet] = values
    count = clauses.n_reviews
    overall = [(0.1, 0.8, 0.1)] * count if overall is None else overall
    flags = np.zeros((count, 5)) if flags is None else flags
    return Prediction(
        block,
        np.array(overall, dtype=np.float32).reshape(count, 3),
        np.array(flags, dtype=np.float32).reshape(count, 5),
    )


TEXTS = ["物流太慢了，客服𠮷很耐心", None, "一般"]
SPANS = [[(0, 5), (6, 12)], [], [(0, 2)]]


def write_example(**options):
    clauses = clauses_of(SPANS)
    cells = {
        (0, 1): (0.9, 0.05, 0.0),
        (0, 0): (0.3, 0.2, 0.05),
        (1, 0): (0.0, 0.1, 0.8),
        (2, 2): (0.1, 0.3, 0.1),
    }
    return write(prediction_of(clauses, cells, **options), clauses, ["a", "b", "c"], TEXTS, scorer_with())


def test_mentions_follow_thresholds_order_and_spans():
    mentions, _ = write_example()
    assert mentions.schema == mentions_schema()
    rows = mentions.to_pylist()
    assert [(r["review_id"], r["clause"], r["facet"], r["label"]) for r in rows] == [
        ("a", 0, "logistics.speed", "negative"),
        ("a", 0, "service.attitude", "negative"),
        ("a", 1, "service.attitude", "positive"),
        ("c", 0, "overall.general", "neutral"),
    ]
    original = dict(zip("abc", TEXTS, strict=True))
    assert all(r["text"] == original[r["review_id"]][r["start"] : r["end"]] for r in rows)
    assert rows[2]["text"] == "客服𠮷很耐心"
    assert [r["element"] for r in rows] == ["logistics", "service", "service", "overall"]
    assert rows[0]["score"] == pytest.approx(0.95)
    assert rows[0]["polarity"] == pytest.approx(-0.9 / 0.95)
    assert mentions.column("issue_id").null_count == 4


def test_threshold_is_inclusive_and_per_facet():
    clauses = clauses_of([[(0, 2)]])
    prediction = prediction_of(clauses, {(0, 0): (0.5, 0, 0), (0, 1): (0.5, 0, 0)})
    mentions, _ = write(prediction, clauses, ["a"], ["很慢"], scorer_with((0.5, 0.51, 0.5)))
    assert mentions.column("facet").to_pylist() == ["service.attitude"]


def test_zero_threshold_writes_nothing_that_is_not_there():
    clauses = clauses_of([[(0, 2)]])
    mentions, _ = write(prediction_of(clauses, {}), clauses, ["a"], ["很慢"], scorer_with((0, 0, 0)))
    assert mentions.num_rows == 0


def test_scored_columns():
    flags = np.zeros((3, 5))
    flags[0, [3, 0]] = 0.5
    overall = [(0.7, 0.2, 0.1), (1 / 3, 1 / 3, 1 / 3), (0.2, 0.5, 0.3)]
    _, scored = write_example(overall=overall, flags=flags)
    assert [f for f in scored_schema() if f.name in scored.column_names] == list(scored.schema)
    assert set(scored_schema().names) - set(scored.column_names) == {"fb_status", "fb_duplicate_of"}
    rows = scored.to_pylist()
    assert rows[0]["fb_elements"] == ["logistics.speed", "service.attitude"]
    assert rows[0]["fb_negative"] == ["logistics.speed", "service.attitude"]
    assert rows[0]["fb_flags"] == ["safety", "repeat"]
    assert rows[0]["fb_label"] == "negative"
    assert rows[0]["fb_confidence"] == pytest.approx(0.7)
    assert rows[0]["fb_polarity"] == pytest.approx(-0.6)
    assert rows[1] == {
        "fb_polarity": None,
        "fb_label": None,
        "fb_confidence": None,
        "fb_elements": [],
        "fb_negative": [],
        "fb_flags": [],
        "fb_needs_review": False,
    }
    assert rows[2]["fb_label"] == "neutral"


@pytest.mark.parametrize(
    ("overall", "label"),
    [
        ((0.4, 0.25, 0.35), "negative"),
        ((0.35, 0.25, 0.4), "positive"),
        ((0.05, 0.5, 0.45), "neutral"),
        ((0.45, 0.5, 0.05), "neutral"),
    ],
)
def test_overall_label_is_the_most_probable_and_agrees_with_polarity(overall, label):
    clauses = clauses_of([[(0, 1)]])
    _, scored = write(prediction_of(clauses, {}, overall=[overall]), clauses, ["a"], ["好"], scorer_with())
    row = scored.to_pylist()[0]
    assert row["fb_label"] == label == label_of(row["fb_polarity"])
    assert row["fb_confidence"] == pytest.approx(max(overall))


def test_empty_column():
    clauses = clauses_of([])
    mentions, scored = write(prediction_of(clauses, {}), clauses, [], [], scorer_with())
    assert (mentions.num_rows, scored.num_rows) == (0, 0)
    assert mentions.schema == mentions_schema()


def test_repeated_ids_keep_their_own_columns():
    clauses = clauses_of([[(0, 2)], [(0, 2)]])
    prediction = prediction_of(clauses, {(1, 1): (0.9, 0, 0)})
    _, scored = write(prediction, clauses, ["a", "a"], ["很慢", "很慢"], scorer_with())
    assert scored.column("fb_negative").to_pylist() == [[], ["logistics.speed"]]


def test_needs_review_by_confidence_and_by_unsure_mention():
    confidence = np.array([0.9, 0.59, 0.6, 0.9, 0.9, np.nan])
    review, score = np.array([0, 2, 3, 4]), np.array([0.95, 0.61, 0.5, 0.4])
    assert needs_review(confidence, review, score).tolist() == [False, True, False, True, True, False]


def test_refined_review_looks_at_the_given_issues_only():
    mentions = pa.table(
        {
            "review_id": ["a", "b", "c"],
            "issue_id": ["x.one:a", None, "x.one:a"],
            "score": pa.array([0.5, 0.5, 0.9], pa.float32()),
        }
    )
    scored = pa.table(
        {
            "review_id": ["a", "b", "c", "d", "e"],
            "fb_confidence": pa.array([0.9, 0.9, 0.9, 0.5, None], pa.float32()),
            "fb_needs_review": [True] * 5,
        }
    )
    refined = refine_needs_review(scored, mentions, ["x.one:a"])
    assert refined.column("fb_needs_review").to_pylist() == [True, False, False, True, False]
    assert refined.schema == scored.schema


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_batches_written_apart_are_the_same_as_together(data):
    count = data.draw(st.integers(1, 5))
    texts = [data.draw(st.text("慢好，！𠮷a 😀\n", min_size=1, max_size=8)) for _ in range(count)]
    spans = [[(0, len(text))] for text in texts]
    seed = data.draw(st.integers(0, 1000))
    block = np.random.default_rng(seed).dirichlet(np.ones(4), (count, 3))[:, :, :3].astype(np.float32)
    overall = np.random.default_rng(seed).dirichlet(np.ones(3), count).astype(np.float32)
    flags = np.random.default_rng(seed).random((count, 5), dtype=np.float32)
    ids = [str(i) for i in range(count)]

    def part(rows):
        clauses = clauses_of([spans[i] for i in rows])
        prediction = Prediction(block[rows], overall[rows], flags[rows])
        return write(prediction, clauses, [ids[i] for i in rows], [texts[i] for i in rows], scorer_with())

    together = part(list(range(count)))
    apart = [part([i]) for i in range(count)]
    for position in (0, 1):
        assert pa.concat_tables([tables[position] for tables in apart]).equals(together[position])
