"""Learning the network of ``scorers.linear_student`` from an encoder's judgement of texts without labels.

It learns what to add to the log-odds of the linear heads: from labelled texts, where those are out of fold,
and from public texts as the encoder judges them. Overall label and flags are learnt along, since what serves
them serves the hidden layer; they are not kept. Needs torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.hashing import Vocabulary
from feedback_nlp.scorers.linear_evidence import Evidence
from feedback_nlp.scorers.linear_model import Logits
from feedback_nlp.scorers.linear_student import STUDENT
from feedback_nlp.scorers.training_data import Examples
from feedback_nlp.text.clauses import Clauses

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How the network is learnt; set on the tenth of the labelled texts that is never learnt from."""

    width: int = 64
    hidden: int = 128
    epochs: int = 3
    reviews: int = 192
    table_rate: float = 4e-3
    rate: float = 1.5e-3
    gram_drop: float = 0.2
    drop: float = 0.3
    labelled_weight: float = 1.0
    decay: float = 1e-5
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """Texts to learn from, with what is wanted of each.

    Attributes
    ----------
    texts : sequence of str, length n_reviews
    clauses : Clauses
    evidence : Evidence
    base : Logits
        Of the linear heads, calibrated, that had not seen the text.
    sides : float32 array of shape (n_clauses, n_facets, 3)
        Wanted probability of each side; known nowhere else than where ``known`` is true.
    known : bool array of shape (n_clauses, n_facets)
    overall : float32 array of shape (n_reviews, 3)
    flags : float32 array of shape (n_reviews, 5)
    weight : float
    """

    texts: tuple[str, ...]
    clauses: Clauses
    evidence: Evidence
    base: Logits
    sides: Floats
    known: NDArray[np.bool_]
    overall: Floats
    flags: Floats
    weight: float


def labelled(examples: Examples, evidence: Evidence, base: Logits, weight: float) -> Lesson:
    """Return labelled texts as a lesson; their labels must be whole."""
    sides = examples.sides.astype(np.float32)
    sides /= np.maximum(sides.sum(axis=2, keepdims=True), 1)
    return Lesson(
        examples.texts,
        examples.clauses,
        evidence,
        base,
        sides,
        examples.mention >= 0,
        np.eye(3, dtype=np.float32)[np.maximum(examples.overall, 0)],
        np.maximum(examples.flags, 0).astype(np.float32),
        weight,
    )


def judged(
    texts: tuple[str, ...], clauses: Clauses, evidence: Evidence, base: Logits, found: Prediction
) -> Lesson:
    """Return texts with a teacher's judgement as a lesson."""
    sides = np.asarray(found.clauses, dtype=np.float32)
    return Lesson(
        texts,
        clauses,
        evidence,
        base,
        sides,
        np.ones(sides.shape[:2], dtype=bool),
        np.asarray(found.overall, dtype=np.float32),
        np.asarray(found.flags, dtype=np.float32),
        1.0,
    )


def learn(
    lessons: list[Lesson], slots: NDArray[np.uint32], recipe: Recipe, tell: Callable[[str], None]
) -> tuple[Floats, dict[str, Floats]]:
    """Return the table, (n_grams, width), and the network's arrays as ``LinearWeights.bias`` names them."""
    torch.manual_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    batches = _Batches.of(lessons, Vocabulary(slots))
    network = _Network(len(slots), lessons[0].sides.shape[1], recipe)
    table = list(network.table.parameters())
    rest = [value for name, value in network.named_parameters() if not name.startswith("table.")]
    optimiser = torch.optim.Adam(
        [
            {"params": table, "lr": recipe.table_rate},
            {"params": rest, "lr": recipe.rate, "weight_decay": recipe.decay},
        ]
    )
    steps = recipe.epochs * -(-batches.n_reviews // recipe.reviews)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=[recipe.table_rate, recipe.rate], total_steps=steps, pct_start=0.1
    )
    begin = time.perf_counter()
    for epoch in range(recipe.epochs):
        losses = []
        for batch in batches.shuffled(recipe.reviews, random, recipe.gram_drop):
            loss = network.loss(batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        seconds = time.perf_counter() - begin
        tell(f"network: epoch {epoch + 1}/{recipe.epochs}, loss {np.mean(losses):.4f}, {seconds:.0f} s")
    return network.arrays()


@dataclass(frozen=True)
class _Batch:
    """Some reviews as tensors; names as in ``Lesson`` and ``_Network.forward``."""

    grams: torch.Tensor
    offsets: torch.Tensor
    counts: torch.Tensor
    review: torch.Tensor
    n_reviews: int
    tone: torch.Tensor
    base: torch.Tensor
    base_reviews: torch.Tensor
    sides: torch.Tensor
    known: torch.Tensor
    overall: torch.Tensor
    flags: torch.Tensor
    weight: torch.Tensor


@dataclass(frozen=True)
class _Batches:
    """All lessons as one column."""

    starts: NDArray[np.int64]
    grams: NDArray[np.int64]
    first: NDArray[np.int64]
    tone: Floats
    base: Floats
    base_reviews: Floats
    sides: Floats
    known: NDArray[np.bool_]
    overall: Floats
    flags: Floats
    weight: Floats

    @classmethod
    def of(cls, lessons: list[Lesson], vocabulary: Vocabulary) -> _Batches:
        matrices = [vocabulary.matrix(lesson.texts, lesson.clauses) for lesson in lessons]
        sizes = np.concatenate([np.diff(matrix.indptr) for matrix in matrices])
        clauses = np.concatenate(
            [np.bincount(lesson.clauses.review, minlength=len(lesson.texts)) for lesson in lessons]
        )
        stack = [[lesson.base.mention, lesson.base.polar, lesson.base.neutral] for lesson in lessons]
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([matrix.indices for matrix in matrices]).astype(np.int64),
            np.concatenate([[0], np.cumsum(clauses)]).astype(np.int64),
            np.concatenate([lesson.evidence.tone for lesson in lessons]),
            np.concatenate([np.concatenate(part, axis=1) for part in stack]),
            np.concatenate(
                [np.concatenate([lesson.base.overall, lesson.base.flags], axis=1) for lesson in lessons]
            ),
            np.concatenate([lesson.sides for lesson in lessons]),
            np.concatenate([lesson.known for lesson in lessons]),
            np.concatenate([lesson.overall for lesson in lessons]),
            np.concatenate([lesson.flags for lesson in lessons]),
            np.concatenate([np.full(len(lesson.texts), lesson.weight, np.float32) for lesson in lessons]),
        )

    @property
    def n_reviews(self) -> int:
        return len(self.first) - 1

    def shuffled(self, size: int, random: np.random.Generator, drop: float) -> Iterator[_Batch]:
        """Yield all reviews in random order; ``drop`` of the n-grams are left out, anew each time."""
        order = random.permutation(self.n_reviews)
        for start in range(0, len(order), size):
            yield self.batch(order[start : start + size], random, drop)

    def batch(self, reviews: NDArray[np.int64], random: np.random.Generator, drop: float) -> _Batch:
        sizes = self.first[reviews + 1] - self.first[reviews]
        clauses = _ranges(self.first[reviews], sizes)
        lengths = self.starts[clauses + 1] - self.starts[clauses]
        grams = self.grams[_ranges(self.starts[clauses], lengths)]
        kept = random.random(len(grams)) >= drop
        owner = np.repeat(np.arange(len(clauses)), lengths)[kept]
        counts = np.bincount(owner, minlength=len(clauses))
        offsets = np.cumsum(counts) - counts
        review = np.repeat(np.arange(len(reviews)), sizes)
        as_tensor = torch.from_numpy
        return _Batch(
            as_tensor(grams[kept]),
            as_tensor(offsets),
            as_tensor(counts.astype(np.float32)),
            as_tensor(review),
            len(reviews),
            as_tensor(self.tone[clauses]),
            as_tensor(self.base[clauses]),
            as_tensor(self.base_reviews[reviews]),
            as_tensor(self.sides[clauses]),
            as_tensor(self.known[clauses]),
            as_tensor(self.overall[reviews]),
            as_tensor(self.flags[reviews]),
            as_tensor(self.weight[reviews]),
        )


def _ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return starts[0], starts[0] + 1, …: ``sizes`` numbers from each start, one after the other."""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - ends + sizes, sizes)


class _Network(nn.Module):
    """The forward pass of ``linear_student.additions``, to be learnt."""

    def __init__(self, n_grams: int, n_facets: int, recipe: Recipe) -> None:
        super().__init__()
        self.n_facets = n_facets
        self.table = nn.EmbeddingBag(n_grams, recipe.width, mode="sum")
        nn.init.normal_(self.table.weight, std=0.05)
        names = ("own", "before", "after", "review")
        self.inputs = nn.ParameterDict(
            {
                name: nn.Parameter(torch.randn(recipe.width, recipe.hidden) / (2 * recipe.width**0.5))
                for name in names
            }
        )
        self.tone = nn.Parameter(torch.randn(3, recipe.hidden) * 0.1)
        self.hidden = nn.Parameter(torch.zeros(recipe.hidden))
        # It begins by adding nothing.
        self.out = nn.Parameter(torch.zeros(recipe.hidden, 3 * n_facets))
        self.shift = nn.Parameter(torch.zeros(3 * n_facets))
        self.reviews = nn.Parameter(torch.zeros(recipe.hidden, 8))
        self.review_shift = nn.Parameter(torch.zeros(8))
        self.drop = nn.Dropout(recipe.drop)

    def forward(self, batch: _Batch) -> tuple[torch.Tensor, torch.Tensor]:
        sums = self.table(batch.grams, batch.offsets)
        own = self.drop(sums / batch.counts.clamp(min=1).sqrt()[:, None])
        width = sums.shape[1]
        total = torch.zeros(batch.n_reviews, width).index_add(0, batch.review, sums)
        counts = torch.zeros(batch.n_reviews).index_add(0, batch.review, batch.counts)
        whole = self.drop(total / counts.clamp(min=1).sqrt()[:, None])
        hidden = own @ self.inputs["own"] + (whole @ self.inputs["review"])[batch.review]
        follows = (batch.review[1:] == batch.review[:-1])[:, None]
        before, after = own[:-1] @ self.inputs["before"], own[1:] @ self.inputs["after"]
        empty = hidden.new_zeros(1, hidden.shape[1])
        hidden = hidden + torch.cat([empty, before * follows]) + torch.cat([after * follows, empty])
        hidden = self.drop(torch.relu(hidden + batch.tone @ self.tone + self.hidden))
        sizes = torch.zeros(batch.n_reviews).index_add(0, batch.review, torch.ones(len(batch.review)))
        mean = torch.zeros(batch.n_reviews, hidden.shape[1]).index_add(0, batch.review, hidden)
        mean = mean / sizes.clamp(min=1)[:, None]
        clauses = batch.base + hidden @ self.out + self.shift
        return clauses, batch.base_reviews + mean @ self.reviews + self.review_shift

    def loss(self, batch: _Batch) -> torch.Tensor:
        """Return the mean loss of a review: mentions, their sides, overall and flags."""
        clauses, reviews = self(batch)
        mention, polar, neutral = clauses.split(self.n_facets, dim=1)
        weight = batch.weight[batch.review][:, None]
        wanted = batch.sides.sum(dim=2).clamp(0, 1)
        cells = functional.binary_cross_entropy_with_logits(mention, wanted, reduction="none") * batch.known
        sides = torch.stack(
            [
                functional.logsigmoid(-neutral) + functional.logsigmoid(-polar),
                functional.logsigmoid(neutral),
                functional.logsigmoid(-neutral) + functional.logsigmoid(polar),
            ],
            dim=2,
        )
        cells = cells - (batch.sides * sides).sum(dim=2) * batch.known
        overall = -(batch.overall * functional.log_softmax(reviews[:, :3], dim=1)).sum(dim=1)
        flags = functional.binary_cross_entropy_with_logits(
            reviews[:, 3:], batch.flags.clamp(0, 1), reduction="none"
        )
        by_review = (0.3 * overall + 0.1 * flags.sum(dim=1)) * batch.weight
        return (cells * weight).sum() / weight.sum() + by_review.sum() / batch.weight.sum()

    def arrays(self) -> tuple[Floats, dict[str, Floats]]:
        """Return the table and the other arrays."""
        names = ("tone", "hidden", "out", "shift")
        parts = {**dict(self.inputs.items()), **{name: getattr(self, name) for name in names}}
        found = {STUDENT + name: value.detach().numpy().astype(np.float32) for name, value in parts.items()}
        return self.table.weight.detach().numpy(), found
