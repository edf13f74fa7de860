"""What moves satisfaction, asked of a finished analysis."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import feedback_nlp as fn
from feedback_nlp.errors import ConfigError

GOOD = ["客服很耐心", "送货很快", "做工扎实"]
BAD = ["物流太慢了等了十天", "客服态度很差爱答不理"]


@pytest.fixture(scope="module")
def result() -> fn.Analysis:
    rng = random.Random(3)
    rows = []
    for k in range(240):
        slow, rude = rng.random() < 0.3, rng.random() < 0.15
        said = [text for text, wanted in zip(BAD, (slow, rude), strict=True) if wanted]
        said += [text for text in GOOD if rng.random() < 0.4] or ["今天收到了货"]
        score = 4.5 - 2 * slow - 1 * rude + rng.choice([-0.5, 0, 0.5])
        rows.append({"内容": f"{'，'.join(said)}。第{k}单", "评分": round(score), "门店": f"店{k % 3}"})
    return fn.analyze(pd.DataFrame(rows), model="lexicon", draws=50)


def test_what_moves_the_score_most_is_found(result: fn.Analysis) -> None:
    elements = result.drivers[result.drivers.level == "element"].set_index("code")
    assert elements.weight.idxmax() == "logistics"
    assert elements.penalty["logistics"] < -1
    assert result.drivers.attrs["element"]["r2"] > 0.25
    low = result.detractors.set_index("code")
    assert low.odds["logistics"] > 5
    assert low.share_with["logistics"] > low.share_without["logistics"]


def test_what_if_takes_codes_and_names(result: fn.Analysis) -> None:
    by_code = result.what_if("logistics", outcome="rating").iloc[0]
    assert 0.3 < by_code.low < by_code.change < by_code.high < 1
    assert by_code.after == pytest.approx(by_code.now + by_code.change)
    half = result.what_if("logistics", reduction=0.5, outcome="rating").iloc[0]
    assert half.change == pytest.approx(by_code.change / 2)
    issue = result.issues[result.issues.facet == "logistics.speed"].iloc[0]
    named, coded = (result.what_if(key) for key in (issue["name"], issue.issue_id))
    pd.testing.assert_frame_equal(named, coded)
    assert set(named.outcome) == {"rating", "csat"}


def test_unknown_codes_are_refused_everywhere(result: fn.Analysis) -> None:
    with pytest.raises(ConfigError, match="logistics"):
        result.what_if("logistcs")
    with pytest.raises(ConfigError, match="同一层"):
        result.what_if(["logistics", "service.attitude"])
    with pytest.raises(ConfigError, match="没有给"):
        result.what_if([])
    with pytest.raises(ConfigError, match="logistics"):
        result.rerank(feasibility={"logistcs": 3})
    with pytest.raises(ConfigError, match="不在 1–5"):
        result.rerank(feasibility={"logistics": 9})
    with pytest.raises(ConfigError, match="logistics"):
        fn.analyze(["物流慢"], model="lexicon", feasibility={"logistcs": 3})


def test_rerank_is_what_a_new_analysis_gives(result: fn.Analysis) -> None:
    book = {"logistics": {"feasibility": 1, "owner": "王敏"}}
    again = result.rerank(weights=(0.2, 0.3, 0.5), playbook=book)
    fresh = result.with_options(again.options)
    pd.testing.assert_frame_equal(again.issues, fresh.issues)
    assert again.insight.first == fresh.insight.first
    assert again.insight.plan == fresh.insight.plan
    assert {plan["owner"] for plan in again.insight.plan.values()} == {"王敏"}
    assert again.rerank().issues.equals(again.issues)
    assert not result.issues.equals(again.issues)
