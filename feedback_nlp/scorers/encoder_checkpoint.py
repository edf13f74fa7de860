"""Checkpoints of a training: tensors as safetensors, the rest as JSON. Nothing is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from feedback_nlp.errors import Bilingual, ModelError

__all__ = ["Progress", "read", "write"]

_TENSORS, _STATE = "checkpoint.safetensors", "checkpoint.json"


@dataclass
class Progress:
    """What a training must know to go on, beside weights.

    Attributes
    ----------
    recipe : mapping
        Settings; a checkpoint of other settings is refused.
    epochs, steps : int
        Done so far.
    averaged : int
        Times the running mean was updated.
    history : list of dict
    """

    recipe: Mapping[str, Any]
    epochs: int
    steps: int
    averaged: int
    history: list[dict[str, float]]


def write(
    folder: Path,
    progress: Progress,
    network: nn.Module,
    mean: Mapping[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write a checkpoint; the one before it stays until this one is whole."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"mean.{name}": value for name, value in mean.items()}
    for place, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{place}.{name}": value for name, value in values.items()}
    tensors["random"] = torch.get_rng_state()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{_TENSORS}.part"
    save_file(
        {name: value.detach().contiguous().clone() for name, value in tensors.items()},
        str(part),
        {"progress": json.dumps(vars(progress))},
    )
    part.replace(folder / _TENSORS)
    # For people: the loss curve of a training that is still running.
    (folder / _STATE).write_text(json.dumps(vars(progress), indent=1), encoding="utf-8")


def read(
    folder: Path,
    recipe: Mapping[str, Any],
    network: nn.Module,
    mean: dict[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
) -> Progress | None:
    """Restore a checkpoint into ``network``, ``mean`` and ``optimiser``; None when there is none.

    Raises
    ------
    ModelError
        If the checkpoint is damaged, or of other settings or another network.
    """
    path = folder / _TENSORS
    if not path.is_file():
        return None
    device = str(next(network.parameters()).device)
    try:
        with safe_open(str(path), "pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
        tensors = load_file(str(path), device)
        if dict(progress.recipe) != dict(recipe):
            raise ValueError("settings")
        network.load_state_dict(_part(tensors, "network."))
        mean.update(_part(tensors, "mean."))
        optimiser.load_state_dict(_optimiser_state(tensors, optimiser))
    except (ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            Bilingual(
                f"{folder} 里的断点坏了，或是用别的设置训练的，接不上。",
                f"The checkpoint in {folder} is damaged or of other settings.",
            ),
            Bilingual(
                "换一个文件夹，或删掉断点重新训练。", "Use another folder, or delete it to start anew."
            ),
        ) from error
    torch.set_rng_state(tensors["random"].cpu())
    return progress


def _part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimiser_state(tensors: Mapping[str, torch.Tensor], optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """Return moments of a checkpoint beside the groups that the optimiser has already."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in _part(tensors, "optimiser.").items():
        place, _, name = key.partition(".")
        state.setdefault(int(place), {})[name] = value
    return {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}
