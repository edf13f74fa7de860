"""Measure how often our own labels agree with the mappings of the public sets, rule by rule.

    nice -n 12 env OMP_NUM_THREADS=1 python benchmarks/mapping_agreement.py

Three comparisons with ``gold/train.jsonl``, as few texts stand in both: the *same text* (any clause that
overlaps), the *same clause* in another text (by its letters), and, for rules with words, gold clauses with
the *same words* and any label. Prints a Markdown table; nothing is learnt here and dev is not read.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from partial_labels import Cell, Mapping, Rule, examples, load_mapping, rows

from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers.training_data import Examples, text_key
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.normalize import normalize

REPOSITORY = Path(__file__).resolve().parents[1]
SHORTEST = 3
SOURCES = (
    "makeup_quads",
    "laptop_quads",
    "laptop_sentences",
    "restaurant_aspects",
    "restaurant_asap_sample",
    "car_opinions",
    "car_complaints",
)

Labels = set[tuple[str, int]]


class Gold:
    """Gold reviews, findable by text and by clause."""

    def __init__(self, reviews: Sequence[GoldReview]) -> None:
        self.by_text = {review.text: review for review in reviews}
        self.clauses: list[tuple[str, str, Labels]] = []
        self.by_clause: dict[str, list[Labels]] = defaultdict(list)
        for review in reviews:
            for place, (start, end) in enumerate(review.clauses):
                labels = {(facet, side) for clause, facet, side in review.labels if clause == place}
                text = normalize(review.text[start:end])
                self.clauses.append((review.domain, text, labels))
                self.by_clause[text_key(text)].append(labels)

    def at(self, text: str, start: int, end: int) -> Labels | None:
        """Return the labels of the same text at these places, or None where the text isn't gold."""
        review = self.by_text.get(text)
        if review is None:
            return None
        inside = {i for i, (s, e) in enumerate(review.clauses) if s < end and start < e}
        return {(facet, side) for clause, facet, side in review.labels if clause in inside}


def comparisons(
    found: Examples, cells: Sequence[Cell], gold: Gold, facets: Sequence[str]
) -> Iterator[tuple[Rule, bool, bool | None]]:
    """Yield rule, whether the facet agrees, and whether the side does, per text or distinct clause."""
    seen = set()
    cut = found.clauses
    for cell in cells:
        text, start, end = (
            found.texts[cut.review[cell.clause]],
            int(cut.start[cell.clause]),
            int(cut.end[cell.clause]),
        )
        key = text_key(text[start:end])
        same = gold.at(text, start, end)
        others = [same] if same is not None else gold.by_clause.get(key, [])
        # A clause of a few letters that is frequent in both counts once a label.
        if len(key) < SHORTEST or (same is None and (key, cell.facet) in seen):
            continue
        if same is None and cell.rule.pattern is not None and not cell.rule.pattern.search(text[start:end]):
            continue  # The object is named elsewhere, and elsewhere it is another.
        seen.add((key, cell.facet))
        for labels in others:
            own = [side for facet, side in labels if facet == facets[cell.facet]]
            known = None if cell.side is None or not own else cell.side - 1 in own
            yield cell.rule, bool(own), known


def by_words(rule: Rule, gold: Gold, domains: str) -> str:
    """Return how many of the labelled gold clauses of some domains with a rule's words have its facet."""
    if rule.pattern is None:
        return ""
    matched = [
        labels
        for domain, text, labels in gold.clauses
        if labels and re.search(domains, domain) and rule.pattern.search(text)
    ]
    right = sum(any(facet == rule.to for facet, _ in labels) for labels in matched)
    return f"{right} of {len(matched)}"


def missed(found: Examples, gold: Gold, mapping: Mapping) -> tuple[int, int]:
    """Return how many gold labels of facets the source covers stand in shared texts, and how many at a 0."""
    total = wrong = 0
    covered = {mapping.facets[column] for column in mapping.covered}
    cut = found.clauses
    for row in range(len(cut)):
        labels = gold.at(found.texts[cut.review[row]], int(cut.start[row]), int(cut.end[row]))
        for facet in {facet for facet, _ in labels or () if facet in covered}:
            total += 1
            wrong += int(found.mention[row, mapping.facets.index(facet)] == 0)
    return total, wrong


def table(mapping: Mapping, data: Path, gold: Gold) -> str:
    """Return one source's table as Markdown."""
    found, cells = examples(mapping, list(rows(data, mapping.name)))
    counts: dict[Rule, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for rule, facet, side in comparisons(found, cells, gold, mapping.facets):
        counts[rule][0] += 1
        counts[rule][1] += facet
        counts[rule][2] += side is not None
        counts[rule][3] += bool(side)
    used = Counter(cell.rule for cell in cells)
    lines = [
        f"### {mapping.name}",
        "",
        "| category | words | to | mentions | same text or clause | side | same words, like industry | any |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for rule in mapping.rules:
        if rule.to not in mapping.facets:
            continue
        n, right, sided, agreeing = counts[rule]
        like, everywhere = (by_words(rule, gold, domains) for domains in (mapping.domains, ""))
        shown = "" if rule.pattern is None else rule.pattern.pattern.split("|")[0].strip("^/(") + " …"
        lines.append(
            f"| {rule.category} | {shown} | {rule.to} | {used[rule]} | {right} of {n} | "
            f"{agreeing} of {sided} | {like} | {everywhere} |"
        )
    total, wrong = missed(found, gold, mapping)
    lines += ["", f"Gold labels in shared texts at a facet taken as absent: {wrong} of {total}.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("sources", nargs="*", default=SOURCES)
    arguments = parser.parse_args()
    taxonomy = load_taxonomy("default")
    gold = Gold(read(arguments.shared / "gold" / "train.jsonl"))
    for name in arguments.sources:
        print(table(load_mapping(name, taxonomy), arguments.shared / "data", gold))


if __name__ == "__main__":
    main()
