"""The review queue: only what asks for a person, the least sure and the negative first."""

from typing import Any

from feedback_nlp.report.queue import COLUMNS, queue_sheets


def summary(needs: list[bool], lang: str = "zh") -> dict[str, Any]:
    return {
        "lang": lang,
        "table": {
            "review_id": ["a", "b", "c", "d"],
            "text": ["甲", "乙", "丙", "丁"],
            "label": ["positive", "negative", "negative", None],
            "confidence": [0.4, 0.58, 0.5, None],
            "needs_review": needs,
            "counted": [True, True, True, False],
        },
        "mentions": {
            "row": [1, 1, 2],
            "facet_name": ["时效", "服务态度", "时效"],
            "label": ["negative", "positive", "negative"],
            "score": [0.9, 0.5, 0.95],
        },
    }


def test_negative_and_least_sure_first() -> None:
    ((key, columns, rows),) = queue_sheets(summary([True, True, True, True]))
    assert (key, columns) == ("queue", COLUMNS)
    assert [row[0] for row in rows] == ["c", "b", "a"]
    # Less sure of the whole than it takes, and of a clause: both are said.
    assert rows[1][2:] == ["负面", 0.58, "时效", "整条是褒是贬，把握不够；有小句拿不准是否说到：服务态度"]
    assert rows[0][5] == "整条是褒是贬，把握不够"


def test_no_queue_no_sheet() -> None:
    assert queue_sheets(summary([False, False, False, True])) == []


def test_english_twin() -> None:
    ((_, _, rows),) = queue_sheets(summary([False, True, False, False], "en"))
    assert rows[0][5].endswith("a clause that may or may not speak of: 服务态度")


def test_only_the_reasons_that_hold_are_given() -> None:
    given = summary([False, True, False, False])
    given["table"]["confidence"][1] = 0.9
    ((_, _, rows),) = queue_sheets(given)
    assert rows[0][5] == "有小句拿不准是否说到：服务态度"
    # With --max-error the confidence decides alone.
    ((_, _, rows),) = queue_sheets({**given, "max_error": {"confidence": 0.95}})
    assert rows[0][5] == "整条是褒是贬，把握不够"
