"""The scorers as scikit-learn estimators: they clone, sit in pipelines and can be searched over.

``FeedbackVectorizer`` makes features of texts, ``SentimentClassifier`` learns labels of whole texts on them,
and ``FacetClassifier`` learns facets from reviews labelled clause by clause.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from feedback_nlp.frames import is_missing
from feedback_nlp.gold import GoldReview
from feedback_nlp.schema import FLAGS, LABELS
from feedback_nlp.taxonomy import GENERAL, Taxonomy

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.scorers.linear import LinearScorer

__all__ = ["TARGETS", "FacetClassifier", "FeedbackVectorizer", "SentimentClassifier"]

TARGETS = ("element", "facet", "facet_polarity", "negatives")
# Probabilities this far from 0 and 1 at most, so that their log-odds stay finite.
_EDGE = 1e-3
# Parameters that may be a fitted scorer.
_SCORERS = ("model", "base")


def _texts(texts: Any) -> list[str]:
    """Return raw texts as a list; missing ones are blank.

    Raises
    ------
    ValueError
        If ``texts`` is one string, has more than one dimension, or holds anything but text.
    """
    if isinstance(texts, str):
        raise ValueError("expected a sequence of texts, got one string: put it into a list")
    if getattr(texts, "ndim", 1) != 1:
        raise ValueError(f"expected texts in one dimension, got shape {texts.shape}: give one column")
    found = ["" if is_missing(text) else text for text in texts]
    wrong = next((text for text in found if not isinstance(text, str)), None)
    if wrong is not None:
        raise ValueError(f"expected texts, got {type(wrong).__name__}: {wrong!r}")
    return found


def _is_no_list(texts: Any) -> bool:
    return isinstance(texts, str) or getattr(texts, "ndim", 1) != 1


def _text(review: Any) -> Any:
    return review.text if isinstance(review, GoldReview) else review


class _OfTexts(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What estimators of raw texts tell scikit-learn."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    def __sklearn_clone__(self) -> Any:
        """Return a copy that has learnt nothing; a fitted scorer that was given stays what it is."""
        given = {name: value for name, value in self.get_params(deep=False).items() if name in _SCORERS}
        return super().__sklearn_clone__().set_params(**given)


class FeedbackVectorizer(TransformerMixin, _OfTexts):  # type: ignore[misc]
    """What a model makes of a text, as features of anything that learns.

    Parameters
    ----------
    model : str, Path or Scorer
        Installed model, model folder, or a fitted scorer.
    taxonomy : str, Path or Taxonomy
        Of the model.
    facets : bool
        Whether to give, for each facet, the highest probability of a negative and of a positive mention over
        the clauses.

    Attributes
    ----------
    scorer_ : Scorer

    Examples
    --------
    >>> features = FeedbackVectorizer("lexicon", facets=False).fit_transform(["物流太慢了"])
    >>> features.shape
    (1, 8)
    """

    def __init__(
        self,
        model: str | Path | Scorer = "linear",
        *,
        taxonomy: str | Path | Taxonomy = "default",
        facets: bool = True,
    ) -> None:
        self.model = model
        self.taxonomy = taxonomy
        self.facets = facets

    def fit(self, X: Any, y: Any = None) -> FeedbackVectorizer:  # noqa: N803
        """Load the model; nothing is learnt from ``X`` and ``y``."""
        from feedback_nlp.scorers import load_model
        from feedback_nlp.taxonomy import load_taxonomy

        del y
        _texts(X)
        self.scorer_ = load_model(self.model, load_taxonomy(self.taxonomy))
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the features.

        Parameters
        ----------
        X : sequence of str or None, length n

        Returns
        -------
        float64 array of shape (n, 8) or (n, 8 + 2 · n_facets)
            Log-odds of the overall label being negative, neutral and positive; probability of the five flags;
            of each facet the highest probability of a negative, then of a positive mention.
        """
        from feedback_nlp.text.clauses import cut_column

        check_is_fitted(self)
        texts = _texts(X)
        cut = cut_column(texts)
        judged = self.scorer_.predict(texts, cut)
        sides = np.clip(judged.overall.astype(np.float64), _EDGE, 1 - _EDGE)
        parts = [np.log(sides / (1 - sides)), judged.flags.astype(np.float64)]
        if self.facets:
            highest = np.zeros((len(texts), judged.clauses.shape[1], 2))
            np.maximum.at(highest, cut.review, judged.clauses[:, :, [0, 2]])
            parts.append(highest.reshape(len(texts), 2 * judged.clauses.shape[1]))
        return np.hstack(parts)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the name of each feature, such as ``logistics.speed:negative``."""
        del input_features
        check_is_fitted(self)
        names = [f"overall:{label}" for label in LABELS] + [f"flag:{flag}" for flag in FLAGS]
        if self.facets:
            codes = self.scorer_.taxonomy_.codes
            names += [f"{code}:{label}" for code in codes for label in (LABELS[0], LABELS[2])]
        return np.array(names, dtype=object)


class SentimentClassifier(ClassifierMixin, _OfTexts):  # type: ignore[misc]
    """Labels of whole texts, learnt on what a model makes of them: a few hundred labels are enough.

    Logistic regression on the features of ``FeedbackVectorizer``.

    Parameters
    ----------
    model, taxonomy, facets
        As of :class:`FeedbackVectorizer`.
    C : float > 0
        Inverse regularisation.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    vectorizer_ : FeedbackVectorizer
    regression_ : sklearn.linear_model.LogisticRegression

    Examples
    --------
    >>> texts = ["物流太慢了", "客服很好", "质量差", "性价比高"]
    >>> SentimentClassifier("lexicon").fit(texts, [-1, 1, -1, 1]).predict(["快递慢死了"]).tolist()
    [-1]
    """

    def __init__(
        self,
        model: str | Path | Scorer = "linear",
        *,
        taxonomy: str | Path | Taxonomy = "default",
        facets: bool = True,
        C: float = 0.1,  # noqa: N803 (scikit-learn's name)
    ) -> None:
        self.model = model
        self.taxonomy = taxonomy
        self.facets = facets
        self.C = C

    vectorizer_: FeedbackVectorizer
    regression_: LogisticRegression
    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> SentimentClassifier:  # noqa: N803
        """Learn from texts ``X`` and their labels ``y``."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.utils.multiclass import check_classification_targets

        check_classification_targets(y)
        self.vectorizer_ = FeedbackVectorizer(self.model, taxonomy=self.taxonomy, facets=self.facets)
        features = self.vectorizer_.fit_transform(X)
        self.regression_ = LogisticRegression(C=self.C, max_iter=1000).fit(features, y)
        self.classes_ = self.regression_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the most probable label of each text."""
        check_is_fitted(self)
        found: NDArray[Any] = self.regression_.predict(self.vectorizer_.transform(X))
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the probability of each class of ``classes_``, of shape (n, n_classes)."""
        check_is_fitted(self)
        found: NDArray[np.float64] = self.regression_.predict_proba(self.vectorizer_.transform(X))
        return found


class FacetClassifier(ClassifierMixin, _OfTexts):  # type: ignore[misc]
    """Facets of reviews, learnt from reviews labelled clause by clause; multi-label.

    Parameters
    ----------
    base : str, Path or LinearScorer, optional
        A ``linear`` model to adapt; ``None`` learns from nothing but the labels.
    taxonomy : str, Path or Taxonomy
        Of the labels.
    target : {"facet", "facet_polarity", "negatives", "element"}
        What the columns of ``predict`` are; ``overall.general`` is never one.
    mention_c, polar_c : float > 0
        Inverse regularisation of what is mentioned, and of praise and blame.
    threshold : float, optional
        Score from which a mention counts; those that the model chose when not given.

    Attributes
    ----------
    scorer_ : LinearScorer
    classes_ : array of str of shape (n_labels,)
        The columns: ``logistics.speed``, with ``:negative`` behind it for ``facet_polarity``.

    Notes
    -----
    ``X`` is a list of ``GoldReview`` (``gold.read``, ``load_corpus``), which carry their labels: ``y`` may be
    left out, or be ``truth(X)`` for scorers of scikit-learn that want it. ``predict`` takes texts too.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> clone(FacetClassifier(target="element", polar_c=2.0)).get_params()["polar_c"]
    2.0
    """

    def __init__(
        self,
        base: str | Path | LinearScorer | None = "linear",
        *,
        taxonomy: str | Path | Taxonomy = "default",
        target: str = "facet",
        mention_c: float = 6.0,
        polar_c: float = 10.0,
        threshold: float | None = None,
    ) -> None:
        self.base = base
        self.taxonomy = taxonomy
        self.target = target
        self.mention_c = mention_c
        self.polar_c = polar_c
        self.threshold = threshold

    scorer_: LinearScorer
    classes_: NDArray[np.str_]

    def fit(self, X: Sequence[GoldReview], y: Any = None) -> FacetClassifier:  # noqa: N803
        """Learn from labelled reviews; their own labels are used, whatever ``y`` says.

        Raises
        ------
        ValueError
            If ``X`` holds anything but labelled reviews, or ``target`` is unknown.
        ModelError
            If ``base`` is no ``linear`` model of this taxonomy, or no clause is labelled.
        """
        from feedback_nlp.scorers.linear import LinearScorer
        from feedback_nlp.scorers.linear_adapt import Strength, adapt
        from feedback_nlp.scorers.linear_heads import Settings
        from feedback_nlp.taxonomy import load_taxonomy

        del y
        reviews, taxonomy = _labelled(X), load_taxonomy(self.taxonomy)
        columns = _columns(taxonomy, self.target)
        if self.base is None:
            settings = Settings(mention_c=self.mention_c, polar_c=self.polar_c)
            self.scorer_ = LinearScorer(taxonomy, settings=settings).fit(reviews)
        else:
            strength = Strength(mention_c=self.mention_c, polar_c=self.polar_c)
            self.scorer_ = adapt(self._start(taxonomy), reviews, strength=strength)
        self.classes_ = np.array(columns)
        return self

    def predict(self, X: Any) -> NDArray[np.int8]:  # noqa: N803
        """Return which labels each review has.

        Parameters
        ----------
        X : sequence of GoldReview or of str, length n

        Returns
        -------
        int8 array of shape (n, n_labels)
        """
        from feedback_nlp.insight.mentions import write
        from feedback_nlp.text.clauses import cut_column

        check_is_fitted(self)
        texts = _texts(X) if _is_no_list(X) else _texts([_text(review) for review in X])
        cut = cut_column(texts)
        ids = [str(row) for row in range(len(texts))]
        mentions, _ = write(self.scorer_.predict(texts, cut), cut, ids, texts, self._reader())
        said = zip(*(mentions[name].to_pylist() for name in ("review_id", "facet", "label")), strict=True)
        return self._indicator([(int(row), facet, label) for row, facet, label in said], len(texts))

    def truth(self, X: Sequence[GoldReview]) -> NDArray[np.int8]:  # noqa: N803
        """Return the gold labels of reviews, laid out as :meth:`predict` does; needs no ``fit``."""
        reviews = _labelled(X)
        said = [
            (row, facet, LABELS[polarity + 1])
            for row, review in enumerate(reviews)
            for _, facet, polarity in review.labels
        ]
        return self._indicator(said, len(reviews))

    def score(self, X: Sequence[GoldReview], y: Any = None, sample_weight: Any = None) -> float:  # noqa: N803
        """Return micro-averaged F1, as ``evaluate`` counts it; ``y`` is ``truth(X)`` when not given."""
        from sklearn.metrics import f1_score

        gold = self.truth(X) if y is None else y
        return float(
            f1_score(gold, self.predict(X), average="micro", sample_weight=sample_weight, zero_division=0.0)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        return tags

    def _start(self, taxonomy: Taxonomy) -> LinearScorer:
        from feedback_nlp.errors import Bilingual, ModelError
        from feedback_nlp.scorers import load_model
        from feedback_nlp.scorers.linear import LinearScorer

        found = load_model(self.base or "linear", taxonomy)
        if isinstance(found, LinearScorer):
            return found
        raise ModelError(
            Bilingual(f"{self.base} 不是 linear 模型。", f"{self.base} is no linear model."),
            Bilingual("base 给 linear 类型的模型，或 None。", "Give base a linear model, or None."),
        )

    def _reader(self) -> Scorer:
        """Return the scorer with the threshold asked for."""
        if self.threshold is None:
            return self.scorer_
        reader = self.scorer_.with_weights(self.scorer_.weights_)
        reader.thresholds_ = np.full_like(self.scorer_.thresholds_, self.threshold)
        return reader

    def _indicator(self, said: Sequence[tuple[int, str, str]], n: int) -> NDArray[np.int8]:
        from feedback_nlp.taxonomy import load_taxonomy

        columns = _columns(load_taxonomy(self.taxonomy), self.target)
        place = {name: column for column, name in enumerate(columns)}
        found = np.zeros((n, len(place)), dtype=np.int8)
        for row, facet, label in said:
            name = _name(facet, label, self.target)
            if name in place:
                found[row, place[name]] = 1
        return found


def _labelled(reviews: Any) -> list[GoldReview]:
    found = list(reviews)
    wrong = next((item for item in found if not isinstance(item, GoldReview)), None)
    if wrong is not None:
        raise ValueError(f"expected labelled reviews (GoldReview), got {type(wrong).__name__}: {wrong!r}")
    return found


def _columns(taxonomy: Taxonomy, target: str) -> list[str]:
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {target!r}")
    named = (_name(code, label, target) for code in taxonomy.codes for label in LABELS)
    return list(dict.fromkeys(name for name in named if name))


def _name(facet: str, label: str, target: str) -> str:
    """Return the column of a mention; empty where the target does not count it."""
    if facet == GENERAL or (target == "negatives" and label != LABELS[0]):
        return ""
    if target == "element":
        return facet.partition(".")[0]
    return f"{facet}:{label}" if target == "facet_polarity" else facet
