"""Public sets as partial labels: what is known where, and that no text to be measured on gets in."""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

from feedback_nlp.taxonomy import load_taxonomy

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
TAXONOMY = load_taxonomy("default")
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the package")


def quad(aspect: str | None, a: list, opinion: str, o: list, category: str, polarity: str) -> dict:
    return {
        "aspect": aspect,
        "a": a,
        "opinion": opinion,
        "o": o,
        "category": category,
        "polarity": polarity,
    }


QUADS = [
    {
        "text": "快递很快，味道很好闻，买一送一",
        "quads": [
            quad("快递", [0, 2], "很快", [2, 4], "物流", "正面"),
            quad("味道", [5, 7], "很好闻", [7, 10], "气味", "正面"),
        ],
    },
    {
        "text": "用着很温和，价格有点贵，总之不错",
        "quads": [
            quad(None, [None, None], "很温和", [2, 5], "使用体验", "正面"),
            quad("价格", [6, 8], "有点贵", [8, 11], "价格", "负面"),
            quad(None, [None, None], "不错", [14, 16], "整体", "正面"),
        ],
    },
]
ASAP = [
    {
        "text": "上菜太慢了，环境很不错，量很足。",
        "rating": 2.0,
        "labels": {"service_serving_speed": -1, "environment_decoration": 1, "dish_portion": 0},
    },
    {"text": "价格实惠，服务态度好，服务员很热情", "rating": 3.5, "labels": {"service_waiters_attitude": 1}},
]
ASPECTS = [{"text": "味道很好，服务太差了", "labels": {"food": "pos", "service": "neg"}}]


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    """``public_sets`` and ``partial_labels`` of the benchmarks."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("public_sets"), importlib.import_module("partial_labels")


def write(path: Path, rows: list[dict]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A made-up data folder beside a gold folder."""
    folder, gold = tmp_path / "data", tmp_path / "gold"
    folder.mkdir()
    gold.mkdir()
    write(folder / "makeup_quads.jsonl.gz", QUADS)
    write(folder / "restaurant_asap_sample.jsonl.gz", ASAP)
    write(folder / "restaurant_aspects.jsonl.gz", ASPECTS)
    for name in ("train", "dev"):
        (gold / f"{name}.jsonl").write_text("", encoding="utf-8")
    return folder


def gold_line(text: str) -> str:
    row = {"id": "g", "text": text, "clauses": [[0, len(text)]], "labels": [], "overall": 0, "flags": []}
    return json.dumps(row, ensure_ascii=False) + "\n"


def known(found, clause: str) -> dict[str, int]:  # type: ignore[no-untyped-def]
    """What is known of the clause with this text, by facet."""
    cut = found.clauses
    for row, review in enumerate(cut.review):
        if found.texts[review][cut.start[row] : cut.end[row]] == clause:
            return {code: int(value) for code, value in zip(TAXONOMY.codes, found.mention[row], strict=True)}
    raise AssertionError(clause)


def sides(found, facet: str) -> set[int]:  # type: ignore[no-untyped-def]
    return set(found.sides[:, TAXONOMY.index[facet]].nonzero()[1].tolist())


def test_spans_label_their_clauses(data, modules) -> None:
    found = modules[0].partial(data, TAXONOMY, ["makeup_quads"], [])
    assert len(found) == 2
    assert (found.fold == -1).all()
    assert (found.flags == -1).all()
    assert (found.overall == -1).all()
    delivery = known(found, "快递很快")
    assert delivery["logistics.speed"] == 1
    assert delivery["product.taste"] == 0
    # Of what the source never speaks nothing is known.
    assert delivery["brand.loyalty"] == -1
    assert sides(found, "logistics.speed") == {2}
    assert sides(found, "price.level") == {0}
    # Its annotators leave implied opinions out: silence about a clause says nothing.
    assert set(known(found, "买一送一").values()) == {-1}


def test_an_element_leaves_its_facets_open(data, modules) -> None:
    found = modules[0].partial(data, TAXONOMY, ["makeup_quads"], [])
    gentle = known(found, "用着很温和")
    assert {value for code, value in gentle.items() if code.startswith("product.")} == {-1}
    assert gentle["price.level"] == 0
    # A category without a meaning here leaves the whole clause open.
    assert set(known(found, "总之不错").values()) == {-1}


def test_labels_of_whole_reviews(data, modules) -> None:
    found = modules[0].partial(data, TAXONOMY, ["restaurant_asap_sample"], [])
    slow, place = known(found, "上菜太慢了"), known(found, "环境很不错")
    assert slow["service.efficiency"] == 1
    assert place["environment.atmosphere"] == 1
    # Named somewhere in the review, so open in its other clauses; never named, so absent from all.
    assert place["service.efficiency"] == -1
    assert {slow["price.level"], place["price.level"]} == {0}
    # A neutral label says that portions were spoken of, not what the clause thinks of them.
    assert known(found, "量很足")["product.size"] == -1
    assert list(found.overall) == [0]


def test_two_clauses_with_the_words_leave_the_place_open(data, modules) -> None:
    mapping = modules[1].load_mapping("restaurant_asap_sample", TAXONOMY)
    found, cells = modules[1].examples(mapping, ASAP)
    assert {found.clauses.review[cell.clause] for cell in cells} == {0}
    assert known(found, "服务态度好")["service.attitude"] == -1
    assert known(found, "服务态度好")["product.taste"] == 0
    assert list(found.overall) == [0, -1]


def test_missing_may_be_unknown(data, modules) -> None:
    found = modules[0].partial(data, TAXONOMY, ["restaurant_aspects"], [])
    taste = known(found, "味道很好")
    assert taste["product.taste"] == 1
    assert set(taste.values()) == {-1, 1}
    assert sides(found, "service.attitude") == {0}


@pytest.mark.parametrize("name", ["train", "dev"])
@pytest.mark.parametrize("text", ["快递很快 味道很好闻 买一送一！", "唉，快递很快，味道很好闻，买一送一"])
def test_no_gold_text_gets_in(data, modules, name, text) -> None:
    (data.parent / "gold" / f"{name}.jsonl").write_text(gold_line(text), encoding="utf-8")
    found = modules[0].partial(data, TAXONOMY, ["makeup_quads"])
    assert [text[:5] for text in found.texts] == ["用着很温和"]


def test_no_corpus_text_gets_in(data, modules, monkeypatch) -> None:
    folder = data.parent / "repository" / "corpora"
    (folder / "challenge").mkdir(parents=True)
    (folder / "demo.jsonl").write_text(gold_line(QUADS[0]["text"]), encoding="utf-8")
    (folder / "challenge" / "challenge.jsonl").write_text(gold_line(ASAP[0]["text"]), encoding="utf-8")
    monkeypatch.setattr(modules[0], "REPOSITORY", folder.parent)
    found = modules[0].partial(data, TAXONOMY, ["makeup_quads", "restaurant_asap_sample"])
    assert found.texts == (QUADS[1]["text"],)


def test_without_gold_nothing_is_read(data, modules) -> None:
    (data.parent / "gold" / "dev.jsonl").unlink()
    with pytest.raises(Exception, match="dev"):
        modules[0].partial(data, TAXONOMY, ["makeup_quads"])


def test_a_text_in_two_sources_counts_once(data, modules) -> None:
    write(data / "restaurant_aspects.jsonl.gz", [*ASPECTS, {**ASPECTS[0], "text": "味道很好 服务太差了"}])
    assert len(modules[0].partial(data, TAXONOMY, ["restaurant_aspects"], [])) == 1


def test_no_source_is_no_example(data, modules) -> None:
    found = modules[0].partial(data, TAXONOMY, [])
    both = modules[0].joined([found, modules[0].partial(data, TAXONOMY, ["makeup_quads"], [])])
    assert (len(found), len(found.clauses), len(both)) == (0, 0, 2)


def test_cap(data, modules, monkeypatch) -> None:
    rows = [{"text": f"味道很好，第{n}次来", "labels": {"food": "pos"}} for n in range(3000)]
    write(data / "restaurant_aspects.jsonl.gz", rows)
    cap = modules[1].load_mapping("restaurant_aspects", TAXONOMY).cap
    assert len(modules[0].partial(data, TAXONOMY, ["restaurant_aspects"], [])) == cap < 3000


def test_a_new_category_is_an_error(data, modules) -> None:
    other = {**QUADS[0]["quads"][0], "category": "新类"}
    write(data / "makeup_quads.jsonl.gz", [{"text": QUADS[0]["text"], "quads": [other]}])
    with pytest.raises(ValueError, match="新类"):
        modules[0].partial(data, TAXONOMY, ["makeup_quads"], [])


def test_every_mapping_is_sound(modules) -> None:
    for name in modules[0].MAPPED_SOURCES:
        mapping = modules[1].load_mapping(name, TAXONOMY)
        assert 0 < mapping.cap <= 3000
        assert mapping.covered
    assert set(modules[0].PARTIAL_SOURCES) <= set(modules[0].MAPPED_SOURCES)


@pytest.mark.parametrize("broken", ['to = "product.speed"', 'form = "quad"', 'missing = "perhaps"'])
def test_a_broken_mapping_is_named(tmp_path, modules, broken) -> None:
    good = 'form = "quads"\nmissing = "absent"\ncap = 1\nlicence = ""\ndomains = ""\n'
    good += '[[rule]]\ncategory = "x"\nto = "product.size"\n'
    field = broken.split(" =")[0]
    lines = [broken if line.startswith(f"{field} =") else line for line in good.splitlines()]
    (tmp_path / "bad.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.toml"):
        modules[1].load_mapping("bad", TAXONOMY, tmp_path)
