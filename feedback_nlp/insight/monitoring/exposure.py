"""Rates per thousand orders or units: what shares of reviews can't tell, since they only know the mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy import special

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.alarms import Alarms, Series, count_series
from feedback_nlp.insight.monitoring.control_charts import RATE
from feedback_nlp.insight.monitoring.periods import Periods, name_of, span_of

__all__ = ["PER", "Exposure", "Rates", "days_of", "poisson_interval", "rates", "rates_schema"]

PER = 1000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """How much there was to complain of: orders, units sold, stays.

    Attributes
    ----------
    name : str
        Of the file.
    header : str
        What was counted, as the file calls it.
    unit : {"day", "week", "month"}
    column : {"store", "product"} or None
        What the rows are by, besides periods.
    amounts : dict
        (period name, unit name or "") to an amount ≥ 0; names as in ``periods.name_of``.
    """

    name: str
    header: str
    unit: str
    column: str | None
    amounts: dict[tuple[str, str], float]

    def by_period(self) -> dict[str, float]:
        """Return the amounts of periods, over all units, where above 0."""
        found: dict[str, float] = {}
        for (period, _), amount in self.amounts.items():
            found[period] = found.get(period, 0.0) + amount
        return {period: amount for period, amount in sorted(found.items()) if amount > 0}


def days_of(facts: Facts) -> list[str | None]:
    """Return the day of each review, "2025-01-31"; None where unknown."""
    if "time" not in facts.reviews.column_names:
        return [None] * facts.n_reviews
    return [None if time is None else f"{time:%Y-%m-%d}" for time in facts.reviews["time"].to_pylist()]


def poisson_interval(x: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact interval of a Poisson mean (Garwood 1936).

    ½χ²(α/2; 2x) to ½χ²(1 − α/2; 2x + 2), 0 from below where x is 0.
    """
    counts, tail = np.asarray(x, dtype=float), (1 - level) / 2
    low = np.where(counts > 0, special.gammaincinv(np.maximum(counts, 1e-9), tail), 0.0)
    high: Floats = np.asarray(special.gammaincinv(counts + 1, 1 - tail), dtype=float)
    return np.asarray(low, dtype=float), high


def rates_schema() -> pa.Schema:
    """Schema of rates: ``unit`` is null for all together; ``per_thousand`` with Garwood's 95 % interval."""
    texts = ("level", "code", "unit")
    numbers = ("exposure", "per_thousand", "low", "high")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            ("n_reviews", pa.int64()),
            *((name, pa.float64()) for name in numbers),
        ]
    )


@dataclass(frozen=True)
class Rates:
    """Counts on their exposure.

    Attributes
    ----------
    exposure : Exposure
    alarms : Alarms
        u′ charts: counts by period on the exposure of the period.
    parts : dict of str to (Series, float)
        Counts of the reviews of one unit, and its exposure; "" is all together.
    n_out : int
        Reviews of periods or units that the file doesn't have; left out.
    """

    exposure: Exposure
    alarms: Alarms
    parts: dict[str, tuple[Series, float]]
    n_out: int

    @cached_property
    def table(self) -> pa.Table:
        """Rates of ``rates_schema``: all together, then by unit."""
        parts = self.parts.items()
        rows = [row for unit, (series, amount) in parts for row in _rate_rows(series, amount, unit or None)]
        return pa.Table.from_pylist(rows, schema=rates_schema())


def _rate_rows(series: Series, amount: float, unit: str | None) -> list[dict[str, object]]:
    totals = series.x.sum(axis=1)
    low, high = poisson_interval(totals)
    return [
        {
            "level": level,
            "code": code,
            "unit": unit,
            "n_reviews": int(x),
            "exposure": amount,
            "per_thousand": PER * float(x) / amount,
            "low": PER * float(a) / amount,
            "high": PER * float(b) / amount,
        }
        for level, code, x, a, b in zip(series.levels, series.codes, totals, low, high, strict=True)
    ]


def rates(facts: Facts, exposure: Exposure, *, others: Sequence[str] = ()) -> Rates:
    """Put the counts of a file on its exposure.

    Parameters
    ----------
    facts : Facts
    exposure : Exposure
    others : sequence of str
        Ids of the facets' 其他.

    Raises
    ------
    InputError
        If the reviews have no time, lack the column that the exposure is by, or none falls into its periods
        and units.
    """
    amounts = exposure.by_period()
    known = [name_of(day, exposure.unit) if day else None for day in _dated(facts, exposure)]
    units = _units(facts, exposure)
    inside = np.array(
        [
            period in amounts and (unit is None or (period, unit) in exposure.amounts)
            for period, unit in zip(known, units, strict=True)
        ],
        dtype=bool,
    )
    if not inside.any():
        raise _no_overlap(exposure, known)
    found = _periods(exposure, amounts, known, inside)
    # A period with exposure and no review is a period with a rate of 0, so all of them are there.
    base = np.array([amounts[name] for name in found.names])
    series = count_series(facts, found, others=others)
    return Rates(
        exposure,
        Alarms(series, found, base, RATE),
        _parts(facts, exposure, found, units, others),
        int((~inside).sum()),
    )


def _dated(facts: Facts, exposure: Exposure) -> list[str | None]:
    days = days_of(facts)
    if not any(days):
        raise InputError(
            Bilingual(
                f"业务量文件 {exposure.name} 按时期给数，评价却没有时间列。",
                f"The exposure file {exposure.name} is by period, but the reviews have no time.",
            ),
            Bilingual(
                "用 --time 指定时间列，或去掉 --exposure。",
                "Name the column with --time, or drop --exposure.",
            ),
        )
    return days


def _units(facts: Facts, exposure: Exposure) -> list[str | None]:
    if exposure.column is None:
        return [None] * facts.n_reviews
    if not facts.has(exposure.column):
        raise InputError(
            Bilingual(
                f"业务量文件 {exposure.name} 按{_COLUMNS[exposure.column].zh}给数，评价却没有这一列。",
                f"The exposure file {exposure.name} is by {exposure.column}, which the reviews don't have.",
            ),
            Bilingual(
                f"用 --{exposure.column} 指定，或给只按时期的业务量。",
                f"Name it with --{exposure.column}, or give exposure by period alone.",
            ),
        )
    return ["" if unit is None else unit for unit in facts.reviews[exposure.column].to_pylist()]


_COLUMNS = {"store": Bilingual("门店", "store"), "product": Bilingual("产品", "product")}


def _no_overlap(exposure: Exposure, known: Sequence[str | None]) -> InputError:
    here = sorted({name for name in known if name})
    there = sorted(exposure.by_period()) or ["–"]
    return InputError(
        Bilingual(
            f"业务量文件 {exposure.name}（{there[0]} 至 {there[-1]}）和评价（{here[0]} 至 {here[-1]}）"
            "没有一条对得上。",
            f"The exposure file {exposure.name} ({there[0]} to {there[-1]}) fits none of the reviews "
            f"({here[0]} to {here[-1]}).",
        ),
        Bilingual(
            "核对时期的写法，以及门店或产品名是否与评价里一致。",
            "Check how periods are written, and that stores or products are named as in the reviews.",
        ),
    )


def _periods(
    exposure: Exposure, amounts: dict[str, float], known: Sequence[str | None], inside: NDArray[np.bool_]
) -> Periods:
    """Return the periods of the exposure file with the reviews that fall into them."""
    told = {name for name, ok in zip(known, inside, strict=True) if ok and name}
    # Months before the first and after the last review are not months without complaints.
    names = tuple(name for name in amounts if min(told) <= name <= max(told))
    place = {name: k for k, name in enumerate(names)}
    of_row = np.array(
        [place[name] if ok and name else -1 for name, ok in zip(known, inside, strict=True)], dtype=np.int64
    )
    spans = [span_of(_first_day(name, exposure.unit), exposure.unit) for name in names]
    n = np.bincount(of_row[of_row >= 0], minlength=len(names)).astype(np.int64)
    starts, ends = (tuple(part) for part in zip(*spans, strict=True))
    return Periods(exposure.unit, names, starts, ends, of_row, n)


def _first_day(name: str, unit: str) -> str:
    from datetime import date

    if unit == "month":
        return f"{name}-01"
    if unit == "week":
        year, week = name.split("-W")
        return date.fromisocalendar(int(year), int(week), 1).isoformat()
    return name


def _parts(
    facts: Facts,
    exposure: Exposure,
    found: Periods,
    units: Sequence[str | None],
    others: Sequence[str],
) -> dict[str, tuple[Series, float]]:
    """Count the reviews of each unit, on its own exposure."""
    whole = count_series(facts, found, others=others, least=1)
    parts = {"": (whole, sum(exposure.by_period()[name] for name in found.names))}
    if exposure.column is None:
        return parts
    totals: dict[str, float] = {}
    for (period, unit), amount in exposure.amounts.items():
        if period in found.names:
            totals[unit] = totals.get(unit, 0.0) + amount
    named = np.array([unit or "" for unit in units], dtype=object)
    for unit, amount in sorted(totals.items()):
        here = np.where(named == unit, found.of_row, -1)
        if unit and amount > 0:
            only = Periods(found.unit, found.names, found.starts, found.ends, here, found.n)
            parts[unit] = (count_series(facts, only, others=others, least=1), amount)
    return parts
