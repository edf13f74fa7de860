"""Where results go: never over the input, never two into one, and streams that are gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

ROWS = "编号,内容,评分\n001,物流太慢了，等了十天,1\n002,客服态度很差,2\n".replace("，等", "等")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def run(*words: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, [str(word) for word in words])


def shell(line: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = line.replace("fb", f"{sys.executable} -m feedback_nlp", 1)
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, **more)  # type: ignore[call-overload, no-any-return]


def test_a_report_never_replaces_its_input(source: Path) -> None:
    from feedback_nlp.io.readers import read
    from feedback_nlp.io.writers import write_table

    mine = source.parent / "issues.xlsx"
    write_table(read(source).table, mine)
    before = mine.read_bytes()
    result = run("analyze", mine, "--out", source.parent, "--model", "lexicon")
    assert result.exit_code == 2, result.output
    assert "覆盖输入" in result.stderr
    assert mine.read_bytes() == before


def test_score_over_its_input_needs_force(source: Path) -> None:
    assert run("score", source, "-o", source, "--model", "lexicon").exit_code == 2
    assert source.read_text(encoding="utf-8") == ROWS


def test_two_outputs_are_two_files(source: Path) -> None:
    out = source.parent / "x.parquet"
    result = run("score", source, "-o", out, "--mentions", out, "--force", "--model", "lexicon")
    assert result.exit_code == 2
    assert not out.exists()


def test_empty_ids_are_filled_so_that_mentions_can_be_joined(source: Path) -> None:
    source.write_text("review_id,内容\n7,物流太慢了\n,客服态度很差\n", encoding="utf-8")
    out, marks = source.parent / "x.parquet", source.parent / "m.parquet"
    assert run("score", source, "-o", out, "--mentions", marks, "--model", "lexicon").exit_code == 0
    assert pq.read_table(out)["review_id"].to_pylist() == ["7", "#2"]
    assert set(pq.read_table(marks)["review_id"].to_pylist()) == {"7", "#2"}


def test_texts_cut_for_excel_are_told_of(source: Path) -> None:
    source.write_text("编号,内容\n1," + "物流太慢了。" * 6_000 + "\n", encoding="utf-8")
    result = run("score", source, "-o", source.parent / "x.xlsx", "--model", "lexicon")
    assert result.exit_code == 0
    assert "被截短" in result.stderr


def test_messages_mask_personal_data(source: Path) -> None:
    source.write_text(
        "工单号,内容,时间\n13812345678,物流太慢了,2025-01-01\n13912345678,客服很差,13812345678\n",
        encoding="utf-8",
    )
    result = run("analyze", source, "--out", source.parent / "o", "--model", "lexicon")
    assert result.exit_code == 0, result.output
    assert "13812345678" not in result.output
    source.write_text("张三13812345678,城东\n李四13912345678,城西\n", encoding="utf-8")
    result = run("analyze", source, "--text", "内容", "--out", source.parent / "o2")
    assert result.exit_code == 2
    assert "13812345678" not in result.output


def test_columns_of_the_configuration_file_are_shown_as_such(source: Path) -> None:
    source.with_name("feedback-nlp.toml").write_text('text = "内容"\n', encoding="utf-8")
    result = run("analyze", source, "--out", source.parent / "o", "--model", "lexicon")
    assert "配置文件" in result.stderr


def test_an_empty_text_option_is_no_option(source: Path) -> None:
    result = run("analyze", source, "--text", "", "--out", source.parent / "o", "--model", "lexicon")
    assert result.exit_code == 0, result.output


def test_mentions_of_other_reviews_are_refused(source: Path) -> None:
    for name, ids in (("a", ("1", "2")), ("b", ("3", "4"))):
        other = source.with_name(f"{name}.csv")
        other.write_text(f"编号,内容\n{ids[0]},物流太慢了\n{ids[1]},客服很差\n", encoding="utf-8")
        assert run("analyze", other, "--out", source.parent / name, "--model", "lexicon").exit_code == 0
    result = run("report", source.parent / "a", "--mentions", source.parent / "b" / "mentions.parquet")
    assert result.exit_code == 2, result.output
    assert "不是一对" in result.stderr


def test_models_show_knows_the_lexicon() -> None:
    result = run("models", "show", "lexicon", "--lang", "en")
    assert result.exit_code == 0
    assert "taxonomy" in result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_one_line() -> None:
    found = shell("fb segment 物流太慢了 > /dev/full")
    assert found.returncode == 2, found.stderr
    assert found.stderr.startswith("错误：")
    assert "Traceback" not in found.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    "line", ["fb segment 物流慢 >&-", "fb score - -o - <&-", "fb segment $'\\xff物流慢'"]
)
def test_closed_streams_and_broken_words(line: str) -> None:
    found = shell(line)
    assert found.returncode in (0, 2), found.stderr
    assert "Traceback" not in found.stderr
    assert "内部错误" not in found.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
def test_being_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    text = "物流太慢了，客服很好，退款拖了一个月。"
    source = tmp_path / "a.csv"
    source.write_text("编号|内容\n" + "".join(f"{i}|{text}{i}\n" for i in range(60_000)), encoding="utf-8")
    scratch, out = tmp_path / "tmp", tmp_path / "out"
    scratch.mkdir()
    command = [
        sys.executable,
        "-m",
        "feedback_nlp",
        "score",
        str(source),
        "-o",
        str(out) + ".csv",
        "--jobs",
        "2",
    ]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(scratch)}
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.glob(".out.csv.parts/*.scores")):  # finished parts to be cleared away
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list(scratch.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "tmp"]


@pytest.mark.parametrize("below", ["", "/报告"])
def test_a_file_where_a_folder_is_meant_is_told_before_any_work(tmp_path, below):
    table = tmp_path / "in.csv"
    table.write_text("内容\n物流太慢\n", encoding="utf-8")
    (tmp_path / "out.txt").write_text("x", encoding="utf-8")
    result = CliRunner().invoke(app, ["analyze", str(table), "--out", f"{tmp_path / 'out.txt'}{below}"])
    assert result.exit_code == 2
    assert "out.txt 是文件，不是文件夹" in result.stderr
    assert "正文" not in result.stderr
