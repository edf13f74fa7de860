"""The human loop and the audit, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.abstention import Abstention, store

TEXTS = ["物流太慢了，客服倒是很耐心", "屏幕碎了一道，退款拖了一周", "味道一般，分量还行", "房间有股怪味"]


def run(*args: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, [str(arg) for arg in args])


def refused(result: Any, words: str) -> None:
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("错误：")]
    assert words in line
    assert "提示：" in line


@pytest.fixture
def scored(tmp_path: Path, jsonl: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scored file with its mentions beside it; the working folder is theirs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scored.parquet"
    done = run("score", jsonl(*TEXTS), "-o", path, "--mentions", tmp_path / "mentions.parquet", "-q")
    assert done.exit_code == 0, done.output
    return path


def fill(path: Path, title: str, value: str) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    column = next(cell.column for cell in sheet[1] if cell.value == title)
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, column).value = value
    book.save(path)


def test_export_fill_import_train(scored: Path, tmp_path: Path) -> None:
    exported = run("review", "export", scored, "--n", 6)
    assert exported.exit_code == 0, exported.output
    assert exported.stdout.strip() == "待复核.xlsx"
    nothing = run("review", "import", "待复核.xlsx")
    assert "看过 0 行" in nothing.stdout
    assert "没有一行看过" in nothing.stderr
    fill(tmp_path / "待复核.xlsx", "对吗", "对")
    found = run("review", "import", "待复核.xlsx", "--lang", "en")
    assert found.exit_code == 0, found.output
    assert "6 rows, 6 judged: 6 right, 0 changed" in found.stdout
    assert "6 clauses are new" in found.stdout
    trained = run("train", "--base", "linear", "--data", "corrections.jsonl", "-o", "my-model", "-q")
    assert trained.exit_code == 0, trained.output
    assert (tmp_path / "my-model" / "model.json").is_file()
    ruled = run("classify", "物流太慢了", "--model", "corrections.rules.toml", "--json")
    assert ruled.exit_code == 0, ruled.output
    machine = json.loads(run("review", "import", "待复核.xlsx", "--json").stdout)
    assert (machine["n_new"], machine["changes"], machine["path"]) == (0, [], "corrections.jsonl")
    refused(run("review", "export", scored), "已经存在")
    refused(run("review", "import", "待复核.xlsx", "-o", "待复核.xlsx"), "会覆盖输入文件")


def test_sample_label_apply(scored: Path, tmp_path: Path) -> None:
    sampled = run("audit", "sample", scored, "--n", 4, "--json")
    assert json.loads(sampled.stdout) == {"output": "抽样.xlsx", "n_rows": 4}
    refused(run("audit", "apply", "抽样.xlsx", scored), "没有标注过的行")
    fill(tmp_path / "抽样.xlsx", "看过", "看过")
    found = run("audit", "apply", "抽样.xlsx", scored, "-o", "结果.csv")
    assert found.exit_code == 0, found.output
    assert "4 条计入的评价，抽样 4 条，标了 4 条" in found.stdout
    assert "| 物流 |" in found.stdout
    assert (tmp_path / "结果.csv").is_file()
    machine = json.loads(run("audit", "apply", "抽样.xlsx", scored, "--json").stdout)
    assert {row["verdict"] for row in machine["elements"]} == {"unknown"}
    assert "NaN" not in found.stdout
    refused(run("audit", "apply", "抽样.xlsx", scored, "-o", "结果.csv"), "已经存在")
    refused(run("audit", "apply", "待复核.xlsx", scored), "待复核.xlsx")


def test_target_error(tmp_path: Path, jsonl: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = load_model("linear").save(tmp_path / "own")
    sure = np.linspace(0.9, 1, 400)
    store(own, Abstention.learn(sure, sure > 0.97, ["a"] * 400))
    data = tmp_path / "gold.jsonl"
    rows = [{"text": text, "clauses": [[0, 2]], "labels": [], "overall": -1, "domain": "x"} for text in TEXTS]
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    args = ("evaluate", "--model", own, "--data", data, "--max-error", 0.1, "--draws", 5)
    shown = run(*args, "--by", "domain")
    assert shown.exit_code == 0, shown.output
    assert "目标错误率 10.0%" in shown.stdout
    assert "| x | " in shown.stdout
    target = json.loads(run(*args, "--json").stdout)["models"][0]["max_error"]
    assert target["max_error"] == 0.1
    assert target["realised"]["n"] == 4
    refused(run(*args[:-4], "--max-error", 7), "目标错误率 7")
    refused(run("evaluate", "--model", "lexicon", "--data", data, "--max-error", 0.1), "没有存留出行业")
    done = run("analyze", jsonl(*TEXTS), "--model", own, "--max-error", 0.1, "--out", "r", "-q")
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(tmp_path / "r" / "issues.xlsx")
    confidence = target["confidence"]
    queue = [row[3] for row in book["待复核"].iter_rows(min_row=2, values_only=True)]
    assert queue
    assert all(value < confidence for value in queue)
