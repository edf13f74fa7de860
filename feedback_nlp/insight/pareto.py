"""Pareto bars: issues by distinct reviews, with the cumulative share; the unnamed rest comes last."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from feedback_nlp.insight.shares import wilson

__all__ = ["OTHER_ID", "OTHER_LIMIT", "Bar", "other_share", "pareto", "pareto_schema"]

# Id of the bar that joins the 其他 of all facets.
OTHER_ID = "other"
# Above this part of all bars the rest hides too much to read the chart without a warning.
OTHER_LIMIT = 0.15


class Bar(NamedTuple):
    """One bar: distinct reviews that mention the issue."""

    issue_id: str
    name: str
    n_reviews: int


def pareto_schema() -> pa.Schema:
    """Schema of the bars; shares are of counted reviews, ``cumulative`` is of the sum of all bars."""
    return pa.schema(
        [
            ("issue_id", pa.string()),
            ("name", pa.string()),
            ("n_reviews", pa.int64()),
            ("share", pa.float64()),
            ("cumulative", pa.float64()),
            ("overlaps_next", pa.bool_()),
            ("other", pa.bool_()),
        ]
    )


def pareto(bars: list[Bar], n_reviews: int, *, other: Bar | None = None) -> pa.Table:
    """Order the bars and add them up.

    Parameters
    ----------
    bars : list of Bar
        Named issues; ties are ordered by id.
    n_reviews : int
        Counted reviews, the base of ``share``. A review in two issues is in two bars: shares don't sum to 1.
    other : Bar, optional
        The rest, always last.

    Returns
    -------
    Arrow table of ``pareto_schema``
        ``overlaps_next`` marks a bar whose Wilson 95 % interval overlaps that of the next named one: their
        order is not settled.
    """
    ordered = sorted(bars, key=lambda bar: (-bar.n_reviews, bar.issue_id))
    shown = [*ordered, other] if other is not None and other.n_reviews else ordered
    counts = np.array([bar.n_reviews for bar in shown], dtype=np.int64)
    low, high = wilson(counts, np.full(len(counts), n_reviews))
    named = len(ordered)
    overlaps = [place + 1 < named and bool(high[place + 1] >= low[place]) for place in range(len(shown))]
    columns = {
        "issue_id": [bar.issue_id for bar in shown],
        "name": [bar.name for bar in shown],
        "n_reviews": counts,
        "share": counts / max(n_reviews, 1),
        "cumulative": np.cumsum(counts) / max(int(counts.sum()), 1),
        "overlaps_next": overlaps,
        "other": [place >= named for place in range(len(shown))],
    }
    return pa.table(columns, schema=pareto_schema())


def other_share(table: pa.Table) -> float:
    """Return the part of the rest in the sum of all bars, in [0, 1]."""
    counts = np.asarray(table["n_reviews"], dtype=float)
    rest = np.asarray(table["other"], dtype=bool)
    return float(counts[rest].sum() / max(counts.sum(), 1.0))
