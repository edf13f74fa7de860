"""Processes that share a model: order, back-pressure, and what happens when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

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


if __name__ == "__main__":
    share_the_model()
