"""The slides, opened back: native charts with the summary's numbers, masked quotes, a file that opens."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from itertools import combinations
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import make_summary

from feedback_nlp.errors import MissingExtraError
from feedback_nlp.report import slides
from feedback_nlp.report.slide_kit import height_of, said
from feedback_nlp.report.wording import Words
from feedback_nlp.taxonomy import Taxonomy

pptx = pytest.importorskip("pptx")
ZH = Words("zh")


def opened(summary: dict, path: Path, **options: Any) -> Any:
    slides.write(summary, path, **options)
    return pptx.Presentation(str(path))


def charts_of(slide: Any) -> list[Any]:
    return [shape.chart for shape in slide.shapes if shape.has_chart]


def texts_of(slide: Any) -> str:
    return "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


@pytest.fixture(scope="module")
def deck(summary: dict, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return opened(summary, tmp_path_factory.mktemp("deck") / "report.pptx")


def titled(deck: Any, title: str) -> Any:
    return next(slide for slide in deck.slides if slide.shapes.title.text_frame.text == title)


def test_one_slide_an_issue_between_the_summary_and_the_method(deck: Any, summary: dict) -> None:
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    listed = [row for row in summary["issues"] if row["group"] == "listed" and not row["other"]]
    assert titles == [
        ZH("cover.title"), ZH("nav.first"), ZH("chart.elements_title"), ZH("nav.issues"),
        ZH("chart.pareto_title"),
        *(ZH("slide.issue", rank=row["rank"], name=row["name"]) for row in listed[: slides.TOP]),
        ZH("nav.trend"), ZH("nav.method"),
    ]  # fmt: skip


def test_the_number_of_issues_is_chosen(summary: dict, tmp_path: Path, deck: Any) -> None:
    fewer = opened(summary, tmp_path / "two.pptx", top=2)
    assert len(deck.slides) - len(fewer.slides) == slides.TOP - 2


def test_the_summary_says_what_the_report_says(deck: Any, summary: dict) -> None:
    text = texts_of(titled(deck, ZH("nav.first")))
    for item in summary["headline"]["sentences"]:
        assert item["text"] in text
    assert ZH.percent(summary["reviews"]["negative_share"]) in text
    assert "仅供" not in text


def test_what_the_table_leaves_out_is_told_by_groups(summary: dict, tmp_path: Path) -> None:
    groups = ["listed"] * (slides.N_ROWS + 2) + ["rare"] * 3
    many = [{**summary["issues"][0], "issue_id": str(k), "group": name} for k, name in enumerate(groups)]
    made = opened({**summary, "issues": many}, tmp_path / "many.pptx", top=1)
    assert "另有 2 个问题、3 个少见的问题，见报告。" in texts_of(titled(made, ZH("nav.issues")))


def test_elements_are_a_native_chart(deck: Any, summary: dict) -> None:
    (chart,) = charts_of(titled(deck, ZH("chart.elements_title")))
    n = summary["reviews"]["n_counted"]
    assert list(chart.plots[0].categories) == [row["name"] for row in summary["elements"]]
    for series, label in zip(chart.plots[0].series, ("negative", "neutral", "positive"), strict=True):
        assert list(series.values) == pytest.approx([row[f"n_{label}"] / n for row in summary["elements"]])


def test_pareto_has_columns_and_a_line_of_its_own_axis(deck: Any, summary: dict) -> None:
    (chart,) = charts_of(titled(deck, ZH("chart.pareto_title")))
    columns, line = chart.plots
    assert (type(columns).__name__, type(line).__name__) == ("BarPlot", "LinePlot")
    shown = summary["pareto"][: len(list(columns.categories))]
    assert list(columns.series[0].values) == [row["n_reviews"] for row in shown]
    assert list(line.series[0].values) == pytest.approx([row["cumulative"] for row in shown])
    area = chart._chartSpace.chart.plotArea
    space = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
    used = [
        axis.get("val")
        for plot in area.iter(f"{space}barChart", f"{space}lineChart")
        for axis in plot.findall(f"{space}axId")
    ]
    made = [
        axis.find(f"{space}axId").get("val")
        for name in ("catAx", "valAx")
        for axis in area.findall(f"{space}{name}")
    ]
    assert sorted(used) == sorted(made)
    assert len(set(used)) == 4


def test_an_issue_has_its_size_its_course_and_its_quotes(deck: Any, summary: dict) -> None:
    row = next(row for row in summary["issues"] if not row["safety"] and row["group"] == "listed")
    slide = titled(deck, ZH("slide.issue", rank=row["rank"], name=row["name"]))
    text = texts_of(slide)
    assert ZH.percent(row["share"]) in text
    assert row["trend_text"] in text
    assert row["action"] in text
    assert row["quotes"][0]["clause"] in text
    assert row["quotes"][0]["review_id"] in text
    (chart,) = charts_of(slide)
    spans = row["periods"]
    assert list(chart.plots[0].series[0].values) == pytest.approx(
        [span["n_reviews"] / span["n_base"] for span in spans]
    )
    assert row["quotes"][0]["review_id"] in slide.notes_slide.notes_text_frame.text


def test_the_trend_is_drawn(deck: Any, summary: dict) -> None:
    whole, lines = charts_of(titled(deck, ZH("nav.trend")))
    assert list(whole.plots[0].series[0].values) == pytest.approx(
        [row["negative_share"] for row in summary["periods"]]
    )
    assert len(lines.plots[0].series) > 1


def test_every_chart_is_told_and_every_slide_has_a_title(deck: Any) -> None:
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text
        for shape in slide.shapes:
            if shape.has_chart:
                assert shape._element.nvGraphicFramePr.cNvPr.get("descr")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_lies_outside_or_upon_another(taxonomy: Taxonomy, tmp_path: Path, lang: str) -> None:
    deck = opened(make_summary(420, taxonomy, lang=lang), tmp_path / "report.pptx", top=8)
    for slide in deck.slides:
        boxes = []
        for shape in slide.shapes:
            box = (shape.left, shape.top, shape.left + shape.width, shape.top + shape.height)
            assert box[0] >= 0, slide.shapes.title.text_frame.text
            assert box[1] >= 0
            assert box[2] <= deck.slide_width
            assert box[3] <= deck.slide_height
            boxes.append(box)
        slack = 20_000  # EMU, half a millimetre
        for one, other in combinations(boxes, 2):
            apart = (
                one[2] <= other[0] + slack or other[2] <= one[0] + slack
                or one[3] <= other[1] + slack or other[3] <= one[1] + slack
            )  # fmt: skip
            assert apart, slide.shapes.title.text_frame.text


def test_texts_fit_their_boxes(deck: Any) -> None:
    for slide in deck.slides:
        for shape in slide.shapes:
            if not shape.has_text_frame or not shape.text_frame.text:
                continue
            frame = shape.text_frame
            room = (shape.width - frame.margin_left - frame.margin_right) / 914_400
            tall = sum(
                height_of(line.text, room, max(run.font.size.pt for run in line.runs))
                for line in frame.paragraphs
                if line.runs
            )
            assert tall * 0.9 <= shape.height / 914_400, shape.text_frame.text


def test_personal_data_is_masked_everywhere_in_the_file(taxonomy: Taxonomy, tmp_path: Path) -> None:
    masked, plain = (make_summary(420, taxonomy, mask=mask) for mask in (True, False))
    row = next(row for row in plain["issues"] if row["group"] == "listed")
    place = plain["issues"].index(row)
    with_phone = next(k for k, text in enumerate(plain["table"]["text"]) if "13812345678" in text)
    for summary in (masked, plain):
        text = summary["table"]["text"][with_phone]
        quote = {**summary["issues"][place]["quotes"][0], "before": "", "clause": text, "after": ""}
        summary["issues"][place]["quotes"].insert(0, quote)
    parts = {}
    for name, summary in (("masked", masked), ("plain", plain)):
        slides.write(summary, tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as file:
            parts[name] = b"".join(file.read(item) for item in file.namelist() if item.endswith(".xml"))
    assert b"13812345678" in parts["plain"]
    assert b"13812345678" not in parts["masked"]


def test_the_english_twin(summary_en: dict, tmp_path: Path) -> None:
    deck = opened(summary_en, tmp_path / "report.pptx")
    for slide in deck.slides:
        assert not re.search(r"[\u4e00-\u9fff]", slide.shapes.title.text_frame.text)
    method = texts_of(deck.slides[len(deck.slides) - 1]).replace(summary_en["input"]["name"], "")
    assert "Wilson" in method
    assert not re.search(r"[\u4e00-\u9fff]", method)


def test_hostile_names_are_text_also_in_the_workbooks_of_the_charts(summary: dict, tmp_path: Path) -> None:
    name = "=1+1 <b>\x1b&\ud800 \N{GRINNING FACE}"
    issues = [{**row, "name": name} for row in summary["issues"]]
    hostile = {**summary, "issues": issues, "pareto": [{**row, "name": name} for row in summary["pareto"]]}
    hostile["elements"] = [{**row, "name": "http://x.example"} for row in summary["elements"]]
    deck = opened(hostile, tmp_path / "report.pptx")
    assert any("=1+1 <b>& \N{GRINNING FACE}" in texts_of(slide) for slide in deck.slides)
    charts = [chart for slide in deck.slides for chart in charts_of(slide)]
    assert len(charts) > 4
    for chart in charts:
        book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
        cells = [cell for row in book.active.iter_rows() for cell in row]
        assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_without_times_places_or_issues_it_is_still_a_deck(summary: dict, tmp_path: Path) -> None:
    bare = {**summary, "periods": [], "pareto": [], "issues": [], "elements": []}
    bare["satisfaction"] = dict.fromkeys(summary["satisfaction"])
    assert len(opened(bare, tmp_path / "bare.pptx").slides) == 3
    undated = [{**row, "periods": []} for row in summary["issues"]]
    deck = opened({**summary, "periods": [], "issues": undated}, tmp_path / "undated.pptx")
    row = next(row for row in undated if row["where"] and row["group"] == "listed")
    (chart,) = charts_of(titled(deck, ZH("slide.issue", rank=row["rank"], name=row["name"])))
    assert (
        list(chart.plots[0].categories) == [unit["unit"] for unit in row["units"][row["where"]["column"]]][:6]
    )


def test_a_long_quote_is_cut_around_its_clause(summary: dict, tmp_path: Path) -> None:
    long = {
        **summary["issues"][0]["quotes"][0],
        "before": "前" * 400,
        "clause": "坏" * 300,
        "after": "后" * 400,
    }
    issues = [{**summary["issues"][0], "quotes": [long] * 3}, *summary["issues"][1:]]
    deck = opened({**summary, "issues": issues}, tmp_path / "report.pptx")
    slide = titled(deck, ZH("slide.issue", rank=issues[0]["rank"], name=issues[0]["name"]))
    bottom = max(shape.top + shape.height for shape in slide.shapes)
    assert bottom <= deck.slide_height
    assert "前…" not in texts_of(slide)
    assert "…前" in texts_of(slide)


def test_a_missing_extra_names_the_install_command(
    summary: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(MissingExtraError, match=re.escape('pip install "feedback-nlp[pptx]"')):
        slides.write(summary, tmp_path / "report.pptx")
    assert not (tmp_path / "report.pptx").exists()


def test_said() -> None:
    assert said("甲\n乙\x07\t丙\ud83d") == "甲 乙 丙"


@pytest.mark.parametrize(("n", "told"), [(None, False), (0, False), (7, True)])
def test_customers_are_told_where_reviews_name_them(
    summary: dict, tmp_path: Path, n: int | None, told: bool
) -> None:
    issues = [{**row, "n_customers": n} for row in summary["issues"]]
    made = opened({**summary, "issues": issues}, tmp_path / "report.pptx")
    assert any("位客户" in text for slide in made.slides for text in [texts_of(slide)]) == told
