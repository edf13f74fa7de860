"""``train --model encoder`` on a tiny base."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_nlp.errors import ConfigError
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
