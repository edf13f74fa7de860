"""Let the base encoder read public Chinese feedback first: masked-language learning before fine-tuning.

    python benchmarks/pretrain_encoder.py --out /tmp/pretrained --steps 2600

Writes a folder that ``train_encoder.py --base`` starts from. The texts are those of ``../shared/data``
without any that equals or nearly equals a text of gold dev, the demo or the challenge set. Needs torch;
some half an hour on two cores that have bf16, hours on others.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import distil
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from feedback_nlp.gold import read
from feedback_nlp.scorers.encoder_base import base_tokenizer, load_encoder
from feedback_nlp.scorers.encoder_training import hidden_token, lower_precision

REPOSITORY = Path(__file__).resolve().parents[1]
IGNORED = -100


@dataclass(frozen=True)
class Recipe:
    """How long and how hard to learn.

    ``hidden`` is the part of the tokens to be guessed: 8 in 10 of them are masked, 1 in 10 is another token.
    """

    steps: int = 6000
    batch_tokens: int = 1600
    rate: float = 2.5e-4
    warm_up: float = 0.06
    hidden: float = 0.2
    most_tokens: int = 96
    per_domain: int = 20_000
    seed: int = 0


class Guesser(nn.Module):
    """The encoder with a head that guesses hidden tokens; its last layer is the table of the tokens."""

    def __init__(self, encoder: nn.Module, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.turn = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        table = encoder.get_input_embeddings().weight  # type: ignore[operator]
        self.bias = nn.Parameter(torch.zeros(len(table)))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Return the mean loss over the tokens to guess."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        picked = wanted != IGNORED
        vectors = self.norm(nn.functional.gelu(self.turn(states[picked])))
        table = self.encoder.get_input_embeddings().weight  # type: ignore[operator]
        found = vectors @ table.T + self.bias
        return nn.functional.cross_entropy(found.float(), wanted[picked])


def texts_of(shared: Path, recipe: Recipe) -> list[str]:
    """Return public texts, none like one that measures."""
    corpora = REPOSITORY / "corpora"
    measured = [
        shared / "gold" / "dev.jsonl",
        corpora / "demo.jsonl",
        corpora / "challenge" / "challenge.jsonl",
    ]
    held_out = [review.text for path in measured for review in read(path)]
    return distil.unlabelled(shared / "data", held_out, per_domain=recipe.per_domain)


def batches(lines: list[NDArray[np.int64]], recipe: Recipe) -> Iterator[list[int]]:
    """Yield places of texts of like length, for ever, mixed anew each pass."""
    lengths = np.array([len(line) for line in lines])
    random = np.random.default_rng(recipe.seed)
    while True:
        order = np.argsort(lengths + random.uniform(0, 6, len(lines)), kind="stable")
        groups: list[list[int]] = [[]]
        for place in order:
            if (len(groups[-1]) + 1) * lengths[place] > recipe.batch_tokens and groups[-1]:
                groups.append([])
            groups[-1].append(int(place))
        for at in random.permutation(len(groups)):
            yield groups[at]


def masked(
    lines: list[NDArray[np.int64]], recipe: Recipe, mask_token: int, size: int, random: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ids with some hidden, the attention mask and what is to be guessed."""
    width = max(len(line) for line in lines)
    ids = np.ones((len(lines), width), np.int64)
    mask = np.zeros_like(ids)
    for row, line in enumerate(lines):
        ids[row, : len(line)], mask[row, : len(line)] = line, 1
    inside = mask == 1
    inside[:, 0] = False
    inside &= np.append(mask[:, 1:], np.zeros((len(mask), 1), np.int64), axis=1) == 1
    chosen = (random.random(ids.shape) < recipe.hidden) & inside
    wanted = np.where(chosen, ids, IGNORED)
    dice = random.random(ids.shape)
    ids = np.where(chosen & (dice < 0.8), mask_token, ids)
    ids = np.where(chosen & (dice >= 0.9), random.integers(5, size, ids.shape), ids)
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(wanted)


def _cut(ids: list[int], most: int) -> NDArray[np.int64]:
    return np.array(ids if len(ids) <= most else [*ids[: most - 1], ids[-1]])


def learn(texts: list[str], base: Path, recipe: Recipe) -> tuple[nn.Module, list[dict[str, float]]]:
    """Return the encoder after masked-language learning, and the loss on the way."""
    torch.manual_seed(recipe.seed)
    tokenizer = base_tokenizer(base)
    lines = [_cut(found.ids, recipe.most_tokens) for found in tokenizer.encode_batch(texts)]
    encoder, width = load_encoder(base)
    model = Guesser(encoder, width)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.steps, pct_start=recipe.warm_up, anneal_strategy="linear"
    )
    random, history, losses = np.random.default_rng(recipe.seed), [], []
    begin, size = time.perf_counter(), len(model.bias)
    mask_token = hidden_token(tokenizer)
    for step, rows in enumerate(batches(lines, recipe), 1):
        with lower_precision("cpu"):
            loss = model(*masked([lines[row] for row in rows], recipe, mask_token, size, random))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 100 == 0:
            pace = (time.perf_counter() - begin) / step
            history.append({"step": step, "loss": round(float(np.mean(losses[-100:])), 4)})
            left = pace * (recipe.steps - step) / 60
            print(
                time.strftime("%H:%M:%S"),
                json.dumps(history[-1]),
                f"{left:.0f} min left",
                file=sys.stderr,
                flush=True,
            )
        if step >= recipe.steps:
            return model.encoder.eval(), history
    raise AssertionError("batches never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    arguments = parser.parse_args()
    recipe = Recipe(steps=arguments.steps)
    base = arguments.shared / "base-encoder"
    texts = texts_of(arguments.shared, recipe)
    print(f"{len(texts)} texts", file=sys.stderr, flush=True)
    encoder, history = learn(texts, base, recipe)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(base / name, arguments.out / name)
    state = {name: value.detach().half().contiguous() for name, value in encoder.state_dict().items()}
    save_file(state, arguments.out / "model.safetensors", metadata={"format": "pt"})
    told = {"texts": len(texts), **asdict(recipe), "history": history}
    (arguments.out / "pretraining.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
