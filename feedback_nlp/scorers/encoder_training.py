"""Fine-tuning an encoder on labelled reviews: loop, schedule, checkpoints. Needs torch and transformers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from feedback_nlp.scorers import encoder_checkpoint as checkpoint
from feedback_nlp.scorers.encoder_base import adopt_heads, layer_list, load_encoder
from feedback_nlp.scorers.encoder_lessons import Lessons
from feedback_nlp.scorers.encoder_network import Network, Outputs, pool
from feedback_nlp.scorers.encoder_tokens import Batch, Tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from feedback_nlp.scorers.targets import Judged
    from feedback_nlp.scorers.training_data import Examples

__all__ = ["Recipe", "Run", "facet_f1", "forward", "hidden_token", "lower_precision", "train"]


_TELL_BF16 = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune; the defaults suit a few thousand labelled reviews.

    Attributes
    ----------
    epochs : int
        Passes over the labelled reviews.
    encoder_rate, head_rate : float
        Highest learning rates, reached after ``warm_up`` of all steps and then falling to zero.
    layer_decay : float
        Each layer learns at this part of the rate of the layer above it.
    weight_decay : float
    warm_up : float
    batch_tokens : int
        Tokens of a batch, padding included.
    most_tokens : int
        Longest window in training.
    overall_weight, flag_weight : float
        Weight of the review-level losses beside that of the clauses.
    extra_per_epoch : int
        Reviews with nothing but an overall label that each epoch sees, a fresh part every time.
    judged_per_epoch : int
        Reviews judged by others that each epoch sees, a fresh part every time.
    layers : int
        Layers to keep of the checkpoint, evenly spread, its last among them; 0 keeps all.
    token_drop : float
        Part of the tokens hidden in training, anew each time. It keeps the encoder from learning texts by
        heart in place of dropout, which costs half as much time again on a CPU.
    average : float
        Part of the running mean of the weights that each step keeps; the mean is what is kept at the end.
    held_out : int
        Fold (of ``training_data.fold_of``) that is judged and never learnt from; −1 learns from all.
    seed : int
    """

    epochs: int = 11
    encoder_rate: float = 1.2e-4
    head_rate: float = 2e-3
    layer_decay: float = 0.95
    weight_decay: float = 0.01
    warm_up: float = 0.08
    batch_tokens: int = 900
    most_tokens: int = 200
    overall_weight: float = 1.0
    flag_weight: float = 1.0
    extra_per_epoch: int = 0
    judged_per_epoch: int = 0
    layers: int = 0
    token_drop: float = 0.08
    average: float = 0.995
    held_out: int = 0
    seed: int = 0


@dataclass
class Run:
    """A finished or resumed training: the network and what happened epoch by epoch."""

    network: Network
    history: list[dict[str, float]] = field(default_factory=list)


def train(
    examples: Examples,
    tokenizer: Tokenizer,
    base: str | Path,
    recipe: Recipe,
    *,
    extra: Examples | None = None,
    judged: Judged | None = None,
    folder: Path | None = None,
    resume: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Run:
    """Fine-tune ``base`` on ``examples``.

    Parameters
    ----------
    examples : Examples
        Labelled reviews; unknown labels (−1) count for nothing.
    tokenizer : tokenizers.Tokenizer
    base : str or Path
        A checkpoint's folder or name; heads beside it (``HEADS_FILE``) are gone on with.
    recipe : Recipe
    extra : Examples, optional
        Reviews with partial labels of which ``recipe.extra_per_epoch`` are added to each epoch.
    judged : Judged, optional
        Reviews that another judge has read, ``recipe.judged_per_epoch`` of them an epoch: what it thinks is
        learnt as a probability.
    folder : Path, optional
        Where a checkpoint is kept after each epoch.
    resume : bool
        Go on from the checkpoint in ``folder`` when there is one.
    tell : callable, optional
        Told the progress, with the time left.

    Returns
    -------
    Run
        With the averaged weights, in evaluation mode.
    """
    torch.manual_seed(recipe.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder, width = load_encoder(base, layers=recipe.layers)
    network = Network(encoder, width, examples.mention.shape[1])
    adopt_heads(network, base)
    network.to(device)
    lessons = [(Lessons.labelled(examples, tokenizer, recipe.most_tokens), 0)]
    if extra is not None and recipe.extra_per_epoch:
        lessons.append((Lessons.labelled(extra, tokenizer, recipe.most_tokens), recipe.extra_per_epoch))
    if judged is not None and recipe.judged_per_epoch:
        lessons.append((Lessons.judged(judged, tokenizer, recipe.most_tokens), recipe.judged_per_epoch))
    loop = _Loop(network, lessons, hidden_token(tokenizer), recipe, tell or (lambda _message: None))
    if resume and folder is not None:
        loop.restore(folder)
    for epoch in range(loop.done, recipe.epochs):
        loop.epoch(epoch)
        if folder is not None:
            loop.keep(folder)
    loop.mean.copy_to(network)
    return Run(network.eval(), loop.history)


def forward(network: Network, tokens: Tokens, batch: Batch, *, device: str = "cpu") -> tuple[Outputs, _Part]:
    """Judge the windows of a batch; each window is taken as a review of its own."""
    part = _Part.of(tokens, batch)
    ids, mask = (torch.from_numpy(array).to(device) for array in (batch.ids, batch.mask))
    with lower_precision(device, learning=network.training):
        states = network.states(ids, mask)
    states = states.float()
    rows = torch.from_numpy(part.row).to(device)
    clause = pool(states, rows, torch.from_numpy(part.span).to(device))
    own = torch.from_numpy(tokens.windows.own[batch.rows].astype(np.int64)).to(device)
    review = pool(states, torch.arange(len(batch.rows), device=device), own)
    return network.heads(clause, review, rows), part


def lower_precision(device: str, *, learning: bool = True) -> torch.autocast:
    """Return the context of a forward pass: float32, but for learning bf16 where it is multiplied fast."""
    # torch tells this by private names only, and not in every version.
    tests = (getattr(torch.cpu, name, None) for name in _TELL_BF16)
    fit = device == "cuda" or any(test() for test in tests if test is not None)
    return torch.autocast(device, dtype=torch.bfloat16, enabled=learning and fit)


@dataclass(frozen=True)
class _Part:
    """The clauses of a batch: their places in the column, and row and span in the batch."""

    clause: NDArray[np.int64]
    row: NDArray[np.int64]
    span: NDArray[np.int64]

    @classmethod
    def of(cls, tokens: Tokens, batch: Batch) -> _Part:
        place = np.full(len(tokens.windows), -1, dtype=np.int64)
        place[batch.rows] = np.arange(len(batch.rows))
        row = place[tokens.window]
        clause = np.flatnonzero(row >= 0)
        return cls(clause, row[clause], tokens.span[clause].astype(np.int64))


class _Mean:
    """The running mean of a network's weights."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.keep = keep
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self.count = 0

    def add(self, network: nn.Module) -> None:
        self.count += 1
        # A young mean must forget where it started.
        keep = min(self.keep, self.count / (self.count + 10))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.values[name].lerp_(value.detach(), 1 - keep)

    def copy_to(self, network: nn.Module) -> None:
        network.load_state_dict(self.values)


class _Loop:
    """State of a training."""

    def __init__(
        self,
        network: Network,
        lessons: list[tuple[Lessons, int]],
        mask_token: int,
        recipe: Recipe,
        tell: Callable[[str], None],
    ) -> None:
        """Take the main lessons, learnt and judged whole, then others with how many windows an epoch sees."""
        self.network, self.recipe, self.tell = network, recipe, tell
        self.mask_token = mask_token
        self.device = next(network.parameters()).device.type
        self.lessons = lessons
        self.optimiser = torch.optim.AdamW(
            _groups(network, recipe), weight_decay=recipe.weight_decay, fused=True
        )
        self.mean = _Mean(network, recipe.average)
        self.history: list[dict[str, float]] = []
        self.done = 0
        steps = sum(len(list(self._plan(epoch))) for epoch in range(recipe.epochs))
        self.slope = _slope(steps, recipe.warm_up)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self.slope)

    def epoch(self, epoch: int) -> None:
        """Learn one pass and judge the part held out."""
        self.network.train()
        begin, losses = time.perf_counter(), []
        plan = list(self._plan(epoch))
        for at, (part, rows) in enumerate(plan):
            losses.append(self._step(part, rows))
            if at % 50 == 49:
                pace = (time.perf_counter() - begin) / (at + 1)
                left = pace * (len(plan) - at - 1 + len(plan) * (self.recipe.epochs - epoch - 1))
                self.tell(
                    f"epoch {epoch + 1}/{self.recipe.epochs} step {at + 1}/{len(plan)} "
                    f"loss {np.mean(losses[-50:]):.3f}, {left / 60:.0f} min left"
                )
        self.done = epoch + 1
        entry = {"epoch": self.done, "loss": float(np.mean(losses)), **self._judge()}
        self.history.append(entry)
        self.tell(json.dumps({name: round(value, 4) for name, value in entry.items()}))

    def keep(self, folder: Path) -> None:
        """Write everything needed to go on."""
        progress = checkpoint.Progress(
            asdict(self.recipe), self.done, self.schedule.last_epoch, self.mean.count, self.history
        )
        checkpoint.write(folder, progress, self.network, self.mean.values, self.optimiser)

    def restore(self, folder: Path) -> None:
        """Go on from the checkpoint in ``folder``, if there is one."""
        progress = checkpoint.read(
            folder, asdict(self.recipe), self.network, self.mean.values, self.optimiser
        )
        if progress is None:
            return
        self.history, self.done, self.mean.count = progress.history, progress.epochs, progress.averaged
        self.schedule.last_epoch = progress.steps
        for group, highest in zip(self.optimiser.param_groups, self.schedule.base_lrs, strict=True):
            group["lr"] = highest * self.slope(progress.steps)

    def _plan(self, epoch: int) -> Iterator[tuple[int, list[int]]]:
        """Yield (set, windows) of each batch of an epoch, the same for the same seed and epoch."""
        random = np.random.default_rng((self.recipe.seed, epoch))
        found: list[tuple[int, list[int]]] = []
        for part, (own, count) in enumerate(self.lessons):
            rows = own.portion(epoch, count) if part else self._main(learnt=True)
            found += [(part, group) for group in own.groups(rows, self.recipe.batch_tokens, random)]
        for at in random.permutation(len(found)):
            yield found[at]

    def _main(self, *, learnt: bool) -> NDArray[np.int64]:
        """Return the windows of the main lessons to learn from, or those held out."""
        own, _ = self.lessons[0]
        held_out = own.targets.fold[own.tokens.windows.review] == self.recipe.held_out
        return np.flatnonzero(~held_out if learnt else held_out)

    def _step(self, part: int, rows: list[int]) -> float:
        own, _ = self.lessons[part]
        batch = self._hidden(next(own.tokens.batches(10**9, rows)))
        outputs, clauses = forward(self.network, own.tokens, batch, device=self.device)
        loss = self._loss(own, batch, outputs, clauses)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        if self.schedule.last_epoch % 5 == 0:
            self.mean.add(self.network)
        return float(loss.detach())

    def _hidden(self, batch: Batch) -> Batch:
        """Return the batch with some tokens replaced by the one for hidden or unknown text."""
        drop = torch.rand(batch.ids.shape).numpy() < self.recipe.token_drop
        drop[:, 0] = False
        drop &= np.append(batch.mask[:, 1:], np.zeros((len(batch.ids), 1), np.int64), axis=1) == 1
        return Batch(batch.rows, np.where(drop, self.mask_token, batch.ids), batch.mask)

    def _loss(self, own: Lessons, batch: Batch, outputs: Outputs, part: _Part) -> torch.Tensor:
        aims = own.targets
        known, sides = self._tensors(part.clause, aims.known, aims.sides)
        truth = sides.flatten(1)
        cells = nn.functional.binary_cross_entropy_with_logits(outputs.clauses, truth, reduction="none")
        loss = (cells * known.repeat_interleave(3, dim=1)).sum() / max(len(part.clause), 1)
        review = own.tokens.windows.review[batch.rows]
        overall, flags, flags_known = self._tensors(review, aims.overall, aims.flags, aims.flags_known)
        likely = nn.functional.log_softmax(outputs.overall, dim=1)
        loss = loss - self.recipe.overall_weight * (overall * likely).sum() / overall.sum().clamp(min=1e-6)
        cells = nn.functional.binary_cross_entropy_with_logits(outputs.flags, flags, reduction="none")
        return loss + self.recipe.flag_weight * (cells * flags_known).sum() / max(len(review), 1)

    def _tensors(self, rows: NDArray[np.int64], *arrays: NDArray[np.float32]) -> tuple[torch.Tensor, ...]:
        return tuple(torch.from_numpy(array[rows]).to(self.device) for array in arrays)

    def _judge(self) -> dict[str, float]:
        """Return F1 of facets with polarity and accuracy on the part held out, with the averaged weights."""
        own, _ = self.lessons[0]
        rows = self._main(learnt=False)
        if not len(rows):
            return {}
        current = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.mean.copy_to(self.network)
        self.network.eval()
        right, scores, truths = [], [], []
        with torch.no_grad():
            for batch in own.tokens.batches(4 * self.recipe.batch_tokens, _by_length(own.tokens, rows)):
                outputs, part = forward(self.network, own.tokens, batch, device=self.device)
                found = outputs.overall.argmax(dim=1).cpu().numpy()
                review = own.tokens.windows.review[batch.rows]
                right.append(found == own.targets.overall[review].argmax(axis=1))
                scores.append(torch.sigmoid(outputs.clauses).cpu().numpy())
                truths.append(own.targets.sides[part.clause].reshape(len(part.clause), -1))
        self.network.load_state_dict(current)
        threshold, f1 = facet_f1(np.concatenate(scores), np.concatenate(truths) > 0)
        return {
            "overall_accuracy": float(np.concatenate(right).mean()),
            "clause_facet_polarity_f1": f1,
            "threshold": threshold,
        }


def facet_f1(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the best common threshold of clause scores and its micro-averaged F1."""
    best = (0.5, 0.0)
    for threshold in np.arange(0.2, 0.65, 0.05):
        found = scores >= threshold
        f1 = 2 * float((found & truth).sum()) / max(float(found.sum() + truth.sum()), 1.0)
        best = max(best, (float(threshold), f1), key=lambda pair: pair[1])
    return best


def hidden_token(tokenizer: Tokenizer) -> int:
    """Return the id of the token that stands for a hidden one: the tokenizer's mask, else unknown text."""
    for name in ("<mask>", "[MASK]", "<unk>", "[UNK]"):
        found = tokenizer.token_to_id(name)
        if found is not None:
            return int(found)
    return 0


def _by_length(tokens: Tokens, rows: NDArray[np.int64]) -> list[int]:
    order = np.argsort(tokens.windows.lengths()[rows], kind="stable")
    return [int(row) for row in rows[order]]


def _groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """Return parameter groups with their rates: heads, then layers from the top down, then embeddings."""
    groups: list[dict[str, Any]] = [{"params": network.head_parameters(), "lr": recipe.head_rate}]
    layers = list(layer_list(network.encoder))
    inside: set[int] = set()
    for depth, layer in enumerate(reversed(layers)):
        parameters = list(layer.parameters())
        inside |= {id(parameter) for parameter in parameters}
        groups.append({"params": parameters, "lr": recipe.encoder_rate * recipe.layer_decay**depth})
    rest = [parameter for parameter in network.encoder.parameters() if id(parameter) not in inside]
    groups.append({"params": rest, "lr": recipe.encoder_rate * recipe.layer_decay ** len(layers)})
    return groups


def _slope(steps: int, warm_up: float) -> Callable[[int], float]:
    """Return the factor of the learning rate at each step: up over ``warm_up`` of all, then down to zero."""
    first = max(math.ceil(steps * warm_up), 1)

    def factor(step: int) -> float:
        if step < first:
            return (step + 1) / first
        return max((steps - step) / max(steps - first, 1), 0.0)

    return factor
