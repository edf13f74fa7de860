"""What the shipped encoder learns from besides labelled reviews, and the checkpoint it begins as."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import public_sets
import torch
import train_linear
from safetensors.torch import load_file, save_file

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.encoder_base import HEADS_FILE, load_encoder
from feedback_nlp.scorers.training_data import Examples
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.clauses import cut_column

# Public reviews longer than this cost more time than they teach.
LONGEST_PUBLIC = 100
LONGEST_PARTIAL = 120
PUBLIC = 30_000
# Whole and partial labels are dealt in so many hands, so that each epoch sees its part of both.
HANDS = 150
# A checkpoint's file, and in it the names of averaged weights and, in the network, of the encoder's.
CHECKPOINT, MEAN, ENCODER = "checkpoint.safetensors", "mean.", "encoder."


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


def base_of(base: Path, work: Path, out: Path, layers: int, *, heads: bool = False) -> Path:
    """Write the averaged encoder of a checkpoint as a base to start from.

    ``base`` is what it began from, and ``layers`` how many layers of that it has kept (0: all). With
    ``heads``, what begins there goes on with those as well.
    """
    encoder, _ = load_encoder(base, layers=layers)
    weights = averaged(work)
    encoder.load_state_dict({k.removeprefix(ENCODER): v for k, v in weights.items() if k.startswith(ENCODER)})
    saved: Any = encoder
    saved.save_pretrained(str(out))
    if heads:
        save_file({k: v for k, v in weights.items() if not k.startswith(ENCODER)}, str(out / HEADS_FILE))
    for name in ("tokenizer.json", "tokenizer_config.json", "pretraining.json"):
        if (base / name).is_file():
            shutil.copy(base / name, out / name)
    return out


def averaged(work: Path) -> dict[str, torch.Tensor]:
    """Return the averaged weights of a checkpoint, by their names in the network."""
    tensors = load_file(str(work / CHECKPOINT))
    return {name.removeprefix(MEAN): value for name, value in tensors.items() if name.startswith(MEAN)}


def keep_mean(works: Sequence[Path], out: Path) -> None:
    """Write the mean of the averaged weights of some checkpoints as one that can be begun from."""
    found = [averaged(work) for work in works]
    mean = {MEAN + name: torch.stack([one[name] for one in found]).mean(dim=0) for name in found[0]}
    save_file(mean, str(out / CHECKPOINT))
