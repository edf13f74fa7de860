"""Finished parts of a long run, beside its output: what a killed run leaves and the next one takes up.

A part is three files: the input's columns, the scores, the mentions. It counts once its scores stand under
their own name, which is the last thing written; ``manifest.json`` says of what input, model and options. One
run at a time holds the folder.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, OutputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Parts", "folder_of"]

MANIFEST, LOCK = "manifest.json", "lock"
INPUT, SCORES, MENTIONS = "input", "scores", "mentions"
_FACTS = b"facts"
# States of a run, in order: parts are being made, outputs are being put in place, all is done.
RUNNING, PLACING, DONE = "running", "placing", "done"
# Folders that a run of this process holds.
_HELD: set[Path] = set()
_GUARD = threading.Lock()


def folder_of(output: Path) -> Path:
    """Return where the parts of an output are kept."""
    return output.with_name(f".{output.name[:100]}.parts")


@dataclass
class Parts:
    """The folder of parts of one output, held by this run.

    Attributes
    ----------
    folder : Path
    output : Path
    """

    folder: Path
    output: Path

    @classmethod
    @contextmanager
    def held(cls, output: Path) -> Iterator[Parts]:
        """Make the folder, or take it over from a run that is gone.

        Raises
        ------
        OutputError
            If another run holds it, or it can't be made.
        """
        from feedback_nlp.io.writers import explained

        folder = folder_of(output)
        with _alone_here(folder, output):
            with explained(output):
                lock = _lock(folder, output)
            try:
                yield cls(folder, output)
            finally:
                os.close(lock)

    # --- the manifest

    def manifest(self) -> dict[str, Any] | None:
        """Return what an earlier run left; None if that is nothing, or not to be read."""
        try:
            found = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and {"state", "run"} <= set(found) else None

    def note(self, run: Mapping[str, Any], state: str, **more: Any) -> None:
        """Write down what this run is of and how far it has come."""
        from feedback_nlp.io.writers import atomic

        text = json.dumps({"state": state, "run": run, **more}, ensure_ascii=False, indent=1)
        with atomic(self.folder / MANIFEST) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    def clear(self, but: Collection[str] = ()) -> None:
        """Remove everything but the lock and the files named; the manifest last."""
        for path in sorted(self.folder.iterdir(), key=lambda path: path.name == MANIFEST):
            if path.name != LOCK and path.name not in but:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- parts

    def count(self) -> int:
        """Return how many parts are finished, from the first on without a gap; remove what follows.

        A part that can't be read to its end (a power cut, a bad disk) is made again.
        """
        number = 0
        while self._whole(number):
            number += 1
        for path in self.folder.iterdir():
            stem = path.name.split(".")[0]
            if path.suffix == ".tmp" or (stem.isdigit() and int(stem) >= number):
                path.unlink(missing_ok=True)
        return number

    def _whole(self, number: int) -> bool:
        import pyarrow as pa

        try:
            self.facts(number)
            names = [INPUT, SCORES, MENTIONS] if self._path(number, MENTIONS).exists() else [INPUT, SCORES]
            for name in names:
                self.read(number, name).validate(full=True)
        except (OSError, pa.ArrowException, KeyError, ValueError):
            return False
        return True

    def write(
        self, number: int, table: pa.Table, scores: pa.Table, mentions: pa.Table | None, facts: dict[str, Any]
    ) -> None:
        """Add a finished part.

        Raises
        ------
        OutputError
            If the disk is full.
        """
        self._write(number, INPUT, table)
        if mentions is not None:
            self._write(number, MENTIONS, mentions)
        note = json.dumps(facts, ensure_ascii=False).encode()
        self._write(number, SCORES, scores.replace_schema_metadata({_FACTS: note}))

    def _write(self, number: int, name: str, table: pa.Table) -> None:
        import pyarrow as pa

        from feedback_nlp.io.writers import atomic

        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            atomic(self._path(number, name)) as temporary,
            pa.OSFile(str(temporary), "wb") as file,
            pa.ipc.new_file(file, table.schema, options=options) as writer,
        ):
            writer.write_table(table.combine_chunks())

    def read(self, number: int, name: str) -> pa.Table:
        """Return the input, scores or mentions of a part."""
        import pyarrow as pa

        with pa.OSFile(str(self._path(number, name))) as file, pa.ipc.open_file(file) as reader:
            return reader.read_all().replace_schema_metadata(None)

    def column(self, number: int, name: str) -> pa.Array:
        """Return one column of a part's scores, without reading the others."""
        import pyarrow as pa

        schema = self._schema(number, SCORES)
        options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name)])
        with (
            pa.OSFile(str(self._path(number, SCORES))) as file,
            pa.ipc.open_file(file, options=options) as reader,
        ):
            return reader.read_all()[name].combine_chunks()

    def schema(self, number: int) -> pa.Schema:
        """Return the schema of a part's input."""
        return self._schema(number, INPUT)

    def facts(self, number: int) -> dict[str, Any]:
        """Return what was noticed when the part was read."""
        found: dict[str, Any] = json.loads((self._schema(number, SCORES).metadata or {})[_FACTS])
        return found

    def _schema(self, number: int, name: str) -> pa.Schema:
        import pyarrow as pa

        with pa.OSFile(str(self._path(number, name))) as file, pa.ipc.open_file(file) as reader:
            return reader.schema

    def _path(self, number: int, name: str) -> Path:
        return self.folder / f"{number:06d}.{name}"


@contextmanager
def _alone_here(folder: Path, output: Path) -> Iterator[None]:
    """Keep the other threads of this process out: the lock of a file is that of the whole process."""
    place = folder.parent.resolve() / folder.name
    with _GUARD:
        if place in _HELD:
            raise _busy(output)
        _HELD.add(place)
    try:
        yield
    finally:
        with _GUARD:
            _HELD.discard(place)


def _busy(output: Path) -> OutputError:
    return OutputError(
        Bilingual(f"另一个运行正在写 {output}。", f"Another run is writing {output}."),
        Bilingual("等它结束，或换一个输出文件名。", "Wait for it, or choose another output."),
    )


def _lock(folder: Path, output: Path) -> int:
    """Return the open lock file of the folder, held until it is closed or this process ends."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)  # it holds original texts
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # another run removed the folder just now
        try:
            _hold(lock)
        except OSError as error:
            os.close(lock)
            raise _busy(output) from error
        try:
            if (folder / LOCK).stat().st_ino == os.fstat(lock).st_ino:
                return lock
        except FileNotFoundError:
            pass
        os.close(lock)  # the folder was removed in between


def _hold(lock: int) -> None:
    """Lock a file for this process alone; the lock is not inherited by the processes it starts."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
