"""What is compiled from the packaged resources says what they say now."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import feedback_nlp
from feedback_nlp import compiled, taxonomy
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.lexicon_words import load_words
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy
from feedback_nlp.text import patterns
from feedback_nlp.text.terms import TermMatcher

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(feedback_nlp.__file__).parent
FOLDER = PACKAGE / "resources" / "compiled"


@pytest.fixture(scope="module")
def fresh():
    spec = importlib.util.spec_from_file_location("compile_resources", ROOT / "scripts/compile_resources.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return json.loads(json.dumps(script.compiled()))


def test_up_to_date(fresh):
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
    assert found == fresh, "run python scripts/compile_resources.py"


def test_the_taxonomy_is_what_its_file_says():
    text = (PACKAGE / "resources/taxonomies/default.toml").read_text(encoding="utf-8")
    plain = Taxonomy.from_toml(text)
    assert load_taxonomy("default") == plain
    assert load_taxonomy("default").sha256 == plain.sha256


def test_without_what_was_compiled_all_is_the_same(monkeypatch):
    shipped = load_taxonomy("default")
    monkeypatch.setattr(taxonomy, "read_compiled", lambda *_: None)
    taxonomy._load_shipped.cache_clear()
    try:
        assert load_taxonomy("default") == shipped
    finally:
        taxonomy._load_shipped.cache_clear()
    pattern = shipped.facets[0].patterns[0]
    pieces = patterns.ordered_pieces(pattern)
    monkeypatch.setattr(patterns, "_compiled", dict)
    assert patterns.ordered_pieces(pattern) == pieces


@pytest.mark.parametrize("content", ["{", '{"source": "other", "pieces": {}}'])
def test_what_is_damaged_or_of_another_source_is_passed_over(monkeypatch, tmp_path, content):
    folder = tmp_path / "resources" / "compiled"
    folder.mkdir(parents=True)
    (folder / "pieces.json").write_text(content, encoding="utf-8")
    monkeypatch.setattr(compiled.resources, "files", lambda _name: tmp_path)
    assert compiled.read_compiled("pieces", b"source") is None
    assert compiled.read_compiled("nothing", b"source") is None


def test_line_ends_make_no_difference():
    assert compiled.source_hash(b"a\r\nb") == compiled.source_hash(b"a\nb")


def test_every_packaged_expression_compiles():
    phrases = [phrase for phrases in load_words().flags.values() for phrase in phrases]
    TermMatcher([*phrases, *(f"re:{pattern}" for *_, pattern in load_words().boundaries)])
    for facet in load_taxonomy("default").facets:
        TermMatcher([f"re:{pattern}" for pattern in facet.patterns])
        TermMatcher([*facet.terms, *facet.positive, *facet.negative])


def test_one_text_needs_no_heavy_import():
    code = (
        "import sys\n"
        "from feedback_nlp import classify\n"
        "assert classify('物流太慢了，客服很好')['mentions']\n"
        "heavy = ('scipy', 'pandas', 'sklearn', 'pyarrow.compute', 'jieba', 'numpy.ma')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_an_expression_is_compiled_when_a_text_asks_for_it():
    matcher = LexiconScorer().fit().entries_.matcher
    assert not matcher._compiled
    matcher.find("一切都好")
    assert len(matcher._compiled) < len(matcher._patterns) / 20
