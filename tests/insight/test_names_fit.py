"""What a user reads under an issue's name has to be what the name says; each line was a misfit in data."""

from __future__ import annotations

import pytest

from feedback_nlp.insight.issues import first_problems
from feedback_nlp.insight.phrases import one_name, phrases
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.normalize import normalize_column

TAXONOMY = load_taxonomy("default")


def names(facet: str, text: str) -> list[str]:
    """Return the names that the issue of a negative clause may get, the first one where all are shared."""
    clause = normalize_column([text])
    problems = TAXONOMY.facet(facet).problems
    first = first_problems(clause, problems)[0]
    if first is not None:
        return [problems[first].zh]
    return [one_name(phrase, facet).zh for phrase in phrases(clause, [facet], TAXONOMY)[0]]


@pytest.mark.parametrize(
    ("facet", "text", "name"),
    [
        ("product.quality", "商家的车自燃了", "起火冒烟爆炸"),
        ("product.quality", "刹车时失灵", "刹车转向故障"),
        ("product.quality", "方向盘有异响", "异响杂音"),
        ("product.quality", "方向盘按键失灵", "故障用不了"),
        ("product.quality", "发动机异响", "动力传动底盘故障"),
        ("product.safety", "刹车时失灵", "刹车转向失灵"),
        ("product.safety", "安全气囊故障", "气囊安全带轮胎故障"),
        ("product.safety", "轮胎鼓包", "气囊安全带轮胎故障"),
        ("product.safety", "行驶中突然熄火", "行驶中失去动力或失控"),
        ("product.safety", "床上有虫子", "有异物、虫子"),
        ("product.safety", "味道恶心", "令人恶心"),
        ("product.safety", "恶心人", "令人恶心"),
        ("product.safety", "里面坏了", "部件损坏有隐患"),
        ("product.safety", "生命财产安全没有保障", "安全隐患"),
        ("product.performance", "充电慢是比安卓慢", "充电慢、充不满"),
        ("product.performance", "通话声音好像有点小", "音质声音差"),
        ("product.quality", "裤子有点薄", "太薄、料子差"),
        ("product.taste", "饭菜送到凉了", "饭菜凉了"),
        ("product.safety", "吃完恶心想吐", "吃坏肚子"),
        ("product.size", "早餐的分量", "早餐分量不合适"),
        ("product.size", "量特别少", "分量少"),
        ("after_sales.refund", "不给换货", "不给换货"),
        ("after_sales.refund", "更换不了", "不给换货"),
        ("after_sales.refund", "还不给退货", "不给退货退款"),
        ("after_sales.repair", "把我的时间都浪费了", "上门拖延、等太久"),
        ("after_sales.resolution", "有关部门也去看过", "有关部门处理不力"),
        ("after_sales.resolution", "客服拉低了分", "处理不力"),
        ("after_sales.resolution", "处理的事情", "处理不力"),
        ("after_sales.resolution", "督促教育局尽快解决此事", "要求核实处理"),
        ("after_sales.resolution", "也没打电话来", "联系沟通不畅"),
        ("service.access", "还有客服主动挂我电话", "被挂电话"),
        ("logistics.courier", "直接挂我电话", "配送员态度差"),
        ("logistics.accuracy", "发货人写的不是我", "错发漏发"),
        ("price.promotion", "说好的好评返现没给", "好评返现争议"),
        ("price.promotion", "所谓安装补贴根本拿不到的", "补贴拿不到、难申请"),
        ("price.promotion", "真坑人", "优惠套路骗人"),
        ("logistics.packaging", "箱子烂了", "外包装破损、压扁"),
        ("brand.loyalty", "早知道不该买", "失望后悔"),
        ("brand.loyalty", "早知道在实体店买了", "打算换别家"),
        ("price.billing", "积分被扣光", "积分权益不满意"),
        ("environment.facility", "健身房", "健身房差"),
        ("environment.atmosphere", "里面不太大", "空间小"),
    ],
)
def test_the_name_says_what_the_clause_says(facet: str, text: str, name: str) -> None:
    assert names(facet, text)[:1] == [name]


@pytest.mark.parametrize(
    ("facet", "text", "name"),
    [
        ("after_sales.refund", "更换了电池还是不行", "不给换货"),
        ("after_sales.refund", "关于退换货要求7天无理由退换", "退款拖延、迟迟不到账"),
        ("after_sales.repair", "误导消费者", "安装维修收费不合理"),
        ("after_sales.repair", "又不说了", "反复报修、修不好"),
        ("after_sales.resolution", "多次申明要找315", "推诿扯皮"),
        ("environment.location", "远景X6", "位置偏远"),
        ("environment.location", "泊位在远景路", "周边环境差、配套少"),
        ("environment.location", "中山路", "道路难走、拥堵"),
        ("product.quality", "跟我说依然没有问题", "故障用不了"),
        ("product.quality", "车门锈蚀严重，底盘", "动力传动底盘故障"),
        ("product.performance", "没有电子邮件功能", "电池不耐用"),
        ("product.performance", "屏幕显示没有贵的显示好", "功能缺少或不支持"),
        ("product.quality", "商家都坏了良心", "故障用不了"),
        ("after_sales.resolution", "违反了大排查行动的要求", "要求核实处理"),
        ("after_sales.repair", "麻烦安排提走", "师傅爽约、改期、约好不来"),
        ("product.safety", "机油浸泡火花塞", "起火冒烟炸裂"),
        ("environment.facility", "房间的小冰箱很臭", "空间小、面积小"),
        ("environment.facility", "没有老旧的感觉", "用品或设施缺少"),
        ("product.safety", "路口没有红绿灯", "灯光有安全隐患"),
        ("environment.facility", "没有改变", "用品或设施缺少"),
        ("service.efficiency", "公交车一直不多", "延期晚点"),
    ],
)
def test_a_name_does_not_claim_what_was_not_said(facet: str, text: str, name: str) -> None:
    assert name not in names(facet, text)


def test_scraps_of_speech_name_no_issue() -> None:
    assert not any("给我发" in name for name in names("logistics.accuracy", "地址给我发的"))


def test_a_food_of_few_reviews_still_tells_that_there_is_too_little() -> None:
    assert "分量少" in names("product.size", "虾子少")
