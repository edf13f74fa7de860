"""Going on from a trained encoder, heads and all; the mean of several runs (benchmarks/encoder_data.py)."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "scorers"))
from encoder_tiny import write_base

from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers.training_data import Examples, from_gold
from feedback_nlp.taxonomy import load_taxonomy

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytestmark = [
    pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the package"),
    pytest.mark.filterwarnings("ignore"),
]


def examples() -> Examples:
    texts = {
        "物流太慢了": ("logistics.speed", -1),
        "味道好吃": ("product.taste", 1),
        "价格高": ("price.level", -1),
    }
    found = [
        GoldReview(
            f"{text}{n}",
            text + "了" * n,
            clauses=((0, len(text) + n),),
            labels=((0, *label),),
            overall=label[1],
        )
        for n in range(6)
        for text, label in texts.items()
    ]
    return from_gold(found, load_taxonomy("default"), folds=10)


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("encoder_data")


@pytest.fixture
def learn(tmp_path: Path):
    """Return a function that trains on a base and keeps the checkpoint in a folder."""
    from feedback_nlp.scorers.encoder_base import base_tokenizer
    from feedback_nlp.scorers.encoder_training import Recipe, train

    usual = Recipe(epochs=2, encoder_rate=3e-3, head_rate=1e-2, batch_tokens=60, most_tokens=64)

    def call(base: Path, name: str, **changes: int):
        folder = tmp_path / name
        run = train(examples(), base_tokenizer(base), base, replace(usual, **changes), folder=folder)
        return folder, {key: value.numpy() for key, value in run.network.state_dict().items()}

    return call


def test_what_begins_with_heads_is_the_same_model_before_it_learns(data, learn, tmp_path) -> None:
    base = write_base(tmp_path / "base")
    one, weights = learn(base, "one")
    _, again = learn(data.base_of(base, one, tmp_path / "with", 0, heads=True), "again", epochs=0)
    assert weights.keys() == again.keys()
    for name, value in weights.items():
        np.testing.assert_array_equal(again[name], value)
    _, bare = learn(data.base_of(base, one, tmp_path / "without", 0), "bare", epochs=0)
    assert not np.array_equal(bare["clause_hidden.weight"], weights["clause_hidden.weight"])
    name = next(name for name in weights if name.startswith("encoder.") and name.endswith("query.weight"))
    np.testing.assert_array_equal(bare[name], weights[name])


def test_the_mean_of_runs(data, learn, tmp_path) -> None:
    base = write_base(tmp_path / "base")
    runs = [learn(base, f"seed{seed}", seed=seed) for seed in (1, 2)]
    (tmp_path / "mean").mkdir()
    data.keep_mean([folder for folder, _ in runs], tmp_path / "mean")
    mean = data.averaged(tmp_path / "mean")
    for name, value in mean.items():
        both = [weights[name] for _, weights in runs]
        np.testing.assert_allclose(value.numpy(), np.mean(both, axis=0), atol=1e-6)
    assert not np.array_equal(runs[0][1]["clause_out.weight"], runs[1][1]["clause_out.weight"])


def test_heads_of_other_facets_are_left_and_damaged_ones_told(data, learn, tmp_path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from feedback_nlp.scorers.encoder_base import HEADS_FILE

    base = write_base(tmp_path / "base")
    one, weights = learn(base, "one")
    begin = data.base_of(base, one, tmp_path / "with", 0, heads=True)
    heads = load_file(str(begin / HEADS_FILE))
    save_file(heads | {"clause_out.bias": torch.zeros(6)}, str(begin / HEADS_FILE))
    _, other = learn(begin, "other", epochs=0)
    assert not np.array_equal(other["clause_hidden.weight"], weights["clause_hidden.weight"])
    (begin / HEADS_FILE).write_bytes(b"\x00" * 40)
    with pytest.raises(ModelError, match=HEADS_FILE):
        learn(begin, "damaged", epochs=0)


def test_a_training_is_told_once_though_a_note_was_added_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from feedback_nlp.scorers.encoder_training import Recipe

    card = importlib.import_module("encoder_card")
    for name, seed in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        card.keep(tmp_path / name, Recipe(seed=seed), [])
    noted = {**card.told_by(tmp_path / "one"), "note": "It learnt before."}
    (tmp_path / "two" / card.TEACHERS).write_text(json.dumps([noted]), encoding="utf-8")
    found = card.told_of_all([tmp_path / "two", tmp_path / "one"])
    assert [told["recipe"]["seed"] for told in found] == [1, 2]
    assert found[0]["note"]


def test_runs_of_several_rounds_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    card = importlib.import_module("encoder_card")
    rounds = [tmp_path / "b", tmp_path / "a"]
    for work in rounds:
        for seed in (2, 1):
            card.run_folder(work, seed).mkdir(parents=True)
    assert card.runs_of(rounds) == {
        "round 1, seed 1": tmp_path / "b" / "seed1",
        "round 1, seed 2": tmp_path / "b" / "seed2",
        "round 2, seed 1": tmp_path / "a" / "seed1",
        "round 2, seed 2": tmp_path / "a" / "seed2",
    }
