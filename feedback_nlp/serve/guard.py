"""What stands before the application: bounds on body and load, one log line a request, no texts in any."""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timezone
from typing import Any

import anyio

from feedback_nlp.errors import Bilingual
from feedback_nlp.serve.limits import Limits

__all__ = ["BUG", "Guard", "JsonLines", "RefusedError", "log", "problem_body"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
_LOGGER = logging.getLogger("feedback_nlp.serve")
_HEALTH = "/health"


class RefusedError(Exception):
    """A request that is refused: status, code for machines, and what to tell people."""

    def __init__(self, status: int, code: str, fact: Bilingual, hint: Bilingual) -> None:
        super().__init__(code)
        self.status, self.code, self.fact, self.hint = status, code, fact, hint


def problem_body(problem: RefusedError, lang: str) -> bytes:
    """Return a problem as the service writes it: ``{"error": {"code", "message", "hint"}}``."""
    told = {"code": problem.code, "message": problem.fact.in_(lang), "hint": problem.hint.in_(lang)}
    return json.dumps({"error": told}, ensure_ascii=False).encode()


class JsonLines(logging.Formatter):
    """One JSON object a line; of a record's arguments only those given as ``fields`` are shown."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        when = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = getattr(record, "fields", None) or {"message": record.getMessage()}
        line = {"time": when, "level": record.levelname.lower(), "event": record.name, **fields}
        return json.dumps(line, ensure_ascii=False)


def log(event: str, /, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line of the service's own."""
    _LOGGER.log(level, "", extra={"fields": {"event": event, **fields}})


class Guard:
    """ASGI middleware; the body is read whole before the application sees the request.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    paths : frozenset of str
        Those that are logged by name; others are "other", since a path may hold a text.
    lang : {"zh", "en"}
        Language of refusals.
    """

    def __init__(self, app: App, limits: Limits, paths: frozenset[str], lang: str) -> None:
        self.app, self.limits, self.paths, self.lang = app, limits, paths, lang
        self.active = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, name = time.perf_counter(), secrets.token_hex(8)
        state = scope.setdefault("state", {})
        seen: dict[str, Any] = {"status": None, "bytes_in": 0}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name.encode())]
            await send(message)

        try:
            await self._admitted(scope, receive, sending, seen)
        except RefusedError as problem:
            await _refuse(problem, self.lang, sending)
        except Exception as error:  # noqa: BLE001 - our bug: the client is told so, the log where it is
            log("bug", level=logging.ERROR, id=name, kind=type(error).__name__, where=_where(error))
            if seen["status"] is None:
                await _refuse(BUG, self.lang, sending)
        log(
            "request",
            id=name,
            method=scope["method"],
            path=scope["path"] if scope["path"] in self.paths else "other",
            status=seen["status"],
            ms=round(1000 * (time.perf_counter() - began), 1),
            bytes_in=seen["bytes_in"],
            n=state.get("n"),
        )

    async def _admitted(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send, seen: dict[str, Any]
    ) -> None:
        if scope["path"] == _HEALTH:
            await self.app(scope, receive, send)
            return
        if self.active >= self.limits.waiting:
            raise _busy(self.limits)
        self.active += 1
        try:
            body = await self._body(scope, receive)
            seen["bytes_in"] = len(body)
            await self.app(scope, _replaying(body, receive), send)
        finally:
            self.active -= 1

    async def _body(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limits.body:
            raise _too_large(self.limits)
        parts, size, more = [], 0, True
        with anyio.move_on_after(self.limits.seconds) as waiting:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    break
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > self.limits.body:
                    raise _too_large(self.limits)
                more = message.get("more_body", False)
        if waiting.cancelled_caught:
            raise _too_slow(self.limits)
        return b"".join(parts)


def _replaying(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(problem: RefusedError, lang: str, send: Send) -> None:
    body = problem_body(problem, lang)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if problem.status == 503:
        headers.append((b"retry-after", b"1"))
    if problem.status in (408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _where(error: Exception) -> str:
    """Return file and line of an error: its message may hold a text."""
    frames = traceback.extract_tb(sys.exc_info()[2] if error.__traceback__ is None else error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


def _too_large(limits: Limits) -> RefusedError:
    size = f"{limits.body / 2**20:g} MiB"
    return RefusedError(
        413,
        "body_too_large",
        Bilingual(f"请求体超过 {size}。", f"The request body exceeds {size}."),
        Bilingual(
            "分几次发送，或启动时加大 --max-body。",
            "Send several requests, or start with a larger --max-body.",
        ),
    )


def _too_slow(limits: Limits) -> RefusedError:
    return RefusedError(
        408,
        "body_too_slow",
        Bilingual(
            f"请求体 {limits.seconds:g} 秒内没有收完。", f"The body did not arrive in {limits.seconds:g} s."
        ),
        Bilingual("分几次发送。", "Send several requests."),
    )


def _busy(limits: Limits) -> RefusedError:
    return RefusedError(
        503,
        "busy",
        Bilingual(
            f"已有 {limits.waiting} 个请求在处理。", f"{limits.waiting} requests are being worked on already."
        ),
        Bilingual("过一秒再试。", "Try again in a second."),
    )


BUG = RefusedError(
    500,
    "internal_error",
    Bilingual("程序内部错误，这是我们的缺陷。", "Internal error; this is our bug."),
    Bilingual("日志里有出错的位置，编号见 X-Request-Id。", "The log says where, by X-Request-Id."),
)
