"""The experience index: experience, satisfaction and loyalty on one scale of 0–100, by month and element.

The shape is that of the satisfaction-index models, in which experience makes satisfaction and that loyalty:
three figures side by side, never one that hides the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.insight.drivers import Drivers
from feedback_nlp.insight.facts import Facts, encode
from feedback_nlp.insight.nps import guess_scale, net_points
from feedback_nlp.insight.shares import z_value
from feedback_nlp.schema import FLAGS, LABELS

__all__ = ["ALL", "Experience", "experience", "experience_schema", "shrinkage"]

ALL = ""
LOYALTY = "brand.loyalty"
CHURN = "churn"
# Who complains again, or threatens, and "comes back" for that, is not loyal.
NOT_LOYAL = (FLAGS.index("repeat"), FLAGS.index("legal"))
# The worth of the prior of a month's mean, in reviews. In simulated months of 5 to 60 reviews the intervals
# cover 94 to 98 % with at most ten, whatever the months differ by; with fifty down to 92 %.
_LEAST_PRIOR, _MOST_PRIOR = 1.0, 10.0
# Two answers at either end of the scale, as Agresti and Coull (1998) add to a share: with few answers, or
# none that differ, a mean of bounded answers else gets an interval that is too short or none at all.
_ENDS = (0.0, 0.0, 100.0, 100.0)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Experience:
    """The indices.

    Attributes
    ----------
    table : Arrow table of ``experience_schema``
        The whole file first, then months in order; within each the file as a whole, then its elements.
    weights : dict
        Element to its weight in the experience of the whole, sum 1; the same in every month.
    weights_kind : {"relative_weights", "mention_share", "none"}
        Where the weights come from.
    satisfaction_kind : {"rating", "polarity"}
        What satisfaction is read off.
    loyalty_kind : {"nps", "words"}
        What loyalty is read off.
    """

    table: pa.Table
    weights: dict[str, float]
    weights_kind: str
    satisfaction_kind: str
    loyalty_kind: str


def experience_schema() -> pa.Schema:
    """Schema of the indices, 0 to 100 with 95 % intervals; null where nobody said anything.

    ``month`` is "2025-01" and ``code`` an element; "" is the whole file, and all elements. ``n_reviews`` are
    counted reviews (that mention the element); ``n_experience``, ``n_satisfaction`` and ``n_loyalty`` those
    behind each index. ``combined`` is the mean of the three where all are known.
    """
    indices = ("experience", "satisfaction", "loyalty")
    figures = [
        (name, kind)
        for index in indices
        for name, kind in (
            (f"n_{index}", pa.int64()), (index, pa.float64()),
            (f"{index}_low", pa.float64()), (f"{index}_high", pa.float64()),
        )
    ]  # fmt: skip
    combined = [(name, pa.float64()) for name in ("combined", "combined_low", "combined_high")]
    return pa.schema(
        [("month", pa.string()), ("code", pa.string()), ("n_reviews", pa.int64()), *figures, *combined]
    )


def shrinkage(means: Floats, counts: Floats, within: float) -> tuple[float, float]:
    """Estimate the normal prior of group means by moments.

    Parameters
    ----------
    means, counts : float64 arrays of shape (n_groups,)
        Mean and number of observations of each group; groups without any are left out.
    within : float
        Variance σ² of an observation within its group.

    Returns
    -------
    prior : float
        κ = σ²/τ², what the prior is worth in observations, cut to [1, 10]; τ² is the moment estimator
        (Σ n_g (m_g − m)² − (G − 1) σ²) / (N − Σ n_g²/N) (DerSimonian & Laird 1986).
    between : float
        σ²/κ, the variance τ² that goes with it.
    """
    seen = counts > 0
    n, m = counts[seen], means[seen]
    total = float(n.sum())
    scale = total - float((n**2).sum()) / max(total, 1.0)
    if len(n) < 2 or within <= 0 or scale <= 0:
        return _LEAST_PRIOR, max(within, 0.0) / _LEAST_PRIOR
    centre = float(n @ m) / total
    between = (float(n @ (m - centre) ** 2) - (len(n) - 1) * within) / scale
    prior = float(np.clip(within / max(between, within / _MOST_PRIOR), _LEAST_PRIOR, _MOST_PRIOR))
    return prior, within / prior


@dataclass(frozen=True)
class _Said:
    """What each review says of each element: the mean polarity of its mentions, one entry for each pair."""

    row: Ints
    code: Ints
    value: Floats


def _said(facts: Facts, codes: Sequence[str]) -> _Said:
    place = {code: position for position, code in enumerate(codes)}
    found, names = encode(facts.mentions["element"])
    code = np.array([place.get(name, -1) for name in names] + [-1], dtype=np.int64)[found]
    kept = code >= 0
    width = max(len(codes), 1)
    pairs, of_mention = np.unique(facts.rows[kept] * width + code[kept], return_inverse=True)
    polarity = facts.mention_column("polarity")[kept]
    sums = np.bincount(of_mention, weights=polarity, minlength=len(pairs))
    counts = np.bincount(of_mention, minlength=len(pairs))
    return _Said(pairs // width, pairs % width, sums / np.maximum(counts, 1))


def experience(
    facts: Facts,
    codes: Sequence[str],
    driving: Drivers | None = None,
    *,
    rating_scale: tuple[float, float] | None = None,
) -> Experience:
    """Compute the indices of a file, its months and its elements.

    * **experience** = 50·(1 + Σ_k w_k·m̄_k): m̄_k is the mean polarity of element k over the reviews that
      mention it, shrunk as in :func:`shrinkage` (a month towards the element's mean over the file, the file
      towards the mean of all elements); w_k is the relative weight of the element where drivers could be
      estimated, else its share of mentions, fixed over the file so that months compare.
    * **satisfaction** = mean rating on 0–100, else 50·(1 + mean overall polarity).
    * **loyalty** = 50·(1 + NPS/100), else 50·(1 + (p − n)/(p + n)) over the reviews that speak of
      ``brand.loyalty`` or carry the ``churn`` flag: n of them blame it or are flagged, p only praise it.

    For an element all three are those of the reviews that mention it. Intervals: experience by the delta
    method over respondents, plus the variance of what the prior leaves open; satisfaction and loyalty as
    means over respondents with two answers at either end of the scale added; the combined one is the mean of
    the three bounds, which holds even if the three always err together.

    Parameters
    ----------
    facts : Facts
    codes : sequence of str
        Elements, without the general remark.
    driving : Drivers, optional
        Of the elements.
    rating_scale : (low, high), optional
        Guessed from the ratings where not given; without a usual one satisfaction is by polarity.
    """
    said = _said(facts, codes)
    weights, kind = _weights(said, codes, driving)
    scores, satisfied_by = _satisfaction(facts, rating_scale)
    loyalty, loyal_by = _loyalty(facts)
    rows = _Rows(_Index(said, weights, _Groups(facts)), codes, scores, loyalty).all()
    return Experience(
        pa.Table.from_pylist(rows, schema=experience_schema()),
        {code: float(weight) for code, weight in zip(codes, weights, strict=True) if weight > 0},
        kind,
        satisfied_by,
        loyal_by,
    )


def _weights(said: _Said, codes: Sequence[str], driving: Drivers | None) -> tuple[Floats, str]:
    if driving is not None and driving.table.num_rows:
        found = dict(zip(driving.table["code"].to_pylist(), driving.table["weight"].to_pylist(), strict=True))
        weights, kind = np.array([found.get(code, 0.0) for code in codes], dtype=float), "relative_weights"
    else:
        weights, kind = np.bincount(said.code, minlength=len(codes)).astype(float), "mention_share"
    total = float(weights.sum())
    return (weights / total, kind) if total > 0 else (weights, "none")


def _satisfaction(facts: Facts, scale: tuple[float, float] | None) -> tuple[Floats, str]:
    """Return satisfaction on 0–100 of each review, NaN where unknown, and what it is read off."""
    ratings = facts.numbers("rating")
    scale = scale or guess_scale(ratings)
    if scale is not None and scale[1] > scale[0] and not np.isnan(ratings).all():
        return np.clip(100 * (ratings - scale[0]) / (scale[1] - scale[0]), 0.0, 100.0), "rating"
    return 50 * (1 + facts.numbers("fb_polarity")), "polarity"


def _loyalty(facts: Facts) -> tuple[Floats, str]:
    """Return loyalty on 0–100 of each review (0, 50 or 100), NaN where unknown, and what it is read off."""
    answers = facts.numbers("nps")
    if not np.isnan(answers).all():
        return np.where(np.isnan(answers), np.nan, 50 + net_points(answers) / 2), "nps"
    found = np.full(facts.n_reviews, np.nan)
    about = np.asarray(pc.fill_null(pc.equal(facts.mentions["facet"], LOYALTY), fill_value=False), dtype=bool)
    for label, value in ((LABELS[2], 100.0), (LABELS[0], 0.0)):
        is_label = np.asarray(
            pc.fill_null(pc.equal(facts.mentions["label"], label), fill_value=False), dtype=bool
        )
        found[facts.rows[about & is_label]] = value
    found[facts.flags[:, NOT_LOYAL].any(axis=1) & (found > 0)] = np.nan
    found[facts.flags[:, FLAGS.index(CHURN)]] = 0.0
    return found, "words"


class _Groups:
    """Reviews in months and as one; group 0 is the whole file."""

    def __init__(self, facts: Facts) -> None:
        self.who, names = encode(facts.respondents)
        self.n_who = len(names)
        self.month = np.full(facts.n_reviews, -1, dtype=np.int64)
        self.names: list[str] = []
        if facts.has("time"):
            self.month, self.names = encode(pc.strftime(facts.reviews["time"], format="%Y-%m"))

    def inside(self, month: Ints, group: int) -> Mask:
        """Return which of the things that have a month are in a group."""
        return np.ones(len(month), dtype=bool) if group == 0 else month == group - 1

    def scatter(self, rows: Ints, influence: Floats) -> float:
        """Return the variance of an estimate from what each entry adds to it, respondents independent."""
        by_who = np.bincount(self.who[rows], weights=influence, minlength=self.n_who)
        return float(by_who @ by_who)


Told = tuple[int, float | None, float | None, float | None]
_NOTHING: Told = (0, None, None, None)


class _Index:
    """Shrunk means of the elements, and 50·(1 + Σ w_k m̄_k), in the file and in every month.

    Arrays of groups have the file in column 0 and the months behind it.
    """

    def __init__(self, said: _Said, weights: Floats, groups: _Groups) -> None:
        self.said, self.weights, self.groups = said, weights, groups
        self.month = groups.month[said.row]
        k, t = len(weights), len(groups.names)
        cell = said.code * (t + 1) + self.month + 1
        n = np.bincount(cell, minlength=k * (t + 1)).astype(float).reshape(k, t + 1)
        sums = np.bincount(cell, weights=said.value, minlength=k * (t + 1)).astype(float).reshape(k, t + 1)
        # Column 0 held the reviews without a month: it becomes all of them.
        n[:, 0], sums[:, 0] = n.sum(axis=1), sums.sum(axis=1)
        self.n, self.mean = n, _ratio(sums, n)
        self.among = float(said.value.mean()) if len(said.value) else 0.0
        self.entries = [np.flatnonzero(said.code == code) for code in range(k)]

    def at(self, group: int, code: int | None = None) -> Told:
        """Return number of reviews, index and bounds of all elements or one; group 0 is the file."""
        weights = self.weights if code is None else np.eye(1, len(self.weights), code)[0]
        chosen = np.arange(len(self.said.row)) if code is None else self.entries[code]
        inside = self.groups.inside(self.month[chosen], group)
        n_reviews = len(np.unique(self.said.row[chosen[inside]]))
        if n_reviews == 0 or not (weights > 0).any():
            return _NOTHING
        prior, between = self._priors[min(group, 1)]
        n, mean = self.n[:, group], self.mean[:, group]
        pull = n / (n + prior)
        target = self.mean[:, 0] if group else np.full(len(n), self.among)
        value = 50 * (1 + float(weights @ (pull * mean + (1 - pull) * target)))
        sampled = self._sampled(group, chosen, inside, weights, pull)
        left = float(weights**2 @ ((1 - pull) ** 2 * between))
        return (n_reviews, *_bounded(value, 50 * (sampled + left) ** 0.5))

    def _sampled(self, group: int, chosen: Ints, inside: Mask, weights: Floats, pull: Floats) -> float:
        """Return the variance by the delta method: of the group's own mean, and of the target of a month."""
        code, x = self.said.code[chosen], self.said.value[chosen]
        many = self._respondents[code, group]
        # Residuals of few respondents are too small, those of a single one are none.
        centre = np.where(many > 1, self.mean[code, group], self.mean[code, 0])
        wider = np.where(many > 1, np.sqrt(many / np.maximum(many - 1, 1)), 1.0)
        own = inside * pull[code] * wider * (x - centre) / np.maximum(self.n[code, group], 1.0)
        if group:
            own = own + (1 - pull[code]) * (x - self.mean[code, 0]) / self.n[code, 0]
        return self.groups.scatter(self.said.row[chosen], weights[code] * own)

    @cached_property
    def _respondents(self) -> Ints:
        """Return the distinct respondents behind each mean, of shape (n_codes, n_months + 1)."""
        k, t, n_who = len(self.weights), len(self.groups.names), self.groups.n_who
        who = self.groups.who[self.said.row]
        pairs = np.unique(self.said.code * n_who + who) // n_who
        cells = np.unique((self.said.code * (t + 1) + self.month + 1) * n_who + who) // n_who
        found = np.bincount(cells, minlength=k * (t + 1)).astype(np.int64).reshape(k, t + 1)
        found[:, 0] = np.bincount(pairs, minlength=k)
        return found

    @cached_property
    def _priors(self) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Return prior and variance between, of elements in the file and of months in an element."""
        k, n = len(self.weights), self.n[:, 0]
        deviation = self.said.value - self.mean[self.said.code, 0]
        squares = np.bincount(self.said.code, weights=deviation**2, minlength=k).astype(float)
        pooled = float(squares.sum()) / max(float((n - 1).clip(0).sum()), 1.0)
        prior, between = shrinkage(self.mean[:, 0], n, pooled)
        within = np.where(n > 1, _ratio(squares, n - 1), pooled)
        found = [shrinkage(*part) for part in zip(self.mean[:, 1:], self.n[:, 1:], within, strict=True)]
        months = np.array(found, dtype=float).reshape(k, 2)
        return (np.full(k, prior), np.full(k, between)), (months[:, 0], months[:, 1])


class _Rows:
    """The rows of the table."""

    def __init__(self, index: _Index, codes: Sequence[str], scores: Floats, loyalty: Floats) -> None:
        self.index, self.codes, self.scores, self.loyalty = index, codes, scores, loyalty

    def all(self) -> list[dict[str, object]]:
        """Return the file and its months, each with its elements."""
        groups, said = self.index.groups, self.index.said
        found = []
        for group in range(len(groups.names) + 1):
            inside = groups.inside(groups.month, group)
            found.append(self._row(group, None, np.flatnonzero(inside)))
            for code, entries in enumerate(self.index.entries):
                rows = said.row[entries]
                rows = rows[inside[rows]]
                if len(rows):
                    found.append(self._row(group, code, rows))
        return found

    def _row(self, group: int, code: int | None, rows: Ints) -> dict[str, object]:
        row: dict[str, object] = {
            "month": self.index.groups.names[group - 1] if group else "",
            "code": ALL if code is None else self.codes[code],
            "n_reviews": len(rows),
        }
        parts = {
            "experience": self.index.at(group, code),
            "satisfaction": _mean(self.scores, rows, self.index.groups),
            "loyalty": _mean(self.loyalty, rows, self.index.groups),
        }
        for name, (n, *bounds) in parts.items():
            row[f"n_{name}"] = n
            row.update(zip((name, f"{name}_low", f"{name}_high"), bounds, strict=True))
        if all(part[0] for part in parts.values()):
            means = np.array([part[1:] for part in parts.values()], dtype=float).mean(axis=0).tolist()
            row.update(zip(("combined", "combined_low", "combined_high"), means, strict=True))
        return row


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return ratio


def _mean(values: Floats, rows: Ints, groups: _Groups) -> Told:
    """Return number, mean and bounds of the known values of some reviews."""
    rows = rows[~np.isnan(values[rows])]
    n = len(rows)
    if n == 0:
        return _NOTHING
    given = values[rows]
    size = n + len(_ENDS)
    centre = (float(given.sum()) + sum(_ENDS)) / size
    spread = groups.scatter(rows, given - centre) + sum((end - centre) ** 2 for end in _ENDS)
    _, low, high = _bounded(centre, spread**0.5 / size)
    return n, float(given.mean()), low, high


def _bounded(value: float, error: float) -> tuple[float, float, float]:
    half = z_value() * error
    return value, max(value - half, 0.0), min(value + half, 100.0)
