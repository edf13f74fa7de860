"""The process that reads or analyses one file and tells how it goes: a JSON object a line on stdout.

It runs in the folder of the file, so that messages call it by its name alone. It is killed to be stopped:
what it writes lies in a folder that the program which started it deletes.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from feedback_nlp.errors import Bilingual, FeedbackError
from feedback_nlp.webapp import stages
from feedback_nlp.webapp.wording import both, error_words, page_words

__all__ = ["OUTPUTS", "bug_words", "main", "memory_words", "outputs"]

DEBUG_VARIABLE = "FEEDBACK_NLP_DEBUG"
# Stage, file and the method of ``Analysis`` that writes it, in this order.
OUTPUTS = (
    (stages.REPORT, "report.html", "to_html"),
    (stages.WORKBOOK, "issues.xlsx", "to_excel"),
    (stages.SLIDES, "report.pptx", "to_pptx"),
)
# The package, of an extra, that an output needs.
_NEEDED = {"report.pptx": "pptx"}


def outputs() -> tuple[tuple[str, str, str], ...]:
    """Return those of ``OUTPUTS`` that can be written here."""
    return tuple(row for row in OUTPUTS if row[1] not in _NEEDED or find_spec(_NEEDED[row[1]]))


class Teller:
    """Writes events, one a line."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def __call__(self, event: str, /, **fields: Any) -> None:
        """Tell an event."""
        line = json.dumps({"event": event, **fields}, ensure_ascii=True, allow_nan=False)
        self._out.write(line + "\n")
        self._out.flush()


def main() -> None:
    """Do what the first line of standard input asks for."""
    asked = json.loads(sys.stdin.readline())
    tell = Teller(_own_output())
    try:
        _read(asked, tell) if asked["do"] == "read" else _analyze(asked, tell)
    except BrokenPipeError:
        os._exit(1)  # nobody is left to be told
    except FeedbackError as error:
        tell("error", **both(error_words(error)))
    except MemoryError:
        tell("error", **both(memory_words()))
    except OSError as error:
        tell("error", **both(_system_words(error)))
    except Exception as error:  # noqa: BLE001 - the last line of defence: nobody sees a traceback
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        tell("error", **both(bug_words(error)))


def _own_output() -> IO[str]:
    """Keep the standard output for events; what libraries print goes to the standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return out


def _read(asked: Mapping[str, Any], tell: Teller) -> None:
    from feedback_nlp.io import readers
    from feedback_nlp.webapp.preview import preview, sheets

    path = Path(asked["name"])
    names = sheets(path)
    tell("sheets", names=names)
    found = preview(readers.read(path, sheet=asked.get("sheet")))
    # Several sheets joined have a name for people; the page asks for them again by what it asked for.
    tell("preview", **found | {"sheet": asked.get("sheet") or found["sheet"]})


def _analyze(asked: Mapping[str, Any], tell: Teller) -> None:
    from feedback_nlp.pipeline import analyze_prepared, prepare
    from feedback_nlp.pipeline.options import Options

    tell("plan", stages=[stages.READING, stages.SCORING, stages.ANALYSING, *(row[0] for row in outputs())])
    scale = asked.get("rating_scale")
    ready = prepare(
        Path(asked["name"]),
        columns=asked["columns"],
        rating_scale=tuple(scale) if scale else None,
        sheet=asked.get("sheet"),
    )
    tell("notes", notes=[both(page_words(note)) for note in ready.notes])
    tell("stage", name=stages.SCORING)

    def progress(done: int, total: int) -> None:
        tell("count", done=done, total=total)
        if done >= total:
            tell("stage", name=stages.ANALYSING)

    analysis = analyze_prepared(
        ready,
        model=asked["model"],
        options=Options(lang=asked["lang"]),
        jobs=1 if os.name == "nt" else None,  # there, processes of a process that is killed would stay
        progress=progress,
    )
    for stage, name, method in outputs():
        tell("stage", name=stage)
        getattr(analysis, method)(Path(asked["out"]) / name)
    tell("done", files=[name for _, name, _ in outputs()])


def memory_words() -> Bilingual:
    """Return what is said where the memory did not suffice."""
    return Bilingual(
        "内存不够，分析停下了。提示：关掉占内存的程序，或把文件分成几份再试。",
        "Out of memory; the work stopped. Hint: close other programs, or split the file.",
    )


def _system_words(error: OSError) -> Bilingual:
    why = error.strerror or type(error).__name__
    return Bilingual(
        f"系统拒绝了读写（{why}）。提示：请检查磁盘空间和权限。",
        f"The system refused to read or write ({why}). Hint: check disk space and permissions.",
    )


def bug_words(error: BaseException) -> Bilingual:
    """Return the line for a bug of ours: its kind and place, not its message, which may hold a text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    kind = type(error).__name__
    return Bilingual(
        f"程序内部错误（{kind}，{where}）。提示：这是我们的缺陷，请把这一行告诉我们。",
        f"Internal error ({kind}, {where}). Hint: this is our bug; please send us this line.",
    )
