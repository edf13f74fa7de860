"""What the shipped encoder learns from besides labelled reviews, and the checkpoint it begins as."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import public_sets
import train_linear
from safetensors.torch import load_file

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.encoder_base import load_encoder
from feedback_nlp.scorers.training_data import Examples
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.clauses import cut_column

# Public reviews longer than this cost more time than they teach.
LONGEST_PUBLIC = 100
LONGEST_PARTIAL = 120
PUBLIC = 30_000
# Whole and partial labels are dealt in so many hands, so that each epoch sees its part of both.
HANDS = 150


def whole_reviews(opinions: public_sets.Opinions, taxonomy: Taxonomy, most: int = PUBLIC) -> Examples:
    """Return public reviews of which nothing is known but the side their writer was on."""
    order = np.random.default_rng(1).permutation(len(opinions.texts))
    rows = [row for row in order if len(opinions.texts[row]) <= LONGEST_PUBLIC][:most]
    texts = tuple(opinions.texts[row] for row in rows)
    clauses = cut_column(texts)
    shape = (len(clauses), len(taxonomy.codes))
    return Examples(
        texts,
        clauses,
        np.full(shape, -1, np.int8),
        np.zeros((*shape, 3), bool),
        np.array([2 if opinions.positive[row] else 0 for row in rows], np.int8),
        np.full((len(texts), len(FLAGS)), -1, np.int8),
        np.full(len(texts), -1, np.int8),
    )


def with_partial(whole: Examples, data: train_linear.Data, shared: Path, taxonomy: Taxonomy) -> Examples:
    """Return ``whole`` and the mapped partial labels of the public sets, dealt together."""
    known = data.held_out + [review.text for review in data.training]
    found = public_sets.partial(shared / "data", taxonomy, public_sets.MAPPED_SOURCES, known)
    short = [row for row, text in enumerate(found.texts) if len(text) <= LONGEST_PARTIAL]
    found = found.pick(np.array(short, dtype=np.intp))
    hands = zip(
        np.array_split(np.arange(len(whole)), HANDS),
        np.array_split(np.arange(len(found)), HANDS),
        strict=True,
    )
    return public_sets.joined([part for one, other in hands for part in (whole.pick(one), found.pick(other))])


def base_of(base: Path, work: Path, out: Path, layers: int) -> Path:
    """Write the averaged encoder of a checkpoint as a base to start from.

    ``base`` is what it began from, and ``layers`` how many layers of that it has kept (0: all).
    """
    encoder, _ = load_encoder(base, layers=layers)
    tensors = load_file(str(work / "checkpoint.safetensors"))
    begin = "mean.encoder."
    encoder.load_state_dict({k.removeprefix(begin): v for k, v in tensors.items() if k.startswith(begin)})
    saved: Any = encoder
    saved.save_pretrained(str(out))
    for name in ("tokenizer.json", "tokenizer_config.json", "pretraining.json"):
        if (base / name).is_file():
            shutil.copy(base / name, out / name)
    return out
