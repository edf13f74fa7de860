"""What every scorer promises, run on each of them."""

from __future__ import annotations

import copy
import inspect
import pickle
from pathlib import Path

import numpy as np
import pytest

import feedback_nlp
from feedback_nlp.errors import ModelError
from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers import SCORERS, load_model
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.clauses import cut_column, from_spans

MODELS = Path(__file__).resolve().parents[2] / "models"
SHIPPED = Path(feedback_nlp.__file__).parent / "resources" / "taxonomies" / "default.toml"
NAMES = [name for name in SCORERS if name == "lexicon" or (MODELS / name / "model.json").is_file()]
TEXTS = [
    "物流太慢了，客服倒是很耐心，退款拖了一周",
    "",
    "房间很小😀 隔音差！但是位置不错…",
    None,
    "快递，太慢了",
    "   \n ，。！",
    "ＷｉＦｉ很卡，价格高，性价比也不高",
    "物流太慢了，客服倒是很耐心，退款拖了一周",
    "再也不来了",
]
BLANK = [1, 3, 5]


@pytest.fixture(scope="module", params=NAMES)
def scorer(request) -> Scorer:
    return load_model(request.param)


def same(one, other) -> bool:
    return all(
        getattr(one, field).tobytes() == getattr(other, field).tobytes()
        for field in ("clauses", "overall", "flags")
    )


def rows_of(prediction, clauses, review):
    return prediction.clauses[clauses.review == review]


def test_every_shipped_kind_is_here():
    assert "lexicon" in NAMES


def test_init_only_stores(scorer):
    marks = {name: object() for name in inspect.signature(type(scorer)).parameters}
    fresh = type(scorer)(**marks)
    assert vars(fresh) == marks


def test_sklearn_can_clone(scorer):
    from sklearn.base import clone

    copied = clone(scorer)
    assert type(copied) is type(scorer)
    assert not hasattr(copied, "thresholds_")
    assert copied.get_params().keys() == scorer.get_params().keys()


def test_a_clone_says_that_it_has_learnt_nothing(scorer):
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError

    copied = clone(scorer)
    for use in (lambda: copied.predict(["物流太慢了"]), copied.describe, lambda: copied.taxonomy_):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            use()
    with pytest.raises(AttributeError, match="no attribute 'thresholds'"):
        _ = copied.thresholds


@pytest.mark.parametrize("how", [copy.deepcopy, lambda scorer: pickle.loads(pickle.dumps(scorer))])
def test_copies_are_whole(scorer, how):
    """joblib and process pools copy what they hand out; nothing of that is written to a file."""
    copied = how(scorer)
    assert same(copied.predict(TEXTS), scorer.predict(TEXTS))
    assert copied.fingerprint() == scorer.fingerprint()


def test_shapes_types_and_ranges(scorer):
    prediction = scorer.predict(TEXTS)
    count, facets = len(cut_column(TEXTS)), len(scorer.taxonomy_.codes)
    assert prediction.clauses.shape == (count, facets, 3)
    assert prediction.overall.shape == (len(TEXTS), 3)
    assert prediction.flags.shape == (len(TEXTS), len(FLAGS))
    for array in (prediction.clauses, prediction.overall, prediction.flags):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert (array >= 0).all()
        assert (array <= 1).all()
    assert (prediction.clauses.sum(axis=2) <= 1 + 1e-5).all()
    np.testing.assert_allclose(prediction.overall.sum(axis=1), 1, atol=1e-5)


def test_fitted_attributes(scorer):
    facets = len(scorer.taxonomy_.codes)
    assert scorer.thresholds_.shape == (facets,)
    assert scorer.flag_thresholds_.shape == (len(FLAGS),)
    for thresholds in (scorer.thresholds_, scorer.flag_thresholds_):
        assert ((thresholds > 0) & (thresholds <= 1)).all()
    assert 0 <= scorer.neutral_band_ < 1
    assert 0 < scorer.safety_threshold_ <= 1


def test_blank_texts_say_nothing(scorer):
    prediction = scorer.predict(TEXTS)
    np.testing.assert_allclose(prediction.overall[BLANK], 1 / 3, atol=1e-6)
    assert (prediction.flags[BLANK] < scorer.flag_thresholds_).all()


def test_empty_column(scorer):
    prediction = scorer.predict([])
    assert prediction.clauses.shape == (0, len(scorer.taxonomy_.codes), 3)
    assert prediction.overall.shape == (0, 3)
    assert prediction.flags.shape == (0, len(FLAGS))


def test_column_of_blanks(scorer):
    prediction = scorer.predict(["", None, "。"])
    assert prediction.clauses.shape[0] == 0
    assert prediction.overall.shape == (3, 3)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_any_batch_gives_the_same(scorer, size):
    whole = scorer.predict(TEXTS)
    parts = [scorer.predict(TEXTS[start : start + size]) for start in range(0, len(TEXTS), size)]
    for field in ("clauses", "overall", "flags"):
        joined = np.concatenate([getattr(part, field) for part in parts])
        # The contract asks for the same bits of linear and lexicon, and for 1e-3 of the encoder.
        if scorer.name == "encoder":
            np.testing.assert_allclose(joined, getattr(whole, field), atol=1e-5)
        else:
            assert joined.tobytes() == getattr(whole, field).tobytes(), field


def test_order_is_kept(scorer):
    forward, backward = scorer.predict(TEXTS), scorer.predict(TEXTS[::-1])
    cuts = cut_column(TEXTS), cut_column(TEXTS[::-1])
    for review in range(len(TEXTS)):
        mirrored = len(TEXTS) - 1 - review
        assert np.array_equal(forward.overall[review], backward.overall[mirrored])
        assert np.array_equal(forward.flags[review], backward.flags[mirrored])
        assert np.array_equal(rows_of(forward, cuts[0], review), rows_of(backward, cuts[1], mirrored))


def test_repeated_calls_agree(scorer):
    assert same(scorer.predict(TEXTS), scorer.predict(TEXTS))


def test_given_clauses_are_used(scorer):
    prediction = scorer.predict(["物流太慢了，客服很好"], from_spans([[(0, 5)]]))
    assert prediction.clauses.shape[0] == 1
    cut = cut_column(TEXTS)
    assert same(scorer.predict(TEXTS), scorer.predict(TEXTS, cut))


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("物流太慢了，客服態度很差", "物流太慢了，客服态度很差"),
        ("房間很髒，隔音差，不會再來", "房间很脏，隔音差，不会再来"),
        ("ＡＰＰ閃退，退款一個月沒到賬", "app闪退，退款一个月没到账"),
    ],
)
def test_script_and_width_do_not_matter(scorer, traditional, simplified):
    assert same(scorer.predict([traditional]), scorer.predict([simplified]))


def test_plain_cases(scorer):
    codes = scorer.taxonomy_.codes
    prediction = scorer.predict(["物流太慢了", "味道很好吃"])
    scores = prediction.clauses.sum(axis=2)
    assert [codes[row.argmax()] for row in scores] == ["logistics.speed", "product.taste"]
    assert prediction.overall.argmax(axis=1).tolist() == [0, 2]


def test_saved_and_loaded_it_is_the_same(scorer, tmp_path):
    folder = scorer.save(tmp_path / "model")
    assert folder == tmp_path / "model"
    assert not [path for path in folder.iterdir() if path.suffix in (".pkl", ".pickle", ".joblib")]
    loaded = load_model(folder)
    assert same(loaded.predict(TEXTS), scorer.predict(TEXTS))
    assert loaded.fingerprint() == scorer.fingerprint()
    np.testing.assert_array_equal(loaded.thresholds_, scorer.thresholds_)


def test_saving_twice_writes_the_same_bytes(scorer, tmp_path):
    one, other = scorer.save(tmp_path / "a"), scorer.save(tmp_path / "b")
    assert _bytes(one) == _bytes(other)


def _bytes(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_description(scorer):
    described = scorer.describe()
    assert described["name"] == scorer.name
    assert len(described["sha256"]) == 64
    assert described["taxonomy_sha256"] == scorer.taxonomy_.sha256


@pytest.mark.parametrize("wrong", [None, 5, {"a": 1}, [0, 1]], ids=repr)
def test_what_is_no_scorer_is_refused(wrong):
    with pytest.raises(ModelError, match="不是打分器"):
        load_model(wrong)


def test_a_scorer_of_another_taxonomy_is_refused(tmp_path):
    own = tmp_path / "own.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    own.write_text(text.replace('name = "default"', 'name = "mine"', 1), encoding="utf-8")
    mine, shipped = load_taxonomy(own), load_taxonomy("default")
    given = load_model("lexicon")
    assert load_model(given) is load_model(given, shipped) is given
    with pytest.raises(ModelError, match="分类体系 default，不是 mine"):
        load_model(given, mine)
    edited = tmp_path / "edited.toml"
    edited.write_text(text.replace("version = 1", "version = 2", 1), encoding="utf-8")
    with pytest.raises(ModelError, match=f"不是 default .{load_taxonomy(edited).sha256[:8]}.。"):
        load_model(given, load_taxonomy(edited))
    # The shipped one stands for "not said": a scorer of one's own goes with it.
    other = load_model("lexicon", mine)
    assert load_model(other, shipped) is load_model(other, mine) is other
