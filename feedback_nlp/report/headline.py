"""The three sentences a manager can repeat, from numbers already computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from feedback_nlp.report.ranking import LISTED
from feedback_nlp.report.wording import Words

__all__ = ["LITTLE", "headline"]

# With fewer counted reviews than this a share's 95 % interval is wider than 35 points: no ranking to act on.
LITTLE = 30
# Below this chance of being first with feasibility left open, a clear first owes its place to the defaults.
FRAGILE = 0.8


def headline(
    issues: Sequence[Mapping[str, Any]],
    first: Mapping[str, Any],
    n: int,
    words: Words,
    *,
    n_safety: int = 0,
) -> dict[str, Any]:
    """Say what to fix first and why, in at most three sentences.

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
    n_safety : int
        Distinct counted reviews in the issues of the safety band.

    Returns
    -------
    dict
        ``kind`` (``none``, ``little``, ``clear`` or ``unclear``), ``issue_id`` (or null) and ``sentences``:
        each has ``lead``, ``text`` and ``tone``.
    """
    by_id = {row["issue_id"]: row for row in issues}
    if not issues:
        return {"kind": "none", "issue_id": None, "sentences": _nothing(n, words)}
    band = [by_id[code] for code in first["safety"] if code in by_id]
    named = _named(issues, first, by_id)
    kind = "little" if n < LITTLE else "clear" if named and first["clear"] else "unclear"
    sentences = [_verify(band, n_safety, n, words)] if band else []
    if kind == "little":
        sentences.append(_sentence("little", words("headline.little", n=words.count(n)), words))
    if named:
        rivals = _rivals(named, first, by_id)
        listed = [row for row in issues if row["group"] == LISTED and not row["safety"]]
        sentences += _fix(kind, named, rivals, listed, words, room=3 - len(sentences))
        _caution(kind, first, sentences, words)
    return {"kind": kind, "issue_id": named["issue_id"] if named else None, "sentences": sentences}


def _caution(kind: str, first: Mapping[str, Any], sentences: Sequence[dict[str, str]], words: Words) -> None:
    """Add to a clear first what it rests on, where default feasibility alone makes it clear."""
    chance = first.get("p_first_open")
    if kind != "clear" or chance is None or chance >= FRAGILE:
        return
    claim = next(item for item in sentences if item["tone"] == "fix")
    claim["text"] += words("number.gap") + words("headline.open", chance=words.chance(chance))


def _named(
    issues: Sequence[Mapping[str, Any]], first: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Return the issue to talk about first: the leader outside the safety band."""
    leader = by_id.get(first["issue_id"])
    if leader is not None and not leader["safety"]:
        return leader
    return next((row for row in issues if not row["safety"] and not row["other"]), None)


def _rivals(
    row: Mapping[str, Any], first: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the two others most likely to be first."""
    found = [by_id[code] for code in first["candidates"] if code in by_id and code != row["issue_id"]]
    return [rival for rival in found if not rival["safety"]][:2]


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


def _verify(band: Sequence[Mapping[str, Any]], n_safety: int, n: int, words: Words) -> dict[str, str]:
    named = [row for row in band if not row["other"]]
    if len(band) == len(named) == 1:
        return _sentence("verify", words("headline.verify", **_facts(band[0], words)), words)
    facts = {"x": words.count(n_safety), "share": words.percent(n_safety / max(n, 1))}
    listed = words.joined([words("headline.part", **_facts(row, words)) for row in named[:3]])
    key = "headline.verify_many" if named else "headline.verify_unnamed"
    return _sentence("verify", words(key, listed=listed, **facts), words)


def _fix(
    kind: str,
    row: Mapping[str, Any],
    rivals: Sequence[Mapping[str, Any]],
    listed: Sequence[Mapping[str, Any]],
    words: Words,
    *,
    room: int,
) -> list[dict[str, str]]:
    """Return the claim, why, and what to do, in ``room`` sentences."""
    text = _claim(kind, row, rivals, listed, words)
    act = words("headline.act", action=row["action"], remedy=row["remedy_name"]) if row["action"] else ""
    why = "" if kind == "little" or row["other"] else _why(row, len(listed), words, named=room > 2)
    # With another sentence ahead, the reason joins the claim so that there are still three to repeat.
    if why and room < 3:
        text, why = text + words("number.gap") + why, ""
    told = [("fix", text), ("why", why), ("act", act)]
    return [_sentence(tone, said, words) for tone, said in told if said][:room]


def _claim(
    kind: str,
    row: Mapping[str, Any],
    rivals: Sequence[Mapping[str, Any]],
    listed: Sequence[Mapping[str, Any]],
    words: Words,
) -> str:
    facts = _facts(row, words)
    if row["other"]:
        return words("headline.unnamed", facet=words.quoted(row["facet_name"]), **facts)
    if kind == "little" or row["p_first"] is None:
        return words("headline.leads", **facts)
    if len(listed) == 1:
        return words("headline.only", **facts)
    facts["chance"] = words.chance(row["p_first"])
    if kind == "clear" or not rivals:
        return words("headline.clear" if kind == "clear" else "headline.alone", **facts)
    others = words.joined([words("headline.rival", **_facts(rival, words)) for rival in rivals])
    return words("headline.unclear", rivals=others, **facts)


def _why(row: Mapping[str, Any], n: int, words: Words, *, named: bool) -> str:
    # Not ``named``: the issues of the safety band have a sentence ahead and don't count here.
    among = "headline.places" if named else "headline.places_apart"
    parts = [words(among, n=n, places=_strong(row, n, words))] if n > 1 else []
    # Where there are too few reviews to tell, saying so is no reason.
    if row["trend"] != "unknown":
        parts.append(row["trend_text"])
    if row["where"] and row["where"]["kind"] != "unclear":
        parts.append(row["where"]["text"])
    if not parts:
        return ""
    key = "headline.why" if named else "headline.why_joined"
    return words(key, name=words.quoted(row["name"]), facts=words("number.semicolon").join(parts))


def _strong(row: Mapping[str, Any], n: int, words: Words) -> str:
    """Name the factors that put an issue ahead: among the first ten and the first fifth, else the best."""
    best = sorted(row["places"].items(), key=lambda item: item[1])
    strong = [item for item in best if item[1] <= max(1, min(10, n // 5))] or best[:1]
    return words.joined([words(f"headline.place_{factor}", place=place) for factor, place in strong])
