"""What changed since the last run: this summary against the one an earlier run left in the same folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedback_nlp.insight.monitoring.proportions import difference, two_proportions
from feedback_nlp.insight.trends import adjust

__all__ = ["Change", "Since", "since"]

LEVEL = 0.05
MIN_REVIEWS = 8


@dataclass(frozen=True)
class Change:
    """An issue in both runs; ``n_old``, ``n_new`` are the bases of what is compared.

    ``difference`` = share now − share then, with its 95 % interval; ``q`` is None where not tested.
    """

    issue_id: str
    x_old: int
    n_old: int
    x_new: int
    n_new: int
    rank_old: int
    rank_new: int
    difference: float
    low: float
    high: float
    q: float | None

    @property
    def sure(self) -> bool:
        """Whether chance doesn't explain it."""
        return self.q is not None and self.q < LEVEL


@dataclass(frozen=True)
class Since:
    """What changed.

    Attributes
    ----------
    created : str or None
        When the earlier run was made.
    kind : {"added", "apart", "other"}
        Whether this file is the earlier one with reviews added (then what was added is compared with what
        was there), another time, or something else (then nothing is tested).
    n_old, n_new : int
        Counted reviews of both runs; of what was added where ``kind`` is added.
    changes : tuple of Change
        Issues of both runs, largest sure difference first.
    appeared, gone : tuple of str
        Ids of named issues of at least 3 reviews that only one of the runs has.
    first_old, first_new : str or None
        Id of the issue ranked first then, and now.
    """

    created: str | None
    kind: str
    n_old: int
    n_new: int
    changes: tuple[Change, ...]
    appeared: tuple[str, ...]
    gone: tuple[str, ...]
    first_old: str | None
    first_new: str | None


def since(old: Mapping[str, Any], new: Mapping[str, Any]) -> Since | None:
    """Compare two summaries (``summary.json``).

    Parameters
    ----------
    old, new : mapping
        Of an earlier run, and of this one. Issues are matched by id.

    Returns
    -------
    Since or None
        None where the earlier one can't be used, or both are of the same reviews.
    """
    try:
        then, now = _run(old), _run(new)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if not then.n or not now.n or (then.counts == now.counts and then.n == now.n):
        return None
    kind = _kind(then, now)
    added = kind == "added"
    n_new = now.n - then.n if added else now.n
    common = [code for code in now.counts if code in then.counts]
    x_old = np.array([then.counts[code] for code in common], dtype=float)
    x_new = np.array([now.counts[code] for code in common], dtype=float) - (x_old if added else 0)
    gap = difference(x_old, np.full(len(common), then.n), x_new, np.full(len(common), n_new))
    q = _q(x_old, then.n, x_new, n_new) if kind != "other" else [None] * len(common)
    changes = [
        Change(
            code, int(x_old[k]), then.n, int(x_new[k]), n_new, then.ranks[code], now.ranks[code],
            float(gap.value[k]), float(gap.low[k]), float(gap.high[k]), q[k],
        )
        for k, code in enumerate(common)
    ]  # fmt: skip
    changes.sort(key=lambda change: (not change.sure, -abs(change.difference), change.issue_id))
    return Since(
        then.created,
        kind,
        then.n,
        n_new,
        tuple(changes),
        _only(now, then),
        _only(then, now),
        then.first,
        now.first,
    )


@dataclass(frozen=True)
class _Run:
    created: str | None
    n: int
    period: tuple[str, str] | None
    counts: dict[str, int]
    ranks: dict[str, int]
    named: frozenset[str]
    first: str | None


def _run(summary: Mapping[str, Any]) -> _Run:
    rows: Sequence[Mapping[str, Any]] = [row for row in summary["issues"] if not row.get("other")]
    counted = summary["reviews"]
    period = counted.get("period")
    ranked = sorted(rows, key=lambda row: int(row["rank"]))
    return _Run(
        summary.get("created"),
        int(counted["n_counted"]),
        (str(period[0]), str(period[1])) if period else None,
        {str(row["issue_id"]): int(row["n_reviews"]) for row in rows},
        {str(row["issue_id"]): int(row["rank"]) for row in rows},
        frozenset(str(row["issue_id"]) for row in rows if int(row["n_reviews"]) >= 3),
        str(ranked[0]["issue_id"]) if ranked else None,
    )


def _kind(then: _Run, now: _Run) -> str:
    if then.period and now.period and then.period[1] < now.period[0]:
        return "apart"
    begun = not then.period or not now.period or then.period[0] == now.period[0]
    # More reviews of an issue than were added were read another way: another model, or other columns.
    more = [now.counts.get(code, 0) - n for code, n in then.counts.items()]
    within = all(0 <= gained <= now.n - then.n for gained in more)
    return "added" if now.n > then.n and begun and within else "other"


def _only(here: _Run, there: _Run) -> tuple[str, ...]:
    found = sorted(here.named - set(there.counts), key=lambda code: (-here.counts[code], code))
    return tuple(found)


def _q(x_old: Any, n_old: int, x_new: Any, n_new: int) -> list[float | None]:
    tested = x_old + x_new >= MIN_REVIEWS
    q: list[float | None] = [None] * len(x_old)
    if tested.any():
        places = np.flatnonzero(tested)
        both = np.full(len(places), n_old), np.full(len(places), n_new)
        found = adjust(two_proportions(x_old[places], both[0], x_new[places], both[1]))
        for place, value in zip(places.tolist(), found.tolist(), strict=True):
            q[place] = value
    return q
