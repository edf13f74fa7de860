"""``score_batch``: a record batch in, the same with scores out, pure and from any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import feedback_nlp as fn
from feedback_nlp.engines.batch import MENTIONS_COLUMN, batch_schema, mentions_of, score_batch
from feedback_nlp.errors import ColumnNotFoundError, InputError
from feedback_nlp.schema import mentions_schema, scored_schema

TEXTS = [
    "物流太慢了，客服很好",
    None,
    "退款拖了一个月",
    "物流太慢了，客服很好",
    "",
    "hello world again",
    "好评",
]


@pytest.fixture(scope="module")
def scorer():  # type: ignore[no-untyped-def]
    return fn.load_model("lexicon")


@pytest.fixture
def batch() -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"n": list(range(len(TEXTS))), "text": TEXTS})


def test_columns_are_those_of_the_contract(batch, scorer) -> None:
    scored = score_batch(batch, scorer)
    assert scored.schema == pa.schema([*batch.schema, *scored_schema()])
    assert scored.column("text").to_pylist() == TEXTS
    assert scored.column("fb_status").to_pylist() == [
        "ok",
        "empty",
        "ok",
        "ok",
        "empty",
        "foreign",
        "default",
    ]
    assert scored.column("fb_duplicate_of").null_count == len(TEXTS)


def test_values_are_those_of_score(batch, scorer) -> None:
    whole = fn.score([text or "" for text in TEXTS], model=scorer)
    scored = score_batch(batch, scorer, mentions=True)
    for name in ("fb_polarity", "fb_label", "fb_elements", "fb_negative", "fb_flags"):
        assert scored.column(name).to_pylist() == whole.review_table[name].to_pylist()
    found = mentions_of(scored, id="n")
    assert found.schema == mentions_schema()
    shifted = found.set_column(0, "review_id", whole.mention_table["review_id"])
    assert shifted.equals(whole.mention_table.combine_chunks())
    assert set(found["review_id"].to_pylist()) == {"0", "2", "3", "6"}


def test_a_repeated_text_is_judged_once(scorer) -> None:
    seen: list[int] = []

    class Counting(type(scorer)):  # type: ignore[misc]
        def predict(self, texts, clauses=None):  # type: ignore[no-untyped-def]
            seen.append(len(texts))
            return super().predict(texts, clauses)

    counting = Counting().fit()
    batch = pa.RecordBatch.from_pydict({"text": ["物流太慢了", "客服很好", None] * 1_000})
    scored = score_batch(batch, counting, mentions=True)
    assert seen == [3]
    assert scored.column("fb_negative").to_pylist() == [["logistics.speed"], [], []] * 1_000
    assert len(mentions_of(scored.append_column("review_id", pa.array(range(3_000))))) == 2_000


@pytest.mark.parametrize("mentions", [True, False])
def test_an_empty_batch_keeps_its_schema(batch, scorer, mentions) -> None:
    scored = score_batch(batch.slice(0, 0), scorer, mentions=mentions)
    assert scored.num_rows == 0
    assert scored.schema == batch_schema(batch.schema, mentions=mentions)


def test_scoring_twice_replaces(batch, scorer) -> None:
    once = score_batch(batch, scorer, mentions=True)
    assert score_batch(once, scorer, mentions=True).equals(once)
    assert MENTIONS_COLUMN not in score_batch(once, scorer).schema.names


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_other_kinds_of_strings(batch, scorer, kind) -> None:
    other = pa.RecordBatch.from_arrays([pa.array(TEXTS, pa.string()).cast(kind)], ["text"])
    assert score_batch(other, scorer).column("fb_label").equals(score_batch(batch, scorer).column("fb_label"))


def test_wrong_columns_are_named(batch, scorer) -> None:
    with pytest.raises(ColumnNotFoundError, match="txt"):
        score_batch(batch, scorer, text="txt")
    with pytest.raises(InputError, match="int64"):
        score_batch(batch, scorer, text="n")
    with pytest.raises(ColumnNotFoundError, match="fb_mentions"):
        mentions_of(score_batch(batch, scorer), id="n")


def test_threads_get_the_same(batch) -> None:
    scorer = fn.load_model("linear")
    expected = score_batch(batch, scorer, mentions=True)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: score_batch(batch, scorer, mentions=True), range(24)))
    assert all(one.equals(expected) for one in found)
