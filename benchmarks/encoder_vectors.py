"""What the encoder's vectors would add to the grouping of issues and the search for near duplicates.

    python benchmarks/encoder_vectors.py takeaway.jsonl shopping.jsonl --sample 40

Each file is what ``feedback-nlp analyze`` reads. With the mentions that the encoder finds, and a vector for
each distinct blaming clause read alone (so that equal strings keep one issue), printed over all files:

- ``join``: clauses in 其他 whose two nearest named clauses of the same facet share an issue, and both are at
  least so near: by the vector alone, and by the mean of that and the cosine of their character n-grams; what
  part of the mentions in 其他 that reaches; and how often the same rule, left to guess the issue of a named
  clause, says what the words said;
- ``merge``: pairs of issues of one facet by the cosine of their mean vectors;
- ``near``: pairs of reviews that share under half of their character bigrams, by the cosine of their vectors,
  and what part of their bigrams they do share.

``--sample N`` prints N of each, for reading whether they are right.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import feedback_nlp as fn
from feedback_nlp.insight.issues import assign
from feedback_nlp.insight.naming import OTHER
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.text import duplicates
from feedback_nlp.text.clauses import cut_column
from feedback_nlp.text.normalize import normalize_column

SEED = 11
Floats = NDArray[np.float32]
RULES = {"vector": (1.0, (0.94, 0.90, 0.86)), "vector and characters": (0.5, (0.60, 0.55, 0.50))}
MERGES = (0.97, 0.95, 0.93)
NEAR = (0.97, 0.95, 0.93)
# Pairs of a file that are looked at; the nearest ones.
MOST_PAIRS = 400
# Mentions that an issue must have before its mean means something.
LEAST_MENTIONS = 3


class Found(NamedTuple):
    """Something to be read: how near, how many mentions or pairs it stands for, and what it is."""

    near: float
    size: int
    text: str


class Clauses(NamedTuple):
    """Distinct blaming clauses of one facet: texts, issues, mentions and vectors."""

    facet: str
    texts: list[str]
    issues: list[str]
    sizes: list[int]
    vectors: Floats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--model", default="encoder")
    parser.add_argument("--sample", type=int, default=0)
    given = parser.parse_args()
    scorer = fn.load_model(given.model)
    if not isinstance(scorer, EncoderScorer):
        parser.error("--model has no vectors")
    joins: dict[str, list[Found]] = defaultdict(list)
    guesses: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    merges: list[Found] = []
    pairs: list[Found] = []
    n_other = 0
    for path in given.files:
        scored = fn.score(path, model=scorer)
        parts, names, seconds = by_facet(scored.mention_table, scorer)
        print(f"{path.stem}: vectors of the blaming clauses {seconds:.1f} s CPU", flush=True)
        for part in parts:
            n_other += sum(size for size, issue in zip(part.sizes, part.issues, strict=True) if other(issue))
            merges += merged(part, names)
            for rule, (share, _) in RULES.items():
                new, guessed = joined(part, names, share)
                joins[rule] += new
                guesses[rule] += guessed
        pairs += alike(scored.canonical["text"].to_pylist(), scorer)
    for rule, (_, steps) in RULES.items():
        for step in steps:
            reached = sum(found.size for found in joins[rule] if found.near >= step)
            known = [right for near, right in guesses[rule] if near >= step]
            print(
                f"join, {rule} >= {step}: {reached / max(n_other, 1):.1%} of {n_other:,} mentions in 其他; "
                f"{np.mean(known or [0]):.1%} of {len(known):,} named clauses guessed as named"
            )
        show([found for found in joins[rule] if found.near >= steps[1]], given.sample)
    for step in MERGES:
        print(f"merge >= {step}: {sum(found.near >= step for found in merges)} pairs of issues")
    show(sorted(merges, reverse=True)[: given.sample], given.sample)
    for step in NEAR:
        print(f"near >= {step}: {sum(found.near >= step for found in pairs)} pairs of reviews")
    show(sorted(pairs, reverse=True)[: given.sample], given.sample)


def other(issue: str) -> bool:
    return issue.endswith(f":{OTHER}")


def show(found: list[Found], n: int) -> None:
    """Print ``n`` of what was found, the nearest first."""
    for each in sorted(random.Random(SEED).sample(sorted(found), min(n, len(found))), reverse=True):
        print(f"  {each.near:.2f} {each.text}")


def by_facet(mentions: object, scorer: EncoderScorer) -> tuple[list[Clauses], dict[str, str], float]:
    """Return the blaming clauses of each facet, names of issues, and the CPU time of the vectors."""
    filled, catalogue = assign(mentions, scorer.taxonomy_)
    names = {row["issue_id"]: row["name"] for row in catalogue.to_pylist()}
    columns = (filled[name].to_pylist() for name in ("facet", "issue_id"))
    sizes: dict[tuple[str, str, str], int] = defaultdict(int)
    for facet, issue, text in zip(*columns, normalize_column(filled["text"].to_pylist()), strict=True):
        if issue:
            sizes[facet, text, issue] += 1
    texts = sorted({text for _, text, _ in sizes})
    start = time.process_time()
    vector = dict(zip(texts, alone(texts, scorer), strict=True))
    seconds = time.process_time() - start
    groups: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for key in sorted(sizes):
        groups[key[0]].append(key)
    parts = [
        Clauses(
            facet,
            [text for _, text, _ in keys],
            [issue for _, _, issue in keys],
            [sizes[key] for key in keys],
            np.stack([vector[text] for _, text, _ in keys]),
        )
        for facet, keys in groups.items()
    ]
    return parts, names, seconds


def alone(texts: list[str], scorer: EncoderScorer) -> Floats:
    """Return a unit vector for each text."""
    clauses = cut_column(texts)
    each = scorer.vectors(texts, clauses)
    total = np.zeros((len(texts), each.shape[1]), np.float32)
    np.add.at(total, clauses.review, each)
    return unit(total)


def unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))


def joined(
    part: Clauses, names: dict[str, str], share: float
) -> tuple[list[Found], list[tuple[float, bool]]]:
    """Return what would leave 其他, and for named clauses how near and whether the guess is the name."""
    named = [place for place, issue in enumerate(part.issues) if not other(issue)]
    if len(named) < 3:
        return [], []
    likeness = share * part.vectors @ part.vectors[named].T
    if share < 1:
        likeness = likeness + (1 - share) * grams(part.texts, named)
    likeness[named, np.arange(len(named))] = -1
    found, guessed = [], []
    for place, row in enumerate(likeness):
        first, second = (named[near] for near in np.argsort(-row, kind="stable")[:2])
        if part.issues[first] != part.issues[second]:
            continue
        near, issue = float(np.sort(row)[-2]), part.issues[first]
        if other(part.issues[place]):
            text = f"{part.facet}\t{part.texts[place]}\t{names[issue]}\t({part.texts[first]})"
            found.append(Found(near, part.sizes[place], text))
        else:
            guessed.append((near, issue == part.issues[place]))
    return found, guessed


def grams(texts: list[str], named: list[int]) -> NDArray[np.float64]:
    """Return the cosines of the character n-grams of all texts with those of the named ones."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    found = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True).fit_transform(texts)
    return np.asarray((found @ found[named].T).toarray())


def merged(part: Clauses, names: dict[str, str]) -> list[Found]:
    """Return the pairs of issues of a facet."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, issue in enumerate(part.issues):
        places[issue].append(place)
    size = {issue: sum(part.sizes[place] for place in rows) for issue, rows in places.items()}
    issues = [issue for issue in places if not other(issue) and size[issue] >= LEAST_MENTIONS]
    if not issues:
        return []
    weights = np.array(part.sizes, np.float32)[:, None]
    means = unit(np.stack([(part.vectors * weights)[places[issue]].sum(axis=0) for issue in issues]))
    near = means @ means.T
    return [
        Found(float(near[one, two]), 1, f"{part.facet}\t{names[issues[one]]}\t{names[issues[two]]}")
        for one in range(len(issues))
        for two in range(one)
    ]


def alike(texts: list[str | None], scorer: EncoderScorer) -> list[Found]:
    """Return the nearest pairs of reviews that the rule of shingles does not take for one text."""
    letters = [duplicates._letters(key) for key in duplicates._keys(texts)]
    first = {key: row for row, key in reversed(list(enumerate(letters)))}
    rows = sorted(row for key, row in first.items() if len(key) >= duplicates.SHORTEST_NEAR)
    shingles = {row: duplicates._shingles(letters[row]) for row in rows}
    clauses = cut_column(texts)
    total = np.zeros((len(texts), scorer.vectors(["好"]).shape[1]), np.float32)
    lengths = (clauses.end - clauses.start).astype(np.float32)[:, None]
    np.add.at(total, clauses.review, scorer.vectors(texts, clauses) * lengths)
    vectors = unit(total[rows])
    one, two = np.triu_indices(len(rows), 1)
    near = (vectors @ vectors.T)[one, two]
    found = []
    for place in np.argsort(-near, kind="stable")[:MOST_PAIRS]:
        left, right = rows[one[place]], rows[two[place]]
        same = duplicates._jaccard(shingles[left], shingles[right])
        if same < duplicates.THRESHOLD:
            text = f"{same:.2f}\t{(texts[left] or '')[:80]!r}\t{(texts[right] or '')[:80]!r}"
            found.append(Found(float(near[place]), 1, text))
    return found


if __name__ == "__main__":
    main()
