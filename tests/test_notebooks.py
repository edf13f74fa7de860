"""The notebooks run from a fresh kernel in an empty folder; the outputs kept in them are small and clean."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# A page that a forge shows at once.
MOST_BYTES = 150_000
pytestmark = pytest.mark.skipif(not NOTEBOOKS, reason="notebooks/ is not in the package")
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def test_all_are_there() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]


@EACH
def test_each_reads_on_its_own(path: Path) -> None:
    first = "".join(cells(path, "markdown")[0]["source"])
    assert first.startswith(f"# {path.stem[:2]} ")
    assert "**得到什么**" in first
    assert "*In English:" in first
    source = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))
    assert "import feedback_nlp as fn" in source
    assert "/work" not in source
    assert "http" not in source


@EACH
def test_outputs_are_kept_and_small(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), "run_notebooks.py"
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs
    assert not any(output["output_type"] == "error" for output in outputs)
    kept = json.dumps(outputs, ensure_ascii=False)
    assert not re.search(r"(?<![\d.])1[3-9]\d{9}(?!\d)", kept), "a phone number"


@pytest.mark.slow
@EACH
def test_it_runs(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    spec = importlib.util.spec_from_file_location("run_notebooks", ROOT / "scripts" / "run_notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    done = module.execute(path, tmp_path)
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
