"""Starting and stopping: a free port of the loopback, a private folder, nothing left at the end."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from feedback_nlp.serve.sockets import bind
from feedback_nlp.webapp.guard import Gate
from feedback_nlp.webapp.jobs import Jobs
from feedback_nlp.webapp.places import private_folder
from feedback_nlp.webapp.site import create_site

__all__ = ["run"]

LOOPBACK = "127.0.0.1"
# Seconds that answers under way are given at the end.
GRACE = 2


def run(*, port: int, max_bytes: int, lang: str, browser: bool, ready: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C, SIGTERM, or the page's own button.

    Parameters
    ----------
    port : int
        0 for any free one.
    max_bytes : int
        Size of the largest file taken.
    lang : {"zh", "en"}
        Language that the page begins with.
    browser : bool
        Whether to open it.
    ready : callable
        Told the address once it answers.

    Raises
    ------
    OutputError
        If the port is taken.
    """
    listener = bind(LOOPBACK, port)
    port = listener.getsockname()[1]
    token = secrets.token_urlsafe(24)
    with listener, private_folder() as folder:
        jobs = Jobs(folder)
        site = create_site(jobs, max_bytes=max_bytes, lang=lang, stop=lambda: _stop(server))
        gate = Gate(site, token, port)
        server = _server(gate)
        try:
            _end_with_terminal(server)
            listener.listen(server.config.backlog)
            ready(f"http://{LOOPBACK}:{port}/{token}/")
            if browser:
                _open(f"http://{LOOPBACK}:{port}{gate.opening}")
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # how a signal reaches us once uvicorn has stopped in order
        finally:
            jobs.close()


def _server(gate: Gate) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            gate,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=GRACE,
        )
    )


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _end_with_terminal(server: uvicorn.Server) -> None:
    """Stop in order, too, when the terminal's window is closed."""
    if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGHUP, lambda *_: _stop(server))


def _open(address: str) -> None:
    """Open the page in the user's browser, if there is a screen; it may take its time."""
    if os.name == "posix" and sys.platform != "darwin" and not _screen():
        return
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
