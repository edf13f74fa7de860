from __future__ import annotations

import re

import openpyxl
import pytest
from conftest import make_summary

from feedback_nlp.report.handoff import MIN_QUOTES, PEOPLE, records, said
from feedback_nlp.report.handoff_files import markdown, workbook


def test_each_record_has_three_quotes_of_three_reviews(summary):
    found = records(summary, top=4)
    assert [record.issue["rank"] for record in found] == sorted(record.issue["rank"] for record in found)
    assert len(found) == 4
    for record in found:
        ids = [quote.review_id for quote in record.quotes]
        assert len(set(ids)) == len(ids) >= min(MIN_QUOTES, len(record.evidence))


def test_quotes_are_what_the_reviews_say(summary):
    table = summary["table"]
    texts = dict(zip(table["review_id"], table["text"], strict=True))
    for record in records(summary):
        for quote in record.quotes:
            assert quote.clause in texts[quote.review_id]


def test_figures_rest_on_the_rows_named(summary):
    """Counted by hand from the summary's mentions."""
    table, marks = summary["table"], summary["mentions"]
    for record in records(summary):
        told = {
            row
            for row, issue in zip(marks["row"], marks["issue_id"], strict=True)
            if issue == record.issue["issue_id"] and table["counted"][row]
        }
        assert set(record.evidence) == told
        assert len(told) == record.issue["n_reviews"]
        by_key = {field.key: field.text for field in record.fields}
        assert str(len(told)) in by_key["record_field.impact"]
        days = sorted(table["day"][row] for row in told if table["day"][row])
        assert by_key["record_field.dates"] == f"{days[0]}；{days[-1]}"


def test_what_people_must_fill_in_says_so(summary):
    blank = said("zh", "fill")
    for record in records(summary):
        for field in (*record.fields, *record.d1, *record.d2, *record.d3):
            assert (field.basis == PEOPLE) == (field.text == blank)
            assert field.text.strip()
        assert all(field.basis != PEOPLE for field in record.d2)
        assert {field.key for field in record.d3 if field.basis == PEOPLE} >= {"d_field.containment"}
        assert all(field.basis == PEOPLE for field in record.d1)


def test_what_the_playbook_knows_is_not_left_open(taxonomy):
    summary = make_summary(120, taxonomy)
    plan = {"owner": "王敏", "due": "2025-12-31", "feasibility": None, "severity": None}
    summary["issues"][0]["plan"] = plan
    team = {field.key: field.text for field in records(summary, top=1)[0].d1}
    assert team["d_field.leader"] == "王敏"
    assert team["d_field.due"] == "2025-12-31"
    assert team["d_field.members"] == said("zh", "fill")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_markdown(summary, summary_en, lang):
    source = summary if lang == "zh" else summary_en
    text = markdown(source, top=2)
    assert len(re.findall(r"^## \d", text, flags=re.M)) == 2
    for key in ("title", "record", "d1", "d2", "d3", "quotes"):
        assert said(lang, key) in text
    assert said(lang, "fill") in text
    assert "{" not in text
    for line in text.splitlines():
        assert not line.startswith("|") or len(re.findall(r"(?<!\\)\|", line)) == 4


def test_both_languages_have_the_same_strings():
    from feedback_nlp.report.handoff import _strings

    def keys(part, lead=""):
        for key, value in part.items():
            if isinstance(value, dict):
                yield from keys(value, f"{lead}{key}.")
            else:
                yield lead + key, tuple(sorted(re.findall(r"{(\w+)}", value)))

    assert dict(keys(_strings("zh"))) == dict(keys(_strings("en")))


def test_workbook(summary, tmp_path):
    path = tmp_path / "8d.xlsx"
    workbook(summary, path, top=3)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["投诉分析记录", "8D", "依据"]
    found = records(summary, top=3)
    assert book["依据"].max_row == 1 + sum(len(record.evidence) for record in found)
    ids = {str(cells[1].value) for cells in book["依据"].iter_rows(min_row=2)}
    assert ids == {str(summary["table"]["review_id"][row]) for record in found for row in record.evidence}
    quotes = [row for row in book["8D"].iter_rows(min_row=2, values_only=True) if "原话" in row[1]]
    assert len(quotes) == sum(len(record.quotes) for record in found)
    blanks = [row for row in book["8D"].iter_rows(min_row=2) if row[2].value == said("zh", "fill")]
    assert all(row[2].fill.fgColor.rgb.endswith("FFF8E1") for row in blanks)
    assert len(blanks) >= 3 * 8


def test_personal_data_is_masked(summary, tmp_path):
    assert not re.search(r"1[3-9]\d{9}", markdown(summary, top=50))


def test_nothing_to_hand_off(summary, tmp_path):
    empty = {**summary, "issues": []}
    assert said("zh", "none") in markdown(empty)
    workbook(empty, tmp_path / "8d.xlsx")
    assert openpyxl.load_workbook(tmp_path / "8d.xlsx")["8D"].max_row == 1


def test_one_review_is_said_to_be_one(taxonomy):
    summary = make_summary(120, taxonomy)
    issue = summary["issues"][0]
    marks = summary["mentions"]
    rows = [
        row for row, code in zip(marks["row"], marks["issue_id"], strict=True) if code == issue["issue_id"]
    ]
    kept = next(row for row in rows if summary["table"]["counted"][row])
    summary["table"]["counted"] = [
        ok and (row == kept or row not in rows) for row, ok in enumerate(summary["table"]["counted"])
    ]
    issue["quotes"] = [
        quote for quote in issue["quotes"] if quote["review_id"] == summary["table"]["review_id"][kept]
    ]
    assert said("zh", "few", n=1) in markdown(summary, top=1)


@pytest.mark.parametrize(("n", "told"), [(None, False), (0, False), (7, True)])
def test_customers_are_told_where_reviews_name_them(summary, n, told):
    issues = [{**row, "n_customers": n} for row in summary["issues"]]
    for record in records({**summary, "issues": issues}):
        impact = next(field.text for field in record.fields if field.key == "record_field.impact")
        assert ("位顾客" in impact) == told
