"""Public sets of ``../shared/data`` as labelled texts, by the mappings beside this file."""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAPPING = Path(__file__).with_name("mappings") / "sentiment.toml"


@dataclass(frozen=True)
class Opinions:
    """Texts with the side their writer was on.

    ``texts``, ``positive`` and ``sources`` have one entry a text; ``licences`` is by source.
    """

    texts: list[str]
    positive: list[bool]
    sources: list[str]
    licences: dict[str, str]

    def pick(self, kept: Sequence[bool]) -> Opinions:
        """Return the texts that are ``kept``."""
        rows = [row for row, keep in enumerate(kept) if keep]
        return Opinions(
            [self.texts[row] for row in rows],
            [self.positive[row] for row in rows],
            [self.sources[row] for row in rows],
            self.licences,
        )


def opinions(data: Path) -> Opinions:
    """Read every source of the sentiment mapping, in order, at most ``cap`` texts of a domain."""
    mapping = tomllib.loads(MAPPING.read_text(encoding="utf-8"))
    groups: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for source in mapping["source"]:
        for domain, text, positive in _labelled(data, source):
            groups[source["file"], domain, positive].append(text)
    texts, sides, names = [], [], []
    for (name, _, positive), found in groups.items():
        kept = _spread(found, mapping["cap"] // 2)
        texts += kept
        sides += [positive] * len(kept)
        names += [name] * len(kept)
    return Opinions(texts, sides, names, {s["file"]: s["licence"] for s in mapping["source"]})


def _labelled(data: Path, source: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    with gzip.open(data / f"{source['file']}.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            value = row.get(source["field"])
            if value is not None and (value >= source["positive"] or value <= source["negative"]):
                yield row["domain"], row["text"], value >= source["positive"]


def _spread(items: list[str], most: int) -> list[str]:
    """Return at most ``most`` items, evenly spread over the list."""
    step = max(len(items) / most, 1.0)
    return [items[int(place * step)] for place in range(min(most, len(items)))]
