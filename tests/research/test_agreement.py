"""Agreement: worked examples, scikit-learn beside our own, and files that don't fit together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

import feedback_nlp as fn
from feedback_nlp.cli.app import app
from feedback_nlp.errors import InputError
from feedback_nlp.gold import GoldReview, record
from feedback_nlp.research.agreement import _kappa, krippendorff_alpha

N = None
# Krippendorff (2011), example C: 4 observers, 12 units.
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_published_examples(level: str, alpha: float) -> None:
    assert krippendorff_alpha(FOUR, level=level) == pytest.approx(alpha, abs=0.0005)


def test_worked_by_hand() -> None:
    # Units (a,a) (a,b) (b,b): coincidences aa 2, ab 1, ba 1, bb 2; n = 6, n_a = n_b = 3.
    # D_o = 2/6; D_e = 2·3·3 / (6·5) = 0.6; α = 1 − (1/3) / 0.6 = 4/9.
    assert krippendorff_alpha([["a", "a", "b"], ["a", "b", "b"]]) == pytest.approx(4 / 9)


def test_nothing_to_agree_on() -> None:
    assert np.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    assert np.isnan(krippendorff_alpha([[1, None], [None, 2]]))
    with pytest.raises(ValueError, match="level"):
        krippendorff_alpha([[1], [2]], level="ratio")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    table = np.zeros((4, 4))
    np.add.at(table, (one, other), 1)
    ours = float(_kappa(table))
    if len(set(one) | set(other)) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(one, other))


def labelled(n: int = 40) -> list[GoldReview]:
    return [
        GoldReview(
            str(k), f"第{k}条，物流慢", "", "", ((0, 3), (4, 7)),
            ((1, "logistics.speed", -1),) if k % 2 else (), -1 if k % 2 else 1,
        )
        for k in range(n)
    ]  # fmt: skip


def test_two_who_say_the_same() -> None:
    found = fn.agreement(labelled(), labelled(), draws=50)
    by_name = {row.what: row for row in found.measures}
    assert list(by_name) == ["overall", "facets", "flags", "logistics.speed"]
    for name in ("overall", "facets", "logistics.speed"):
        assert (by_name[name].kappa, by_name[name].alpha, by_name[name].observed) == (1, 1, 1)
        assert by_name[name].kappa_low == by_name[name].alpha_high == pytest.approx(1)
    assert np.isnan(by_name["flags"].kappa), "nobody raised a flag"
    assert by_name["logistics.speed"].n_present == 20
    assert found.to_dict()["measures"][2]["kappa"] is None


def test_another_side_and_another_cut() -> None:
    first = labelled()
    # The other cuts nothing, and takes every fourth for praise.
    second = [
        replace(
            r,
            clauses=((0, len(r.text)),),
            labels=tuple((0, f, 1 if int(r.id) % 4 == 1 else s) for _, f, s in r.labels),
        )
        for r in first
    ]
    found = fn.agreement(first, second, draws=200)
    facet = found.measures[-1]
    one = [0 if not r.labels else 1 for r in first]
    other = [0 if not r.labels else 2 + r.labels[0][2] for r in second]
    assert facet.kappa == pytest.approx(cohen_kappa_score(one, other))
    assert facet.kappa_low < facet.kappa < facet.kappa_high
    assert facet.alpha == pytest.approx(krippendorff_alpha([one, other]))
    assert found.measures[0].kappa == 1


def test_three_people_and_a_mean() -> None:
    first, third = (
        labelled(),
        [replace(r, overall=-r.overall if r.id < "2" else r.overall) for r in labelled()],
    )
    found = fn.agreement(first, labelled(), third, draws=20)
    pairs = [1.0, *(cohen_kappa_score([r.overall for r in first], [r.overall for r in third]) for _ in "12")]
    assert found.measures[0].kappa == pytest.approx(np.mean(pairs))
    assert found.names == ("1", "2", "3")


def test_files_that_do_not_fit() -> None:
    reviews = labelled(4)
    bad = {
        "只有 1 份": (reviews,),
        "没有同一编号": (reviews, [replace(r, id=f"x{r.id}") for r in reviews]),
        "原文在各份标注里不同": (reviews, [replace(r, text=r.text + "!") for r in reviews]),
        "出现了两次": (reviews, reviews + reviews[:1]),
    }
    for message, files in bad.items():
        with pytest.raises(InputError, match=message):
            fn.agreement(*files, draws=2)
    part = fn.agreement(reviews, reviews[1:], draws=2)
    assert (part.n_reviews, part.n_left_out) == (3, 1)


def test_command(tmp_path: Path) -> None:
    paths = []
    for name in ("甲", "乙"):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(
            "".join(json.dumps(record(r), ensure_ascii=False) + "\n" for r in labelled()), encoding="utf-8"
        )
        paths.append(str(path))
    shown = CliRunner().invoke(app, ["labels", "agree", *paths, "--draws", "20"])
    assert shown.exit_code == 0, shown.output
    assert "logistics.speed" in shown.stdout
    assert "1.000 (1.000–1.000)" in shown.stdout
    machine = CliRunner().invoke(app, ["labels", "agree", *paths, "--json", "--draws", "20"])
    assert json.loads(machine.stdout)["n_reviews"] == 40
    assert CliRunner().invoke(app, ["labels", "agree", paths[0]]).exit_code == 2
    assert CliRunner().invoke(app, ["labels", "agree", paths[0], str(tmp_path / "no.jsonl")]).exit_code == 2
