"""Customers and experience in the report: what a reader sees, masked, in both languages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

import feedback_nlp as fn
from feedback_nlp.pipeline.privacy import masked_customers
from feedback_nlp.report.customers import customer_sheets

COLUMNS = ("编号", "内容", "客户", "时间", "金额")
ROWS: list[dict[str, Any]] = [
    dict(zip(COLUMNS, row, strict=True))
    for row in (
        ("1", "退款拖了两周还没到账，要求尽快退款", "13800000000", "2025-01-03", 100),
        ("2", "退款还是没到账，已经投诉到12315了", "13800000000", "2025-02-03", 50),
        ("3", "物流太慢了，等了八天，电话13900000000没人接", "王小明", "2025-02-05", 900),
        ("4", "客服很有耐心，态度特别好", "C4", "2025-02-06", 20),
        ("5", "物流很慢，还破损了", "C5", "2025-01-06", 10),
    )
]


def analysed(rows: list[dict[str, Any]], **options: Any) -> fn.Analysis:
    import pandas as pd

    return fn.analyze(pd.DataFrame(rows), model="lexicon", draws=50, **options)


@pytest.fixture(scope="module")
def result() -> fn.Analysis:
    return analysed(ROWS, text="内容", customer="客户", time="时间", amount="金额", id="编号")


def test_tables_hold_the_original_customers(result: fn.Analysis) -> None:
    assert result.follow_up["customer"].tolist() == ["13800000000", "王小明", "C5"]
    assert result.follow_up["first"].tolist() == [True, False, False]
    assert set(result.customers["customer"]) == {"13800000000", "王小明", "C4", "C5"}
    assert result.customers.attrs["reason"] is None
    slow = result.value_weighted.set_index("issue_id").loc["logistics.speed:slow_delivery"]
    assert (slow.n_customers, slow.customer_share) == (2, 0.5)
    assert slow.value_share == pytest.approx(910 / 1080)
    assert result.issue_customers.query("issue_id == 'logistics.speed:slow_delivery'")[
        "customer"
    ].tolist() == [
        "王小明",
        "C5",
    ]
    months = result.experience.query("code == ''")
    assert months["month"].tolist() == ["", "2025-01", "2025-02"]


def test_reports_are_masked(result: fn.Analysis, tmp_path: Path) -> None:
    result.write(tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    told = (tmp_path / "summary.json").read_text(encoding="utf-8")
    book = CalamineWorkbook.from_path(str(tmp_path / "issues.xlsx"))
    cells = json.dumps(
        [book.get_sheet_by_name(name).to_python() for name in book.sheet_names],
        default=str,
        ensure_ascii=False,
    )
    for text in (html, told, cells):
        assert "王小明" not in text
        assert "王**" in text
        assert not re.search(r"(?<!\d)1[38]\d{9}(?!\d)", text)
    calls = book.get_sheet_by_name("回访清单").to_python()
    assert calls[0][:5] == ["次序", "客户", "为什么", "客户原话", "要求"]
    assert [row[1] for row in calls[1:]] == ["***********", "王**", "C5"]
    assert "提到维权、投诉" in calls[1][2]
    assert {"按价值看问题", "问题背后的客户", "体验指数", "反复不满的客户"} <= set(book.sheet_names)
    assert 'id="customers"' in html
    assert 'id="experience"' in html


def test_unmasked_when_asked(result: fn.Analysis) -> None:
    open_one = analysed(ROWS, text="内容", customer="客户", time="时间", amount="金额", id="编号", mask=False)
    rows = open_one.to_dict()["customers"]["follow_up"]
    assert [row["customer"] for row in rows] == ["13800000000", "王小明", "C5"]
    masked = result.to_dict()["customers"]["follow_up"]
    assert masked[1]["customer"] == "王**"
    assert "text" not in masked[1]
    assert masked[0]["asked"] == ""
    assert next(row["asked"] for row in rows) == masked[0]["asked"]


def test_english_twin() -> None:
    found = analysed(ROWS, text="内容", customer="客户", time="时间", amount="金额", id="编号", lang="en")
    block = found.summary["customers"]
    assert "legal steps" in block["follow_up"][0]["why"]
    assert all(row["name"] for row in block["segments"])
    assert "Of 4 customers" in block["sentences"][0]
    assert re.match(r"experience \d+ \(\d+–\d+\), satisfaction", found.summary["experience"]["sentences"][0])


def test_without_customers_the_sheet_says_how_to_get_one() -> None:
    found = analysed([{"内容": "物流太慢了"}])
    ((key, _, rows),) = customer_sheets(found.summary)
    assert key == "follow_up"
    assert "--customer" in rows[0][2]
    assert found.follow_up.empty
    assert "--customer" in found.follow_up.attrs["reason"]
    assert found.summary["experience"]["charts"] == []


def test_unhappy_without_a_reason_and_happy() -> None:
    rows = [{"内容": "昨天买的东西", "客户": "a"}, {"内容": "昨天来的，很满意", "客户": "b"}]
    found = analysed(rows, text="内容", customer="客户")
    (call,) = found.summary["customers"]["follow_up"]
    assert (call["customer"], call["why"], call["quote"]) == ("a", "总体不满", "昨天买的东西")
    assert found.to_dict()["experience"]["rows"][0]["experience"] is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王**"),
        ("欧阳小明", "欧***"),
        ("13800000000", "***********"),
        ("a@example.com", "*************"),
        ("C0012", None),
        ("会员10023", None),
    ],
)
def test_customers_that_are_people(name: str, shown: str | None) -> None:
    assert masked_customers([name]).get(name) == shown
