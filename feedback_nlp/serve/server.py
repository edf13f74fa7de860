"""Starting and stopping: a socket on the loopback, structured logs, requests finished before the end."""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
from collections.abc import Callable

import uvicorn

from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.serve.app import create_app
from feedback_nlp.serve.guard import JsonLines, log
from feedback_nlp.serve.limits import Limits
from feedback_nlp.serve.sockets import bind

__all__ = ["bind", "check_host", "run"]


def check_host(host: str, *, allow_remote: bool) -> None:
    """Refuse an address that other machines can reach, unless that is wanted.

    Raises
    ------
    ConfigError
    """
    if allow_remote or host == "localhost" or _is_loopback(host):
        return
    raise ConfigError(
        Bilingual(
            f"{host} 不是本机回环地址，别的机器也能连上。",
            f"{host} is no loopback address: others can reach it.",
        ),
        Bilingual(
            "用 --host 127.0.0.1；确实要对外，加 --allow-remote，并在前面放带 TLS 和登录的代理。",
            "Use --host 127.0.0.1; if others must reach it, add --allow-remote and put a proxy with TLS and "
            "authentication before it.",
        ),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run(
    scorer: Scorer,
    listener: socket.socket,
    *,
    limits: Limits,
    lang: str,
    grace: int,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what has begun.

    Parameters
    ----------
    scorer : Scorer
    listener : socket
        From :func:`bind`; closed at the end.
    limits : Limits
    lang : {"zh", "en"}
    grace : int
        Seconds that running requests are given at the end.
    ready : callable
        Told the address once the socket is open.
    """
    _log_as_json()
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    config = uvicorn.Config(
        create_app(scorer, limits=limits, lang=lang),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=grace,
    )
    listener.listen(config.backlog)
    log("start", address=address, model=scorer.name, sha256=scorer.fingerprint())
    ready(address)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # how a signal reaches us once uvicorn has stopped in order
    finally:
        listener.close()
    log("stop")


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("feedback_nlp.serve", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)
