"""The service: the same answers as the library, bounds with clear refusals, no texts in its logs."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from feedback_nlp import classify, score
from feedback_nlp.errors import ConfigError, OutputError
from feedback_nlp.scorers import load_model

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")
from feedback_nlp.serve import Limits  # noqa: E402
from feedback_nlp.serve import app as served  # noqa: E402
from feedback_nlp.serve.app import create_app  # noqa: E402
from feedback_nlp.serve.server import bind, check_host  # noqa: E402

# Starlette announces another HTTP client for its tests.
pytestmark = pytest.mark.filterwarnings("ignore:Using .httpx. with .starlette.testclient.")
TEXTS = ["物流太慢了，客服倒是很耐心", "退款拖了一个月😡", None, "", "此用户没有填写评价"]
LIMITS = Limits(body=20_000, batch=50, waiting=8, threads=2, seconds=5)


@pytest.fixture(scope="module")
def scorer():
    return load_model("linear")


@pytest.fixture(scope="module")
def client(scorer):
    from starlette.testclient import TestClient

    with TestClient(create_app(scorer, limits=LIMITS), raise_server_exceptions=False) as found:
        yield found


def refusal(answer):
    told = answer.json()["error"]
    assert set(told) == {"code", "message", "hint"}
    return answer.status_code, told["code"]


def test_score_is_what_the_library_gives(client):
    ids = ["A1", "A2", "A3", "A4", "A5"]
    reviews = [{"review_id": name, "text": text} for name, text in zip(ids, TEXTS, strict=True)]
    found = client.post("/score", json={"reviews": reviews}).json()
    expected = score({"review_id": ids, "text": TEXTS})
    names = [name for name in found["reviews"][0] if name != "review_id"]
    assert "fb_status" in names
    assert "fb_duplicate_of" not in names
    assert [{name: row[name] for name in names} for row in found["reviews"]] == expected.columns.select(
        names
    ).to_pylist()
    assert [row["review_id"] for row in found["reviews"]] == ids
    assert found["mentions"] == expected.mention_table.drop_columns(["issue_id"]).to_pylist()


def test_ids_are_made_up_where_missing_and_mentions_can_be_left_out(client):
    asked = {"reviews": [{"text": "物流慢"}, {"review_id": 17, "text": "客服差"}], "mentions": False}
    found = client.post("/score", json=asked).json()
    assert [row["review_id"] for row in found["reviews"]] == ["1", "17"]
    assert found["mentions"] == []


def test_classify_is_what_the_library_gives(client, scorer):
    found = client.post("/classify", json={"texts": TEXTS}).json()
    assert found["results"] == classify(TEXTS, model=scorer)


def test_nothing_asked_nothing_said(client):
    assert client.post("/classify", json={"texts": []}).json() == {"results": []}
    assert client.post("/score", json={"reviews": []}).json() == {"reviews": [], "mentions": []}


def test_half_a_surrogate_pair_is_survived(client):
    body = b'{"reviews": [{"review_id": "\\ud800", "text": "\\ud83d \xe7\x89\xa9\xe6\xb5\x81\xe6\x85\xa2"}]}'
    answer = client.post("/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400)


def test_health_and_openapi(client, scorer):
    found = client.get("/health").json()
    assert found["status"] == "ok"
    assert found["model"]["sha256"] == scorer.fingerprint()
    assert found["limits"]["batch"] == 50
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/health", "/score", "/classify"}
    assert client.get("/docs").status_code == 404


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", (400, "invalid_json")),
        (b"\xff\xfe", (400, "invalid_json")),
        (b"", (422, "invalid_request")),
        (b"[]", (422, "invalid_request")),
        (b"{}", (422, "invalid_request")),
        (b'{"texts": "secret"}', (422, "invalid_request")),
        (b'{"texts": [1]}', (422, "invalid_request")),
        (b'{"texts": [], "text": "x"}', (422, "invalid_request")),
        (json.dumps({"texts": ["x"] * 51}).encode(), (413, "batch_too_large")),
        (json.dumps({"texts": ["x" * 20_000]}).encode(), (413, "body_too_large")),
    ],
    ids=["cut", "bytes", "empty", "list", "lacking", "kind", "item", "more", "batch", "body"],
)
def test_bad_requests(client, content, expected):
    answer = client.post("/classify", content=content, headers={"content-type": "application/json"})
    assert refusal(answer) == expected
    assert "secret" not in answer.text


def test_a_body_without_a_length_is_bounded_too(client):
    def parts():
        for _ in range(100):
            yield b"x" * 1_000

    assert refusal(client.post("/classify", content=parts())) == (413, "body_too_large")


def test_other_addresses(client):
    assert refusal(client.get("/物流太慢了")) == (404, "not_found")
    assert refusal(client.get("/score")) == (405, "method_not_allowed")


def test_refusals_in_english(scorer):
    from starlette.testclient import TestClient

    with TestClient(create_app(scorer, limits=LIMITS, lang="en")) as client:
        told = client.get("/none").json()["error"]
    assert told["message"] == "There is no such address."


def test_logs_hold_no_texts(client, caplog):
    secret = "这句话不该进日志"
    with caplog.at_level("INFO", logger="feedback_nlp.serve"):
        client.post("/score", json={"reviews": [{"review_id": secret, "text": secret}]})
        client.post(f"/score?q={secret}", json={secret: secret})
        client.get(f"/{secret}")
    lines = [record.fields for record in caplog.records]
    assert [(line["path"], line["status"], line["n"]) for line in lines] == [
        ("/score", 200, 1),
        ("/score", 422, None),
        ("other", 404, None),
    ]
    assert secret not in json.dumps(lines, ensure_ascii=False)
    assert all(re.fullmatch("[0-9a-f]{16}", line["id"]) for line in lines)


def test_a_bug_is_told_without_its_message(client, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise RuntimeError("物流太慢了")

    monkeypatch.setattr(served, "classify", broken)
    with caplog.at_level("INFO", logger="feedback_nlp.serve"):
        answer = client.post("/classify", json={"texts": ["物流太慢了"]})
    assert refusal(answer) == (500, "internal_error")
    line = next(record.fields for record in caplog.records if record.fields["event"] == "bug")
    assert line["kind"] == "RuntimeError"
    assert line["where"].startswith("test_serve.py:")
    assert line["id"] == answer.headers["x-request-id"]
    assert "物流" not in json.dumps([record.fields for record in caplog.records], ensure_ascii=False)


def test_threads_agree(client):
    texts = [f"第{k}次买，物流太慢了，客服{'很好' if k % 2 else '太差'}" for k in range(40)]
    alone = client.post("/classify", json={"texts": texts}).json()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: client.post("/classify", json={"texts": texts}).json(), range(6)))
    assert all(one == alone for one in found)


def run_guarded(limits, messages):
    """Send one request to a guard whose application never ends; return what is sent back."""
    from feedback_nlp.serve.guard import Guard

    sent = []

    async def app(_scope, _receive, _send):
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    async def main():
        guard = Guard(app, limits, frozenset(), "zh")
        scope = {"type": "http", "path": "/score", "method": "POST", "headers": []}
        await messages(guard, scope, send)

    asyncio.run(main())
    return [message["status"] for message in sent if "status" in message]


def test_one_too_many_is_told_to_come_again():
    async def messages(guard, scope, send):
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        first = asyncio.create_task(guard(dict(scope), receive, send))
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        await guard(dict(scope), receive, send)
        assert guard.active == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert guard.active == 0

    assert run_guarded(Limits(waiting=1), messages) == [503]


def test_a_body_that_does_not_come():
    async def messages(guard, scope, send):
        async def receive():
            await asyncio.sleep(60)

        await guard(scope, receive, send)

    assert run_guarded(Limits(seconds=0.01), messages) == [408]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_loopback(host):
    check_host(host, allow_remote=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_other_hosts_need_the_option(host):
    with pytest.raises(ConfigError, match="--allow-remote"):
        check_host(host, allow_remote=False)
    check_host(host, allow_remote=True)


def test_a_port_that_is_taken():
    with bind("127.0.0.1", 0) as held:
        held.listen()
        with pytest.raises(OutputError, match="--port"):
            bind("127.0.0.1", held.getsockname()[1])


def test_limits_are_positive():
    with pytest.raises(ConfigError, match="batch=0"):
        Limits(batch=0)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on Unix")
def test_a_real_server_finishes_what_has_begun(tmp_path):
    errors = (tmp_path / "log").open("w+", encoding="utf-8")
    words = [sys.executable, "-m", "feedback_nlp", "serve", "--port", "0", "--model", "lexicon"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=tmp_path)
    try:
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        text = "物流太慢了"
        body = json.dumps({"texts": [text]}).encode()
        head = f"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=60) as line:
            # Half a request is under way when the signal comes.
            line.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body[:5])
            assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
            server.send_signal(signal.SIGTERM)
            threading.Event().wait(0.3)
            line.sendall(body[5:])
            answer = b""
            while chunk := line.recv(65536):
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"logistics.speed" in answer
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    errors.seek(0)
    lines = [json.loads(line) for line in errors.read().splitlines()]
    errors.close()
    assert [line["event"] for line in lines] == ["start", "request", "request", "stop"]
    assert text not in json.dumps(lines, ensure_ascii=False)
