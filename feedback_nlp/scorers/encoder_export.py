"""From a trained network to the files that predict without torch: ONNX with int8 weights.

Needs torch, onnx and onnxruntime; used once, after training.
"""

from __future__ import annotations

import copy
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from feedback_nlp.errors import MissingExtraError
from feedback_nlp.scorers.encoder_heads import HEAD_LAYERS, Heads

if TYPE_CHECKING:
    from feedback_nlp.scorers.encoder_network import Network

__all__ = ["export_graph", "heads_of"]

# Tensors of these operations hold nearly all weights; each output column gets a scale of its own.
_QUANTISED = ["MatMul", "Gather", "Attention"]
# Of what goes into the second half of a feed-forward layer, one channel is up to 40 times as large as the
# others. One int8 scale for all would lose those, so large channels are divided by a constant and their
# weights multiplied by it (Xiao et al. 2023, SmoothQuant): this part of the difference goes to the weights.
_TO_WEIGHTS = 0.85


class _Evened(nn.Module):
    """A linear layer whose large inputs are made smaller first, and their weights larger; the same output."""

    share: torch.Tensor

    def __init__(self, layer: nn.Linear, greatest: torch.Tensor) -> None:
        super().__init__()
        of_weights = layer.weight.detach().abs().amax(dim=0).clamp(min=1e-5)
        factor = greatest.clamp(min=1e-3) ** _TO_WEIGHTS / of_weights ** (1 - _TO_WEIGHTS)
        factor = (factor / factor.median()).clamp(min=1.0)
        self.layer = nn.Linear(layer.in_features, layer.out_features)
        self.layer.weight.data = layer.weight.detach() * factor
        self.layer.bias.data = layer.bias.detach()
        self.register_buffer("share", 1 / factor)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the layer itself would."""
        found: torch.Tensor = self.layer(values * self.share)
        return found


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


def export_graph(network: Network, *, int8: bool = True, sample: Sequence[NDArray[np.int32]] = ()) -> bytes:
    """Return the encoder in ONNX form, with int8 weights unless told otherwise.

    Parameters
    ----------
    network : Network
    int8 : bool
    sample : sequence of int arrays (n_tokens,)
        Token ids of windows as they will come; what large inputs they cause is evened out before rounding.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    """
    try:
        with _quiet():
            from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise MissingExtraError.from_extra("torch", "encoder") from error
    network = copy.deepcopy(network).eval().to("cpu")
    if int8 and len(sample):
        _even(network, sample)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        whole, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        _write(network, whole)
        _fuse(whole, network.encoder)
        if not int8:
            return whole.read_bytes()
        quantize_dynamic(
            whole,
            small,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=_QUANTISED,
            # Seven bits: with eight, sums overflow on processors without the newest int8 instructions.
            reduce_range=True,
            # Inputs of fused operations have no type in the graph: all are float32.
            extra_options={"DefaultTensorType": 1},
        )
        return small.read_bytes()


def _even(network: Network, sample: Sequence[NDArray[np.int32]]) -> None:
    """Put ``_Evened`` in the place of the second halves of the feed-forward layers, by their usual name."""
    layers = {
        name: layer
        for name, layer in network.encoder.named_modules()
        if name.endswith("output.dense") and "attention" not in name and isinstance(layer, nn.Linear)
    }
    greatest = {name: torch.zeros(layer.in_features) for name, layer in layers.items()}

    def watch(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def see(_layer: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            seen = given[0].detach().abs().flatten(0, -2).amax(dim=0)
            greatest[name] = torch.maximum(greatest[name], seen)

        return see

    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers.items()]
    with torch.no_grad():
        for ids in sample:
            row = torch.from_numpy(np.asarray(ids, dtype=np.int64))[None]
            network.states(row, torch.ones_like(row))
    for hook in hooks:
        hook.remove()
    for name, layer in layers.items():
        above, _, own = name.rpartition(".")
        setattr(network.encoder.get_submodule(above), own, _Evened(layer, greatest[name]))


def _fuse(path: Path, encoder: nn.Module) -> None:
    """Make one operation of each attention and each activation, where the graph is BERT's."""
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    config: Any = encoder.config
    options = FusionOptions("bert")
    # These run slower than what they stand for.
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    options.enable_embed_layer_norm = options.enable_bias_gelu = False
    model = optimize_model(
        str(path),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        optimization_options=options,
        opt_level=0,
    )
    model.save_model_to_file(str(path))


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
        _States(network),
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
