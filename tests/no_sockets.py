"""Run the command line with every socket refused: ``python tests/no_sockets.py demo --out DIR``."""

from __future__ import annotations

import socket
import sys


def refuse(*_args: object, **_kwargs: object) -> None:
    raise AssertionError("a network connection was attempted")


# The class stays a class, since libraries subclass it; only using it is refused.
for name in ("connect", "connect_ex", "bind", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("create_connection", "getaddrinfo", "gethostbyname"):
    setattr(socket, name, refuse)

if __name__ == "__main__":
    from feedback_nlp.__main__ import main

    sys.argv[0] = "feedback-nlp"
    main()
