"""Which of the first issues would lose their place if what the model is unsure of were wrong."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa

from feedback_nlp.insight.mentions import UNSURE_SCORE

__all__ = ["swing_issues"]


def swing_issues(
    issues: pa.Table, mentions: pa.Table, weights: tuple[float, float, float], top: int
) -> set[str]:
    """Return the ids of the first issues whose place rests on unsure mentions.

    An issue loses the reviews that only unsure mentions (score 0.4 to 0.6) tie to it. Its Scope, and with it
    its priority Impact^a · Scope^b · Feasibility^c, falls by (n_sure/n)^b; if it then still ranks before the
    next issue of its kind, whoever looks at those mentions changes nothing among the first issues.

    Parameters
    ----------
    issues : Arrow table of ``schema.issues_schema``
    mentions : Arrow table of ``schema.mentions_schema``, with ``issue_id``
    weights : (impact, scope, feasibility)
        Scaled to sum 1.
    top : int
        Places that are looked at.
    """
    rows = [row for row in issues.sort_by("rank").to_pylist() if not row["other"]][: top + 1]
    unsure, sure = _reviews(mentions, {row["issue_id"] for row in rows})
    found = set()
    for row, following in zip(rows[:top], [*rows[1:], None], strict=False):
        issue = row["issue_id"]
        only_unsure = len(unsure[issue] - sure[issue])
        if not only_unsure:
            continue
        left = np.float64(len(sure[issue])) / len(sure[issue] | unsure[issue])
        rival = following is not None and following["safety"] == row["safety"]
        if left == 0 or (rival and row["priority"] * left ** weights[1] < following["priority"]):
            found.add(issue)
    return found


def _reviews(mentions: pa.Table, wanted: set[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return the reviews of each issue by unsure and by sure mentions."""
    low, high = UNSURE_SCORE
    unsure: dict[str, set[str]] = defaultdict(set)
    sure: dict[str, set[str]] = defaultdict(set)
    columns = (mentions[name].to_pylist() for name in ("review_id", "issue_id", "score"))
    for review, issue, score in zip(*columns, strict=True):
        if issue in wanted:
            (unsure if low <= score <= high else sure)[issue].add(review)
    return unsure, sure
