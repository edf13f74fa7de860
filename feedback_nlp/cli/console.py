"""What the command line says: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual

if TYPE_CHECKING:
    from rich.console import Console

LANG_VARIABLE = "FEEDBACK_NLP_LANG"
LANGS = ("zh", "en")
_lang: ContextVar[str | None] = ContextVar("lang", default=None)
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def lang() -> str:
    """Language of messages: ``--lang``, else the environment variable, else Chinese."""
    chosen = _lang.get() or os.environ.get(LANG_VARIABLE, "zh")
    return chosen if chosen in LANGS else "zh"


def setup(*, language: str | None = None, quiet: bool = False) -> None:
    """Remember a command's ``--lang`` and ``--quiet`` for the messages that follow."""
    _lang.set(language)
    _quiet.set(quiet)


def text(zh: str, en: str) -> str:
    """Return the sentence in the language of messages."""
    return Bilingual(zh, en).in_(lang())


def result(line: str) -> None:
    """Write a result line to standard output."""
    sys.stdout.write(line + "\n")


def note(zh: str, en: str) -> None:
    """Write a remark to standard error, unless ``--quiet``."""
    if not _quiet.get():
        _console().print(text(zh, en), markup=False, highlight=False)


def error(message: str) -> None:
    """Write one error line to standard error."""
    sys.stderr.write(text("错误：", "Error: ") + message + "\n")


def notes(lines: Iterable[Bilingual]) -> None:
    """Write remarks to standard error, unless ``--quiet``."""
    for line in lines:
        note(f"注意：{line.zh}", f"Note: {line.en}")


def table(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a short table to standard error, unless ``--quiet``."""
    if _quiet.get():
        return
    from rich import box
    from rich.table import Table

    shown = Table(*headers, title=title, box=box.SIMPLE, title_justify="left")
    for row in rows:
        shown.add_row(*row)
    _console().print(shown, markup=False)


@contextmanager
def progress(zh: str, en: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a callback that draws a bar with rate and ETA on standard error; ``None`` when ``--quiet``."""
    if _quiet.get():
        yield None
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[rate]}"),
        bars.TimeRemainingColumn(),
    )
    # Without a thread of its own: a process with threads can't be forked, and scoring processes are.
    with bars.Progress(*columns, console=_console(), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(text(zh, en), total=None, rate="")

        def update(done: int, total: int) -> None:
            speed = bar.tasks[0].speed or 0.0
            rate = f"{speed:,.0f} {text('条/秒', 'reviews/s')}" if speed else ""
            bar.update(task, completed=done, total=total, rate=rate, refresh=True)

        yield update


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True)
