"""An analysis over time, from texts to what the report shows of it."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

import feedback_nlp as fn
from feedback_nlp.errors import ConfigError, InputError
from feedback_nlp.insight.monitoring.actions import Action

GOOD = ("质量很好", "客服很耐心", "包装不错", "性价比高")
WEEKS, EACH = 30, 40


def reviews(weeks: int = WEEKS, burst: int | None = 26) -> pd.DataFrame:
    rng = random.Random(7)
    rows = []
    for week in range(weeks):
        slow = 24 if week == burst else 3
        for i in range(EACH):
            text = "物流太慢了" if i < slow else rng.choice(GOOD)
            day = dt.date(2025, 1, 6) + dt.timedelta(days=7 * week + i % 7)
            rows.append((f"{week}-{i}", f"{text}，{week}周{i}单", day.isoformat(), f"{'东西'[i % 2]}店"))
    return pd.DataFrame(rows, columns=["编号", "评价内容", "时间", "门店"])


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("x") / "订单.csv"
    lines = [f"2025-W{week + 2:02d},{4000}" for week in range(WEEKS)]
    path.write_text("周次,订单数\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def analysis(orders: Path) -> fn.Analysis:
    actions = [Action("logistics.speed:slow_delivery", "换承运商", "物流组", dt.date(2025, 7, 14), "已完成")]
    return fn.analyze(reviews(), model="lexicon", draws=20, exposure=orders, actions=actions)


def test_the_burst_alarms_on_its_day(analysis: fn.Analysis) -> None:
    found = analysis.alarms
    row = found[(found["code"] == "logistics") & (found["direction"] == "up")].iloc[0]
    # Week 26 from 0 ends on Sunday 2025-07-13.
    assert row["fired_on"] == "2025-07-13"
    assert row["share"] == pytest.approx(24 / EACH)
    assert analysis.monitoring.alarms.periods.unit == "week"


def test_the_report_shows_it(analysis: fn.Analysis, tmp_path: Path) -> None:
    files = analysis.write(tmp_path / "out")
    page = files["report.html"].read_text(encoding="utf-8")
    assert 'id="alarms"' in page
    assert "2025-07-13 发出预警" in page
    assert "每千订单数" in page
    assert "换承运商" in page
    block = json.loads(files["summary.json"].read_text(encoding="utf-8"))["monitoring"]
    assert block["alarms"]["unit"] == "week"
    assert block["alarms"]["rows"]
    assert block["rates"]["header"] == "订单数"
    assert block["since"] is None
    book = load_workbook(files["issues.xlsx"])
    assert {"预警", "措施", "每千单"} <= set(book.sheetnames)
    assert book["措施"]["C2"].value == "换承运商"


def test_rates_by_hand(analysis: fn.Analysis) -> None:
    rows = analysis.monitoring.rates.table.to_pylist()
    row = next(row for row in rows if row["code"] == "logistics")
    assert row["n_reviews"] == 3 * (WEEKS - 1) + 24
    assert row["per_thousand"] == pytest.approx(1000 * row["n_reviews"] / (4000 * WEEKS))


def test_what_changed_comes_first(tmp_path: Path) -> None:
    early, late = (fn.analyze(reviews(weeks), model="lexicon", draws=20) for weeks in (20, WEEKS))
    early.write(tmp_path)
    told = late.after(tmp_path)
    text = told.to_markdown().splitlines()[2]
    assert "上次以来" in text
    assert f"新增 {(WEEKS - 20) * EACH} 条评价" in text
    late.write(tmp_path)
    block = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["monitoring"]["since"]
    assert block["kind"] == "added"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index("上次以来") < page.index("先改进")
    # Again, with the same reviews: nothing has changed, so nothing is said.
    late.write(tmp_path)
    assert "上次以来" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_has_not_moved_is_not_listed_as_moved(tmp_path: Path) -> None:
    early = fn.analyze(reviews(20), model="lexicon", draws=20)
    early.write(tmp_path)
    place = tmp_path / "summary.json"
    before = json.loads(place.read_text(encoding="utf-8"))
    row = next(row for row in before["issues"] if not row["other"])
    row["n_reviews"] += 20
    place.write_text(json.dumps(before), encoding="utf-8")
    told = early.after(tmp_path).to_markdown().splitlines()[2]
    assert told.count("→") == 1
    assert row["name"] in told


def test_the_workbook_is_read_back(analysis: fn.Analysis, tmp_path: Path) -> None:
    from feedback_nlp.pipeline.action_log import read_actions

    book = analysis.to_excel(tmp_path / "issues.xlsx")
    assert read_actions(book)[0].action == "换承运商"
    assert read_actions(book)[0].date == dt.date(2025, 7, 14)


def test_a_broken_summary_is_no_last_run(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{", encoding="utf-8")
    found = fn.analyze(["物流太慢了"], model="lexicon", draws=5)
    assert found.after(tmp_path) is found


@pytest.mark.parametrize(
    ("texts", "note"),
    [(["物流太慢了"], "没有时间列"), (None, "太短")],
)
def test_too_little_is_said(texts: list[str] | None, note: str) -> None:
    data = texts or reviews(2, None)
    found = fn.analyze(data, model="lexicon", draws=5)
    assert note in found.summary["monitoring"]["alarms"]["note"]
    assert found.alarms.empty
    json.dumps(found.to_dict(), allow_nan=False)


def test_english_speaks_english(tmp_path: Path) -> None:
    found = fn.analyze(reviews(25, 22), model="lexicon", draws=5, lang="en")
    rows = found.summary["monitoring"]["alarms"]["rows"]
    assert rows
    assert all("alarm on" in row["text"] for row in rows)


def test_bad_options(orders: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="year"):
        fn.analyze(["物流太慢了"], model="lexicon", period="year")
    bad = fn.analyze(["物流太慢了"], model="lexicon", draws=5, exposure=orders)
    with pytest.raises(InputError, match="没有时间列"):
        bad.write(tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
