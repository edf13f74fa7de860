"""Fine-tuning an encoder on labelled files: checkpoints beside the result, measured on a part held out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, ConfigError

if TYPE_CHECKING:
    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.encoder import EncoderScorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["checkpoint_folder", "fine_tune", "held_out"]

Tell = Callable[[str], None]


def fine_tune(
    reviews: Sequence[GoldReview],
    taxonomy: Taxonomy,
    base: str | Path | None,
    work: Path,
    *,
    resume: bool = False,
    epochs: int | None = None,
    tell: Tell | None = None,
) -> EncoderScorer:
    """Fine-tune the checkpoint ``base`` and average it with a linear scorer learnt from the same reviews.

    Parameters
    ----------
    reviews : sequence of GoldReview
    taxonomy : Taxonomy
    base : str or Path
        Folder or name of a BERT-like checkpoint (config, weights, ``tokenizer.json``).
    work : Path
        Where a checkpoint is kept after each epoch; removed when all is done.
    resume : bool
        Go on from the checkpoint there instead of starting anew.
    epochs : int, optional
        Passes over the reviews; the recipe's when not given.
    tell : callable, optional
        Told the progress, with the time left.

    Raises
    ------
    ConfigError
        If there is no base.
    ModelError
        If the base, or the checkpoint to go on from, can't be used.
    MissingExtraError
        If torch, transformers or onnx is not installed.
    """
    from dataclasses import replace

    from feedback_nlp.scorers import load_model
    from feedback_nlp.scorers.encoder import EncoderScorer
    from feedback_nlp.scorers.encoder_base import base_tokenizer, load_encoder
    from feedback_nlp.scorers.encoder_fit import needs_torch
    from feedback_nlp.scorers.linear import LinearScorer

    if base is None:
        raise ConfigError(
            Bilingual(
                "训练 encoder 要有一个预训练模型作基础。",
                "An encoder needs a pretrained checkpoint as base.",
            ),
            Bilingual(
                "用 --base 给出它的文件夹（里面有 config.json、权重和 tokenizer.json）。",
                "Give its folder (config.json, weights, tokenizer.json) by --base.",
            ),
        )
    recipe = needs_torch().Recipe()
    # A base that can't be used is told before minutes are spent on the partner.
    base_tokenizer(base)
    load_encoder(base)
    shipped = load_model("linear")
    tone = shipped.tone_ if isinstance(shipped, LinearScorer) else None
    partner = LinearScorer(taxonomy, tone=tone).fit(reviews)
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    scorer = EncoderScorer(
        taxonomy,
        base=base,
        recipe=replace(recipe, epochs=epochs or recipe.epochs),
        partner=partner,
        work=work,
        tell=tell,
    ).fit(reviews)
    shutil.rmtree(work, ignore_errors=True)
    return scorer


def held_out(reviews: Sequence[GoldReview]) -> list[GoldReview]:
    """Return the reviews that ``fine_tune`` does not learn from (its thresholds do)."""
    from feedback_nlp.scorers.encoder_fit import FOLDS, needs_torch
    from feedback_nlp.scorers.training_data import fold_of

    kept = needs_torch().Recipe().held_out
    return [review for review in reviews if fold_of(review.text, FOLDS) == kept]


def checkpoint_folder(out: Path) -> Path:
    """Return where a training of the model folder ``out`` keeps its checkpoints."""
    return out.with_name(f".{out.name}.checkpoint")
