"""A command held in the middle of its work until the test has seen it, however fast the machine is."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

# Seconds that a command is held at most, so that none is left behind by a test that failed.
HELD_FOR = 600
# Stands before the real package of this name, which is imported by who writes workbooks alone.
STANDS = f"""
import sys, time
from pathlib import Path

here = Path(__file__).parent
(here / "reached").touch()
limit = time.monotonic() + {HELD_FOR}
while not (here / "go").exists() and time.monotonic() < limit:
    time.sleep(0.02)
sys.path.remove(str(here))
del sys.modules["xlsxwriter"]
import xlsxwriter
"""


class Hold:
    """Lets no program with this :attr:`environment` write a workbook before :meth:`let_go`.

    Parameters
    ----------
    folder : Path
        Made for it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder.resolve()
        (self._folder / "xlsxwriter.py").write_text(STANDS, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """Of this process, with the hold."""
        path = os.pathsep.join(filter(None, (str(self._folder), os.environ.get("PYTHONPATH"))))
        return {**os.environ, "PYTHONPATH": path}

    def reached(self, process: subprocess.Popen[str]) -> bool:
        """Wait until the program is held; False if it ended instead, or takes minutes to come so far."""
        limit = time.monotonic() + HELD_FOR / 3
        while not (self._folder / "reached").exists():
            if process.poll() is not None or time.monotonic() > limit:
                return False
            time.sleep(0.02)
        return True

    def let_go(self) -> None:
        """Let what is held, and what comes later, go on."""
        (self._folder / "go").touch()
