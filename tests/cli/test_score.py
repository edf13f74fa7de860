"""``feedback-nlp score`` from the outside: pipes, bad rows, strictness, going on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

GOOD = [
    {"review_id": "1", "text": "物流太慢了，等了十天"},
    {"review_id": "2", "text": "客服很好"},
    {"review_id": "3", "text": "物流太慢了，等了十天"},
]


def run(*words: object, **more: object):  # type: ignore[no-untyped-def]
    command = ["score", *(str(word) for word in words), "--model", "lexicon"]
    return CliRunner().invoke(app, command, **more)  # type: ignore[arg-type]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in GOOD]
    path.write_text("\n".join([*lines, '{"text": "电话13812345678', ""]), encoding="utf-8")
    return path


def test_bad_rows_are_told_and_the_run_goes_on(bad: Path, tmp_path: Path) -> None:
    result = run(bad, "-o", tmp_path / "o.parquet")
    assert result.exit_code == 0, result.output
    assert "1 行读不了" in result.stderr
    assert "in.jsonl 第 4 行：不是一个 JSON 对象" in result.stderr
    assert "13812345678" not in result.output
    assert pq.read_table(tmp_path / "o.parquet")["fb_status"].to_pylist() == ["ok", "ok", "ok", "bad"]


def test_json_lists_them(bad: Path, tmp_path: Path) -> None:
    result = run(bad, "-o", tmp_path / "o.csv", "--json", "--quiet")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["n_reviews"], found["n_bad"], found["n_resumed"]) == (4, 1, 0)
    assert (found["bad"][0]["row"], found["bad"][0]["reason"]) == (4, "json")


def test_strict_is_an_error(bad: Path, tmp_path: Path) -> None:
    result = run(bad, "-o", tmp_path / "o.parquet", "--strict")
    assert result.exit_code == 2
    assert "第 4 行" in result.stderr
    assert "提示：" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_going_on_twice_is_said(bad: Path, tmp_path: Path) -> None:
    for words in ("", "已经做完"):
        result = run(bad, "-o", tmp_path / "o.parquet", "--resume")
        assert result.exit_code == 0, result.output
        assert words in result.stderr
    bad.write_text('{"text": "客服很好"}\n', encoding="utf-8")
    refused = run(bad, "-o", tmp_path / "o.parquet", "--resume", "--lang", "en")
    assert refused.exit_code == 2
    assert "the input changed" in refused.stderr


def test_a_folder_whose_output_lies_in_it(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(json.dumps(GOOD[1]) + "\n", encoding="utf-8")
    for _ in range(2):  # the second time the output is there, and no input
        result = run(tmp_path, "-o", tmp_path / "o.parquet", "--force", "--json", "-q")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["n_reviews"] == 2


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_in_a_pipe(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in GOOD), encoding="utf-8")
    line = f"cat {source} | {sys.executable} -m feedback_nlp score - -o - --model lexicon -q --jobs 2"
    found = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    rows = [json.loads(row) for row in found.stdout.splitlines()]
    assert [row["review_id"] for row in rows] == ["1", "2", "3"]
    assert [row["fb_duplicate_of"] for row in rows] == [None, None, "1"]
    closed = subprocess.run(["bash", "-c", f"{line} | head -1"], capture_output=True, text=True, check=True)
    assert len(closed.stdout.splitlines()) == 1
    assert "Traceback" not in closed.stderr
