"""Leave industries out: nothing of them is learnt from."""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers.linear_model import LinearWeights
from feedback_nlp.scorers.linear_tone import silent
from feedback_nlp.taxonomy import load_taxonomy

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
TAXONOMY = load_taxonomy("default")
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the package")


@pytest.fixture
def leave_out(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("leave_out")


def gold(text: str, domain: str) -> GoldReview:
    return GoldReview(
        text,
        text,
        domain,
        clauses=((0, len(text)),),
        labels=((0, "product.quality", -1 if "差" in text else 1),),
        overall=-1 if "差" in text else 1,
    )


def domains(groups) -> list[str]:  # type: ignore[no-untyped-def]
    return sorted({name for group in groups for industry in group for name in industry.domains})


def public(modules: ModuleType, groups, more: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    names = domains(groups)
    texts = [f"{name}{word}" for name in names for word in ("很好", "很差")] + list(more)
    of = [name for name in names for _ in "12"] + ["别的"] * len(more)
    return modules.Opinions(texts, ["好" in text for text in texts], ["x"] * len(texts), of, {})


def write(folder: Path, leave_out: ModuleType) -> None:
    """One praise and one blame of every industry; they stand, spelt otherwise, in other sources too."""
    lines: dict[str, list[str]] = {}
    for group in leave_out.GROUPS:
        for industry in group:
            for text, label in ((f"{industry.name}真好！", 1), (f"{industry.name}真差。", 0)):
                row = {"text": text, "label": label, "domain": min(industry.domains)}
                lines.setdefault(industry.file or "other", []).append(json.dumps(row))
    for name, found in lines.items():
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.write("\n".join(found))


@pytest.mark.parametrize("place", range(5))
def test_nothing_of_the_industries_is_learnt(leave_out, tmp_path, monkeypatch, place) -> None:
    write(tmp_path, leave_out)
    group = leave_out.GROUPS[place]
    judged = [industry for industry in group if industry.file]
    again = tuple(f"{industry.name}真好" for industry in judged)
    opinions = public(importlib.import_module("public_sets"), leave_out.GROUPS, again)
    heard, learnt = [], []
    empty = LinearWeights(np.zeros(1, np.uint32), np.ones(1, bool), np.zeros((1, 1), np.float32), {}, {})
    monkeypatch.setattr(leave_out, "learn_tone", lambda texts, _sides: heard.extend(texts) or silent())
    monkeypatch.setattr(leave_out, "nb_svm", lambda texts, _sides, judged: np.ones(len(judged), bool))
    monkeypatch.setattr(leave_out, "heads", lambda found, *_: learnt.extend(found.texts) or empty)
    monkeypatch.setattr(LinearWeights, "logits", lambda *_: None)
    reviews = [gold(f"{name}真行", name) for name in domains(leave_out.GROUPS)]
    reviews += [gold(f"{text}！！", "别的") for text in again]
    named = [gold(f"买的{industry.name}很好", "商城") for members in leave_out.GROUPS for industry in members]
    fitted = leave_out.fit(group, tmp_path, reviews, named, opinions, TAXONOMY)
    own = set(domains([group]))
    others = set(domains(leave_out.GROUPS)) - own
    assert set(heard) == {f"{name}{word}" for name in others for word in ("很好", "很差")}
    elsewhere = [one for members in leave_out.GROUPS if members is not group for one in members]
    assert set(learnt) == {f"{name}真行" for name in others} | {f"买的{one.name}很好" for one in elsewhere}
    assert {review.domain for review in fitted.own} == own
    for industry, texts, truth in zip(group, fitted.texts, fitted.truth, strict=True):
        assert texts == ([f"{industry.name}真好！", f"{industry.name}真差。"] if industry.file else [])
        assert truth.tolist() == ([True, False] if industry.file else [])


def test_what_of_our_corpora_goes_with_an_industry(leave_out) -> None:
    """By its domain, or by what its text names; nothing else goes."""
    hotel = next(one for group in leave_out.GROUPS for one in group if one.name == "酒店")
    gone = [gold("床很软", "homestay"), gold("床很软", "酒店"), gold("接机的人说酒店满了", "airline")]
    assert all(hotel.has(review) for review in gone)
    assert not hotel.has(gold("飞机晚点", "airline"))
    for group in leave_out.GROUPS:
        for industry in group:
            assert industry.has(gold("很好", min(industry.domains)))


def test_every_industry_of_the_issue_is_judged_once(leave_out) -> None:
    names = [industry.name for group in leave_out.GROUPS for industry in group if industry.file]
    shops = ["书籍", "平板", "手机", "水果", "洗发水", "热水器", "蒙牛", "衣服", "计算机"]
    assert sorted(names) == sorted([*shops, "酒店", "外卖"])
    every = [name for group in leave_out.GROUPS for industry in group for name in industry.domains]
    assert len(every) == len(set(every))


def test_from_learning_to_the_tables(leave_out, tmp_path, monkeypatch) -> None:
    """A small world whose praise and blame sound the same in all industries is judged without error."""
    monkeypatch.setattr(leave_out, "GROUPS", tuple(group[-1:] for group in leave_out.GROUPS))
    write(tmp_path, leave_out)
    groups = leave_out.GROUPS
    opinions = public(importlib.import_module("public_sets"), groups)
    numbers = "一二三四五六七八九十"
    reviews = [
        gold(f"{name}第{n}次质量{word}", name)
        for name in domains(groups)
        for n in numbers
        for word in ("真好", "真差")
    ]
    fits = [leave_out.fit(group, tmp_path, reviews, [], opinions, TAXONOMY) for group in groups]
    results = {}
    for place, group in enumerate(groups):
        results |= leave_out.judge(group, fits[place], leave_out.calibrated(place, fits, TAXONOMY))
    assert list(results) == [group[0].name for group in groups]
    assert all(found.labels.scores["facet_polarity"]["value"] == 1 for found in results.values())
    page = leave_out.render(results, "2026-01-01")
    assert page.count("1.000 (1.000–1.000)") > len(results)
    assert page.count("平均 mean") == 2


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
