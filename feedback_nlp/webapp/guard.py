"""What stands before the page: this machine only, this address only, who knows the token only.

Other programs of this machine may reach the port, and so may pages that the browser shows. Every address
therefore begins with a random token; the name asked for must be the loopback's own (a name that was made to
point here is refused); and what changes anything must come from the page itself. There are no cookies, which
other ports of the same machine would be sent too, and no headers that let other origins in.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.webapp.worker import bug_words

__all__ = ["Gate", "RefusedError", "refusal"]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_SAFE = ("GET", "HEAD")
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_WRONG_HOST = Bilingual(
    "只能用 127.0.0.1 或 localhost 打开。提示：用启动时显示的地址。",
    "Only 127.0.0.1 or localhost is answered. Hint: use the address shown at the start.",
)
_WRONG_TOKEN = Bilingual(
    "这个地址无效或已过期。提示：用启动时显示的地址，或重新启动 feedback-nlp app。",
    "This address is wrong or of an earlier start. Hint: use the address shown at the start, or start "
    "feedback-nlp app again.",
)
_WRONG_ORIGIN = Bilingual(
    "请求不是从本页发出的。提示：在启动时打开的页面里操作。",
    "The request does not come from the page. Hint: use the page that opened at the start.",
)


class RefusedError(Exception):
    """A request that is refused: status, and one line on what is wrong and what to do."""

    def __init__(self, status: int, line: Bilingual) -> None:
        super().__init__(line.zh)
        self.status, self.line = status, line


def refusal(line: Bilingual) -> bytes:
    """Return a line as the page takes refusals: ``{"error": {"zh", "en"}}``."""
    return json.dumps({"error": line._asdict()}, ensure_ascii=False).encode()


class Gate:
    """ASGI middleware; the application sees addresses without the token.

    Parameters
    ----------
    app : ASGI application
    token : str
        First part of every address.
    port : int
        Listened on; hosts other than the loopback's with this port are refused.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self.app, self.token = app, token
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        self._origins = {b"http://" + host for host in self._hosts}
        self._code: str | None = secrets.token_urlsafe(16)

    @property
    def opening(self) -> str:
        """The path that opens the page once; other users of this machine may see a browser's arguments."""
        return f"/open/{self._code}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await (self.app(scope, receive, send) if scope["type"] == "lifespan" else _closed(send))
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                own = {name for name, _ in message.get("headers", ())}
                extra = [(k.encode(), v.encode()) for k, v in _HEADERS.items() if k.encode() not in own]
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        try:
            await self._admitted(scope, receive, sending)
        except RefusedError as problem:
            await _answer(sending, problem.status, refusal(problem.line))
        except Exception as error:  # noqa: BLE001 - our bug: one line, here and there, without a text
            line = bug_words(error)
            sys.stderr.write(line.zh + "\n")
            if not begun:
                await _answer(sending, 500, refusal(line))

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if headers.get(b"host") not in self._hosts:
            raise RefusedError(421, _WRONG_HOST)
        path = str(scope["path"])
        if self._opens(path):
            await _answer(send, 303, b"", location=f"/{self.token}/")
            return
        first, slash, rest = path.removeprefix("/").partition("/")
        if not secrets.compare_digest(first.encode(), self.token.encode()):
            raise RefusedError(403, _WRONG_TOKEN)
        if not slash:  # relative addresses need it
            await _answer(send, 303, b"", location=f"/{self.token}/")
            return
        if scope["method"] not in _SAFE and not self._from_here(headers):
            raise RefusedError(403, _WRONG_ORIGIN)
        await self.app({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}, receive, send)

    def _opens(self, path: str) -> bool:
        if self._code is None or not secrets.compare_digest(path.encode(), self.opening.encode()):
            return False
        self._code = None
        return True

    def _from_here(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the page asks; a browser that says nothing of either is none."""
        site = headers.get(b"sec-fetch-site", b"same-origin")
        return headers.get(b"origin") in self._origins and site == b"same-origin"


async def _closed(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1008})


async def _answer(send: Send, status: int, body: bytes, *, location: str | None = None) -> None:
    kind = b"application/json; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if location is not None:
        headers.append((b"location", location.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
