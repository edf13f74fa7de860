"""Processes that share one model: work goes out in order and comes back in order, never far ahead.

On Linux the processes are forked once the model is loaded and warm, so that its pages are shared and a start
costs milliseconds. Elsewhere, for models with threads or sessions of their own, and in a program that has
threads, a new process loads its own copy. The user's script is not run again there: it needs no
``if __name__ == "__main__"``.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from feedback_nlp.errors import Bilingual, UserError

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Scorer

__all__ = ["Run", "workers"]

Task = TypeVar("Task")
Found = TypeVar("Found")
Work = Callable[[Task, "Scorer"], Found]

# Models that are arrays and tables and nothing else survive a fork; a session with threads does not.
FORKABLE = frozenset({"lexicon", "linear"})
# Tasks waiting for each process: enough that none is idle, few enough that memory stays small.
AHEAD = 2
# The module of the user's script.
MAIN = "__main__"
_STARTING = threading.Lock()
# Judged once before the fork, so that tables built on first use are shared too.
_WARM = "物流太慢了，但是客服很好；退款拖了一个月！"


class Run(Protocol):
    """Map tasks to what ``work(task, scorer)`` returns, in order."""

    def __call__(self, work: Work[Task, Found], tasks: Iterable[Task]) -> Iterator[Found]:
        """Yield one result per task."""


@contextmanager
def workers(scorer: Scorer, jobs: int) -> Iterator[Run]:
    """Give a function that runs work with ``scorer`` in this process or in ``jobs`` others.

    ``work`` must be a function of a module (not a lambda). Tasks are taken from their iterator only as
    results are taken out, at most a few per process ahead.

    Parameters
    ----------
    scorer : Scorer
        Fitted.
    jobs : int
        1 for this process.

    Raises
    ------
    UserError
        From the function given, if a process is killed (out of memory, say).
    """
    if jobs == 1:
        yield lambda work, tasks: (work(task, scorer) for task in tasks)
        return
    with ExitStack() as stack:
        pool = _forked(scorer, jobs) if _may_fork(scorer) else _spawned(scorer, jobs, stack)
        stack.callback(pool.shutdown, cancel_futures=True)
        killed = _no_start() if type(scorer).__module__ == MAIN else _killed()
        yield lambda work, tasks: _ordered(pool, work, tasks, jobs * AHEAD, killed)


def _may_fork(scorer: Scorer) -> bool:
    """Whether a copy of this process would be whole: other threads would be missing in it."""
    return sys.platform == "linux" and scorer.name in FORKABLE and threading.active_count() == 1


def _forked(scorer: Scorer, jobs: int) -> ProcessPoolExecutor:
    from feedback_nlp.engines.local import score_batch
    from feedback_nlp.text import quality

    score_batch(["1"], [_WARM], scorer)
    quality.status([_WARM])
    # What is alive now is never collected in the copies: looking at it would copy its pages.
    gc.collect()
    gc.freeze()
    try:
        # Arguments of a forked process are not copied: they are there.
        pool = ProcessPoolExecutor(jobs, get_context("fork"), _start, (os.getpid(), scorer))
        with warnings.catch_warnings():
            # The threads Python sees here are those of BLAS and Arrow, which mend themselves after a fork.
            warnings.simplefilter("ignore", DeprecationWarning)
            for started in [pool.submit(_ready) for _ in range(jobs)]:
                started.result()
    finally:
        gc.unfreeze()
    return pool


def _spawned(scorer: Scorer, jobs: int, stack: ExitStack) -> ProcessPoolExecutor:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="feedback-nlp-"))
    saved = scorer.save(Path(folder) / "model")
    given = (os.getpid(), saved, type(scorer))
    # A scorer whose class stands in the script can only be loaded by running the script.
    context = get_context("spawn") if type(scorer).__module__ == MAIN else _Apart()
    return ProcessPoolExecutor(jobs, context, _start_and_load, given)


class _ApartProcess(SpawnProcess):
    """A new process that does not run the user's script again, as Python's own would."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 (Python's name)
        with _STARTING:
            script = sys.modules[MAIN]
            sys.modules[MAIN] = ModuleType(MAIN)  # what says which script there is to run
            try:
                return SpawnProcess._Popen(process_obj)
            finally:
                sys.modules[MAIN] = script


class _Apart(SpawnContext):
    Process = _ApartProcess


def _ordered(
    pool: ProcessPoolExecutor,
    work: Work[Task, Found],
    tasks: Iterable[Task],
    ahead: int,
    killed: UserError,
) -> Iterator[Found]:
    waiting: deque[Future[Any]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(_work, work, task))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise killed from error


def _killed() -> UserError:
    return UserError(
        Bilingual(
            "一个打分进程被系统结束了（多半是内存不够）。", "A scoring process was killed (out of memory?)."
        ),
        Bilingual("减少 --jobs，或关掉占内存的程序再试。", "Use fewer --jobs, or free some memory."),
    )


def _no_start() -> UserError:
    return UserError(
        Bilingual(
            "打分进程没有启动或中途被结束：打分器的类写在主脚本里。",
            "A scoring process did not start or was killed: the scorer's class stands in the script itself.",
        ),
        Bilingual(
            "把类放进一个可以导入的 .py 文件，或用 jobs=1。",
            "Put the class into a file that can be imported, or use jobs=1.",
        ),
    )


# --- in the other processes

_worker: dict[str, Scorer] = {}


def _start(parent: int, scorer: Scorer) -> None:
    _worker["scorer"] = scorer
    # Ctrl-C reaches every process of the terminal; the first one alone answers it and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if os.name != "nt":  # there the pipes tell
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when the first one is gone, killed perhaps, for nobody would."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _start_and_load(parent: int, folder: Path, kind: type[Scorer]) -> None:
    _start(parent, kind.load(folder))


def _ready() -> None:
    """Do nothing: the processes start with the first task."""


def _work(work: Work[Task, Found], task: Task) -> Found:
    return work(task, _worker["scorer"])
