"""The action log in TOML and in the workbook."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.monitoring.actions import Action
from feedback_nlp.pipeline.action_log import find_actions, read_actions

GOOD = """
[[action]]
issue = "after_sales.refund:slow"
action = "退款改为 24 小时内审核"
owner = "售后组"
date = 2025-04-01
status = "已完成"

[[action]]
issue = "发货慢"
action = "周末也发货"
date = "2025年5月1日"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "actions.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_toml(tmp_path: Path) -> None:
    assert read_actions(written(tmp_path, GOOD)) == (
        Action("after_sales.refund:slow", "退款改为 24 小时内审核", "售后组", date(2025, 4, 1), "已完成"),
        Action("发货慢", "周末也发货", None, date(2025, 5, 1), None),
    )


def test_an_empty_log(tmp_path: Path) -> None:
    assert read_actions(written(tmp_path, "")) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[action]]\naction = 'x'", "第 1 条没有 issue"),
        ("[[action]]\nissue = 'x'", "第 1 条没有 action"),
        ("[[action]]\nissue = 'x'\naction = 'y'\ndate = '哪天'", "日期“哪天”读不懂"),
        ("[[action]]\nissue = 'x'\naction = 'y'\nwhen = 2025-01-01", "“when”不认识"),
        ("[[action]]\nissue = 3\naction = 'y'", "issue 应为文字"),
        ("action = 'x'", "不是 \\[\\[action\\]\\]"),
        ("[other]\nx = 1", "“other”不是"),
        ("= broken", "读不了"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        read_actions(written(tmp_path, text))
    assert "\n" not in error.value.message("zh")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="找不到文件"):
        read_actions(tmp_path / "actions.toml")


def workbook(path: Path, sheet: str, rows: list[list[str]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet(sheet)
    for k, row in enumerate(rows):
        page.write_row(k, 0, row)
    book.close()
    return path


HEADS = ["问题编号", "问题", "措施", "负责人", "措施日期", "进展", "前后变化"]


def test_the_sheet_of_the_workbook(tmp_path: Path) -> None:
    rows = [HEADS, ["", "发货慢", "周末也发货", "仓库", "2025-05-01", "", "…"], [""] * 7]
    assert read_actions(workbook(tmp_path / "issues.xlsx", "措施", rows)) == (
        Action("发货慢", "周末也发货", "仓库", date(2025, 5, 1), None),
    )


def test_a_line_without_an_action_is_told(tmp_path: Path) -> None:
    heads = ["Issue id", "Issue", "Action", "Owner", "Action date", "Progress"]
    with pytest.raises(ConfigError, match="“Actions”表第 2 行没有 action"):
        read_actions(workbook(tmp_path / "a.xlsx", "Actions", [heads, ["", "late"]]))


def test_a_column_that_was_renamed_is_told(tmp_path: Path) -> None:
    heads = ["谁负责" if head == "负责人" else head for head in HEADS]
    with pytest.raises(ConfigError, match=r"第 1 行缺少列 负责人.*撤销"):
        read_actions(workbook(tmp_path / "a.xlsx", "措施", [heads, ["", "发货慢", "周末也发货", "仓库"]]))


def test_a_workbook_without_the_sheet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="没有“措施”工作表"):
        read_actions(workbook(tmp_path / "a.xlsx", "别的", []))


def test_where_the_log_is_looked_for(tmp_path: Path) -> None:
    out = tmp_path / "报告"
    out.mkdir()
    assert find_actions("-", out) is None
    book = workbook(out / "issues.xlsx", "措施", [HEADS])
    assert find_actions(tmp_path / "投诉.xlsx", out) == book
    log = written(tmp_path, GOOD)
    assert find_actions(tmp_path / "投诉.xlsx", out) == log
    (out / "issues.xlsx").write_bytes(b"no workbook")
    assert find_actions(None, out) is None
