from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.text import pii, pii_rules
from feedback_nlp.text.normalize import normalize
from feedback_nlp.text.pii_rules import cues, luhn, resident_id

# Invented for the tests: 18 digits with a right check digit, a card number with a right one.
ID_CARD = "11010519491231002X"
CARD = "6222020000000000000"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

PLANTED = [
    ("mobile", "13812345678"),
    ("mobile", "138-1234-5678"),
    ("mobile", "138 1234 5678"),
    ("mobile", "+86 13812345678"),
    ("mobile", "8613812345678"),
    ("mobile", "13812345678".translate(FULL_WIDTH)),
    ("mobile", "138.1234.5678"),
    ("mobile", "138—1234—5678"),
    ("mobile", "+852 9123 4567"),
    ("mobile", "0912-345-678"),
    ("landline", "010-6234-5678"),
    ("landline", "0755-12345678"),
    ("landline", "(021)62345678"),
    ("landline", "01062345678"),
    ("id_card", ID_CARD),
    ("id_card", ID_CARD.lower()),
    ("id_card", "110105491231002"),
    ("bank_card", CARD),
    ("bank_card", "4111 1111 1111 1111"),
    ("email", "San.Zhang_1@mail.example.com"),
    ("plate", "京A12345"),
    ("plate", "粤BD12345"),
    ("plate", "沪a·8K888"),
    ("plate", "鲁B-88888"),
    ("plate", "粤Z1234港"),
    ("plate", "粤Z·F023澳"),
    ("order", "SF1234567890123"),
    ("order", "YT8888888888888"),
    ("order", "202503011234567890"),
    ("address", "深圳市科技路123号5栋2单元501室"),
    ("address", "阳光小区3栋2单元501室"),
    ("address", "阳光小区3-2-501"),
    ("name", "张伟", "先生"),
    ("name", "欧阳", "女士"),
    ("name", "司马小明", "老师"),
    ("name", "王", "小姐"),
]
LABELLED = [
    ("order", "订单号：", "AB12345678"),
    ("order", "工单编号", "9912345"),
    ("order", "订单", "DD000000000001"),
    ("id_card", "证件号", "999999190001010000"),
    ("id_card", "身份证号码：", "99999919000101000x"),
    ("id_card", "护照", "E12345678"),
    ("id_card", "港澳通行证号：", "C12345678"),
    ("id_card", "身分證", "A123456789"),
    ("plate", "车架号", "LSVAA4187E2123456"),
    ("order", "圆通快递：", "YT88345678"),
    ("order", "顺丰 ", "1234567890123"),
    ("order", "order number: ", "A123456789"),
    ("order", "Tracking No. ", "12345678"),
    ("bank_card", "卡号：", "6222 0202 0000 0000 008"),
    ("account", "加微信：", "abc_def123"),
    ("account", "VX号", "zhang_san"),
    ("account", "QQ", "123456789"),
    ("account", "加V：", "abc12345"),
    ("account", "+V ", "abc12345"),
    ("account", "＋v:", "abc_def"),
    ("account", "威信", "abc12345"),
    ("account", "加微", "abc12345"),
    ("account", "会员卡号：", "VIP20231234"),
    ("account", "会员号", "9a8b7c6d"),
    ("account", "淘宝账号：", "tb123456_88"),
    ("account", "支付宝账号", "zhang12345"),
    ("account", "抖音号 ", "dy.user_1"),
    ("account", "用户名：", "lihua88"),
    ("account", "帐户是", "600123456"),
    ("landline", "电话：", "62345678"),
    ("name", "联系人：", "张三"),
    ("name", "收件人", "诸葛小花"),
]
PUBLIC = [
    "价格1299元，活动价1,199.00",
    "2025-03-01 14:30下单，20250301143000付款",
    "型号KFR-72LW/NhB1",
    "打12315和12345都没用，95588也不通",
    "400-820-8820没人接，800-820-1111也是",
    "住1801房间，8号楼很新，3单元在后面",
    "前台小姐和服务员小姐都好，我和先生住得满意",
    "房间太太小了，车上太太吵了",
    "课程老师与班主任老师都好，感谢老师",
    "导购小姐推荐的，适合年轻女士",
    "微信支付不了，qq音乐也打不开",
    "订单号看不到，单号12",
    "66666666666666，88888888888888",
    "评分3.13812345678",
    "路上堵车，街边2家店，走5号线",
    "小区3-2-5楼，园区10-20人，2025-3-12",
    "中通快递3天到，顺丰 12345",
    "账户为50000元，账号不给领券，会员号码错了，加vip会员，+v不了，游戏账号被封10天",
    "order now，in order to 20250301",
]
# What is a name goes wherever it stands: (text, names in it).
NAMED = [
    ("联系我李建国先生", ["李建国"]),
    ("退款请联系张伟先生", ["张伟"]),
    ("请打给王先生", ["王"]),
    ("给王女士打了电话", ["王"]),
    ("他们对王女士说", ["王"]),
    ("感谢王女士", ["王"]),
    ("我要找王经理，感谢安装的汤师傅", ["王", "汤"]),
    ("高小姐，于女士，大堂的肖先生", ["高", "于", "肖"]),
    ("特别感谢李帆女士，教导主任柳主任", ["李帆", "柳"]),
    ("问主任医师黄主任，给谢医生打电话", ["黄", "谢"]),
    ("本人系李建国，住院", ["李建国"]),
    ("本人叫李建国，住院", ["李建国"]),
    ("您好，我是张伟，", ["张伟"]),
    ("我叫李建国电话打不通", ["李建国"]),
    ("联系人王芳手机关机", ["王芳"]),
    ("客户姓名：李建国 性别：男", ["李建国"]),
    ("举报人：申三定手机", ["申三定"]),
    ("举报人周燕，身份证号码见附件", ["周燕"]),
    ("申请人 姚香菊 联系电话见附件", ["姚香菊"]),
    ("投诉处理人周末，打了三次没人接", []),
    ("当事人方面，申请人高兴，负责人应付", []),
    ("车主：王建国，", ["王建国"]),
    ("我的名字叫唐绿钞。", ["唐绿钞"]),
    ("投诉人：周燕、吴敏反映电梯坏了", ["周燕", "吴敏"]),
    ("联系人：李明和王芳。业主：张伟/李娜，3栋", ["李明", "王芳", "张伟", "李娜"]),
    ("举报人周燕、吴敏、郑爽，要求退款", ["周燕", "吴敏", "郑爽"]),
    ("投诉人：周燕、手机坏了；司机：李强、高速上抛锚", ["周燕", "李强"]),
]
NAMELESS = [
    "先生们，那位先生，有位女士，老先生很好，我家先生，小姐姐",
    "对先生说，向先生解释，和先生一起，给先生买的，那先生呢",
    "最高先生，司机先生，老板先生，顾客先生",
    "服务小姐，前台小姐，导购小姐，迎宾小姐，总台小姐，保安大哥",
    "语文老师，任课老师，代课老师，高校老师，班主任老师，相关老师",
    "导游小姐，携程小姐，旁边小姐姐，测体温小姐，谢谢小姐姐，谢谢老师",
    "对方经理，官方客服，公司老板，客房阿姨，打孔师傅，安装师傅，感谢师傅",
    "康师傅好吃，祝老板生意兴隆，蒙牛一经理",
    "我是顾客，我是常客，本人系武汉人，我是高中生，我是凌晨2点到的",
    "按姓名查找，联系人方便联系，客户：马上，客服：感谢您",
]
noise = st.text(st.sampled_from("，。 \n物流慢打我的在a1-：@号"), max_size=8)


@pytest.mark.parametrize("case", PLANTED, ids=str)
def test_planted_data_are_found_and_masked(case):
    kind, secret, *title = case
    text = "，".join(["找我", secret + "".join(title), "谢谢"])
    assert pii.find(text) == [pii.PiiSpan(kind, 3, 3 + len(secret))]
    assert pii.mask(text) == text.replace(secret, "*" * len(secret))


@pytest.mark.parametrize("case", LABELLED, ids=str)
def test_labels_are_left_and_what_they_name_goes(case):
    kind, label, secret = case
    text = f"你好，{label}{secret}，请处理"
    assert [(span.kind, text[span.start : span.end]) for span in pii.find(text)] == [(kind, secret)]


@pytest.mark.parametrize("text", PUBLIC)
def test_prices_dates_models_and_public_numbers_stay(text):
    assert pii.mask(text) == text


@pytest.mark.parametrize(("text", "names"), NAMED)
def test_names_are_found_wherever_they_stand(text, names):
    assert [(span.kind, text[span.start : span.end]) for span in pii.find(text)] == [
        ("name", name) for name in names
    ]


@pytest.mark.parametrize("text", NAMELESS)
def test_what_only_looks_like_a_name_stays(text):
    assert pii.mask(text) == text


@given(noise, st.sampled_from(PLANTED), noise)
def test_no_planted_number_survives(before, case, after):
    secret = case[1]
    text = f"{before}，{secret}{''.join(case[2:])}，{after}"
    assert secret not in pii.mask(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(noise | st.sampled_from([case[1] for case in PLANTED + LABELLED if len(case) > 1]), max_size=6)
)
def test_masking_keeps_length_and_settles(parts):
    text = "".join(parts)
    once = pii.mask(text)
    assert len(once) == len(text)
    assert all(left in (right, "*") for left, right in zip(once, text, strict=True))
    assert pii.mask(once) == once


@given(st.lists(noise | st.sampled_from([case[1] for case in PLANTED]), max_size=4).map("".join))
def test_spans_are_ordered_and_what_is_masked(text):
    last = 0
    masked = list(text)
    for kind, start, end in pii.find(text):
        assert kind in pii.KINDS
        assert last <= start < end <= len(text)
        masked[start:end] = "*" * (end - start)
        last = end
    assert "".join(masked) == pii.mask(text)


@given(st.lists(noise | st.sampled_from([case[1] for case in PLANTED]), max_size=4).map("".join))
def test_texts_passed_over_hold_nothing(text):
    if not cues().search(normalize(text)):
        assert pii._search([normalize(text)]) == []


def test_the_first_characters_of_cues_are_complete():
    """What is found without looking at one character first is found with it."""
    slow = pii_rules._compile("|".join(pii_rules._CUES), pii_rules._PARTS)
    words = {*re.findall("[一-鿿a-z]+", slow.pattern), *slow.pattern, *"0"}
    follows = ["1", "1111", "号1", "v1", "人:", "主:", *"a号信v名户姐哥叫是系士长", ""]
    texts = [word + after for word in words for after in follows]
    found = [text for text in texts if slow.search(text)]
    assert len(found) > 200
    assert [text for text in found if not cues().search(text)] == []


def test_a_column_gives_what_each_text_gives():
    column = [None, "电话13812345678", "", "很好", "王女士，沪A12345\n13812345678"]
    assert pii.mask_column(column) == [pii.mask(text or "") for text in column]
    assert pii.find_column(column) == [
        (row, span) for row, text in enumerate(column) for span in pii.find(text or "")
    ]
    assert pii.counts(column) == {"mobile": 2, "plate": 1, "name": 1}
    assert pii.counts([]) == {}


def test_check_digits():
    assert resident_id(ID_CARD.lower())
    assert not resident_id("110105194912310021")
    assert luhn(CARD)
    assert not luhn(CARD[:-1] + str((int(CARD[-1]) + 1) % 10))


def test_a_number_that_fails_its_check_is_no_card():
    assert pii.find("数字6222020000005，好") == []
    assert [span.kind for span in pii.find("数字110105194912310021")] == ["order"]


@pytest.mark.parametrize("unit", ["1", "1 ", "a@", "张", "路1", "中山", "微信", "李建", "1-", "栋1", "a."])
def test_long_texts_take_linear_work(unit):
    text = unit * 30_000
    assert len(pii.mask(text)) == len(text)
