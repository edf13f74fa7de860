"""Every command, as a user types it: results on stdout, remarks on stderr, right exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from feedback_nlp import __version__
from feedback_nlp.cli.app import app

TEXTS = (
    "物流太慢了，客服倒是很耐心",
    "退款拖了一个月还没到账",
    "质量很好，性价比高",
    "快递等了一周，包装也压坏了",
)


def run(*args: object, input: str | None = None):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, [str(arg) for arg in args], input=input)


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout.strip()) == (0, __version__)


@pytest.mark.parametrize("command", sorted(info.name for info in app.registered_commands))
def test_help_names_options_in_chinese(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert any("\u4e00" <= char <= "\u9fff" for char in result.stdout)


def test_segment_json_is_the_contract() -> None:
    text = "物流太慢了，客服很好"
    row = json.loads(run("segment", text, "--json").stdout)
    assert set(row) == {"text", "clauses"}
    assert [set(clause) for clause in row["clauses"]] == [{"start", "end", "text", "words"}] * 2
    for clause in row["clauses"]:
        assert text[clause["start"] : clause["end"]] == clause["text"] == "".join(clause["words"])


def test_classify_json_is_the_contract() -> None:
    text = "物流太慢了，客服很好"
    row = json.loads(run("classify", text, "--json").stdout)
    assert set(row) == {"text", "polarity", "label", "confidence", "flags", "mentions"}
    keys = {"clause", "start", "end", "text", "element", "facet", "score", "polarity", "label"}
    for mention in row["mentions"]:
        assert set(mention) == keys
        assert text[mention["start"] : mention["end"]] == mention["text"]
    found = {(mention["facet"], mention["label"]) for mention in row["mentions"]}
    assert found == {("logistics.speed", "negative"), ("service.attitude", "positive")}


def test_classify_file_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    rows = [json.loads(line) for line in run("classify", "--file", path, "--json").stdout.splitlines()]
    assert [row["text"] for row in rows] == list(TEXTS)


def test_classify_for_people() -> None:
    result = run("classify", "物流太慢了")
    assert "物流" in result.stdout
    assert "负面" in result.stdout


@pytest.mark.parametrize("command", ["segment", "classify"])
def test_text_or_file_is_needed(command: str) -> None:
    result = run(command)
    assert result.exit_code == 2
    assert "提示" in result.stderr


def test_score_machine_form(jsonl, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source, out, mentions = jsonl(*TEXTS), tmp_path / "scored.parquet", tmp_path / "mentions.parquet"
    result = run("score", source, "-o", out, "--mentions", mentions, "--model", "linear", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    scored = pq.read_table(out).to_pylist()
    assert [row["text"] for row in scored] == list(TEXTS)
    texts = {row["review_id"]: row["text"] for row in scored}
    for row in pq.read_table(mentions).to_pylist():
        assert texts[row["review_id"]][row["start"] : row["end"]] == row["text"]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "xlsx", "jsonl"])
def test_score_formats_keep_every_column(jsonl, tmp_path: Path, suffix: str) -> None:  # type: ignore[no-untyped-def]
    from feedback_nlp.io.readers import read

    rows = [{"review_id": f"00{i}", "text": text, "备注": f"=备注{i}"} for i, text in enumerate(TEXTS)]
    out = tmp_path / f"out.{suffix}"
    assert run("score", jsonl(*rows), "-o", out, "-q").exit_code == 0
    table = read(out).table
    assert table["review_id"].to_pylist() == [row["review_id"] for row in rows]
    assert table["备注"].to_pylist() == [row["备注"] for row in rows]
    assert "fb_polarity" in table.column_names


def test_score_to_standard_output_from_standard_input() -> None:
    lines = "".join(json.dumps({"review_id": str(i), "text": text}) + "\n" for i, text in enumerate(TEXTS))
    result = run("score", "-", "-o", "-", "-q", input=lines)
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"] for row in rows] == list(TEXTS)
    assert {"fb_label", "fb_elements", "fb_negative"} <= set(rows[0])


def test_score_replaces_only_with_force(jsonl, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "out.csv"
    out.write_text("mine", encoding="utf-8")
    refused = run("score", jsonl(*TEXTS), "-o", out, "-q")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert out.read_text(encoding="utf-8") == "mine"
    assert run("score", jsonl(*TEXTS), "-o", out, "-q", "--force").exit_code == 0
    assert "fb_polarity" in out.read_text(encoding="utf-8-sig")


def test_analyze_then_report(jsonl, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rows = [{"review_id": f"{i}", "text": text, "评分": i % 5 + 1} for i, text in enumerate(TEXTS * 5)]
    out = tmp_path / "报告"
    result = run("analyze", jsonl(*rows), "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "评分" in result.stderr  # the column table comes before the work
    names = {"report.html", "issues.xlsx", "scored.parquet", "mentions.parquet", "summary.json"}
    assert {path.name for path in out.iterdir()} == names
    before = (out / "scored.parquet").read_bytes()
    again = run("report", out, "--lang", "en", "--weights", "0.2,0.6,0.2", "-q")
    assert (again.exit_code, again.stdout) == (0, ""), again.stderr
    assert (out / "scored.parquet").read_bytes() == before
    assert 'lang="en"' in (out / "report.html").read_text(encoding="utf-8")


def test_analyze_json_is_the_summary(jsonl, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run("analyze", jsonl(*TEXTS), "--out", tmp_path / "out", "--json", "-q")
    assert json.loads(result.stdout) == json.loads(
        (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")
    )


def test_saved_config_serves_next_month(tmp_path: Path) -> None:
    for month in (1, 2):
        path = tmp_path / f"{month}月.csv"
        path.write_text(
            "甲,乙\n" + "".join(f"{i},{text}\n" for i, text in enumerate(TEXTS)), encoding="utf-8"
        )
    first = run(
        "analyze",
        tmp_path / "1月.csv",
        "--text",
        "乙",
        "--lang",
        "en",
        "--out",
        tmp_path / "a",
        "--save-config",
    )
    assert first.exit_code == 0, first.stderr
    assert (tmp_path / "feedback-nlp.toml").is_file()
    assert run("analyze", tmp_path / "2月.csv", "--out", tmp_path / "b", "-q").exit_code == 0
    assert 'lang="en"' in (tmp_path / "b" / "report.html").read_text(encoding="utf-8")


def test_taxonomy_show_check_init(tmp_path: Path) -> None:
    assert "logistics.speed" in run("taxonomy", "show").stdout
    assert "建议" in run("taxonomy", "show", "--facet", "after_sales.refund").stdout
    codes = [json.loads(line)["code"] for line in run("taxonomy", "show", "--json").stdout.splitlines()]
    assert len(codes) == 34
    path = tmp_path / "own.toml"
    assert run("taxonomy", "init", path).exit_code == 0
    assert run("taxonomy", "check", path).exit_code == 0
    assert run("taxonomy", "init", path).exit_code == 2
    bad = tmp_path / "bad.toml"
    bad.write_text("[elements", encoding="utf-8")
    assert run("taxonomy", "check", bad).exit_code == 2


def test_own_taxonomy_works_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    run("taxonomy", "init", path)
    result = run("classify", "排队太久了，护士很有耐心", "--taxonomy", path, "--model", "lexicon", "--json")
    found = {(row["facet"], row["label"]) for row in json.loads(result.stdout)["mentions"]}
    assert found == {("visit.wait", "negative"), ("visit.nurse", "positive")}


def test_models_list_show_verify() -> None:
    rows = [json.loads(line) for line in run("models", "list", "--json").stdout.splitlines()]
    assert {"linear", "lexicon"} <= {row["name"] for row in rows}
    assert "linear" in run("models", "show", "linear").stdout
    assert "OK" in run("models", "verify").stdout
