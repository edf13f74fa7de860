"""Public sets in the form that their publishers give them, with invented rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

import feedback_nlp as fn
from feedback_nlp.cli.app import app
from feedback_nlp.errors import ConfigError, InputError
from feedback_nlp.gold import read
from feedback_nlp.research.public_sets import PUBLIC_SETS
from feedback_nlp.taxonomy import load_taxonomy

ASAP, CHALLENGER = PUBLIC_SETS["asap"], PUBLIC_SETS["ai_challenger"]


def table(header: list[str], *rows: list[object], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    return out.getvalue()


def asap(*rows: tuple[str, object, dict[str, object]]) -> str:
    names = list(ASAP.aspects)
    return table(
        ["id", "review", "star", *names],
        *(
            [k, text, star, *(said.get(name, -2) for name in names)]
            for k, (text, star, said) in enumerate(rows, 7)
        ),
    )


def challenger(*rows: tuple[str, dict[str, object]]) -> str:
    names = list(CHALLENGER.aspects)
    return table(
        ["id", "content", *names, "others_overall_experience"],
        *(
            [k, text, *(said.get(name, -2) for name in names), said.get("others_overall_experience", -2)]
            for k, (text, said) in enumerate(rows)
        ),
    )


def saved(tmp_path: Path, text: str, name: str = "train.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_asap(tmp_path: Path) -> None:
    rows = (
        ("菜太咸，\n服务员热情", 2.0, {"Food#Taste": -1, "Service#Hospitality": 1, "Ambience#Noise": -1}),
        ("还行", "3.0", {}),
        ("停车方便，离地铁远", 5, {"Service#Parking": 1, "Location#Transportation": -1}),
    )
    found = fn.load_public_set("asap", saved(tmp_path, asap(*rows)))
    first, second, third = found.reviews
    assert [review.overall for review in found.reviews] == [-1, 0, 1]
    assert first.labels == ((0, "product.taste", -1), (0, "service.attitude", 1)), (
        "noise has no facet of its own"
    )
    assert second.labels == ()
    assert third.labels == ((0, "environment.location", -1), (0, "environment.location", 1))
    assert first.clauses == ((0, len(first.text)),)
    assert (first.id, first.domain, first.source) == ("7", "餐饮", "asap")
    assert "environment.atmosphere" not in first.meta["covered"]


def test_ai_challenger(tmp_path: Path) -> None:
    text = challenger(
        ("等位太久", {"service_wait_time": -1, "others_overall_experience": -1}),
        ("会再来", {"others_willing_to_consume_again": 1, "others_overall_experience": 1}),
        ("没有总体", {"dish_taste": 1}),
    )
    found = fn.load_public_set("ai_challenger", saved(tmp_path, text))
    assert [(r.overall, r.labels) for r in found.reviews] == [
        (-1, ((0, "service.efficiency", -1),)),
        (1, ((0, "brand.loyalty", 1),)),
    ]
    assert "1 条没有总体标签" in found.notes[0].zh


@pytest.mark.parametrize(
    ("name", "text", "domain"),
    [
        ("chnsenticorp", table(["label", "review"], [1, "房间很好"], [0, "太吵"]), "酒店"),
        (
            "chnsenticorp",
            table(["qid", "label", "text_a"], [0, 1, "房间很好"], [1, 0, "太吵"], delimiter="\t"),
            "酒店",
        ),
        ("waimai_10k", table(["label", "review"], [1, "很快"], [0, "凉了"], [0, ""]), "外卖"),
        (
            "online_shopping_10_cats",
            table(["cat", "label", "review"], ["水果", 1, "甜"], ["水果", 0, "烂"]),
            "水果",
        ),
    ],
)
def test_sets_of_sentiment(tmp_path: Path, name: str, text: str, domain: str) -> None:
    found = fn.load_public_set(name, saved(tmp_path, text, "a.tsv" if "\t" in text else "a.csv"))
    assert [(r.overall, r.domain, r.meta["covered"]) for r in found.reviews] == [
        (1, domain, []),
        (-1, domain, []),
    ]


def test_facets_exist() -> None:
    for form in PUBLIC_SETS.values():
        assert set(form.covered) <= set(load_taxonomy().codes)


WRONG = {
    "no aspects": ("asap", table(["id", "review", "star"], [1, "好", 5]), "没有列 Location#Transportation"),
    "another set": ("chnsenticorp", challenger(("好", {})), "看列名像 ai_challenger"),
    "the other way": ("ai_challenger", asap(("好", 5, {})), "看列名像 asap"),
    "aspect value": (
        "asap",
        asap(("好", 5, {}), ("差", 1, {"Food#Taste": 2})),
        "第 2 条的 Food#Taste 是 '2'",
    ),
    "empty aspect": ("asap", asap(("好", 5, {"Food#Taste": ""})), "第 1 条的 Food#Taste"),
    "star": ("asap", asap(("好", 9, {})), "star 是 '9'"),
    "label": ("waimai_10k", table(["label", "review"], [1, "好"], [2, "差"]), "第 2 条的 label 是 '2'"),
    "test file": ("waimai_10k", table(["label", "review"], ["", "好"], ["", "差"]), "没有标签"),
    "no texts": ("waimai_10k", table(["label", "review"], [1, " "], [0, ""]), "没有"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_line(tmp_path: Path, case: str) -> None:
    name, text, message = WRONG[case]
    path = saved(tmp_path, text)
    with pytest.raises(InputError) as caught:
        fn.load_public_set(name, path)
    assert message in caught.value.message()
    assert "\n" not in caught.value.message("en")


def test_no_such_set_and_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="asap"):
        fn.load_public_set("imdb", tmp_path / "a.csv")
    with pytest.raises(InputError):
        fn.load_public_set("asap", tmp_path / "nowhere.csv")


def test_only_what_is_covered_counts(tmp_path: Path) -> None:
    """A facet that the set can't speak of costs a model nothing; a wrong one that it can does."""
    text = "味道太咸了，物流太慢了，质量差"
    found = fn.load_public_set("asap", saved(tmp_path, asap((text, 1, {"Food#Taste": -1}))))
    report = fn.evaluate(fn.load_model("lexicon"), list(found.reviews), draws=10)
    said = {m["facet"] for m in fn.classify(text, model="lexicon")["mentions"]}
    assert {"product.taste", "logistics.speed"} <= said
    assert report.scores["facet_polarity"]["value"] == 1
    assert report.scores["flags"]["support"] == report.scores["clause_facet"]["support"] == 0
    assert report.confusion.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    worse = fn.load_public_set("asap", saved(tmp_path, asap((text, 1, {}))))
    assert fn.evaluate(fn.load_model("lexicon"), list(worse.reviews), draws=10).scores["facet"]["value"] == 0


def test_command(tmp_path: Path) -> None:
    path, out = saved(tmp_path, asap(("味道太咸了", 1, {"Food#Taste": -1}))), tmp_path / "asap.jsonl"
    args = ["labels", "import", "asap", str(path), "-o", str(out)]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    assert read(out)[0].meta["covered"] == list(ASAP.covered)
    assert CliRunner().invoke(app, args).exit_code == 2, "nothing is overwritten"
    measured = CliRunner().invoke(app, ["evaluate", "--model", "lexicon", "--data", str(out), "--draws", "5"])
    assert measured.exit_code == 0, measured.output
    assert (
        CliRunner().invoke(app, ["labels", "import", "asap", str(out), "-o", str(tmp_path / "x")]).exit_code
        == 2
    )
    assert not (tmp_path / "x").exists()
