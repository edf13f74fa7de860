"""The scorers as scikit-learn sees them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils import estimator_checks

import feedback_nlp as fn
from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.linear import LinearScorer

TEXTS = [
    "物流太慢了",
    "客服很好",
    "质量差得很",
    "性价比高",
    "退款拖了一个月",
    "味道不错",
    "包装破了",
    "很满意",
] * 3
SIDES = [-1, 1, -1, 1, -1, 1, -1, 1] * 3
ESTIMATORS = [
    fn.FeedbackVectorizer("lexicon"),
    fn.SentimentClassifier("lexicon"),
    fn.FacetClassifier(target="element"),
]
# The checks of scikit-learn that need no table of numbers: what an estimator is, not what it makes of data.
CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: type(one).__name__)
def test_checks_of_scikit_learn(estimator, check) -> None:
    check(type(estimator).__name__, clone(estimator))


def small() -> list[GoldReview]:
    reviews = []
    for number in range(30):
        text, facet, side = [
            ("物流太慢了", "logistics.speed", -1),
            ("客服态度很好", "service.attitude", 1),
            ("味道太咸了", "product.taste", -1),
        ][number % 3]
        text = f"{text}，第{number}次"
        end = text.index("，")
        reviews.append(
            GoldReview(str(number), text, "ab"[number % 2], "", ((0, end),), ((0, facet, side),), side)
        )
    return reviews


def test_texts_in_a_pipeline_and_a_search() -> None:
    pipeline = make_pipeline(fn.FeedbackVectorizer("lexicon"), LogisticRegression())
    assert cross_val_score(pipeline, TEXTS, SIDES, cv=3).mean() > 0.9
    search = GridSearchCV(
        fn.SentimentClassifier("lexicon"), {"C": [0.01, 1.0], "facets": [True, False]}, cv=3
    )
    search.fit(np.array(TEXTS, dtype=object), np.array(SIDES))
    assert search.best_score_ > 0.9
    assert set(search.predict(["快递慢死了", "非常满意"])) <= {-1, 1}
    union = make_union(fn.FeedbackVectorizer("lexicon", facets=False), fn.FeedbackVectorizer("lexicon"))
    assert union.fit_transform(TEXTS[:2]).shape == (2, 16 + 2 * len(fn.load_taxonomy().codes))


def test_features_are_named_and_say_what_they_say() -> None:
    vectorizer = fn.FeedbackVectorizer("lexicon").fit(TEXTS)
    names = vectorizer.get_feature_names_out().tolist()
    row = dict(zip(names, vectorizer.transform(["物流太慢了，客服很好", None, ""])[0], strict=True))
    assert row["logistics.speed:negative"] > 0.5 > row["logistics.speed:positive"]
    assert row["service.attitude:positive"] > 0.5
    assert len(names) == len(set(names)) == vectorizer.transform(["好"]).shape[1]
    assert np.isfinite(vectorizer.transform([None, float("nan"), "", "\U0001f621", "a" * 9000])).all()


@pytest.mark.parametrize("dtype", ["object", "string", "string[pyarrow]", "category"])
def test_columns_with_missing_texts(dtype) -> None:
    column = pd.Series(["物流慢", pd.NA, "客服好"], dtype=dtype, index=[7, 7, 9])
    vectorizer = fn.FeedbackVectorizer("lexicon").fit(column)
    assert np.array_equal(vectorizer.transform(column), vectorizer.transform(["物流慢", None, "客服好"]))


def test_no_texts() -> None:
    assert fn.FeedbackVectorizer("lexicon").fit_transform([]).shape[0] == 0


def test_a_clone_keeps_the_fitted_scorer_it_was_given() -> None:
    scorer = fn.load_model("lexicon")
    pipeline = make_pipeline(fn.FeedbackVectorizer(scorer, facets=False), LogisticRegression())
    assert clone(pipeline)[0].model is scorer
    assert cross_val_score(pipeline, TEXTS, SIDES, cv=3).mean() > 0.9


def test_probabilities() -> None:
    model = fn.SentimentClassifier("lexicon").fit(TEXTS, ["差" if side < 0 else "好" for side in SIDES])
    said = model.predict_proba(["物流太慢了", "很满意"])
    assert said.sum(axis=1) == pytest.approx(1)
    assert model.classes_.tolist() == ["好", "差"] or model.classes_.tolist() == ["差", "好"]
    assert model.predict(["物流太慢了"]).tolist() == ["差"]


@pytest.mark.parametrize("wrong", ["一条", [["a"]], [3], np.array([["a"]])])
def test_what_is_no_column_of_texts_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="expected"):
        fn.FeedbackVectorizer("lexicon").fit(wrong).transform(wrong)


def test_not_fitted() -> None:
    for use in (
        ESTIMATORS[0].transform,
        ESTIMATORS[1].predict,
        ESTIMATORS[1].predict_proba,
        ESTIMATORS[2].predict,
    ):
        with pytest.raises(NotFittedError):
            use(["物流慢"])


def test_facets_are_learnt_searched_and_scored() -> None:
    reviews = small()
    model = fn.FacetClassifier(base=None, target="facet_polarity").fit(reviews)
    assert model.score(reviews) > 0.9
    said = model.predict(["物流太慢了，第99次"])[0]
    assert model.classes_[said.astype(bool)].tolist() == ["logistics.speed:negative"]
    adapted = fn.FacetClassifier(target="element", threshold=0.99)
    search = GridSearchCV(adapted, {"threshold": [0.3, 0.999]}, cv=KFold(2)).fit(reviews)
    assert search.best_params_["threshold"] == 0.3
    scores = cross_val_score(
        clone(search.best_estimator_), reviews, model_truth(reviews), cv=2, scoring="f1_micro"
    )
    assert scores.shape == (2,)


def model_truth(reviews: list[GoldReview]) -> np.ndarray:
    return fn.FacetClassifier(target="element").truth(reviews)


def test_facets_of_missing_texts_and_of_what_is_no_list() -> None:
    model = fn.FacetClassifier(base=None).fit(small())
    assert not model.predict([None, float("nan"), pd.NA]).any()
    with pytest.raises(ValueError, match="one string"):
        model.predict("物流太慢了")


def test_it_counts_as_evaluate_does() -> None:
    """The same F1 as ``feedback-nlp evaluate`` prints, for every target."""
    reviews = fn.load_corpus("survey")[:60]
    scorer = fn.load_model("linear")
    report = fn.evaluate(scorer, reviews, draws=1)
    for target in ("element", "facet", "facet_polarity", "negatives"):
        model = fn.FacetClassifier(target=target)
        model.scorer_, model.classes_ = scorer, np.array([])
        assert model.score(reviews) == pytest.approx(report.scores[target]["value"])


def test_bad_settings() -> None:
    with pytest.raises(ValueError, match="target must be"):
        fn.FacetClassifier(target="colour").fit(small())
    with pytest.raises(ValueError, match="GoldReview"):
        fn.FacetClassifier().fit(["物流慢"])
    with pytest.raises(ModelError):
        fn.FacetClassifier(base="lexicon").fit(small())


def test_scorers_clone_too() -> None:
    for scorer in (LexiconScorer(), LinearScorer("default")):
        copy = clone(scorer)
        assert copy is not scorer
        assert copy.get_params() == scorer.get_params()
    with pytest.raises(ValueError, match="no parameter 'nope'"):
        LexiconScorer().set_params(nope=1)


def test_leave_one_domain_out() -> None:
    reviews = [*small(), GoldReview("x", "物流太慢了，第0次！", "b"), GoldReview("y", "别的", "c")]
    splitter = fn.LeaveOneDomainOut(min_reviews=2)
    assert splitter.names(reviews) == ["a", "b"]
    assert splitter.get_n_splits(reviews) == 2
    for (train, test), domain in zip(splitter.split(reviews), "ab", strict=True):
        assert {reviews[row].domain for row in test} == {domain}
        assert domain not in {reviews[row].domain for row in train}
    first, _ = splitter.split(reviews)
    assert 30 not in first[0], "a text of the judged domain, spelt otherwise, is not learnt from"
    by_groups = list(fn.LeaveOneDomainOut().split(TEXTS, groups=["甲"] * 12 + ["乙"] * 12))
    assert len(by_groups) == 2
    texts, sides = [*TEXTS[:8], "快递慢", "发货慢"], [*SIDES[:8], -1, -1]
    groups = ["甲"] * 4 + ["乙"] * 6
    judge = fn.SentimentClassifier("lexicon")
    scores = cross_val_score(judge, texts, sides, cv=fn.LeaveOneDomainOut(), groups=groups)
    assert scores.shape == (2,)


@pytest.mark.parametrize("domains", [["a", "a"], ["a", "b"]])
def test_nothing_to_leave_out(domains) -> None:
    reviews = [GoldReview("1", "甲", domains[0]), GoldReview("2", "乙", domains[1])]
    with pytest.raises(ValueError, match="没有可以轮流留出的行业"):
        list(fn.LeaveOneDomainOut(min_reviews=2).split(reviews))
