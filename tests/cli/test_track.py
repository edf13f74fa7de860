"""``feedback-nlp track`` from end to end."""

import json

import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

pytest.importorskip("duckdb")
ROWS = [
    {"编号": "1", "内容": "物流太慢了，等了半个月", "客户": "C001", "时间": "2025-01-05"},
    {"编号": "2", "内容": "客服态度太差", "客户": "C002", "时间": "2025-02-05"},
]


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def store(jsonl, tmp_path):
    source = jsonl(*ROWS)
    out = tmp_path / "scored.parquet"
    options = ("--mentions", tmp_path / "m.parquet", "--model", "lexicon", "-q")
    assert run("score", source, "-o", out, *options).exit_code == 0
    place = tmp_path / "feedback.duckdb"
    result = run("track", "add", out, "--mentions", tmp_path / "m.parquet", "--store", place)
    assert result.exit_code == 0, result.output
    assert "新 2 条，已有 0 条" in result.stdout
    return place


def test_add_again(store, tmp_path):
    words = ("track", "add", tmp_path / "scored.parquet", "--mentions", tmp_path / "m.parquet")
    result = run(*words, "--store", store, "--json")
    assert json.loads(result.stdout)["files"][0] == {
        "file": str(tmp_path / "scored.parquet"),
        "n_new": 0,
        "n_replaced": 2,
        "n_expired": 0,
    }
    assert run(*words, "--store", store, "-q").stdout == ""


def test_add_without_mentions(store, tmp_path):
    result = run("track", "add", tmp_path / "scored.parquet", "--store", store)
    assert result.exit_code == 2
    assert "mentions.parquet" in result.stderr


def test_mentions_go_with_one_file(store, tmp_path):
    files = (tmp_path / "scored.parquet", tmp_path / "scored.parquet")
    result = run("track", "add", *files, "--mentions", tmp_path / "m.parquet", "--store", store)
    assert result.exit_code == 2
    assert "给了 2 个" in result.stderr


def test_report_writes_what_analyze_writes(store, tmp_path):
    result = run("track", "report", "--store", store, "-o", tmp_path / "out", "--lang", "en")
    assert result.exit_code == 0, result.output
    names = {"report.html", "issues.xlsx", "scored.parquet", "mentions.parquet", "summary.json"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["reviews"]["n"] == 2
    assert summary["input"]["name"] == "feedback.duckdb"


def test_forget(store):
    result = run("track", "forget", "--store", store, "--customer", "C001", "--json")
    assert json.loads(result.stdout)["n_reviews"] == 1
    assert "物流太慢了".encode() not in store.read_bytes()
    assert "0 条评价" in run("track", "forget", "--store", store, "--customer", "C001").stdout
    assert "1 条评价" in run("track", "forget", "--store", store, "--before", "2025-03-01").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "没有说要删什么"), (("--before", "去年"), "日期“去年”不对"), (("--before", "2025-02-30"), "不对")],
)
def test_forget_needs_to_know_what(store, words, said):
    result = run("track", "forget", "--store", store, *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_retention_asks_before_it_deletes(store):
    result = run("track", "retention", "--store", store, "--days", "30")
    assert result.exit_code == 2
    assert "2 条评价早于 30 天" in result.stderr
    shown = json.loads(run("track", "show", "--store", store, "--json").stdout)
    assert shown["retention_days"] is None
    assert shown["models"][0]["n_reviews"] == 2
    result = run("track", "retention", "--store", store, "--days", "30", "--yes", "--json")
    assert json.loads(result.stdout) == {"retention_days": 30, "n_deleted": 2}
    assert "保留 30 天" in run("track", "retention", "--store", store).stdout
    assert "一直保留" in run("track", "retention", "--store", store, "--off").stdout


def test_retention_options_exclude_each_other(store):
    assert run("track", "retention", "--store", store, "--days", "9", "--off").exit_code == 2
    result = run("track", "retention", "--store", store, "--days", "0", "--yes")
    assert result.exit_code == 2
    assert "0 天" in result.stderr


def test_show(store):
    shown = run("track", "show", "--store", store)
    assert "lexicon" in shown.stdout
    assert "2025-01-05 – 2025-02-05" in shown.stdout


def test_no_store(tmp_path):
    for words in (("report",), ("show",), ("retention",), ("forget", "--customer", "x")):
        result = run("track", *words, "--store", tmp_path / "none.duckdb")
        assert result.exit_code == 2
        assert "没有存储文件" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_report_honours_edits_beside_the_store(store, tmp_path):
    out = tmp_path / "out"
    assert run("track", "report", "--store", store, "--out", out, "-q").exit_code == 0
    issue = json.loads((out / "summary.json").read_text(encoding="utf-8"))["issues"][0]["issue_id"]
    (tmp_path / "issues.toml").write_text(f'[rename]\n"{issue}" = "等半个月"\n', encoding="utf-8")
    assert run("track", "report", "--store", store, "--out", out, "-q").exit_code == 0
    names = [row["name"] for row in json.loads((out / "summary.json").read_text(encoding="utf-8"))["issues"]]
    assert "等半个月" in names
