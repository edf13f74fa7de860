"""The customers behind the reviews: who complains again, who blames what, and whom to call first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.customer_value import Rfm, Worth, by_value, rfm, value_schema, worth
from feedback_nlp.insight.facts import Facts, encode
from feedback_nlp.insight.priority import CONCERN_FLAGS, check_weights, severity
from feedback_nlp.schema import FLAGS, LABELS

__all__ = ["HALF_LIFE", "Customers", "behind_schema", "customers", "customers_schema", "follow_up_schema"]

# A complaint loses half of its urgency in as many days.
HALF_LIFE = 30.0
_URGENT = [FLAGS.index(flag) for flag in ("safety", "legal")]
_REPEAT = FLAGS.index("repeat")
_DAY = 86_400
_CONCERNS = [FLAGS.index(flag) for flag in CONCERN_FLAGS]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Customers:
    """What is known of the customers of the counted reviews.

    Attributes
    ----------
    table : Arrow table of ``customers_schema``
        Every customer, those with most negative reviews first.
    follow_up : Arrow table of ``follow_up_schema``
        Whom to call, first in front.
    behind : Arrow table of ``behind_schema``
        The customers behind each issue.
    value : Arrow table of ``customer_value.value_schema``
        Issues by the value of those customers; empty where no value is known.
    n : int
        Customers.
    n_unnamed : int
        Counted reviews without a customer.
    n_negative_reviews : int
        Negative reviews of these customers.
    worth : Worth
    rfm_reason : Bilingual or None
        Why there are no segments.
    reason : Bilingual or None
        Why nothing can be told.
    """

    table: pa.Table
    follow_up: pa.Table
    behind: pa.Table
    value: pa.Table
    n: int
    n_unnamed: int
    n_negative_reviews: int
    worth: Worth
    rfm_reason: Bilingual | None = None
    reason: Bilingual | None = None


def customers_schema() -> pa.Schema:
    """Schema of the customers.

    ``open_repeats`` are the issues that a customer blamed in two reviews or more, and the worst one of a
    review that says it was told before, where the customer has not praised the facet since; ``r``, ``f``,
    ``m`` are quintiles (5 best) and ``segment`` one of ``customer_value.SEGMENTS``, null where there is no
    RFM. Days are "2025-01-31".
    """
    counts = ("n_reviews", "n_negative", "open_repeats", "r", "f", "m")
    lists = ("flags", "elements", "issues")
    return pa.schema(
        [
            ("customer", pa.string()),
            *((name, pa.int64()) for name in counts),
            *((name, pa.string()) for name in ("segment", "last_review", "last_negative")),
            ("value", pa.float64()),
            *((name, pa.list_(pa.string())) for name in lists),
        ]
    )


def follow_up_schema() -> pa.Schema:
    """Schema of the follow-up list, in the order of the calls.

    ``urgency`` = value × severity × recency; ``first`` marks safety and legal; ``n_negative`` counts the
    reviews that are negative or blame something, which the list is of. The quote is ``start`` to ``end`` of
    the review ``review_id`` (null where no clause was blamed: the whole text is meant).
    """
    numbers = ("value", "severity", "recency", "urgency")
    return pa.schema(
        [
            ("order", pa.int64()),
            ("customer", pa.string()),
            ("first", pa.bool_()),
            *((name, pa.float64()) for name in numbers),
            ("n_negative", pa.int64()),
            ("open_repeats", pa.int64()),
            ("last_negative", pa.string()),
            ("flags", pa.list_(pa.string())),
            ("issues", pa.list_(pa.string())),
            ("review_id", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
        ]
    )


def behind_schema() -> pa.Schema:
    """Schema of the customers behind issues: issues in rank order, then most reviews and newest first."""
    return pa.schema(
        [
            ("issue_id", pa.string()), ("customer", pa.string()), ("n_reviews", pa.int64()),
            ("last_negative", pa.string()), ("value", pa.float64()), ("open", pa.bool_()),
        ]
    )  # fmt: skip


def customers(
    facts: Facts, issues: pa.Table, weights: tuple[float, float, float] = (0.5, 0.3, 0.2)
) -> Customers:
    """Describe the customers of an analysis.

    Urgency = value × severity × recency. Value: sum of the customer's amounts, or tier, the median of the
    known ones where it is not known, 1 where no column has any; severity: min(1, v̄·(1 + 0.25·f)) as of an
    issue, over the customer's negative mentions and reviews; recency: ½^(days/30) from the customer's last
    negative review to the last day of the file, 1 without times. Customers with a safety or legal flag, or
    an issue of the safety band, come first.

    Parameters
    ----------
    facts : Facts
        With ``issue_id`` in the mentions.
    issues : Arrow table of ``schema.issues_schema``
    weights : (impact, scope, feasibility)
        Of the priority, for the ranks by value.
    """
    if not facts.has("customer"):
        why = Bilingual(
            "没有客户列，看不到是谁在说。用 --customer 指定客户编号所在的列即可得到。",
            "Without a column of customers nobody can be told apart. Name it with --customer.",
        )
        return Customers(
            table=customers_schema().empty_table(),
            follow_up=follow_up_schema().empty_table(),
            behind=behind_schema().empty_table(),
            value=value_schema().empty_table(),
            n=0,
            n_unnamed=facts.n_reviews,
            n_negative_reviews=0,
            worth=Worth("none", np.zeros(0)),
            reason=why,
        )
    view = _View(facts, issues)
    return Customers(
        table=view.table(),
        follow_up=view.follow_up(),
        behind=view.behind(),
        value=by_value(
            issues,
            {issue: sorted(view.by_issue.get(issue, {})) for issue in view.ids},
            view.worth,
            check_weights(weights),
        ),
        n=len(view.names),
        n_unnamed=facts.n_reviews - len(view.rows),
        n_negative_reviews=int(view.negative[view.rows].sum()),
        worth=view.worth,
        rfm_reason=view.rfm.reason,
    )


class _View:
    """The counted reviews and negative mentions by customer."""

    def __init__(self, facts: Facts, issues: pa.Table) -> None:
        self.facts = facts
        ranked = issues.sort_by("rank")
        self.ids: list[str] = ranked["issue_id"].to_pylist()
        self.safe = {
            issue for issue, band in zip(self.ids, ranked["safety"].to_pylist(), strict=True) if band
        }
        self.who, self.names = encode(facts.reviews["customer"])
        self.rows = np.flatnonzero(self.who >= 0)
        self.day = np.full(facts.n_reviews, np.nan)
        if facts.has("time"):
            seconds = pc.fill_null(facts.reviews["time"].cast(pa.int64()).cast(pa.float64()), float("nan"))
            self.day = np.floor(np.asarray(seconds, dtype=float) / _DAY)
        self.negative = self._label(facts.reviews["fb_label"], LABELS[0])
        self.polarity = facts.mention_column("polarity")
        issue_of = facts.mentions["issue_id"].to_pylist()
        known = set(self.ids)
        self.issue_of: list[str | None] = [issue if issue in known else None for issue in issue_of]

    @staticmethod
    def _label(column: pa.ChunkedArray, label: str) -> Mask:
        return np.asarray(pc.fill_null(pc.equal(column, label), fill_value=False), dtype=bool)

    def _sum(self, values: Floats) -> Floats:
        """Sum values of reviews of shape (n_reviews,) by customer."""
        by_who = np.bincount(self.who[self.rows], weights=values[self.rows], minlength=len(self.names))
        return by_who.astype(float)

    def _last(self, chosen: Mask) -> Floats:
        """Return the last day of the chosen reviews by customer, NaN where none has one."""
        latest = np.full(len(self.names), -np.inf)
        rows = self.rows[chosen[self.rows] & ~np.isnan(self.day[self.rows])]
        np.maximum.at(latest, self.who[rows], self.day[rows])
        return np.where(np.isinf(latest), np.nan, latest)

    @cached_property
    def worth(self) -> Worth:
        return worth(self.facts, self.rows, self.who[self.rows], len(self.names))

    @cached_property
    def rfm(self) -> Rfm:
        every = np.ones(self.facts.n_reviews, dtype=bool)
        return rfm(self._last(every), self._sum(every.astype(float)), self.worth)

    @cached_property
    def blamed(self) -> dict[int, list[int]]:
        """Negative mentions by customer, in order."""
        bad = np.flatnonzero(self._label(self.facts.mentions["label"], LABELS[0]))
        found: dict[int, list[int]] = defaultdict(list)
        for mention, who in zip(bad.tolist(), self.who[self.facts.rows[bad]].tolist(), strict=True):
            if who >= 0:
                found[who].append(mention)
        return found

    @cached_property
    def by_issue(self) -> dict[str, dict[int, set[int]]]:
        """Issue to customer to the reviews that blame it."""
        found: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        rows = self.facts.rows
        for who, mentions in self.blamed.items():
            for mention in mentions:
                issue = self.issue_of[mention]
                if issue is not None:
                    found[issue][who].add(int(rows[mention]))
        return found

    @cached_property
    def unhappy(self) -> Mask:
        """Reviews that are negative or blame something."""
        found = self.negative.copy()
        found[self.facts.rows[self._label(self.facts.mentions["label"], LABELS[0])]] = True
        return found

    @cached_property
    def praised(self) -> dict[tuple[int, str], float]:
        """Customer and facet to the last day on which a review only praised it."""
        bad = self._label(self.facts.mentions["label"], LABELS[0])
        good = self._label(self.facts.mentions["label"], LABELS[2])
        facets, rows = self.facts.mentions["facet"].to_pylist(), self.facts.rows.tolist()
        spoilt = {(rows[k], facets[k]) for k in np.flatnonzero(bad).tolist()}
        found: dict[tuple[int, str], float] = {}
        for k in np.flatnonzero(good).tolist():
            who, day = int(self.who[rows[k]]), float(self.day[rows[k]])
            if who >= 0 and (rows[k], facets[k]) not in spoilt and not np.isnan(day):
                key = who, facets[k]
                found[key] = max(found.get(key, -np.inf), day)
        return found

    @cached_property
    def open(self) -> set[tuple[int, str]]:
        """Customers and issues that were blamed again and not praised since."""
        facets = self.facts.mentions["facet"].to_pylist()
        facet = {issue: code for issue, code in zip(self.issue_of, facets, strict=True) if issue is not None}
        again = self._told_before | {
            (who, issue)
            for issue, blamers in self.by_issue.items()
            for who, reviews in blamers.items()
            if len(reviews) > 1
        }
        return {
            (who, issue)
            for who, issue in again
            if not self.praised.get((who, facet[issue]), -np.inf) > self._last_blame(who, issue)
        }

    def _last_blame(self, who: int, issue: str) -> float:
        return float(self.day[list(self.by_issue[issue][who])].max())

    @cached_property
    def _told_before(self) -> set[tuple[int, str]]:
        """Customers and the worst issue of each review that says it was told before."""
        worst: dict[int, int] = {}
        for mentions in self.blamed.values():
            for mention in mentions:
                row = int(self.facts.rows[mention])
                if not self.facts.flags[row, _REPEAT] or self.issue_of[mention] is None:
                    continue
                rival = worst.setdefault(row, mention)
                if self.polarity[mention] < self.polarity[rival]:
                    worst[row] = mention
        return {
            (int(self.who[row]), issue)
            for row, mention in worst.items()
            if (issue := self.issue_of[mention]) is not None
        }

    @cached_property
    def issues_of(self) -> dict[int, list[str]]:
        """Customer to the issues blamed: in most reviews first, then by rank."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place, issue in enumerate(self.ids):
            for who, reviews in self.by_issue.get(issue, {}).items():
                found[who].append((-len(reviews), place))
        return {who: [self.ids[place] for _, place in sorted(pairs)] for who, pairs in found.items()}

    @cached_property
    def _flags(self) -> NDArray[np.bool_]:
        """Flags of any review, of shape (n_customers, n_flags)."""
        marks = self.facts.flags.astype(float)
        return np.stack([self._sum(marks[:, k]) > 0 for k in range(len(FLAGS))], axis=1)

    @cached_property
    def _n_open(self) -> Ints:
        counts = np.zeros(len(self.names), dtype=np.int64)
        for who, _ in self.open:
            counts[who] += 1
        return counts

    def table(self) -> pa.Table:
        """Return all customers."""
        every = np.ones(self.facts.n_reviews, dtype=bool)
        last, last_bad = self._last(every), self._last(self.unhappy)
        n_reviews, n_negative = self._sum(every.astype(float)), self._sum(self.negative.astype(float))
        elements = self.facts.mentions["element"].to_pylist()
        scores = self.rfm.scores
        rows: list[dict[str, Any]] = []
        for who, name in enumerate(self.names):
            r, f, m = (int(score) or None for score in scores[who])
            rows.append(
                {
                    "customer": name, "n_reviews": int(n_reviews[who]), "n_negative": int(n_negative[who]),
                    "open_repeats": int(self._n_open[who]), "r": r, "f": f, "m": m,
                    "segment": self.rfm.segments[who], "last_review": _date(last[who]),
                    "last_negative": _date(last_bad[who]), "value": _number(self.worth.values[who]),
                    "flags": [flag for k, flag in enumerate(FLAGS) if self._flags[who, k]],
                    "elements": sorted({elements[mention] for mention in self.blamed.get(who, ())}),
                    "issues": self.issues_of.get(who, []),
                }
            )  # fmt: skip
        rows.sort(
            key=lambda row: (-row["n_negative"], -row["open_repeats"], -row["n_reviews"], row["customer"])
        )
        return pa.Table.from_pylist(rows, schema=customers_schema())

    def behind(self) -> pa.Table:
        """Return the customers behind each issue."""
        rows: list[dict[str, Any]] = []
        for issue in self.ids:
            told: list[dict[str, Any]] = [
                {
                    "issue_id": issue, "customer": self.names[who], "n_reviews": len(reviews),
                    "last_negative": _date(_latest(self.day[list(reviews)])),
                    "value": _number(self.worth.values[who]), "open": (who, issue) in self.open,
                }
                for who, reviews in self.by_issue.get(issue, {}).items()
            ]  # fmt: skip
            told.sort(key=lambda row: row["customer"])
            told.sort(key=lambda row: row["last_negative"] or "", reverse=True)
            told.sort(key=lambda row: -row["n_reviews"])
            rows += told
        return pa.Table.from_pylist(rows, schema=behind_schema())

    def follow_up(self) -> pa.Table:
        """Return whom to call, first in front."""
        unhappy = self._sum(self.unhappy.astype(float))
        urgent: Mask = np.any(self._flags[:, _URGENT], axis=1)
        last = self._last(self.unhappy)
        end = np.nanmax(self.day) if not np.isnan(self.day).all() else np.nan
        recency = np.where(np.isnan(last), 1.0, 0.5 ** ((end - np.nan_to_num(last)) / HALF_LIFE))
        values = self.worth.filled()
        concerns = self._sum(self.facts.flags[:, _CONCERNS].astype(float).sum(axis=1))
        called: list[dict[str, Any]] = []
        for who in np.flatnonzero((unhappy > 0) | urgent).tolist():
            issues = self.issues_of.get(who, [])
            harsh = float(severity(self._negativity(who), concerns[who] / max(unhappy[who], 1.0)))
            called.append(
                {
                    "customer": self.names[who],
                    "first": bool(urgent[who]) or not self.safe.isdisjoint(issues),
                    "value": _number(self.worth.values[who]),
                    "severity": harsh,
                    "recency": float(recency[who]),
                    "urgency": float(values[who] * harsh * recency[who]),
                    "n_negative": int(unhappy[who]),
                    "open_repeats": int(self._n_open[who]),
                    "last_negative": _date(last[who]),
                    "flags": [flag for k, flag in enumerate(FLAGS) if self._flags[who, k]],
                    "issues": issues,
                    **self._quote(who),
                }
            )
        called.sort(key=lambda row: (not row["first"], -row["urgency"], row["customer"]))
        for order, row in enumerate(called, 1):
            row["order"] = order
        return pa.Table.from_pylist(called, schema=follow_up_schema())

    @cached_property
    def _reviews_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row in self.rows.tolist():
            found[int(self.who[row])].append(row)
        return found

    def _negativity(self, who: int) -> float:
        """Return v̄: the mean of −polarity of the mentions that blame, else of the negative reviews."""
        mentions = self.blamed.get(who, [])
        named = [mention for mention in mentions if self.issue_of[mention] is not None] or mentions
        if named:
            return float(np.clip(-self.polarity[named].mean(), 0.0, 1.0))
        rows = [row for row in self._reviews_of[who] if self.unhappy[row]] or self._reviews_of[who]
        return float(np.clip(-self._overall[rows].mean(), 0.0, 1.0))

    @cached_property
    def _overall(self) -> Floats:
        return np.nan_to_num(self.facts.numbers("fb_polarity"))

    @cached_property
    def _spans(self) -> tuple[list[int], list[int], list[str]]:
        mentions, reviews = self.facts.mentions, self.facts.reviews
        return mentions["start"].to_pylist(), mentions["end"].to_pylist(), reviews["review_id"].to_pylist()

    def _quote(self, who: int) -> dict[str, object]:
        """Return where the worst and newest words are: of a safety issue, of an issue, of anything."""
        rows, newest = self.facts.rows, np.nan_to_num(self.day, nan=-np.inf)

        def telling(mention: int) -> tuple[bool, bool, float, float, int]:
            issue, day = self.issue_of[mention], float(newest[rows[mention]])
            return (
                issue not in self.safe,
                issue is None,
                round(float(self.polarity[mention]), 1),
                -day,
                mention,
            )

        starts, ends, ids = self._spans
        mentions = self.blamed.get(who)
        if mentions:
            worst = min(mentions, key=telling)
            return {"review_id": ids[int(rows[worst])], "start": starts[worst], "end": ends[worst]}
        own = self._reviews_of[who]
        row = min(own, key=lambda row: (not self.unhappy[row], -float(newest[row]), row))
        return {"review_id": ids[row], "start": None, "end": None}


def _latest(days: Floats) -> float:
    known = days[~np.isnan(days)]
    return float(known.max()) if len(known) else float("nan")


def _date(day: float) -> str | None:
    return None if np.isnan(day) else str(np.datetime64(int(day), "D"))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
