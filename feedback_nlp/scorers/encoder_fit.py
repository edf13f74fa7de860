"""``EncoderScorer.fit``: fine-tune, export, calibrate on the part held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.errors import Bilingual, MissingExtraError, ModelError
from feedback_nlp.scorers.encoder_base import base_tokenizer
from feedback_nlp.scorers.encoder_tokens import tokenize
from feedback_nlp.scorers.training_data import Examples, from_gold
from feedback_nlp.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.encoder import EncoderScorer
    from feedback_nlp.scorers.encoder_network import Network

__all__ = ["FOLDS", "adopt_network", "fit", "needs_torch"]

# One text in ten is kept from learning, for early judgement, calibration and thresholds.
FOLDS = 10
# Reviews that tell how large the numbers inside the network grow.
SAMPLE = 200


def fit(scorer: EncoderScorer, reviews: Sequence[GoldReview] | Examples) -> None:
    """Fine-tune ``scorer.base`` on ``reviews`` and make ``scorer`` ready to predict.

    Raises
    ------
    MissingExtraError
        If torch or transformers is not installed.
    ModelError
        If there is no base, or nothing to learn from.
    """
    training = needs_torch()
    if scorer.base is None:
        raise ModelError(
            Bilingual("没有说从哪个预训练模型开始。", "No pretrained checkpoint to start from."),
            Bilingual(
                "用 --base 给出文件夹（含 config.json、tokenizer.json 和权重）。",
                "Give a folder with config.json, tokenizer.json and weights by --base.",
            ),
        )
    taxonomy = load_taxonomy(scorer.taxonomy)
    examples = reviews if isinstance(reviews, Examples) else from_gold(reviews, taxonomy, folds=FOLDS)
    if not len(examples.clauses):
        raise ModelError(
            Bilingual("没有带标注的小句，训练不了。", "No labelled clauses to learn from."),
            Bilingual("给出带 clauses 和 labels 的文件。", "Give files with clauses and labels."),
        )
    recipe = scorer.recipe or training.Recipe()
    tokenizer = base_tokenizer(scorer.base)
    run = training.train(
        examples,
        tokenizer,
        scorer.base,
        recipe,
        extra=scorer.extra,
        judged=scorer.judged,
        folder=None if scorer.work is None else Path(scorer.work),
        resume=scorer.work is not None,
        tell=scorer.tell,
    )
    scorer.taxonomy_ = taxonomy
    scorer.history_ = run.history
    adopt_network(scorer, run.network, tokenizer, examples, most_tokens=recipe.most_tokens)
    held_out = np.flatnonzero(examples.fold == recipe.held_out)
    calibrate_on(scorer, examples.pick(held_out) if len(held_out) else examples)
    scorer.adopt_partner(scorer.partner)


def needs_torch() -> ModuleType:
    """Return ``encoder_training``.

    Raises
    ------
    MissingExtraError
        If torch or transformers is not installed.
    """
    try:
        from feedback_nlp.scorers import encoder_training
    except ImportError as error:
        raise MissingExtraError.from_extra("torch", "train --model encoder") from error
    return encoder_training


def adopt_network(
    scorer: EncoderScorer, network: Network, tokenizer: Any, examples: Examples, *, most_tokens: int
) -> None:
    """Export ``network``, rounded as suits ``examples``, and let ``scorer`` predict with it."""
    from feedback_nlp.scorers.encoder_export import export_graph, heads_of

    seen = examples.pick(np.unique(np.linspace(0, len(examples) - 1, SAMPLE).astype(np.intp)))
    tokens = tokenize(seen.texts, seen.clauses, tokenizer, most_tokens=most_tokens)
    scorer.most_tokens_ = most_tokens
    scorer.heads_ = heads_of(network)
    scorer.adopt_tokenizer(tokenizer)
    scorer.adopt_graph(export_graph(network, sample=tokens.windows.ids))


def calibrate_on(scorer: EncoderScorer, examples: Examples) -> None:
    """Learn calibration and thresholds from reviews the encoder has not seen."""
    from feedback_nlp.scorers.encoder_calibration import calibrate

    logits = scorer.logits(examples.texts, examples.clauses)
    scorer.calibration_, decisions = calibrate(examples, logits, scorer.taxonomy_)
    scorer.thresholds_ = decisions.thresholds
    scorer.flag_thresholds_ = decisions.flag_thresholds
    scorer.safety_threshold_ = decisions.safety_threshold
