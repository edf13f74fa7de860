"""The three sentences a manager can repeat, from numbers already computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from feedback_nlp.report.wording import Words

__all__ = ["LITTLE", "headline"]

# With fewer counted reviews than this a share's 95 % interval is wider than 35 points: no ranking to act on.
LITTLE = 30


def headline(
    issues: Sequence[Mapping[str, Any]], first: Mapping[str, Any], n: int, words: Words
) -> dict[str, Any]:
    """Say what to fix first and why.

    Parameters
    ----------
    issues : sequence of dict
        Enriched issue rows in rank order.
    first : dict
        ``Insight.first``.
    n : int
        Counted reviews.
    words : Words
        Language.

    Returns
    -------
    dict
        ``kind`` (``none``, ``little``, ``clear`` or ``unclear``), ``issue_id`` (or null) and ``sentences``:
        each has ``lead``, ``text`` and ``tone``.
    """
    by_id = {row["issue_id"]: row for row in issues}
    if not issues:
        return {"kind": "none", "issue_id": None, "sentences": _nothing(n, words)}
    safety = [by_id[code] for code in first["safety"] if code in by_id]
    named = _named(issues, first, by_id)
    kind = "little" if n < LITTLE else "clear" if named and first["clear"] else "unclear"
    sentences = [_verify(row, words) for row in safety[:1]]
    if kind == "little":
        sentences.append(_sentence("little", words("headline.little", n=words.count(n)), words))
    if named:
        sentences += _fix(kind, named, first, by_id, words, apart=not sentences)
    return {"kind": kind, "issue_id": named["issue_id"] if named else None, "sentences": sentences}


def _named(
    issues: Sequence[Mapping[str, Any]], first: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Return the issue to talk about first: the leader outside the safety band."""
    leader = by_id.get(first["issue_id"])
    if leader is not None and not leader["safety"]:
        return leader
    return next((row for row in issues if not row["safety"] and not row["other"]), None)


def _sentence(tone: str, text: str, words: Words) -> dict[str, str]:
    return {"lead": words(f"headline.lead_{tone}"), "text": text, "tone": tone}


def _nothing(n: int, words: Words) -> list[dict[str, str]]:
    key = "headline.none" if n else "headline.empty"
    return [_sentence("none", words(key, n=words.count(n)), words)]


def _facts(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    return {
        "name": words.quoted(row["name"]),
        "x": words.count(row["n_reviews"]),
        "share": words.percent(row["share"]),
        "interval": words.span(row["share_low"], row["share_high"]),
    }


def _verify(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    return _sentence("verify", words("headline.verify", **_facts(row, words)), words)


def _fix(
    kind: str,
    row: Mapping[str, Any],
    first: Mapping[str, Any],
    by_id: Mapping[str, Any],
    words: Words,
    *,
    apart: bool,
) -> list[dict[str, str]]:
    text = _unclear(row, first, by_id, words) if kind == "unclear" else _clear(kind, row, words)
    fix = [_sentence("fix", text, words), _sentence("why", _why(row, len(by_id), words, named=True), words)]
    # With another sentence ahead, the reason joins the claim so that there are still three to repeat.
    if not apart:
        fix = [
            _sentence("fix", text + words("number.gap") + _why(row, len(by_id), words, named=False), words)
        ]
    act = words("headline.act", action=row["action"], remedy=row["remedy_name"]) if row["action"] else ""
    return [*fix, *([_sentence("act", act, words)] if act else [])]


def _clear(kind: str, row: Mapping[str, Any], words: Words) -> str:
    facts = _facts(row, words)
    if kind == "little" or row["p_first"] is None:
        return words("headline.most", **facts)
    return words("headline.clear", chance=words.chance(row["p_first"]), **facts)


def _unclear(row: Mapping[str, Any], first: Mapping[str, Any], by_id: Mapping[str, Any], words: Words) -> str:
    rivals = [by_id[code] for code in first["candidates"] if code in by_id and not by_id[code]["safety"]]
    rivals = [row, *(rival for rival in rivals if rival["issue_id"] != row["issue_id"])][:4]
    if len(rivals) == 1:
        return words("headline.alone", chance=words.chance(row["p_first"]), **_facts(row, words))
    listed = words.joined([words("headline.rival", **_facts(rival, words)) for rival in rivals])
    return words(
        "headline.unclear", rivals=listed, name=words.quoted(row["name"]), chance=words.chance(row["p_first"])
    )


def _why(row: Mapping[str, Any], n: int, words: Words, *, named: bool) -> str:
    parts = [words("headline.places", n=n, **row["places"])]
    # Where there are too few reviews to tell, saying so is no reason.
    if row["trend"] != "unknown":
        parts.append(row["trend_text"])
    if row["where"] and row["where"]["kind"] != "unclear":
        parts.append(row["where"]["text"])
    key = "headline.why" if named else "headline.why_joined"
    return words(key, name=words.quoted(row["name"]), facts=words("number.semicolon").join(parts))
