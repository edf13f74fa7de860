"""A socket to listen on; apart from the service, which needs much more."""

from __future__ import annotations

import socket
import sys

from feedback_nlp.errors import Bilingual, OutputError

__all__ = ["bind"]


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to ``host`` and ``port`` (0: any free one).

    Raises
    ------
    OutputError
        If it is taken or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":  # there, the other option would let a second program take the port over
        found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        why = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            Bilingual(f"占不到 {host}:{port}（{why}）。", f"Can't listen on {host}:{port} ({why})."),
            Bilingual("换一个 --port，0 为任一空闲端口。", "Choose another --port; 0 takes any free one."),
        ) from error
    return found
