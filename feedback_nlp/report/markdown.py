"""A short summary for a chat, an e-mail or a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedback_nlp.report.monitoring import told
from feedback_nlp.report.ranking import LISTED, rest_text
from feedback_nlp.report.wording import Words

__all__ = ["plain", "render", "row"]

N_ISSUES = 10


def render(summary: Mapping[str, Any]) -> str:
    """Lay out the headline and the first issues as Markdown.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``.
    """
    words = Words(summary["lang"])
    lines = [f"# {words('brief.title')}", ""]
    lines += [
        f"- **{item['lead']}**{words('number.colon')}{plain(item['text'])}" for item in _sentences(summary)
    ]
    if summary["issues"]:
        lines += ["", *_table(summary, words)]
    lines += ["", _base(summary["reviews"], words)]
    return "\n".join(lines) + "\n"


def _sentences(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    return told(summary)


def _table(summary: Mapping[str, Any], words: Words) -> list[str]:
    heads = words("brief.head").split("|")
    issues = summary["issues"]
    shown = ([issue for issue in issues if issue["group"] == LISTED] or issues)[:N_ISSUES]
    rest = rest_text(issues, shown, words)
    lines = [row(heads), row(["---:", "---", "---", "---:", "---", "---:"])]
    lines += [row(_cells(issue, words)) for issue in shown]
    return [*lines, "", words("brief.more", rest=rest)] if rest else lines


def _cells(issue: Mapping[str, Any], words: Words) -> list[str]:
    name = plain(issue["name"])
    span = f"{words.percent(issue['share_low'])}–{words.percent(issue['share_high'])}"
    return [
        str(issue["rank"]),
        f"**{words('brief.verify')}** {name}" if issue["safety"] else name,
        f"{words.percent(issue['share'])} ({span})",
        words.count(issue["n_reviews"]),
        issue["trend_name"],
        words.decimal(issue["priority"]),
    ]


def row(cells: list[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def plain(text: str) -> str:
    """Keep marks of Markdown and HTML in a text from acting."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _base(counts: Mapping[str, Any], words: Words) -> str:
    period = counts["period"]
    span = words("brief.period", first=period[0], last=period[1]) if period else ""
    return words("brief.base", n=words.count(counts["n_counted"]), all=words.count(counts["n"]), period=span)
