"""What people wrote into a workbook of ours, kept when the workbook is written anew.

Edits of issues and actions are read back (``pipeline.issue_edits``, ``pipeline.action_log``); all else, such
as who called a customer back, a note in a margin, a sheet of one's own, is only in the file that they saved.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from datetime import datetime
from pathlib import Path

from feedback_nlp.io.writers import atomic
from feedback_nlp.report.excel import MARK

__all__ = ["keep_by_hand", "saved_by_hand"]

_PROPERTIES = "docProps/core.xml"


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


def keep_by_hand(path: str | Path) -> Path | None:
    """Copy a workbook that people have saved beside itself, before it is replaced.

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
    if not saved_by_hand(place):
        return None
    saved = datetime.fromtimestamp(place.stat().st_mtime)
    copy = place.with_name(f"{place.stem}.{saved:%Y%m%d-%H%M%S}{place.suffix}")
    if copy.exists():
        return None
    with atomic(copy) as temporary:
        shutil.copy2(place, temporary)
    return copy


def _text(xml: str, name: str) -> str:
    found = re.search(rf"<[^<>]*\b{name}\b[^<>]*>([^<]*)<", xml)
    return found[1] if found else ""
