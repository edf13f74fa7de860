from __future__ import annotations

import pytest

from feedback_nlp.io import headers
from feedback_nlp.schema import ROLES


def best(header):
    found = sorted(headers.matches(header), key=lambda match: -match.score)
    return found[0].role if found else None


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("评论内容", "text"), ("投诉内容", "text"), (" 问题 描述 ", "text"), ("诉求", "text"), ("*评价内容（必填）", "text"),
        ("Review Text", "text"), ("COMMENT", "text"), ("您对我们还有什么建议？", "text"), ("留言", "text"),
        ("回复内容", None), ("客服回复", None), ("商家回复内容", None), ("处理意见", None), ("情感倾向", None),
        ("工单号", "review_id"), ("订单编号", "review_id"), ("ＩＤ", "review_id"), ("review_id", "review_id"),
        ("评论时间", "time"), ("受理日期", "time"), ("created_at", "time"), ("办结时间", None), ("通话时长", None),
        ("评分", "rating"), ("星级", "rating"), ("总体满意度(1-5)", "rating"), ("stars", "rating"),
        ("您对本次服务的满意度打分", "rating"), ("酒店星级", None),
        ("NPS", "nps"), ("推荐意愿（0-10分）", "nps"), ("您有多大可能将我们推荐给朋友？", "nps"), ("推荐原因", "text"),
        ("渠道", "channel"), ("来源平台", "channel"), ("source", "channel"),
        ("产品型号", "product"), ("车型", "product"), ("房型", "product"), ("商品评分", "rating"),
        ("门店名称", "store"), ("网点", "store"), ("酒店", "store"), ("store_name", "store"), ("门店评分", "rating"),
        ("客户编号", "customer"), ("会员卡号", "customer"), ("user_id", "customer"),
        ("消费金额", "amount"), ("会员等级", "tier"), ("列7", None), ("fb_polarity", None), ("", None),
        ("这是一段很长的评论，服务态度很好，下次还会再来光顾的，希望贵公司越来越好，祝大家新年快乐身体健康万事如意恭喜发财大吉大利", None),
    ],
)  # fmt: skip
def test_role_of_a_header(header, role):
    assert best(header) == role


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
