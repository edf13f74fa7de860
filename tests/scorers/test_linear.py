import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.catalog import models
from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_training import Settings
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy
from feedback_nlp.text.clauses import cut, cut_column

SUBJECTS = {
    "logistics.speed": ["快递", "物流", "发货", "配送"],
    "service.attitude": ["客服态度", "店员", "前台服务", "服务员"],
    "product.taste": ["味道", "口感", "菜"],
    "price.level": ["价格", "收费"],
}
WORDS = {1: ["很好", "真不错", "特别满意", "没得说"], -1: ["太差了", "很糟糕", "让人失望", "真不行"]}


def labelled(text: str, facets: list[tuple[int, str, int]], flags: tuple[str, ...] = ()) -> GoldReview:
    overall = int(np.sign(sum(side for _, _, side in facets)))
    return GoldReview(
        id=text, text=text, clauses=tuple(cut(text)), labels=tuple(facets), overall=overall, flags=flags
    )


def tiny_corpus() -> list[GoldReview]:
    reviews = []
    for facet, subjects in SUBJECTS.items():
        for subject in subjects:
            for side, words in WORDS.items():
                for word in words:
                    churn = ("churn",) if side < 0 else ()
                    tail = "，再也不来了" if side < 0 else "，昨天买的"
                    reviews.append(labelled(f"{subject}{word}{tail}", [(0, facet, side)], churn))
    return reviews


@pytest.fixture(scope="module")
def tiny() -> LinearScorer:
    return LinearScorer(settings=Settings(folds=3)).fit(tiny_corpus())


@pytest.fixture(scope="module")
def saved(tiny, tmp_path_factory):
    return tiny.save(tmp_path_factory.mktemp("models") / "tiny")


TEXTS = [
    "物流太差了，客服态度很好",
    None,
    "",
    "味道真不错。",
    "……",
    "价格让人失望，再也不来了",
    "好" * 500,
    "abc 123",
]


def test_learns_facets_and_polarity(tiny):
    prediction = tiny.predict(["配送让人失望，店员没得说"])
    index = tiny.taxonomy_.index
    for clause, facet, side in ((0, "logistics.speed", 0), (1, "service.attitude", 2)):
        block = prediction.clauses[clause]
        assert block.sum(axis=1).argmax() == index[facet]
        assert block[index[facet]].argmax() == side


def test_shapes_and_ranges(tiny):
    prediction = tiny.predict(TEXTS)
    n_clauses = len(cut_column(TEXTS))
    assert prediction.clauses.shape == (n_clauses, len(tiny.taxonomy_.codes), 3)
    for array in (prediction.clauses, prediction.overall, prediction.flags):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert (array >= 0).all()
        assert (array <= 1).all()
    assert prediction.clauses.sum(axis=2).max() <= 1 + 1e-6
    np.testing.assert_allclose(prediction.overall.sum(axis=1), 1, atol=1e-6)


def test_empty_texts_are_even_and_carry_no_flag(tiny):
    prediction = tiny.predict(TEXTS)
    for row in (1, 2, 4):
        np.testing.assert_array_equal(prediction.overall[row], np.float32(1 / 3))
        assert not prediction.flags[row].any()


@pytest.mark.parametrize("texts", [[], [None], [""], ["。。"]])
def test_nothing_to_score(tiny, texts):
    prediction = tiny.predict(texts)
    assert prediction.clauses.shape == (0, len(tiny.taxonomy_.codes), 3)
    assert prediction.overall.shape == (len(texts), 3)
    assert prediction.flags.shape == (len(texts), 5)


def test_same_bits_alone_and_in_a_crowd(tiny):
    crowd = TEXTS * 40 + [review.text for review in tiny_corpus()]
    together = tiny.predict(crowd)
    clauses = cut_column(crowd)
    for row in (0, 3, 5, 6, 7, len(crowd) - 1):
        alone = tiny.predict([crowd[row]])
        assert alone.clauses.tobytes() == together.clauses[clauses.review == row].tobytes()
        assert alone.overall.tobytes() == together.overall[row].tobytes()
        assert alone.flags.tobytes() == together.flags[row].tobytes()


def test_training_is_deterministic(tiny):
    again = LinearScorer(settings=Settings(folds=3)).fit(tiny_corpus())
    assert again.fingerprint() == tiny.fingerprint()


def test_save_and_load_give_the_same_bits(tiny, saved):
    loaded = LinearScorer.load(saved)
    assert loaded.fingerprint() == tiny.fingerprint()
    for name in ("clauses", "overall", "flags"):
        assert getattr(loaded.predict(TEXTS), name).tobytes() == getattr(tiny.predict(TEXTS), name).tobytes()
    np.testing.assert_array_equal(loaded.thresholds_, tiny.thresholds_)
    assert loaded.safety_threshold_ == tiny.safety_threshold_


def test_saving_twice_gives_the_same_bytes(tiny, saved, tmp_path):
    second = tiny.save(tmp_path / "again")
    assert (second / "weights.npz").read_bytes() == (saved / "weights.npz").read_bytes()
    assert (second / "model.json").read_bytes() == (saved / "model.json").read_bytes()


def test_model_folder_says_what_it_is(saved, tiny):
    header = json.loads((saved / "model.json").read_text(encoding="utf-8"))
    assert header["kind"] == "linear"
    assert header["facets"] == list(tiny.taxonomy_.codes)
    assert header["taxonomy"]["sha256"] == tiny.taxonomy_.sha256
    assert len(header["files"]["weights.npz"]) == 64
    assert {"format", "thresholds", "flag_thresholds", "calibration", "package"} <= set(header)


def test_changed_weights_are_refused(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "bad")
    content = bytearray((folder / "weights.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "weights.npz").write_bytes(bytes(content))
    with pytest.raises(ModelError, match=r"weights\.npz.*提示"):
        LinearScorer.load(folder)


@pytest.mark.parametrize("name", ["weights.npz", "model.json"])
def test_missing_file_is_refused(saved, tmp_path, name):
    folder = shutil.copytree(saved, tmp_path / "bad")
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        LinearScorer.load(folder)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 99, "kind": "linear"}', '{"format": 1, "kind": "other"}']
)
def test_bad_header_is_refused(saved, tmp_path, content):
    folder = shutil.copytree(saved, tmp_path / "bad")
    (folder / "model.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError):
        LinearScorer.load(folder)


def test_a_network_beside_the_heads_is_refused(tiny, tmp_path):
    """Folders may have one from before the encoder's labels taught the heads themselves."""
    weights = tiny.weights_
    bias = {**weights.bias, "student_out": np.zeros((2, 3 * len(tiny.taxonomy_.codes)), dtype=np.float32)}
    folder = tiny.with_weights(replace(weights, bias=bias)).save(tmp_path / "old")
    with pytest.raises(ModelError, match=r"old 带着一个小网络.*提示：.*重新训练模型") as raised:
        LinearScorer.load(folder)
    assert "old has a small network" in raised.value.message("en")


OTHER = """
name = "{name}"
[elements.a]
zh = "甲"
[elements.a.facets.b]
zh = "乙"
"""


def test_other_facets_are_refused_with_advice(saved):
    with pytest.raises(ModelError, match="--model lexicon"):
        LinearScorer.load(saved, Taxonomy.from_toml(OTHER.format(name="own")))


def test_edited_terms_load(saved):
    default = load_taxonomy()
    edited = Taxonomy(default.name, default.version + 1, default.elements)
    assert edited.sha256 != default.sha256
    assert LinearScorer.load(saved, edited).taxonomy_ is edited


def test_nothing_to_learn_from():
    with pytest.raises(ModelError):
        LinearScorer().fit([])


needs_model = pytest.mark.skipif(
    not any(info.name == "linear" for info in models()), reason="the shipped model is not here"
)


@pytest.fixture(scope="module")
def shipped():
    return load_model("linear")


GOLDEN = [
    ("物流太慢了", "logistics.speed", -1),
    ("发货速度很快", "logistics.speed", 1),
    ("性价比高", "price.value", 1),
    ("价格太贵了", "price.level", -1),
    ("客服态度非常好", "service.attitude", 1),
    ("服务员爱理不理的", "service.attitude", -1),
    ("味道很好", "product.taste", 1),
    ("早餐很难吃", "product.taste", -1),
    ("房间很干净", "environment.hygiene", 1),
    ("地理位置很方便", "environment.location", 1),
    ("隔音太差了", "environment.atmosphere", -1),
    ("质量很差", "product.quality", -1),
    ("包装很好", "logistics.packaging", 1),
    ("分量很足", "product.size", 1),
    ("下次还会再来", "brand.loyalty", 1),
    ("退款一直不到账", "after_sales.refund", -1),
    ("虚假宣传", "brand.honesty", -1),
]


@needs_model
@pytest.mark.parametrize(("text", "facet", "side"), GOLDEN)
def test_shipped_model_knows_plain_cases(shipped, text, facet, side):
    block = shipped.predict([text]).clauses[0]
    position = shipped.taxonomy_.index[facet]
    score = block[position].sum()
    assert score >= shipped.thresholds_[position]
    assert np.sign((block[position, 2] - block[position, 0]) / score) == side


@needs_model
def test_prediction_needs_no_scikit_learn():
    code = (
        "import sys; from feedback_nlp.scorers import load_model;"
        "load_model('linear').predict(['物流太慢了，客服很好']);"
        "heavy = {'sklearn', 'pandas', 'torch', 'jieba'} & set(sys.modules); sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@needs_model
def test_shipped_model_is_small(shipped):
    folder = next(info for info in models() if info.name == "linear").folder
    assert (folder / "weights.npz").stat().st_size <= 25_000_000
    assert (folder / "card.md").is_file()


def test_clone_keeps_arguments_only(tiny):
    from sklearn.base import clone

    copy = clone(tiny)
    assert copy.get_params() == tiny.get_params()
    assert not hasattr(copy, "weights_")


def test_out_of_fold_judgements_cover_every_text(tiny):
    judged = tiny.out_of_fold_
    assert len(judged.overall) == len(tiny_corpus())
    assert np.isfinite(judged.clauses).all()
    right = judged.overall.argmax(axis=1) == np.array([review.overall + 1 for review in tiny_corpus()])
    assert right.mean() > 0.8
