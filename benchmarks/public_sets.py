"""Public sets of ``../shared/data`` as labelled texts, by the mappings beside this file."""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from partial_labels import examples, load_mapping, rows

from feedback_nlp.gold import read
from feedback_nlp.scorers.training_data import Examples, from_gold, without_overlap
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.clauses import Clauses

REPOSITORY = Path(__file__).resolve().parents[1]
MAPPING = Path(__file__).with_name("mappings") / "sentiment.toml"
OPEN_MAPPING = MAPPING.with_name("sentiment_open.toml")
# The only public sets with a permissive licence, as their repositories state it (shared/data/README.md).
OPEN_SETS = {"opinion_triplets": "MIT", "aspect_polarity": "MIT", "restaurant_asap_sample": "Apache-2.0"}
# Sources with a mapping of their categories, in the order in which a repeated text is kept.
MAPPED_SOURCES = (
    "makeup_quads",
    "laptop_quads",
    "restaurant_asap_sample",
    "restaurant_aspects",
    "laptop_sentences",
    "car_complaints",
    "car_opinions",
)
# Those shown to help on gold/train (partial_gain.py): none, see mappings/README.md.
PARTIAL_SOURCES: tuple[str, ...] = ()

Item = TypeVar("Item")


@dataclass(frozen=True)
class Opinions:
    """Texts with the side their writer was on.

    ``texts``, ``positive``, ``sources`` and ``domains`` have one entry a text; ``licences`` is by source.
    """

    texts: list[str]
    positive: list[bool]
    sources: list[str]
    domains: list[str]
    licences: dict[str, str]

    def pick(self, kept: Sequence[bool]) -> Opinions:
        """Return the texts that are ``kept``."""
        rows = [row for row, keep in enumerate(kept) if keep]
        return Opinions(
            [self.texts[row] for row in rows],
            [self.positive[row] for row in rows],
            [self.sources[row] for row in rows],
            [self.domains[row] for row in rows],
            self.licences,
        )


def opinions(data: Path, path: Path = MAPPING) -> Opinions:
    """Read every source of a sentiment mapping, in order, at most ``cap`` texts of a domain."""
    mapping = tomllib.loads(path.read_text(encoding="utf-8"))
    groups: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for source in mapping["source"]:
        for domain, text, positive in _labelled(data, source):
            groups[source["file"], domain, positive].append(text)
    texts, sides, names, domains = [], [], [], []
    for (name, domain, positive), found in groups.items():
        kept = _spread(found, mapping["cap"] // 2)
        texts += kept
        sides += [positive] * len(kept)
        names += [name] * len(kept)
        domains += [domain] * len(kept)
    return Opinions(texts, sides, names, domains, {s["file"]: s["licence"] for s in mapping["source"]})


def _labelled(data: Path, source: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    with gzip.open(data / f"{source['file']}.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            side = _side(row.get(source["field"]), source)
            if side is not None:
                yield row["domain"], row["text"], side


def _side(value: Any, source: dict[str, Any]) -> bool | None:
    """Return whether a text praises; None where that is unknown or mixed.

    ``value`` is a label or stars, held against the bounds of ``source``, a side's name, or triplets that end
    in one.
    """
    if isinstance(value, int | float):
        return value >= source["positive"] if not source["negative"] < value < source["positive"] else None
    names = [value] if isinstance(value, str) else [triplet[-1] for triplet in value or ()]
    sides = {name[:3].upper() for name in names}
    return sides == {"POS"} if sides in ({"POS"}, {"NEG"}) else None


def _spread(items: list[Item], most: int) -> list[Item]:
    """Return at most ``most`` items, evenly spread over the list."""
    step = max(len(items) / most, 1.0)
    return [items[int(place * step)] for place in range(min(most, len(items)))]


def partial(
    data: Path,
    taxonomy: Taxonomy,
    sources: Sequence[str] = PARTIAL_SOURCES,
    known: Sequence[str] | None = None,
) -> Examples:
    """Return the mapped sources as examples of fold −1, none like a text that is labelled or measured on.

    Parameters
    ----------
    data : Path
        Folder of the public sets.
    taxonomy : Taxonomy
    sources : sequence of str
        Of ``MAPPED_SOURCES``; at most ``cap`` texts of each, spread over those with a known mention.
    known : sequence of str, optional
        Texts to keep out, with their near repetitions; those of ``known_texts`` if not given.

    Raises
    ------
    ValueError
        If a source has a category without a rule.
    """
    if not sources:
        return from_gold([], taxonomy)
    parts = [_capped(data, name, taxonomy) for name in sources]
    every = joined(parts)
    kept = without_overlap(every.texts, known_texts(data.parent) if known is None else known)
    return every.pick(np.flatnonzero(kept))


def known_texts(shared: Path) -> list[str]:
    """Return all texts with labels of ours: gold train and dev, every corpus, the demo and the challenge."""
    files = [shared / "gold" / "train.jsonl", shared / "gold" / "dev.jsonl"]
    files += sorted((REPOSITORY / "corpora").rglob("*.jsonl"))
    return [review.text for review in read(files)]


def _capped(data: Path, name: str, taxonomy: Taxonomy) -> Examples:
    """Return at most ``cap`` examples of one source, spread over those with a known mention."""
    mapping = load_mapping(name, taxonomy)
    found, cells = examples(mapping, list(rows(data, name)))
    useful = np.unique(found.clauses.review[[cell.clause for cell in cells]])
    return found.pick(np.array(_spread(useful.tolist(), mapping.cap), dtype=np.intp))


def joined(parts: list[Examples]) -> Examples:
    """Return the reviews of all parts as one."""
    counts = np.cumsum([0, *(len(part) for part in parts)])
    clauses = Clauses(
        np.concatenate([part.clauses.review + at for part, at in zip(parts, counts, strict=False)]),
        np.concatenate([part.clauses.index for part in parts]),
        np.concatenate([part.clauses.start for part in parts]),
        np.concatenate([part.clauses.end for part in parts]),
        int(counts[-1]),
    )
    fields = ("mention", "sides", "overall", "flags", "fold")
    stacked = {name: np.concatenate([getattr(part, name) for part in parts]) for name in fields}
    return Examples(tuple(text for part in parts for text in part.texts), clauses, **stacked)
