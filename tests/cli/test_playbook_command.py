"""``playbook init`` → edit → ``report --playbook``: ranks change without scoring, bad codes are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

ROWS = "编号,内容,评分\n" + "".join(
    f"{k:03},{text},{k % 5 + 1}\n"
    for k, text in enumerate(["物流太慢了等了十天", "客服态度很差爱答不理", "退款拖了一个月还没到账"] * 8)
)


def run(*words: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("playbook")
    source = folder / "投诉.csv"
    source.write_text(ROWS, encoding="utf-8")
    result = run("analyze", source, "--out", folder / "报告", "--model", "lexicon", "--quiet")
    assert result.exit_code == 0, result.output
    return folder / "报告"


def ranked(folder: Path) -> list[str]:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return [row["facet"] for row in summary["issues"]]


def test_a_new_playbook_is_valid_and_changes_nothing(report: Path, tmp_path: Path) -> None:
    book = tmp_path / "playbook.toml"
    assert run("playbook", "init", book, "--from", report).exit_code == 0
    text = book.read_text(encoding="utf-8")
    assert "service.attitude" in text
    assert run("playbook", "check", book, "--from", report).exit_code == 0
    assert run("report", report, "--playbook", book, "--out", tmp_path / "r").exit_code == 0
    assert ranked(tmp_path / "r") == ranked(report)
    assert run("playbook", "init", book).exit_code == 2  # it is there already
    assert book.read_text(encoding="utf-8") == text
    assert run("playbook", "init", book, "--force", "--lang", "en").exit_code == 0
    assert "Playbook" in book.read_text(encoding="utf-8")


def test_what_the_user_says_moves_the_ranks(report: Path, tmp_path: Path) -> None:
    last = ranked(report)[-1]
    book = tmp_path / "playbook.toml"
    first = next(facet for facet in ranked(report) if facet != last)
    easy, hard = "feasibility = 5\nseverity = 1.0\n", "feasibility = 1\nseverity = 0.1\n"
    others = "".join(f'["{facet}"]\n{hard}' for facet in set(ranked(report)) - {last})
    book.write_text(f'["{last}"]\nowner = "王敏"\n{easy}{others}', encoding="utf-8")
    result = run("report", report, "--playbook", book, "--out", tmp_path / "r")
    assert result.exit_code == 0, result.output
    assert ranked(tmp_path / "r")[0] == last != first
    summary = json.loads((tmp_path / "r" / "summary.json").read_text(encoding="utf-8"))
    assert summary["options"]["playbook"] == "playbook.toml"


@pytest.mark.parametrize("command", ["analyze", "report"])
def test_unknown_codes_are_refused_before_anything_is_written(
    report: Path, tmp_path: Path, command: str
) -> None:
    book = tmp_path / "playbook.toml"
    book.write_text('\n["logistcs.speed"]\nfeasibility = 2\n', encoding="utf-8")
    source = report if command == "report" else report.parent / "投诉.csv"
    result = run(command, source, "--playbook", book, "--out", tmp_path / "r")
    assert result.exit_code == 2
    told = result.stderr.strip().splitlines()[-1]
    assert "playbook.toml 第 2 行" in told
    assert "logistics.speed" in told
    assert not (tmp_path / "r").exists()


def test_the_playbook_of_analyze_is_kept_for_report(report: Path, tmp_path: Path) -> None:
    book = tmp_path / "手册.toml"
    book.write_text('["after_sales.refund"]\nowner = "甲组"\n', encoding="utf-8")
    source, out = report.parent / "投诉.csv", tmp_path / "out"
    words = ("analyze", source, "--out", out, "--model", "lexicon", "--playbook", book, "--quiet")
    assert run(*words).exit_code == 0
    assert (out / "playbook.toml").read_bytes() == book.read_bytes()
    book.unlink()
    again = run("report", out, "--weights", "1,1,1")
    assert again.exit_code == 0, again.output
    assert "playbook.toml" in again.stderr
    assert "甲组" in (out / "report.html").read_text(encoding="utf-8")
