"""Leave one industry out: nothing of the industry is learnt from."""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from feedback_nlp.gold import GoldReview

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the package")


@pytest.fixture
def leave_out(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("leave_out")


class Spy:
    """Stands for a scorer: remembers what it learnt from."""

    learnt: list[list[str]] = []  # noqa: RUF012

    def __init__(self, **_options: object) -> None: ...

    def fit(self, reviews: list[GoldReview]) -> Spy:
        self.learnt.append([review.text for review in reviews])
        return self

    def predict(self, texts: list[str]) -> Spy:
        self.overall = np.array([[0.1, 0.1, 0.8] if "好" in text else [0.8, 0.1, 0.1] for text in texts])
        return self


def gold(text: str, domain: str) -> GoldReview:
    return GoldReview(text, text, domain, clauses=((0, len(text)),))


@pytest.mark.parametrize("place", range(14))
def test_nothing_of_the_industry_is_learnt(leave_out, tmp_path, monkeypatch, place) -> None:
    industry = leave_out.INDUSTRIES[place]
    public_sets = importlib.import_module("public_sets")
    domains = sorted({name for other in leave_out.INDUSTRIES for name in other.domains})
    texts = [f"{name}{word}" for name in domains for word in ("很好", "很差")]
    public = public_sets.Opinions(
        texts,
        [text.endswith("好") for text in texts],
        ["x"] * len(texts),
        [d for d in domains for _ in "12"],
        {},
    )
    if industry.file:
        # One judged review also stands, spelt otherwise, in another industry.
        judged = [{"text": text, "label": int("好" in text)} for text in ("真好！", "真差。")]
        lines = [json.dumps({**row, "domain": d}) for row in judged for d in sorted(industry.domains)]
        with gzip.open(tmp_path / f"{industry.file}.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.write("\n".join(lines))
        public = public_sets.Opinions(
            [*public.texts, "真好"],
            [*public.positive, True],
            [*public.sources, "x"],
            [*public.domains, "别的"],
            {},
        )
    learnt: list[str] = []
    monkeypatch.setattr(leave_out, "learn_tone", lambda texts, _sides: learnt.extend(texts))
    monkeypatch.setattr(leave_out, "LinearScorer", Spy)
    monkeypatch.setattr(leave_out, "evaluate", lambda _scorer, reviews: [review.text for review in reviews])
    reviews = [gold(f"{name}真行", name) for other in leave_out.INDUSTRIES for name in sorted(other.gold)]
    results = leave_out.Results("today")
    leave_out.measure(industry, tmp_path, reviews, public, results)
    own = {f"{name}{word}" for name in industry.domains for word in ("很好", "很差")}
    assert set(learnt) == set(texts) - own
    assert {f"{name}真行" for name in industry.gold}.isdisjoint(Spy.learnt[-1])
    assert len(Spy.learnt[-1]) == len(reviews) - len(industry.gold)
    for name, found in results.gold.items():
        assert found == [f"{name}真行"]
    if industry.file:
        assert (results.ours[industry.name][0] == results.ours[industry.name][1]).all()


def test_figures_by_hand(leave_out) -> None:
    truth = np.array([True, True, True, False])
    found = np.array([True, True, False, False])
    # F1 0.8 for the positive side, 2/3 for the negative one.
    assert leave_out.macro_f1(found, truth) == pytest.approx((0.8 + 2 / 3) / 2)
    assert leave_out.accuracy(found, truth).startswith("0.750 (")
    assert leave_out.mean_accuracy([(found, truth), (truth, truth)]).startswith("0.875 (")


def test_nb_svm_learns(leave_out) -> None:
    texts = ["质量很好", "服务很好", "味道真好", "质量很差", "服务很差", "味道真差"]
    found = leave_out.nb_svm(texts, [True] * 3 + [False] * 3, ["物流很好", "物流很差"])
    assert found.tolist() == [True, False]


def test_a_run_cut_short_says_so(leave_out) -> None:
    results = leave_out.Results("2026-01-01")
    results.done = [industry.name for industry in leave_out.INDUSTRIES[1:]]
    assert "未跑完，还缺 / partial, missing: 酒店" in leave_out.render(results)
    results.done.append("酒店")
    assert "未跑完" not in leave_out.render(results)
