"""Names, messages, previews, progress and the private folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import Bilingual
from feedback_nlp.io.raw import InputInfo, Raw
from feedback_nlp.schema import ROLES
from feedback_nlp.webapp import places, stages
from feedback_nlp.webapp.places import private_folder, safe_name
from feedback_nlp.webapp.preview import preview, sheets
from feedback_nlp.webapp.stages import STAGES, Course, costs
from feedback_nlp.webapp.wording import LABELS, page_words

STATIC = Path(places.__file__).parent / "static"


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("投诉.xlsx", "投诉.xlsx"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\我\导出.csv", "导出.csv"),
        ("-", "upload"),
        ("--help.csv", "help.csv"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.csv", "ab.csv"),
        ("nul.csv", "_nul.csv"),
        ("COM1", "_COM1"),
        ("", "upload"),
        ("..", "upload"),
        ("\ud800.csv", "csv"),
    ],
)
def test_safe_names(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


@given(st.text(max_size=300))
def test_a_safe_name_is_a_file_of_its_folder(name: str) -> None:
    kept = safe_name(name)
    assert 0 < len(kept.encode()) <= 255
    assert Path(kept).name == kept
    assert not kept.startswith(("-", "."))
    assert safe_name(kept) == kept


def test_a_long_name_keeps_its_suffix() -> None:
    kept = safe_name("很" * 200 + ".csv.gz")
    assert kept.endswith("很.csv.gz")
    assert len(kept.encode()) <= 120


def test_options_in_messages_become_places_of_the_page() -> None:
    line = Bilingual(
        "没有认出正文。用 --text 列名 指定；或（用 --sheet 指定），--jobs 也行。",
        "No text. Name it with --text COLUMN; or (choose with --sheet), name another (--text), --jobs too.",
    )
    said = page_words(line)
    assert said.zh == "没有认出正文。在“正文”里指定；或（在“工作表”里指定），--jobs 也行。"
    assert said.en == (
        "No text. Name it under 'Text'; or (choose under 'Sheet'), name another ('Text'), --jobs too."
    )


def test_every_role_has_a_label() -> None:
    assert set(LABELS) == set(ROLES)


def table(**columns: list[str]) -> Raw:
    return Raw(pa.table(columns), InputInfo("x.csv", "csv"))


def test_a_preview_is_masked() -> None:
    found = preview(
        table(
            客户姓名=["欧阳明", "李娜"],
            内容=["打13800138000没人接，" + "长" * 80, "张伟先生说物流太慢"],
            fb_label=["x", "y"],
        )
    )
    shown = json.dumps({key: value for key, value in found.items() if key != "names"}, ensure_ascii=False)
    for secret in ("13800138000", "欧阳明", "李娜", "张伟", "fb_label"):
        assert secret not in shown
    assert found["roles"]["text"]["column"] == 1
    assert max(len(cell) for row in found["rows"] for cell in row) == 60
    assert found["problem"] is None


def test_without_a_text_the_other_roles_are_still_recognised() -> None:
    found = preview(table(评分=["1", "5", "3"], 时间=["2025-01-01", "2025-01-02", "2025-01-03"]))
    assert set(found["roles"]) == {"rating", "time"}
    assert "在“正文”里指定" in found["problem"]["zh"]


def test_names_without_a_header_are_masked_too() -> None:
    found = preview(Raw(pa.table({"电话13800138000": ["好用得很，物流也快"]}), InputInfo("x.csv", "csv")))
    assert found["columns"][0]["name"] == "电话***********"
    assert found["names"] == ["电话13800138000"]


def test_sheets_of_workbooks_only(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "two.xlsx")) as book:
        for name in ("说明", "明细"):
            book.add_worksheet(name).write(0, 0, "x")
    assert sheets(tmp_path / "two.xlsx") == ["说明", "明细"]
    (tmp_path / "one.csv").write_text("内容\n好\n", encoding="utf-8")
    assert sheets(tmp_path / "one.csv") == []


def test_progress_by_hand() -> None:
    course = Course({"reading": 10.0, "scoring": 30.0, "analysing": 60.0}, now=100.0)
    told = course.told(100.0)
    assert told.pop("stages") == ["reading", "scoring", "analysing"]
    assert told == {"stage": "reading", "percent": 0, "eta": None, "done": 0, "total": 0}
    assert course.told(105.0)["percent"] == 5  # half of reading, by the clock
    course.enter("scoring", 120.0)  # twice as slow as foreseen
    assert (course.told(120.0)["percent"], course.told(120.0)["eta"]) == (10, 180)
    course.count(1_000, 2_000)
    assert (course.told(150.0)["percent"], course.told(150.0)["eta"]) == (25, 150)
    course.enter("analysing", 180.0)
    assert (course.told(180.0)["percent"], course.told(180.0)["eta"]) == (40, 120)
    assert course.told(240.0)["percent"] == 70  # as slow as the stages before
    assert course.told(10_000.0)["percent"] == 97, "a stage without news is never said to be over"


@given(st.lists(st.tuples(st.sampled_from(["enter", "count", "wait"]), st.floats(0, 50)), max_size=30))
def test_progress_never_falls_and_never_reaches_the_end(steps: list[tuple[str, float]]) -> None:
    course, now, last, place = Course(costs(5_000, "linear", STAGES), now=0.0), 0.0, 0, 0
    for what, much in steps:
        now += much
        if what == "enter" and place < len(STAGES) - 1:
            place += 1
            course.enter(STAGES[place], now)
        elif what == "count":
            course.count(int(much), 50)
        told = course.told(now)
        assert last <= told["percent"] <= 99
        assert told["eta"] is None or told["eta"] >= 0
        last = told["percent"]


def test_the_encoder_costs_most_where_it_judges() -> None:
    slow = costs(10_000, "encoder", STAGES)
    assert slow[stages.SCORING] > sum(slow.values()) / 2
    assert costs(10_000, "linear", STAGES)[stages.SCORING] < slow[stages.SCORING] / 10


def test_the_private_folder_goes_and_takes_what_was_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, other = tmp_path / f"{places.PREFIX}left", tmp_path / f"{places.PREFIX}without-lock"
    for folder in (left, other):
        folder.mkdir()
        (folder / "投诉.csv").write_text("x", encoding="utf-8")
    (left / "lock").write_bytes(b"")
    with private_folder() as mine:
        assert mine.stat().st_mode & 0o777 == 0o700
        assert not left.exists()
        assert other.exists(), "only what has this program's lock is deleted"
        with private_folder() as second:
            assert mine.exists(), "another that runs is left alone"
            assert second != mine
        assert not second.exists()
    assert not mine.exists()


def test_every_word_is_there_in_both_languages_and_used() -> None:
    words = json.loads((STATIC / "words.json").read_text(encoding="utf-8"))
    page = (STATIC / "page.html").read_text(encoding="utf-8")
    script = (STATIC / "page.js").read_text(encoding="utf-8")
    used = set(re.findall(r'data-(?:t|label|title)="(\w+)"', page))
    used |= set(re.findall(r'\b(?:t|pair)\("(\w+)"', script)) | set(re.findall(r"words\.(\w+)\[", script))
    used |= {f"stage_{stage}" for stage in STAGES}
    assert used == set(words)
    for key, (zh, en) in words.items():
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), key
        assert not re.search(r"[\u4e00-\u9fff]", en) or key == "language", key


def test_the_page_takes_nothing_from_elsewhere_and_sets_no_html() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "//" not in re.sub(r"^\s*//.*$|; //.*$|\s// .*$", "", text, flags=re.MULTILINE), path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text), path.name
        assert not re.search(r"<(script(?! src)|style)|\son\w+=|style=", text), path.name
