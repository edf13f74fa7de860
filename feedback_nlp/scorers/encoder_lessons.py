"""What an encoder learns from, as targets: labelled reviews, and reviews another judge has read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.encoder_tokens import Tokens, tokenize
from feedback_nlp.scorers.targets import Targets

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from feedback_nlp.scorers.targets import Judged
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["Lessons"]


@dataclass(frozen=True)
class Lessons:
    """Tokenised reviews with what is to be learnt of them."""

    tokens: Tokens
    targets: Targets

    @classmethod
    def labelled(cls, examples: Examples, tokenizer: Tokenizer, most_tokens: int) -> Lessons:
        """Return what people have labelled; unknown labels (−1) count for nothing."""
        tokens = tokenize(examples.texts, examples.clauses, tokenizer, most_tokens=most_tokens)
        return cls(tokens, Targets.labelled(examples))

    @classmethod
    def judged(cls, seen: Judged, tokenizer: Tokenizer, most_tokens: int) -> Lessons:
        """Return what another judge thinks: soft targets, all of them known."""
        tokens = tokenize(seen.texts, seen.clauses, tokenizer, most_tokens=most_tokens)
        return cls(tokens, Targets.judged(seen))

    def groups(
        self, rows: NDArray[np.int64], batch_tokens: int, random: np.random.Generator
    ) -> Iterator[list[int]]:
        """Yield batches of windows of like length, mixed anew each time."""
        lengths = self.tokens.windows.lengths()[rows]
        order = rows[np.argsort(lengths + random.uniform(0, 8, len(rows)), kind="stable")]
        for batch in self.tokens.batches(batch_tokens, order.tolist()):
            yield [int(row) for row in batch.rows]

    def portion(self, epoch: int, count: int) -> NDArray[np.int64]:
        """Return the next ``count`` windows, from the first again after the last."""
        return np.arange(epoch * count, (epoch + 1) * count) % max(len(self.tokens.windows), 1)
