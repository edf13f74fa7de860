"""Arguments that make no sense are refused in one line of the package's own, before any work."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import feedback_nlp as fn
from feedback_nlp.arguments import whole_number
from feedback_nlp.errors import ConfigError, InputError, ModelError
from feedback_nlp.evaluation import compare

TEXTS = ["物流太慢了，客服也差", "客服很耐心", "退款拖了一个月", "质量差"]
NO_COUNT = [0, -1, 2.5, True, "10", None, math.nan]


@pytest.fixture(scope="module")
def scorer():  # type: ignore[no-untyped-def]
    return fn.load_model("lexicon")


@pytest.fixture(scope="module")
def gold():  # type: ignore[no-untyped-def]
    return fn.load_corpus("survey")[:20]


@pytest.fixture(scope="module")
def report(scorer, gold):  # type: ignore[no-untyped-def]
    return fn.evaluate(scorer, gold, draws=5)


@pytest.mark.parametrize("number", [1, np.int64(7), 2**70])
def test_whole_numbers(number: Any) -> None:
    found = whole_number("draws", number, least=1)
    assert (type(found), found) == (int, number)


@pytest.mark.parametrize("draws", NO_COUNT, ids=repr)
def test_draws(draws: Any, scorer, gold, report) -> None:  # type: ignore[no-untyped-def]
    for call in (
        lambda: fn.analyze(TEXTS, model=scorer, draws=draws),
        lambda: fn.evaluate(scorer, gold, draws=draws),
        lambda: compare(report, report, draws=draws),
        lambda: fn.agreement(gold, gold, draws=draws),
    ):
        with pytest.raises(ConfigError, match=r"draws=.* 不能用。提示：给 1 以上的整数"):
            call()


@pytest.mark.parametrize("seed", [-1, 1.5, True, "x", None], ids=repr)
def test_seed(seed: Any, scorer, gold, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    scored = fn.score(TEXTS, model=scorer)
    for call in (
        lambda: fn.analyze(TEXTS, model=scorer, seed=seed),
        lambda: fn.evaluate(scorer, gold, draws=5, seed=seed),
        lambda: fn.agreement(gold, gold, draws=5, seed=seed),
        lambda: fn.sample_audit(scored, tmp_path / "a.xlsx", seed=seed),
    ):
        with pytest.raises(ConfigError, match=r"seed=.* 不能用。提示：给 0 以上的整数"):
            call()


@pytest.mark.parametrize("jobs", [0, -3, 1.5, "2", True], ids=repr)
def test_jobs(jobs: Any, scorer, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=r"jobs=.* 不能用.*None"):
        fn.score(TEXTS, model=scorer, jobs=jobs)
    (tmp_path / "in.jsonl").write_text('{"text": "物流太慢了"}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"jobs=.* 不能用.*None"):
        fn.score_file(tmp_path / "in.jsonl", tmp_path / "o.parquet", model=scorer, jobs=jobs)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


WEIGHTS = [(1, 2), (-1, 1, 1), (math.nan, 1, 1), (0, 0, 0), "abc", None, (1, 1, "a"), 5, (math.inf, 1, 1)]


@pytest.mark.parametrize("weights", WEIGHTS, ids=repr)
def test_weights_are_checked_before_scoring(weights: Any, scorer) -> None:  # type: ignore[no-untyped-def]
    unfit = copy.copy(scorer)
    unfit.predict = None
    with pytest.raises(ConfigError, match=r"权重 .* 不能用"):
        fn.analyze(TEXTS, model=unfit, weights=weights)


def test_weights_of_any_kind(scorer) -> None:  # type: ignore[no-untyped-def]
    analysis = fn.analyze(TEXTS, model=scorer, weights=(0.5, 0.3, 0.2), draws=20)
    again = analysis.rerank(weights=np.array([0.5, 0.3, 0.2]))
    assert again.issues["priority"].tolist() == analysis.issues["priority"].tolist()
    with pytest.raises(ConfigError, match="权重"):
        analysis.rerank(weights=())


@pytest.mark.parametrize("scale", [(1,), "15", 5, (1, "5"), (5, 1), (1, math.nan)], ids=repr)
def test_rating_scale(scale: Any, scorer) -> None:  # type: ignore[no-untyped-def]
    rows = [{"text": text, "评分": number} for number, text in enumerate(TEXTS, start=1)]
    with pytest.raises(ConfigError, match="评分量程"):
        fn.analyze(rows, model=scorer, rating_scale=scale)


def test_shares(scorer) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=r"目标错误率 0.1 不对"):
        fn.score(TEXTS, model=scorer, max_error="0.1")
    with pytest.raises(ConfigError, match="减少的比例"):
        fn.analyze(TEXTS, model=scorer, draws=20).what_if("logistics", reduction="x")


def test_what_is_measured(scorer, gold, report, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A name, a path and a generator are as good as what they stand for."""
    path = Path(__file__).parent.parent / "corpora" / "survey.jsonl"
    assert fn.evaluate("lexicon", iter(gold), draws=5).scores == report.scores
    assert fn.evaluate(scorer, path, draws=1).n_reviews == len(fn.load_corpus("survey"))
    with pytest.raises(InputError, match="不是带标注的评价"):
        fn.evaluate(scorer, TEXTS)
    with pytest.raises(ModelError, match="不是打分器"):
        fn.evaluate(None, gold)


def test_a_report_is_shown_in_a_line(report) -> None:  # type: ignore[no-untyped-def]
    assert repr(report).startswith("<Report: lexicon on 20 reviews: element 0.")
    assert len(repr(report)) < 120
    assert "facet_polarity" in report._repr_html_()


NO_TABLES: list[Callable[[Any], Any]] = [
    lambda report: fn.results_table({}),
    lambda report: fn.results_table([report]),
    lambda report: fn.results_table(report),
]


@pytest.mark.parametrize("call", NO_TABLES)
def test_a_table_needs_named_reports(call: Callable[[Any], Any], report) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="没有评测可以列成表"):
        call(report)


def test_digits(report) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="digits=-1 不能用"):
        fn.results_table({"a": report}, digits=-1)


@pytest.mark.parametrize("wrong", [[1], "logistics.speed", 3, [("logistics.speed", 4)]], ids=repr)
def test_what_is_said_of_codes_is_a_dictionary(wrong: Any, scorer) -> None:  # type: ignore[no-untyped-def]
    found = fn.analyze(TEXTS, model=scorer, draws=5)
    for call in (
        lambda: fn.analyze(TEXTS, model=scorer, feasibility=wrong),
        lambda: found.rerank(feasibility=wrong),
    ):
        with pytest.raises(ConfigError, match=r"feasibility=.* 不能用。提示：给字典"):
            call()


@pytest.mark.parametrize(
    ("name", "wrong"), [("playbook", 5), ("playbook", [1]), ("issues", {}), ("issues", 5)]
)
def test_what_is_in_no_file(name: str, wrong: Any, scorer) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=f"{name}=.* 不能用。提示：给"):
        fn.analyze(TEXTS, model=scorer, draws=5, **{name: wrong})


def test_files_hold_what_was_given_in_numbers_of_numpy(tmp_path: Path, scorer) -> None:  # type: ignore[no-untyped-def]
    frame = pd.DataFrame({"内容": TEXTS, "评分": [1, 5, 2, 2]})
    given = {
        "draws": np.int64(5),
        "seed": np.int64(3),
        "weights": np.array([0.5, 0.3, 0.2]),
        "rating_scale": (frame["评分"].min(), frame["评分"].max()),
        "feasibility": {"logistics.speed": np.int64(4)},
        "mask": np.bool_(True),
    }
    fn.analyze(frame, model=scorer, **given).write(tmp_path)
    options = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["options"]
    assert (options["draws"], options["seed"], options["mask"]) == (5, 3, True)
    assert options["weights"] == [0.5, 0.3, 0.2]
    assert options["feasibility"] == {"logistics.speed": 4}


def test_feasibility_in_numbers_of_numpy(scorer) -> None:  # type: ignore[no-untyped-def]
    codes = {"logistics.speed": np.int64(4)}
    found = fn.analyze(TEXTS, model=scorer, draws=5, feasibility=codes).issues.set_index("facet")
    assert found.loc["logistics.speed", "feasibility"] == pytest.approx(0.8)
    with pytest.raises(ConfigError, match="“1”不是要素"):
        fn.analyze(TEXTS, model=scorer, draws=5, feasibility={1: 2})
