"""The pretrained checkpoint that a training starts from: a folder, or a name this machine has in its cache.

Needs torch and transformers. Nothing here opens a connection.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, ModelError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["HEADS_FILE", "adopt_heads", "base_tokenizer", "layer_list", "load_encoder"]

# A checkpoint may bring the heads it was learnt with; those of other facets don't fit and are left.
HEADS_FILE = "heads.safetensors"


def base_tokenizer(base: str | Path) -> Any:
    """Return the fast tokenizer of a checkpoint; texts are neither padded nor cut.

    Raises
    ------
    ModelError
        If there is no such checkpoint here, or it has no usable fast tokenizer.
    """
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    path = Path(base) / "tokenizer.json"
    try:
        if path.is_file():
            content = path.read_text(encoding="utf-8")
            # tokenizers raises nothing narrower than Exception for what is no JSON object.
            if not isinstance(json.loads(content), dict):
                raise ValueError(path.name)
            tokenizer = Tokenizer.from_str(content)
        else:
            tokenizer = AutoTokenizer.from_pretrained(str(base), local_files_only=True).backend_tokenizer
    except (OSError, ValueError, AttributeError) as error:
        raise _unusable(base, Bilingual("快速分词器", "fast tokenizer")) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_encoder(base: str | Path, *, layers: int = 0) -> tuple[nn.Module, int]:
    """Return a pretrained encoder in float32, without dropout, and its width.

    Parameters
    ----------
    base : str or Path
    layers : int
        How many of its layers to keep, evenly spread, the last among them; 0 for all.

    Raises
    ------
    ModelError
        If its configuration or weights are missing or damaged.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel
    from transformers.utils import logging

    # Progress is told by the training itself.
    logging.disable_progress_bar()
    # Plain attention: for short reviews in bf16 on a CPU the fused kernel takes a third of a whole step.
    options: dict[str, Any] = {
        "dtype": torch.float32,
        "local_files_only": True,
        "attn_implementation": "eager",
    }
    try:
        try:
            model = AutoModel.from_pretrained(str(base), add_pooling_layer=False, **options)
        except TypeError:
            # Not every architecture has a pooling layer to leave out.
            model = AutoModel.from_pretrained(str(base), **options)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise _unusable(base, Bilingual("配置和权重", "configuration and weights")) from error
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    if layers:
        _cut(model, layers)
    return model, int(model.config.hidden_size)


def adopt_heads(network: nn.Module, base: str | Path) -> None:
    """Let ``network`` go on with the heads beside a checkpoint, if there are any and they fit.

    Raises
    ------
    ModelError
        If their file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(base) / HEADS_FILE
    if not path.is_file():
        return
    try:
        found = load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise _unusable(base, Bilingual(HEADS_FILE, HEADS_FILE)) from error
    own = network.state_dict()
    if all(name in own and own[name].shape == value.shape for name, value in found.items()):
        network.load_state_dict(found, strict=False)


def layer_list(encoder: nn.Module) -> nn.ModuleList:
    """Return the layers of a BERT-like encoder from the bottom up: its longest list of modules."""
    from torch import nn

    lists = [module for module in encoder.modules() if isinstance(module, nn.ModuleList)]
    return max(lists, key=len, default=nn.ModuleList())


def _cut(model: Any, layers: int) -> None:
    """Keep ``layers`` of the layers of ``model``, evenly spread, the last among them."""
    stack = layer_list(model)
    kept = [stack[(place + 1) * len(stack) // layers - 1] for place in range(min(layers, len(stack)))]
    while len(stack):
        del stack[0]
    stack.extend(kept)
    model.config.num_hidden_layers = len(kept)


def _unusable(base: str | Path, what: Bilingual) -> ModelError:
    return ModelError(
        Bilingual(f"预训练模型 {base} 没有能用的{what.zh}。", f"Checkpoint {base} has no usable {what.en}."),
        Bilingual(
            "给一个本机文件夹，里面有 config.json、权重和 tokenizer.json；"
            "本程序不联网，要下载请先运行 hf download 名称。",
            "Give a local folder with config.json, weights and tokenizer.json; nothing is downloaded here: "
            "run hf download NAME first.",
        ),
    )
