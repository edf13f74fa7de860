"""Personal data in columns other than the text: in the user's own tables as it is, in reports nowhere."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import feedback_nlp as fn

PHONES = [f"138123456{n:02d}" for n in range(12)]
ID_CARD, MAIL, PLATE = "11010519491231002X", "someone@example.com", "京A12345"
TEXTS = ["物流太慢了，等了十天", "客服态度很差", "退款拖了一个月还没到账", "质量很差，用一次就坏"] * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = pd.DataFrame(
        {
            "工单号": PHONES,
            "投诉内容": [f"{text}{row}，电话{PHONES[row]}" for row, text in enumerate(TEXTS)],
            "门店": [ID_CARD, "幸福路128号店", "王老师烤鱼店"] * 4,
            "产品": [MAIL, "扫地机器人", "SF1234567890123"] * 4,
            "渠道": [PLATE, "电话", "欧阳明先生"] * 4,
        }
    )
    out = tmp_path_factory.mktemp("private")
    frame.to_csv(out / f"{PHONES[0]}.csv", index=False)
    fn.analyze(out / f"{PHONES[0]}.csv", model="lexicon", draws=20).write(out)
    return out


def shown(folder: Path) -> str:
    parts = [(folder / name).read_text(encoding="utf-8") for name in ("report.html", "summary.json")]
    with zipfile.ZipFile(folder / "issues.xlsx") as book:
        parts += [book.read(name).decode("utf-8", "ignore") for name in book.namelist()]
    return "\n".join(parts)


@pytest.mark.parametrize("secret", [*PHONES, ID_CARD, MAIL, PLATE, "欧阳明"])
def test_reports_show_no_personal_data_of_any_column(folder: Path, secret: str) -> None:
    assert secret not in shown(folder)


@pytest.mark.parametrize("name", ["幸福路128号店", "王老师烤鱼店", "SF1234567890123", "扫地机器人"])
def test_names_of_shops_and_products_stay(folder: Path, name: str) -> None:
    assert name in shown(folder)


def test_hidden_ids_are_row_numbers_and_quotes_still_find_them(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    examples = [example for issue in summary["issues"] for example in issue["examples"]]
    assert examples
    assert all(example.startswith("#") for example in examples)
    assert "<mark>" in (folder / "report.html").read_text(encoding="utf-8")


def test_data_files_keep_the_users_own_data(folder: Path) -> None:
    assert pd.read_parquet(folder / "scored.parquet")["工单号"].tolist() == PHONES
    assert set(pd.read_parquet(folder / "mentions.parquet")["review_id"]) <= set(PHONES)


def test_order_numbers_stay_as_ids() -> None:
    ids = ["2025030112345678901", "2025030112345678902"]
    frame = pd.DataFrame({"订单号": ids, "内容": ["物流太慢了", "客服态度很差"]})
    examples = fn.analyze(frame, model="lexicon", draws=5).to_dict()["issues"][0]["examples"]
    assert examples[0].split(":")[0] in ids


def test_without_masking_everything_is_shown() -> None:
    frame = pd.DataFrame({"工单号": PHONES, "内容": TEXTS})
    found = fn.analyze(frame, model="lexicon", draws=5, mask=False).to_dict()
    assert found["issues"][0]["examples"][0].split(":")[0] in PHONES
