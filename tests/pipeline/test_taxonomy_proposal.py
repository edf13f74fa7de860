"""A taxonomy proposed from a file, edited, scored with, compared, and trained by corrections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import feedback_nlp as fn
from feedback_nlp.cli.app import app
from feedback_nlp.errors import InputError
from feedback_nlp.gold import GoldReview
from feedback_nlp.pipeline.taxonomy_moves import version_note
from feedback_nlp.taxonomy import Taxonomy

# 沙盘 and 校车 are in no shipped facet; 仓库 always comes with a complaint about speed.
REVIEWS = [
    *(f"仓库发货太慢了，第{n}次等了两小时" for n in range(8)),
    *(f"客服态度很差，第{n}次挂我电话" for n in range(8)),
    *(f"味道不错，第{n}次来" for n in range(8)),
    *(f"校车又抛锚，太差了，第{n}回" for n in range(8)),
]


def run(*args: object) -> object:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def proposal():  # type: ignore[no-untyped-def]
    return fn.propose_taxonomy(REVIEWS, model="lexicon", min_reviews=3)


def test_known_facets_new_terms_and_new_topics(proposal) -> None:
    known = {item.facet.code: item for item in proposal.known}
    assert {"logistics.speed", "service.attitude", "product.taste", "overall.general"} <= set(known)
    assert "仓库" in [term.word for term in known["logistics.speed"].terms]
    assert known["logistics.speed"].n_negative >= 8
    assert "校车" in [term.word for item in proposal.new for term in item.group.terms]
    assert "brand.honesty" in [facet.code for facet in proposal.unseen]
    assert proposal.n_reviews == proposal.n_sampled == len(REVIEWS)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_file_is_short_readable_and_valid(proposal, lang: str) -> None:
    text = proposal.to_toml(lang)
    own = Taxonomy.from_toml(text)
    assert own.version == 1
    assert "同城件" in own.facet("logistics.speed").terms, "phrases of the shipped facet are taken over"
    assert "仓库" in own.facet("logistics.speed").terms
    assert any("校车" in facet.terms and facet.zh == "校车" for facet in own.facets)
    assert len(text) < 8000
    assert ("条评价说到" in text) == (lang == "zh")
    assert all(facet.zh and facet.en for facet in own.facets)


def test_it_is_the_same_every_time(proposal) -> None:
    assert fn.propose_taxonomy(list(REVIEWS), model="lexicon", min_reviews=3).to_toml() == proposal.to_toml()


def test_personal_data_and_odd_characters_stay_out() -> None:
    texts = [f"校车司机张三电话1381234567{n}把孩子落下\x00\u2028，\U0001f621太气愤了" for n in range(9)]
    text = fn.propose_taxonomy(texts, min_reviews=2, name='a\nb"c').to_toml()
    assert Taxonomy.from_toml(text).name == 'a b"c'
    assert not re.search(r"1381234567\d", text)
    assert "\x00" not in text


@pytest.mark.parametrize("texts", [["", "  "], ["hello there", "very bad"], ["好评" for _ in range(3)]])
def test_nothing_to_read_is_one_line(texts: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        fn.propose_taxonomy(texts)
    assert caught.value.exit_code == 2


def test_one_review_gives_a_valid_start() -> None:
    own = fn.propose_taxonomy(["物流太慢了"]).taxonomy()
    assert own.codes == ("overall.general",)


def test_an_edited_proposal_scores_at_once_and_moves_what_it_should(proposal, tmp_path: Path) -> None:
    first = tmp_path / "v1.toml"
    first.write_text(proposal.to_toml(), encoding="utf-8")
    edited = first.read_text(encoding="utf-8").replace("version = 1", "version = 2")
    # The user takes a facet apart: slow warehouses become a facet of their own.
    edited = edited.replace('    "仓库",', '    # "仓库",')
    edited += '\n[elements.warehouse]\nzh = "仓"\n'
    edited += '[elements.warehouse.facets.front]\nzh = "仓库"\nnegative = ["仓库发货太慢"]\n'
    second = tmp_path / "v2.toml"
    second.write_text(edited, encoding="utf-8")
    scored = fn.score(REVIEWS, taxonomy=second, model="lexicon")
    assert (scored.mentions.facet == "warehouse.front").sum() == 8
    found = fn.compare_taxonomies(first, second, REVIEWS)
    for counts in found.facets.to_dict("records"):
        assert counts["old"] == counts["kept"] + counts["moved_out"] + counts["lost"]
        assert counts["new"] == counts["kept"] + counts["moved_in"] + counts["added"]
    sums = found.totals
    before = fn.score(REVIEWS, taxonomy=first, model="lexicon")
    assert sums["old"] == len(before.mentions) == sums["kept"] + sums["moved"] + sums["lost"]
    assert sums["new"] == len(scored.mentions) == sums["kept"] + sums["moved"] + sums["added"]
    moved = found.facets.set_index("facet").loc["warehouse.front"]
    assert moved.new == 8 == moved.moved_in + moved.added
    assert {change.code for change in found.changes} >= {"warehouse", "warehouse.front"}
    assert all(
        row.text == REVIEWS[int(row.review_id) - 1][row.start : row.end]
        for row in found.to_frame().itertuples()
    )


def test_versions_are_watched() -> None:
    text = '[elements.a]\nzh = "甲"\n[elements.a.facets.b]\nzh = "乙"\nterms = ["%s"]\n'
    old, new = (
        Taxonomy.from_toml("version = 3\n" + text % "x"),
        Taxonomy.from_toml("version = 3\n" + text % "y"),
    )
    note = version_note(old, new)
    assert note is not None
    assert "version 改成 4" in note.zh
    assert version_note(old, old) is None
    assert version_note(old, Taxonomy.from_toml("version = 4\n" + text % "y")) is None


def test_commands(tmp_path: Path, jsonl) -> None:
    data = jsonl(*REVIEWS)
    own = tmp_path / "own.toml"
    made = run("taxonomy", "init", own, "--from-data", data, "--min-reviews", 3)
    assert made.exit_code == 0, made.output
    assert run("taxonomy", "init", own, "--from-data", data).exit_code == 2, "nothing is overwritten"
    assert run("taxonomy", "init", tmp_path / "b", "--from-data", data, "--full").exit_code == 2
    assert run("taxonomy", "init", tmp_path / "b", "--from-data", "nope.xlsx").exit_code == 2
    assert not (tmp_path / "b").exists()
    checked = run("taxonomy", "check", own)
    assert "第 1 版" in checked.stdout
    moved = tmp_path / "moved.csv"
    compared = run("taxonomy", "diff", "default", own, data, "-o", moved)
    assert compared.exit_code == 0, compared.output
    assert "对账" in compared.stdout
    assert "logistics.speed" in compared.stdout
    assert moved.read_text(encoding="utf-8-sig").startswith('"review_id","clause","start"')
    assert run("taxonomy", "diff", "default", own, data, "-o", moved).exit_code == 2
    only = run("taxonomy", "diff", "default", own, "--lang", "en")
    assert "removed `brand.honesty`" in only.stdout
    assert run("taxonomy", "diff", "default", own, "-o", moved, "--force").exit_code == 2
    assert "相同" in run("taxonomy", "diff", "default", "default").stdout


def test_corrections_train_it(proposal, tmp_path: Path) -> None:
    """The workbook of an analysis by one's own taxonomy comes back as labels that a model learns."""
    from openpyxl import load_workbook

    own = tmp_path / "own.toml"
    own.write_text(proposal.to_toml(), encoding="utf-8")
    code = next(facet.code for facet in proposal.taxonomy().facets if "校车" in facet.terms)
    fn.analyze(REVIEWS, taxonomy=own, model="lexicon", draws=20).write(tmp_path / "report")
    book = tmp_path / "book.xlsx"
    fn.export_review(tmp_path / "report", book, n=64, taxonomy=own)
    sheets = load_workbook(book)
    assert any("校车" in str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row)
    # Filling the workbook in is tested in test_review.py; these are labels as an import stores them.
    reviews = []
    for number, text in enumerate(REVIEWS):
        found = [(0, code, -1)] if "校车" in text else [(0, "product.taste", 1)] if "味道" in text else []
        end = text.index("，")
        reviews.append(
            GoldReview(str(number), text, "own", "", ((0, end),), tuple(found), -1 if found else 0)
        )
    model = fn.train(reviews, tmp_path / "model", taxonomy=own, folds=0)
    learnt = fn.load_model(model.folder, fn.load_taxonomy(own))
    scored = fn.score(["校车又抛锚，太差了，第9回"], model=learnt, taxonomy=own)
    assert code in scored.mentions.facet.tolist()
