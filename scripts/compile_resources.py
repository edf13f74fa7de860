"""Work out beforehand what every start would otherwise work out from the packaged resources.

    python scripts/compile_resources.py

Writes ``feedback_nlp/resources/compiled``: the shipped taxonomies as JSON, and the pieces of text that their
regular expressions and those of the word lists need. Run it after changing a taxonomy, a word list or
``text/patterns.py``; a test compares. Without it everything works as before, but starts more slowly.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from feedback_nlp.compiled import source_hash
from feedback_nlp.scorers.lexicon_words import load_words
from feedback_nlp.taxonomy import REGEX_MARK, Taxonomy, shipped_names
from feedback_nlp.text import patterns

PACKAGE = Path(patterns.__file__).resolve().parents[1]
FOLDER = PACKAGE / "resources" / "compiled"


def compiled() -> dict[str, dict[str, Any]]:
    """Return the content of every file by its name."""
    files: dict[str, dict[str, Any]] = {}
    expressions: set[str] = set()
    for name in shipped_names():
        source = (PACKAGE / "resources" / "taxonomies" / f"{name}.toml").read_bytes()
        taxonomy = Taxonomy.from_toml(source.decode("utf-8"), name)
        expressions.update(_expressions(taxonomy))
        files[f"taxonomy-{name}"] = {
            "source": source_hash(source),
            "sha256": taxonomy.sha256,
            "taxonomy": asdict(taxonomy),
        }
    for phrases in load_words().flags.values():
        expressions.update(_marked(phrases))
    pieces = {
        pattern: [sorted(piece) for piece in patterns.work_out(pattern)] for pattern in sorted(expressions)
    }
    files["pieces"] = {"source": source_hash(patterns.COMPILED_AS), "pieces": pieces}
    return files


def _expressions(taxonomy: Taxonomy) -> list[str]:
    """Return the regular expressions that stand in a taxonomy."""
    found: list[str] = []
    for facet in taxonomy.facets:
        found.extend(facet.patterns)
        found.extend(_marked((*facet.terms, *facet.positive, *facet.negative)))
        for problem in facet.problems:
            found.extend(_marked(problem.terms))
    return found


def _marked(phrases: tuple[str, ...]) -> list[str]:
    return [phrase.removeprefix(REGEX_MARK) for phrase in phrases if phrase.startswith(REGEX_MARK)]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in compiled().items():
        text = json.dumps(content, ensure_ascii=False, indent=0, allow_nan=False) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")
        print(FOLDER / f"{name}.json", len(text.encode()))


if __name__ == "__main__":
    main()
