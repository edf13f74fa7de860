"""Measuring a scorer against labelled reviews, by the rules of contract.md ("Gold file").

Everything is measured on what users get: the texts are cut by this package, scored, and written as mentions;
sets of elements and facets are compared review by review.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp import gold
from feedback_nlp.arguments import check_draws
from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.evaluation_sets import Counts, Truth, clause_level, judge
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.calibration import calibration_error, reliability

if TYPE_CHECKING:
    import pandas as pd

    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["MEASURES", "Report", "compare", "evaluate", "realised"]

# In the order of the contract; the last two look at clauses cut by the annotators.
MEASURES = (
    "element",
    "facet",
    "element_polarity",
    "facet_polarity",
    "negatives",
    "overall",
    "flags",
    "clause_facet",
    "clause_facet_polarity",
)
# What a line about a report shows.
SHOWN = ("element", "facet_polarity", "overall")
MACRO_SUPPORT = 5
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)


@dataclass(frozen=True, repr=False)
class Report:
    """What was measured.

    Attributes
    ----------
    name : str
        Of the scorer.
    n_reviews : int
    scores : mapping
        Measure → ``{"value", "low", "high", "support"}``; F1, or accuracy for ``overall``; 95 % percentile
        bootstrap over reviews.
    macro : mapping
        Measure → mean F1 over labels with at least 5 gold reviews; NaN where there are none.
    labels : tuple of mappings
        One per element, facet and flag: ``kind, label, support, predicted, precision, recall, f1``.
    domains : tuple of mappings
        One per domain: ``domain, n_reviews`` and the value of each measure.
    calibration : mapping
        ``overall_error`` of the confidence of the overall label, ``mention_error`` of scores ≥ 0.2 on gold
        clauses: expected calibration errors over 10 bins; ``overall_bins`` and ``mention_bins`` the
        (count, mean probability, share right) behind them.
    coverage : tuple of mappings
        ``coverage, confidence, error``: error of the overall label among the most confident part.
    counts : mapping
        Measure → int64 array (n_reviews, 3): hits, predicted, true; what intervals and comparisons rest on.
    confidence : float64 array of shape (n_reviews,)
        Of the overall label.
    domain_of : tuple of str, length n_reviews
    confusion : int64 array of shape (3, 3)
        Reviews by gold and by said overall label, both negative, neutral, positive.
    """

    name: str
    n_reviews: int
    scores: Mapping[str, Mapping[str, float]]
    macro: Mapping[str, float]
    labels: tuple[Mapping[str, Any], ...]
    domains: tuple[Mapping[str, Any], ...]
    calibration: Mapping[str, Any]
    coverage: tuple[Mapping[str, float], ...]
    counts: Mapping[str, Counts]
    confidence: NDArray[np.float64]
    domain_of: tuple[str, ...]
    confusion: NDArray[np.int64]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {_f(self.scores[name]['value'])}" for name in SHOWN)
        return f"<Report: {self.name} on {self.n_reviews} reviews: {shown}>"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, float_format="{:.3f}".format)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measure: value, low, high, support, macro."""
        import pandas as pd

        rows = [
            {"measure": name, **score, "macro": self.macro.get(name)} for name, score in self.scores.items()
        ]
        return pd.DataFrame(rows)

    def to_markdown(self) -> str:
        """Return the tables as Markdown."""
        blocks = [
            _table(
                ("measure", "value", "95 %", "support", "macro"),
                [
                    (name, _f(score["value"]), _span(score), int(score["support"]), _f(self.macro.get(name)))
                    for name, score in self.scores.items()
                ],
            ),
            _table(
                ("label", "support", "predicted", "precision", "recall", "F1"),
                [
                    (
                        row["label"],
                        row["support"],
                        row["predicted"],
                        *(_f(row[key]) for key in ("precision", "recall", "f1")),
                    )
                    for row in self.labels
                ],
            ),
            _table(
                ("domain", "n", *MEASURES[:7]),
                [
                    (row["domain"], row["n_reviews"], *(_f(row[m]) for m in MEASURES[:7]))
                    for row in self.domains
                ],
            ),
            _table(
                ("coverage", "confidence from", "error"),
                [(_f(row["coverage"]), _f(row["confidence"]), _f(row["error"])) for row in self.coverage],
            ),
            f"Calibration error: overall {_f(self.calibration['overall_error'])}, "
            f"mentions {_f(self.calibration['mention_error'])}.",
        ]
        return "\n\n".join(blocks) + "\n"


def evaluate(
    scorer: str | Path | Scorer,
    reviews: str | Path | Iterable[GoldReview],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Report:
    """Measure ``scorer`` on labelled reviews.

    Parameters
    ----------
    scorer : str, Path or Scorer
        Installed model, model folder, or a fitted scorer.
    reviews : path or iterable of GoldReview
        Must not have been learnt from.
    draws : int
        Bootstrap draws over reviews.
    seed : int
        Of those draws.

    Raises
    ------
    InputError
        If there are no reviews, one is not labelled, or a facet is not in the scorer's taxonomy.
    ConfigError
        If ``draws`` is below 1, or ``seed`` below 0.
    ModelError
        If ``scorer`` is none, or there is no such model.
    """
    check_draws(draws, seed)
    scorer = load_model(scorer)
    reviews = _labelled(reviews)
    _check(reviews, scorer.taxonomy_)
    judged = judge(scorer, reviews)
    clause_counts, mention_points = clause_level(scorer, reviews)
    counts = {**judged.counts(), **clause_counts}
    ordered = {name: counts[name] for name in MEASURES}
    named = judged.named(scorer.taxonomy_)
    return Report(
        name=scorer.name,
        n_reviews=len(reviews),
        scores=_scores(ordered, draws, seed),
        macro={kind: _macro(*sets[1:]) for kind, sets in named.items()},
        labels=tuple(row for kind, sets in named.items() for row in _by_label(kind, *sets)),
        domains=_by_domain(ordered, [review.domain for review in reviews]),
        calibration=_calibration(judged.confidence, judged.right, *mention_points),
        coverage=_coverage(judged.confidence, judged.right),
        counts=ordered,
        confidence=judged.confidence,
        domain_of=tuple(review.domain for review in reviews),
        confusion=judged.confusion,
    )


def realised(report: Report, threshold: float | None, domain: str | None = None) -> dict[str, Any]:
    """Return what accepting the overall labels at least so sure would have meant.

    Parameters
    ----------
    report : Report
    threshold : float, optional
        Least confidence accepted; ``None`` accepts nothing.
    domain : str, optional
        Only this domain's reviews.

    Returns
    -------
    dict
        ``n``, ``accepted``, ``coverage``, ``wrong``, ``error`` (NaN where nothing is accepted) and its Wilson
        95 % interval ``low``, ``high``.
    """
    from feedback_nlp.insight.shares import wilson

    inside = np.array([domain in (None, name) for name in report.domain_of], dtype=bool)
    least = np.inf if threshold is None else threshold
    accepted = inside & (report.confidence.astype(np.float32) >= np.float32(least))
    n, kept = int(inside.sum()), int(accepted.sum())
    wrong = kept - int(report.counts["overall"][accepted, 0].sum())
    low, high = wilson(wrong, kept)
    return {
        "n": n,
        "accepted": kept,
        "coverage": kept / max(n, 1),
        "wrong": wrong,
        "error": wrong / kept if kept else float("nan"),
        "low": float(low),
        "high": float(high),
    }


def compare(new: Report, old: Report, *, draws: int = 1000, seed: int = 0) -> dict[str, dict[str, float]]:
    """Return measure → ``{"difference", "low", "high"}`` of ``new`` − ``old`` by paired bootstrap.

    Raises
    ------
    InputError
        If the reports are not of the same number of reviews.
    ConfigError
        If ``draws`` is below 1, or ``seed`` below 0.
    """
    check_draws(draws, seed)
    if new.n_reviews != old.n_reviews:
        raise InputError(
            Bilingual(
                f"两份评测的条数不同：{new.n_reviews} 和 {old.n_reviews}。",
                f"The two reports are of {new.n_reviews} and {old.n_reviews} reviews.",
            ),
            Bilingual("用同一份标注评测两个模型。", "Measure both models on the same labelled reviews."),
        )
    weights = _draw(new.n_reviews, draws, seed)
    result = {}
    for name in MEASURES:
        spread = _f1(weights @ new.counts[name]) - _f1(weights @ old.counts[name])
        low, high = np.percentile(spread, [2.5, 97.5])
        here = _f1(new.counts[name].sum(axis=0)) - _f1(old.counts[name].sum(axis=0))
        result[name] = {"difference": float(here), "low": float(low), "high": float(high)}
    return result


def _labelled(reviews: str | Path | Iterable[GoldReview]) -> list[GoldReview]:
    if isinstance(reviews, str | Path):
        return gold.read(reviews)
    found = list(reviews)
    wrong = next((review for review in found if not isinstance(review, gold.GoldReview)), None)
    if wrong is None:
        return found
    raise InputError(
        Bilingual(f"{wrong!r:.40} 不是带标注的评价。", f"{wrong!r:.40} is no labelled review."),
        Bilingual(
            "给标注文件的路径，或 gold.read、load_corpus 的结果。",
            "Give the path of a labelled file, or what gold.read or load_corpus returns.",
        ),
    )


def _check(reviews: Sequence[GoldReview], taxonomy: Taxonomy) -> None:
    unknown = sorted({label[1] for review in reviews for label in review.labels} - set(taxonomy.codes))
    if reviews and not unknown:
        return
    shown = ", ".join(unknown[:5])
    raise InputError(
        Bilingual(
            f"标注里有分类体系没有的方面：{shown}。", f"Labels have facets the taxonomy lacks: {shown}."
        )
        if unknown
        else Bilingual("没有带标注的文本。", "There are no labelled reviews."),
        Bilingual(
            "用 --taxonomy 给出标注所用的分类体系，或换一份标注。",
            "Give the labels' taxonomy by --taxonomy, or use other labels.",
        ),
    )


def _f1(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return 2·hits / (predicted + true) over the last axis; 0 where nothing is predicted or true."""
    total = counts[..., 1] + counts[..., 2]
    return np.asarray(2 * counts[..., 0] / np.maximum(total, 1), dtype=np.float64)


def _draw(n_rows: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Return bootstrap weights: how often each review is drawn, (draws, n_rows)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=draws)


def _scores(counts: Mapping[str, Counts], draws: int, seed: int) -> dict[str, dict[str, float]]:
    weights = _draw(len(next(iter(counts.values()))), draws, seed)
    result = {}
    for name, rows in counts.items():
        low, high = np.percentile(_f1(weights @ rows), [2.5, 97.5])
        total = rows.sum(axis=0)
        result[name] = {
            "value": float(_f1(total)),
            "low": float(low),
            "high": float(high),
            "support": float(total[2]),
        }
    return result


def _label_counts(found: Truth, truth: Truth) -> Counts:
    return np.stack([(found & truth).sum(axis=0), found.sum(axis=0), truth.sum(axis=0)], axis=1).astype(
        np.int64
    )


def _macro(found: Truth, truth: Truth) -> float:
    counts = _label_counts(found, truth)
    kept = counts[:, 2] >= MACRO_SUPPORT
    return float(_f1(counts[kept]).mean()) if kept.any() else float("nan")


def _by_label(kind: str, names: Sequence[str], found: Truth, truth: Truth) -> list[dict[str, Any]]:
    counts = _label_counts(found, truth)
    return [
        {
            "kind": kind,
            "label": name,
            "support": int(true),
            "predicted": int(predicted),
            "precision": hits / predicted if predicted else float("nan"),
            "recall": hits / true if true else float("nan"),
            "f1": float(_f1(np.array([hits, predicted, true]))) if predicted + true else float("nan"),
        }
        for name, (hits, predicted, true) in zip(names, counts.tolist(), strict=True)
    ]


def _by_domain(counts: Mapping[str, Counts], domains: Sequence[str]) -> tuple[dict[str, Any], ...]:
    names = np.array(domains, dtype=object)
    rows = []
    for domain in sorted(set(domains)):
        inside = names == domain
        values = {name: float(_f1(array[inside].sum(axis=0))) for name, array in counts.items()}
        rows.append({"domain": domain, "n_reviews": int(inside.sum()), **values})
    return tuple(rows)


def _calibration(
    confidence: NDArray[np.float64], right: Truth, score: NDArray[np.float64], mentioned: Truth
) -> dict[str, Any]:
    return {
        "overall_error": calibration_error(confidence, right),
        "mention_error": calibration_error(score, mentioned),
        "overall_bins": tuple(part.tolist() for part in reliability(confidence, right)),
        "mention_bins": tuple(part.tolist() for part in reliability(score, mentioned)),
    }


def _coverage(confidence: NDArray[np.float64], right: Truth) -> tuple[dict[str, float], ...]:
    order = np.argsort(-confidence, kind="stable")
    rows = []
    for coverage in COVERAGES:
        kept = order[: max(round(coverage * len(order)), 1)]
        error = 1 - float(right[kept].mean())
        rows.append({"coverage": coverage, "confidence": float(confidence[kept].min()), "error": error})
    return tuple(rows)


def _f(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"


def _span(score: Mapping[str, float]) -> str:
    return f"{score['low']:.3f}–{score['high']:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)
