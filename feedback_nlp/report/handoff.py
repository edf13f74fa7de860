"""The hand-off: for the first issues a complaint record (ISO 10002, GB/T 19012) and a draft 8D, D1 to D3.

What the data say is written with the reviews it rests on; what only people can know is left open and says so.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from feedback_nlp.report.ranking import LISTED
from feedback_nlp.report.wording import Words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["MIN_QUOTES", "TOP", "Field", "Record", "records", "said"]

TOP = 5
MIN_QUOTES = 3
# Ids named in a line; all of them are on the sheet of evidence.
_NAMED_IDS = 8
# Characters of a quote; the sheet of evidence has the whole text.
_LONGEST = 300
_FLAGS = ("safety", "legal", "loss", "churn")
DATA, PEOPLE, SUGGESTION = "from_data", "from_people", "from_taxonomy"


class Field(NamedTuple):
    """One line of a record: key of its title, what it says, and who says so (data, people, suggestion)."""

    key: str
    text: str
    basis: str


class Quote(NamedTuple):
    """A clause as the customer wrote it (masked as the report is), and the whole review."""

    review_id: str
    clause: str
    about: str
    text: str


class Record(NamedTuple):
    """What is handed off of one issue.

    Attributes
    ----------
    issue : mapping
        The issue's row of the summary.
    fields : list of Field
        The complaint analysis record.
    d1, d2, d3 : list of Field
        The first three disciplines.
    quotes : list of Quote
        At least ``MIN_QUOTES``, each of another review, where so many reviews tell of the issue.
    evidence : list of int
        Rows of the summary's ``table``: all counted reviews that tell of it.
    """

    issue: Mapping[str, Any]
    fields: list[Field]
    d1: list[Field]
    d2: list[Field]
    d3: list[Field]
    quotes: list[Quote]
    evidence: list[int]


@lru_cache(maxsize=2)
def _strings(lang: str) -> dict[str, Any]:
    item = resources.files("feedback_nlp.report") / "strings" / f"handoff.{lang}.toml"
    return tomllib.loads(item.read_text(encoding="utf-8"))


def said(lang: str, key: str, **values: object) -> str:
    """Return a sentence of the hand-off: ``"title"``, or ``"record_field.number"`` for those of a part."""
    found: Any = _strings(lang)
    for part in key.split("."):
        found = found[part]
    text: str = found
    return text.format(**values) if values else text


def records(summary: Mapping[str, Any], *, top: int = TOP) -> list[Record]:
    """Return the records of the first issues.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``.
    top : int
        Issues, in rank order: those to verify first, then those listed; never a 其他.
    """
    chosen = [issue for issue in summary["issues"] if issue["group"] == LISTED and not issue["other"]][:top]
    return [_record(issue, place, summary) for place, issue in enumerate(chosen, 1)]


def _record(issue: Mapping[str, Any], place: int, summary: Mapping[str, Any]) -> Record:
    words = Words(summary["lang"])
    clauses = _clauses(issue["issue_id"], summary)
    evidence = list(clauses)
    facts = _Facts(issue, evidence, summary, words)
    return Record(
        issue=issue,
        fields=_fields(facts, place),
        d1=_team(facts),
        d2=_problem(facts),
        d3=_containment(facts),
        quotes=_quotes(issue, clauses, summary),
        evidence=evidence,
    )


def _clauses(issue_id: str, summary: Mapping[str, Any]) -> dict[int, list[str]]:
    """Return the clauses that tell of an issue by row of the table, counted reviews only, in order."""
    marks, counted = summary["mentions"], summary["table"]["counted"]
    found: dict[int, list[str]] = {}
    for row, issue, text in zip(marks["row"], marks["issue_id"], marks["text"], strict=True):
        if issue == issue_id and counted[row]:
            found.setdefault(row, []).append(text)
    return dict(sorted(found.items()))


def _quotes(
    issue: Mapping[str, Any], clauses: Mapping[int, Sequence[str]], summary: Mapping[str, Any]
) -> list[Quote]:
    """Return the report's own quotes, and more reviews where those are too few."""
    table = summary["table"]
    rows = {review_id: row for row, review_id in reversed(list(enumerate(table["review_id"])))}
    chosen = [(rows[quote["review_id"]], quote["clause"]) for quote in issue["quotes"]]
    taken = {row for row, _ in chosen}
    more = ((row, texts[0]) for row, texts in clauses.items() if row not in taken)
    chosen += [pair for pair, _ in zip(more, range(max(0, MIN_QUOTES - len(chosen))), strict=False)]
    return [_quote(row, clause, table) for row, clause in chosen]


def _quote(row: int, clause: str, table: Mapping[str, Sequence[Any]]) -> Quote:
    about = [
        str(table[name][row]) for name in ("day", "store", "product", "channel") if _at(table, name, row)
    ]
    whole = _cut(" ".join(str(table["text"][row] or "").split()))
    return Quote(str(table["review_id"][row]), _cut(clause), "".join(f" · {part}" for part in about), whole)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _at(table: Mapping[str, Sequence[Any]], name: str, row: int) -> Any:
    return table[name][row] if name in table else None


class _Facts(NamedTuple):
    """An issue with the rows that tell of it."""

    issue: Mapping[str, Any]
    evidence: list[int]
    summary: Mapping[str, Any]
    words: Words

    def __call__(self, key: str, **values: object) -> str:
        return said(self.words.lang, key, **values)

    def ids(self) -> str:
        """Return which reviews a figure rests on."""
        ids = [str(self.summary["table"]["review_id"][row]) for row in self.evidence]
        named = self.words.joined(ids[:_NAMED_IDS])
        if len(ids) <= _NAMED_IDS:
            return self("sample", ids=named)
        return self("sample_more", ids=named, n=len(ids), sheet=self("sheet_evidence"))

    def flagged(self, flag: str) -> int:
        """Return how many of the reviews raise a flag."""
        flags = self.summary["table"]["flags"]
        return sum(flag in (flags[row] or ()) for row in self.evidence)

    def days(self) -> list[str]:
        """Return the days of the reviews, sorted."""
        return sorted(day for row in self.evidence if (day := self.summary["table"]["day"][row]))

    def fill(self, key: str) -> Field:
        """Return a line for people."""
        return Field(key, self("fill"), PEOPLE)


def _fields(facts: _Facts, place: int) -> list[Field]:
    issue, words = facts.issue, facts.words
    day = (facts.summary["created"] or "")[:10].replace("-", "")
    severity = {flag: facts.flagged(flag) for flag in _FLAGS}
    told = {
        "number": f"{day}-{place:02d} ({issue['issue_id']})".lstrip("-"),
        "name": issue["name"],
        "class": facts("said.class", element=issue["element_name"], facet=issue["facet_name"]),
        "spread": issue["where"]["text"] if issue["where"] else facts("said.spread_unknown"),
        "recurrence": _recurrence(facts),
        "severity": facts("said.severity", severity=words.decimal(issue["severity"]), **severity),
        "impact": facts("said.basis", text=_impact(facts), more=facts.ids()),
        "trend": issue["trend_text"],
        "dates": _dates(facts),
        "urgency": facts("said.verify") if issue["safety"] else facts("said.no_verify"),
    }
    lines = [Field(f"record_field.{key}", text, DATA) for key, text in told.items()]
    people = ("complexity", "remedy", "investigation", "response", "closing", "prevention")
    return [*lines, *(facts.fill(f"record_field.{key}") for key in people)]


def _recurrence(facts: _Facts) -> str:
    periods = facts.issue["periods"]
    repeated = facts.flagged("repeat")
    if not periods:
        return facts("said.recurring_plain", n=repeated)
    present = sum(part["n_reviews"] > 0 for part in periods)
    text = facts("said.recurring", n=repeated, k=len(periods), present=present)
    return facts("said.also", text=text, more=facts("said.new")) if facts.issue["new"] else text


def _impact(facts: _Facts) -> str:
    issue, words = facts.issue, facts.words
    text = facts(
        "said.impact",
        x=words.count(issue["n_reviews"]),
        share=words.percent(issue["share"]),
        low=words.percent(issue["share_low"]),
        high=words.percent(issue["share_high"]),
    )
    # None where there is no such column, 0 where none of these reviews names its customer.
    customers = issue["n_customers"]
    return text + facts("said.customers", n=words.count(customers)) if customers else text


def _dates(facts: _Facts) -> str:
    days = facts.days()
    return facts("said.dates", first=days[0], last=days[-1]) if days else facts("said.no_dates")


def _team(facts: _Facts) -> list[Field]:
    plan = facts.issue["plan"]
    planned = {"leader": plan.get("owner"), "due": plan.get("due")}
    return [
        Field(f"d_field.{key}", str(planned[key]), DATA) if planned.get(key) else facts.fill(f"d_field.{key}")
        for key in ("champion", "leader", "members", "due")
    ]


def _problem(facts: _Facts) -> list[Field]:
    issue, words = facts.issue, facts.words
    told = {
        "what": facts("said.what", name=issue["name"], facet=issue["facet_name"]),
        "why": facts(
            "said.why",
            **{key: words.decimal(issue[key]) for key in ("priority", "impact", "scope", "feasibility")},
            rank=issue["rank"],
            low=issue["rank_low"],
            high=issue["rank_high"],
        ),
        "who": _impact(facts),
        "where": issue["where"]["text"] if issue["where"] else facts("said.spread_unknown"),
        "when": f"{_dates(facts)} · {issue['trend_text']}",
        "how": facts("said.how"),
        "many": facts.ids(),
        "is_not": _is_not(facts),
    }
    return [Field(f"d_field.{key}", text, DATA) for key, text in told.items()]


def _is_not(facts: _Facts) -> str:
    """Compare the unit where it is most with the one where it is least, by raw rates."""
    found = []
    for units in facts.issue["units"].values():
        rated = [(row["n_reviews"] / row["n_base"], row) for row in units if row["n_base"]]
        if len(rated) > 1:
            ordered = sorted(rated, key=lambda item: (-item[0], str(item[1]["unit"])))
            ends = {name: _unit(facts, *ordered[place]) for name, place in (("high", 0), ("low", -1))}
            found.append(facts("said.is_not", **ends))
    return " / ".join(found) or facts("said.none")


def _unit(facts: _Facts, rate: float, row: Mapping[str, Any]) -> str:
    return facts(
        "said.is", unit=row["unit"], x=facts.words.count(row["n_reviews"]), rate=facts.words.percent(rate)
    )


def _containment(facts: _Facts) -> list[Field]:
    people = ("containment", "containment_owner", "containment_scope", "containment_check")
    lines = [facts.fill(f"d_field.{key}") for key in people]
    action = facts.issue["action"]
    return [*lines, Field("d_field.suggestion", action, SUGGESTION)] if action else lines
