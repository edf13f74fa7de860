"""Months added one by one give the report of all of them as one file."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from feedback_nlp.catalog import sample_path
from feedback_nlp.errors import InputError
from feedback_nlp.io.readers import read
from feedback_nlp.pipeline import analyze, score
from feedback_nlp.pipeline.prepare import prepare
from feedback_nlp.pipeline.result import Options
from feedback_nlp.pipeline.run import score_prepared
from feedback_nlp.pipeline.tracking import batch_of, expire, track_add, track_report
from feedback_nlp.store import Added, Store

pytest.importorskip("duckdb")
TODAY = date(2025, 7, 1)
OPTIONS = Options(draws=40)


@pytest.fixture(scope="module")
def sample():
    return read(sample_path("csv")).table


def written(table, folder, **options):
    """Score a table and write both files; return the scored one."""
    folder.mkdir(exist_ok=True)
    score_prepared(prepare(table), **options).write(folder / "scored.parquet", folder / "mentions.parquet")
    return folder / "scored.parquet"


@pytest.fixture(scope="module")
def months(sample, tmp_path_factory):
    """A store of the sample, added in three parts."""
    place = tmp_path_factory.mktemp("months")
    store = place / "feedback.duckdb"
    for k, start in enumerate(range(0, sample.num_rows, 150)):
        track_add(store, written(sample.slice(start, 150), place / str(k)), today=TODAY)
    return store


def plain(analysis):
    summary = analysis.to_dict()
    return {key: value for key, value in summary.items() if key not in ("input", "created", "options")}


def test_the_report_is_that_of_all_periods_as_one_file(months, sample):
    tracked = track_report(months, options=OPTIONS, today=TODAY)
    whole = analyze(sample, draws=40)
    assert plain(tracked) == plain(whole)
    assert tracked.insight.periods == whole.insight.periods
    assert tracked.insight.elements == whole.insight.elements
    assert tracked.insight.quadrants == whole.insight.quadrants
    assert tracked.scored.columns.to_pylist() == whole.scored.columns.to_pylist()
    html = tracked.summary
    assert html["headline"] == whole.summary["headline"]
    assert html["input"]["name"] == "feedback.duckdb"


def test_adding_a_part_again_changes_nothing(months, sample, tmp_path):
    before = plain(track_report(months, options=OPTIONS, today=TODAY))
    added, notes = track_add(months, written(sample.slice(30, 40), tmp_path / "again"), today=TODAY)
    assert added == Added(0, 40, 0)
    assert notes == ()
    assert plain(track_report(months, options=OPTIONS, today=TODAY)) == before


def test_the_report_can_be_made_again_from_its_files(months, tmp_path):
    from feedback_nlp.pipeline import load_report

    tracked = track_report(months, options=OPTIONS, today=TODAY)
    tracked.write(tmp_path)
    assert plain(load_report(tmp_path, options=OPTIONS))["issues"] == plain(tracked)["issues"]


def test_repeats_are_found_across_files(tmp_path):
    text = "物流太慢了，等了整整半个月才送到"
    store = tmp_path / "s.duckdb"
    for k in range(2):
        rows = pa.table({"编号": [f"{k}"], "内容": [text], "客户": ["甲"]})
        track_add(store, written(rows, tmp_path / str(k), model="lexicon"), today=TODAY)
    assert track_report(store, options=OPTIONS).scored.columns["fb_duplicate_of"].to_pylist() == [None, "0"]


def test_files_without_ids_do_not_meet_by_row_number(tmp_path):
    store = tmp_path / "s.duckdb"
    texts = ["物流太慢了，等了很久", "客服态度太差了", "客服态度太差了"]
    first = written(pa.table({"内容": texts}), tmp_path / "a", model="lexicon")
    second = written(pa.table({"内容": ["退款拖了一个月", *texts[:2]]}), tmp_path / "b", model="lexicon")
    added, notes = track_add(store, first, today=TODAY)
    assert added == Added(3, 0, 0)
    assert "编号由内容生成" in notes[0].zh
    assert track_add(store, first, today=TODAY)[0] == Added(0, 3, 0)
    assert track_add(store, second, today=TODAY)[0] == Added(1, 2, 0)
    with Store(store, read_only=True) as opened:
        reviews, mentions = opened.read(opened.kept()[0].model)
    assert sorted(reviews["text"].to_pylist()) == sorted([*texts, "退款拖了一个月"])
    assert set(mentions["review_id"].to_pylist()) <= set(reviews["review_id"].to_pylist())


def test_rows_that_share_an_id_are_stored_once():
    table = pa.table({"编号": ["1", "1", "2"], "内容": ["物流太慢了", "客服态度太差", "退款拖了一个月"]})
    batch, notes = batch_of(score_prepared(prepare(table, columns={"review_id": "编号"}), model="lexicon"))
    assert batch.reviews["text"].to_pylist() == ["客服态度太差", "退款拖了一个月"]
    assert "1 行" in notes[0].zh
    spans = zip(
        *(batch.mentions[name].to_pylist() for name in ("review_id", "start", "end", "text")), strict=True
    )
    texts = {"1": "客服态度太差", "2": "退款拖了一个月"}
    assert all(texts[review_id][start:end] == text for review_id, start, end, text in spans)


def test_retention_at_adding_and_at_the_report(tmp_path):
    store = tmp_path / "s.duckdb"
    times = [datetime(2025, 1, 1), datetime(2025, 6, 1)]
    rows = pa.table({"编号": ["1", "2"], "内容": ["物流太慢了", "客服太差了"], "时间": times})
    source = written(rows, tmp_path / "a", model="lexicon")
    track_add(store, source, today=TODAY)
    with Store(store) as opened:
        opened.retention_days = 60
    report = track_report(store, options=OPTIONS, today=TODAY)
    assert report.scored.canonical["review_id"].to_pylist() == ["2"]
    assert track_add(store, source, today=TODAY)[0] == Added(0, 1, 1)
    assert expire(store, today=TODAY) == 0
    with pytest.raises(InputError, match="没有评价"):
        track_report(store, options=OPTIONS, today=date(2026, 1, 1))


def test_which_model_is_reported(tmp_path):
    store = tmp_path / "s.duckdb"
    rows = pa.table({"编号": ["1"], "内容": ["物流太慢了"]})
    for model in ("linear", "lexicon"):
        track_add(store, written(rows, tmp_path / model, model=model), today=TODAY)
    names = {
        model: track_report(store, model=model).scored.meta["model"]["name"] for model in (None, "linear")
    }
    assert names == {None: "lexicon", "linear": "linear"}
    with pytest.raises(InputError, match="没有模型“encoder”"):
        track_report(store, model="encoder")


def test_emoji_and_empty_texts_survive(tmp_path):
    store = tmp_path / "s.duckdb"
    rows = pa.table({"编号": ["1", "2", "3"], "内容": ["物流慢😡👎\n换行\t制表", None, "客服'很'\"差\""]})
    track_add(store, written(rows, tmp_path / "a", model="lexicon"), today=TODAY)
    expected = score(rows, model="lexicon").canonical["text"].to_pylist()
    assert track_report(store, options=OPTIONS).scored.canonical["text"].to_pylist() == expected
