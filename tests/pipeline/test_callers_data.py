"""What Python users hand over: columns of any kind, tables with an index or odd names, and common slips."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

import feedback_nlp as fn
from feedback_nlp.errors import InputError

TEXTS = ["物流太慢了", "客服很好", None, "退款拖了一个月"]


@pytest.fixture(scope="module")
def scorer():  # type: ignore[no-untyped-def]
    return fn.load_model("lexicon")


COLUMNS = [
    pd.array(TEXTS),
    pd.array(TEXTS, dtype="string"),
    pd.array(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    pd.Categorical(TEXTS),
    pd.Index(TEXTS),
    pd.Series(TEXTS, index=[7, 7, 8, 9]),
    pa.array(TEXTS),
    pa.chunked_array([TEXTS]),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: type(column).__name__)
def test_columns_of_any_kind_are_as_good_as_a_list(column, scorer) -> None:  # type: ignore[no-untyped-def]
    scored, listed = fn.score(column, model=scorer), fn.score(TEXTS, model=scorer)
    assert scored.mentions.equals(listed.mentions)
    assert fn.classify(column, model=scorer) == fn.classify(TEXTS, model=scorer)
    assert fn.segment(column) == fn.segment(TEXTS)


def test_a_missing_text_has_no_clause() -> None:
    assert [len(clauses) for clauses in fn.segment(TEXTS)] == [1, 1, 0, 1]
    assert fn.segment(text for text in TEXTS) == fn.segment(TEXTS)


TABLE = pd.DataFrame({"内容": TEXTS, "渠道": ["App", "电话", "App", "电话"]})
NO_COLUMN = [TABLE, {"内容": "物流太慢了"}, [["物流太慢了"]], [1, 2], b"x", pa.table(TABLE)]


@pytest.mark.parametrize("data", NO_COLUMN, ids=lambda data: type(data).__name__)
def test_what_is_no_column_of_texts_is_refused(data, scorer) -> None:  # type: ignore[no-untyped-def]
    """A table would give the names of its columns, a row its characters."""
    for call in (fn.segment, lambda texts: fn.classify(texts, model=scorer)):
        with pytest.raises(InputError):
            call(data)


def test_one_row_is_no_table(scorer) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="不认识的数据：dict"):
        fn.score({"text": "物流太慢了"}, model=scorer)


def test_the_index_comes_back(scorer) -> None:  # type: ignore[no-untyped-def]
    own = TABLE.set_axis(pd.Index(["d", "b", "a", "c"], name="单"))
    scored = fn.score(own, model=scorer)
    assert scored.reviews.index.equals(own.index)
    joined = own.join(scored.reviews["fb_label"])
    assert joined["fb_label"].tolist() == scored.reviews["fb_label"].tolist()
    part = own[own["渠道"] == "App"]
    assert fn.analyze(part, model=scorer, draws=20).reviews.index.tolist() == ["d", "a"]
    assert fn.score(own["内容"], model=scorer).reviews.index.equals(own.index)
    assert fn.score(TEXTS, model=scorer).reviews.index.equals(pd.RangeIndex(4))


def test_the_index_is_not_written(scorer, tmp_path) -> None:  # type: ignore[no-untyped-def]
    own = TABLE.set_axis(pd.Index(["d", "b", "a", "c"], name="单"))
    for name, table in (("own", own), ("plain", TABLE)):
        fn.score(table, model=scorer).write(tmp_path / f"{name}.parquet")
    assert (tmp_path / "own.parquet").read_bytes() == (tmp_path / "plain.parquet").read_bytes()


@pytest.mark.parametrize("names", [[0, 1], [("评", "内容"), ("评", "渠道")]])
def test_columns_whose_names_are_no_texts(names, scorer) -> None:  # type: ignore[no-untyped-def]
    columns = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else names
    scored = fn.score(TABLE.set_axis(columns, axis=1), model=scorer, text=names[0])
    assert scored.mentions.equals(fn.score(TABLE, model=scorer).mentions)


@pytest.mark.parametrize(
    "given", [(text for text in ["慢"]), TABLE, {"text": ["慢"]}], ids=["generator", "table", "mapping"]
)
def test_a_scorer_takes_lists(given, scorer) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TypeError, match="a list of texts is needed"):
        scorer.predict(given)


@pytest.mark.parametrize("text", ["物流太慢了", "物流太慢了。" * 400, "物流\0慢", "", "慢.慢" * 400])
def test_a_text_is_no_path(text, scorer) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="放进列表") as caught:
        fn.score(text, model=scorer)
    assert len(str(caught.value)) < 100
    with pytest.raises(InputError, match="找不到文件"):
        fn.score("投诉.xlsx", model=scorer)
