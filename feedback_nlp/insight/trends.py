"""Trends: is an issue's part of the reviews rising or falling over months, or weeks where months are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from feedback_nlp.insight.tally import Tally

__all__ = ["MIN_PERIODS", "Calendar", "Trend", "adjust", "calendar", "nested", "trends"]

MIN_PERIODS = 4
_MIN_WEEKS = 8
# Fewer reviews can't show a trend that survives the correction over issues; testing them would only cost the
# others power (independent filtering on the total, Bourgon et al. 2010).
_MIN_REVIEWS = 8
_LEVEL = 0.05
# Degrees of freedom that the common dispersion counts for in the dispersion of one issue.
_PRIOR_DF = 30.0
# Tenfold a period: where all counts are in the first or the last period, the likelihood has no maximum.
_MAX_SLOPE = float(np.log(10))
_STEPS = 60

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Calendar:
    """The periods of a file that have reviews.

    Attributes
    ----------
    unit : str
        "month" ("2025-01"), "week" (ISO, "2025-W03") or "" where there is no time.
    names : tuple of str
        Periods in order.
    position : float64 array of shape (n_periods,)
        Months or weeks since the first period; gaps count.
    days : tuple of str
        All days with reviews, sorted.
    of_day : int64 array of shape (n_days,)
        Period of each day.
    """

    unit: str
    names: tuple[str, ...]
    position: Floats
    days: tuple[str, ...]
    of_day: Ints

    def fold(self, by_day: Ints) -> Ints:
        """Sum counts of shape (n, n_days) to (n, n_periods)."""
        summed = np.zeros((len(self.names), len(by_day)), dtype=np.int64)
        np.add.at(summed, self.of_day, by_day.T)
        return summed.T

    def counts(self, tally: Tally, level: str, codes: Sequence[str], *, label: str = "") -> Ints:
        """Return distinct reviews by code and period, of shape (n_codes, n_periods)."""
        return self.fold(tally.matrix(level, codes, "day", self.days, label=label))


@dataclass(frozen=True)
class Trend:
    """Trends of n issues: ``kind`` (list of ``schema.TRENDS``), relative ``change`` per period, adjusted
    ``q`` and the p-value ``p`` it comes from.

    ``change``, ``q`` and ``p`` are NaN where the kind is unknown.
    """

    kind: list[str]
    change: Floats
    q: Floats
    p: Floats


def calendar(days: Sequence[str]) -> Calendar:
    """Group days ("2025-01-31") by month, or by ISO week under four months and from eight weeks on."""
    ordered = tuple(sorted(days))
    dates = [date.fromisoformat(day) for day in ordered]
    months = [day[:7] for day in ordered]
    weeks = ["{}-W{:02d}".format(*day.isocalendar()[:2]) for day in dates]
    weekly = len(set(months)) < MIN_PERIODS and len(set(weeks)) >= _MIN_WEEKS
    labels = weeks if weekly else months
    index = [(day.toordinal() - 1) // 7 if weekly else 12 * day.year + day.month for day in dates]
    names = tuple(dict.fromkeys(labels))
    place = dict.fromkeys(index)
    position = np.array([value - index[0] for value in place], dtype=float)
    of_day = np.array([names.index(label) for label in labels], dtype=np.int64)
    unit = "" if not ordered else "week" if weekly else "month"
    return Calendar(unit, names, position, ordered, of_day)


def trends(counts: Ints, base: Ints, position: Floats) -> Trend:
    """Test each issue for a trend.

    Parameters
    ----------
    counts : int64 array of shape (n_issues, n_periods)
        Distinct reviews that mention the issue.
    base : int64 array of shape (n_periods,)
        All reviews of the period, at least 1.
    position : float64 array of shape (n_periods,)

    Returns
    -------
    Trend
        Log-linear quasi-Poisson fit y_t ~ N_t·exp(α + β·t) by maximum likelihood, change = exp(β) − 1. The
        test is the quasi-likelihood F test (deviance without β − deviance with β)/φ on 1 and d degrees of
        freedom (McCullagh & Nelder 1989, §4.5), which holds where all counts sit at one end and a Wald test
        doesn't. φ joins the issue's Pearson dispersion with the median one, worth 30 degrees of freedom (as
        in Smyth 2004; robust as in Phipson et al. 2016), and is at least 1. rising / falling:
        Benjamini–Hochberg q < .05; unknown: fewer than 4 periods or 8 reviews.
    """
    n_issues = len(counts)
    nothing = np.full(n_issues, np.nan)
    total = counts.sum(axis=1)
    tested = total >= _MIN_REVIEWS
    if len(base) < MIN_PERIODS or not tested.any():
        return Trend(["unknown"] * n_issues, nothing, nothing.copy(), nothing.copy())
    slope, p_value = _fit(counts[tested].astype(float), base.astype(float), position - position.mean())
    change, q, p = nothing, nothing.copy(), nothing.copy()
    change[tested], q[tested], p[tested] = np.expm1(slope), adjust(p_value), p_value
    return Trend(_kinds(change, q), change, q, p)


def nested(children: Trend, parents: Trend, parent: Sequence[int]) -> Trend:
    """Adjust the children of a parent that rises or falls among themselves.

    What is known of the parent counts: where after-sales as a whole rise, the question is only which of its
    facets do, not which of all (hierarchical control of false discoveries, Yekutieli 2008). Children of
    other parents keep their ``q`` over all children.

    Parameters
    ----------
    children, parents : Trend
    parent : sequence of int
        Place of each child's parent.
    """
    q, family = children.q.copy(), np.asarray(parent)
    for place, kind in enumerate(parents.kind):
        inside = np.flatnonzero((family == place) & ~np.isnan(children.p))
        if kind in ("rising", "falling") and len(inside):
            q[inside] = np.fmin(q[inside], adjust(children.p[inside]))
    return Trend(_kinds(children.change, q), children.change, q, children.p)


def _kinds(change: Floats, q: Floats) -> list[str]:
    sure = np.where(q < _LEVEL, np.where(change > 0, "rising", "falling"), "steady")
    return [str(kind) for kind in np.where(np.isnan(q), "unknown", sure)]


def _fit(y: Floats, base: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return slope and p-value of each row of ``y``, of shape (n_issues,)."""
    total = y.sum(axis=1, keepdims=True)
    slope = _slope(y, base, t)
    fitted = total * _parts(slope, base, t)
    flat = total * base / base.sum()
    df = max(len(base) - 2, 1)
    gain = np.maximum(_deviance(y, flat) - _deviance(y, fitted), 0.0)
    pearson = ((y - fitted) ** 2 / np.maximum(fitted, 1e-12)).sum(axis=1)
    # The median, since an issue that flares up in one month says nothing of the noise of the others.
    common = max(float(np.median(pearson)) / stats.chi2.median(df), 1.0)
    dispersion = np.maximum((_PRIOR_DF * common + pearson) / (_PRIOR_DF + df), 1.0)
    return slope, stats.f.sf(gain / dispersion, 1, _PRIOR_DF + df)


def _slope(y: Floats, base: Floats, t: Floats) -> Floats:
    """Maximise Σ_t y_t·β·t − Y·log Σ_t N_t e^{βt}, the likelihood given the total, by Newton steps."""
    slope = np.zeros(len(y))
    mean_seen = y @ t / y.sum(axis=1)
    for _ in range(_STEPS):
        part = _parts(slope, base, t)
        centre = part @ t
        curve = np.maximum(part @ t**2 - centre**2, 1e-6)
        slope = np.clip(slope + np.clip((mean_seen - centre) / curve, -1, 1), -_MAX_SLOPE, _MAX_SLOPE)
    return slope


def _parts(slope: Floats, base: Floats, t: Floats) -> Floats:
    logits = np.log(base) + slope[:, None] * t
    return special.softmax(logits, axis=1)


def _deviance(y: Floats, fitted: Floats) -> Floats:
    found: Floats = 2 * (special.xlogy(y, y / np.maximum(fitted, 1e-300)) - (y - fitted)).sum(axis=1)
    return found


def adjust(p_values: Floats) -> Floats:
    """Return Benjamini–Hochberg adjusted p-values (1995): q_(i) = min over j ≥ i of p_(j)·m/j."""
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * m / np.arange(1, m + 1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
