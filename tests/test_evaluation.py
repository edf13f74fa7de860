import math
from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.evaluation import MEASURES, compare, evaluate
from feedback_nlp.gold import GoldReview
from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.clauses import cut, cut_column


def review(text, labels, overall=0, flags=(), domain="shop"):
    return GoldReview(text, text, domain, "own", tuple(cut(text)), tuple(labels), overall, tuple(flags))


GOLD = [
    review("物流太慢了，客服很好", [(0, "logistics.speed", -1), (1, "service.attitude", 1)], -1, ["repeat"]),
    review("味道不错，味道也差", [(0, "product.taste", 1), (1, "product.taste", -1)], 0),
    review("很好", [(0, "overall.general", 1)], 1, domain="hotel"),
    review("无", [], 0, domain="hotel"),
]


class Oracle:
    """Says what the gold says, with changes: a (text, clause, facet) → probabilities table."""

    name = "oracle"
    neutral_band_ = 0.2
    safety_threshold_ = 0.9

    def __init__(self, reviews, drop=(), extra=(), overall_wrong=()):
        self.taxonomy_ = load_taxonomy()
        self.thresholds_ = np.full(len(self.taxonomy_.codes), 0.5, np.float32)
        self.flag_thresholds_ = np.full(5, 0.5, np.float32)
        self.reviews = {item.text: item for item in reviews}
        self.drop, self.extra, self.overall_wrong = set(drop), tuple(extra), set(overall_wrong)

    def predict(self, texts, clauses=None):
        clauses = cut_column(texts) if clauses is None else clauses
        block = np.zeros((len(clauses), len(self.taxonomy_.codes), 3), np.float32)
        overall = np.full((len(texts), 3), 0.05, np.float32)
        flags = np.zeros((len(texts), 5), np.float32)
        first = np.searchsorted(clauses.review, np.arange(len(texts)))
        for row, text in enumerate(texts):
            gold = self.reviews[text]
            labels = [label for label in gold.labels if label[1] not in self.drop]
            for clause, facet, side in [*labels, *(e[1:] for e in self.extra if e[0] == text)]:
                block[first[row] + clause, self.taxonomy_.index[facet], side + 1] = 0.9
            shown = -gold.overall if text in self.overall_wrong else gold.overall
            overall[row, shown + 1] = 0.9
            flags[row] = [flag in gold.flags for flag in FLAGS]
        return Prediction(block, overall, flags)


def test_perfect_scorer_scores_one():
    report = evaluate(Oracle(GOLD), GOLD, draws=50)
    assert tuple(report.scores) == MEASURES
    assert all(score["value"] == 1 for score in report.scores.values())


def test_general_facet_is_left_out():
    report = evaluate(Oracle(GOLD, drop=["overall.general"]), GOLD, draws=50)
    assert report.scores["facet"]["value"] == 1
    assert report.scores["clause_facet"]["value"] == 1


def test_facet_praised_and_blamed_counts_twice():
    report = evaluate(Oracle(GOLD), GOLD, draws=50)
    assert report.scores["facet"]["support"] == 3
    assert report.scores["facet_polarity"]["support"] == 4
    assert report.scores["negatives"]["support"] == 2


def test_f1_by_hand():
    wrong = Oracle(GOLD, drop=["service.attitude"], extra=[("很好", 0, "price.level", -1)])
    scores = evaluate(wrong, GOLD, draws=50).scores
    # facets: hits 2 of 3 predicted and 3 true; facet + polarity: 3 of 4 and 4; negatives: 2 of 3 and 2
    assert scores["facet"]["value"] == pytest.approx(2 * 2 / 6)
    assert scores["facet_polarity"]["value"] == pytest.approx(2 * 3 / 8)
    assert scores["negatives"]["value"] == pytest.approx(2 * 2 / 5)


def test_overall_is_accuracy_and_decides_coverage():
    report = evaluate(Oracle(GOLD, overall_wrong=["很好"]), GOLD, draws=50)
    assert report.scores["overall"]["value"] == 0.75
    assert report.coverage[0]["error"] == 0.25
    assert report.scores["overall"]["low"] <= 0.75 <= report.scores["overall"]["high"]


def test_by_domain_and_label():
    report = evaluate(Oracle(GOLD), GOLD, draws=50)
    assert [(row["domain"], row["n_reviews"]) for row in report.domains] == [("hotel", 2), ("shop", 2)]
    rows = {row["label"]: row for row in report.labels}
    assert rows["product.taste"]["support"] == 1
    assert rows["logistics"]["kind"] == "element"
    assert rows["repeat"]["f1"] == 1
    assert math.isnan(rows["price.level"]["f1"])
    assert math.isnan(report.macro["facet"])


def test_calibration_error_of_known_scores():
    report = evaluate(Oracle(GOLD), GOLD, draws=50)
    # every shown mention has 0.9 and is right
    assert report.calibration["mention_error"] == pytest.approx(0.1, abs=1e-6)


def test_paired_difference():
    good, bad = (
        evaluate(scorer, GOLD, draws=50) for scorer in (Oracle(GOLD), Oracle(GOLD, drop=["logistics.speed"]))
    )
    result = compare(good, bad, draws=200)
    assert result["facet"]["difference"] == pytest.approx(1 - 2 * 2 / 5)
    assert result["facet"]["low"] <= result["facet"]["difference"] <= result["facet"]["high"]
    assert compare(good, good)["facet"] == {"difference": 0, "low": 0, "high": 0}


def test_same_seed_same_intervals():
    scorer = Oracle(GOLD, drop=["logistics.speed"])
    assert evaluate(scorer, GOLD, draws=50).scores == evaluate(scorer, GOLD, draws=50).scores


def test_tables():
    report = evaluate(Oracle(GOLD), GOLD, draws=50)
    frame = report.to_frame()
    assert list(frame["measure"]) == list(MEASURES)
    text = report.to_markdown()
    assert "| facet_polarity | 1.000 |" in text
    assert "logistics.speed" in text


def test_unknown_facet_and_no_reviews_are_refused():
    strange = [review("很好", [(0, "mood.joy", 1)])]
    with pytest.raises(InputError, match=r"mood\.joy"):
        evaluate(Oracle(strange), strange)
    with pytest.raises(InputError):
        evaluate(Oracle([]), [])


def test_reports_of_other_sizes_are_refused():
    report = evaluate(Oracle(GOLD), GOLD, draws=20)
    other = evaluate(Oracle(GOLD), GOLD[:2], draws=20)
    with pytest.raises(InputError):
        compare(report, other)


def test_of_a_corrected_review_only_the_reviewed_clauses_count() -> None:
    text = "物流太慢了，客服很好"
    whole = review(text, [(0, "logistics.speed", -1), (1, "service.attitude", 1)], -1, ["repeat"])
    partly = replace(whole, labels=whole.labels[:1], flags=(), reviewed=(0,))
    # the oracle finds both mentions and a flag; the second clause and the flags were never judged
    report = evaluate(Oracle([whole]), [partly], draws=5)
    assert report.scores["facet_polarity"]["value"] == 1.0
    assert report.counts["clause_facet"].tolist() == [[1, 1, 1]]
    assert report.counts["flags"].tolist() == [[0, 0, 0]]
    assert evaluate(Oracle([whole]), [replace(partly, reviewed=None)], draws=5).scores["facet"]["value"] < 1
