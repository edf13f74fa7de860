"""The files that are worked on: each with its folder, one process at a time, and what that process told."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.webapp.stages import Course, costs
from feedback_nlp.webapp.wording import both
from feedback_nlp.webapp.worker import DEBUG_VARIABLE, memory_words

__all__ = ["BusyError", "Job", "Jobs"]

MAX_FILES = 4
OUT = "out"
# With the path of this process, so that the same package is found however it was started. Isolated (-I): the
# folder of the upload is not on the path, and a file called json.py stays a file.
_START = (
    "import json, sys; sys.path = json.loads(sys.argv[1]); "
    "from feedback_nlp.webapp.worker import main; main()"
)
_BUSY = ("reading", "working")
# Exit status of a process that the system killed: on Linux nearly always for its memory.
_KILLED = -9


class BusyError(Exception):
    """As many files are being worked on as may be."""


class Job:
    """One file: ``reading`` → ``ready`` (or ``unread``) → ``working`` → ``done`` (or ``ready`` again).

    Parameters
    ----------
    folder : Path
        Its own, deleted by :meth:`close`.
    name : str
        The file in it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.state = "reading"
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._turn = 0
        self._sheets: list[str] = []
        self._preview: dict[str, Any] | None = None
        self._course: Course | None = None
        self._asked: dict[str, Any] = {}
        self._notes: list[Any] = []
        self._error: dict[str, str] | None = None
        self._files: list[str] = []

    @property
    def busy(self) -> bool:
        """Whether a process is at work on it."""
        return self.state in _BUSY

    def read(self, sheet: str | None = None) -> dict[str, Any]:
        """Begin to read the file, or another sheet of it; ends what was under way. Returns :meth:`told`."""
        with self._lock:
            self._preview = None
            self._begin("reading", {"do": "read", "sheet": sheet})
            return self.told()

    def analyze(
        self,
        columns: Mapping[str, int | None],
        *,
        model: str,
        lang: str,
        rating_scale: tuple[float, float] | None = None,
    ) -> dict[str, Any]:
        """Begin the analysis with the columns as confirmed.

        Parameters
        ----------
        columns : mapping of role to position or None
        model : str
        lang : {"zh", "en"}
            Of the report.
        rating_scale : (low, high), optional

        Returns
        -------
        dict
            As :meth:`told` by a file that is worked on, however soon the work ends.

        Raises
        ------
        ValueError
            If the file is not ready, or a position is not there.
        """
        with self._lock:
            if self._preview is None or self.busy:
                raise ValueError("not ready")
            names = self._preview["names"]
            if not all(place is None or 0 <= place < len(names) for place in columns.values()):
                raise ValueError("no such column")
            out = self.folder / OUT
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            asked = {
                "do": "analyze",
                "sheet": self._preview["sheet"],
                "columns": {role: "" if place is None else names[place] for role, place in columns.items()},
                "model": model,
                "lang": lang,
                "rating_scale": rating_scale,
                "out": str(out.resolve()),
            }
            self._begin("working", asked)
            return self.told()

    def cancel(self) -> dict[str, Any]:
        """Stop what is under way; what was known before stays. Returns :meth:`told`."""
        with self._lock:
            if self.busy:
                self._end()
                self.state = "unread" if self._preview is None else "ready"
                shutil.rmtree(self.folder / OUT, ignore_errors=True)
            return self.told()

    def close(self) -> None:
        """Stop what is under way and delete the folder."""
        with self._lock:
            self._end()
            self.state = "closed"
            shutil.rmtree(self.folder, ignore_errors=True)

    def output(self, name: str) -> Path | None:
        """Return the path of a finished output, or None."""
        with self._lock:
            return self.folder / OUT / name if self.state == "done" and name in self._files else None

    def told(self) -> dict[str, Any]:
        """Return what the page needs to know, all of it safe to show."""
        with self._lock:
            shown = {key: value for key, value in (self._preview or {}).items() if key != "names"}
            return {
                "state": self.state,
                "turn": self._turn,
                "name": self.name,
                "sheets": self._sheets,
                "preview": shown or None,
                "progress": self._course.told(time.monotonic()) if self._course and self.busy else None,
                "notes": self._notes,
                "error": self._error,
                "files": [
                    {"name": name, "size": (self.folder / OUT / name).stat().st_size} for name in self._files
                ],
            }

    def _begin(self, state: str, asked: dict[str, Any]) -> None:
        self._end()
        self.state, self._asked = state, asked
        self._error, self._files, self._notes = None, [], []
        self._process = process = _started({**asked, "name": self.name}, self.folder)
        threading.Thread(target=self._listen, args=(process, self._turn), daemon=True).start()

    def _end(self) -> None:
        """End the process, and whatever it started; events of it that are still to come are not heard."""
        self._turn += 1
        self._course = None
        if self._process is not None:
            _kill(self._process)
            self._process = None

    def _listen(self, process: subprocess.Popen[str], turn: int) -> None:
        with process:
            for line in process.stdout or ():
                with self._lock:
                    if turn != self._turn:
                        break
                    self._hear(json.loads(line))
        with self._lock:
            if turn == self._turn and self.busy:
                self._fail(both(_gone_words(process.returncode)))

    def _hear(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "sheets":
            self._sheets = event["names"]
        elif kind == "preview":
            self._preview, self.state = event, "ready"
        elif kind == "plan":
            n_rows = self._preview["n_rows"] if self._preview else 0
            planned = costs(n_rows, self._asked["model"], event["stages"])
            self._course = Course(planned, time.monotonic())
        elif kind == "stage" and self._course:
            self._course.enter(event["name"], time.monotonic())
        elif kind == "count" and self._course:
            self._course.count(event["done"], event["total"])
        elif kind == "notes":
            self._notes = event["notes"]
        elif kind == "error":
            self._fail(event)
        elif kind == "done":
            self._files, self.state = event["files"], "done"

    def _fail(self, error: dict[str, str]) -> None:
        self._error = error
        self.state = "unread" if self._preview is None else "ready"


class Jobs:
    """The files of this program, at most a few; the oldest idle one makes room for a new one.

    Parameters
    ----------
    folder : Path
        Private; each file gets a folder in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def place(self) -> Path:
        """Return a new, empty folder for a file.

        Raises
        ------
        BusyError
            If there are as many files as may be, and all are being worked on.
        """
        with self._lock:
            while len(self._jobs) >= MAX_FILES:
                idle = next((key for key, job in self._jobs.items() if not job.busy), None)
                if idle is None:
                    raise BusyError
                self._jobs.pop(idle).close()
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder

    def add(self, folder: Path, name: str) -> str:
        """Begin to read the file ``name`` in ``folder`` and return what it is called from now on."""
        key, job = secrets.token_hex(16), Job(folder, name)
        with self._lock:
            self._jobs[key] = job
        job.read()
        return key

    def get(self, key: str) -> Job | None:
        """Return a file, or None."""
        with self._lock:
            return self._jobs.get(key)

    def remove(self, key: str) -> None:
        """Delete a file and all that was made of it."""
        with self._lock:
            job = self._jobs.pop(key, None)
        if job is not None:
            job.close()

    def close(self) -> None:
        """Delete all."""
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.close()


def _started(asked: Mapping[str, Any], folder: Path) -> subprocess.Popen[str]:
    path = json.dumps([str(Path(entry or ".").resolve()) for entry in sys.path])
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _START, path],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get(DEBUG_VARIABLE) else subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C in the terminal is for the program, which ends this one itself
    )
    with suppress(OSError):  # gone already: the listener says so
        if process.stdin:
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
    return process


def _gone_words(status: int) -> Bilingual:
    if status == _KILLED:
        return memory_words()
    return Bilingual(
        f"分析的进程意外结束（{status}）。提示：再试一次；还是这样，请把这一行告诉我们。",
        f"The process at work ended unexpectedly ({status}). Hint: try again, or send us this line.",
    )


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
