"""``train --model encoder`` on a tiny base."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_nlp.errors import ConfigError, ModelError
from feedback_nlp.pipeline.encoder_learning import checkpoint_folder
from feedback_nlp.pipeline.learning import train
from feedback_nlp.scorers import load_model
from feedback_nlp.text.clauses import cut

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scorers"))
from encoder_tiny import write_base

pytest.importorskip("onnxruntime")
pytest.importorskip("transformers")
pytest.importorskip("onnx")

PIECES = [
    ("物流太慢了", "logistics.speed", -1),
    ("客服很耐心", "service.attitude", 1),
    ("味道好吃", "product.taste", 1),
    ("价格高", "price.level", -1),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def labels(tmp_path) -> Path:
    lines = []
    for number in range(48):
        chosen = [PIECES[number % 4], PIECES[(number // 4 + 1) % 4]]
        text = "，".join(piece for piece, _, _ in chosen) + "也" * (number // 16)
        row = {
            "id": str(number),
            "text": text,
            "clauses": cut(text),
            "labels": [[place, facet, side] for place, (_, facet, side) in enumerate(chosen)],
            "overall": 0,
            "flags": [],
        }
        lines.append(json.dumps(row, ensure_ascii=False))
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_command_writes_a_model_that_works(base, labels, tmp_path):
    from feedback_nlp.cli.app import app

    out = tmp_path / "mine"
    options = ["--model", "encoder", "--base", str(base), "--epochs", "2", "-o", str(out)]
    done = CliRunner().invoke(app, ["train", "--data", str(labels), *options])
    assert done.exit_code == 0, done.output
    assert "epoch" in done.stderr
    written = {path.name for path in out.iterdir()}
    assert written >= {"model.json", "encoder.onnx", "tokenizer.json", "card.md"}
    assert not checkpoint_folder(out).exists()
    model = load_model(out)
    assert model.name == "encoder"
    assert model.predict(["物流太慢了"]).clauses.shape == (1, len(model.taxonomy_.codes), 3)
    again = CliRunner().invoke(app, ["train", "--data", str(labels), *options])
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_an_encoder_needs_a_base(labels, tmp_path):
    with pytest.raises(ConfigError, match="--base"):
        train(labels, tmp_path / "mine", model="encoder")
    assert not (tmp_path / "mine").exists()


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def cut_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("nope", encoding="utf-8")


@pytest.mark.parametrize("damage", [no_weights, cut_weights, no_tokenizer])
def test_a_base_that_cannot_be_used_is_one_line(damage, labels, tmp_path):
    base = write_base(tmp_path / "base")
    damage(base)
    with pytest.raises(ModelError, match="预训练模型") as caught:
        train(labels, tmp_path / "mine", model="encoder", base=base)
    assert "\n" not in caught.value.message()
    assert not (tmp_path / "mine").exists()


def test_an_unknown_name_opens_no_connection(labels, tmp_path, monkeypatch):
    def refuse(*_given: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(ModelError, match="hf download"):
        train(labels, tmp_path / "mine", model="encoder", base="nobody/nothing")


def test_a_damaged_checkpoint_is_one_line(base, labels, tmp_path):
    out = tmp_path / "mine"
    checkpoint_folder(out).mkdir()
    (checkpoint_folder(out) / "checkpoint.safetensors").write_bytes(b"\xff" * 300)
    with pytest.raises(ModelError, match="接不上"):
        train(labels, out, model="encoder", base=base, resume=True, epochs=1)
    assert not out.exists()
