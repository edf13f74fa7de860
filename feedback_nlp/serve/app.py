"""The HTTP application: ``POST /score``, ``POST /classify``, ``GET /health``, ``GET /openapi.json``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
import pyarrow as pa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.exceptions import HTTPException

from feedback_nlp import __version__
from feedback_nlp.engines.batch import mentions_of, score_batch
from feedback_nlp.errors import Bilingual
from feedback_nlp.frames import whole
from feedback_nlp.pipeline import classify
from feedback_nlp.schema import scored_schema
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.serve.guard import BUG, Guard, RefusedError, problem_body
from feedback_nlp.serve.limits import Limits

__all__ = ["create_app"]

Found = TypeVar("Found")
_SCORES = tuple(name for name in scored_schema().names if name != "fb_duplicate_of")


def _id(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Review(_Strict):
    """One customer text."""

    review_id: Annotated[str | None, BeforeValidator(_id)] = Field(
        None, description="Position in the request, from 1, where it is missing."
    )
    text: str | None


class ScoreRequest(_Strict):
    """Reviews to be scored."""

    reviews: list[Review]
    mentions: bool = Field(default=True, description="Whether to return the mentions too.")


class ClassifyRequest(_Strict):
    """Texts to be classified."""

    texts: list[str | None]


class ScoredReview(BaseModel):
    """Scores of one review; columns as in scored files."""

    review_id: str
    fb_polarity: float | None
    fb_label: str | None
    fb_confidence: float | None
    fb_elements: list[str]
    fb_negative: list[str]
    fb_flags: list[str]
    fb_needs_review: bool
    fb_status: str


class Mention(BaseModel):
    """One (clause, facet); spans are half-open and count code points."""

    clause: int
    start: int
    end: int
    text: str
    element: str
    facet: str
    score: float
    polarity: float
    label: str


class ReviewMention(Mention):
    """A mention and the review it stands in."""

    review_id: str


class ScoreResponse(BaseModel):
    """Reviews in the order of the request, and what they mention."""

    reviews: list[ScoredReview]
    mentions: list[ReviewMention]


class Judgement(BaseModel):
    """What ``feedback-nlp classify --json`` prints of one text."""

    text: str | None
    polarity: float | None
    label: str | None
    confidence: float | None
    flags: list[str]
    mentions: list[Mention]


class ClassifyResponse(BaseModel):
    """One judgement per text, in order."""

    results: list[Judgement]


class Health(BaseModel):
    """What runs here."""

    status: str
    version: str
    model: dict[str, Any]
    limits: dict[str, float]


class Refusal(BaseModel):
    """What is wrong and what to do."""

    code: str
    message: str
    hint: str


class Refused(BaseModel):
    """The body of every answer that is not 200."""

    error: Refusal


_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refused} for status in (400, 404, 405, 408, 413, 415, 422, 500, 503)
}


def create_app(scorer: Scorer, *, limits: Limits | None = None, lang: str = "zh") -> Guard:
    """Return the ASGI application.

    Parameters
    ----------
    scorer : Scorer
        Fitted; shared by all threads, which only read it.
    limits : Limits, optional
    lang : {"zh", "en"}
        Language of refusals.
    """
    bounds = limits or Limits()
    threads: dict[str, anyio.CapacityLimiter] = {}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threads["all"] = anyio.CapacityLimiter(bounds.threads)
        yield

    async def in_thread(work: Callable[[], Found]) -> Found:
        return await anyio.to_thread.run_sync(work, limiter=threads["all"])

    # No pages of documentation: they would fetch scripts from elsewhere. /openapi.json says it all.
    app = FastAPI(
        title="feedback_nlp",
        version=__version__,
        summary="Chinese customer feedback in, scores and mentions out.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=_REFUSALS,
    )

    @app.get("/health", response_model=Health)
    async def health() -> dict[str, Any]:
        return {
            "status": "ok",
            "version": __version__,
            "model": scorer.describe(),
            "limits": {"body": bounds.body, "batch": bounds.batch, "waiting": bounds.waiting},
        }

    @app.post("/score", response_model=ScoreResponse)
    async def score(asked: ScoreRequest, request: Request) -> Response:
        _check_batch(asked.reviews, bounds, request)
        return _json(await in_thread(lambda: _scored(asked, scorer)))

    @app.post("/classify", response_model=ClassifyResponse)
    async def classify_texts(asked: ClassifyRequest, request: Request) -> Response:
        _check_batch(asked.texts, bounds, request)
        return _json({"results": await in_thread(lambda: classify(asked.texts, model=scorer))})

    _explain(app, lang)
    return Guard(app, bounds, frozenset({"/health", "/score", "/classify", "/openapi.json"}), lang)


def _check_batch(items: Sequence[Any], limits: Limits, request: Request) -> None:
    request.state.n = len(items)
    if len(items) > limits.batch:
        raise RefusedError(
            413,
            "batch_too_large",
            Bilingual(
                f"一次最多 {limits.batch} 条，收到 {len(items)} 条。",
                f"At most {limits.batch} at a time; {len(items)} came.",
            ),
            Bilingual(
                "分几次发送，或启动时加大 --max-batch。",
                "Send several requests, or start with a larger --max-batch.",
            ),
        )


def _scored(asked: ScoreRequest, scorer: Scorer) -> dict[str, Any]:
    ids = [review.review_id or str(place) for place, review in enumerate(asked.reviews, start=1)]
    texts = [None if review.text is None else whole(review.text) for review in asked.reviews]
    columns = [pa.array(map(whole, ids), pa.string()), pa.array(texts, pa.string())]
    batch = pa.RecordBatch.from_arrays(columns, ["review_id", "text"])
    found = score_batch(batch, scorer, mentions=True)
    mentions = mentions_of(found).drop_columns(["issue_id"]).to_pylist() if asked.mentions else []
    return {"reviews": found.select(["review_id", *_SCORES]).to_pylist(), "mentions": mentions}


def _json(content: dict[str, Any]) -> Response:
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body.encode(), media_type="application/json")


# --- refusals


def _explain(app: FastAPI, lang: str) -> None:
    def refused(problem: RefusedError) -> Response:
        return Response(problem_body(problem, lang), problem.status, media_type="application/json")

    @app.exception_handler(RefusedError)
    async def problem(_request: Request, error: RefusedError) -> Response:
        return refused(error)

    @app.exception_handler(Exception)
    async def bug(_request: Request, _error: Exception) -> Response:
        # The guard, which the error still reaches, writes to the log where it is.
        return refused(BUG)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return refused(_invalid(error))

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> Response:
        return refused(_http(error.status_code))


def _invalid(error: RequestValidationError) -> RefusedError:
    """Return what is wrong with a body, by place and kind; the value itself may be a customer's text."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return RefusedError(
            400,
            "invalid_json",
            Bilingual("请求体不是 JSON。", "The body is no JSON."),
            Bilingual(
                "用 UTF-8 的 JSON，Content-Type: application/json。", "Send UTF-8 JSON as application/json."
            ),
        )
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return RefusedError(
        422,
        "invalid_request",
        Bilingual(
            f"请求里的 {place} 不对（{first['type']}）。", f"Bad {place} in the request: {first['msg']}."
        ),
        Bilingual("格式见 /openapi.json。", "See /openapi.json for the format."),
    )


def _http(status: int) -> RefusedError:
    codes = {
        404: ("not_found", "没有这个地址", "There is no such address"),
        405: ("method_not_allowed", "这个地址不收这种请求", "This address takes no such request"),
    }
    code, zh, en = codes.get(status, ("http_error", f"请求没有被接受（{status}）", f"Refused ({status})"))
    return RefusedError(
        status,
        code,
        Bilingual(f"{zh}。", f"{en}."),
        Bilingual(
            "用 POST /score、POST /classify 或 GET /health。",
            "Use POST /score, POST /classify or GET /health.",
        ),
    )
