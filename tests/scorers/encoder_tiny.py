"""A two-layer random encoder with a tokenizer of single characters, made on the spot."""

from __future__ import annotations

import json
from pathlib import Path

CHARACTERS = (
    "物流太慢了客服倒是很耐心退款拖一周房间小隔音差但位置不错快递味道好吃价格高性比也再来卡，。！？ wifi贵"
)


def write_base(folder: Path) -> Path:
    """Write a checkpoint that ``AutoModel`` and ``tokenizers`` read, and return its folder."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    words = ["<pad>", "<unk>", "<s>", "</s>", *sorted(set(CHARACTERS))]
    vocabulary = {word: place for place, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 32
    return folder
