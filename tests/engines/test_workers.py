"""Processes that share a model: order, back-pressure, and what happens when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import feedback_nlp as fn
from feedback_nlp.engines import workers as module
from feedback_nlp.engines.workers import workers
from feedback_nlp.errors import UserError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")


@pytest.fixture(scope="module")
def scorer():  # type: ignore[no-untyped-def]
    return fn.load_model("lexicon")


def late(task: int, scorer) -> tuple[int, int, int]:  # type: ignore[no-untyped-def]
    time.sleep(0.02 * (task % 3 == 0))
    return task, os.getpid(), id(scorer)


def dying(task: int, scorer) -> int:  # type: ignore[no-untyped-def]
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def failing(task: int, scorer) -> int:  # type: ignore[no-untyped-def]
    raise ZeroDivisionError


def test_in_this_process(scorer) -> None:
    with workers(scorer, 1) as run:
        assert list(run(late, range(3))) == [(task, os.getpid(), id(scorer)) for task in range(3)]


def test_results_come_in_order_from_other_processes(scorer) -> None:
    with workers(scorer, 2) as run:
        found = list(run(late, range(12)))
    assert [task for task, _, _ in found] == list(range(12))
    assert os.getpid() not in {pid for _, pid, _ in found}


def test_forked_processes_share_the_model() -> None:
    """In a process of its own: this one may have threads of other tests, and then nothing is forked."""
    subprocess.run([sys.executable, __file__], check=True, timeout=120)


def share_the_model() -> None:
    """Check that the model is at the same place everywhere, since nobody loaded another."""
    scorer = fn.load_model("lexicon")
    with workers(scorer, 2) as run:
        found = list(run(late, range(12)))
    assert {place for _, _, place in found} == {id(scorer)}


def test_tasks_are_taken_only_as_results_are(scorer) -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for task in range(100):
            taken.append(task)
            yield task

    with workers(scorer, 2) as run:
        results = run(late, tasks())
        next(results)
        time.sleep(0.2)
        assert len(taken) <= 2 * module.AHEAD + 1


def test_a_killed_process_is_one_line(scorer) -> None:
    with pytest.raises(UserError, match="打分进程被系统结束") as caught, workers(scorer, 2) as run:
        list(run(dying, range(8)))
    assert caught.value.exit_code == 2


def test_errors_of_the_work_come_through(scorer) -> None:
    with pytest.raises(ZeroDivisionError), workers(scorer, 2) as run:
        list(run(failing, range(3)))


def test_a_program_with_threads_is_not_forked(scorer) -> None:
    assert module._may_fork(scorer) is (threading.active_count() == 1)
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert not module._may_fork(scorer)
    finally:
        stop.set()
        other.join()


UNGUARDED = """
import sys, threading
import feedback_nlp as fn

print("script", flush=True)
stop = threading.Event()
threading.Thread(target=stop.wait).start()
try:
    scored = fn.score(["物流太慢了"] * 4001, model="lexicon", jobs=2)
    print(len(scored.mentions), sys.modules["__main__"].stop is stop)
finally:
    stop.set()
"""


@pytest.mark.parametrize("piped", [False, True])
def test_a_script_needs_no_guard_and_runs_once(tmp_path: Path, piped: bool) -> None:
    """Beside a thread nothing is forked, as everywhere but on Linux; a piped script has no file to run."""
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    command = [sys.executable] if piped else [sys.executable, str(script)]
    given = UNGUARDED if piped else ""
    done = subprocess.run(
        command, input=given, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert (done.stdout.split(), done.stderr) == (["script", "4001", "True"], "")


OWN_CLASS = """
import sys
from pathlib import Path
from feedback_nlp.engines import workers
from feedback_nlp.errors import UserError

class Own:
    name = "own"
    def save(self, folder):
        return folder
    @classmethod
    def load(cls, folder):
        return cls()

try:
    with workers.workers(Own(), 2) as run:
        list(run(repr, [1]))
except UserError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def test_a_class_in_the_script_is_what_is_said(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(OWN_CLASS, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "打分器的类写在主脚本里" in done.stdout.decode()


if __name__ == "__main__":
    share_the_model()
