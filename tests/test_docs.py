"""Docs can't fall behind: examples run, commands exist, generated pages are current."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import feedback_nlp
from feedback_nlp.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("README*.md")),
    ROOT / "corpora" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINKED = [
    *PAGES,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "models").glob("*/card.md")),
]
SAMPLE = ROOT / "feedback_nlp" / "resources" / "sample" / "sample.xlsx"


# A fenced block: language, label, content.
FENCE = re.compile(r"^```(\w*) *([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Programs that examples in ``bash`` blocks may name without their being run here.
OTHERS = ("pip", "python3", ".", "pytest")
# Pages written in English throughout.
ENGLISH = ("architecture.md",)


def blocks(path: Path) -> list[tuple[str, str, str]]:
    return FENCE.findall(path.read_text(encoding="utf-8"))


def commands(block: str) -> list[str]:
    """Return the commands of a shell block, without comments, prompts and line breaks."""
    lines = (line.split("  #")[0].strip() for line in block.replace("\\\n", " ").splitlines())
    parts = (part.strip() for line in lines if line[:1] != "#" for part in re.split(r" && | \| ", line))
    return [part for part in parts if part]


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
def test_examples_run(page: Path, workplace: Path) -> None:
    """Run the ``bash`` and ``python`` blocks of a page in order; "看到" blocks are in what was printed."""
    space: dict[str, object] = {}
    printed = ""
    for language, label, code in blocks(page):
        if language == "python":
            exec(compile(code, page.name, "exec"), space)
        elif language == "bash":
            printed = "".join(ran(command) for command in commands(code))
        elif label == "看到":
            assert_seen(code, printed)


def ran(command: str) -> str:
    program, *words = shlex.split(command)
    if program in OTHERS:
        return ""
    assert program == "feedback-nlp", f"{command}: put it in a sh block"
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, f"{command}: {result.output}"
    return result.output


def assert_seen(expected: str, printed: str) -> None:
    """Check that what stands between the dots (…) was printed, in this order."""
    place = 0
    for line in expected.splitlines():
        for part in filter(None, (part.strip() for part in line.split("…"))):
            found = printed.find(part, place)
            assert found >= 0, f"{part!r} is not in {printed[place:]}"
            place = found + len(part)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    """Also those that are not run: in ``sh`` and other blocks, and within sentences."""
    named = [line for language, _, code in blocks(page) if language != "python" for line in commands(code)]
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    named += re.findall(r"`(feedback-nlp [^`\n]+)`", text)
    for command in named:
        if command.startswith("feedback-nlp "):
            assert_exists(command)


def assert_exists(command: str) -> None:
    found: Any = get_command(app)
    for word in shlex.split(command)[1:]:
        children = getattr(found, "commands", None)
        if children is not None and not word.startswith("-"):
            assert word in children, command
            found = children[word]
        elif word.startswith("-") and word != "-":
            options = {option for parameter in found.params for option in parameter.opts}
            assert word.split("=")[0] in options | {"--help"}, f"{word} of {command}"


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        place = page.parent / path if path else page
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place), target


def anchors(page: Path) -> list[str]:
    """Return the anchors that forges give the headings of a page."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found: list[str] = []
    for heading in re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-")
        found.append(f"{plain}-{found.count(plain)}" if plain in found else plain)
    return found


def test_anchors_are_those_of_a_forge(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# 每千单：`--exposure`\n## 第三步 排出先后\n## A & B\n## A & B\n", encoding="utf-8")
    assert anchors(page) == ["每千单--exposure", "第三步-排出先后", "a--b", "a--b-1"]


def test_the_index_leads_to_every_page_and_back() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        if page.name != "README.md":
            text = page.read_text(encoding="utf-8")
            assert f"]({page.name})" in index, page.name
            assert "](README.md)" in text.split("\n## ")[0], page.name
            assert page.name in ENGLISH or "## In English" in text, page.name


@pytest.mark.parametrize(("name", "other"), [("README.md", "README.en.md"), ("README.en.md", "README.md")])
def test_first_screen(name: str, other: str) -> None:
    """What it does, the picture, the other language, three commands, six lines of Python."""
    page = ROOT / name
    lead = page.read_text(encoding="utf-8").split("\n## ")[0]
    assert f"]({other})" in lead
    assert "](docs/images/report.png)" in lead
    _, three, six = (code for language, _, code in blocks(page)[:3])
    assert len(three.splitlines()) == 3
    assert len([line for line in six.splitlines() if line]) == 6


def test_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {feedback_nlp.__version__}\n" in citation
    assert "license: Apache-2.0\n" in citation


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
