"""Abstention: the bound by hand, its promise by simulation, and models that carry it or don't."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from feedback_nlp.errors import ConfigError, ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.abstention import Abstention, choose, left_out, store
from feedback_nlp.scorers.linear_training import Settings
from feedback_nlp.scorers.training_data import from_gold
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.clauses import cut


def test_counts_along_the_grid_by_hand() -> None:
    confidence = np.linspace(0.9, 0.5, 20)
    right = np.ones(20, dtype=bool)
    right[[9, 19]] = False
    table = Abstention.learn(confidence, right, ["a"] * 10 + ["b"] * 10)
    assert table.accepted == tuple(range(1, 21))
    assert table.wrong == (0,) * 9 + (1,) * 10 + (2,)
    assert table.domains["b"]["wrong"] == [0] * 19 + [1]
    assert table.domains["a"]["accepted"][-1] == table.domains["a"]["n"] == 10


def test_threshold_by_hand() -> None:
    # 0.95^100 = 0.0059 passes a third of 0.1; P(Bin(200, 0.05) ≤ 5) = 0.0623 does not; nor is 300 reached
    table = Abstention((0.9, 0.8, 0.7), (100, 200, 300), (0, 5, 5), 300, {})
    assert table.threshold(0.05) == 0.9
    # P(Bin(200, 0.1) ≤ 5) and P(Bin(300, 0.1) ≤ 5) are far below it
    assert table.threshold(0.1) == 0.7
    assert table.threshold(0.001) is None
    assert table.coverage(0.9) == pytest.approx(1 / 3)


def test_walking_down_stops_at_the_first_failure_from_each_start() -> None:
    bad = Abstention((0.9, 0.8, 0.7), (1000, 2000, 3000), (1, 400, 401), 3000, {})
    assert bad.threshold(0.3) == 0.7
    # the middle one fails for 15 %: the last, which would pass, is reached from no start
    assert bad.threshold(0.15) == 0.9
    # bad luck among the surest few does not stop what starts below them
    unlucky = Abstention((0.9, 0.8, 0.7), (100, 1000, 3000), (50, 51, 60), 3000, {})
    assert unlucky.threshold(0.1) == 0.7


def test_the_promise_holds_over_many_calibrations() -> None:
    generator = np.random.default_rng(0)
    broken = 0
    for _ in range(300):
        confidence = generator.uniform(0.4, 1, 1500)
        # the surest are not the most often right: not monotone
        error = np.where(confidence > 0.95, 0.08, np.clip(0.6 * (1 - confidence), 0.01, 1))
        right = generator.uniform(size=1500) > error
        threshold = Abstention.learn(confidence, right, ["x"] * 1500).threshold(0.1)
        if threshold is not None:
            at = np.linspace(threshold, 1, 4000)
            true = np.where(at > 0.95, 0.08, np.clip(0.6 * (1 - at), 0.01, 1)).mean()
            broken += true > 0.1
    # δ = 0.1: 30 of 300 may break; 45 would be three standard errors above
    assert broken <= 45


def test_it_stands_in_the_model_and_comes_back(tmp_path) -> None:
    table = Abstention.learn(np.linspace(0.5, 1, 200), np.ones(200, bool), ["a", "b"] * 100)
    folder = load_model("linear").save(tmp_path / "m")
    before = json.loads((folder / "model.json").read_text(encoding="utf-8"))["files"]
    store(folder, table)
    loaded = load_model(folder)
    assert loaded.abstention_ == table
    assert json.loads((folder / "model.json").read_text(encoding="utf-8"))["files"] == before
    assert loaded.with_weights(loaded.weights_).abstention_ == table
    again = load_model(loaded.save(tmp_path / "again"))
    assert again.abstention_ == table
    chosen = choose(again, 0.05)
    assert chosen.confidence is not None
    assert chosen.coverage == 1.0


def test_the_shipped_model_keeps_a_target_error() -> None:
    found = load_model("linear")
    assert found.abstention_ is not None, "python benchmarks/abstention.py --store puts the counts back"
    assert choose(found, 0.1).confidence is not None


def test_what_cannot_be_asked_is_said() -> None:
    scorer = SimpleNamespace(name="lexicon", abstention_=None)
    with pytest.raises(ModelError, match="没有存留出行业的错误率"):
        choose(scorer, 0.05)
    for wrong in (0, -1, 0.6, float("nan")):
        with pytest.raises(ConfigError, match="目标错误率"):
            choose(scorer, wrong)
    with pytest.raises(ConfigError, match="没有可用来定阈值的判断"):
        Abstention.learn(np.zeros(0), np.zeros(0, bool), [])
    with pytest.raises(ModelError):
        store("nowhere", Abstention((), (), (), 0, {}))


def test_left_out_industries_are_judged_by_the_others() -> None:
    def review(text: str, side: int) -> GoldReview:
        facet = "logistics.speed"
        return GoldReview("", text, clauses=tuple(cut(text)), labels=((0, facet, side),), overall=side)

    # In industry b praise sounds as blame does elsewhere: left out, it can only be judged wrongly.
    words = [("甲乙丙丁", -1), ("戊己庚辛", 1)]
    industries = "abcdefghi"
    reviews = [
        review(f"{word}{i}号", -side if industry == "b" else side)
        for industry in industries
        for word, side in words
        for i in range(10)
    ]
    groups = [industry for industry in industries for _ in range(20)]
    taxonomy = load_taxonomy()
    table = left_out(from_gold(reviews, taxonomy), groups, taxonomy, settings=Settings(least=1))
    assert table.n == 180
    wrong = {name: part["wrong"][-1] for name, part in table.domains.items()}
    assert wrong == {industry: 20 * (industry == "b") for industry in industries}
