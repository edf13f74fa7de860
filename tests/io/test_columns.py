from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import ColumnNotFoundError, ConfigError, InputError
from feedback_nlp.io.columns import Roles, canonical, guess
from feedback_nlp.schema import ROLES, check, reviews_schema

TEXTS = ["物流太慢了，等了一周", "客服很耐心", "退款拖了一个月还没有到账"]


def table(**columns):
    return pa.table(columns)


def roles_of(**columns):
    return guess(table(**columns)).columns


def test_a_typical_export():
    found = guess(
        table(
            工单编号=["001", "002", "003"],
            受理时间=["2025/3/1", "2025/3/2", "2025/3/3"],
            办结时间=["2025/3/2", "2025/3/3", "2025/3/4"],
            来源渠道=["电话", "App", "电话"],
            客户编号=["C1", "C2", "C3"],
            会员等级=["金", "银", "金"],
            门店名称=["东店", "西店", "东店"],
            产品型号=["K1", "K2", "K1"],
            诉求分类=["物流", "服务", "退款"],
            诉求内容=TEXTS,
            客服回复=["已经为您安排加急处理，请耐心等待", "感谢您的支持", "财务已受理，请等待三到五个工作日"],
            满意度=["不满意", "很满意", "很不满意"],
            涉及金额=["¥1,299.00", "", "1.2万"],
            NPS=[2, 10, 0],
        )
    )
    assert found.columns == {
        "review_id": "工单编号",
        "text": "诉求内容",
        "rating": "满意度",
        "nps": "NPS",
        "time": "受理时间",
        "channel": "来源渠道",
        "product": "产品型号",
        "store": "门店名称",
        "customer": "客户编号",
        "amount": "涉及金额",
        "tier": "会员等级",
    }
    assert set(found.why.values()) == {"header"}
    assert found.rating_scale == (1, 5)


def test_text_by_its_values_when_the_header_says_nothing():
    found = guess(table(甲=["1", "2", "3"], 乙=TEXTS, 丙=["东店", "西店", "东店"]))
    assert found.columns["text"] == "乙"
    assert found.why["text"] == "values"


def test_the_reply_is_not_the_text_even_if_it_is_longer():
    replies = [text * 3 for text in TEXTS]
    assert roles_of(回复内容=replies, 说的话=TEXTS)["text"] == "说的话"


def test_a_time_column_called_review_is_not_the_text():
    assert roles_of(评论=["2025/3/1", "2025/3/2", "2025/3/3"], 内容=TEXTS)["text"] == "内容"


def test_a_rating_called_review_is_not_the_text():
    found = roles_of(评价=["5", "4", "1"], 评价详情=TEXTS)
    assert found["text"] == "评价详情"


def test_headers_are_checked_against_values():
    found = roles_of(
        内容=TEXTS, 时间=["早上", "晚上", "中午"], 评分=["甲", "乙", "丙"], nps=["是", "否", "是"]
    )
    assert found == {"text": "内容"}


def test_zero_to_ten_is_nps_only_if_the_header_says_so():
    assert "nps" not in roles_of(内容=TEXTS, 评分=[0, 10, 5])
    assert roles_of(内容=TEXTS, 推荐意愿=[0, 10, 5])["nps"] == "推荐意愿"


def test_empty_columns_are_not_ids_or_texts():
    found = roles_of(评论内容=pa.nulls(3, pa.string()), 内容=TEXTS, 工单号=pa.nulls(3), 编号=["1", "2", "3"])
    assert found["text"] == "内容"
    assert found["review_id"] == "编号"


def test_no_text_column_lists_what_is_there():
    with pytest.raises(InputError, match="--text") as caught:
        guess(table(门店=["东店", "西店"], 数量=["1", "2"]))
    assert "门店、数量" in str(caught.value)


def test_overrides_win():
    found = guess(table(内容=TEXTS, 摘要=TEXTS, 号=["1", "2", "3"]), {"text": "摘要", "review_id": "号"})
    assert found.columns == {"text": "摘要", "review_id": "号"}
    assert found.why == {"text": "option", "review_id": "option"}


def test_override_from_the_configuration_is_named():
    found = guess(table(内容=TEXTS, 摘要=TEXTS), {"text": "摘要"}, from_config=["text"])
    assert found.why["text"] == "config"


def test_an_empty_override_closes_a_role():
    assert "channel" not in guess(table(内容=TEXTS, 渠道=["a", "b", "a"]), {"channel": ""}).columns


def test_an_overridden_column_plays_no_second_role():
    found = guess(table(评论内容=TEXTS, 来源=TEXTS), {"text": "来源"})
    assert "channel" not in found.columns


@pytest.mark.parametrize("role", ["text", "review_id"])
def test_wrong_override_suggests_the_nearest(role):
    with pytest.raises(ColumnNotFoundError, match="是不是“评论内容”") as caught:
        guess(table(评论内容=TEXTS), {role: "评论内荣"})
    assert ("--id" if role == "review_id" else "--text") in str(caught.value)


def test_given_scale_wins():
    assert guess(table(内容=TEXTS, 评分=[1, 2, 5]), rating_scale=(1, 10)).rating_scale == (1, 10)
    with pytest.raises(ConfigError, match="从小到大"):
        guess(table(内容=TEXTS, 评分=[1, 2, 5]), rating_scale=(5, 1))


def test_other_texts_are_mentioned():
    found = guess(table(优点=TEXTS, 评论内容=TEXTS))
    assert "优点" in found.notes[0].zh


def test_rows_for_people_hide_texts_and_customers():
    data = table(内容=TEXTS, 客户姓名=["甲某", "乙某", "丙某"], 评分=[1, 5, 3])
    found = guess(data)
    rows = found.rows(data, "zh")
    assert [row[:2] for row in rows] == [("正文", "内容"), ("评分", "评分"), ("客户", "客户姓名")]
    assert "1–5" in rows[1][2]
    assert "甲某" not in str(rows)
    assert "header" in found.rows(data, "en")[0][2]


def test_canonical_has_the_contract_types():
    data = table(
        号=pa.array([7, None, 9]),
        内容=TEXTS,
        评分=["5分", "3", "很多"],
        时间=["2025年3月1日", "不详", None],
        金额=["¥1,299.00", "1.2万", "免费"],
        nps=["10", "11", ""],
    )
    roles = guess(
        data,
        {"review_id": "号", "rating": "评分", "time": "时间", "amount": "金额", "nps": "nps"},
        rating_scale=(1, 5),
    )
    reviews, notes = canonical(data, roles)
    check(
        reviews,
        pa.schema([field for field in reviews_schema() if field.name in reviews.column_names]),
        "reviews",
    )
    assert reviews.to_pydict() == {
        "review_id": ["7", "#2", "9"],
        "text": TEXTS,
        "rating": [5, 3, None],
        "nps": [10, None, None],
        "time": [dt.datetime(2025, 3, 1), None, None],
        "amount": [1299, 12000, None],
    }
    said = " ".join(note.zh for note in notes)
    for part in ("“号”有 1 行", "“评分”有 1 格", "“时间”有 1 格", "“金额”有 1 格", "“nps”有 1 格", "不详"):
        assert part in said


def test_row_numbers_where_there_is_no_id():
    assert canonical(table(内容=TEXTS), Roles({"text": "内容"}, None, {}))[0]["review_id"].to_pylist() == [
        "1",
        "2",
        "3",
    ]


def test_numeric_cells_in_text_and_id_columns():
    data = table(号=[1.0, 2.5, None], 内容=[12345678901, 2, 3])
    reviews, _ = canonical(data, Roles({"review_id": "号", "text": "内容"}, None, {}))
    assert reviews["review_id"].to_pylist() == ["1", "2.5", "#3"]
    assert reviews["text"].to_pylist() == ["12345678901", "2", "3"]


def test_large_strings_and_nested_cells():
    data = table(内容=pa.array(TEXTS, pa.large_string()), 门店=pa.array([["a", "b"], None, []]))
    reviews, _ = canonical(data, Roles({"text": "内容", "store": "门店"}, None, {}))
    assert reviews["text"].to_pylist() == TEXTS
    assert reviews["store"].to_pylist() == ['["a", "b"]', None, "[]"]


CELLS = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["5", "2025/3/1", "很满意", "物流太慢了"]))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12))
def test_canonical_keeps_rows_and_texts(rows):
    data = pa.table(
        {
            name: pa.array(cells, pa.string())
            for name, cells in zip("abc", zip(*rows, strict=True), strict=True)
        }
    )
    roles = guess(data, {"text": "a", "time": "b", "rating": "c"})
    reviews, _ = canonical(data, roles)
    assert reviews.num_rows == len(rows)
    assert reviews["text"].to_pylist() == data["a"].to_pylist()
    assert set(reviews.column_names) <= set(ROLES)
    assert reviews["review_id"].to_pylist() == [str(number) for number in range(1, len(rows) + 1)]


def test_a_rating_without_a_plain_scale_is_told_of():
    found = guess(table(内容=["物流太慢了", "客服很差"], 评分=["1", "99999"]))
    assert "rating" not in found.columns
    assert any("评分" in note.zh for note in found.notes)


def test_a_column_that_cannot_be_read_is_told_of():
    odd = table(日期=["31/12/2025", "30/11/2025", None], 满意度=["甲", "乙", "丙"], 评论=TEXTS)
    found = guess(odd)
    assert found.columns == {"text": "评论"}
    told = " ".join(note.zh for note in found.notes)
    assert "“日期”多半读不成时间（如“31/12/2025”）" in told
    assert "“满意度”多半读不成评分（如“甲”）" in told
    assert guess(odd, {"time": "", "rating": ""}).notes == ()
    assert guess(table(时间=["2025-01-01"] * 3, 日期=["?"] * 3, 评论=TEXTS)).notes == ()


def test_times_years_from_all_others_are_told_of():
    days = ["1970-01-02", *[f"2025-03-{day:02d}" for day in range(1, 29)] * 2, "2052-05-01"]
    odd = table(时间=days, 评论=TEXTS * 19 + ["慢"])
    notes = canonical(odd, guess(odd))[1]
    assert [note.zh for note in notes] == [
        "“时间”有 2 格离其余的好几年（1970-01-02、2052-05-01），照样计入；请核对。"
    ]
    spread = table(时间=[f"{year}-01-01" for year in range(2000, 2026)], 评论=["慢"] * 26)
    assert canonical(spread, guess(spread))[1] == ()
    few = table(时间=["2015-01-01", "2025-01-01", None], 评论=TEXTS)
    assert canonical(few, guess(few))[1] == ()


def test_an_empty_text_column_is_named():
    with pytest.raises(InputError, match="列“评论内容”是空的"):
        guess(table(评论内容=pa.nulls(2, pa.string()), 评分=["1", "2"]))


def test_examples_are_shown_without_personal_data():
    data = table(工单号=["13812345678"], 内容=["物流太慢了"], 时间=["2025-01-01"])
    assert "138" not in str(guess(data).rows(data))


def test_an_id_beside_a_review_id_is_told():
    table = pa.table({"review_id": ["R1", "R2"], "单号": ["D1", "D2"], "内容": ["物流太慢了", "客服很好"]})
    notes = guess(table, {"review_id": "单号"}).notes
    assert any("提及表的 review_id 对应打分表的“单号”" in note.zh for note in notes)
    assert guess(table).columns["review_id"] == "review_id"
    assert not guess(table).notes


def test_times_that_have_not_come_yet_are_counted():
    soon = dt.datetime.now() + dt.timedelta(days=40)
    table = pa.table({"内容": ["物流太慢了", "客服很好"], "时间": [dt.datetime(2025, 1, 1), soon]})
    _, notes = canonical(table, guess(table))
    assert any(f"1 格在今天以后（最晚 {soon:%Y-%m-%d}）" in note.zh for note in notes)
    _, notes = canonical(table.slice(0, 1), guess(table))
    assert not any("今天以后" in note.zh for note in notes)


@pytest.mark.parametrize("cells", [["是", "否", "是"], [True, False, True], [1, 0, None], ["男", "女", "男"]])
def test_a_column_that_says_yes_or_no_names_no_customer(cells):
    assert "customer" not in roles_of(内容=TEXTS, 会员=cells)
    assert roles_of(内容=TEXTS, 会员=["M1", "M2", "M1"])["customer"] == "会员"
