"""The report as slides for the monthly meeting: a summary, the charts, one slide an issue, method and limits.

It lays out the summary that the HTML lays out, so both say the same; quotes are the summary's, masked there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from feedback_nlp.report.blocks import cards
from feedback_nlp.report.charts import lines_of
from feedback_nlp.report.monitoring import told
from feedback_nlp.report.palette import NEGATIVE, NEUTRAL, POSITIVE, SERIES
from feedback_nlp.report.ranking import LISTED, period_name, rest_text
from feedback_nlp.report.slide_kit import BLUE, FAINT, INK, ORANGE, SOFT, Deck, Run, height_of
from feedback_nlp.report.slide_pareto import lift_line
from feedback_nlp.report.wording import Words

__all__ = ["TOP", "write"]

TOP = 5
# Rows of the table, columns of the Pareto chart, periods of a chart and quotes of a slide that stay readable.
N_ROWS, N_BARS, N_PERIODS, N_QUOTES = 10, 10, 18, 3
# A quote keeps this many characters on either side of its clause.
ASIDE = 45
METHOD = ("review", "counted", "interval", "issue", "rank", "safety", "trend", "limits")
_TONES = {"verify": ORANGE, "little": ORANGE}


def write(summary: Mapping[str, Any], path: str | Path, *, top: int = TOP) -> None:
    """Write the slides.

    Parameters
    ----------
    summary : mapping
        From ``report.summary.build``; its texts are masked there.
    path : str or Path
        Replaced if it is there.
    top : int
        Issues with a slide of their own, in rank order: those to verify first, then those listed.

    Raises
    ------
    MissingExtraError
        If python-pptx is not installed.
    OSError
        If the file can't be written.
    """
    words = Words(summary["lang"])
    deck = Deck(summary["lang"], _source(summary, words))
    deck.about(words("cover.title"), subject=summary["input"]["name"], created=summary["created"])
    _cover(deck, summary, words)
    _summary(deck, summary, words)
    for maker in (_elements, _table, _pareto):
        maker(deck, summary, words)
    listed = [row for row in summary["issues"] if row["group"] == LISTED and not row["other"]]
    for row in listed[:top]:
        _issue(deck, row, summary, words)
    _trend(deck, summary, words)
    _method(deck, summary, words)
    deck.save(path)


def _source(summary: Mapping[str, Any], words: Words) -> str:
    period = summary["reviews"]["period"]
    parts = [summary["input"]["name"]]
    if period:
        parts.append(words("cover.period", first=period[0], last=period[1]))
    return "  ·  ".join(parts)


def _base(summary: Mapping[str, Any], words: Words) -> str:
    counts = summary["reviews"]
    return words("slide.base", n=words.count(counts["n_counted"]), all=words.count(counts["n"]))


def _cover(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    slide = deck.slide(words("cover.title"))
    head = slide.shapes.title
    head.top, head.height = int(head.height * 3.2), int(head.height * 1.3)
    head.text_frame.paragraphs[0].runs[0].font.size *= 1.6
    parts = [_source(summary, words), _base(summary, words)]
    if summary["created"]:
        parts.append(words("cover.created", day=summary["created"][:10]))
    if summary["masked"]:
        parts.append(words("table.masked"))
    deck.text(slide, (0.6, 3.7, 12.1, 2), [[(part, {"size": 16, "color": SOFT})] for part in parts], gap=8)


def _summary(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    sentences = told(summary)
    slide = deck.slide(
        words("nav.first"), _base(summary, words), [f"{item['lead']}: {item['text']}" for item in sentences]
    )
    size = _fitting([item["text"] for item in sentences], width=10.2, gap=0.16, room=3.7, size=18.0)
    y = 1.65
    for item in sentences:
        tall = height_of(item["text"], 10.2, size) + 0.16
        lead = {"size": size, "bold": True, "color": _TONES.get(item["tone"], BLUE)}
        deck.text(slide, (0.6, y, 1.8, tall), [[(item["lead"], lead)]])
        deck.text(slide, (2.45, y, 10.25, tall), [[(item["text"], {"size": size})]])
        y += tall
    shown = cards(summary, words)
    wide = (12.13 - 0.15 * (len(shown) - 1)) / len(shown)
    for place, card in enumerate(shown):
        paragraphs: list[list[Run]] = [
            [(card["label"], {"size": 12, "color": SOFT})],
            [(card["value"], {"size": 24, "bold": True})],
            [(card["note"], {"size": 10, "color": SOFT})],
        ]
        deck.text(slide, (0.6 + place * (wide + 0.15), 5.45, wide, 1.42), paragraphs, fill=FAINT, gap=1)


def _elements(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    rows, n = [row for row in summary["elements"] if row["n_reviews"]], summary["reviews"]["n_counted"]
    if not rows or not n:
        return
    slide = deck.slide(words("chart.elements_title"), words("chart.elements_base", n=words.count(n)))
    looks = (("negative", NEGATIVE), ("neutral", NEUTRAL), ("positive", POSITIVE))
    series = [
        (words(f"label.{label}"), [row[f"n_{label}"] / n for row in rows], colour) for label, colour in looks
    ]
    names = [row["name"] for row in rows]
    deck.chart(
        slide, (0.6, 1.5, 12.1, 5.4), "stack", names, series, alt=words("chart.elements_title"), form="0%;;"
    )


def _table(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    listed = [row for row in summary["issues"] if row["group"] == LISTED]
    if not listed:
        return
    n = words.count(summary["reviews"]["n_counted"])
    slide = deck.slide(words("nav.issues"), words("slide.table_base", n=n))
    heads = [words(f"issue.{key}") for key in ("rank", "name", "reviews", "share", "trend", "priority")]
    rows = [heads]
    for row in listed[:N_ROWS]:
        mark = f" ({words('issue.verify')})" if row["safety"] else ""
        rank = str(row["rank"])
        if row["rank_low"] != row["rank_high"]:
            rank += f" ({row['rank_low']}–{row['rank_high']})"
        low, high = words.percent(row["share_low"]), words.percent(row["share_high"])
        share = f"{words.percent(row['share'])} ({low}–{high})"
        rows.append(
            [
                rank, row["name"] + mark, words.count(row["n_reviews"]), share, row["trend_name"],
                words.decimal(row["priority"]),
            ]
        )  # fmt: skip
    deck.table(slide, (0.6, 1.6, 12.1, 0.38 * len(rows)), rows, (1.5, 4.6, 1.2, 2.6, 1.2, 1.0))
    rest = rest_text(summary["issues"], listed[:N_ROWS], words)
    if rest:
        note = [(words("brief.more", rest=rest), {"size": 12, "color": SOFT})]
        deck.text(slide, (0.6, 6.55, 12.1, 0.4), [note])


def _pareto(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    bars = summary["pareto"]
    rows = [*[row for row in bars if not row["other"]][:N_BARS], *[row for row in bars if row["other"]]]
    if not rows:
        return
    slide = deck.slide(words("chart.pareto_title"), words("chart.pareto_base"), [words("chart.pareto_note")])
    # With issues left out before the rest, a last point at 100 % would be a leap.
    line = [None if row["other"] and len(rows) < len(bars) else row["cumulative"] for row in rows]
    series = [
        (words("chart.pareto_bars"), [row["n_reviews"] for row in rows], NEGATIVE),
        (words("chart.pareto_line"), line, POSITIVE),
    ]
    chart = deck.chart(
        slide, (0.6, 1.5, 12.1, 5.4), "column", [row["name"] for row in rows], series,
        alt=words("chart.pareto_title"), form="#,##0",
    )  # fmt: skip
    lift_line(chart, POSITIVE)


def _issue(deck: Deck, row: Mapping[str, Any], summary: Mapping[str, Any], words: Words) -> None:
    quotes = row["quotes"][:N_QUOTES]
    ids = words.joined([quote["review_id"] for quote in quotes])
    notes = [row["trend_text"], words("slide.from_reviews", ids=ids)] if quotes else [row["trend_text"]]
    slide = deck.slide(
        words("slide.issue", rank=row["rank"], name=row["name"]),
        f"{row['element_name']} · {row['facet_name']}",
        notes,
    )
    facts = _facts(row, words)
    y = 1.6
    tall = sum(height_of(text, 5.8, look["size"]) + 0.07 for text, look in facts)
    deck.text(slide, (0.6, y, 5.9, tall), [[fact] for fact in facts])
    y += tall + 0.1
    if row["action"]:
        lead = words("issue.action") + (f" · {row['remedy_name']}" if row["remedy_name"] else "")
        tall = height_of(row["action"], 5.6, 13) + 0.5
        paragraphs: list[list[Run]] = [[(lead, {"size": 12, "bold": True})], [(row["action"], {"size": 13})]]
        deck.text(slide, (0.6, y, 5.9, tall), paragraphs, fill=FAINT, gap=2)
        y += tall + 0.15
    _course(deck, slide, row, words, top=y)
    _voices(deck, slide, quotes, words)


def _facts(row: Mapping[str, Any], words: Words) -> list[Run]:
    size = words("issue.size", x=words.count(row["n_reviews"]), share=_spanned(row, words))
    if row["n_customers"]:
        size += words("issue.customers", n=words.count(row["n_customers"]))
    facts: list[Run] = [(size, {"size": 17, "bold": True})]
    if row["safety"]:
        facts.append((words("issue.safety_note"), {"size": 13, "color": ORANGE}))
    if row["rank_low"] != row["rank_high"]:
        rank = words("issue.rank_between", rank=row["rank"], low=row["rank_low"], high=row["rank_high"])
        facts.append((rank, {"size": 13}))
    facts.append((row["trend_text"], {"size": 13}))
    if row["where"]:
        facts.append((row["where"]["text"], {"size": 13}))
    plan = [
        words(f"issue.plan_{key}", **{key: row["plan"][key]}) for key in ("owner", "due") if row["plan"][key]
    ]
    if plan:
        facts.append((" · ".join(plan), {"size": 13, "color": BLUE}))
    return facts


def _spanned(row: Mapping[str, Any], words: Words) -> str:
    return words.with_span(row["share"], row["share_low"], row["share_high"])


def _course(deck: Deck, slide: Any, row: Mapping[str, Any], words: Words, *, top: float) -> None:
    """Draw how the issue moved; where there are no periods, in which places it sits."""
    spans = [span for span in row["periods"] if span["n_base"]][-N_PERIODS:]
    unit = row["where"]["column"] if row["where"] else next(iter(row["units"]), None)
    if len(spans) > 1:
        kind, title = "column", words("slide.course")
        names = [period_name(span["period"], words, short=len(spans) <= 12) for span in spans]
        shares = [span["n_reviews"] / span["n_base"] for span in spans]
    elif unit:
        kind, title = "bar", words("issue.units", kind=words(f"role.{unit}"))
        names = [str(place["unit"]) for place in row["units"][unit][:6]]
        shares = [place["rate"] for place in row["units"][unit][:6]]
    else:
        return
    if top > 5.4:
        return
    deck.text(slide, (0.6, top, 5.9, 0.3), [[(title, {"size": 12, "bold": True})]])
    alt = f"{row['name']}: {title}"
    box = (0.6, top + 0.3, 5.9, 6.9 - top - 0.3)
    deck.chart(
        slide,
        box,
        kind,
        names,
        [(row["name"], shares, NEGATIVE)],
        alt=alt,
        form="0.0%",
        labels=len(names) <= 8,
    )


def _voices(deck: Deck, slide: Any, quotes: Sequence[Mapping[str, Any]], words: Words) -> None:
    if not quotes:
        return
    deck.text(slide, (6.95, 1.6, 5.8, 0.35), [[(words("issue.quotes"), {"size": 13, "bold": True})]])
    y = 2.0
    for quote in quotes:
        before, after = quote["before"], quote["after"]
        before = f"…{before[-ASIDE:]}" if len(before) > ASIDE else before
        after = f"{after[:ASIDE]}…" if len(after) > ASIDE else after
        clause = quote["clause"] if len(quote["clause"]) <= 3 * ASIDE else quote["clause"][: 3 * ASIDE] + "…"
        about = [str(quote[name]) for name in ("day", "channel", "store", "product") if quote[name]]
        if quote["rating"] is not None:
            about.append(words("issue.rating", rating=f"{quote['rating']:g}"))
        foot = " · ".join([*about, quote["review_id"]])
        text = f"{before}{clause}{after}"
        tall = height_of(text, 5.5, 13) + height_of(foot, 5.5, 10) + 0.3
        if y + tall > 6.95:
            break
        plain = {"size": 13, "color": INK}
        runs: list[Run] = [
            (before, plain),
            (clause, {"size": 13, "bold": True, "color": ORANGE}),
            (after, plain),
        ]
        said_by: list[Run] = [(foot, {"size": 10, "color": SOFT})]
        deck.text(slide, (6.95, y, 5.8, tall), [[run for run in runs if run[0]], said_by], fill=FAINT, gap=2)
        y += tall + 0.15


def _trend(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    rows = summary["periods"][-N_PERIODS:]
    if len(rows) < 2:
        return
    slide = deck.slide(words("nav.trend"), words("slide.trend_base"), [words("slide.trend_note")])
    names = [row["name"] for row in rows]
    issues = lines_of(summary)
    wide = 5.95 if issues else 12.1
    series = [(words("chart.periods_line"), [row["negative_share"] for row in rows], NEGATIVE)]
    _panel(deck, slide, (0.6, 1.55, wide, 5.35), words("chart.periods_title"), names, series)
    if not issues:
        return
    lines = []
    for row, colour in zip(issues, SERIES, strict=False):
        by = {span["period"]: span for span in row["periods"] if span["n_base"]}
        found = (by.get(period["period"]) for period in rows)
        shares = [span["n_reviews"] / span["n_base"] if span else None for span in found]
        lines.append((row["name"], shares, colour))
    _panel(deck, slide, (6.75, 1.55, 5.95, 5.35), words("chart.issue_periods_title"), names, lines)


def _panel(
    deck: Deck,
    slide: Any,
    box: tuple[float, float, float, float],
    title: str,
    names: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None], str]],
) -> None:
    left, top, wide, tall = box
    deck.text(slide, (left, top, wide, 0.35), [[(title, {"size": 13, "bold": True})]])
    few = len(series) == 1 and len(names) <= 12
    deck.chart(slide, (left, top + 0.4, wide, tall - 0.4), "line", names, series, alt=title, labels=few)


def _method(deck: Deck, summary: Mapping[str, Any], words: Words) -> None:
    model = summary["model"].get("name")
    made = words("slide.made", model=model, version=summary["version"] or "") if model else ""
    slide = deck.slide(words("nav.method"), made)
    rows = [(words(f"method.{key}_term"), words(f"method.{key}")) for key in METHOD]
    size = _fitting([text for _, text in rows], width=9.9, gap=0.1, room=5.3, size=12.0)
    y = 1.6
    for term, text in rows:
        tall = height_of(text, 9.9, size) + 0.1
        deck.text(slide, (0.6, y, 2.0, tall), [[(term, {"size": size, "bold": True})]])
        deck.text(slide, (2.7, y, 10.0, tall), [[(text, {"size": size})]])
        y += tall


def _fitting(texts: Sequence[str], *, width: float, gap: float, room: float, size: float) -> float:
    """Return the largest size in points, down to 8, at which the texts stand below each other in ``room``."""
    while size > 8 and sum(height_of(text, width, size) + gap for text in texts) > room:
        size -= 0.5
    return size
