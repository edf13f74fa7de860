"""How results look in a notebook: small self-contained HTML, texts masked and escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from feedback_nlp.report.wording import Words

__all__ = ["FONT", "Highlights", "analysis_card", "highlight"]

# Fonts with Chinese of Windows, macOS, Linux and the usual notebook images, then whatever there is.
FONT = (
    '"Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", '
    '"Hiragino Sans GB", "WenQuanYi Micro Hei", "SimHei", sans-serif'
)
_STYLE = f"font-family:{escape(FONT, quote=True)};line-height:1.7;max-width:60em"
_CELL = "text-align:left;padding:.2em .7em"
# Underlines differ too, so that nothing hangs on colour alone (Okabe & Ito 2008); dark text on light ground.
_MARKS = {
    "negative": ("#fde3cf", "2px solid #b34a00"),
    "neutral": ("#ececec", "2px dotted #555"),
    "positive": ("#d6ebf9", "2px dashed #0b5c8f"),
}


@dataclass(frozen=True, repr=False)
class Highlights:
    """Reviews with their mentions marked; shows itself in a notebook.

    Attributes
    ----------
    html : str
    n_reviews : int
        Reviews that are shown.
    """

    html: str
    n_reviews: int

    def __repr__(self) -> str:
        return f"<Highlights: {self.n_reviews} reviews>"

    def _repr_html_(self) -> str:
        return self.html


def highlight(
    texts: Sequence[str],
    mentions: Sequence[Sequence[Mapping[str, Any]]],
    names: Mapping[str, str],
    *,
    lang: str = "zh",
) -> Highlights:
    """Mark in each text the clauses that mention something, and say what.

    Parameters
    ----------
    texts : sequence of str, length n
        What may be shown: masked, of the original length.
    mentions : sequence of sequence of mapping, length n
        Of each text: ``start``, ``end``, ``facet`` and ``label``.
    names : mapping of str to str
        Facet to name.
    lang : {"zh", "en"}
    """
    words = Words(lang)
    blocks = [
        f'<p style="margin:.4em 0">{_marked(text, list(said), names, words)}</p>'
        for text, said in zip(texts, mentions, strict=True)
    ]
    body = "".join(blocks) or f"<p>{escape(words('rich.empty'))}</p>"
    return Highlights(f'<div lang="{lang}" style="{_STYLE}">{body}</div>', len(blocks))


def _marked(text: str, said: list[Mapping[str, Any]], names: Mapping[str, str], words: Words) -> str:
    spans: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for mention in sorted(said, key=lambda one: (one["start"], one["end"], one["facet"])):
        spans.setdefault((mention["start"], mention["end"]), []).append(mention)
    parts, at = [], 0
    for (start, end), inside in spans.items():
        if start < at:
            continue
        parts += [escape(text[at:start]), _clause(text[start:end], inside, names, words)]
        at = end
    return "".join([*parts, escape(text[at:])])


def _clause(text: str, inside: Sequence[Mapping[str, Any]], names: Mapping[str, str], words: Words) -> str:
    labels = {mention["label"] for mention in inside}
    ground, line = _MARKS[labels.pop() if len(labels) == 1 else "neutral"]
    told = words("rich.comma").join(_said(one["facet"], one["label"], names, words) for one in inside)
    return (
        f'<mark style="background:{ground};color:#1a1a1a;border-bottom:{line};padding:0 .15em">{escape(text)}'
        f'<sub style="color:#333;margin-left:.25em">{escape(told)}</sub></mark>'
    )


def _said(facet: str, label: str, names: Mapping[str, str], words: Words) -> str:
    side = words(f"rich.{label}")
    return f"{names.get(facet, facet)} {side}"


def analysis_card(summary: Mapping[str, Any], *, lang: str = "zh", top: int = 8) -> str:
    """Return an analysis as one card: what it is of, what comes first, the first issues with intervals.

    Parameters
    ----------
    summary : mapping
        ``summary.json`` of the contract.
    lang : {"zh", "en"}
    top : int
        Issues shown.
    """
    reviews = summary["reviews"]
    period = reviews.get("period") or [None, None]
    when = f" · {period[0]} – {period[1]}" if period[0] else ""
    n = reviews["n"]
    words = Words(lang)
    lead = words("rich.of", n=n, when=when)
    heads = words.section("card").values()
    # The scattered rest of a facet is no issue to begin with.
    named = [row for row in summary["issues"] if not row["other"]]
    rows = "".join(_row(row) for row in named[:top])
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(name)}</th>' for name in heads)
    return (
        f'<div lang="{lang}" style="{_STYLE}"><p style="margin:.2em 0"><strong>{escape(lead)}</strong></p>'
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: Mapping[str, Any]) -> str:
    span = f"{row['rank_low']}–{row['rank_high']}"
    cells = (
        row["rank"],
        span,
        row["name"],
        row["n_reviews"],
        f"{row['share']:.1%}",
        f"{row['priority']:.3f}",
    )
    inside = "".join(f'<td style="{_CELL}">{escape(str(cell))}</td>' for cell in cells)
    return f"<tr>{inside}</tr>"
