"""``feedback-nlp compare`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app


def run(*args: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, ["compare", *(str(arg) for arg in args), "--model", "lexicon"])


@pytest.fixture
def files(jsonl) -> tuple[Path, Path]:  # type: ignore[no-untyped-def]
    old = [f"质量很好，第{i}次买" for i in range(30)]
    new = [f"物流太慢了，第{i}次等一周" for i in range(30)]
    return jsonl(*old, name="旧.jsonl"), jsonl(*new, name="新.jsonl")


def test_table_on_stdout_and_page(files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "compare.html"
    result = run(*files, "-o", page)
    assert result.exit_code == 0, result.output
    assert "| 项目 |" in result.stdout
    assert "物流" in result.stdout
    assert str(page) in result.stdout
    assert "有什么变了" in page.read_text(encoding="utf-8")


def test_json(files) -> None:  # type: ignore[no-untyped-def]
    found = json.loads(run(*files, "--json", "-q").stdout)
    assert found["sides"]["old"]["name"] == "旧.jsonl"
    assert found["cells"][0]["verdict"] in ("more", "less")


def test_an_existing_page_stays(files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "compare.html"
    page.write_text("mine")
    result = run(*files, "-o", page)
    assert result.exit_code == 2
    assert page.read_text() == "mine"
    assert run(*files, "-o", page, "--force").exit_code == 0


def test_input_is_never_the_output(files) -> None:  # type: ignore[no-untyped-def]
    assert run(*files, "-o", files[0], "--force").exit_code == 2


def test_one_file_alone_is_a_question(files) -> None:  # type: ignore[no-untyped-def]
    result = run(files[0])
    assert result.exit_code == 2
    assert "提示" in result.stderr


def test_edits_beside_the_files_are_honoured(files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    issues = [
        cell for cell in json.loads(run(*files, "--json", "-q").stdout)["cells"] if cell["kind"] == "issue"
    ]
    (files[0].parent / "issues.toml").write_text(
        f'[rename]\n"{issues[0]["code"]}" = "等一周"\n', encoding="utf-8"
    )
    assert "等一周" in run(*files).stdout
    given = tmp_path / "我的.toml"
    given.write_text(f'[rename]\n"{issues[0]["code"]}" = "慢得很"\n', encoding="utf-8")
    shown = run(*files, "--issues", given).stdout
    assert "慢得很" in shown
    assert "等一周" not in shown


def test_a_bad_file_of_edits_is_one_line(files) -> None:  # type: ignore[no-untyped-def]
    (files[0].parent / "issues.toml").write_text('[rename]\n"甲" = 3\n', encoding="utf-8")
    result = run(*files)
    assert result.exit_code == 2
    assert "issues.toml 第 2 行" in result.stderr
