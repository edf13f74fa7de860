"""Both languages say the same things, and nothing outside the strings speaks Chinese."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import feedback_nlp.report
from feedback_nlp.report.wording import LANGS, Words

FOLDER = Path(feedback_nlp.report.__file__).parent
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
SOURCES = sorted(FOLDER.glob("*.py"))
TEMPLATES = sorted((FOLDER / "templates").iterdir())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert Words("zh").strings.keys() == Words("en").strings.keys()


def test_both_languages_have_the_same_placeholders() -> None:
    here = {key: placeholders(text) for key, text in Words("zh").strings.items()}
    assert here == {key: placeholders(text) for key, text in Words("en").strings.items()}


def test_each_language_is_itself() -> None:
    assert not [key for key, text in Words("en").strings.items() if CHINESE.search(text)]
    latin = {key for key, text in Words("zh").strings.items() if not CHINESE.search(text)}
    assert all(len(Words("zh").strings[key]) < 24 for key in latin), latin


def test_chinese_uses_chinese_punctuation() -> None:
    for key, text in Words("zh").strings.items():
        assert not re.search(r"[\u4e00-\u9fff][,;:!?]", text) or key.endswith("_statuses"), key
        assert not re.search(r"[\u4e00-\u9fff]\(", text), key


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_chinese(path: Path) -> None:
    assert not CHINESE.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_code_holds_no_chinese(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    assert not [text for text in found if CHINESE.search(text)]


def patterns(source: str) -> set[str]:
    """Keys named in a source, with what is put together at run time as a pattern."""
    literal = {
        re.sub(r"\\{.*?\\}", ".+", re.escape(key)) for key in re.findall(r"""f?"([a-z]+\.[^" ]+)\"""", source)
    }
    quoted = {re.escape(key) for key in re.findall(r"'([a-z]+\.[a-z_]+)'", source)}
    joined = {re.escape(lead) + ".+" for lead in re.findall(r"'([a-z]+\.)' ~", source)}
    sections = {re.escape(name) + r"\..+" for name in re.findall(r"""section\(["']([a-z]+)["']\)""", source)}
    return literal | quoted | joined | sections


def test_no_string_is_left_over() -> None:
    used = set().union(*(patterns(path.read_text(encoding="utf-8")) for path in (*SOURCES, *TEMPLATES)))
    spelt = {"status"}  # sections that excel.py looks up in a table
    left = [
        key
        for key in Words("zh").strings
        if key.partition(".")[0] not in spelt and not any(re.fullmatch(pattern, key) for pattern in used)
    ]
    assert left == []


def test_the_page_uses_every_string_it_is_given() -> None:
    script = (FOLDER / "templates" / "app.js").read_text(encoding="utf-8")
    for key in Words("zh").section("ui"):
        assert key in script or f"`{key.partition('_')[0]}_$" in script, key


@pytest.mark.parametrize("lang", LANGS)
def test_numbers(lang: str) -> None:
    words = Words(lang)
    assert words.percent(0.1234) == "12.3%"
    assert words.percent(0.0001) == "<0.1%"
    assert words.percent(0.0) == "0.0%"
    assert words.percent(None) == "–"
    assert words.count(12345) == "12,345"
    assert words.signed(-0.25) == "\N{MINUS SIGN}0.25"
    assert words.signed(0.25) == "+0.25"
    assert words.span(None, None) == ""
    assert words.chance(0.42) == "42%"
    assert "99%" in words.chance(1.0)
    assert "1%" in words.chance(0.0)


def test_an_interval_reads_as_the_language_writes_it() -> None:
    assert Words("zh").with_span(0.123, 0.091, 0.162) == "12.3%，95% 区间 9.1%–16.2%"
    assert Words("en").with_span(0.123, 0.091, 0.162) == "12.3%, 95% interval 9.1%–16.2%"
