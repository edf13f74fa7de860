"""The encoder scorer, trained for a moment on a tiny random base."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from encoder_tiny import write_base

from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.text.clauses import cut, cut_column

pytest.importorskip("onnxruntime")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
# Loading and exporting warn about their own future.
pytestmark = pytest.mark.filterwarnings("ignore")

PIECES = [
    ("物流太慢了", "logistics.speed", -1),
    ("客服很耐心", "service.attitude", 1),
    ("味道好吃", "product.taste", 1),
    ("价格高", "price.level", -1),
]
TEXTS = ["物流太慢了，客服很耐心", "", None, "味道好吃。价格高", "，。", "物流太慢了"]


def reviews(count: int = 40) -> list[GoldReview]:
    found = []
    for number in range(count):
        chosen = [PIECES[number % 4], PIECES[(number // 4 + 1) % 4]]
        text = "，".join(piece for piece, _, _ in chosen) + "了" * (number // 16)
        labels = tuple((place, facet, side) for place, (_, facet, side) in enumerate(chosen))
        total = sum(side for _, _, side in chosen)
        found.append(
            GoldReview(
                id=str(number),
                text=text,
                domain="",
                source="",
                clauses=tuple(cut(text)),
                labels=labels,
                overall=(total > 0) - (total < 0),
                flags=(),
                meta={},
            )
        )
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def recipe():
    from feedback_nlp.scorers.encoder_training import Recipe

    return Recipe(
        epochs=12, encoder_rate=3e-3, head_rate=1e-2, batch_tokens=120, most_tokens=64, token_drop=0
    )


@pytest.fixture(scope="module")
def scorer(base, recipe) -> EncoderScorer:
    return EncoderScorer(base=base, recipe=recipe).fit(reviews())


def close(one, other, tolerance=1e-3):
    for field in ("clauses", "overall", "flags"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), atol=tolerance)


def test_it_learns(scorer):
    first, last = scorer.history_[0], scorer.history_[-1]
    assert last["loss"] < first["loss"] / 2
    prediction = scorer.predict(["物流太慢了，味道好吃"])
    codes = [scorer.taxonomy_.codes[row] for row in prediction.clauses.sum(axis=2).argmax(axis=1)]
    assert codes == ["logistics.speed", "product.taste"]
    assert prediction.clauses[0].sum(axis=0).argmax() == 0
    assert prediction.clauses[1].sum(axis=0).argmax() == 2


def test_shapes_and_ranges(scorer):
    prediction = scorer.predict(TEXTS)
    assert prediction.clauses.shape == (len(cut_column(TEXTS)), len(scorer.taxonomy_.codes), 3)
    for array in (prediction.clauses, prediction.overall, prediction.flags):
        assert array.dtype == np.float32
        assert ((array >= 0) & (array <= 1)).all()
    assert (prediction.clauses.sum(axis=2) <= 1 + 1e-5).all()
    np.testing.assert_allclose(prediction.overall.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(prediction.overall[[1, 2, 4]], 1 / 3)
    assert not prediction.flags[[1, 2, 4]].any()


def test_scores_do_not_depend_on_the_batch(scorer):
    whole = scorer.predict(TEXTS)
    parts = [scorer.predict([text]) for text in TEXTS]
    for field in ("clauses", "overall", "flags"):
        joined = np.concatenate([getattr(part, field) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, field), atol=1e-5)


def test_empty_column(scorer):
    assert scorer.predict([]).overall.shape == (0, 3)
    assert scorer.predict([None]).clauses.shape[0] == 0


def test_saved_and_loaded_it_is_the_same(scorer, tmp_path):
    folder = scorer.save(tmp_path / "model")
    loaded = load_model(folder)
    close(loaded.predict(TEXTS), scorer.predict(TEXTS), 0)
    assert loaded.fingerprint() == scorer.fingerprint()
    again = loaded.save(tmp_path / "again")
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == {
        p.name: p.read_bytes() for p in again.iterdir() if p.is_file()
    }
    assert not [path for path in folder.iterdir() if path.suffix in (".pt", ".bin", ".pkl")]


def test_damage_is_told(scorer, tmp_path):
    folder = scorer.save(tmp_path / "model")
    graph = folder / "encoder.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"encoder\.onnx"):
        load_model(folder)


def test_the_graph_agrees_with_torch(scorer, base, recipe):
    import torch

    from feedback_nlp.scorers.encoder_base import base_tokenizer
    from feedback_nlp.scorers.encoder_export import export_graph, heads_of
    from feedback_nlp.scorers.encoder_session import OnnxBackend
    from feedback_nlp.scorers.encoder_tokens import tokenize
    from feedback_nlp.scorers.encoder_training import forward, train
    from feedback_nlp.scorers.training_data import from_gold
    from feedback_nlp.taxonomy import load_taxonomy

    tokenizer = base_tokenizer(base)
    examples = from_gold(reviews(), load_taxonomy("default"), folds=10)
    network = train(examples, tokenizer, base, replace(recipe, epochs=2)).network
    cutting = cut_column(TEXTS)
    tokens = tokenize(TEXTS, cutting, tokenizer)
    heads = heads_of(network)
    exact = heads.logits(OnnxBackend(export_graph(network, int8=False)).pooled(tokens), tokens, cutting)
    small = heads.logits(OnnxBackend(export_graph(network)).pooled(tokens), tokens, cutting)
    with torch.no_grad():
        (batch,) = tokens.batches(10**6, range(len(tokens.windows)))
        outputs, part = forward(network, tokens, batch)
    order = part.clause
    np.testing.assert_allclose(
        exact.sides.reshape(len(cutting), -1)[order], outputs.clauses.numpy(), atol=1e-4
    )
    seen = tokens.windows.review[batch.rows]
    np.testing.assert_allclose(exact.overall[seen], outputs.overall.numpy(), atol=1e-4)
    np.testing.assert_allclose(exact.flags[seen], outputs.flags.numpy(), atol=1e-4)
    assert np.abs(1 / (1 + np.exp(-small.sides)) - 1 / (1 + np.exp(-exact.sides))).mean() < 0.02


def test_a_training_cut_off_goes_on_where_it_stopped(base, recipe, tmp_path):
    from feedback_nlp.scorers import encoder_training as training
    from feedback_nlp.scorers.encoder_base import base_tokenizer
    from feedback_nlp.scorers.training_data import from_gold
    from feedback_nlp.taxonomy import load_taxonomy

    short = replace(recipe, epochs=3, token_drop=0.1)
    examples = from_gold(reviews(), load_taxonomy("default"), folds=10)
    tokenizer = base_tokenizer(base)

    class CutOffError(Exception):
        pass

    def stop_after_two(message: str) -> None:
        if message.startswith("{") and json.loads(message)["epoch"] == 3:
            raise CutOffError

    undisturbed = training.train(examples, tokenizer, base, short)
    with pytest.raises(CutOffError):
        training.train(examples, tokenizer, base, short, folder=tmp_path, tell=stop_after_two)
    resumed = training.train(examples, tokenizer, base, short, folder=tmp_path, resume=True)
    assert [entry["epoch"] for entry in resumed.history] == [1, 2, 3]
    for name, value in undisturbed.network.state_dict().items():
        np.testing.assert_allclose(resumed.network.state_dict()[name].numpy(), value.numpy(), atol=1e-6)
    with pytest.raises(ModelError, match="接不上"):
        training.train(examples, tokenizer, base, replace(short, epochs=5), folder=tmp_path, resume=True)


def test_unknown_labels_count_for_nothing(base, recipe):
    """With every mention unknown, the clause heads stay where they began."""
    from feedback_nlp.scorers.encoder_base import base_tokenizer
    from feedback_nlp.scorers.encoder_training import train
    from feedback_nlp.scorers.training_data import from_gold
    from feedback_nlp.taxonomy import load_taxonomy

    examples = from_gold(reviews(), load_taxonomy("default"), folds=10)
    blind = replace(examples, mention=np.full_like(examples.mention, -1))
    network = train(blind, base_tokenizer(base), base, replace(recipe, epochs=2, weight_decay=0.0)).network
    np.testing.assert_array_equal(network.clause_out.bias.detach().numpy(), np.float32(-3.0))


def test_vectors_of_equal_clauses_are_equal(scorer):
    vectors = scorer.vectors(["物流太慢了", "物流太慢了", "味道好吃"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert vectors[0] @ vectors[2] < 0.999


def test_no_base_is_told():
    with pytest.raises(ModelError, match="--base"):
        EncoderScorer().fit(reviews())


def test_large_inputs_don_t_spoil_the_rounding(base, recipe):
    """A channel a hundred times as large as the others costs the others nothing after a look at a sample."""
    import torch

    from feedback_nlp.scorers.encoder_base import base_tokenizer, layer_list
    from feedback_nlp.scorers.encoder_export import export_graph
    from feedback_nlp.scorers.encoder_session import OnnxBackend
    from feedback_nlp.scorers.encoder_tokens import tokenize
    from feedback_nlp.scorers.encoder_training import train
    from feedback_nlp.scorers.training_data import from_gold
    from feedback_nlp.taxonomy import load_taxonomy

    tokenizer = base_tokenizer(base)
    examples = from_gold(reviews(), load_taxonomy("default"), folds=10)
    network = train(examples, tokenizer, base, replace(recipe, epochs=2)).network
    tokens = tokenize(TEXTS, cut_column(TEXTS), tokenizer)
    with torch.no_grad():
        for layer in layer_list(network.encoder):
            layer.intermediate.dense.bias[0] = 100.0
            layer.output.dense.weight[:, 0] /= 100.0
    exact = OnnxBackend(export_graph(network, int8=False)).pooled(tokens).clauses
    ids = tokens.windows.ids

    def error(sample):
        return np.abs(OnnxBackend(export_graph(network, sample=sample)).pooled(tokens).clauses - exact).mean()

    assert error(ids) < error(()) / 3


def test_a_cut_encoder_keeps_its_last_layer(base):
    from feedback_nlp.scorers.encoder_base import layer_list, load_encoder

    whole, width = load_encoder(base)
    cut_to_one, same = load_encoder(base, layers=1)
    assert width == same
    assert len(layer_list(cut_to_one)) == cut_to_one.config.num_hidden_layers == 1
    last = layer_list(whole)[-1].state_dict()
    for name, value in layer_list(cut_to_one)[0].state_dict().items():
        np.testing.assert_array_equal(value.numpy(), last[name].numpy())


def test_it_learns_what_another_judge_thinks(base, recipe, scorer):
    """With no label known, the judgement of a trained scorer on the same texts is what it comes to say."""
    import torch

    from feedback_nlp.scorers.encoder_base import base_tokenizer
    from feedback_nlp.scorers.encoder_tokens import tokenize
    from feedback_nlp.scorers.encoder_training import forward, train
    from feedback_nlp.scorers.targets import Judged
    from feedback_nlp.scorers.training_data import from_gold
    from feedback_nlp.taxonomy import load_taxonomy

    examples = from_gold(reviews(), load_taxonomy("default"), folds=10)
    unknown = replace(
        examples,
        mention=np.full_like(examples.mention, -1),
        overall=np.full_like(examples.overall, -1),
        flags=np.full_like(examples.flags, -1),
    )
    judged = Judged(examples.texts, examples.clauses, scorer.predict(examples.texts, examples.clauses))
    chosen, tokenizer = replace(recipe, judged_per_epoch=40), base_tokenizer(base)
    network = train(unknown, tokenizer, base, chosen, judged=judged).network
    tokens = tokenize(examples.texts, examples.clauses, tokenizer)
    with torch.no_grad():
        (batch,) = tokens.batches(10**6, range(len(tokens.windows)))
        outputs, part = forward(network, tokens, batch)
    thought = judged.found.clauses.reshape(len(examples.clauses), -1)[part.clause]
    found = torch.sigmoid(outputs.clauses).numpy()
    assert (found.argmax(axis=1) == thought.argmax(axis=1)).mean() > 0.95
    assert np.abs(found - thought).mean() < 0.02
