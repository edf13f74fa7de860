"""The store: what goes in comes out, once; what is forgotten leaves the file itself."""

import subprocess
import sys
from datetime import date, datetime

import pyarrow as pa
import pytest

from feedback_nlp.errors import ConfigError, InputError, MissingExtraError, OutputError
from feedback_nlp.schema import mentions_schema, reviews_schema, scored_schema
from feedback_nlp.store import SCHEMA_VERSION, Added, Batch, Forgotten, Store, database, erasing, forget

duckdb = pytest.importorskip("duckdb")
TODAY = date(2025, 6, 1)
META = {
    "model": {"name": "linear", "sha256": "m1"},
    "roles": {"review_id": "编号", "text": "内容"},
    "rating_scale": [1.0, 5.0],
    "taxonomy": "default",
    "safety_threshold": 0.9,
}
SECRET = "只有这位顾客才会写的一句话"


def make(rows, *, model="m1", meta=META):
    """Build a batch; every review has one mention, of its whole text."""
    names = {name for row in rows for name in row} | {"review_id", "text"}
    fields = [field for field in reviews_schema() if field.name in names]
    fields += [field for field in scored_schema() if field.name != "fb_duplicate_of"]
    scores = {
        "fb_polarity": -0.5,
        "fb_label": "negative",
        "fb_confidence": 0.75,
        "fb_elements": ["logistics.speed", "service.attitude"],
        "fb_negative": ["logistics.speed"],
        "fb_flags": [],
        "fb_needs_review": False,
        "fb_status": "ok",
    }
    reviews = pa.Table.from_pylist([{**scores, **row} for row in rows], schema=pa.schema(fields))
    mentions = [
        {
            "review_id": row["review_id"],
            "clause": 0,
            "start": 0,
            "end": len(row["text"] or ""),
            "text": row["text"],
            "element": "logistics",
            "facet": "logistics.speed",
            "score": 0.875,
            "polarity": -0.5,
            "label": "negative",
        }
        for row in rows
    ]
    return Batch(model, meta, reviews, pa.Table.from_pylist(mentions, schema=mentions_schema()))


ROWS = [
    {"review_id": "甲", "text": SECRET, "customer": "C-13800000000", "time": datetime(2025, 1, 5, 8, 30)},
    {"review_id": "乙", "text": "物流慢😡\n第二行", "customer": "C2", "time": datetime(2025, 3, 1)},
    {"review_id": "丙", "text": None, "customer": None, "time": None, "fb_polarity": None, "fb_flags": None},
]


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "feedback.duckdb"
    with Store(place, create=True) as store:
        store.add(make(ROWS), today=TODAY)
    return place


def contents(path, model="m1"):
    with Store(path, read_only=True) as store:
        return store.read(model)


def test_what_goes_in_comes_out(path):
    batch = make(ROWS)
    reviews, mentions = contents(path)
    assert reviews.select(batch.reviews.column_names).to_pylist() == batch.reviews.to_pylist()
    assert reviews.schema.field("time").type == pa.timestamp("s")
    assert mentions.schema == mentions_schema()
    assert mentions.to_pylist() == batch.mentions.to_pylist()


def test_roles_that_nobody_has_are_left_out(path):
    assert "store" not in contents(path)[0].column_names


def test_adding_again_changes_nothing(path):
    before = [table.to_pylist() for table in contents(path)]
    with Store(path) as store:
        assert store.add(make(ROWS), today=TODAY) == Added(0, 3, 0)
    assert [table.to_pylist() for table in contents(path)] == before


def test_a_new_scoring_takes_the_place_of_the_old_one(path):
    with Store(path) as store:
        added = store.add(
            make([{**ROWS[0], "text": "改过的"}, {"review_id": "丁", "text": "新"}]), today=TODAY
        )
    assert added == Added(1, 1, 0)
    reviews, mentions = contents(path)
    assert reviews["review_id"].to_pylist() == ["甲", "乙", "丙", "丁"]
    assert mentions["text"].to_pylist() == ["改过的", "物流慢😡\n第二行", None, "新"]


def test_models_are_kept_apart(path):
    meta = {**META, "model": {"name": "lexicon", "sha256": "m2"}}
    with Store(path) as store:
        assert store.add(make(ROWS[:1], model="m2", meta=meta), today=TODAY) == Added(1, 0, 0)
        kept = store.kept()
    assert [(one.model, one.n_reviews, one.first, one.last) for one in kept] == [
        ("m2", 1, date(2025, 1, 5), date(2025, 1, 5)),
        ("m1", 3, date(2025, 1, 5), date(2025, 3, 1)),
    ]


def test_a_batch_of_nothing(tmp_path):
    with Store(tmp_path / "x.duckdb", create=True) as store:
        assert store.add(make([]), today=TODAY) == Added(0, 0, 0)
        assert store.read("m1")[0].num_rows == 0


def test_what_is_forgotten_leaves_the_file(path):
    secrets = [text.encode() for text in (SECRET, "C-13800000000")]
    assert all(secret in path.read_bytes() for secret in secrets)
    assert forget(path, customers=["C-13800000000"]) == Forgotten(1, 1)
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert not any(secret in everything for secret in secrets)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    reviews, mentions = contents(path)
    assert reviews["review_id"].to_pylist() == ["乙", "丙"]
    assert mentions["review_id"].to_pylist() == ["乙", "丙"]


def test_earlier_wordings_are_forgotten_too(path):
    with Store(path) as store:
        store.add(make([{**ROWS[0], "text": "改过的"}]), today=TODAY)
    forget(path, customers=["C-13800000000"])
    assert SECRET.encode() not in path.read_bytes()


def test_a_store_goes_on_after_forgetting(path):
    with Store(path) as store:
        store.retention_days = 900
    forget(path, customers=["C2"])
    with Store(path) as store:
        assert store.retention_days == 900
        assert store.add(make(ROWS), today=TODAY) == Added(1, 2, 0)


def test_before_a_date_by_the_day_or_the_day_of_adding(path):
    assert forget(path, before=date(2025, 1, 5)) == Forgotten(0, 0)
    assert forget(path, before=date(2025, 3, 1)) == Forgotten(1, 1)
    assert forget(path, before=TODAY) == Forgotten(1, 1)
    assert forget(path, before=date(2025, 6, 2)) == Forgotten(1, 1)  # the one without a time


def test_nothing_named_forgets_nothing(path):
    assert forget(path) == Forgotten(0, 0)
    assert forget(path, customers=["没有这个人", "' OR 1=1 --"]) == Forgotten(0, 0)


def test_an_interrupted_forgetting_leaves_the_store(path, monkeypatch):
    def stopped(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, "_replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        forget(path, customers=["C2"])
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert contents(path)[0].num_rows == 3


def test_a_failed_adding_leaves_the_store(path, monkeypatch):
    def full(*_args):
        raise OSError("No space left on device")

    monkeypatch.setattr(database.Store, "_insert", full)
    with pytest.raises(OutputError, match="No space left"), Store(path) as store:
        store.add(make([{"review_id": "丁", "text": "新"}]), today=TODAY)
    assert contents(path)[0].num_rows == 3
    with pytest.raises(OutputError), Store(path.with_name("new.duckdb"), create=True) as store:
        store.add(make(ROWS), today=TODAY)
    assert not path.with_name("new.duckdb").exists()


def test_retention(path):
    with Store(path) as store:
        store.retention_days = 100
        assert store.oldest_kept(TODAY) == date(2025, 2, 21)
        assert store.n_older(100, TODAY) == 1
        old = {"review_id": "戊", "text": "旧", "time": datetime(2025, 2, 20)}
        edge = {"review_id": "己", "text": "新", "time": datetime(2025, 2, 21)}
        assert store.add(make([old, edge]), today=TODAY) == Added(1, 0, 1)
        store.retention_days = None
        assert store.oldest_kept(TODAY) is None
        assert store.n_older(10**9, TODAY) == 0
        with pytest.raises(ConfigError, match="0 天"):
            store.retention_days = 0


def test_rating_scales_must_agree(path):
    other = {**META, "rating_scale": [0.0, 10.0]}
    with Store(path) as store:
        with pytest.raises(InputError, match=r"1–5.*0–10"):
            store.add(make(ROWS, meta=other), today=TODAY)
        assert store.add(make(ROWS, meta={**META, "rating_scale": None}), today=TODAY).n_new == 0
        assert store.kept()[0].meta["rating_scale"] == [1.0, 5.0]


def test_schema_version(path):
    with duckdb.connect(str(path)) as db:
        assert db.execute("SELECT value FROM info WHERE key = 'schema_version'").fetchall() == [
            (str(SCHEMA_VERSION),)
        ]
        db.execute("UPDATE info SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(InputError, match=r"第 99 版.*升级"):
        Store(path)
    with pytest.raises(InputError, match="99"):
        forget(path, customers=["C2"])


def test_files_that_are_no_store(tmp_path):
    with pytest.raises(InputError, match=r"没有存储文件.*track add"):
        Store(tmp_path / "none.duckdb")
    with pytest.raises(InputError, match="文件夹"):
        Store(tmp_path, create=True)
    with pytest.raises(OutputError, match="不存在"):
        Store(tmp_path / "none" / "x.duckdb", create=True)
    text = tmp_path / "text.duckdb"
    text.write_text("not a database" * 1000)
    with pytest.raises(InputError, match="不是存储文件"):
        Store(text, create=True)
    assert text.read_text().startswith("not a database")
    foreign = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(foreign)) as db:
        db.execute("CREATE TABLE mine (x INTEGER)")
    with pytest.raises(InputError, match="不是本工具的存储"):
        Store(foreign, create=True)
    with duckdb.connect(str(foreign)) as db:
        assert db.execute("SELECT count(*) FROM mine").fetchall() == [(0,)]


def test_a_store_in_use(path):
    code = (
        f"import duckdb, sys; db = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "open\n"
        for act in (lambda: Store(path), lambda: forget(path, customers=["C2"])):
            with pytest.raises(OutputError, match=f"正被别的进程使用（PID {holder.pid}）"):
                act()
        holder.stdin.close()
    assert contents(path)[0].num_rows == 3


def test_without_duckdb(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r'pip install "feedback-nlp\[track\]"'):
        Store(path)


def test_quotes_in_a_path(tmp_path):
    place = tmp_path / "it's 存储.duckdb"
    with Store(place, create=True) as store:
        store.add(make(ROWS), today=TODAY)
    assert forget(place, customers=["C2"]) == Forgotten(1, 1)
    assert contents(place)[0].num_rows == 2


def test_a_link_stays_a_link_and_a_mode_a_mode(path, tmp_path):
    path.chmod(0o600)
    link = tmp_path / "link.duckdb"
    link.symlink_to(path)
    assert forget(link, customers=["C-13800000000"]) == Forgotten(1, 1)
    assert link.is_symlink()
    assert SECRET.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
