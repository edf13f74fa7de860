"""What opinions are worth after negation, degree, doubt and irony, for all clauses of a column at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_entries import Entries, Kind
from feedback_nlp.scorers.lexicon_hits import Hits, in_set, longest, pairs, total
from feedback_nlp.text.column import Column

if TYPE_CHECKING:
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["outdone_from", "turned", "weigh"]

# A modifier acts on an opinion at most this many characters behind it; on a phrase only right behind it.
REACH, PHRASE_REACH = 4, 1
# 不差 praises less than 好: a negated opinion keeps this share of its strength.
NEGATED_BLAME, NEGATED_PRAISE = 0.6, 0.9
# What a strengthened lukewarm word is worth.
PLAIN_BLAME = 0.4
# What any row of degrees comes to at most (很很很…): more than any opinion needs to be bounded by one.
_MOST = 1e9
_NEGATED = "不没无未"
# The other one is better: 没有上次效果好.
_OUTDONE = re.compile("没有?.{2,12}(?:好|强|快|清晰|好吃|好用|便宜|舒服|划算|方便)$")
_OUTDONE_LAST = "好强快晰吃用宜服算便"
_NEVER = np.iinfo(np.int64).max
_OPINES = (Kind.OPINION, Kind.ADJECTIVE, Kind.PHRASE)


def outdone_from(column: Column) -> Ints:
    """Return for each clause from where on praise at its end is of the other one; the greatest number where
    it is not.
    """
    result = np.full(len(column), _NEVER, dtype=np.int64)
    refused = total(column.codes == ord("没"))
    filled = column.ends > column.starts
    last = column.codes[np.maximum(column.ends - 1, 0)]
    worth = filled & in_set(last, _OUTDONE_LAST) & (refused[column.ends] > refused[column.starts])
    for row in np.flatnonzero(worth).tolist():
        start = int(column.starts[row])
        found = _OUTDONE.search(column.text[start : int(column.ends[row])])
        if found:
            result[row] = start + found.start()
    return result


def weigh(
    items: Hits, value: Floats, ironic: NDArray[np.bool_], outdone: Ints, column: Column, group: Ints
) -> Floats:
    """Return the value of each opinion among ``items``; 0 for other items.

    Parameters
    ----------
    items : Hits
        Opinions, phrases and modifiers, by group, then start, then end.
    value : float64 array of shape (n_items,)
    ironic : bool array of shape (n_items,)
        Whether the clause of an item is ironic.
    outdone : int64 array of shape (n_clauses,)
        As ``outdone_from`` gives it.
    column : Column
    group : int64 array of shape (n_items,)
        What is read as one: the clause, or a part of it. Non-decreasing.
    """
    factor, negated = _modified(items, value, group)
    praise = value > 0
    at_end = (items.end == column.ends[items.clause]) & (items.start > outdone[items.clause])
    negated |= at_end & praise
    result = np.where(negated, value * -np.where(value < 0, NEGATED_BLAME, NEGATED_PRAISE), value)
    result = np.where(ironic & (result > 0), -result, result)
    # 很一般 is no longer lukewarm.
    plain = (result == 0) & (factor > 1)
    result = np.where(plain, -PLAIN_BLAME, np.maximum(-1.0, np.minimum(1.0, result * factor)))
    return np.where(np.isin(items.kind, _OPINES), result * _doubt(items.kind, value, group), 0.0)


def _modified(items: Hits, value: Floats, group: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the product of the degrees that act on each opinion, and whether a negation does.

    A run is what stands between two opinions. Runs are walked side by side, one item a step.
    """
    factor, negated = np.ones(len(value)), np.zeros(len(value), dtype=bool)
    opines = np.isin(items.kind, _OPINES)
    rows = np.flatnonzero(opines | (items.kind == Kind.NEGATION) | (items.kind == Kind.DEGREE))
    if not len(rows):
        return factor, negated
    opens = np.append(True, (group[rows[1:]] != group[rows[:-1]]) | opines[rows[:-1]])
    first = np.flatnonzero(opens)
    size = np.diff(np.append(first, len(rows)))
    order = np.argsort(-size, kind="stable")
    first, size = first[order], size[order]
    state, turned, last = np.ones(len(first)), np.zeros(len(first), dtype=bool), np.full(len(first), -REACH)
    for step in range(int(size[0])):
        # Longer runs stand first, so those that go on are a slice.
        going = int(np.searchsorted(-size, -step))
        item = rows[first[:going] + step]
        kind, start = items.kind[item], items.start[item]
        apart = start - last[:going]
        far = apart > REACH
        now = np.where(far, 1.0, state[:going])
        turn = turned[:going] & ~far
        factor[item] = now
        negated[item] = turn & ((kind != Kind.PHRASE) | (apart <= PHRASE_REACH))
        turned[:going] = turn ^ (kind == Kind.NEGATION)
        state[:going] = np.where(kind == Kind.DEGREE, np.minimum(now * value[item], _MOST), now)
        last[:going] = items.end[item]
    return factor, negated


def _doubt(kind: Ints, value: Floats, group: Ints) -> Floats:
    """Return the strongest doubt before each item in its group, 1 where there is none."""
    doubts = kind == Kind.DOUBT
    if not doubts.any():
        return np.ones(len(kind))
    levels = np.array(sorted({*value[doubts].tolist(), 1.0}))
    none = int(np.searchsorted(levels, 1.0))
    rank = np.where(doubts, np.searchsorted(levels, value), none)
    # A later group lies below all earlier ones, so the running minimum starts anew in each.
    offset = (len(levels) + 1) * np.cumsum(np.append(False, group[1:] != group[:-1]))
    lowest = np.minimum(np.minimum.accumulate(rank - offset) + offset, none)
    return np.asarray(levels[lowest])


def turned(hits: Hits, phrases: Hits, outdone: Ints, entries: Entries, column: Column) -> Floats:
    """Return the values of ``phrases``: one found by a regular expression takes the sign of the opinion in it
    if that is negated (隔音不差).
    """
    value = entries.value[phrases.entry]
    refusals = total(in_set(column.codes, _NEGATED))
    wide = np.flatnonzero(entries.regex[phrases.entry] & (refusals[phrases.end] > refusals[phrases.start]))
    kinds = (Kind.OPINION, Kind.NEGATION, Kind.DEGREE)
    inner = hits.take(np.flatnonzero(np.isin(hits.kind, kinds)))
    start, end = phrases.start[wide], phrases.end[wide]
    row, place = pairs(np.searchsorted(inner.start, start), np.searchsorted(inner.start, end))
    inside = inner.end[place] <= end[row]
    row, items = row[inside], inner.take(place[inside])
    # Phrases may overlap: each is moved to a stretch of its own.
    away = row * (len(column.codes) + 1)
    chosen = longest(row, items.start + away, items.end + away, items.kind)
    row, items = row[chosen], items.take(chosen)
    never = np.zeros(len(row), dtype=bool)
    weighed = weigh(items, entries.value[items.entry], never, outdone, column, row)
    opposite = np.bincount(row, weights=weighed, minlength=len(wide)) * value[wide] < 0
    value[wide[opposite]] = -value[wide[opposite]]
    return np.asarray(value)
