"""What can be wrong with a store, as one sentence with a hint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual, InputError, MissingExtraError, OutputError, UserError
from feedback_nlp.store.tables import SCHEMA_VERSION

__all__ = ["absent", "check_place", "check_scale", "check_version", "engine", "explained", "locked"]

SUFFIX = ".duckdb"


def engine() -> Any:
    """Return the ``duckdb`` module."""
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError.from_extra("track", "feedback-nlp track") from error
    return duckdb


def check_place(path: Path) -> None:
    """Raise if ``path`` can't be a file."""
    if path.is_dir():
        raise InputError(
            Bilingual(f"{path} 是文件夹，不是存储文件。", f"{path} is a folder, not a store."),
            Bilingual(
                f"用 --store 给一个文件，如 feedback{SUFFIX}。", f"Give a file, such as feedback{SUFFIX}."
            ),
        )
    if not path.parent.is_dir():
        raise OutputError(
            Bilingual(f"文件夹 {path.parent} 不存在。", f"There is no folder {path.parent}."),
            Bilingual("请先建好文件夹，或换一个位置。", "Make the folder first, or choose another place."),
        )


def absent(path: Path) -> InputError:
    """Return the error for a store that is not there."""
    return InputError(
        Bilingual(f"没有存储文件 {path}。", f"There is no store {path}."),
        Bilingual(
            "先用 feedback-nlp track add 打分文件 --store 建一个。",
            "Make one with feedback-nlp track add SCORED --store FILE.",
        ),
    )


def check_version(path: Path, found: str | None) -> None:
    """Raise if the schema version ``found`` in a file is none (no store) or unknown here."""
    if found is None:
        raise InputError(
            Bilingual(
                f"{path} 是 DuckDB 文件，但不是本工具的存储。",
                f"{path} is a DuckDB file but no store of ours.",
            ),
            Bilingual(
                "用 --store 给一个新文件名，或 track add 建的文件。",
                "Give --store a new name, or a file that track add made.",
            ),
        )
    if int(found) > SCHEMA_VERSION:
        raise InputError(
            Bilingual(
                f"存储 {path} 的结构是第 {found} 版，这个程序只认到第 {SCHEMA_VERSION} 版。",
                f"Store {path} has schema version {found}; this program knows up to {SCHEMA_VERSION}.",
            ),
            Bilingual("升级 feedback-nlp。", "Upgrade feedback-nlp."),
        )


def check_scale(path: Path, known: Any, new: Any) -> None:
    """Raise if two rating scales, (low, high) or None where there is no rating, differ."""
    if known is None or new is None or list(known) == list(new):
        return
    shown = ["{:g}–{:g}".format(*scale) for scale in (known, new)]
    raise InputError(
        Bilingual(
            f"评分量程不同：存储 {path} 里是 {shown[0]}，这个文件是 {shown[1]}。",
            f"The rating scales differ: {shown[0]} in store {path}, {shown[1]} in this file.",
        ),
        Bilingual(
            "重新打分时用 --rating-scale 指定同一个量程，或放进另一个存储。",
            "Score again with the same --rating-scale, or use another store.",
        ),
    )


def locked(path: Path, who: str) -> OutputError:
    """Return the error for a store that another process (``who``, or "") holds."""
    return OutputError(
        Bilingual(
            f"存储 {path} 正被别的进程使用{f'（{who}）' if who else ''}。",
            f"Store {path} is in use by another process{f' ({who})' if who else ''}.",
        ),
        Bilingual("等它结束再试。", "Try again when it has finished."),
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what DuckDB and the system say about a store into one sentence with a hint."""
    duck = engine()
    try:
        yield
    except UserError:
        raise
    except (duck.Error, OSError) as error:
        raise _explain(path, " ".join(str(error).split())) from error


def _explain(path: Path, said: str) -> UserError:
    if "Could not set lock" in said:
        who = said.partition("(PID ")[2].partition(")")[0]
        return locked(path, f"PID {who}" if who else "")
    if "not a valid DuckDB" in said:
        return InputError(
            Bilingual(
                f"{path} 不是存储文件（DuckDB 读不了）。", f"{path} is no store (DuckDB can't read it)."
            ),
            Bilingual("用 --store 给 track add 建的文件。", "Give --store a file that track add made."),
        )
    return OutputError(
        Bilingual(f"存储 {path} 读写不了（{said}）。", f"Can't read or write store {path} ({said})."),
        Bilingual("检查磁盘空间和文件夹权限。", "Check disk space and the permissions of the folder."),
    )
