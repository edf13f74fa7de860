"""What the page asks for: the page itself, files in, their columns, the work, reports out."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from feedback_nlp import __version__
from feedback_nlp.errors import Bilingual
from feedback_nlp.schema import ROLES
from feedback_nlp.webapp.guard import RefusedError, refusal
from feedback_nlp.webapp.jobs import BusyError, Job, Jobs
from feedback_nlp.webapp.places import safe_name
from feedback_nlp.webapp.wording import LABELS, both
from feedback_nlp.webapp.worker import bug_words

__all__ = ["MIB", "create_site", "models"]

MIB = 2**20
STATIC = Path(__file__).parent / "static"
# By hand, not by the system's table, which knows some of them elsewhere than others.
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_PAGES = ("page.css", "page.js", "words.json")
# The report has scripts of its own, and texts of customers: it may run them, alone, and reach nothing.
_REPORT_HEADERS = {
    "content-security-policy": (
        "sandbox allow-scripts allow-downloads allow-modals; default-src 'none'; script-src 'unsafe-inline'; "
        "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "cross-origin-opener-policy": "unsafe-none",  # a sandboxed page with another one is not shown at all
}
_MODELS = {
    "linear": Bilingual("标准（快）", "Standard (fast)"),
    "encoder": Bilingual("更准（慢：每分钟几千条）", "More accurate (slow: some thousand reviews a minute)"),
    "lexicon": Bilingual("词表（不靠训练）", "Word lists (no training)"),
}
_NEEDED = {"encoder": ("onnxruntime", "tokenizers")}


class Start(BaseModel):
    """What an analysis is asked for: role to the column's position, or None."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, int | None]
    model: str = "linear"
    lang: Literal["zh", "en"] = "zh"
    rating_scale: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


class Sheet(BaseModel):
    """Which sheet of a workbook to read."""

    model_config = ConfigDict(extra="forbid")

    sheet: str


def models() -> list[str]:
    """Return the models that can be used here, the default first."""
    from feedback_nlp import catalog

    known = [*(info.name for info in catalog.models()), "lexicon"]
    usable = [name for name in known if all(map(importlib.util.find_spec, _NEEDED.get(name, ())))]
    return sorted(usable, key=lambda name: (list(_MODELS).index(name) if name in _MODELS else 9, name))


def create_site(jobs: Jobs, *, max_bytes: int, lang: str, stop: Callable[[], None]) -> FastAPI:
    """Return the application; what stands before it is ``guard.Gate``.

    Parameters
    ----------
    jobs : Jobs
    max_bytes : int
        Size of the largest file taken.
    lang : {"zh", "en"}
        Language that the page begins with.
    stop : callable
        Ends the program.
    """
    app = FastAPI(title="feedback_nlp", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def page() -> Response:
        return FileResponse(STATIC / "page.html", media_type=_KINDS[".html"])

    @app.get("/{name}")
    def part(name: str) -> Response:
        if name not in _PAGES:
            raise HTTPException(404)
        return FileResponse(STATIC / name, media_type=_KINDS[Path(name).suffix])

    @app.get("/api/about")
    def about() -> dict[str, Any]:
        return {
            "version": __version__,
            "lang": lang,
            "max_bytes": max_bytes,
            "roles": [{"role": role, "label": both(LABELS[role])} for role in ROLES],
            "models": [
                {"name": name, "label": both(_MODELS.get(name, Bilingual(name, name)))} for name in models()
            ],
        }

    @app.post("/api/quit", status_code=202)
    def quit_() -> dict[str, Any]:
        stop()
        return {}

    _files(app, jobs, max_bytes)
    _work(app, jobs)
    _explain(app)
    return app


def _files(app: FastAPI, jobs: Jobs, max_bytes: int) -> None:
    """Add what takes files in and gives reports out."""

    @app.post("/api/files", status_code=201)
    async def upload(request: Request, name: str) -> dict[str, Any]:
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > max_bytes:
            raise _too_large(max_bytes)
        kept, folder = safe_name(name), await anyio.to_thread.run_sync(_place, jobs)
        try:
            await _save(request, folder / kept, max_bytes)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return {"id": await anyio.to_thread.run_sync(jobs.add, folder, kept)}

    @app.post("/api/sample", status_code=201)
    def sample() -> dict[str, Any]:
        from feedback_nlp.catalog import sample_path

        folder = _place(jobs)
        shutil.copyfile(sample_path("xlsx"), folder / "sample.xlsx")
        return {"id": jobs.add(folder, "sample.xlsx")}

    @app.delete("/api/files/{key}", status_code=204)
    def delete(key: str) -> Response:
        jobs.remove(key)
        return Response(status_code=204)

    @app.get("/files/{key}/{name}")
    def output(key: str, name: str, download: bool = False) -> Response:  # noqa: FBT001, FBT002 - of the query
        path = _job(jobs, key).output(name)
        if path is None:
            raise HTTPException(404)
        kind = "attachment" if download or path.suffix != ".html" else "inline"
        return FileResponse(
            path,
            headers=_REPORT_HEADERS,
            media_type=_KINDS[path.suffix],
            filename=name,
            content_disposition_type=kind,
        )


def _work(app: FastAPI, jobs: Jobs) -> None:
    """Add what starts, follows and stops the work on a file."""

    @app.get("/api/files/{key}")
    def told(key: str) -> dict[str, Any]:
        return _job(jobs, key).told()

    @app.post("/api/files/{key}/read", status_code=202)
    def read(key: str, asked: Sheet) -> dict[str, Any]:
        return _job(jobs, key).read(asked.sheet)

    @app.post("/api/files/{key}/analyze", status_code=202)
    def analyze(key: str, asked: Start) -> dict[str, Any]:
        job = _job(jobs, key)
        _check(asked)
        scale = (asked.rating_scale[0], asked.rating_scale[1]) if asked.rating_scale else None
        try:
            return job.analyze(asked.columns, model=asked.model, lang=asked.lang, rating_scale=scale)
        except ValueError as error:
            raise _INVALID from error

    @app.post("/api/files/{key}/cancel", status_code=202)
    def cancel(key: str) -> dict[str, Any]:
        return _job(jobs, key).cancel()


def _job(jobs: Jobs, key: str) -> Job:
    job = jobs.get(key)
    if job is None:
        raise RefusedError(
            404,
            Bilingual(
                "这个文件已不在这里。提示：请重新选择文件。",
                "The file is no longer here. Hint: choose it again.",
            ),
        )
    return job


def _place(jobs: Jobs) -> Path:
    try:
        return jobs.place()
    except BusyError as error:
        raise RefusedError(
            503,
            Bilingual(
                "已有几个文件在分析。提示：等其中一个做完，或取消一个。",
                "Several files are being worked on. Hint: wait for one, or cancel one.",
            ),
        ) from error


async def _save(request: Request, path: Path, max_bytes: int) -> None:
    """Write a body to a file, piece by piece."""
    size = 0
    async with await anyio.open_file(path, "wb") as file:
        async for piece in request.stream():
            size += len(piece)
            if size > max_bytes:
                raise _too_large(max_bytes)
            await file.write(piece)


def _check(asked: Start) -> None:
    """Refuse roles and models that are not there, and a column in two roles."""
    chosen = [place for place in asked.columns.values() if place is not None]
    if set(asked.columns) - set(ROLES) or asked.model not in models():
        raise _INVALID
    if asked.columns.get("text") is None:
        raise RefusedError(
            422,
            Bilingual(
                "还没有选“正文”列。提示：选出写着评价或投诉内容的那一列。",
                "No column is chosen as 'Text'. Hint: choose the one with the reviews or complaints.",
            ),
        )
    if len(set(chosen)) < len(chosen):
        raise RefusedError(
            422,
            Bilingual(
                "有一列用了两次。提示：每一列只能有一个用途，多余的选“（无）”。",
                "A column is used twice. Hint: a column has one use; choose '(none)' for the other.",
            ),
        )


def _too_large(max_bytes: int) -> RefusedError:
    size = f"{max_bytes / MIB:g} MiB"
    return RefusedError(
        413,
        Bilingual(
            f"文件超过 {size}。提示：分成几份，或用命令行 feedback-nlp analyze。",
            f"The file exceeds {size}. Hint: split it, or use feedback-nlp analyze on the command line.",
        ),
    )


_INVALID = RefusedError(
    422,
    Bilingual(
        "请求不对。提示：请刷新页面再试。", "The request makes no sense. Hint: reload the page and try again."
    ),
)
_DISK = Bilingual(
    "文件存不下来。提示：请检查磁盘空间。", "The file can't be kept. Hint: check the space on the disk."
)


def _explain(app: FastAPI) -> None:
    def answer(status: int, line: Bilingual) -> Response:
        return Response(refusal(line), status, media_type="application/json")

    @app.exception_handler(RefusedError)
    async def refused(_request: Request, error: RefusedError) -> Response:
        return answer(error.status, error.line)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, _error: RequestValidationError) -> Response:
        return answer(_INVALID.status, _INVALID.line)

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> Response:
        return answer(error.status_code, Bilingual("没有这个地址。", "There is no such address."))

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    @app.exception_handler(Exception)
    async def bug(_request: Request, error: Exception) -> Response:
        return answer(
            500, bug_words(error)
        )  # the gate, which the error still reaches, says so in the terminal

    @app.exception_handler(OSError)
    async def system(_request: Request, _error: OSError) -> Response:
        return answer(507, _DISK)
