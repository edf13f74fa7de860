"""Bad input: one clear line with a hint, exit code 2, nothing half-written, nothing lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from holding import Hold
from typer.testing import CliRunner

from feedback_nlp.cli.app import app


def analyze(path: object, out: Path, *more: str):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, ["analyze", str(path), "--out", str(out), *more])


def assert_one_line(result, out: Path) -> None:  # type: ignore[no-untyped-def]
    assert result.exit_code == 2, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("错误：")]
    assert len(lines) == 1
    assert "提示：" in lines[0]
    assert "Traceback" not in result.output
    assert not out.exists() or not list(out.iterdir())


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def encrypted(path: Path) -> Path:
    from msoffcrypto.format.ooxml import OOXMLFile

    plain = workbook(path.with_name("plain.xlsx"), [["内容"], ["物流慢"]])
    with plain.open("rb") as source, path.open("wb") as target:
        OOXMLFile(source).encrypt("secret", target)
    return path


def corrupt(path: Path) -> Path:
    whole = workbook(path, [["内容"], ["物流慢"]]).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CASES = {
    "missing file": lambda d: d / "没有.xlsx",
    "a folder": lambda d: d,
    "empty file": lambda d: written(d / "a.csv", b""),
    "only a header": lambda d: written(d / "a.csv", "内容,评分\n"),
    "no text column": lambda d: written(d / "a.csv", "编号,评分\n1,5\n2,4\n"),
    "password": lambda d: encrypted(d / "a.xlsx"),
    "corrupt xlsx": lambda d: corrupt(d / "a.xlsx"),
    "corrupt parquet": lambda d: written(d / "a.parquet", b"PAR1" + b"\0" * 50),
    "binary as csv": lambda d: written(d / "a.csv", bytes(range(256)) * 20),
    "bad json line": lambda d: written(d / "a.jsonl", '{"text": "好"}\n{oops\n'),
    "unknown suffix": lambda d: written(d / "a.docx", b"hello"),
    "all texts empty": lambda d: written(d / "a.csv", "编号,内容\n1,\n2,  \n3,\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_line(case: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert_one_line(analyze(CASES[case](tmp_path), out), out)


def test_wrong_text_column_names_the_nearest(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "编号,评论内容\n1,物流太慢了\n")
    result = analyze(source, tmp_path / "out", "--text", "评价内容")
    assert_one_line(result, tmp_path / "out")
    assert "评论内容" in result.stderr


def test_one_row_works(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "编号,内容\n1,物流太慢了\n")
    result = analyze(source, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    "bad",
    [
        ["--weights", "1,2"],
        ["--weights", "a,b,c"],
        ["--rating-scale", "5"],
        ["--lang", "fr"],
        ["--model", "nope"],
        ["--taxonomy", "nope.toml"],
        ["--sheet", "无此表"],
        ["--config", "none.toml"],
    ],
    ids=lambda bad: " ".join(bad),
)
def test_bad_option_values(bad: list[str], tmp_path: Path) -> None:
    source = workbook(tmp_path / "a.xlsx", [["编号", "内容"], [1, "物流太慢了"]])
    result = analyze(source, tmp_path / "out", *bad)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert ("提示：" in result.stderr) or ("Hint:" in result.stderr)
    assert not (tmp_path / "out").exists()


def test_error_in_english(tmp_path: Path) -> None:
    result = analyze(tmp_path / "none.csv", tmp_path / "out", "--lang", "en")
    assert result.stderr.startswith("Error: ")
    assert "Hint:" in result.stderr


def test_output_folder_is_a_file(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "编号,内容\n1,物流太慢了\n")
    blocked = written(tmp_path / "out", b"mine")
    result = analyze(source, blocked)
    assert result.exit_code == 2
    assert "提示：" in result.stderr
    assert blocked.read_bytes() == b"mine"


def test_full_disk_leaves_the_earlier_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path / "a.csv", "编号,内容\n1,物流太慢了\n2,退款一直不到账\n")
    out = tmp_path / "out"
    assert analyze(source, out).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("feedback_nlp.report.excel.write", full)
    result = analyze(source, out)
    assert result.exit_code == 2, result.output
    assert "提示：" in result.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_our_bug_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("feedback_nlp.pipeline.prepare", broken)
    result = analyze(tmp_path / "a.csv", tmp_path / "out")
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """At a moment when the tables are written beside their places and the workbook is not."""
    rows = "".join(f"{i},物流太慢了，客服很好，退款拖了一个月。{i}\n" for i in range(300))
    source, out = written(tmp_path / "a.csv", "编号,内容\n" + rows), tmp_path / "out"
    hold = Hold(tmp_path / "hold")
    command = [sys.executable, "-m", "feedback_nlp", "analyze", str(source), "--out", str(out), "--jobs", "1"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=hold.environment,
        # A suite started with "&" in a script ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert hold.reached(process)
    assert list(out.iterdir()), "something is there to be cleared away"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not out.exists() or not list(out.iterdir())
