"""The shipped lexicons parse, hold no word twice and keep to their ranges."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest

KINDS = {
    "negation",
    "degree",
    "contrast",
    "concession",
    "wish",
    "irony",
    "doubt",
    "condition",
    "comparison",
}


def _lines(name: str) -> list[str]:
    file = resources.files("feedback_nlp") / "resources" / "lexicons" / name
    return file.read_text(encoding="utf-8").splitlines()


def _rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in _lines(name) if not line.startswith("#")]


@pytest.mark.parametrize(("name", "width", "least"), [("polarity.tsv", 2, 600), ("modifiers.tsv", 3, 100)])
def test_rows_have_their_columns_and_no_word_twice(name: str, width: int, least: int) -> None:
    rows = _rows(name)
    assert {len(row) for row in rows} == {width}
    assert len(rows) >= least
    assert not [word for word, count in Counter(row[0] for row in rows).items() if count > 1]
    assert all(row[0] == row[0].strip().lower() for row in rows)


@pytest.mark.parametrize("name", ["polarity.tsv", "modifiers.tsv"])
def test_head_states_source_licence_and_version(name: str) -> None:
    head = " ".join(line for line in _lines(name) if line.startswith("#"))
    assert all(
        part in head for part in ("source: written for this project", "licence: Apache-2.0", "version: 1")
    )


def test_polarity_is_in_range_and_on_its_steps() -> None:
    values = {float(value) for _, value in _rows("polarity.tsv")}
    assert values <= {-1.0, -0.7, -0.4, 0.0, 0.4, 0.7, 1.0}


def test_modifier_kinds_and_weights() -> None:
    rows = _rows("modifiers.tsv")
    assert {kind for _, kind, _ in rows} == KINDS
    assert all(-1 <= float(weight) <= 1.5 for _, _, weight in rows)


def test_words_that_decide_common_clauses() -> None:
    polarity = {word: float(value) for word, value in _rows("polarity.tsv")}
    assert polarity["垃圾"] < polarity["慢"] < 0 < polarity["不错"]
    assert polarity["👍"] > 0 > polarity["😡"]
    kinds = {word: kind for word, kind, _ in _rows("modifiers.tsv")}
    assert (kinds["不"], kinds["很"], kinds["但是"], kinds["希望"]) == (
        "negation",
        "degree",
        "contrast",
        "wish",
    )


def test_opinion_words_and_modifiers_only_share_neutral_words() -> None:
    opinions = {word for word, value in _rows("polarity.tsv") if float(value) != 0}
    assert not opinions & {row[0] for row in _rows("modifiers.tsv")}
