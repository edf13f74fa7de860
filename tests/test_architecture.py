"""The rules of docs/architecture.md that a machine can hold."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import feedback_nlp

PACKAGE = Path(feedback_nlp.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TAXONOMY = ("like", "parts", "reading", "source")
LAYERS = {
    0: (
        *("errors", "arguments", "schema", "compiled", "kernels"),
        *("taxonomy", *(f"taxonomy_{part}" for part in TAXONOMY)),
    ),
    1: ("text", "catalog", "frames", "gold"),
    2: ("scorers",),
    3: ("insight",),
    4: ("engines", "io", "report", "store"),
    5: ("pipeline", "evaluation", "evaluation_sets", "datasets", "serve", "research", "webapp"),
    6: ("cli", "__main__"),
}
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names}
# Layer 2 is built on the columns of text and the folders of layer 1; layer 5 composes.
MAX_CODE_LINES = 400
MAX_FUNCTION_LINES = 60


def top_name(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


def ours(modules: set[str]) -> set[str]:
    return {module.split(".")[1] for module in modules if module.startswith("feedback_nlp.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_layers_import_downwards(path: Path) -> None:
    here = top_name(path)
    if here == "__init__":
        return
    assert here in LAYER_OF, f"{here} has no layer"
    for other in ours(imported(ast.parse(path.read_text(encoding="utf-8")))) & set(LAYER_OF):
        if other == here:
            continue
        assert LAYER_OF[other] < LAYER_OF[here] or (LAYER_OF[here], LAYER_OF[other]) in {
            (0, 0),
            (5, 5),
            (6, 6),
        }, f"{path.name} (layer {LAYER_OF[here]}) imports {other} (layer {LAYER_OF[other]})"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_sizes(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert code_lines(source, tree) <= MAX_CODE_LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            signature = node.body[0].lineno - node.lineno
            length = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring.count("\n") - signature
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


def code_lines(source: str, tree: ast.AST) -> int:
    """Lines with code: neither blank, comment nor docstring."""
    skip = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    docs: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            first = node.body[0]
            docs.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docs)


def test_import_is_light() -> None:
    heavy = ["numpy", "pandas", "pyarrow", "scipy", "sklearn", "torch", "jieba", "plotly", "typer", "rich"]
    code = f"import sys, feedback_nlp; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom feedback_nlp.__main__ import main\nsys.argv=['feedback-nlp','analyze','--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = 'numpy pandas pyarrow sklearn torch jieba plotly'.split()\n"
        "print([m for m in heavy if m in sys.modules], file=sys.stderr)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stderr.strip() == "[]"


def test_public_names_are_all_there() -> None:
    assert sorted(feedback_nlp.__all__) == feedback_nlp.__all__
    assert set(feedback_nlp._HOME) == set(feedback_nlp.__all__) - {"__version__"}
    for name in feedback_nlp.__all__:
        assert getattr(feedback_nlp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = feedback_nlp.nonsense


FORBIDDEN = {
    "pickle",
    "marshal",
    "shelve",
    "joblib",
    "dill",
    "cloudpickle",
    "requests",
    "urllib.request",
    "http.client",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_pickles_and_no_network(path: Path) -> None:
    assert not imported(ast.parse(path.read_text(encoding="utf-8"))) & FORBIDDEN


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_unfinished_marks(path: Path) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", path.read_text(encoding="utf-8"))
