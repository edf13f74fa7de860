"""Compiled inner loops for long columns: the same bits as the NumPy code beside which they stand, sooner.

They need numba (``pip install "feedback-nlp[fast]"``). Without it, and for a few texts, NumPy does it all:
importing numba takes half a second, which some thousand reviews pay back, and compiling takes several
seconds, once; what was compiled is kept in a folder of the user's (``folder``). So a process turns them on

- when a job of at least ``LEAST`` reviews begins and they have been compiled before,
- when a job of at least ``LEAST_TO_COMPILE`` reviews begins, compiling them first,
- when it has judged ``LEAST`` reviews in small batches and they have been compiled before,

and keeps them on. The variable ``FEEDBACK_NLP_COMPILED`` overrules it: ``0`` never, ``1`` always.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = [
    "LEAST",
    "LEAST_TO_COMPILE",
    "VARIABLE",
    "active",
    "available",
    "compiled_before",
    "count",
    "done",
    "folder",
    "prepare",
    "warm",
]

VARIABLE = "FEEDBACK_NLP_COMPILED"
# Reviews that pay for importing numba and loading what was compiled (0.8 s against 60 µs a review), and for
# compiling it, if the next runs are counted in.
LEAST, LEAST_TO_COMPILE = 20_000, 200_000
_MODULES = ("expressions", "grams", "heads", "terms")


class _State:
    """Whether this process uses compiled loops, and how many reviews it has judged without."""

    def __init__(self) -> None:
        self.on = False
        self.warm = False
        self.broken = False
        self.seen = 0
        self.lock = threading.Lock()


_STATE = _State()


def active() -> bool:
    """Return whether compiled loops are in use in this process."""
    return _STATE.on and os.environ.get(VARIABLE) != "0"


def prepare(n_reviews: int | None) -> bool:
    """Turn compiled loops on if a job of this many reviews (None: nobody knows) is worth it.

    To be called before processes are forked, so that they share what is loaded. What was never compiled is
    compiled when it is first called; whoever has called everything says so by ``done``.

    Returns
    -------
    bool
        Whether they are on.
    """
    wanted = os.environ.get(VARIABLE)
    if wanted == "0" or not available():
        return False
    if not _STATE.on:
        least = LEAST if compiled_before() else LEAST_TO_COMPILE
        if wanted == "1" or (n_reviews is not None and n_reviews >= least):
            _turn_on()
    return _STATE.on


def count(n_reviews: int) -> None:
    """Note that reviews are judged; after ``LEAST`` in small batches compiled loops are turned on."""
    if _STATE.on or _STATE.broken:
        return
    _STATE.seen += n_reviews
    if os.environ.get(VARIABLE) == "1" or (_STATE.seen >= LEAST and available() and compiled_before()):
        prepare(_STATE.seen)


@lru_cache(maxsize=1)
def available() -> bool:
    """Return whether numba is there, and a folder for what it compiles."""
    try:
        found = find_spec("numba") is not None
    except ValueError:  # somebody has put something else under this name
        return False
    return found and folder() is not None


@lru_cache(maxsize=1)
def folder() -> Path | None:
    """Return the folder that keeps what was compiled; None if there is none that only this user can write.

    ``NUMBA_CACHE_DIR`` if set, else in the user's cache folder, else in the folder for temporary files.
    """
    from tempfile import gettempdir

    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        places = [Path(given)]
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
        own = str(os.getuid()) if hasattr(os, "getuid") else "user"
        places = [
            Path(cache) / "feedback_nlp" if cache else Path("~/.cache/feedback_nlp").expanduser(),
            Path(gettempdir()) / f"feedback_nlp-{own}",
        ]
    return next((place for place in places if _private(place)), None)


def _private(place: Path) -> bool:
    """Return whether a folder is there, or can be made, that this user can write and no other.

    What lies there is run: a folder that others can write is none to load code from.
    """
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = place.stat()
    except (OSError, RuntimeError):
        return False
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
        return False
    return os.access(place, os.W_OK)


def compiled_before() -> bool:
    """Return whether an earlier process has compiled this version of the loops."""
    place = folder()
    return place is not None and (place / _mark()).exists()


@lru_cache(maxsize=1)
def _mark() -> str:
    """Return the name of the file that says so: of the sources, of Python and of the processor's kind."""
    import hashlib
    import platform
    from importlib.metadata import version

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    parts = (sys.implementation.cache_tag, version("numba"), version("numpy"), platform.machine(), __file__)
    digest.update(repr(parts).encode())
    return f"compiled-{digest.hexdigest()[:16]}"


def warm() -> bool:
    """Return whether everything has been called once in this process."""
    return _STATE.warm


def done() -> None:
    """Note that everything has been called once and is kept: later processes load it for smaller jobs too."""
    _STATE.warm = True
    place = folder()
    if place is not None:
        with suppress(OSError):  # the next process finds out by itself
            (place / _mark()).touch()


def _turn_on() -> None:
    place = folder()
    with _STATE.lock:
        if _STATE.on or _STATE.broken or place is None:
            return
        try:
            _load(place)
        except (ImportError, OSError, RuntimeError):
            # A numba that does not fit this Python or NumPy: everything works without.
            _STATE.broken = True
        else:
            _STATE.on = True


def _load(place: Path) -> None:
    """Import the loops so that what they are compiled to is kept in ``place``."""
    from numba import config as loaded

    config: Any = loaded

    # Other programs' functions in this process keep their own place.
    others, config.CACHE_DIR = config.CACHE_DIR, str(place)
    try:
        for name in _MODULES:
            import_module(f"{__name__}.{name}")
    finally:
        config.CACHE_DIR = others
