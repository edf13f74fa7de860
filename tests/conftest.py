"""Fixtures every test may use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import chromium
from hypothesis import settings

# The same examples on every run: a suite that fails by chance is read as one that fails for no reason.
# ``HYPOTHESIS_PROFILE=search`` looks for new ones.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("search", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _chinese_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEEDBACK_NLP_LANG", raising=False)
    monkeypatch.delenv("FEEDBACK_NLP_DEBUG", raising=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for the tests of one file: while it is open, no other event loop can run here."""
    yield from chromium()


@pytest.fixture(scope="session")
def demo_analysis():  # type: ignore[no-untyped-def]
    """The main job on the bundled sample, once for the whole session."""
    from feedback_nlp import demo

    return demo(draws=300)


@pytest.fixture(scope="session")
def demo_gold() -> dict[str, dict]:
    """The writer's labels of the sample, by id."""
    lines = (ROOT / "corpora" / "demo.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write texts (or rows) to a JSONL file and return its path."""

    def write(*rows: str | dict, name: str = "in.jsonl") -> Path:
        path = tmp_path / name
        full = [
            {"review_id": f"r{i}", "text": row} if isinstance(row, str) else row for i, row in enumerate(rows)
        ]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in full), encoding="utf-8")
        return path

    return write
