"""``python -m feedback_nlp`` and the ``feedback-nlp`` script."""

from __future__ import annotations

import gc
import io
import signal
import sys
from contextlib import redirect_stdout

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # To be told to stop is the same as Ctrl-C: temporary files and other processes are cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell can close them; what is then said goes nowhere.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BytesIO())
    sys.stderr = sys.stderr or io.TextIOWrapper(io.BytesIO())
    try:
        if _is_one_text(sys.argv[1:]) and _answered(sys.argv[2]):
            return
        from feedback_nlp.cli.app import app

        app()
    except KeyboardInterrupt:  # before or after a command, which says so itself
        sys.exit(INTERRUPTED)


def _is_one_text(arguments: list[str]) -> bool:
    """Whether the call is ``classify TEXT`` without an option."""
    return len(arguments) == 2 and arguments[0] == "classify" and not arguments[1].startswith("-")


def _answered(text: str) -> bool:
    """Answer ``classify TEXT`` without the parser and the other commands, which cost as much as the answer.

    Where anything goes wrong nothing has been said, and the whole command line runs and says it.
    """
    from feedback_nlp.cli.one_text import answer

    said = io.StringIO()
    # What is loaded stays: looking for garbage in it would be a tenth of the work.
    gc.disable()
    try:
        with redirect_stdout(said):
            answer(text)
        sys.stdout.write(said.getvalue())
        sys.stdout.flush()
    except Exception:  # noqa: BLE001 (told by the command line)
        return False
    finally:
        gc.enable()
    return True


if __name__ == "__main__":
    main()
