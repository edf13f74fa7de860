"""Fine-tune the shipped ``encoder`` from ``../shared`` and ``corpora/``, export it and write its card.

    python benchmarks/pretrain_encoder.py --out /tmp/pretrained --steps 2600
    python benchmarks/train_encoder.py --base /tmp/pretrained --work /tmp/encoder

Each runs for about half an hour on two free cores that multiply bf16, three times as long on others, less on
a GPU; MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647 (glibc) saves a fifth of it. Cut
off, the second goes on from the last epoch kept under ``--work`` when called again. The linear scorer that is
averaged with it is learnt here as well, from labelled texts alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import encoder_card
import numpy as np
import train_linear

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.scorers.encoder_fit import FOLDS
from feedback_nlp.scorers.encoder_training import Recipe
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_tone import learn_tone
from feedback_nlp.scorers.training_data import Examples, from_gold
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy
from feedback_nlp.text.clauses import cut_column

REPOSITORY = train_linear.REPOSITORY
# Public reviews longer than this cost more time than they teach.
LONGEST_PUBLIC = 100
PUBLIC = 30_000
RECIPE = Recipe(epochs=8, extra_per_epoch=2500, average=0.98)


def whole_reviews(data: train_linear.Data, taxonomy: Taxonomy) -> Examples:
    """Return public reviews of which nothing is known but the side their writer was on."""
    opinions = data.opinions
    order = np.random.default_rng(1).permutation(len(opinions.texts))
    rows = [row for row in order if len(opinions.texts[row]) <= LONGEST_PUBLIC][:PUBLIC]
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


def partner_of(data: train_linear.Data) -> LinearScorer:
    """Return a linear scorer learnt from the labelled texts."""
    tone = learn_tone(data.opinions.texts, data.opinions.positive)
    return LinearScorer(settings=train_linear.SETTINGS, tone=tone).fit(data.training)


def join(scorer: EncoderScorer, partner: LinearScorer, examples: Examples) -> None:
    """Average with the partner, weighed on the tenth of the texts that neither has learnt from."""
    kept_out = examples.fold == RECIPE.held_out
    judged = examples.pick(np.flatnonzero(kept_out))
    own = scorer.predict(judged.texts, judged.clauses)
    found = partner.out_of_fold_
    partners = Prediction(
        found.clauses[kept_out[examples.clauses.review]], found.overall[kept_out], found.flags[kept_out]
    )
    scorer.adopt_partner(partner)
    scorer.weigh_partner(judged, own, partners)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--base", type=Path, help="checkpoint to start from; the base encoder of --shared")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / "encoder")
    arguments = parser.parse_args()
    data = train_linear.load(arguments.shared)
    taxonomy = load_taxonomy("default")
    scorer = EncoderScorer(
        taxonomy,
        base=arguments.base or arguments.shared / "base-encoder",
        recipe=RECIPE,
        extra=whole_reviews(data, taxonomy),
        work=arguments.work,
        tell=lambda message: print(time.strftime("%H:%M:%S"), message, file=sys.stderr, flush=True),
    )
    examples = from_gold(data.training, taxonomy, folds=FOLDS)
    scorer.fit(examples)
    partner = partner_of(data)
    join(scorer, partner, examples)
    scorer.save(arguments.out)
    loaded = EncoderScorer.load(arguments.out)
    # What it began from is told on the card and not kept in the folder.
    loaded.base = scorer.base
    card = encoder_card.render(data, loaded, scorer.history_, RECIPE, arguments.out)
    (arguments.out / "card.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
