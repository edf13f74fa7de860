"""What a comparison says, once for the terminal, JSON and the one-page HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from feedback_nlp import __version__
from feedback_nlp.report.markdown import plain
from feedback_nlp.report.markdown import row as table_row
from feedback_nlp.report.wording import Words

__all__ = ["build", "html", "markdown", "public"]

# Rows in the terminal and on the page: the sure ones, then the largest of the rest.
N_ROWS, N_PAGE = 20, 60
Row = dict[str, Any]


def build(
    cells: Sequence[Mapping[str, Any]],
    scores: Sequence[Mapping[str, Any]],
    sides: Mapping[str, Mapping[str, Any]],
    names: Mapping[tuple[str, str], str],
    *,
    kind: str,
    notes: Sequence[str],
    lang: str,
) -> dict[str, Any]:
    """Put a comparison into words.

    Parameters
    ----------
    cells, scores : sequence of dict
        Rows of ``insight.monitoring.comparison``.
    sides : mapping
        ``old`` and ``new`` with ``name``, ``n_counted`` and ``period``.
    names : mapping
        (kind, code) to name.
    kind : {"files", "split", "by"}
    notes : sequence of str
        In the language of the page.
    lang : {"zh", "en"}

    Returns
    -------
    dict
        Plain values; ``sentences`` with ``lead`` and ``text``, ``rows`` with the cells and how they are
        written.
    """
    words = Words(lang)
    rows = [{**cell, "name": names[cell["kind"], cell["code"]], "shown": {}} for cell in cells]
    for found in rows:
        found["shown"] = _shown(found, words)
    document: dict[str, Any] = {
        "lang": lang,
        "kind": kind,
        "version": __version__,
        "title": words("compare.title_by" if kind == "by" else "compare.title"),
        "sides": {side: dict(about) for side, about in sides.items()},
        "about": _about(sides, kind, words),
        "sentences": _sentences(rows, scores, kind, words),
        "scores": [dict(score) for score in scores],
        "rows": rows,
        "notes": list(notes),
        "n_tested": sum(found["q"] is not None for found in rows),
    }
    return document


def public(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the machine-readable part: numbers, not how they are written."""
    kept = ("kind", "version", "sides", "n_tested", "scores", "notes")
    rows = [{key: value for key, value in row.items() if key != "shown"} for row in document["rows"]]
    sentences = [sentence["text"] for sentence in document["sentences"]]
    return {"schema": 1, **{key: document[key] for key in kept}, "sentences": sentences, "cells": rows}


def _about(sides: Mapping[str, Mapping[str, Any]], kind: str, words: Words) -> str:
    old, new = sides["old"], sides["new"]
    if kind == "by":
        return words("compare.sides_by", n=words.count(old["n_counted"]), new=new["name"])
    return words(
        "compare.sides",
        old=_named(old, kind, words),
        n_old=words.count(old["n_counted"]),
        new=_named(new, kind, words),
        n_new=words.count(new["n_counted"]),
    )


def _named(side: Mapping[str, Any], kind: str, words: Words) -> str:
    period = side["period"]
    if kind == "split" or not period:
        return str(side["name"])
    return f"{side['name']} {words('compare.period', first=period[0], last=period[1])}"


def _shown(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    ratio = row["ratio"]
    return {
        "old": words.percent(row["share_old"]),
        "new": words.percent(row["share_new"]),
        "difference": words.signed(100 * row["difference"], 1),
        "interval": f"{words.signed(100 * row['low'], 1)} … {words.signed(100 * row['high'], 1)}",
        "ratio": "–" if ratio is None else f"{ratio:.2g}×" if ratio < 10 else f"{ratio:.0f}×",
        "q": "–" if row["q"] is None else "<0.001" if row["q"] < 0.001 else f"{row['q']:.3f}",
        "verdict": words(f"compare.verdict_{row['verdict']}"),
    }


def _sentences(
    rows: Sequence[Row], scores: Sequence[Mapping[str, Any]], kind: str, words: Words
) -> list[dict[str, str]]:
    told = [_way(way, rows, kind, words) for way in ("more", "less")]
    found = [sentence for sentence in told if sentence is not None]
    if kind != "by":
        found += [_sentence("score", _score(score, words), words) for score in scores]
    tested = [row for row in rows if row["q"] is not None]
    unclear = sum(row["verdict"] == "unclear" for row in tested)
    if not tested:
        found.append(_sentence("same", words("compare.untested"), words))
    elif unclear == len(tested):
        found.append(_sentence("same", words("compare.none", n=len(tested)), words))
    elif unclear:
        found.append(_sentence("same", words("compare.rest", n=unclear), words))
    return found


def _sentence(lead: str, text: str, words: Words) -> dict[str, str]:
    return {"lead": words(f"compare.lead_{lead}"), "text": text, "tone": lead}


def _way(way: str, rows: Sequence[Row], kind: str, words: Words) -> dict[str, str] | None:
    """Tell of what is sure one way, its largest difference first."""
    sure = [row for row in rows if row["verdict"] == way]
    if not sure:
        return None
    end = "_by" if kind == "by" else ""
    return _sentence(way, words(f"compare.{way}{end}", n=len(sure), first=_item(sure[0], kind, words)), words)


def _item(row: Row, kind: str, words: Words) -> str:
    name = words.quoted(row["name"])
    if row["segment"] is not None:
        name = words("compare.in_segment", segment=words.quoted(row["segment"]), name=name)
    ratio = ""
    if row["ratio"] is not None and row["ratio"] > 1:
        key = "compare.times_by" if kind == "by" else "compare.times"
        ratio = words(key, ratio=row["shown"]["ratio"].rstrip("×"))
    return words(
        "compare.item",
        name=name,
        old=row["shown"]["old"],
        new=row["shown"]["new"],
        difference=words("compare.points", value=row["shown"]["difference"]),
        interval=_interval(100 * row["low"], 100 * row["high"], 1, words),
        ratio=ratio,
    )


def _interval(low: float, high: float, digits: int, words: Words) -> str:
    return words("compare.span", low=words.signed(low, digits), high=words.signed(high, digits))


def _score(score: Mapping[str, Any], words: Words) -> str:
    digits = 0 if score["score"] == "nps" else 2
    interval = "" if score["low"] is None else _interval(score["low"], score["high"], digits, words)
    return words(
        "compare.score",
        name=words(f"compare.score_{score['score']}"),
        old=words.decimal(score["old"], digits),
        new=words.decimal(score["new"], digits),
        difference=words.signed(score["difference"], digits),
        interval=interval or "–",
    )


def _heads(document: Mapping[str, Any], words: Words) -> list[str]:
    end = "_by" if document["kind"] == "by" else ""
    lead = [words("compare.segment")] if end else []
    keys = (f"old{end}", f"new{end}", "difference", "ratio", "q", "verdict")
    return [*lead, words("compare.name"), *(words(f"compare.{key}") for key in keys)]


def markdown(document: Mapping[str, Any], *, n_rows: int = N_ROWS) -> str:
    """Return the sentences and the table, effects before tests."""
    words = Words(document["lang"])
    lines = [f"# {document['title']}", "", plain(document["about"]), ""]
    lines += [
        f"- **{part['lead']}**{words('number.colon')}{plain(part['text'])}" for part in document["sentences"]
    ]
    if document["rows"]:
        heads = _heads(document, words)
        lines += ["", table_row(heads), table_row(["---"] * (len(heads) - 6) + ["---:"] * 5 + ["---"])]
        lines += [table_row(_cells(row, document["kind"])) for row in document["rows"][:n_rows]]
    rest = len(document["rows"]) - n_rows
    if rest > 0:
        lines += ["", words("compare.more_rows", n=rest)]
    lines += [
        "",
        *(f"{words('compare.lead_note')}{words('number.colon')}{plain(note)}" for note in document["notes"]),
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Row, kind: str) -> list[str]:
    shown = row["shown"]
    lead = [plain(str(row["segment"]))] if kind == "by" else []
    difference = f"{shown['difference']} ({shown['interval']})"
    shares = (shown["old"], shown["new"], difference, shown["ratio"], shown["q"], shown["verdict"])
    return [*lead, plain(row["name"]), *shares]


def html(document: Mapping[str, Any]) -> str:
    """Return the page: sentences, then what differs with both shares drawn; no script, no network."""
    import jinja2
    from markupsafe import Markup

    words = Words(document["lang"])
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("feedback_nlp.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    rows = document["rows"][:N_PAGE]
    style = (resources.files("feedback_nlp.report") / "templates" / "style.css").read_text(encoding="utf-8")
    top = max((max(row["share_old_high"], row["share_new_high"]) for row in rows), default=1.0)
    return environment.get_template("compare.html.j2").render(
        d=document,
        t=words,
        heads=_heads(document, words),
        rows=rows,
        rest=len(document["rows"]) - len(rows),
        scale=lambda share: f"{2 + 96 * share / top:.2f}",
        style=Markup(style),
    )
