"""Public sets with labels of their own, read as partial labels of the taxonomy by ``mappings/*.toml``.

A mapping names a source's categories and, rule by rule, what each means here: a facet, an element of which
the facet stays open, or ``unknown``. The first rule of a category whose ``words`` stand in the opinion (or,
for labels of whole reviews, in a clause) decides. A rule's ``agreement`` with our own labels is measured by
``mapping_agreement.py``.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.training_data import Examples
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.clauses import Clauses, cut_column
from feedback_nlp.text.normalize import normalize

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).with_name("mappings")
UNKNOWN = "unknown"
FORMS = ("quads", "sentence", "review")
# Where a facet without a label is absent: in the whole text, in clauses that bear some label, or nowhere.
ABSENT, BESIDE = "absent", "absent beside a label"
SIDES = {
    "负面": 0, "中性": 1, "正面": 2, "neg": 0, "neu": 1, "pos": 2, -1: 0, 0: 1, 1: 2,
}  # fmt: skip
# A whole review's stars that tell its overall label; those in between don't.
PRAISE_STARS, BLAME_STARS = 4.5, 2.0


class Opinion(NamedTuple):
    """What a source says: a category, its side if known, and, if known, where and in which words."""

    category: str
    side: int | None
    start: int | None = None
    words: str = ""


@dataclass(frozen=True)
class Rule:
    """What a category means here, where its words match; ``to`` is a facet, an element or ``unknown``."""

    category: str
    to: str
    pattern: re.Pattern[str] | None


@dataclass(frozen=True)
class Mapping:
    """One source's mapping.

    Attributes
    ----------
    form : str
        ``quads``: opinions with spans; ``sentence``: one category a sentence; ``review``: labels of all.
    missing : str
        Whether what is not labelled is absent, absent beside a label, or unknown.
    cap : int
        Most texts to take.
    domains : str
        Expression for the gold domains of like industries, with which the words of rules are compared.
    facets : tuple of str
        All facets of the taxonomy, in its order.
    """

    name: str
    form: str
    missing: str
    cap: int
    licence: str
    domains: str
    rules: tuple[Rule, ...]
    facets: tuple[str, ...]

    def targets(self, to: str) -> list[int]:
        """Return the columns that ``to`` may mean: one of a facet, all of an element, those of all rules."""
        if to == UNKNOWN:
            return self.covered
        return [i for i, code in enumerate(self.facets) if code == to or code.split(".")[0] == to]

    @cached_property
    def covered(self) -> list[int]:
        """Columns the source speaks of: only for these can a missing label mean absence."""
        known = {rule.to for rule in self.rules} - {UNKNOWN}
        return sorted({column for to in known for column in self.targets(to)})

    def of(self, category: str) -> list[Rule]:
        """Return the rules of a category.

        Raises
        ------
        ValueError
            If it has none: a source changed, and silence would read as absence.
        """
        found = [rule for rule in self.rules if rule.category == category]
        if not found:
            raise ValueError(f"{self.name}.toml: no rule for category {category!r}")
        return found


def load_mapping(name: str, taxonomy: Taxonomy, folder: Path = FOLDER) -> Mapping:
    """Read and check one mapping.

    Raises
    ------
    ValueError
        If a rule names neither a facet, nor an element, nor ``unknown``, or a field is out of range.
    """
    raw = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    rules = tuple(
        Rule(rule["category"], rule["to"], re.compile(rule["words"]) if "words" in rule else None)
        for rule in raw["rule"]
    )
    facets = tuple(taxonomy.codes)
    known = {UNKNOWN, *facets, *(code.split(".")[0] for code in facets)}
    wrong = [rule.to for rule in rules if rule.to not in known]
    if wrong or raw["form"] not in FORMS or raw["missing"] not in (ABSENT, BESIDE, UNKNOWN):
        raise ValueError(f"{name}.toml: {wrong or (raw['form'], raw['missing'])} not known")
    settings = (raw[key] for key in ("form", "missing", "cap", "licence", "domains"))
    return Mapping(name, *settings, rules, facets)


def rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Read the lines of one source."""
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def opinions_of(row: dict[str, Any]) -> list[Opinion]:
    """Return what a row says, whatever the shape of its labels.

    Raises
    ------
    ValueError
        If a row has none of the known shapes.
    """
    if "quads" in row:
        return [_quad(quad) for quad in row["quads"]]
    if "categories" in row:
        return [Opinion(category, 0) for category in row["categories"]]
    if "category" in row:
        return [Opinion(row["category"], SIDES.get(row.get("polarity")))]
    if "labels" in row:
        pairs = row["labels"].items() if isinstance(row["labels"], dict) else row["labels"]
        return [Opinion(category, SIDES.get(side)) for category, side in pairs]
    raise ValueError(f"row {row.get('id')!r}: no labels")


def _quad(quad: dict[str, Any]) -> Opinion:
    """Place an opinion where it is voiced, or else where its object is named."""
    starts = [start for start in (quad["o"][0], quad["a"][0]) if start is not None]
    words = f"{quad['aspect'] or ''}/{quad['opinion'] or ''}"
    return Opinion(quad["category"], SIDES[quad["polarity"]], starts[0] if starts else None, words)


@dataclass(frozen=True)
class Cell:
    """A known mention: clause row, facet column, side if known, and the rule behind it."""

    clause: int
    facet: int
    side: int | None
    rule: Rule


def examples(mapping: Mapping, found: Sequence[dict[str, Any]]) -> tuple[Examples, list[Cell]]:
    """Return rows of one source as examples of fold −1, and the known mentions with their rules."""
    texts = tuple(row["text"] for row in found)
    clauses = cut_column(texts)
    mention = np.full((len(clauses), len(mapping.facets)), -1, dtype=np.int8)
    sides = np.zeros((*mention.shape, 3), dtype=bool)
    edges = np.searchsorted(clauses.review, np.arange(len(texts) + 1))
    label = _by_span if mapping.form == "quads" else _by_words
    cells: list[Cell] = []
    for place, row in enumerate(found):
        first, last = int(edges[place]), int(edges[place + 1])
        cells += label(mapping, row, clauses, range(first, last), mention)
    for cell in cells:
        mention[cell.clause, cell.facet] = 1
        if cell.side is not None:
            sides[cell.clause, cell.facet, cell.side] = True
    overall = np.array([_overall(row.get("rating")) for row in found], dtype=np.int8)
    flags = np.full((len(texts), len(FLAGS)), -1, dtype=np.int8)
    fold = np.full(len(texts), -1, dtype=np.int8)
    return Examples(texts, clauses, mention, sides, overall, flags, fold), cells


def _overall(stars: float | None) -> int:
    """Return 2, 0 or −1 for praise, blame or not known."""
    if stars is None or BLAME_STARS < stars < PRAISE_STARS:
        return -1
    return 2 if stars >= PRAISE_STARS else 0


def _by_span(
    mapping: Mapping, row: dict[str, Any], clauses: Clauses, span: range, mention: NDArray[np.int8]
) -> list[Cell]:
    """Label the clauses of one text by opinions with spans; one without a place makes all unknown."""
    opinions = opinions_of(row)
    places = [_clause_at(clauses, span, opinion.start) for opinion in opinions]
    silent = list(span) if mapping.missing == ABSENT else sorted({*places} - {None})
    if mapping.missing != UNKNOWN:
        mention[np.ix_(silent, mapping.covered)] = 0
    cells = []
    for opinion, clause in zip(opinions, places, strict=True):
        rule = _matching(mapping.of(opinion.category), opinion.words)
        to = rule.to if rule else UNKNOWN
        reached = slice(span.start, span.stop) if clause is None else slice(clause, clause + 1)
        mention[reached, mapping.targets(to)] = -1
        if rule and clause is not None and to in mapping.facets:
            cells.append(Cell(clause, mapping.facets.index(to), opinion.side, rule))
    return cells


def _matching(rules: list[Rule], words: str) -> Rule | None:
    return next((rule for rule in rules if rule.pattern is None or rule.pattern.search(words)), None)


def _clause_at(clauses: Clauses, span: range, start: int | None) -> int | None:
    if start is None:
        return None
    return next((row for row in span if clauses.start[row] <= start < clauses.end[row]), None)


def _by_words(
    mapping: Mapping, row: dict[str, Any], clauses: Clauses, span: range, mention: NDArray[np.int8]
) -> list[Cell]:
    """Label the clauses of one text by labels of the whole: a facet stands in the one clause with its words.

    Without such words it stands in the only clause, if there is only one.
    """
    opinions = opinions_of(row)
    said = [(opinion, mapping.of(opinion.category)) for opinion in opinions]
    reached = {column for _, rules in said for rule in rules for column in mapping.targets(rule.to)}
    if mapping.missing == ABSENT:
        missing = [column for column in mapping.covered if column not in reached]
        mention[span.start : span.stop, missing] = 0
    text = normalize(row["text"])
    pieces = {clause: text[clauses.start[clause] : clauses.end[clause]] for clause in span}
    cells = []
    for opinion, rules in said:
        # A neutral label of a whole text more often means "spoken of" than "neither good nor bad".
        if opinion.side in (0, 2):
            cells += [
                Cell(clause, mapping.facets.index(rule.to), opinion.side, rule)
                for rule, clause in _placed(rules, pieces)
                if rule.to in mapping.facets
            ]
    return cells


def _placed(rules: list[Rule], pieces: dict[int, str]) -> list[tuple[Rule, int]]:
    """Return each rule with the one clause that is its own; a clause goes to the first rule that fits."""
    owner = {clause: _matching(rules, piece) for clause, piece in pieces.items()}
    placed = []
    for rule in rules:
        own = [clause for clause, other in owner.items() if other is rule]
        if len(own) == 1 and (rule.pattern is not None or len(pieces) == 1):
            placed.append((rule, own[0]))
    return placed
