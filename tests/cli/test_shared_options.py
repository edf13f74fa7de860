"""Options that every command shares hold wherever a file is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

ROWS = "工单号,甲,乙\nG1,物流太慢了，等了一周,店一\nG2,客服态度很差，一直不回复,店二\n".replace("，", "、")


def run(*arguments: object, code: int = 0, stdin: str | None = None):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert result.exit_code == code, result.stderr or result.output
    return result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["classify", "segment"])
def test_columns_of_a_file_are_named(command: str, table: Path) -> None:
    found = run(command, "--file", table, "--text", "乙", "--id", "工单号", "--json", "--quiet")
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(row["review_id"], row["text"]) for row in rows] == [("G1", "店一"), ("G2", "店二")]
    assert found.stderr == ""


@pytest.mark.parametrize("command", ["classify", "segment"])
def test_the_configuration_beside_the_file_holds(command: str, table: Path) -> None:
    (table.parent / "feedback-nlp.toml").write_text(
        'text = "乙"\njson = true\nquiet = true\n', encoding="utf-8"
    )
    found = run(command, "--file", table)
    assert [json.loads(line)["text"] for line in found.stdout.splitlines()] == ["店一", "店二"]
    assert found.stderr == ""


def test_score_saves_and_takes_its_options(table: Path) -> None:
    out = table.parent / "out.csv"
    run("score", table, "-o", out, "--model", "lexicon", "--text", "甲", "--save-config", "--quiet")
    saved = table.parent / "feedback-nlp.toml"
    assert 'text = "甲"' in saved.read_text(encoding="utf-8")
    with saved.open("a", encoding="utf-8") as file:
        file.write("force = true\njson = true\nstrict = true\n")
    assert json.loads(run("score", table, "-o", out).stdout)["n_reviews"] == 2
    table.write_text(ROWS + 'G3,"坏\0的",店三\n', encoding="utf-8")
    assert "--strict" in run("score", table, "-o", out, code=2).stderr


def test_score_masks_what_it_quotes_unless_told(table: Path) -> None:
    table.write_text(ROWS + 'G3,"电话13800138000\0",店三\n', encoding="utf-8")
    out = table.parent / "out.csv"
    asked = ("score", table, "-o", out, "--text", "甲", "--model", "lexicon", "--force")
    assert "13800138000" not in run(*asked).stderr
    assert "13800138000" in run(*asked, "--no-mask").stderr


def test_weights_are_saved_as_given(table: Path) -> None:
    from feedback_nlp.cli import options, runs

    chosen = options.merge({"weights": "0.6,0.3,0.1", "save_config": True})
    runs.save_roles([str(table)], {}, chosen)
    assert "weights = [0.6, 0.3, 0.1]" in (table.parent / "feedback-nlp.toml").read_text(encoding="utf-8")


def test_numbers_that_begin_anew_every_month_are_no_ids_from_a_saved_file_either(table: Path) -> None:
    ask = ("--model", "lexicon", "--out", table.parent / "out", "--json")
    run("analyze", table, "--text", "甲", "--save-config", *ask)
    assert "工单号" not in (table.parent / "feedback-nlp.toml").read_text(encoding="utf-8")
    second = table.parent / "in2.csv"
    second.write_text(ROWS.replace("物流太慢", "退款不给").replace("客服", "商家"), encoding="utf-8")
    assert json.loads(run("analyze", table, second, *ask).stdout)["reviews"]["n_counted"] == 4
    run("analyze", table, "--id", "工单号", "--save-config", *ask)
    assert json.loads(run("analyze", table, second, *ask).stdout)["reviews"]["n_counted"] == 2


def test_compare_saves_the_columns_both_files_have(table: Path) -> None:
    other = table.parent / "new.csv"
    other.write_text(ROWS.replace("工单号", "编号"), encoding="utf-8")
    run("compare", table, other, "--text", "甲", "--model", "lexicon", "--save-config", "--quiet")
    saved = (table.parent / "feedback-nlp.toml").read_text(encoding="utf-8")
    assert 'text = "甲"' in saved
    assert "工单号" not in saved


def test_a_file_is_not_compared_with_itself(table: Path) -> None:
    again = table.parent / "." / table.name
    assert "同一个文件" in run("compare", table, again, code=2).stderr
    assert "同一个文件" in run("compare", "-", "-", code=2).stderr


def test_report_of_a_table_says_what_to_do(table: Path) -> None:
    said = run("report", table, code=2).stderr
    assert "feedback-nlp analyze in.csv" in said
    assert ".parquet" in said


def test_labels_from_standard_input() -> None:
    line = {
        "id": "1",
        "text": "物流太慢",
        "clauses": [[0, 4]],
        "labels": [[0, "logistics.speed", -1]],
        "overall": -1,
    }
    found = run(
        "evaluate", "--data", "-", "--model", "lexicon", "--draws", 10, "--json", stdin=json.dumps(line)
    )
    assert json.loads(found.stdout)
    assert "没有标注" in run("evaluate", "--data", "-", code=2, stdin="").stderr


@pytest.mark.parametrize("resume", [True, False])
def test_an_interrupted_run_says_how_it_goes_on(table: Path, monkeypatch, resume: bool) -> None:
    from feedback_nlp.pipeline.files import Job

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "run", stopped)
    more = ["--resume"] if resume else []
    asked = ("score", table, "-o", table.parent / "o.csv", "--model", "lexicon", "--text", "甲", *more)
    found = run(*asked, code=130)
    assert ("带 --resume" in found.stderr) == resume
