"""What is not ours under the names of our outputs, kept when these are written anew.

Edits of issues and actions are read back (``pipeline.issue_edits``, ``pipeline.action_log``); all else that
people write into a workbook of ours, such as who called a customer back, a note in a margin, a sheet of one's
own, or into drafts that ask to be filled in (``8d.xlsx``), is only in the file that they saved. And
``report.html`` may be another program's.
"""

from __future__ import annotations

import filecmp
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from feedback_nlp.io.writers import atomic
from feedback_nlp.pipeline.options import HANDOFF, MENTIONS, OUTPUTS, REPORT, SCORED, SUMMARY, WORKBOOK
from feedback_nlp.report.sheets import MARK
from feedback_nlp.schema import METADATA_KEY

__all__ = ["keep_by_hand", "keep_others", "saved_by_hand"]

_PROPERTIES = "docProps/core.xml"
# How every page of ours begins, and what every summary of ours has.
_GENERATOR = b'<meta name="generator" content="feedback_nlp '
_PAGE_HEAD = 4096
_SUMMARY_KEYS = frozenset({"schema", "input", "options", "model", "reviews", "issues"})


def saved_by_hand(path: str | Path) -> bool:
    """Return whether a file is there that is not as this package wrote it.

    Spreadsheet programs set the time of the last change when they save; ours is that of the creation.
    """
    place = Path(path)
    if not place.is_file():
        return False
    try:
        with zipfile.ZipFile(place) as parts:
            text = parts.read(_PROPERTIES).decode("utf-8")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return True
    found = {name: _text(text, name) for name in ("keywords", "created", "modified")}
    return found["keywords"] != MARK or found["created"] != found["modified"]


def keep_others(folder: str | Path, names: Sequence[str] = OUTPUTS) -> dict[str, Path]:
    """Copy what is not as this package wrote it, before outputs called ``names`` take the places.

    Returns
    -------
    dict
        File name to the copy; only of what had to be kept.

    Raises
    ------
    OutputError
        If a copy can't be written.
    """
    copies = {name: keep_by_hand(Path(folder) / name) for name in names}
    return {name: copy for name, copy in copies.items() if copy is not None}


def keep_by_hand(path: str | Path) -> Path | None:
    """Copy a file that people or other programs have written beside itself, before it is replaced.

    Returns
    -------
    Path or None
        The copy, named by the time of the last change; None where nothing was to be kept or it was already.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    place = Path(path)
    foreign = _FOREIGN.get(place.name, saved_by_hand)
    if not place.is_file() or not foreign(place):
        return None
    saved = datetime.fromtimestamp(place.stat().st_mtime)
    for number in count(1):
        again = "" if number == 1 else f"-{number}"
        copy = place.with_name(f"{place.stem}.{saved:%Y%m%d-%H%M%S}{again}{place.suffix}")
        if not copy.exists():
            break
        if filecmp.cmp(place, copy, shallow=False):
            return None
    with atomic(copy) as temporary:
        shutil.copy2(place, temporary)
    return copy


def _foreign_page(place: Path) -> bool:
    with place.open("rb") as file:
        return _GENERATOR not in file.read(_PAGE_HEAD)


def _foreign_summary(place: Path) -> bool:
    try:
        found = json.loads(place.read_bytes())
    except (ValueError, RecursionError):
        return True
    return not (isinstance(found, dict) and found.keys() >= _SUMMARY_KEYS)


def _foreign_text(place: Path) -> bool:
    from feedback_nlp.report.handoff_files import as_written

    return not as_written(place.read_text(encoding="utf-8", errors="replace"))


def _foreign_table(place: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return METADATA_KEY not in (pq.read_schema(place).metadata or {})
    except (pa.ArrowException, OSError):
        return True


_FOREIGN: dict[str, Callable[[Path], bool]] = {
    REPORT: _foreign_page,
    SUMMARY: _foreign_summary,
    WORKBOOK: saved_by_hand,
    SCORED: _foreign_table,
    MENTIONS: _foreign_table,
    HANDOFF[0]: _foreign_text,
}


def _text(xml: str, name: str) -> str:
    found = re.search(rf"<[^<>]*\b{name}\b[^<>]*>([^<]*)<", xml)
    return found[1] if found else ""
