"""The wheel carries what the main job needs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_carries_models_taxonomy_sample_and_corpora(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    resources = "feedback_nlp/resources"
    for name in (
        "models/linear/model.json",
        "models/linear/card.md",
        "models/linear-open/model.json",
        "models/linear-open/card.md",
        "taxonomies/default.toml",
        "templates/taxonomy.toml",
        "sample/sample.xlsx",
        "sample/sample.csv",
        "corpora/demo.jsonl",
    ):
        assert f"{resources}/{name}" in names
    assert "feedback_nlp/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def test_wheel_is_small(wheel: Path) -> None:
    """Half of what PyPI takes; three fifths of it is the encoder."""
    assert wheel.stat().st_size < 50e6


def test_demo_runs_from_the_wheel_without_sockets(wheel: Path, tmp_path: Path) -> None:
    """The wheel alone, unpacked: no checkout on the path, an empty folder, every socket refused."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(site)
    empty.mkdir()
    runner = tmp_path / "no_sockets.py"
    runner.write_bytes((ROOT / "tests" / "no_sockets.py").read_bytes())
    result = subprocess.run(
        [sys.executable, str(runner), "demo", "--out", "report", "--quiet"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert (empty / "report" / "report.html").stat().st_size > 100_000
