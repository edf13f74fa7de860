"""Files of any length: the same bytes as at once, whatever the jobs and batches, and however often killed."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feedback_nlp as fn
from feedback_nlp.errors import ConfigError, InputError, OutputError
from feedback_nlp.io import readers
from feedback_nlp.io.streams import base, jsonlines
from feedback_nlp.pipeline.files import parts as kept
from feedback_nlp.pipeline.files import run as running
from feedback_nlp.pipeline.files.parts import folder_of

SAID = ["物流太慢了", "客服很好", "退款拖了一个月", "东西坏了没人管", "不错", "价格太贵，再也不来了"]


def rows(count: int, seed: int = 1) -> list[dict]:
    chance = random.Random(seed)
    return [
        {
            "review_id": f"r{i}",
            "text": "，".join(chance.sample(SAID, chance.randint(1, 3)))
            + ("。" if i % 3 else f"第{i % 40}次"),
            "store": f"店{i % 7}",
            "n": i if i % 2 else None,
        }
        for i in range(count)
    ]


def write(path: Path, data: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in data), encoding="utf-8")
    return path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make many parts of small files."""
    monkeypatch.setattr(base, "BLOCK_ROWS", 50)
    monkeypatch.setattr(jsonlines, "BLOCK_ROWS", 50)
    monkeypatch.setattr("feedback_nlp.io.streams.parquet.BLOCK_ROWS", 50)
    monkeypatch.setattr("feedback_nlp.io.streams.parquet._FEWEST", 50)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", rows(430))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def at_once(source: Path, folder: Path, suffix: str = ".parquet") -> tuple[bytes, bytes]:
    """Return what the library writes that holds everything in memory."""
    folder.mkdir(exist_ok=True)
    out, mentions = folder / f"whole{suffix}", folder / f"whole_m{suffix}"
    fn.score(source, model="lexicon").write(out, mentions, force=True)
    return out.read_bytes(), mentions.read_bytes()


@pytest.mark.parametrize("force", [False, True])
def test_two_outputs_that_are_one_file(source: Path, tmp_path: Path, force: bool) -> None:
    out, same = tmp_path / "out.parquet", tmp_path / "." / "x" / ".." / "out.parquet"
    with pytest.raises(OutputError, match="同一个文件"):
        fn.score_file(source, out, same, model="lexicon", force=force)
    with pytest.raises(OutputError, match="同一个文件"):
        fn.score(["物流慢"], model="lexicon").write(out, same, force=force)
    assert names(tmp_path) == ["in.jsonl"]


# --- the same bytes


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_bytes_are_those_of_the_library(source: Path, tmp_path: Path, suffix: str) -> None:
    out, mentions = tmp_path / f"o{suffix}", tmp_path / f"m{suffix}"
    done = fn.score_file(source, out, mentions, model="lexicon")
    assert done.n_reviews == 430
    assert (out.read_bytes(), mentions.read_bytes()) == at_once(source, tmp_path / "whole", suffix)
    assert names(tmp_path) == ["in.jsonl", f"m{suffix}", f"o{suffix}", "whole"]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(("jobs", "batch_rows"), [(1, 7), (1, 1), (2, 13), (3, 1_000)])
def test_jobs_and_batches_change_no_byte(source: Path, tmp_path: Path, jobs: int, batch_rows: int) -> None:
    out, mentions = tmp_path / "o.parquet", tmp_path / "m.parquet"
    fn.score_file(source, out, mentions, model="lexicon", jobs=jobs, batch_rows=batch_rows)
    assert (out.read_bytes(), mentions.read_bytes()) == at_once(source, tmp_path / "whole")


@pytest.mark.usefixtures("small_blocks")
def test_workbook_out(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.xlsx"
    fn.score_file(source, out, model="lexicon")
    expected = fn.score(source, model="lexicon").review_table
    found = readers.read(out).table
    assert found["text"].to_pylist() == expected["text"].to_pylist()
    assert found["fb_label"].to_pylist() == expected["fb_label"].to_pylist()


@pytest.mark.usefixtures("small_blocks")
def test_types_that_change_within_a_file(tmp_path: Path) -> None:
    data = rows(200)
    data[150]["n"], data[20]["m"], data[170]["m"] = 1.5, 3, "三"
    source = write(tmp_path / "in.jsonl", data)
    out = tmp_path / "o.parquet"
    fn.score_file(source, out, model="lexicon")
    assert out.read_bytes() == at_once(source, tmp_path / "whole")[0]
    assert pq.read_schema(out).field("n").type == pa.float64()
    assert pq.read_table(out)["m"].to_pylist()[20] == "3"


@pytest.mark.usefixtures("small_blocks")
def test_duplicates_across_blocks_and_customers(tmp_path: Path) -> None:
    data = [
        {
            "工单号": f"w{i}",
            "内容": "物流太慢了等了十天还没到" if i % 60 == 5 else f"第{i}次来投诉退款没有到",
            "客户": "甲乙"[i % 2],
        }
        for i in range(260)
    ]
    source = write(tmp_path / "in.jsonl", data)
    out = tmp_path / "o.parquet"
    fn.score_file(source, out, model="lexicon")
    found = pq.read_table(out)["fb_duplicate_of"].to_pylist()
    assert {i: one for i, one in enumerate(found) if one} == {65: "w5", 125: "w5", 185: "w5", 245: "w5"}
    assert out.read_bytes() == at_once(source, tmp_path / "whole")[0]


@pytest.mark.usefixtures("small_blocks")
def test_several_files_are_one(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.jsonl", rows(120))
    (folder / "b.csv").write_text("工单号,投诉内容\nx1,物流太慢了\nx2,客服很好\n", encoding="utf-8")
    (folder / "c.csv").write_text("", encoding="utf-8")
    done = fn.score_file(folder, tmp_path / "o.parquet", model="lexicon")
    table = pq.read_table(tmp_path / "o.parquet")
    assert table.num_rows == done.n_reviews == 122
    assert table["review_id"].to_pylist()[-2:] == ["x1", "x2"]
    assert table["fb_file"].to_pylist()[-3:] == ["a.jsonl", "b.csv", "b.csv"]
    assert table["text"].to_pylist()[-1] == "客服很好"


def test_row_numbers_go_through_blocks(tmp_path: Path, small_blocks: None) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": f"第{i}次物流太慢"} for i in range(120)])
    fn.score_file(source, tmp_path / "o.parquet", model="lexicon")
    assert pq.read_table(tmp_path / "o.parquet")["review_id"].to_pylist() == [str(i) for i in range(1, 121)]


def test_target_error_is_that_of_the_library(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.parquet"
    done = fn.score_file(source, out, max_error=0.05)
    scored = fn.score(source, max_error=0.05)
    scored.write(tmp_path / "whole.parquet")
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert done.n_needs_review == int(scored.reviews["fb_needs_review"].sum())


# --- bad rows


def test_bad_rows_are_kept_and_told(tmp_path: Path) -> None:
    lines = [
        '{"review_id": "1", "text": "物流太慢了"}',
        '{"review_id": "2", "text": "客服电话13812345678',
        '{"review_id": "3", "text": 5}',
        '{"review_id": "4", "text": {"a": 1}}',
        '{"review_id": "5", "text": "退款\\u0000拖了"}',
        '["数组"]',
        '{"review_id": "7", "text": null}',
        '{"review_id": "8", "text": "客服很好"}',
    ]
    path = tmp_path / "in.jsonl"
    data = "\n".join(lines).encode() + b'\n{"review_id": "9", "text": "\xff\xfe\xe7\x89\xa9"}\n'
    path.write_bytes(data)
    done = fn.score_file(path, tmp_path / "o.parquet", tmp_path / "m.parquet", model="lexicon")
    assert [(one.row, one.reason) for one in done.bad] == [
        (2, "json"),
        (3, "type"),
        (4, "type"),
        (5, "nul"),
        (6, "json"),
        (9, "bytes"),
    ]
    assert done.n_bad == 6
    assert "13812345678" not in str(done.bad)
    table = pq.read_table(tmp_path / "o.parquet")
    assert table["review_id"].to_pylist() == ["1", "#2", "3", "4", "5", "#6", "7", "8", "9"]
    bad = [row["fb_status"] == "bad" for row in table.to_pylist()]
    assert bad == [False, True, True, True, True, True, False, False, True]
    for name in ("fb_polarity", "fb_label", "fb_confidence"):
        assert [value is None for value in table[name].to_pylist()] == [*bad[:6], True, *bad[7:]]
    texts = table["text"].to_pylist()
    assert texts[1] == lines[1]
    assert texts[4] == "退款\0拖了"
    assert texts[8] == "\ufffd\ufffd物"
    assert set(pq.read_table(tmp_path / "m.parquet")["review_id"].to_pylist()) == {"1", "8"}


def test_ragged_rows(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "编号,内容,评分\n1,物流太慢了,1\n2,只有两格\n3,多了,1,好,余\n4,客服很好,5\n", encoding="utf-8"
    )
    done = fn.score_file(path, tmp_path / "o.parquet", model="lexicon")
    assert [(one.row, one.reason, one.text) for one in done.bad] == [
        (3, "ragged", "只有两格"),
        (4, "ragged", "多了"),
    ]
    table = pq.read_table(tmp_path / "o.parquet")
    assert table["fb_status"].to_pylist() == ["ok", "bad", "bad", "ok"]
    assert table["列5"].to_pylist() == [None, None, "余", None]  # nothing is lost


def test_strict_stops_at_the_first(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "物流太慢了"}\n{"text": 5}\n', encoding="utf-8")
    with pytest.raises(InputError, match="第 2 行") as caught:
        fn.score_file(path, tmp_path / "o.parquet", model="lexicon", strict=True)
    assert caught.value.exit_code == 2
    assert names(tmp_path) == ["in.jsonl"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_one_comment_of_a_megabyte(tmp_path: Path, suffix: str) -> None:
    from feedback_nlp.io.writers import write_table

    long = "物流太慢了，客服很好。\n" * 30_000
    path = tmp_path / f"in{suffix}"
    write_table(pa.table({"编号": ["a", "b", "c"], "内容": ["客服很好", long, "退款拖了一个月"]}), path)
    done = fn.score_file(path, tmp_path / "o.parquet", tmp_path / "m.parquet", model="lexicon")
    assert (done.n_reviews, done.n_bad) == (3, 0)
    assert pq.read_table(tmp_path / "o.parquet")["内容"].to_pylist()[1] == long
    assert pq.read_table(tmp_path / "m.parquet").num_rows > 30_000


def test_a_hundred_thousand_identical_rows(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"text": ["物流太慢了，等了十天还没到"] * 100_000}), path)
    done = fn.score_file(path, tmp_path / "o.parquet", tmp_path / "m.parquet", model="lexicon", jobs=1)
    assert done.n_reviews == 100_000
    table = pq.read_table(tmp_path / "o.parquet", columns=["fb_duplicate_of", "fb_negative"])
    assert table["fb_duplicate_of"].null_count == 1
    assert set(table["fb_duplicate_of"].to_pylist()) == {None, "1"}
    assert pa.compute.count_distinct(table["fb_negative"].combine_chunks().flatten()).as_py() == 1
    assert pq.read_metadata(tmp_path / "m.parquet").num_rows in (100_000, 200_000)


# --- killed and taken up again

CHILD = """
import sys
from feedback_nlp.io.streams import base, jsonlines
jsonlines.BLOCK_ROWS = 50
import feedback_nlp as fn
fn.score_file(sys.argv[1], sys.argv[2], sys.argv[3], model="lexicon", jobs=int(sys.argv[4]), resume=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_any_moment(tmp_path: Path, jobs: int) -> None:
    source = write(tmp_path / "in.jsonl", rows(3_000))
    expected = at_once(source, tmp_path / "whole")
    work = tmp_path / "work"
    work.mkdir()
    out, mentions = work / "o.parquet", work / "m.parquet"
    chance = random.Random(7 + jobs)
    kills = 0
    for turn in range(40):
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(source), str(out), str(mentions), str(jobs)],
            stderr=subprocess.PIPE,
        )
        # Early kills hit the start; later ones, from the first part on, anything up to the very end.
        limit = time.monotonic() + 60
        while turn < 6 and process.poll() is None and time.monotonic() < limit:
            if len(list(folder_of(out).glob("*.scores"))) >= 8 * turn:
                break
            time.sleep(0.002)
        if turn < 6:
            time.sleep(chance.random() * (0.02 if turn else 0.15))
            process.kill()
        code = process.wait(timeout=120)
        err = process.stderr.read().decode()
        process.stderr.close()
        if code == 0:
            break
        assert code == -signal.SIGKILL, err
        kills += 1
    assert kills >= 3
    assert (out.read_bytes(), mentions.read_bytes()) == expected
    assert names(work) == [".o.parquet.parts", "m.parquet", "o.parquet"]
    assert names(folder_of(out)) == ["lock", "manifest.json"]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("step", ["note", "write", "place", "clear", "replace"])
@pytest.mark.parametrize("turn", [1, 2, 3, 9])
def test_ended_at_each_step(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, turn: int
) -> None:
    """As if killed before the n-th time that a step is done, at once and without any clearing up."""
    expected = at_once(source, tmp_path / "whole")
    work = tmp_path / "work"
    work.mkdir()
    out, mentions = work / "o.parquet", work / "m.parquet"
    where = {"place": (running, "place"), "replace": (Path, "replace")}.get(step, (kept.Parts, step))
    original = getattr(*where)
    calls = 0

    def dying(*args, **kwargs):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += 1
        if calls == turn:
            os._exit(9)
        return original(*args, **kwargs)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(*where, dying)
        fn.score_file(source, out, mentions, model="lexicon", resume=True)
        os._exit(0)
    os.waitpid(child, 0)
    fn.score_file(source, out, mentions, model="lexicon", resume=True)
    assert (out.read_bytes(), mentions.read_bytes()) == expected
    assert names(work) == [".o.parquet.parts", "m.parquet", "o.parquet"]
    assert names(folder_of(out)) == ["lock", "manifest.json"]


@pytest.fixture
def half_done(source: Path, tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the output of a run that was ended after four parts."""
    out = tmp_path / "o.parquet"

    def stop(self, number, *rest):  # type: ignore[no-untyped-def]
        if number == 4:
            raise KeyboardInterrupt
        return original(self, number, *rest)

    original = kept.Parts.write
    with monkeypatch.context() as patch:
        patch.setattr(kept.Parts, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            fn.score_file(source, out, model="lexicon", resume=True)
    assert len(list(folder_of(out).glob("*.scores"))) == 4
    assert not out.exists()
    return out


def test_resumed_reviews_are_not_scored_again(source: Path, half_done: Path) -> None:
    done = fn.score_file(source, half_done, model="lexicon", resume=True)
    assert (done.n_resumed, done.n_reviews) == (200, 430)
    again = fn.score_file(source, half_done, model="lexicon", resume=True)
    assert (again.n_resumed, again.n_reviews) == (430, 430)


@pytest.mark.parametrize("change", ["input", "model", "column", "mentions"])
def test_what_changed_is_told(source: Path, tmp_path: Path, half_done: Path, change: str) -> None:
    more: dict = {"model": "lexicon"}
    if change == "input":
        write(source, rows(430, seed=2))
    elif change == "model":
        more["model"] = "linear"
    elif change == "column":
        more["columns"] = {"customer": "store"}
    else:
        more["mentions"] = tmp_path / "m.parquet"
    word = {"input": "输入变了", "model": "模型变了", "column": "列的用途变了", "mentions": "提及表变了"}[
        change
    ]
    with pytest.raises(OutputError, match=word) as caught:
        fn.score_file(source, half_done, resume=True, **more)
    assert "--force" in caught.value.message("en")
    assert len(list(folder_of(half_done).glob("*.scores"))) == 4  # nothing is lost
    done = fn.score_file(source, half_done, resume=True, force=True, **more)
    assert done.n_resumed == 0


def test_a_finished_run_is_not_replaced_by_another(source: Path, half_done: Path) -> None:
    fn.score_file(source, half_done, model="lexicon", resume=True)
    before = half_done.read_bytes()
    write(source, rows(100, seed=5))
    with pytest.raises(OutputError, match="输入变了"):
        fn.score_file(source, half_done, model="lexicon", resume=True)
    assert half_done.read_bytes() == before
    assert fn.score_file(source, half_done, model="lexicon", resume=True, force=True).n_reviews == 100


def test_a_damaged_part_is_done_again(source: Path, tmp_path: Path, half_done: Path) -> None:
    broken = folder_of(half_done) / "000002.scores"
    broken.write_bytes(broken.read_bytes()[:-30])
    done = fn.score_file(source, half_done, model="lexicon", resume=True)
    assert done.n_resumed == 100
    assert half_done.read_bytes() == at_once(source, tmp_path / "whole")[0]


@pytest.mark.parametrize("name", ["input", "scores"])
def test_a_part_spoilt_inside_is_done_again(source: Path, tmp_path: Path, half_done: Path, name: str) -> None:
    """Its ends are whole, so it opens; what lies between is zeros, as after a power cut."""
    broken = folder_of(half_done) / f"000002.{name}"
    data = broken.read_bytes()
    third = len(data) // 3
    broken.write_bytes(data[:third] + bytes(third) + data[2 * third :])
    done = fn.score_file(source, half_done, model="lexicon", resume=True)
    assert done.n_resumed == 100
    assert half_done.read_bytes() == at_once(source, tmp_path / "whole")[0]


@pytest.mark.usefixtures("small_blocks")
def test_full_disk_keeps_the_parts(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "o.parquet"

    def full(self, number, *rest):  # type: ignore[no-untyped-def]
        if number == 3:
            from feedback_nlp.io.writers import explained

            with explained(out):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, number, *rest)

    original = kept.Parts.write
    for resume in (False, True):
        monkeypatch.setattr(kept.Parts, "write", full)
        with pytest.raises(OutputError, match="磁盘满了") as caught:
            fn.score_file(source, out, model="lexicon", resume=resume)
        assert ("再运行同一条命令" in str(caught.value)) is resume
        assert folder_of(out).exists() is resume
    monkeypatch.setattr(kept.Parts, "write", original)
    assert fn.score_file(source, out, model="lexicon", resume=True).n_resumed == 150


def test_rows_that_json_refuses_are_kept_as_bad(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    deep, long = '{"text": ' + "[" * 100_000 + "}", '{"review_id": ' + "9" * 5_000 + ', "text": "物流慢"}'
    path.write_text(
        "\n".join(['{"review_id": "1", "text": "物流太慢了", "坏\\ud83d": 1}', deep, long]), encoding="utf-8"
    )
    done = fn.score_file(path, tmp_path / "o.parquet", model="lexicon")
    assert [(one.row, one.reason) for one in done.bad] == [(2, "json"), (3, "json")]
    table = pq.read_table(tmp_path / "o.parquet")
    assert table["fb_status"].to_pylist() == ["ok", "bad", "bad"]
    assert table["坏\ufffd"].to_pylist()[0] == 1


# --- places


def test_two_runs_of_one_output(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.parquet"
    code = (
        "import sys, pathlib\nfrom feedback_nlp.pipeline.files.parts import Parts\n"
        "with Parts.held(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(OutputError, match="另一个运行正在写"):
            fn.score_file(source, out, model="lexicon")
        other.stdin.close()
        other.wait()
    fn.score_file(source, out, model="lexicon")
    assert out.exists()


def test_two_runs_of_one_output_in_one_process(source: Path, tmp_path: Path) -> None:
    """Such as two threads: the lock of a file is that of the whole process, and would let both in."""
    out = tmp_path / "o.parquet"
    (tmp_path / "link").symlink_to(tmp_path)
    with kept.Parts.held(out):
        for same in (out, tmp_path / "link" / "o.parquet"):
            with pytest.raises(OutputError, match="另一个运行正在写"):
                fn.score_file(source, same, model="lexicon")
        fn.score_file(source, tmp_path / "other.parquet", model="lexicon")
    fn.score_file(source, out, model="lexicon")
    assert out.exists()


def test_places_that_cannot_be_written(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="文件夹"):
        fn.score_file(source, tmp_path / "file" / "o.parquet", model="lexicon")
    folder_of(tmp_path / "p.parquet").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="写不了"):
        fn.score_file(source, tmp_path / "p.parquet", model="lexicon")
    assert folder_of(tmp_path / "p.parquet").read_text(encoding="utf-8") == "mine"


def test_existing_outputs_need_force(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.parquet"
    out.write_bytes(b"mine")
    for resume in (False, True):
        with pytest.raises(OutputError, match="--force"):
            fn.score_file(source, out, model="lexicon", resume=resume)
    assert out.read_bytes() == b"mine"
    fn.score_file(source, out, model="lexicon", force=True)
    assert names(tmp_path) == ["in.jsonl", "o.parquet"]


@pytest.mark.parametrize(
    ("files", "more", "word"),
    [
        (["-", "a.jsonl"], {}, "不能和文件一起"),
        (["-"], {"mentions": "-"}, "不能写到标准输出"),
        (["-"], {"resume": True}, "不能续跑"),
    ],
)
def test_streams_that_do_not_go_together(files: list[str], more: dict, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        fn.score_file(files, "-", model="lexicon", **more)


# --- pipes


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.mark.usefixtures("small_blocks")
def test_from_a_pipe_into_a_file(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Stdin(source.read_bytes()))
    fn.score_file("-", tmp_path / "o.csv", model="lexicon")
    assert (tmp_path / "o.csv").read_bytes() == at_once(source, tmp_path / "whole", ".csv")[0]
    assert names(tmp_path) == ["in.jsonl", "o.csv", "whole"]


def test_through_a_pipe(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(jsonlines, "PIPE_ROWS", 60)
    monkeypatch.setattr("sys.stdin", Stdin(source.read_bytes()))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    done = fn.score_file("-", "-", tmp_path / "m.jsonl", model="lexicon", jobs=1)
    found = sys.stdout.buffer.getvalue()
    whole, mentions = at_once(source, tmp_path / "whole", ".jsonl")
    assert found == whole
    assert (tmp_path / "m.jsonl").read_bytes() == mentions
    assert done.n_reviews == 430


PIPED = "import sys, feedback_nlp as fn; fn.score_file('-', '-', sys.argv[1], model='lexicon', jobs=1)"


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_mentions_of_a_killed_pipe_leave_nothing_for_good(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    mentions = work / "m.parquet"
    with subprocess.Popen(
        [sys.executable, "-c", PIPED, str(mentions)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        try:
            process.stdin.write(source.read_bytes() * 12)  # more than the block that is read before all
            process.stdin.flush()  # and stays open: the run waits for more
            while not (folder_of(mentions) / "output.parquet").exists() and process.poll() is None:
                time.sleep(0.01)
            with pytest.raises(OutputError, match=r"另一个运行正在写 .*m\.parquet"):
                fn.score_file(source, "-", mentions, model="lexicon", jobs=1)
        finally:
            process.kill()
    assert names(work) == [".m.parquet.parts"]
    fn.score_file(source, "-", mentions, model="lexicon", jobs=1)
    assert names(work) == ["m.parquet"]
    assert mentions.read_bytes()


def test_mentions_of_a_pipe_spare_the_parts_of_another_run(source: Path, half_done: Path) -> None:
    left = names(folder_of(half_done))
    fn.score_file(source, "-", half_done, model="lexicon", jobs=1)
    assert names(folder_of(half_done)) == left
