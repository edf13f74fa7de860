"""Exposure files as people write them, and one line where they can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.pipeline.exposure_file import read_exposure

MONTHS = {("2025-01", ""): 1200, ("2025-02", ""): 800}


def written(folder: Path, text: str) -> Path:
    path = folder / "订单.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "unit", "column", "amounts"),
    [
        ("月份,订单数\n2025-01,1200\n2025-02,800\n", "month", None, MONTHS),
        ("年月,销量\n2025年1月,\"1,200\"\n202502,800\n", "month", None, MONTHS),
        ("周次,单量\n2025-W03,5\n2025年第4周,6\n", "week", None, {("2025-W03", ""): 5, ("2025-W04", ""): 6}),
        ("日期,门店,订单数\n2025-01-01,城东店,5\n2025-01-02,城西店,6\n2025-01-02,城西店,1\n", "day", "store",
         {("2025-01-01", "城东店"): 5, ("2025-01-02", "城西店"): 7}),
        ("month,product,units\n2025-01-01,kettle,5\n2025-02-01,kettle,6\n", "month", "product",
         {("2025-01", "kettle"): 5, ("2025-02", "kettle"): 6}),
        ("日期,甲\n2025-01-06,5\n2025-01-13,6\n", "week", None, {("2025-W02", ""): 5, ("2025-W03", ""): 6}),
    ],
)  # fmt: skip
def test_what_people_write(tmp_path: Path, text: str, unit: str, column: str | None, amounts: dict) -> None:
    found = read_exposure(written(tmp_path, text))
    assert (found.unit, found.column) == (unit, column)
    assert found.amounts == amounts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("门店,订单数\n城东店,5\n", "找不到时期列"),
        ("月份,备注\n2025-01,很多\n", "找不到数量列"),
        ("月份,订单数\n2025-01,5\n2025-02,很多\n", "第 2 条数据的“订单数”是“很多”"),
        ("月份,订单数\n2025-01,-5\n", "是“-5”，不是 0 以上的数"),
        ("月份,订单数\n2025-01,5\n哪月,6\n", "第 2 条数据的“月份”是“哪月”"),
        ("月份,订单数\n2025-01,5\n2025-W03,6\n", "读不成和别行一样的时期"),
        ("月份,订单数\n2025-01,0\n", "全是 0"),
        ("月份,订单数\n2025-01,nan\n", "不是 0 以上的数"),
        ("周,订单数\n2025-W60,3\n", "“2025-W60”"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        read_exposure(written(tmp_path, text))
    assert "\n" not in error.value.message("zh")
    assert "订单.csv" in error.value.message("en")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="找不到"):
        read_exposure(tmp_path / "没有.csv")
