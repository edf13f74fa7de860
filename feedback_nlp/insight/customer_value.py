"""What customers are worth: their value, RFM segments, and issues weighted by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.priority import priority
from feedback_nlp.insight.shares import beta_prior, shrink, wilson

__all__ = ["SEGMENTS", "Rfm", "Worth", "by_value", "rfm", "tier_level", "value_schema", "worth"]

# By (recent, frequent, valuable), each at or above the mean of all customers.
SEGMENTS = {
    (True, True, True): "champion", (True, False, True): "promising", (False, True, True): "to_keep",
    (False, False, True): "to_win_back", (True, True, False): "regular", (True, False, False): "newcomer",
    (False, True, False): "drifting", (False, False, False): "passing",
}  # fmt: skip
QUINTILES = (0.2, 0.4, 0.6, 0.8)
TOP = 0.2
# Words for ranks of customers, lowest first; the first found in a cell counts (黑金 before 金).
_TIERS = (
    (7, ("黑金", "黑卡", "至尊", "black")),
    (6, ("钻", "diamond")),
    (5, ("铂", "白金", "platinum")),
    (4, ("金", "gold")),
    (3, ("银", "silver")),
    (2, ("铜", "bronze", "青铜")),
    (1, ("普通", "注册", "一般", "新客", "standard", "regular", "basic")),
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Worth:
    """The value of each customer.

    Attributes
    ----------
    kind : {"amount", "tier", "none"}
        Sum of the amounts of the customer's counted reviews; the highest tier; or nothing known.
    values : float64 array of shape (n_customers,)
        At least 0; NaN where not known.
    n_below : int
        Customers whose amounts sum up to less than 0 and count as 0.
    """

    kind: str
    values: Floats
    n_below: int = 0

    @property
    def known(self) -> bool:
        """Whether any customer is worth something."""
        return bool((self.values > 0).any())

    @property
    def total(self) -> float:
        """Value of all customers."""
        return float(np.nansum(self.values))

    def filled(self) -> Floats:
        """Return the values with the median of those above 0 where nothing is known, 1 where none is."""
        if not self.known:
            return np.ones(len(self.values))
        middle = float(np.median(self.values[self.values > 0]))
        return np.where(np.isnan(self.values), middle, self.values)

    def top_share(self) -> float | None:
        """Return the part of all value that the most valuable 20 % of customers hold."""
        known = np.sort(self.values[~np.isnan(self.values)])[::-1]
        if not self.known:
            return None
        return float(known[: max(1, round(TOP * len(known)))].sum() / known.sum())


def tier_level(text: str | None) -> float:
    """Return the rank that a tier stands for, NaN where it can't be told.

    A word for a rank (普通 1, 铜 2, 银 3, 金 4, 铂金 5, 钻石 6, 黑金 7, and English ones), else the number in
    it (VIP3, 5级).

    Examples
    --------
    >>> tier_level("VIP3"), tier_level("白金会员")
    (3.0, 5.0)
    """
    lower = (text or "").strip().lower()
    for level, names in _TIERS:
        if any(name in lower for name in names):
            return float(level)
    found = _NUMBER.search(lower)
    return float(found.group()) if found else float("nan")


def worth(facts: Facts, rows: Ints, who: Ints, n: int) -> Worth:
    """Return what ``n`` customers are worth.

    Parameters
    ----------
    facts : Facts
    rows, who : int64 arrays of one shape
        Counted reviews with a customer, and which one.
    n : int
        Number of customers.
    """
    found = Worth("none", np.full(n, np.nan))
    if facts.has("amount"):
        amounts = facts.numbers("amount")[rows]
        given = ~np.isnan(amounts)
        sums = np.bincount(who[given], weights=amounts[given], minlength=n).astype(float)
        some = np.bincount(who[given], minlength=n) > 0
        found = Worth("amount", np.where(some, np.maximum(sums, 0.0), np.nan), int((some & (sums < 0)).sum()))
    if not found.known and facts.has("tier"):
        levels = np.array([tier_level(text) for text in facts.reviews["tier"].to_pylist()], dtype=float)[rows]
        best = np.full(n, -np.inf)
        np.maximum.at(best, who[~np.isnan(levels)], levels[~np.isnan(levels)])
        found = Worth("tier", np.where(np.isinf(best), np.nan, best))
    return found if found.known else Worth("none", np.full(n, np.nan))


@dataclass(frozen=True)
class Rfm:
    """Recency, frequency and monetary value of each customer.

    Attributes
    ----------
    scores : int64 array of shape (n_customers, 3)
        Quintile of each, 5 best; 0 where there is no estimate.
    segments : list of str or None
        One of ``SEGMENTS``.
    reason : Bilingual or None
        Why there is none.
    """

    scores: Ints
    segments: list[str | None]
    reason: Bilingual | None = None


def rfm(last: Floats, often: Floats, value: Worth) -> Rfm:
    """Put customers into quintiles and eight segments.

    Parameters
    ----------
    last : float64 array of shape (n_customers,)
        Day of the last activity (a counted review), NaN where unknown.
    often : float64 array of shape (n_customers,)
        Activities.
    value : Worth
        Customers whose amount is not known count as 0.

    Returns
    -------
    Rfm
        A quintile is 1 + the number of the quintile bounds of all customers that are exceeded, so customers
        that don't differ share the lowest one (Hughes 1994). The segment goes by at or above the mean.
    """
    n = len(last)
    if value.kind != "amount":
        why = Bilingual("没有金额列，分不了 RFM。", "Without a column of amounts there is no RFM.")
        return Rfm(np.zeros((n, 3), dtype=np.int64), [None] * n, why)
    if np.isnan(last).all():
        why = Bilingual("没有时间列，分不了 RFM。", "Without a column of times there is no RFM.")
        return Rfm(np.zeros((n, 3), dtype=np.int64), [None] * n, why)
    parts = (np.where(np.isnan(last), np.nanmin(last), last), often, np.nan_to_num(value.values))
    scores = [1 + (part[:, None] > np.quantile(part, QUINTILES)).sum(axis=1) for part in parts]
    above = np.stack([part >= part.mean() for part in parts], axis=1)
    segments: list[str | None] = [SEGMENTS[bool(r), bool(f), bool(m)] for r, f, m in above.tolist()]
    return Rfm(np.stack(scores, axis=1).astype(np.int64), segments)


def value_schema() -> pa.Schema:
    """Schema of issues by value, in the order of ``rank``.

    ``customer_share`` and ``value_share``, with 95 % intervals, are of all customers and of all their value;
    ``value_scope`` is Scope with the value instead of the number of customers, ``value_rank`` goes by it.
    """
    shares = ("customer_share", "customer_low", "customer_high", "value_share", "value_low", "value_high")
    return pa.schema(
        [
            ("issue_id", pa.string()), ("rank", pa.int64()), ("n_customers", pa.int64()),
            *((name, pa.float64()) for name in shares), ("value", pa.float64()),
            ("value_scope", pa.float64()), ("value_rank", pa.int64()),
        ]
    )  # fmt: skip


def by_value(
    issues: pa.Table,
    blamed_by: dict[str, Sequence[int]],
    value: Worth,
    weights: tuple[float, float, float],
) -> pa.Table:
    """Weigh issues by the value of the customers who blame them.

    The share of value has Wilson's interval at the effective number of customers (Σv)²/Σv² (Kish 1965).
    Scope is shrunk as the unweighted one is, so that customers of one value give the same ranks.

    Parameters
    ----------
    issues : Arrow table of ``schema.issues_schema``
    blamed_by : dict
        Issue id to the customers (numbers below n) who blame it.
    value : Worth
        Empty result where nothing is known.
    weights : (impact, scope, feasibility)
    """
    n, rows = len(value.values), issues.to_pylist()
    if not value.known or not rows:
        return value_schema().empty_table()
    values = np.nan_to_num(value.values)
    counts = np.array([len(blamed_by.get(row["issue_id"], ())) for row in rows], dtype=float)
    held = np.array([values[list(blamed_by.get(row["issue_id"], ()))].sum() for row in rows], dtype=float)
    share = held / value.total
    effective = value.total**2 / float(values @ values)
    prior = beta_prior(counts, np.full(len(counts), n))
    spread = np.array([row["spread"] for row in rows], dtype=float)
    scope = shrink(share * n, n, prior) * spread
    parts = [np.array([row[name] for row in rows], dtype=float) for name in ("impact", "feasibility")]
    order = priority(parts[0], scope, parts[1], weights)
    placed = sorted(
        range(len(rows)),
        key=lambda k: ((0 if rows[k]["safety"] else 2) + rows[k]["other"], -order[k], rows[k]["issue_id"]),
    )
    rank = np.empty(len(rows), dtype=np.int64)
    rank[placed] = np.arange(1, len(rows) + 1)
    whole = np.full(len(rows), float(n))
    columns = {
        "issue_id": [row["issue_id"] for row in rows],
        "rank": [row["rank"] for row in rows],
        "n_customers": counts.astype(np.int64),
        "customer_share": counts / max(n, 1),
        **dict(zip(("customer_low", "customer_high"), wilson(counts, whole), strict=True)),
        "value_share": share,
        **dict(
            zip(("value_low", "value_high"), wilson(share * effective, whole * effective / n), strict=True)
        ),
        "value": held,
        "value_scope": scope,
        "value_rank": rank,
    }
    table = pa.table({name: columns[name] for name in value_schema().names}, schema=value_schema())
    return table.sort_by("rank").combine_chunks()
