"""Personal data in columns other than the text: in the user's own tables as it is, in reports nowhere."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import feedback_nlp as fn
from feedback_nlp.frames import to_table
from feedback_nlp.io.columns import guess
from feedback_nlp.io.headers import names_people
from feedback_nlp.pipeline.privacy import masked_units

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


@pytest.mark.parametrize(("name", "masked"), [("李建国", "李**"), ("欧阳明月", "欧***"), ("王女士", "*女士")])
def test_a_shop_that_is_a_persons_name_is_masked(name: str, masked: str) -> None:
    assert masked_units([name], header="门店") == {name: masked}


def test_shops_and_places_are_no_persons() -> None:
    shops = [
        "王府井",
        "李宁",
        "周黑鸭",
        "张家界",
        "周生生",
        "白玉兰",
        "杨国福",
        "麦德龙",
        "东方明珠",
        "安定门",
        "石家庄",
    ]
    assert (
        masked_units(
            [*shops, "苏宁易购", "万达", "金龙鱼", "康师傅", "李先生牛肉面", "高新店"], header="门店"
        )
        == {}
    )


def test_columns_of_people_are_looked_at_more_strictly() -> None:
    cells = ["王芳", "李建国", "任红", "夜班组", "一线客服", "任务组", "高级坐席", "万能客服", "机器人"]
    assert masked_units(cells, header="客服") == {"王芳": "王*", "李建国": "李**", "任红": "任*"}
    assert masked_units(["王芳", "金卡"], header="门店") == {}


def test_two_people_are_not_shown_as_one() -> None:
    assert masked_units(["李建国", "李志强", "王先生"]) == {
        "李建国": "李**",
        "李志强": "李** (2)",
        "王先生": "*先生",
    }


def test_names_of_one_report_go_on_from_those_that_are_known() -> None:
    known = {"王强": "王*", "王敏": "王* (2)"}
    assert masked_units(["王敏", "王芳", "李雷"], header="客服", known=known) == {
        "李雷": "李*",
        "王芳": "王* (3)",
    }


def test_a_person_is_shown_the_same_way_in_every_table(tmp_path: Path) -> None:
    agents = ["王敏", "王芳", "王强"]
    frame = pd.DataFrame({"内容": TEXTS, "客服": agents * 4, "时间": "2025-01-02"})
    (tmp_path / "e.csv").write_text("时间,门店,订单\n2025-01,王芳,10\n2025-01,王强,20\n", encoding="utf-8")
    found = fn.analyze(frame, store="客服", exposure=tmp_path / "e.csv", model="lexicon", draws=5).to_dict()
    rates = {row["unit"]: row["exposure"] for row in found["monitoring"]["rates"]["rows"] if row["unit"]}
    assert rates == {"王*": 20.0, "王* (3)": 10.0}
    assert {place["store"] for place in found["issues"][0]["by_store"]} <= {"王*", "王* (2)", "王* (3)"}


def test_what_is_shown_of_a_column_of_people_is_masked_before_work_starts() -> None:
    table = to_table(pd.DataFrame({"内容": TEXTS, "客服": ["王芳", "李建国"] * 6, "门店": ["王府井"] * 12}))
    roles = guess(table, overrides={"channel": "客服"})
    shown = {column: why for _, column, why in roles.rows(table)}
    assert "王*" in shown["客服"]
    assert "王芳" not in shown["客服"]
    assert "王府井" in shown["门店"]


@pytest.mark.parametrize("header", ["客服", "处理人", "客户姓名", "Agent name"])
def test_headers_that_name_people(header: str) -> None:
    assert names_people(header)


@pytest.mark.parametrize("header", ["客户类型", "门店", "Store Name", "商品名字", "客服组", "会员等级"])
def test_headers_that_name_no_people(header: str) -> None:
    assert not names_people(header)


def test_names_of_sheets_and_columns_are_masked(tmp_path: Path) -> None:
    text, agent = f"张伟先生 {PHONES[0]}", f"客服{PHONES[1]}"
    frame = pd.DataFrame({text: TEXTS, agent: ["王芳", "夜班组", "李建国"] * 4})
    frame.to_excel(tmp_path / "a.xlsx", sheet_name=PHONES[2], index=False)
    found = fn.analyze(tmp_path / "a.xlsx", text=text, channel=agent, model="lexicon", draws=5)
    found.write(tmp_path / "out")
    told = shown(tmp_path / "out")
    assert [secret for secret in ("张伟", *PHONES[:3], "王芳", "李建国") if secret in told] == []
    assert "夜班组" in told
    assert found.to_dict()["input"]["sheet"] == "*" * 11


def test_what_is_said_of_sheets_is_masked_in_reports(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        for name in (PHONES[0], "李建国先生", "1月"):
            pd.DataFrame({"评价内容": TEXTS}).to_excel(book, sheet_name=name, index=False)
    fn.analyze(tmp_path / "a.xlsx", model="lexicon", draws=5).write(tmp_path / "out")
    told = shown(tmp_path / "out")
    assert "--sheet all" in told
    assert [secret for secret in (PHONES[0], "李建国") if secret in told] == []
    fn.analyze(tmp_path / "a.xlsx", model="lexicon", draws=5, mask=False).write(tmp_path / "plain")
    assert "李建国" in shown(tmp_path / "plain")
