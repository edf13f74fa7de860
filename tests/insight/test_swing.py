"""Which issues a reader of the unsure mentions could move, by hand."""

import pyarrow as pa
from scored_files import make_mentions

from feedback_nlp.insight.swing import swing_issues
from feedback_nlp.schema import issues_schema

WEIGHTS = (0.5, 0.3, 0.2)


def issues(*rows):
    filled = [
        {
            **dict.fromkeys(issues_schema().names),
            "issue_id": name, "rank": rank, "priority": priority, "safety": safety, "other": other,
        }
        for rank, (name, priority, safety, other) in enumerate(rows, 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(filled, schema=issues_schema())


def said(issue, sure, unsure):
    rows = [(f"{issue}{k}", 0.9 if k < sure else 0.5) for k in range(sure + unsure)]
    return [
        {"review_id": review, "facet": "service.attitude", "score": score, "issue_id": issue}
        for review, score in rows
    ]


def test_an_issue_swings_where_losing_the_unsure_costs_its_place():
    # 5 of 10 sure: priority × .5^.3 = .812. a falls to .406, behind b (.45); b to .3655, before c (.30).
    table = issues(("a", 0.5, False, False), ("b", 0.45, False, False), ("c", 0.3, False, False))
    mentions = make_mentions([*said("a", 5, 5), *said("b", 5, 5), *said("c", 9, 0)])
    assert swing_issues(table, mentions, WEIGHTS, 10) == {"a"}


def test_all_unsure_swings_and_all_sure_does_not():
    table = issues(("a", 0.5, False, False), ("b", 0.49, False, False))
    mentions = make_mentions([*said("a", 9, 0), *said("b", 0, 2)])
    assert swing_issues(table, mentions, WEIGHTS, 10) == {"b"}


def test_safety_stays_before_the_others_and_the_rest_is_not_looked_at():
    table = issues(
        ("a", 0.1, True, False), ("b", 0.4, False, False), ("c", 0.39, False, False), ("d", 0.9, False, True)
    )
    mentions = make_mentions([*said("a", 5, 5), *said("b", 5, 5), *said("c", 5, 5), *said("d", 0, 5)])
    assert swing_issues(table, mentions, WEIGHTS, 1) == set()
    assert swing_issues(table, mentions, WEIGHTS, 2) == {"b"}


def test_a_review_with_a_sure_mention_too_is_sure():
    table = issues(("a", 0.5, False, False), ("b", 0.49, False, False))
    twice = [{**row, "score": 0.9, "clause": 1} for row in said("a", 0, 3)]
    assert swing_issues(table, make_mentions([*said("a", 0, 3), *twice]), WEIGHTS, 10) == set()


def test_no_issue():
    assert swing_issues(issues(), make_mentions([]), WEIGHTS, 10) == set()
