"""Data that allow little: a sentence says what could not be told and why; never NaN, never a crash."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedback_nlp as fn
from feedback_nlp.report import html

BAD = ["物流太慢了等了十天", "客服态度很差爱答不理", "退款拖了一个月还没到账", "做工粗糙用两天就坏了"]
GOOD = ["客服很耐心", "送货很快", "做工扎实", "价格实惠"]


def rows(n: int = 120, seed: int = 1) -> list[dict[str, Any]]:
    """Reviews over six months in four stores, with ratings that go with what is said."""
    rng = random.Random(seed)
    found = []
    for k in range(n):
        bad, good = rng.random() < 0.5, rng.random() < 0.6
        said = [rng.choice(BAD)] * bad + [rng.choice(GOOD)] * good or ["今天收到了货"]
        found.append(
            {
                "内容": f"{'，'.join(said)}。第{k}单",
                "评分": max(1, min(5, 3 - 2 * bad + 2 * good + rng.choice([-1, 0, 0, 1]))),
                "时间": f"2025-{1 + k % 6:02}-{1 + k % 28:02}",
                "门店": f"店{k % 4}",
                "客户": f"C{k % 50}",
            }
        )
    return found


def changed(**columns: Callable[[int, dict[str, Any]], Any]) -> list[dict[str, Any]]:
    return [row | {name: make(k, row) for name, make in columns.items()} for k, row in enumerate(rows())]


CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "constant scores": (changed(评分=lambda k, row: 5), "所有评分都相同"),
    "no scores": ([{k: v for k, v in row.items() if k != "评分"} for row in rows()], "没有评分或 NPS 列"),
    "few scores": (changed(评分=lambda k, row: row["评分"] if k < 20 else None), "只有 20 条有评分"),
    "all negative": (
        changed(内容=lambda k, row: f"{BAD[k % 4]}，气死了，太差了。第{k}单", 评分=lambda k, row: 1 + k % 2),
        "几乎全是负面",
    ),
    "one month": (changed(时间=lambda k, row: f"2025-03-{1 + k % 28:02}"), "看不出趋势"),
    "no dates": ([{k: v for k, v in row.items() if k != "时间"} for row in rows()], "没有时间"),
    "one category": (changed(内容=lambda k, row: f"{BAD[0] if k % 2 else GOOD[1]}。第{k}单"), "不到两个"),
    "zero mentions": (changed(内容=lambda k, row: f"今天收到了，第{k}单"), "没有找到"),
    "one store": (changed(门店=lambda k, row: "总店"), "分不清问题是个别还是普遍"),
    "no places": (
        [{k: v for k, v in row.items() if k != "门店"} for row in rows()],
        "没有门店、产品或渠道列",
    ),
    "scores unlike the texts": (changed(评分=lambda k, row: 1 + k * 7 % 5), "没有可辨认的关系"),
    "ratings with text": (
        changed(评分=lambda k, row: "很满意啊亲" if k % 10 == 0 else row["评分"]),
        "",
    ),
    "dates partly unreadable": (
        changed(时间=lambda k, row: "不记得了" if k % 10 == 0 else row["时间"]),
        "",
    ),
    "three reviews": (rows(3), "只有 3 条"),
    "one review": (rows(1), "只有 1 条"),
    "200 issues": (
        [
            row | {"内容": f"{thing}{fault}，{row['内容']}"}
            for row, (thing, fault) in zip(
                rows(400),
                [
                    (a + b, c)
                    for a in "门窗灯床桌椅锅碗瓢盆"
                    for b in "把板盖边脚面底角架套"
                    for c in ("坏了", "太脏")
                ]
                * 2,
                strict=True,
            )
        ],
        "",
    ),
}


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_told_is_said(name: str, tmp_path: Path) -> None:
    data, said = CASES[name]
    result = fn.analyze(pd.DataFrame(data), model="lexicon", draws=50)
    page = html.render(result.summary)
    prose = re.sub(r"<(script|style).*?</\1>|<[^>]*>", "", page, flags=re.S)
    assert said in prose
    assert not re.search(r"\b(nan|none|inf)\b", prose, flags=re.I)
    json.dumps(result.summary, allow_nan=False, default=str)
    assert all(number == number for number in numbers(result.to_dict()))
    written = result.write(tmp_path)
    assert all(path.stat().st_size > 0 for path in written.values())
    result.rerank(weights=(0.2, 0.2, 0.6), feasibility={"logistics": 5})
    for column in ("rank", "rank_low", "rank_high", "priority", "p_first", "p_top3"):
        assert result.issues[column].notna().all()
    asked = result.what_if("logistics")
    assert len(asked) >= 1
    assert (asked.change.notna() | asked.reason.notna()).all()


def test_unreadable_cells_are_counted_out_and_named() -> None:
    data = changed(
        评分=lambda k, row: "很满意啊亲" if k % 10 == 0 else row["评分"],
        时间=lambda k, row: "不记得了" if k % 10 == 0 else row["时间"],
    )
    result = fn.analyze(pd.DataFrame(data), model="lexicon", rating="评分", time="时间", draws=20)
    assert result.insight.satisfaction["n_rating"] == 108
    notes = " ".join(note.zh for note in result.notes)
    assert "12" in notes
    assert "评分" in notes
    assert "时间" in notes
