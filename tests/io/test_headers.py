from __future__ import annotations

import pytest

from feedback_nlp.io import headers
from feedback_nlp.schema import ROLES


def best(header):
    found = sorted(headers.matches(header), key=lambda match: -match.score)
    return found[0].role if found else None


HEADERS = {
    "text": "评论内容| 问题 描述 |诉求|*评价内容（必填）|Review Text|COMMENT|您对我们还有什么建议？|推荐原因",
    "review_id": "工单号|订单编号|ＩＤ|review_id",
    "time": "评论时间|受理日期|created_at",
    "rating": "评分|星级|总体满意度(1-5)|stars|您对本次服务的满意度打分|商品评分|门店评分",
    "nps": "NPS|推荐意愿（0-10分）|您有多大可能将我们推荐给朋友？",
    "channel": "渠道|来源平台|source",
    "product": "产品型号|车型|房型",
    "store": "门店名称|网点|酒店|store_name",
    "customer": "客户编号|会员卡号|user_id",
    "amount": "消费金额",
    "tier": "会员等级",
    None: "回复内容|客服回复|商家回复内容|处理意见|情感倾向|办结时间|通话时长|酒店星级|列7|fb_polarity|",
}


@pytest.mark.parametrize(
    ("header", "role"), [(header, role) for role, names in HEADERS.items() for header in names.split("|")]
)
def test_role_of_a_header(header, role):
    assert best(header) == role


def test_a_sentence_is_no_header():
    assert (
        best(
            "这是一段很长的评论，服务态度很好，下次还会再来光顾的，希望越来越好，祝大家新年快乐身体健康万事如意"
        )
        is None
    )


def test_every_role_has_synonyms():
    assert set(headers.synonyms()) == set(ROLES)


def test_a_synonym_belongs_to_one_role():
    seen: dict[str, str] = {}
    for role, words in headers.synonyms().items():
        for word in words.exact:
            assert seen.setdefault(word, role) == role, word


def test_better_synonyms_score_higher():
    def score(header):
        return max(match.score for match in headers.matches(header) if match.role == "text")

    assert score("评论内容") > score("备注") > score("这里写评论内容的地方")


def test_traditional_headers_are_read_as_simplified_ones():
    assert [best(header) for header in ("評論內容", "評分", "時間", "門店名稱")] == [
        "text",
        "rating",
        "time",
        "store",
    ]
