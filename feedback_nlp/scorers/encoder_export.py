"""From a trained network to the files that predict without torch: ONNX with int8 weights.

Needs torch, onnx and onnxruntime; used once, after training.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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
# What goes into the second half of a feed-forward layer has a few very large values. One int8 scale for a
# whole input loses the others there (99th percentile of the change of scores .075, against .033), so these
# get a scale for every row and block.
_BLOCK = 128


def _wide(name: str) -> bool:
    """Whether a MatMul is the second half of a feed-forward layer, by its name in BERT-like networks."""
    return name.endswith("/output/dense/MatMul") and "/attention/" not in name


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
        with _quiet():
            import onnx
            from onnxruntime.quantization import QuantType, quantize_dynamic
            from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    except ImportError as error:
        raise MissingExtraError.from_extra("torch", "encoder") from error
    with tempfile.TemporaryDirectory() as folder, _quiet():
        whole, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        _write(network, whole)
        if not int8:
            return whole.read_bytes()
        wide = [node.name for node in onnx.load(whole).graph.node if _wide(node.name)]
        quantize_dynamic(
            whole,
            small,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=_QUANTISED,
            nodes_to_exclude=wide,
        )
        rest = MatMulNBitsQuantizer(
            onnx.load(small), bits=8, block_size=_BLOCK, is_symmetric=True, accuracy_level=4
        )
        rest.process()
        content: bytes = rest.model.model.SerializeToString()
        return content


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter and the quantiser from telling every node that they pass by."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        # One of their modules sets up logging for the whole process when imported.
        root.handlers[:], root.level = handlers, level


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
