"""What an encoder thinks of public texts without labels, for other models to learn from.

What must stay honest: the encoder never learnt from one labelled text in ten (``encoder_fit.FOLDS``), nothing
that is measured on is among the texts it reads here, and it reads them without its partner.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.scorers.encoder_fit import FOLDS
from feedback_nlp.scorers.targets import Judged
from feedback_nlp.scorers.training_data import Examples, fold_of, without_overlap
from feedback_nlp.text.clauses import cut_column

if TYPE_CHECKING:
    from train_linear import Data

# Texts of one domain of one file: breadth of industries teaches more than depth in one.
PER_DOMAIN = 2200
# Letters within these lengths: shorter ones say little, longer ones cost much.
SHORTEST, LONGEST = 8, 120
# The encoder judges so many texts at a time.
BATCH = 2000


def unlabelled(data: Path, held_out: list[str], per_domain: int = PER_DOMAIN) -> list[str]:
    """Return texts of every public file, spread over their domains, none like those ``held_out``."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, domain, text in _texts(data):
        if SHORTEST <= len(text) <= LONGEST:
            groups[name, domain].append(text)
    found: list[str] = []
    for texts in groups.values():
        step = max(len(texts) / per_domain, 1.0)
        found += [texts[int(place * step)] for place in range(min(per_domain, len(texts)))]
    kept = without_overlap(found, held_out)
    return [text for text, keep in zip(found, kept, strict=True) if keep]


def _texts(data: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(data.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                yield path.name, str(row.get("domain", "")), row["text"]


def judged_by(
    teachers: Sequence[Path],
    data: Data,
    shared: Path,
    tell: Callable[[str], None],
    per_domain: int = PER_DOMAIN,
) -> Judged:
    """Return public texts without labels and the mean of what the teachers think of them, in random order.

    None is like a text that is labelled or measured on, and no teacher has learnt from the tenth of the
    labelled texts that its students are judged on.
    """
    known = data.held_out + [review.text for review in data.training]
    texts = unlabelled(shared / "data", known, per_domain)
    order = np.random.default_rng(7).permutation(len(texts))
    texts = [texts[row] for row in order]
    by_folder = {}
    for folder in dict.fromkeys(teachers):
        scorer = EncoderScorer.load(folder)
        # Its partner has learnt from the tenth kept out.
        scorer.adopt_partner(None)
        by_folder[folder] = judged_in_parts(scorer, texts, tell)
    found = [by_folder[folder] for folder in teachers]
    mean = Prediction(
        *(
            np.asarray(np.mean([getattr(one, name) for one in found], axis=0), dtype=np.float32)
            for name in ("clauses", "overall", "flags")
        )
    )
    return Judged(tuple(texts), cut_column(texts), mean)


def judged_in_parts(teacher: EncoderScorer, texts: list[str], tell: Callable[[str], None]) -> Prediction:
    """Return what ``teacher`` thinks of many texts, with a line of progress now and then."""
    parts = []
    for start in range(0, len(texts), BATCH):
        parts.append(teacher.predict(texts[start : start + BATCH]))
        tell(f"judged {start + len(parts[-1].overall)} of {len(texts)} texts")
    return type(parts[0])(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("clauses", "overall", "flags"))
    )


def kept_from_learning(examples: Examples) -> NDArray[np.bool_]:
    """Return which texts no encoder has learnt from."""
    return np.array([fold_of(text, FOLDS) for text in examples.texts]) == 0
