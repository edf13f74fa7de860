"""``python -m feedback_nlp`` and the ``feedback-nlp`` script."""

from __future__ import annotations

import io
import signal
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # To be told to stop is the same as Ctrl-C: temporary files and other processes are cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell can close them; what is then said goes nowhere.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BytesIO())
    sys.stderr = sys.stderr or io.TextIOWrapper(io.BytesIO())
    try:
        from feedback_nlp.cli.app import app

        app()
    except KeyboardInterrupt:  # before or after a command, which says so itself
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
