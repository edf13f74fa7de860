"""The private folder that uploads and reports lie in, and the names they may have there."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["private_folder", "safe_name"]

PREFIX = "feedback-nlp-app-"
_LOCK = "lock"
# What Windows calls devices, whatever the suffix.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
# Bytes; systems allow 255.
_LONGEST = 120
_LONGEST_SUFFIX = 20


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a folder that this user alone may open, deleted at the end.

    What was left behind by a process that was killed is deleted first. A folder in use is known by its lock,
    which the system lets go when the process ends, however it ends.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _delete_if_left(path)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))  # mode 0700
    lock = (folder / _LOCK).open("wb")
    _hold(lock)
    try:
        yield folder
    finally:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)


def _hold(lock: IO[bytes]) -> bool:
    """Take the lock if it is free; on Windows an open file can't be deleted, which serves as well."""
    if os.name == "nt":
        return True
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _delete_if_left(folder: Path) -> None:
    with suppress(OSError):
        if os.name == "nt":
            (folder / _LOCK).unlink()  # fails while its process runs
        elif folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return
        else:
            with (folder / _LOCK).open("rb") as lock:
                if not _hold(lock):
                    return
        shutil.rmtree(folder, ignore_errors=True)


def safe_name(name: str) -> str:
    """Return a file name as given, without what could make it another file than one in its folder.

    Parameters
    ----------
    name : str
        As the browser tells it; anything at all.
    """
    whole = name.encode("utf-8", "ignore").decode()
    last = re.split(r"[/\\]", whole)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*')
    kept = kept.strip(" .").lstrip("-").strip(" .")
    if _DEVICES.match(kept):
        kept = f"_{kept}"
    suffix = "".join(Path(kept).suffixes[-2:])
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        suffix = Path(kept).suffix
    room = _LONGEST - len(suffix.encode())
    if room > 0:
        kept = kept.removesuffix(suffix).encode()[:room].decode("utf-8", "ignore") + suffix
    else:
        kept = kept.encode()[:_LONGEST].decode("utf-8", "ignore")
    return kept.rstrip(" .") or "upload"
