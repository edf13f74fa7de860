"""Our labels of public texts: labels only, well formed, joined with the very texts that were read."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from feedback_nlp.schema import FLAGS
from feedback_nlp.taxonomy import load_taxonomy

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the package")


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("readings")
    sys.modules.pop("readings")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_no_text_is_shipped_and_every_label_is_valid(readings: ModuleType) -> None:
    codes = set(load_taxonomy("default").codes)
    files = sorted(readings.FOLDER.glob("*.jsonl"))
    assert files
    seen = set()
    for path in files:
        for row in lines(path):
            assert set(row) == {"set", "id", "digest", "chosen", "clauses", "labels", "overall", "flags"}
            assert row["chosen"] in ("random", "uncertain", "rare")
            assert len(row["digest"]) == 12
            assert all(0 <= start < end for start, end in row["clauses"])
            assert row["clauses"] == sorted(row["clauses"])
            pairs = [(clause, facet) for clause, facet, _ in row["labels"]]
            assert len(set(pairs)) == len(pairs)
            assert all(clause < len(row["clauses"]) and facet in codes for clause, facet in pairs)
            assert {polarity for *_, polarity in row["labels"]} <= {-1, 0, 1}
            assert row["overall"] in (-1, 0, 1)
            assert set(row["flags"]) <= set(FLAGS)
            seen.add((row["set"], row["id"]))
    assert len(seen) == sum(len(lines(path)) for path in files)


@pytest.fixture
def shared(tmp_path: Path, readings: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A public set of two texts, the second of which was read."""
    rows = [
        {"id": "s-1", "text": "没读过", "domain": "shop"},
        {"id": "s-2", "text": "太慢了", "domain": "shop"},
    ]
    with gzip.open(tmp_path / "small.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    line = {
        "set": "small",
        "id": "s-2",
        "digest": readings.digest("太慢了"),
        "chosen": "random",
        "clauses": [[0, 3]],
        "labels": [[0, "logistics.speed", -1]],
        "overall": -1,
        "flags": [],
    }
    folder = tmp_path / "readings"
    folder.mkdir()
    (folder / "reader_x.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    monkeypatch.setattr(readings, "FOLDER", folder)
    return tmp_path


def test_labels_meet_their_text(readings: ModuleType, shared: Path) -> None:
    (review,) = readings.read_readings(shared)["reader_x"]
    assert review.text == "太慢了"
    assert review.domain == "shop"
    assert review.labels == ((0, "logistics.speed", -1),)


@pytest.mark.parametrize(("field", "value"), [("digest", "0" * 12), ("id", "s-3")])
def test_another_text_is_refused(readings: ModuleType, shared: Path, field: str, value: str) -> None:
    path = shared / "readings" / "reader_x.jsonl"
    (row,) = lines(path)
    path.write_text(json.dumps({**row, field: value}) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is missing or is not the one that was read"):
        readings.read_readings(shared)
