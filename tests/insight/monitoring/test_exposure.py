"""Rates per thousand: by hand, and what the mix alone would have hidden."""

from __future__ import annotations

import datetime as dt

import pytest
from scipy import stats
from scored_files import assign_by_facet, make_mentions, make_reviews

from feedback_nlp.errors import InputError
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.exposure import Exposure, poisson_interval, rates


def monthly(counts: list[int], *, store: str | None = None) -> Facts:
    rows, said = [], []
    for month, n in enumerate(counts):
        for i in range(n):
            code = f"r{month:02d}-{i:03d}"
            row = {"review_id": code, "time": dt.datetime(2023 + month // 12, month % 12 + 1, i % 28 + 1)}
            rows.append(
                row | ({"store": store if i % 2 else "城西店"} if store else {}) | {"fb_label": "negative"}
            )
            said.append((code, "logistics.speed", -0.8))
    return Facts.of(make_reviews(rows), assign_by_facet(make_mentions(said), None)[0])


def orders(amounts: dict[str, float], *, column: str | None = None) -> Exposure:
    keys = {tuple(key.split("/")) if "/" in key else (key, ""): value for key, value in amounts.items()}
    return Exposure("订单.csv", "订单数", "month", column, keys)  # type: ignore[arg-type]


def row_of(found, level: str, unit: str | None = None) -> dict:  # type: ignore[no-untyped-def]
    return next(row for row in found.table.to_pylist() if row["level"] == level and row["unit"] == unit)


def test_per_thousand_by_hand() -> None:
    found = rates(monthly([4, 8]), orders({"2023-01": 2000, "2023-02": 1000}))
    row = row_of(found, "issue")
    assert (row["n_reviews"], row["exposure"]) == (12, 3000)
    assert row["per_thousand"] == pytest.approx(4.0)
    assert row["low"] == pytest.approx(1000 * stats.chi2.ppf(0.025, 24) / 2 / 3000)
    assert row["high"] == pytest.approx(1000 * stats.chi2.ppf(0.975, 26) / 2 / 3000)


def test_garwoods_interval() -> None:
    low, high = poisson_interval([0, 10])
    assert low[0] == 0.0
    assert high[0] == pytest.approx(3.6889, abs=1e-4)
    assert (low[1], high[1]) == (pytest.approx(4.7954, abs=1e-4), pytest.approx(18.3904, abs=1e-4))


def test_by_store() -> None:
    facts = monthly([10, 10], store="城东店")
    found = rates(
        facts, orders({"2023-01/城东店": 1000, "2023-01/城西店": 500, "2023-02/城东店": 1000}, column="store")
    )
    assert row_of(found, "issue", "城东店")["per_thousand"] == pytest.approx(5.0)
    assert row_of(found, "issue", "城西店")["n_reviews"] == 5
    assert found.n_out == 5


def test_months_without_complaints_count() -> None:
    found = rates(monthly([4, 0, 4]), orders({"2023-01": 1000, "2023-02": 1000, "2023-03": 1000}))
    assert found.alarms.series.x[0].tolist() == [4, 0, 4]
    assert found.alarms.periods.names == ("2023-01", "2023-02", "2023-03")


def test_a_rate_that_jumps_alarms_where_the_share_cannot() -> None:
    # All reviews are of one issue, so its share is 1 throughout; on the orders it leaps.
    counts = [8, 10] * 12
    counts[22] = 60
    found = rates(monthly(counts), orders({f"{2023 + m // 12}-{m % 12 + 1:02d}": 4000 for m in range(24)}))
    rows = [row for row in found.alarms.table.to_pylist() if row["level"] == "issue"]
    assert [row["period"] for row in rows] == ["2024-11"]


def test_months_outside_the_reviews_are_no_months_without_complaints() -> None:
    found = rates(monthly([4, 8]), orders({"2022-12": 9, "2023-01": 1000, "2023-02": 1000, "2023-03": 9}))
    assert found.alarms.periods.names == ("2023-01", "2023-02")
    assert found.alarms.periods.ends[-1] == "2023-02-28"
    assert row_of(found, "all")["exposure"] == 2000


def test_reviews_outside_are_told() -> None:
    found = rates(monthly([4, 8]), orders({"2023-02": 1000}))
    assert (found.n_out, row_of(found, "all")["n_reviews"]) == (4, 8)


@pytest.mark.parametrize(
    ("facts", "exposure", "says"),
    [
        (monthly([3]), orders({"2020-01": 100}), "没有一条对得上"),
        (monthly([3]), orders({"2023-01/城东店": 100}, column="store"), "没有这一列"),
        (monthly([3], store="城东店"), orders({"2023-01/别的店": 100}, column="store"), "没有一条对得上"),
        (
            Facts.of(make_reviews([{"review_id": "a"}]), make_mentions([])),
            orders({"2023-01": 9}),
            "没有时间列",
        ),
    ],
)
def test_what_does_not_fit_is_said(facts: Facts, exposure: Exposure, says: str) -> None:
    with pytest.raises(InputError, match=says):
        rates(facts, exposure)
