"""A running page and what it is asked with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from holding import Hold

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")

# Chinese, a person, a phone number, markup, a formula.
HOSTILE = "<img src=x onerror=alert(1)>客服太差了<script>alert(2)</script>"
ROWS = [
    ("A001", "2025-03-01", "4", "城西店", "张伟", "物流太慢了，打13800138000没人接"),
    ("A002", "2025-03-02", "1", "城西店", "李娜", HOSTILE),
    ("A003", "2025-03-03", "5", "南湖店", "王芳", "=1+1 包装很好，就是退款拖了一周"),
    *[
        (f"A{k:03}", "2025-03-04", "2", "南湖店", "赵敏", f"第{k}次来，客服不回复，退款太慢")
        for k in range(4, 40)
    ],
]
HEADER = ("编号", "时间", "评分", "门店", "客户姓名", "内容")
# Seconds without news of a file after which the work on it is taken to hang.
PATIENCE = 120


def csv_text(rows: list[tuple[str, ...]] = ROWS) -> str:
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEADER, *rows]) + "\n"


class Started:
    """A program on a free port, and a client that asks as its page does.

    ``held``: no analysis ends before :meth:`let_go`.
    """

    def __init__(self, folder: Path, *options: str, held: bool = False) -> None:
        temporary = folder / "temporary"
        temporary.mkdir(parents=True)
        self.temporary = temporary
        self._hold = Hold(folder / "hold") if held else None
        environment = self._hold.environment if self._hold else os.environ
        self.errors = (folder / "errors.txt").open("w+", encoding="utf-8")
        words = [sys.executable, "-m", "feedback_nlp", "app", "--no-browser", *options]
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=folder,
            env={**environment, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
        )
        self.address = self.process.stdout.readline().strip()
        self.origin = "/".join(self.address.split("/")[:3])
        self.client = httpx.Client(
            base_url=self.address, headers={"origin": self.origin}, trust_env=False, timeout=60
        )

    def upload(self, content: bytes | str, name: str) -> str:
        data = content.encode() if isinstance(content, str) else content
        answer = self.client.post("api/files", params={"name": name}, content=data)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def told(self, key: str) -> dict[str, Any]:
        return dict(self.client.get(f"api/files/{key}").json())

    def settled(self, key: str) -> dict[str, Any]:
        """Wait until nothing is under way; on a slow machine for as long as there is news."""
        news, limit = None, 0.0
        while (told := self.told(key))["state"] in ("reading", "working"):
            course = told["progress"] or {}
            before, news = news, (told["state"], course.get("stage"), course.get("percent"))
            limit = limit if news == before else time.monotonic() + PATIENCE
            assert time.monotonic() < limit, told
            time.sleep(0.1)
        return told

    def let_go(self) -> None:
        """Let the work that is held come to its end."""
        if self._hold:
            self._hold.let_go()

    def end(self) -> str:
        """Stop it if it still runs; return what it said on its standard error."""
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read()
        self.errors.close()
        return said


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    found = Started(tmp_path_factory.mktemp("app"))
    yield found
    said = found.end()
    assert "Traceback" not in said
    assert "错误" not in said


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Start programs of a test's own."""
    made: list[Started] = []

    def start(*options: str, held: bool = False) -> Started:
        made.append(Started(tmp_path / str(len(made)), *options, held=held))
        return made[-1]

    yield start
    for one in made:
        if not one.errors.closed:
            one.end()
