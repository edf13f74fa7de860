"""A made-up shop's reviews with known mentions, and what the insight layer makes of them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pytest

from feedback_nlp import schema
from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.analysis import analyse
from feedback_nlp.report import summary as report_summary
from feedback_nlp.taxonomy import Taxonomy

FACETS = {
    "after_sales.refund": ("售后", "退换退款", "退款拖延", "After-sales", "Refunds", "Slow refunds"),
    "logistics.speed": ("物流", "时效", "发货慢", "Logistics", "Speed", "Slow dispatch"),
    "service.attitude": ("服务", "服务态度", "态度冷淡", "Service", "Attitude", "Cold staff"),
    "product.quality": ("产品", "质量做工", "涂层脱落", "Product", "Quality", "Peeling coating"),
    "product.performance": ("产品", "性能功效", "噪音大", "Product", "Performance", "Noisy"),
    "product.safety": ("产品", "安全健康", "漏电打火", "Product", "Safety", "Sparks and shocks"),
    "price.level": ("价格", "价格水平", "价格偏贵", "Price", "Price level", "Too dear"),
    "overall.general": ("总体", "泛泛评价", "其他", "Overall", "General", "Other"),
}
CLAUSES = {
    ("after_sales.refund", -1): ["退款拖了两周还没到账", "申请退货一直不处理", "说好三天退钱拖到现在"],
    ("after_sales.refund", 1): ["退款当天就到账了"],
    ("logistics.speed", -1): ["等了八天才发货", "物流慢得离谱"],
    ("logistics.speed", 1): ["第二天就送到了", "发货很快"],
    ("service.attitude", -1): ["店员爱答不理的", "问两句就不耐烦"],
    ("service.attitude", 1): ["客服很有耐心", "店员态度特别好"],
    ("product.quality", -1): ["用了一个月涂层就掉了", "边角的漆都花了"],
    ("product.quality", 1): ["做工挺扎实", "材质不错"],
    ("product.performance", -1): ["晚上声音大得睡不着"],
    ("product.performance", 0): ["声音正常水平"],
    ("product.performance", 1): ["吸力比旧的强多了", "制热很快"],
    ("product.safety", -1): ["插头冒火花还麻手"],
    ("price.level", -1): ["比别家贵了两百"],
    ("price.level", 1): ["价格很实惠"],
    ("overall.general", 1): ["整体满意", "会再来"],
    ("overall.general", -1): ["非常失望"],
}
STORES = ["城东店", "城西店", "滨江店", "北站店"]
CHANNELS = ["电商评价", "App评论", "客服工单", "门店意见卡"]
PRODUCTS = ["扫地机器人", "空气炸锅", "空调"]
HOSTILE = "=1+1 <script>alert('x')</script></script><img src=x onerror=alert(1)>"
CATALOGUE = pa.schema(
    [*((name, pa.string()) for name in ("issue_id", "element", "facet", "name")), ("other", pa.bool_())]
)


def taxonomy_text() -> str:
    lines = ['name = "shop"', "version = 1"]
    for code, (element, facet, *_, en_element, en_facet, _) in FACETS.items():
        head, tail = code.split(".")
        if f"[elements.{head}]" not in lines:
            lines += [f"[elements.{head}]", f'zh = "{element}"', f'en = "{en_element}"']
        lines += [f"[elements.{head}.facets.{tail}]", f'zh = "{facet}"', f'en = "{en_facet}"']
        lines += ["feasibility = 4", 'remedy = "process"']
        lines += [f'action_zh = "把{facet}的处理时限写进流程，每周看一次超时单。"']
        lines += [f'action_en = "Set a time limit for {en_facet} and review what overran every week."']
    return "\n".join(lines)


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return Taxonomy.from_toml(taxonomy_text())


def make_tables(n: int, seed: int = 7, months: int = 6) -> tuple[pa.Table, pa.Table]:
    """Build ``n`` scored reviews and their mentions; one store is rude, refunds rise, sparks are rare."""
    rng = random.Random(seed)
    reviews: list[dict] = []
    mentions: list[dict] = []
    keys = [key for key in CLAUSES if key != ("product.safety", -1)]
    for row in range(n):
        month = min(months - 1, row * months // max(n, 1))
        store = rng.choice(STORES)
        weights = [weight(key, month, store) for key in keys]
        picks = list(dict.fromkeys(rng.choices(keys, weights, k=rng.choice([1, 2, 2, 3]))))
        if row % 97 == 41:
            picks = [("product.safety", -1)]
        reviews.append(review(rng, row, month, store, picks, mentions))
    return (
        pa.Table.from_pylist(reviews, schema=all_columns()),
        pa.Table.from_pylist(mentions, schema=schema.mentions_schema()),
    )


def all_columns() -> pa.Schema:
    return pa.schema([*schema.reviews_schema(), *schema.scored_schema()])


def weight(key: tuple[str, int], month: int, store: str) -> float:
    if key == ("after_sales.refund", -1):
        return 0.4 + 0.6 * month
    if key == ("service.attitude", -1):
        return 2.5 if store == "滨江店" else 0.03
    return {-1: 0.5, 0: 0.4, 1: 1.0}[key[1]]


def review(rng: random.Random, row: int, month: int, store: str, picks: list, mentions: list) -> dict:
    text, spans = "", []
    for facet, sign in picks:
        clause = rng.choice(CLAUSES[facet, sign])
        spans.append((len(text), len(text) + len(clause), facet, sign))
        text += clause + rng.choice("，。！")
    if row % 50 == 3:
        text += "联系电话13812345678"
    if row % 60 == 8:
        text += HOSTILE
    if row % 45 == 9:
        text = "\N{GRINNING FACE}" + text
        spans = [(s + 1, e + 1, f, p) for s, e, f, p in spans]
    review_id, status = f"{row + 1:06d}", "ok"
    if row % 40 == 17:
        text, spans, status = "此用户没有填写评价", [], "default"
    for clause, (start, end, facet, sign) in enumerate(spans):
        mentions.append(mention(review_id, clause, start, end, text, facet, sign))
    total = sum(sign for *_, sign in spans) / max(len(spans), 1)
    return review_row(
        review_id, text, status=status, polarity=total, rating=float(round(3 + 2 * total)), store=store,
        nps=float(round(5 + 5 * total)) if row % 3 == 0 else None, channel=rng.choice(CHANNELS),
        time=datetime(2025 + month // 12, month % 12 + 1, rng.randint(1, 28), 10),
        product=rng.choice(PRODUCTS), customer=f"C{rng.randint(1, 300):04d}",
        fb_confidence=rng.uniform(0.5, 1), fb_needs_review=row % 13 == 0,
        fb_elements=sorted({facet for _, _, facet, _ in spans}),
        fb_negative=sorted({facet for _, _, facet, sign in spans if sign < 0}),
        fb_flags=["safety"] if ("product.safety", -1) in picks else [],
        fb_duplicate_of="000001" if row % 90 == 89 else None,
    )  # fmt: skip


def review_row(review_id: str, text: str, status: str = "ok", polarity: float = -0.8, **more: object) -> dict:
    """One scored review; roles that are not given are null."""
    return {
        **dict.fromkeys(all_columns().names),
        "review_id": review_id, "text": text, "fb_polarity": polarity, "fb_label": schema.label_of(polarity),
        "fb_confidence": 0.9, "fb_elements": [], "fb_negative": [], "fb_flags": [], "fb_needs_review": False,
        "fb_status": status, **more,
    }  # fmt: skip


def mention(review_id: str, clause: int, start: int, end: int, text: str, facet: str, sign: int) -> dict:
    negative = sign < 0 and facet != "overall.general"
    return {
        "review_id": review_id, "clause": clause, "start": start, "end": end, "text": text[start:end],
        "element": facet.split(".")[0], "facet": facet, "score": 0.95, "polarity": sign * 0.8,
        "label": schema.label_of(sign * 0.8), "issue_id": f"{facet}.main" if negative else None,
    }  # fmt: skip


META = {
    "input": {"name": "反馈.xlsx", "format": "xlsx", "encoding": None, "sheet": "明细", "n_rows": 420},
    "notes": (Bilingual("第 1 行是标题，已跳过。", "Row 1 is a title and was skipped."),),
    "options": {"model": "linear", "weights": [0.5, 0.3, 0.2], "draws": 1000, "seed": 0},
    "model": {"name": "linear", "sha256": "0123456789abcdef" * 4, "taxonomy": "shop", "taxonomy_version": 1},
    "roles": {"text": "评论内容", "rating": "打分", "time": "评论时间", "store": "门店"},
    "created": "2025-07-01T09:00:00", "version": "0.1.0",
    "card": {"dev": {"facet_polarity_f1": 0.71, "overall_accuracy": 0.86}},
}  # fmt: skip


def make_summary(n: int, taxonomy: Taxonomy, lang: str = "zh", mask: bool = True, **changes: object) -> dict:
    reviews, mentions = make_tables(n)
    insight = replace(analyse(reviews, mentions, taxonomy, draws=200, lang=lang, assign=assign), **changes)
    return report_summary.build(reviews, insight.mentions, insight, taxonomy, META, lang=lang, mask=mask)


def assign(mentions: pa.Table, taxonomy: Taxonomy, *, lang: str) -> tuple[pa.Table, pa.Table]:
    """Make one issue of the negative mentions of each facet; the real grouping has its own tests."""
    used = sorted({issue for issue in mentions["issue_id"].to_pylist() if issue})
    facets = [issue.removesuffix(".main") for issue in used]
    rows = [
        {"issue_id": issue, "element": facet.split(".")[0], "facet": facet, "other": False,
         "name": FACETS[facet][5 if lang == "en" else 2]}
        for issue, facet in zip(used, facets, strict=True)
    ]  # fmt: skip
    return mentions, pa.Table.from_pylist(rows, schema=CATALOGUE)


@pytest.fixture(scope="session")
def summary(taxonomy: Taxonomy) -> dict:
    return make_summary(420, taxonomy)


@pytest.fixture(scope="session")
def summary_en(taxonomy: Taxonomy) -> dict:
    return make_summary(420, taxonomy, lang="en")
