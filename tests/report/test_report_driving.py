"""What moves satisfaction and where issues sit: in words, rows, charts and sheets."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from conftest import META, assign, make_tables

from feedback_nlp.insight.analysis import analyse
from feedback_nlp.insight.playbook import Playbook
from feedback_nlp.report import excel, html
from feedback_nlp.report.charts import charts
from feedback_nlp.report.summary import build, public
from feedback_nlp.report.wording import Words
from feedback_nlp.taxonomy import Taxonomy


def summarised(taxonomy: Taxonomy, n: int = 420, drop: tuple[str, ...] = (), **options: object) -> dict:
    reviews, mentions = make_tables(n)
    insight = analyse(
        reviews.drop_columns(list(drop)), mentions, taxonomy, draws=50, assign=assign, **options
    )
    return build(reviews.drop_columns(list(drop)), insight.mentions, insight, taxonomy, META)


def test_the_weightiest_element_is_named_with_r2(summary: dict) -> None:
    found = summary["driving"]
    rows = found["levels"]["element"]
    assert [row["weight"] for row in rows] == sorted((row["weight"] for row in rows), reverse=True)
    first = found["sentences"][0]
    assert rows[0]["name"] in first
    assert "R²" in first
    assert "95% 区间" in first
    assert {row["level"] for row in found["levels"]["facet"]} == {"facet"}
    assert all(row["kind_name"] for row in rows if row["kind"])


def test_a_fix_is_told_for_every_score_with_its_interval(summary: dict) -> None:
    found = summary["driving"]
    assert found["outcomes"] == ["rating", "csat", "nps"]
    for level in ("element", "issue"):
        changes = [row["cells"]["rating"]["change"] for row in found["fixes"][level]]
        assert changes == sorted(changes, reverse=True)
    cell = found["fixes"]["issue"][0]["cells"]["rating"]
    assert cell["low"] <= cell["change"] <= cell["high"]
    assert cell["half"] == pytest.approx(cell["change"] / 2)
    assert "个百分点" in found["fixes"]["issue"][0]["cells"]["csat"]["text"]
    assert public(summary)["drivers"]["fixes"]["issue"][0]["cells"]["rating"]["n"] > 300


def test_without_scores_it_says_why(taxonomy: Taxonomy, tmp_path: Path) -> None:
    bare = summarised(taxonomy, drop=("rating", "nps"))
    assert bare["driving"]["sentences"] == ["满意度的驱动因素无法估计：没有评分或 NPS 列。"]
    page = html.render(bare)
    assert "没有评分或 NPS 列" in page
    assert 'id="chart-contrast"' not in page
    excel.write(bare, tmp_path / "x.xlsx")
    for name in ("满意度驱动", "改进收益"):
        rows = list(openpyxl.load_workbook(tmp_path / "x.xlsx")[name].iter_rows(values_only=True))
        assert "没有评分或 NPS 列" in str(rows[1])


def test_one_shop_and_everywhere_are_said_and_drawn(summary: dict) -> None:
    found = summary["places"]
    rude = next(row for row in found["rows"] if row["issue_id"] == "service.attitude.main")
    assert rude["kind"] == "local"
    assert rude["verdicts"]["store"]["text"] == "只是一家店：滨江店"
    assert any("滨江店" in sentence for sentence in found["sentences"])
    assert any(row["kind"] == "everywhere" for row in found["rows"])
    funnel = found["funnels"][0]
    assert [point["unit"] for point in funnel["points"] if point["high"]] == ["滨江店"]
    low, high = funnel["limits"][1]["low"], funnel["limits"][1]["high"]
    assert all(a <= funnel["share"] <= b for a, b in zip(low, high, strict=True))
    drawn = charts(summary, Words("zh"))["funnel1"]
    assert "只是一家店" in drawn["title"]
    assert drawn["figure"]["data"][-1]["customdata"][0]["issue"] == "service.attitude.main"


@pytest.mark.parametrize(
    ("drop", "n", "said"),
    [
        (("store", "product", "channel"), 420, "没有门店、产品或渠道列"),
        ((), 12, "不到两个"),
        ((), 0, "没有门店、产品或渠道列"),
    ],
)
def test_where_nothing_can_be_compared_it_says_why(
    taxonomy: Taxonomy, drop: tuple[str, ...], n: int, said: str
) -> None:
    bare = summarised(taxonomy, n, drop)
    assert said in bare["places"]["sentences"][0]
    assert bare["places"]["funnels"] == []
    assert said in html.render(bare)


def test_what_the_playbook_says_is_in_card_and_sheet(taxonomy: Taxonomy, tmp_path: Path) -> None:
    book = Playbook.of({"service": {"owner": "王敏", "due": "2026-12-31", "feasibility": 2}})
    told = summarised(taxonomy, playbook=book)
    page = html.render(told)
    assert "负责人 王敏" in page
    assert "期限 2026-12-31" in page
    excel.write(told, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["问题"]
    heads = [cell.value for cell in sheet[1]]
    places = [heads.index(Words("zh")(f"column.own_{key}")) for key in ("feasibility", "owner", "due")]
    rows = [[row[place] for place in places] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert [f"{row[2]:%Y-%m-%d}" for row in rows if row[1] == "王敏"] == ["2026-12-31"]
    assert [row[0] for row in rows if row[0]] == [2]
