"""What a report says of time: alarms with charts, rates, new words, actions, what changed since last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedback_nlp.insight.monitoring.exposure import PER
from feedback_nlp.insight.monitoring.watching import MIN_HISTORY
from feedback_nlp.report.control_chart import drawing
from feedback_nlp.report.wording import Words

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.monitoring.actions import Check
    from feedback_nlp.insight.monitoring.alarms import Alarms
    from feedback_nlp.insight.monitoring.emerging import Emerging
    from feedback_nlp.insight.monitoring.exposure import Rates
    from feedback_nlp.insight.monitoring.since import Change, Since

__all__ = ["build", "public", "told"]

# Charts drawn, alarms told in words, rows of rates.
N_CHARTS, N_TOLD, N_RATES, N_ITEMS = 6, 12, 15, 3
Block = dict[str, Any]
Names = Mapping[str, str]


def build(
    alarms: Alarms | None,
    rates: Rates | None,
    emerging: Emerging,
    checks: Sequence[Check],
    since: Since | None,
    *,
    names: Names,
    units: Names,
    lang: str,
) -> Block:
    """Put what was found into words and drawings.

    Parameters
    ----------
    alarms : Alarms or None
        Of shares; None without times.
    rates : Rates or None
    emerging : Emerging
    checks : sequence of Check
    since : Since or None
    names : mapping
        Element code or issue id to the name to show.
    units : mapping
        Stores and products to what is shown for them, where that differs.
    lang : {"zh", "en"}

    Returns
    -------
    dict
        ``alarms``, ``rates``, ``emerging``, ``actions``, ``since``; plain values, absent parts None.
    """
    words = Words(lang)
    return {
        "alarms": _alarms(alarms, names, words),
        "rates": None if rates is None else _rates(rates, names, units, words),
        "emerging": _emerging(emerging, names, words),
        "actions": [_action(check, names, words) for check in checks],
        "since": None if since is None else _since(since, names, words),
    }


def public(block: Mapping[str, Any] | None) -> Block | None:
    """Return the machine-readable part for ``summary.json``."""
    if block is None:
        return None
    alarms, rates = block["alarms"], block["rates"]
    return {
        "alarms": {key: alarms[key] for key in ("unit", "n_periods", "n_series", "expected", "rows")},
        "rates": rates and {key: rates[key] for key in ("header", "rows", "alarms", "n_out")},
        "emerging": {key: block["emerging"][key] for key in ("since", "rows")},
        "actions": block["actions"],
        "since": block["since"],
    }


def told(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the sentences of the first page: what changed since the last run, then the headline."""
    sentences: list[dict[str, str]] = summary["headline"]["sentences"]
    block = summary["monitoring"]
    if block is None or block["since"] is None:
        return sentences
    since = {"lead": block["since"]["lead"], "text": block["since"]["text"], "tone": "since"}
    return [since, *sentences]


def _name(level: str, code: str, names: Names, words: Words) -> str:
    if level == "all":
        return words("alarm.all")
    name = names.get(code, code)
    return words("alarm.element", name=name) if level == "element" else name


# ---- alarms ----


def _alarms(alarms: Alarms | None, names: Names, words: Words) -> Block:
    if alarms is None:
        nothing: Block = {
            "unit": None,
            "n_periods": 0,
            "n_series": 0,
            "expected": 0.0,
            "rows": [],
            "charts": [],
        }
        return nothing | {"note": words("alarm.no_time"), "more": 0, "expected_text": "", "chart_note": ""}
    unit, n = alarms.periods.unit, len(alarms.periods.names)
    rows = _alarm_rows(alarms, names, words)
    found = {
        "unit": unit,
        "n_periods": n,
        "n_series": len(alarms.series.codes),
        "expected": alarms.expected,
        "rows": rows,
        "charts": _charts(alarms, rows, names, words),
        "more": max(0, len(rows) - N_TOLD),
        "note": "",
        "expected_text": words("alarm.expected", n=len(alarms.series.codes), k=_about(alarms.expected)),
        "chart_note": words("alarm.chart_note", unit=words(f"alarm.each_{unit}")),
    }
    if not alarms.enough:
        name = words(f"alarm.unit_{unit}")
        return found | {
            "note": words("alarm.little", n=n, need=MIN_HISTORY + 1, unit=name),
            "expected_text": "",
        }
    if not rows:
        each = words(f"alarm.each_{unit}")
        return found | {"note": words("alarm.none", n=len(alarms.series.codes), unit=each)}
    return found


def _about(expected: float) -> str:
    return f"{expected:.0f}" if expected >= 1 else f"{expected:.1f}"


def _alarm_rows(
    alarms: Alarms, names: Names, words: Words, *, per: str | None = None, exposure: bool = False
) -> list[Block]:
    rows: list[Block] = alarms.table.to_pylist()
    for row in rows:
        row["name"] = _name(row["level"], row["code"], names, words)
        row["way"] = words(f"alarm.{row['direction']}")
        row["state"] = words("alarm.on" if row["on"] else "alarm.over")
        row["rule_names"] = words.joined([words(f"alarm.rule_{rule}") for rule in row["rules"]])
        row["shown"] = _level(row["share"], words, exposure=exposure)
        row["shown_usual"] = _level(row["usual"], words, exposure=exposure)
        row["text"] = _alarm_text(row, words, per)
    # What still rings comes first, more of it before less of it; newest first otherwise, as the table has it.
    rows.sort(key=lambda row: (not row["on"], row["on"] and row["direction"] != "up"))
    return rows


def _level(share: float, words: Words, *, exposure: bool) -> str:
    return words.decimal(PER * share) if exposure else words.percent(share)


def _alarm_text(row: Mapping[str, Any], words: Words, per: str | None) -> str:
    ratio = words("alarm.ratio", ratio=f"{row['ratio']:.1f}") if row["ratio"] >= 1.05 else ""
    facts = {
        "name": words.quoted(row["name"]),
        "fired": row["fired_on"],
        "since": row["since"],
        "way": row["way"],
        "share": row["shown"],
        "usual": row["shown_usual"],
        "ratio": ratio,
        "why": words("alarm.why", rules=row["rule_names"]),
    }
    if per is not None:
        return words("alarm.text_rate", per=per, **facts)
    return words("alarm.text", x=words.count(row["n_reviews"]), n=words.count(row["base"]), **facts)


def _charts(
    alarms: Alarms, rows: Sequence[Block], names: Names, words: Words, *, per: str | None = None
) -> list[Block]:
    """Draw the series that alarmed; with too little history the largest."""
    keys = [(row["level"], row["code"]) for row in rows]
    texts: dict[tuple[str, str], str] = {}
    for row in rows:
        texts.setdefault((row["level"], row["code"]), row["text"])
    if not keys:
        totals = alarms.series.x.sum(axis=1)
        keys = [(alarms.series.levels[k], alarms.series.codes[k]) for k in (-totals).argsort(kind="stable")]
        keys = keys[:3]
    chosen = list(dict.fromkeys(keys))[:N_CHARTS]
    return [
        _chart(alarms, level, code, texts.get((level, code), ""), names, words, per) for level, code in chosen
    ]


def _chart(
    alarms: Alarms, level: str, code: str, text: str, names: Names, words: Words, per: str | None
) -> Block:
    name = _name(level, code, names, words)
    rows: list[Block] = alarms.chart(level, code).to_pylist()
    points = [_point(row, words, exposure=per is not None) for row in rows]
    drawn = drawing(rows, points, percent=per is None, scale=1 if per is None else PER)
    return {"name": name, "text": text, "alt": words("alarm.chart_alt", name=name), "svg": drawn}


def _point(row: Mapping[str, Any], words: Words, *, exposure: bool) -> str:
    facts = {
        "period": row["period"],
        "x": words.count(row["n_reviews"]),
        "n": words.count(row["base"]),
        "share": _level(row["share"], words, exposure=exposure),
    }
    if row["high"] is None:
        return words("alarm.point", **facts)
    ends = {end: _level(row[end], words, exposure=exposure) for end in ("low", "high")}
    return words("alarm.point_limits", **ends, **facts)


# ---- rates ----


def _rates(rates: Rates, names: Names, units: Names, words: Words) -> Block:
    per = rates.exposure.header
    kind = words(f"role.{rates.exposure.column}") if rates.exposure.column else ""
    rows = _rate_rows(rates.table, names, units, words)
    alarmed = _alarm_rows(rates.alarms, names, words, per=per, exposure=True)
    return {
        "header": per,
        "title": words("rate.title", per=per),
        "lede": words("rate.lede", file=rates.exposure.name, header=per),
        "head": words("rate.per", per=per),
        "kind": kind,
        "rows": rows,
        "top": [row for row in rows if row["unit"] is None and row["level"] != "element"][:N_RATES],
        "by_unit": [row for row in rows if row["unit"] is not None and row["level"] == "all"],
        "alarms": alarmed,
        "charts": _charts(rates.alarms, alarmed, names, words, per=per) if alarmed else [],
        "chart_note": words("alarm.chart_rate_note", per=per),
        "n_out": rates.n_out,
        "out": words("rate.out", n=words.count(rates.n_out), kind=kind or "–") if rates.n_out else "",
        "note": words("rate.note", per=per),
    }


def _rate_rows(table: pa.Table, names: Names, units: Names, words: Words) -> list[Block]:
    rows: list[Block] = table.to_pylist()
    for row in rows:
        row["name"] = _name(row["level"], row["code"], names, words)
        row["unit"] = None if row["unit"] is None else units.get(row["unit"], row["unit"])
        low, high = (words.decimal(row[end]) for end in ("low", "high"))
        row["shown"] = f"{words.decimal(row['per_thousand'])} ({low}–{high})"
    rows.sort(key=lambda row: (row["unit"] is not None, -row["per_thousand"], row["name"]))
    return rows


# ---- words, actions, the last run ----


def _emerging(emerging: Emerging, names: Names, words: Words) -> Block:
    rows = [
        {
            "word": word.word,
            "n_new": word.n_new,
            "base_new": word.base_new,
            "n_old": word.n_old,
            "base_old": word.base_old,
            "z": word.z,
            "q": word.q,
            "issue": None if word.issue_id is None else names.get(word.issue_id, word.issue_id),
        }
        for word in emerging.words
    ]
    if emerging.reason:
        note = "" if emerging.reason == "time" else words("emerging.few")
    else:
        note = words("emerging.lede" if rows else "emerging.none", since=emerging.since)
    return {"since": emerging.since, "rows": rows, "note": note}


def _action(check: Check, names: Names, words: Words) -> Block:
    action = check.action
    before = check.x_before / check.n_before if check.n_before else None
    after = check.x_after / check.n_after if check.n_after else None
    facts: dict[str, object] = {"n_before": check.n_before, "n_after": check.n_after}
    if check.difference is not None:
        ends = {"difference": check.difference, "low": check.low, "high": check.high}
        facts = {name: words.signed(100 * (value or 0.0), 1) for name, value in ends.items()}
        facts |= {"before": words.percent(before), "after": words.percent(after), "days": check.days}
    return {
        "issue_id": check.issue_id or action.issue,
        "name": names.get(check.issue_id or "", action.issue),
        "action": action.action,
        "owner": action.owner,
        "date": None if action.date is None else action.date.isoformat(),
        "status": action.status,
        "verdict": check.verdict,
        "before": before,
        "after": after,
        "difference": check.difference,
        "low": check.low,
        "high": check.high,
        "text": words(f"action.{check.verdict}", **facts),
    }


def _since(since: Since, names: Names, words: Words) -> Block:
    created = str(since.created)[:10] if since.created else words("since.undated")
    sure = [change for change in since.changes if change.sure]
    parts = []
    for way, sign in (("more", 1), ("less", -1)):
        listed = [change for change in sure if change.difference * sign > 0]
        if listed:
            parts.append(words(f"since.{way}", items=_items(listed, names, words)))
    if since.kind == "other":
        moved = [change for change in since.changes if len({*_shares(change, words)}) > 1]
        parts += [words("since.moved", items=_items(moved, names, words))] if moved else []
    elif not sure:
        parts.append(words("since.same"))
    if since.appeared:
        listed_names = [words.quoted(names.get(code, code)) for code in since.appeared[:N_ITEMS]]
        parts.append(words("since.appeared", items=words.joined(listed_names)))
    old, new = (names.get(code or "") for code in (since.first_old, since.first_new))
    if since.first_old != since.first_new and old and new:
        parts.append(words("since.first", old=words.quoted(old), new=words.quoted(new)))
    text = words(
        f"since.{since.kind}",
        created=created,
        n=words.count(since.n_new),
        text=words("number.gap").join(parts),
        **({} if since.kind == "added" else {"n_old": words.count(since.n_old)}),
    )
    return {
        "lead": words("since.lead"),
        "text": text,
        "kind": since.kind,
        "created": since.created,
        "n_sure": len(sure),
        "changes": [_change(change, names) for change in since.changes],
        "appeared": list(since.appeared),
        "gone": list(since.gone),
    }


def _items(changes: Sequence[Change], names: Names, words: Words) -> str:
    parts = []
    for change in changes[:N_ITEMS]:
        old, new = _shares(change, words)
        name = words.quoted(names.get(change.issue_id, change.issue_id))
        parts.append(words("since.item", name=name, old=old, new=new))
    return words.joined(parts)


def _shares(change: Change, words: Words) -> tuple[str, str]:
    """Return the share then and now as they are shown."""
    return words.percent(change.x_old / change.n_old), words.percent(change.x_new / change.n_new)


def _change(change: Change, names: Names) -> Block:
    return {
        "issue_id": change.issue_id,
        "name": names.get(change.issue_id, change.issue_id),
        "share_old": change.x_old / change.n_old,
        "share_new": change.x_new / change.n_new,
        "difference": change.difference,
        "low": change.low,
        "high": change.high,
        "q": change.q,
        "rank_old": change.rank_old,
        "rank_new": change.rank_new,
    }
