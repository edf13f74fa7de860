"""Training as a library call: what is learnt from, what is measured, and folders that are whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import feedback_nlp as fn
from feedback_nlp.catalog import corpus_path
from feedback_nlp.errors import ConfigError, InputError, ModelError, OutputError
from feedback_nlp.gold import GoldReview
from feedback_nlp.pipeline.learning import gain, interval, labelled, train
from feedback_nlp.text.clauses import cut


def some(name: str, count: int) -> list[GoldReview]:
    return fn.load_corpus(name)[:count]


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Sixty labelled lines in a file."""
    path = tmp_path / "few.jsonl"
    lines = corpus_path("survey").read_text(encoding="utf-8").splitlines(keepends=True)[:60]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_trained_folder_is_a_model(few: Path, tmp_path: Path) -> None:
    done = train(few, tmp_path / "deep" / "own", folds=0)
    assert set(everything(done.folder)) == {"model.json", "weights.npz", "card.md"}
    assert done.scores == {}
    model = fn.load_model(done.folder)
    assert model.predict(["价格太高了"]).overall.shape == (1, 3)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["own"]


def test_same_data_same_model(few: Path, tmp_path: Path) -> None:
    first, second = (train(few, tmp_path / name / "m", folds=0, command="c").folder for name in "ab")
    assert everything(first) == everything(second)


def test_cross_fitted_scores_count_every_text_once(few: Path, tmp_path: Path) -> None:
    done = train(few, tmp_path / "m", folds=2)
    assert done.n_measured == 60
    assert done.scores["overall"]["support"] == 60
    score = done.scores["facet"]
    assert score["low"] <= score["value"] <= score["high"]
    # had it seen them it would be near 1
    assert score["value"] < 0.9
    assert f"{score['value']:.3f}" in (done.folder / "card.md").read_text(encoding="utf-8")


def test_shipped_corpora_are_learnt_from_but_not_measured(few: Path, tmp_path: Path) -> None:
    done = train([few, "survey"], tmp_path / "m", folds=2)
    assert done.n_measured == 60
    texts, used = zip(*((source.n_texts, source.n_used) for source in done.sources), strict=True)
    # the sixty also stand in the corpus: used once
    assert (texts[0], used[0]) == (60, 60)
    assert used[1] <= texts[1] - 60


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    train(
        some("survey", 30), tmp_path / "m", folds=2, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1][0] == told[-1][1] == 90
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"model": "encoder"}, ConfigError),  # without a base
        ({"model": "lexicon"}, ConfigError),
        ({"base": "lexicon"}, ConfigError),
        ({"base": "nope"}, ModelError),
        ({"folds": 1}, ConfigError),
        ({"folds": -1}, ConfigError),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    few: Path, tmp_path: Path, options: dict, error: type[Exception]
) -> None:
    with pytest.raises(error):
        train(few, tmp_path / "m", **options)
    assert not (tmp_path / "m").exists()


def test_a_base_is_adapted_and_named(tmp_path: Path) -> None:
    corrected = [
        GoldReview(str(i), f"第{i}次来，机器又趴窝了", "", "review", ((0, 4), (5, 11)),
                   ((1, "product.quality", -1),), -1, (), reviewed=(1,))
        for i in range(3)
    ]  # fmt: skip
    done = train(corrected, tmp_path / "mine", base="linear")
    model, base = fn.load_model(done.folder), fn.load_model("linear")
    facet = base.taxonomy_.index["product.quality"]
    before, after = (scorer.predict(["空调又趴窝了"]).clauses[0, facet].sum() for scorer in (base, model))
    assert after > before
    assert np.array_equal(model.tone_.weights, base.tone_.weights)
    card = (done.folder / "card.md").read_text(encoding="utf-8")
    assert "由模型 linear 按修正调整而来" in card
    assert "例子太少" not in card
    # three texts are enough to learn from, but not to measure on
    assert done.scores == {}
    # and that model can be moved on
    again = train(corrected, tmp_path / "again", base=done.folder, folds=0).folder
    assert fn.load_model(again).fingerprint() != model.fingerprint()


def test_a_base_is_measured_before_and_after(tmp_path: Path) -> None:
    done = train(some("demo", 24), tmp_path / "mine", base="linear", folds=2)
    assert set(done.gains) == set(done.scores) == set(done.before)
    for name, apart in done.gains.items():
        moved = done.scores[name]["value"] - done.before[name]["value"]
        assert apart["difference"] == pytest.approx(moved)
        assert apart["low"] <= moved <= apart["high"]
    assert "之前（95 %）" in (done.folder / "card.md").read_text(encoding="utf-8")


def test_gain_by_hand() -> None:
    # 1 of 2 right before, 2 of 2 after: F1 0.5 and 1; the same rows are drawn for both
    old, new = np.array([[1, 1, 1], [0, 1, 1]]), np.array([[1, 1, 1], [1, 1, 1]])
    assert gain(new, old) == {"difference": 0.5, "low": 0.0, "high": 1.0}
    assert gain(new, new) == {"difference": 0.0, "low": 0.0, "high": 0.0}


def test_too_few_and_strange_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="19"):
        train(some("survey", 19), tmp_path / "m")
    text = "心情很好"
    strange = GoldReview("x", text, clauses=tuple(cut(text)), labels=((0, "mood.joy", 1),))
    with pytest.raises(InputError, match=r"mood\.joy"):
        train([*some("survey", 30), strange], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_repeats_are_not_distinct_texts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="10"):
        train(some("survey", 10) * 3, tmp_path / "m")


def test_only_an_older_model_is_replaced(few: Path, tmp_path: Path) -> None:
    target = tmp_path / "m"
    train(few, target, folds=0)
    before = everything(target)
    with pytest.raises(OutputError, match="--force"):
        train(few, target, folds=0)
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        train(few, target, folds=0, force=True)
    (target / "notes.txt").unlink()
    assert everything(target) == before
    train(some("survey", 40), target, folds=0, force=True)
    assert everything(target)["weights.npz"] != before["weights.npz"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("existing", [False, True])
def test_failure_leaves_what_was_there(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool
) -> None:
    target = tmp_path / "m"
    if existing:
        train(few, target, folds=0)
    before = everything(target) if existing else {}

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("feedback_nlp.scorers.linear.LinearScorer.save", full)
    with pytest.raises(OutputError):
        train(few, target, folds=0, force=True)
    assert (everything(target) if existing else {}) == before
    assert {path.name for path in tmp_path.iterdir()} == {"few.jsonl", *(["m"] if existing else [])}


def test_renaming_that_fails_brings_the_older_model_back(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "m"
    train(few, target, folds=0)
    before = everything(target)

    rename = Path.rename

    def refuse(self: Path, place: Path) -> Path:
        if self.name == "new":
            raise OSError(13, "Permission denied")
        return rename(self, place)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        train(few, target, folds=0, force=True)
    assert everything(target) == before


def test_labelled_reads_names_and_files(few: Path) -> None:
    assert len(labelled([few, "demo"])) == 60 + len(fn.load_corpus("demo"))


def test_interval_by_hand() -> None:
    counts = np.array([[1, 2, 1], [2, 2, 3]])
    found = interval(counts)
    assert found["value"] == pytest.approx(2 * 3 / 8)
    assert found["support"] == 4
    # each draw is twice the first, one of each, or twice the second: 2/3, 3/4, 4/5
    assert (found["low"], found["high"]) == pytest.approx((2 / 3, 4 / 5))
    assert interval(np.array([[1, 1, 1]] * 9))["low"] == 1


def test_card_says_what_it_does_not_know(few: Path, tmp_path: Path) -> None:
    folder = train(few, tmp_path / "own", folds=0, lang="en", command="feedback-nlp train x").folder
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert card.startswith("# own\n")
    for said in (
        "few.jsonl | 60 | 60",
        "Not measured",
        "digital.account",
        "feedback-nlp train x",
        "belong to",
    ):
        assert said in card
    assert not any("\u4e00" <= char <= "\u9fff" for char in card)
