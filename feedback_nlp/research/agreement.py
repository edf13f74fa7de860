"""How far people agree who labelled the same reviews: Cohen's kappa, Krippendorff's alpha, intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.arguments import check_draws
from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.schema import FLAGS
from feedback_nlp.taxonomy import GENERAL

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Agreement", "Measure", "agreement", "krippendorff_alpha"]

Floats = NDArray[np.float64]
# What a review may say of a facet; praise and blame of one facet is a value of its own.
ABSENT, NEGATIVE, NEUTRAL, POSITIVE, MIXED = range(5)
OVERALL, POOLED, FLAGGED = "overall", "facets", "flags"


@dataclass(frozen=True)
class Measure:
    """Agreement on one question.

    Attributes
    ----------
    what : str
        ``overall``, ``facets`` (every review and facet together), ``flags``, or the code of one facet.
    n_units : int
        What was labelled: reviews, or reviews times facets.
    n_present : int
        Units to which someone gave another value than "absent" (of ``overall``: all).
    observed : float
        Share of pairs of labels of one unit that are equal.
    kappa : float
        Cohen's, by scikit-learn; the mean over pairs of more than two people. NaN where all say one thing.
    kappa_low, kappa_high : float
        95 % percentile bootstrap over reviews.
    alpha, alpha_low, alpha_high : float
        Krippendorff's for nominal values.
    """

    what: str
    n_units: int
    n_present: int
    observed: float
    kappa: float
    kappa_low: float
    kappa_high: float
    alpha: float
    alpha_low: float
    alpha_high: float


@dataclass(frozen=True)
class Agreement:
    """Agreement of two or more people.

    Attributes
    ----------
    measures : tuple of Measure
        ``overall``, ``facets`` and ``flags`` first, then facets that someone gave, most often first.
    n_reviews : int
        Reviews that all have labelled.
    n_left_out : int
        Reviews that are not in every file.
    names : tuple of str
    """

    measures: tuple[Measure, ...]
    n_reviews: int
    n_left_out: int
    names: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure."""
        import pandas as pd

        return pd.DataFrame([asdict(measure) for measure in self.measures])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, NaN as None."""
        rows = [
            {key: None if value != value else value for key, value in asdict(measure).items()}
            for measure in self.measures
        ]
        found = {"names": list(self.names), "n_reviews": self.n_reviews, "n_left_out": self.n_left_out}
        return {**found, "measures": rows}


def agreement(*files: str | Path | Sequence[GoldReview], draws: int = 1000, seed: int = 0) -> Agreement:
    """Measure how far two or more labellings of the same reviews agree.

    Parameters
    ----------
    *files : path or sequence of GoldReview
        One for each person. Reviews are matched by ``id`` and must have the same text.
    draws : int
        Bootstrap draws over reviews.
    seed : int

    Returns
    -------
    Agreement
        On the review as a whole, since people cut clauses differently: its overall label, and of every facet
        whether it is absent, negative, neutral, positive or mixed.

    Raises
    ------
    InputError
        If there are fewer than two files, ids repeat, a text differs, or no review is in every file.
    ConfigError
        If ``draws`` is below 1, or ``seed`` below 0.
    """
    check_draws(draws, seed)
    raters = [_by_id(item, number) for number, item in enumerate(files, 1)]
    if len(raters) < 2:
        raise InputError(
            Bilingual(f"只有 {len(raters)} 份标注。", f"Only {len(raters)} labelled file was given."),
            Bilingual("给同一批评价的两份或更多份标注。", "Give two or more labellings of the same reviews."),
        )
    everyone = set.union(*(set(rater) for rater in raters))
    shared = [key for key in raters[0] if all(key in rater for rater in raters)]
    if not shared:
        raise InputError(
            Bilingual("这些标注里没有同一编号的评价。", "No id is in all of the labelled files."),
            Bilingual("各份标注的 id 要一致。", "The files must name the same review by the same id."),
        )
    _check_texts(raters, shared)
    chosen = [[rater[key] for key in shared] for rater in raters]
    weights = _drawn(len(shared), draws, seed)
    facets = _facets(chosen)
    by_facet = {facet: np.array([[_said(r, facet) for r in rater] for rater in chosen]) for facet in facets}
    flags = np.array([[[flag in r.flags for flag in FLAGS] for r in rater] for rater in chosen], dtype=int)
    overall = np.array([[[review.overall] for review in rater] for rater in chosen])
    measures = [_measure(OVERALL, overall, weights)]
    if facets:
        measures.append(_measure(POOLED, np.stack(list(by_facet.values()), axis=2), weights))
    measures.append(_measure(FLAGGED, flags, weights))
    measures += [_measure(facet, values[:, :, None], weights) for facet, values in by_facet.items()]
    names = tuple(
        Path(item).name if isinstance(item, str | Path) else str(number)
        for number, item in enumerate(files, 1)
    )
    return Agreement(tuple(measures), len(shared), len(everyone) - len(shared), names)


def krippendorff_alpha(values: Sequence[Sequence[Any]], *, level: str = "nominal") -> float:
    """Return Krippendorff's alpha.

    Parameters
    ----------
    values : array-like of shape (n_raters, n_units)
        None or NaN where a rater gave none; units with fewer than two values don't count.
    level : {"nominal", "ordinal", "interval"}
        What the distance of two values is: 0 or 1; by ranks (values must sort); or squared difference.

    Returns
    -------
    float
        1 − D_o / D_e, at most 1; 0 is chance. NaN where fewer than two different values are left.

    Raises
    ------
    ValueError
        If ``level`` is unknown.

    Notes
    -----
    With o_ck the coincidences, Σ_u (pairs c, k in unit u) / (m_u − 1), n_c their row sums and n = Σ n_c:
    D_o = Σ o_ck δ²_ck / n, D_e = Σ n_c n_k δ²_ck / (n (n − 1)); ordinal δ_ck = Σ_{g=c..k} n_g −
    (n_c + n_k) / 2 (Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*).

    Examples
    --------
    >>> round(krippendorff_alpha([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]), 3)
    0.095
    """
    if level not in ("nominal", "ordinal", "interval"):
        raise ValueError(f"level must be nominal, ordinal or interval, got {level!r}")
    units = [[value for value in unit if not _missing(value)] for unit in zip(*values, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    names = sorted({value for unit in units for value in unit})
    if len(names) < 2:
        return float("nan")
    place = {value: number for number, value in enumerate(names)}
    coincidences = sum(
        (_coincidences([place[v] for v in unit], len(names)) for unit in units), start=np.zeros(1)
    )
    return float(_alpha(coincidences, _distances(names, coincidences.sum(axis=1), level)))


def _missing(value: Any) -> bool:
    return value is None or value != value


def _coincidences(unit: Sequence[int], n_values: int) -> Floats:
    counts = np.bincount(unit, minlength=n_values).astype(np.float64)
    return (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)


def _distances(names: Sequence[Any], totals: Floats, level: str) -> Floats:
    """Return the squared distances of values, of shape (n_values, n_values)."""
    if level == "nominal":
        return 1 - np.eye(len(names))
    if level == "interval":
        numbers = np.array(names, dtype=np.float64)
        return np.asarray((numbers[:, None] - numbers[None, :]) ** 2)
    upto = np.cumsum(totals) - totals / 2
    return np.asarray((upto[:, None] - upto[None, :]) ** 2)


def _alpha(coincidences: Floats, distances: Floats) -> NDArray[np.float64]:
    """Return alpha of coincidences of shape (..., n_values, n_values)."""
    totals = coincidences.sum(axis=-1)
    n = totals.sum(axis=-1)
    seen = (coincidences * distances).sum(axis=(-2, -1))
    chance = np.einsum("...c,...k,ck->...", totals, totals, distances) / np.maximum(n - 1, 1e-12)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance > 0, 1 - seen / chance, np.nan))


def _kappa(table: Floats) -> NDArray[np.float64]:
    """Return Cohen's kappa of contingency tables of shape (..., n_values, n_values)."""
    n = np.maximum(table.sum(axis=(-2, -1)), 1e-12)
    agreed = np.trace(table, axis1=-2, axis2=-1) / n
    chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan))


def _measure(what: str, values: NDArray[np.int_], weights: NDArray[np.int64]) -> Measure:
    """Measure agreement on values of shape (n_raters, n_reviews, n_questions)."""
    from sklearn.metrics import cohen_kappa_score

    names, codes = np.unique(values, return_inverse=True)
    codes = codes.reshape(values.shape)
    size = len(names)
    pairs = list(combinations(range(len(values)), 2))
    tables = [_tables(codes[one], codes[other], size) for one, other in pairs]
    flat = codes.reshape(len(values), -1)
    single = size < 2
    kappa = (
        float("nan") if single else float(np.mean([cohen_kappa_score(flat[a], flat[b]) for a, b in pairs]))
    )
    kappas = np.mean([_kappa((weights @ table).reshape(-1, size, size)) for table in tables], axis=0)
    # Everyone labelled every unit, so the coincidences are the pair tables both ways over n_raters − 1.
    both = sum(tables) / (len(values) - 1)
    coincidences = (weights @ both).reshape(-1, size, size)
    alphas = _alpha(coincidences + coincidences.transpose(0, 2, 1), 1 - np.eye(size))
    equal = [float((flat[a] == flat[b]).mean()) for a, b in pairs]
    present = values != ABSENT if what != OVERALL else np.ones_like(values, dtype=bool)
    return Measure(
        what,
        flat.shape[1],
        int(present.any(axis=0).sum()),
        float(np.mean(equal)),
        kappa,
        *_interval(kappas),
        float("nan") if single else krippendorff_alpha(flat.tolist()),
        *_interval(alphas),
    )


def _tables(one: NDArray[np.int_], other: NDArray[np.int_], size: int) -> Floats:
    """Return the contingency table of each review, flat: (n_reviews, size · size)."""
    cell = one * size + other
    found = np.zeros((len(one), size * size))
    np.add.at(found, (np.arange(len(one))[:, None], cell), 1.0)
    return found


def _interval(draws: Floats) -> tuple[float, float]:
    kept = draws[~np.isnan(draws)]
    if not len(kept):
        return float("nan"), float("nan")
    low, high = np.percentile(kept, [2.5, 97.5])
    return float(low), float(high)


def _drawn(n: int, draws: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)


def _said(review: GoldReview, facet: str) -> int:
    signs = {polarity for _, code, polarity in review.labels if code == facet}
    if not signs:
        return ABSENT
    return MIXED if len(signs) > 1 else NEUTRAL + signs.pop()


def _facets(raters: Sequence[Sequence[GoldReview]]) -> list[str]:
    """Return the facets that someone gave, most often first."""
    given = Counter(
        code
        for rater in raters
        for review in rater
        for code in {code for _, code, _ in review.labels}
        if code != GENERAL
    )
    return sorted(given, key=lambda code: (-given[code], code))


def _by_id(item: str | Path | Sequence[GoldReview], number: int) -> dict[Hashable, GoldReview]:
    reviews = read(item) if isinstance(item, str | Path) else list(item)
    name = str(item) if isinstance(item, str | Path) else f"{number}"
    found: dict[Hashable, GoldReview] = {}
    for review in reviews:
        key = review.id or review.text
        if key in found:
            raise InputError(
                Bilingual(f"标注 {name} 里编号 {key} 出现了两次。", f"Id {key} stands twice in {name}."),
                Bilingual("每条评价只留一行。", "Keep one line for each review."),
            )
        found[key] = review
    return found


def _check_texts(raters: Sequence[Mapping[Hashable, GoldReview]], keys: Sequence[Hashable]) -> None:
    for key in keys:
        if len({rater[key].text for rater in raters}) > 1:
            raise InputError(
                Bilingual(f"编号 {key} 的原文在各份标注里不同。", f"The texts of id {key} differ."),
                Bilingual(
                    "同一编号要是同一条评价；检查是不是改过原文或用错了文件。",
                    "One id must be one review: look for an edited text or a wrong file.",
                ),
            )
