"""Watching many series at once, period by period, as somebody would have who had only the past to go by.

Each period is judged by those before it that were in control. Four rules, none of which sees the future:

``limit``   the count is outside the beta-binomial (negative binomial for rates) probability limits;
``pair``    two of three periods in a row are far out on one side;
``run``     many periods in a row are on one side of the centre;
``drift``   the EWMA of Laney's z is outside its limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from feedback_nlp.insight.monitoring.control_charts import LAMBDA, SHARE, Family, ewma_spread

__all__ = ["CALM", "MIN_HISTORY", "RULES", "Design", "Signal", "Watch", "watch"]

MIN_HISTORY = 20
# Periods without a signal that end an alarm.
CALM = 4
RULES = ("limit", "pair", "run", "drift")
_D2 = 1.128
# A count this near the centre can't be beyond limits of any tail worth drawing; saves summing the tails.
_NEAR = 1.7
# Chance variances' worth of events a period from which several periods are judged together. Below, most
# periods have none of an event that is rare or comes in bursts, and a row of zeros says nothing.
_FREQUENT = 0.5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """How readily the rules speak.

    Four rules alarm more often than one, so each is set wider than it would be alone; the defaults were
    chosen by ``benchmarks/alarms.py`` so that together they keep an in-control run length of at least 370.

    Attributes
    ----------
    tail : float
        Chance of a count outside the probability limits, on either side.
    pair : float
        Normal score from which two of three periods in a row alarm.
    run : int
        Periods in a row on one side that alarm.
    width : float
        L of the EWMA.
    weight : float
        λ of the EWMA.
    """

    tail: float = 0.0005
    pair: float = 2.5
    run: int = 12
    width: float = 3.0
    weight: float = LAMBDA


@dataclass(frozen=True)
class Signal:
    """One rule that speaks: series and period by position, ``since`` the first period of what it tells of.

    ``up`` is True for more than before.
    """

    series: int
    period: int
    since: int
    rule: str
    up: bool


@dataclass(frozen=True)
class Watch:
    """What was known when each period ended; arrays of shape (n_series, n_periods).

    Attributes
    ----------
    judged : bool
        Whether there were ``MIN_HISTORY`` earlier periods in control to judge by.
    centre, rho : float64
        Share or rate of those periods, and the spread that the limits of the period were drawn with; NaN
        where not judged.
    score : float64
        Normal score of the period's count; NaN where not judged.
    smooth, bound : float64
        EWMA of the scores, which begins anew after it has alarmed, and its limit (±); NaN where not judged.
    signals : list of Signal
        By period, then series.
    """

    judged: Bools
    centre: Floats
    rho: Floats
    score: Floats
    smooth: Floats
    bound: Floats
    signals: list[Signal] = field(default_factory=list)


def watch(
    x: Ints | Floats,
    n: Ints | Floats,
    *,
    family: Family = SHARE,
    design: Design | None = None,
    once: bool = False,
) -> Watch:
    """Judge every period of every series by what was known before it.

    Parameters
    ----------
    x : array of shape (n_series, n_periods)
        Counts.
    n : array of shape (n_periods,) or (n_series, n_periods)
        Base of each period, above 0.
    family : Family
    design : Design, optional
    once : bool
        Stop watching a series at its first signal (for run lengths).

    Returns
    -------
    Watch

    Notes
    -----
    With c and N the share and the base of the m periods in control so far, Laney's z_t is divided by
    √(F(1 + n_t/N)), F the variance factor: the larger of σ_z², the mean square successive difference of z
    (von Neumann 1941), which unlike σ_z doesn't shrink for rare events, and 1. The skewness of the count is
    taken out by Wilson & Hilferty's cube root (1931) and the uncertainty of F by Student's t with 2(m −
    1)²/(3m − 4) degrees of freedom, so that scores are about standard normal and independent, as in a
    self-starting chart (Hawkins 1987; Quesenberry 1991). The probability limits are those of the
    beta-binomial with that variance. A period that signals, and those after it until ``MIN_HISTORY`` have
    passed or four in a row are quiet, teach nothing about being in control.
    """
    counts = np.asarray(x, dtype=float)
    base = np.broadcast_to(np.asarray(n, dtype=float), counts.shape)
    run = _Run(counts, base, family, design or Design(), once=once)
    for t in range(counts.shape[1]):
        run.step(t)
    return Watch(run.judged, run.centre, run.rho, run.score, run.smooth, run.bound, run.signals)


class _Run:
    """The state of all series while time passes."""

    def __init__(self, x: Floats, n: Floats, family: Family, design: Design, *, once: bool) -> None:
        self.x, self.n, self.family, self.design, self.once = x, n, family, design, once
        shape = x.shape
        self.judged = np.zeros(shape, dtype=bool)
        self.centre, self.rho, self.score = (np.full(shape, np.nan) for _ in range(3))
        self.smooth, self.bound = np.full(shape, np.nan), np.full(shape, np.nan)
        self.signals: list[Signal] = []
        series = shape[0]
        # Of the periods in control: their number, sums, and sums over successive pairs.
        self.m = np.zeros(series, dtype=np.int64)
        self.sum_x, self.sum_n = np.zeros(series), np.zeros(series)
        self.known = np.zeros(shape, dtype=bool)
        # EWMA: value and steps since it was last at 0; side and length of the run; period it began.
        self.w, self.steps = np.zeros(series), np.zeros(series, dtype=np.int64)
        self.side, self.length = np.zeros(series), np.zeros(series, dtype=np.int64)
        self.crossed = np.zeros(series, dtype=np.int64)
        # First and last period of the alarm that is on, -1 where none is.
        self.alarm, self.last = np.full(series, -1), np.full(series, -1)
        self.stopped = np.zeros(series, dtype=bool)

    def step(self, t: int) -> None:
        ready = np.flatnonzero((self.m >= MIN_HISTORY) & ~self.stopped)
        if len(ready):
            self._judge(t, ready)
        self._learn(t)

    # ---- judging ----

    def _judge(self, t: int, ready: Ints) -> None:
        x, n = self.x[ready, t], self.n[ready, t]
        # Half an event keeps the centre of what never happened above 0 (Jeffreys).
        centre = (self.sum_x[ready] + 0.5) / (self.sum_n[ready] + 1)
        times = self._factor(ready, centre, n, t)
        freedom = 2 * (self.m[ready] - 1) ** 2 / (3 * self.m[ready] - 4)
        score = self._scores(x, n, centre, times, freedom)
        wide = (stats.t.isf(self.design.tail, freedom) / stats.norm.isf(self.design.tail)) ** 2
        rho = self.family.rho(n, centre, np.maximum(times * wide, 1.0))
        self.judged[ready, t] = True
        self.centre[ready, t], self.rho[ready, t], self.score[ready, t] = centre, rho, score
        often = n * self.family.variance(centre) >= _FREQUENT * times
        spoke = self._limits(t, ready, score)
        spoke[often] |= self._memory(t, ready[often], score[often])
        if self.once:
            self.stopped[ready] |= spoke

    def _factor(self, ready: Ints, centre: Floats, n: Floats, t: int) -> Floats:
        """Return the variance of the next count over its chance variance, the centre's own error in it."""
        past, known = slice(0, t), self.known[ready, :t]
        base = self.n[ready, past]
        z = (self.x[ready, past] - centre[:, None] * base) / np.sqrt(
            base * np.maximum(self.family.variance(centre), 1e-12)[:, None]
        )
        both = known[:, 1:] & known[:, :-1]
        step = np.where(both, np.diff(z, axis=1), 0.0)
        pairs = np.maximum(both.sum(axis=1), 1)
        laney = (np.abs(step).sum(axis=1) / pairs / _D2) ** 2
        square = (step**2).sum(axis=1) / pairs / 2
        mean_n = self.sum_n[ready] / self.m[ready]
        rho = self.family.rho(mean_n, centre, np.maximum(np.maximum(laney, square), 1.0))
        own = self.family.factor(n, centre, rho)
        told = self.family.factor(mean_n, centre, rho)
        found: Floats = own + n / self.sum_n[ready] * told
        return found

    def _scores(self, x: Floats, n: Floats, centre: Floats, times: Floats, freedom: Floats) -> Floats:
        z = (x - n * centre) / np.sqrt(n * self.family.variance(centre) * times)
        skew = self.family.skewness(n, centre, times)
        flat = np.abs(skew) < 1e-6
        g = np.where(flat, 1.0, skew)
        cube = np.cbrt(np.maximum(g * z / 2 + 1, 0.0))
        normal = np.where(flat, z, 6 / g * (cube - 1) + g / 6)
        # Both tails by the nearer one, or the far tail would round to 0.
        tail = special.stdtr(freedom, -np.abs(normal))
        found: Floats = -np.sign(normal) * special.ndtri(np.maximum(tail, 1e-300))
        return found

    def _limits(self, t: int, ready: Ints, score: Floats) -> Bools:
        spoke = np.zeros(len(ready), dtype=bool)
        for place in np.flatnonzero(np.abs(score) > _NEAR):
            series = int(ready[place])
            cell = (float(v[series, t]) for v in (self.x, self.n, self.centre, self.rho))
            below, above = self.family.tails(*cell)
            if min(below, above) <= self.design.tail:
                spoke[place] = True
                self._say(series, t, t, "limit", up=above < below)
        return spoke

    def _memory(self, t: int, ready: Ints, score: Floats) -> Bools:
        """Apply the rules that look at more than one period."""
        d = self.design
        spoke = np.zeros(len(ready), dtype=bool)
        side = np.sign(score)
        same = side == self.side[ready]
        self.length[ready] = np.where(same, self.length[ready] + 1, 1)
        self.side[ready] = side
        w = d.weight * score + (1 - d.weight) * self.w[ready]
        crossed = np.sign(w) != np.sign(self.w[ready])
        self.crossed[ready[crossed]] = t
        self.w[ready], self.steps[ready] = w, self.steps[ready] + 1
        bound = d.width * ewma_spread(self.steps[ready], d.weight)
        self.smooth[ready, t], self.bound[ready, t] = w, bound
        drift = np.abs(w) > bound
        for place in np.flatnonzero(drift):
            series = int(ready[place])
            self._say(series, t, int(self.crossed[series]), "drift", up=bool(w[place] > 0))
        runs = self.length[ready] >= d.run
        for place in np.flatnonzero(runs):
            self._say(int(ready[place]), t, t - d.run + 1, "run", up=bool(side[place] > 0))
        before = self.score[ready, max(0, t - 2) : t]
        close = (np.sign(before) == side[:, None]) & (np.abs(before) >= d.pair)
        pairs = (np.abs(score) >= d.pair) & close.any(axis=1)
        for place in np.flatnonzero(pairs):
            first = t - close.shape[1] + int(np.flatnonzero(close[place])[0])
            self._say(int(ready[place]), t, first, "pair", up=bool(side[place] > 0))
        # What has spoken begins anew, or one event would be told of again and again.
        told = ready[drift]
        self.w[told], self.steps[told] = 0.0, 0
        self.length[ready[runs]] = 0
        spoke |= drift | runs | pairs
        return spoke

    def _say(self, series: int, t: int, since: int, rule: str, *, up: bool) -> None:
        self.signals.append(Signal(series, t, since, rule, up))
        if self.alarm[series] < 0:
            self.alarm[series] = t
        self.last[series] = t

    # ---- learning ----

    def _learn(self, t: int) -> None:
        on = self.alarm >= 0
        quiet = on & (t - self.last >= CALM)
        settled = on & (t - self.alarm >= MIN_HISTORY)
        for series in np.flatnonzero(settled):
            self._forget(int(series), t)
        self.alarm[quiet | settled] = -1
        calm = np.flatnonzero((self.alarm < 0) & ~self.stopped)
        self.known[calm, t] = True
        self.m[calm] += 1
        self.sum_x[calm] += self.x[calm, t]
        self.sum_n[calm] += self.n[calm, t]

    def _forget(self, series: int, t: int) -> None:
        """Take what has lasted for so long as the new normal: only the periods since then count."""
        first = int(self.alarm[series])
        self.known[series, :first] = False
        self.known[series, first:t] = True
        self.m[series] = t - first
        self.sum_x[series] = self.x[series, first:t].sum()
        self.sum_n[series] = self.n[series, first:t].sum()
        self.w[series], self.steps[series], self.length[series] = 0.0, 0, 0
