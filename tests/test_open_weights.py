"""Licence-clean weights: what they may learn from, and how their cost is told."""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers.training_data import from_gold
from feedback_nlp.taxonomy import load_taxonomy

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the package")


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Import a module of ``benchmarks/`` by name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def write(path: Path, rows: list[dict]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Gold and the three licensed sets, beside others that must not be opened."""
    for name in ("gold", "data"):
        (tmp_path / name).mkdir()
    dev = {"id": "d", "text": "屏幕很亮", "clauses": [[0, 4]], "labels": [], "overall": 1, "flags": []}
    (tmp_path / "gold" / "dev.jsonl").write_text(json.dumps(dev) + "\n", encoding="utf-8")
    triplets = [
        {
            "id": "t-1",
            "text": "味道不错，上菜也快",
            "triplets": [["味", "不错", "POS"], ["菜", "快", "Positive"]],
        },
        {"id": "t-2", "text": "又贵又难吃", "triplets": [["价", "贵", "NEG"]]},
        {"id": "t-3", "text": "好吃但是贵", "triplets": [["味", "好", "POS"], ["价", "贵", "NEG"]]},
        {"id": "t-4", "text": "环境一般", "triplets": [["环境", "一般", "NEU"]]},
        {"id": "t-5", "text": "没有标注", "triplets": []},
    ]
    aspects = [
        {"id": "a-1", "text": "屏幕很亮！", "aspect": "屏幕", "polarity": "Positive"},
        {"id": "a-2", "text": "电池不耐用", "aspect": "电池", "polarity": "Negative"},
        {"id": "a-3", "text": "按键在左边", "aspect": "按键", "polarity": "Neutral"},
    ]
    stars = [{"id": f"s-{n}", "text": f"第{n}家店我们都去过", "rating": n} for n in (1.0, 3.5, 5.0)]
    for name, rows in (
        ("opinion_triplets", triplets),
        ("aspect_polarity", aspects),
        ("restaurant_asap_sample", stars),
    ):
        write(tmp_path / "data" / f"{name}.jsonl.gz", [{**row, "domain": "x"} for row in rows])
    return tmp_path


def test_only_our_texts_and_licensed_sets_are_read(benchmarks, shared, monkeypatch) -> None:
    train_linear: ModuleType = benchmarks("train_linear")
    licensed, other = (
        GoldReview(t, t, "x", s, ((0, 3),)) for t, s in (("甲乙丙", "opinion_triplets"), ("丁戊己", "hotel"))
    )
    monkeypatch.setattr(train_linear.readings, "read_readings", lambda _data: {"reader_a": [licensed, other]})
    found = train_linear.load(shared, licensed=True)
    assert {name.partition("/")[0] for name in found.sources} == {"corpora", "readings"}
    assert "corpora/demo" not in found.sources
    assert [
        review.text for name in found.sources if "readings" in name for review in found.sources[name]
    ] == ["甲乙丙"]
    sides = dict(zip(found.opinions.texts, found.opinions.positive, strict=True))
    # The text of gold dev is left out whatever its spelling; what is mixed, neutral or unknown is too.
    assert sides == {
        "味道不错，上菜也快": True,
        "又贵又难吃": False,
        "电池不耐用": False,
        "第1.0家店我们都去过": False,
        "第5.0家店我们都去过": True,
    }
    assert set(found.opinions.licences) == set(benchmarks("public_sets").OPEN_SETS)


def test_no_teacher_beside_open_weights(benchmarks, monkeypatch, capsys) -> None:
    train_linear: ModuleType = benchmarks("train_linear")
    monkeypatch.setattr("sys.argv", ["train_linear.py", "--open", "--teacher", "models/encoder"])
    with pytest.raises(SystemExit):
        train_linear.main()
    assert "has learnt from texts without a licence" in capsys.readouterr().err


def test_the_table_stands_between_its_marks(benchmarks) -> None:
    open_gap: ModuleType = benchmarks("open_gap")
    page = "before\n<!-- x begin -->\nold\n<!-- x end -->\nafter\n"
    once = open_gap.put(page, "new", "x")
    assert once == "before\n<!-- x begin -->\n\nnew\n\n<!-- x end -->\nafter\n"
    assert open_gap.put(once, "new", "x") == once
    with pytest.raises(ValueError, match="x begin"):
        open_gap.put("no marks", "new", "x")


def test_flags_are_judged_by_thresholds_of_the_other_folds(benchmarks) -> None:
    """One fold scores three times as high: its own thresholds would be right, those of the other are not."""
    linear_card: ModuleType = benchmarks("linear_card")
    reviews = [
        GoldReview(str(n), f"第{n}条评价", "x", clauses=((0, 3),), flags=("loss",) if n % 2 else ())
        for n in range(40)
    ]
    examples = from_gold(reviews, load_taxonomy("default"), folds=2)
    truth = examples.flags == 1
    scores = np.where(truth, 0.3, 0.21).astype(np.float32)
    scores[examples.fold == 1] *= 3
    found = linear_card.raised_flags(scores, examples)
    # From fold 1: between 0.63 and 0.9. From fold 0: between 0.21 and 0.3.
    assert not found[examples.fold == 0].any()
    assert found[examples.fold == 1].all(axis=0)[4]
    even = np.where(truth, 0.9, 0.1).astype(np.float32)
    assert (linear_card.raised_flags(even, examples)[:, 4] == truth[:, 4]).all()


def test_f1_with_its_interval_by_hand(benchmarks) -> None:
    linear_card: ModuleType = benchmarks("linear_card")
    found = np.array([[True], [True], [False]])
    # One hit, two found, two true: 2 · 1 / 4; drawn anew, anything from none to all right.
    assert linear_card._with_interval(found, np.array([[True], [False], [True]])) == "0.500 (0.000–1.000)"
