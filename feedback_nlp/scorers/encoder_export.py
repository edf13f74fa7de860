"""From a trained network to the files that predict without torch: ONNX with int8 weights.

Needs torch, onnx and onnxruntime; used once, after training.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from feedback_nlp.errors import MissingExtraError
from feedback_nlp.scorers.encoder_heads import HEAD_LAYERS, Heads

if TYPE_CHECKING:
    from feedback_nlp.scorers.encoder_network import Network

__all__ = ["export_graph", "heads_of"]

# Tensors of these operations hold nearly all weights; each output column gets a scale of its own.
_QUANTISED = ["MatMul", "Gather"]


class _States(nn.Module):
    """The encoder alone, as the graph wants it: token states from ids and mask."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (n, width, hidden)."""
        return self.network.states(ids, mask)


def heads_of(network: Network) -> Heads:
    """Return the layers after pooling as arrays."""
    layers = {name: getattr(network, name) for name in HEAD_LAYERS}
    return Heads(
        {name: _array(layer.weight) for name, layer in layers.items()},
        {name: _array(layer.bias) for name, layer in layers.items()},
    )


def export_graph(network: Network, *, int8: bool = True) -> bytes:
    """Return the encoder in ONNX form, with int8 weights unless told otherwise.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    """
    try:
        import onnx  # noqa: F401
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise MissingExtraError.from_extra("torch", "encoder") from error
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        _write(network, whole)
        if not int8:
            return whole.read_bytes()
        quantize_dynamic(
            whole, small, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=_QUANTISED
        )
        return small.read_bytes()


def _write(network: Network, path: Path) -> None:
    ids = torch.ones((2, 7), dtype=torch.int64)
    axes = {0: "n", 1: "width"}
    torch.onnx.export(
        _States(network).eval().to("cpu"),
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["states"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "states": axes},
        opset_version=17,
        dynamo=False,
    )


def _array(value: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return value.detach().cpu().numpy().astype(np.float32)
