"""The customers in words and rows: who complains again, what they are worth, and whom to call first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedback_nlp.insight.customer_value import SEGMENTS, TOP
from feedback_nlp.insight.wishes import asked_for
from feedback_nlp.report.sheets import Field, Sheet, cells, laid_out
from feedback_nlp.report.wording import Words
from feedback_nlp.schema import FLAGS

if TYPE_CHECKING:
    from feedback_nlp.insight.customers import Customers

__all__ = ["build", "customer_sheets", "public"]

# Rows of a table on the page, calls in ``summary.json``; the workbook has all.
N_SHOWN, N_PUBLIC = 10, 200
# Issues of a caller that are named in a cell.
N_NAMED = 2
_AS_THEY_ARE = (
    "value", "n_negative", "open_repeats", "last_negative", "severity", "recency", "urgency", "flags",
)  # fmt: skip

Block = dict[str, Any]
Names = Mapping[str, str]


def build(
    found: Customers,
    texts: Names,
    *,
    issues: Names,
    elements: Names,
    who: Names,
    ids: Names,
    lang: str,
) -> Block:
    """Put what is known of the customers into words.

    Parameters
    ----------
    found : Customers
    texts : mapping
        Review id to its text as it may be shown, of the reviews that the follow-up list quotes.
    issues, elements : mapping
        Issue id and element to the name to show.
    who, ids : mapping
        Customers and review ids to what is shown for them, where that differs.
    lang : {"zh", "en"}

    Returns
    -------
    dict
        ``reason`` (then nothing else is told), ``sentences``, ``numbers``, ``follow_up``, ``repeaters``,
        ``segments``, ``value``, ``behind``, ``notes``; plain values.
    """
    words = Words(lang)
    empty: Block = dict.fromkeys(
        ("follow_up", "repeaters", "segments", "value", "behind", "notes", "sentences")
    )
    block: Block = {name: [] for name in empty} | {"numbers": None, "reason": None, "n_shown": N_SHOWN}
    if found.reason is not None:
        return block | {"reason": found.reason.in_(lang)}
    people = found.table.to_pylist()
    valuable = _valuable(people)
    calls = [_call(row, texts, issues, who, ids, valuable, words) for row in found.follow_up.to_pylist()]
    numbers = _numbers(found, people)
    return block | {
        "numbers": numbers,
        "sentences": _sentences(numbers, found, words),
        "follow_up": calls,
        "repeaters": [_person(row, issues, elements, who, words) for row in people if row["n_negative"] > 1],
        "segments": _segments(people, words),
        "value": _values(found, issues),
        "behind": [
            {
                **row,
                "name": issues.get(row["issue_id"], row["issue_id"]),
                "customer": who.get(row["customer"], row["customer"]),
            }
            for row in found.behind.to_pylist()
        ],
        "notes": _notes(found, words),
    }


def _numbers(found: Customers, people: Sequence[Mapping[str, Any]]) -> Block:
    complaining = [row for row in people if row["last_negative"] or row["n_negative"]]
    again = [row for row in people if row["n_negative"] > 1]
    return {
        "n_customers": found.n,
        "n_unnamed": found.n_unnamed,
        "n_complaining": len(complaining),
        "n_repeat": len(again),
        "n_open_repeats": sum(row["open_repeats"] > 0 for row in people),
        "repeat_reviews": sum(row["n_negative"] for row in again),
        "n_negative_reviews": found.n_negative_reviews,
        "top_share": found.worth.top_share(),
        "worth": found.worth.kind,
    }


def _sentences(numbers: Mapping[str, Any], found: Customers, words: Words) -> list[str]:
    share = numbers["repeat_reviews"] / max(numbers["n_negative_reviews"], 1)
    told = [
        words(
            "customer.who", n=words.count(numbers["n_customers"]), k=words.count(numbers["n_repeat"]),
            x=words.count(numbers["repeat_reviews"]), share=words.percent(share),
            open=words.count(numbers["n_open_repeats"]),
        )
    ]  # fmt: skip
    if numbers["top_share"] is not None:
        told.append(
            words(
                f"customer.top_{found.worth.kind}",
                top=f"{TOP:.0%}",
                share=words.percent(numbers["top_share"]),
            )
        )
    return told


def _notes(found: Customers, words: Words) -> list[str]:
    told = []
    if found.n_unnamed:
        told.append(words("customer.unnamed", n=words.count(found.n_unnamed)))
    if found.worth.kind == "none":
        told.append(words("customer.no_value"))
    elif found.worth.n_below:
        told.append(words("customer.below", n=words.count(found.worth.n_below)))
    if found.rfm_reason is not None and found.worth.kind != "none":
        told.append(found.rfm_reason.in_(words.lang))
    return told


def _valuable(people: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the value from which on a customer is among the most valuable."""
    values = sorted((row["value"] for row in people if row["value"]), reverse=True)
    return values[max(1, round(TOP * len(values))) - 1] if len(values) >= 1 / TOP else None


def _call(
    row: Mapping[str, Any],
    texts: Names,
    issues: Names,
    who: Names,
    ids: Names,
    valuable: float | None,
    words: Words,
) -> Block:
    text = texts[row["review_id"]]
    start, end = (0, len(text)) if row["start"] is None else (row["start"], row["end"])
    named = [issues[issue] for issue in row["issues"] if issue in issues]
    return {
        "order": row["order"],
        "customer": who.get(row["customer"], row["customer"]),
        "first": row["first"],
        "why": _why(row, named, valuable, words),
        "issues": words.joined(named[:N_NAMED]),
        "quote": text[start:end],
        "asked": asked_for(text),
        "text": text,
        "review_id": ids.get(row["review_id"], row["review_id"]),
        **{key: row[key] for key in _AS_THEY_ARE},
    }


def _why(row: Mapping[str, Any], named: Sequence[str], valuable: float | None, words: Words) -> str:
    parts = [words(f"customer.flag_{flag}") for flag in FLAGS if flag in row["flags"]]
    if row["first"] and not {"safety", "legal"} & set(row["flags"]):
        parts.insert(0, words("customer.flag_safety"))
    if row["open_repeats"]:
        parts.append(words("customer.again", n=row["open_repeats"]))
    if valuable is not None and (row["value"] or 0) >= valuable:
        parts.append(words("customer.valuable"))
    if named:
        parts.append(
            words("customer.blames", names=words.joined([words.quoted(name) for name in named[:N_NAMED]]))
        )
    if not parts:
        parts.append(words("customer.unhappy"))
    if row["last_negative"]:
        parts.append(words("customer.last", day=row["last_negative"]))
    return words("customer.between").join(parts)


def _person(row: Mapping[str, Any], issues: Names, elements: Names, who: Names, words: Words) -> Block:
    flags = words.section("flag")
    return {
        **row,
        "customer": who.get(row["customer"], row["customer"]),
        "issues": words.joined([issues[issue] for issue in row["issues"] if issue in issues]),
        "elements": words.joined([elements.get(code, code) for code in row["elements"]]),
        "flags": words.joined([flags[flag] for flag in row["flags"]]),
        "segment": words(f"customer.segment_{row['segment']}") if row["segment"] else "",
    }


def _segments(people: Sequence[Mapping[str, Any]], words: Words) -> list[Block]:
    known = [row for row in people if row["segment"]]
    if not known:
        return []
    total = sum(row["value"] or 0.0 for row in known)
    n, bad = (
        Counter(row["segment"] for row in part)
        for part in (known, [row for row in known if row["last_negative"] or row["n_negative"]])
    )
    return [
        {
            "segment": segment,
            "name": words(f"customer.segment_{segment}"),
            "n": n[segment],
            "n_complaining": bad[segment],
            "complaining_share": bad[segment] / n[segment],
            "value": (value := sum(row["value"] or 0.0 for row in known if row["segment"] == segment)),
            "value_share": value / total if total else None,
        }
        for segment in SEGMENTS.values()
        if n[segment]
    ]


def _values(found: Customers, issues: Names) -> list[Block]:
    rows: list[Block] = found.value.to_pylist()
    for row in rows:
        row["name"] = issues.get(row["issue_id"], row["issue_id"])
        row["moved"] = row["rank"] - row["value_rank"]
    return rows


def public(block: Mapping[str, Any] | None) -> Block | None:
    """Return the machine-readable part for ``summary.json``: the first calls, masked as in the report."""
    if block is None:
        return None
    first = block["follow_up"][:N_PUBLIC]
    calls = [{key: value for key, value in row.items() if key != "text"} for row in first]
    return {
        "reason": block["reason"],
        "numbers": block["numbers"],
        "segments": block["segments"],
        "value": [{key: value for key, value in row.items() if key != "moved"} for row in block["value"]],
        "follow_up": calls,
    }


_CALLS: tuple[Field, ...] = (
    ("call_order", 7, "count", "order"),
    ("call_customer", 16, "id", "customer"),
    ("call_why", 46, "text", "why"),
    ("call_quote", 46, "text", "quote"),
    ("call_asked", 20, "text", "asked"),
    ("call_last", 12, "date", "last_negative"),
    ("call_unhappy", 11, "count", "n_negative"),
    ("call_repeats", 9, "count", "open_repeats"),
    ("call_value", 10, "number", "value"),
    ("call_urgency", 10, "number", "urgency"),
    ("call_issues", 30, "text", "issues"),
    ("call_text", 60, "text", "text"),
    ("review_id", 16, "id", "review_id"),
    ("call_owner", 12, "own", ""),
    ("call_date", 12, "own_date", ""),
    ("call_result", 40, "own", ""),
)
_PEOPLE: tuple[Field, ...] = (
    ("call_customer", 16, "id", "customer"),
    ("customer_reviews", 9, "count", "n_reviews"),
    ("call_negative", 9, "count", "n_negative"),
    ("call_repeats", 9, "count", "open_repeats"),
    ("call_last", 12, "date", "last_negative"),
    ("flags", 16, "text", "flags"),
    ("customer_elements", 22, "text", "elements"),
    ("call_issues", 40, "text", "issues"),
    ("call_value", 10, "number", "value"),
    ("customer_r", 6, "count", "r"),
    ("customer_f", 6, "count", "f"),
    ("customer_m", 6, "count", "m"),
    ("customer_segment", 16, "text", "segment"),
)
_BEHIND: tuple[Field, ...] = (
    ("call_issue", 26, "text", "name"),
    ("call_customer", 16, "id", "customer"),
    ("customer_reviews", 9, "count", "n_reviews"),
    ("call_last", 12, "date", "last_negative"),
    ("call_value", 10, "number", "value"),
    ("call_open", 9, "text", "open"),
    ("call_issue_id", 30, "id", "issue_id"),
)
_VALUE: tuple[Field, ...] = (
    ("rank", 6, "count", "rank"),
    ("value_rank", 9, "count", "value_rank"),
    ("name", 26, "text", "name"),
    ("n_customers", 9, "count", "n_customers"),
    ("customer_share", 10, "percent", "customer_share"),
    ("customer_low", 10, "percent", "customer_low"),
    ("customer_high", 10, "percent", "customer_high"),
    ("value_share", 10, "percent", "value_share"),
    ("value_low", 10, "percent", "value_low"),
    ("value_high", 10, "percent", "value_high"),
    ("call_value", 12, "number", "value"),
    ("call_issue_id", 30, "id", "issue_id"),
)


def customer_sheets(summary: Mapping[str, Any]) -> list[Sheet]:
    """Return the follow-up list, the customers who complain again, those behind issues, issues by value.

    The follow-up list says why it is empty; the others are left out where there is nothing in them.
    """
    block, words = summary["customers"], Words(summary["lang"])
    if block is None:
        return []
    calls = cells(block["follow_up"], _CALLS) or [[None, None, block["reason"] or words("customer.nobody")]]
    sheets = [laid_out("follow_up", _CALLS, calls)]
    for key, columns in (("repeaters", _PEOPLE), ("behind", _BEHIND), ("value", _VALUE)):
        if block[key]:
            sheets.append(laid_out(key, columns, cells(block[key], columns)))
    return sheets
