"""Docs can't fall behind: examples run, commands exist, generated pages are current."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("README*.md")),
    ROOT / "corpora" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
SAMPLE = ROOT / "feedback_nlp" / "resources" / "sample" / "sample.xlsx"


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files the examples speak of."""
    (tmp_path / "投诉.xlsx").write_bytes(SAMPLE.read_bytes())
    (tmp_path / "评论.csv").write_bytes(SAMPLE.with_suffix(".csv").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_cli_page_is_current() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == script("make_cli_docs").render()


def test_taxonomy_page_is_current() -> None:
    assert (ROOT / "docs" / "taxonomy.md").read_text(encoding="utf-8") == script(
        "make_taxonomy_docs"
    ).render()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_examples_run(page: Path, workplace: Path) -> None:
    space: dict[str, object] = {}
    for code in blocks(page, "python"):
        exec(compile(code, page.name, "exec"), space)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_run(path: Path, workplace: Path) -> None:
    space: dict[str, object] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), path.name, "exec"), space)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shell_examples_run(page: Path, workplace: Path) -> None:
    for line in "\n".join(blocks(page, "bash")).splitlines():
        command = line.split("  #")[0].strip()
        if not command.startswith("feedback-nlp "):
            continue
        result = CliRunner().invoke(app, shlex.split(command)[1:])
        assert result.exit_code == 0, f"{command}: {result.output}"


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_readme_names_every_command() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for info in app.registered_commands:
        assert f"feedback-nlp {info.name}" in text


def test_readme_commands_are_those_of_ci() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'pip install -c constraints.txt -e ".[dev]"' in readme
    assert '-c constraints.txt -e ".[dev]"' in ci
    assert "pip install . && feedback-nlp demo" in readme


def test_doctests() -> None:
    import doctest

    from feedback_nlp import datasets
    from feedback_nlp.pipeline import run, single

    for module in (run, single, datasets):
        names = {"analyze": run.analyze, "score": run.score, **vars(module)}
        result = doctest.testmod(module, extraglobs=names)
        assert result.attempted > 0
        assert result.failed == 0
