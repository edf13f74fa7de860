"""What is found in the clauses of a column, as arrays, and which of it counts.

Positions are those of the joined text (``text.codepoints.Joined``), where the clauses of all reviews stand
one behind the other: what comes later stands further on, so one sorted search serves all clauses at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_entries import Entries, Kind
from feedback_nlp.text.column import Column

__all__ = ["Hits", "covered", "find", "in_set", "longest", "pairs", "subjects", "total", "words"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Between a noun and its adjective stand only such characters (噪音还是有点大).
_BETWEEN = (
    "的是也都还就有点些很太较挺真好超最更非常特别不又实在确也比一般么那这"
    "相当略偏极得算了上没却倒并未够怎可越来"
)


class Hits(NamedTuple):
    """Entries found, by clause, start, end and entry; int64 arrays of shape (n_hits,).

    ``start`` and ``end`` are positions in ``Column.text``; ``entry`` one in ``Entries``.
    """

    clause: Ints
    start: Ints
    end: Ints
    entry: Ints
    kind: Ints

    def take(self, rows: NDArray[np.integer] | Bools) -> Hits:
        """Return some of the hits."""
        return Hits(*(column[rows] for column in self))


def find(entries: Entries, column: Column) -> tuple[Hits, Bools]:
    """Return what is found in the clauses, save questions and what is out of place; and, of shape
    (n_clauses, n_rules), which clauses hold the words of each boundary.
    """
    found = entries.matcher.find_spans(column.text, column.starts, column.ends, column.codes)
    origin = column.starts[found.doc]
    number = found.id.astype(np.int64)
    hits = Hits(found.doc, origin + found.start, origin + found.end, number, entries.kind[number])
    boundary = hits.kind == Kind.BOUNDARY
    met = np.zeros((len(column), len(entries.rules)), dtype=bool)
    met[hits.clause[boundary], entries.facet[number[boundary]]] = True
    hits = hits.take(np.flatnonzero(~boundary))
    said = ~(_asked(hits, column) | _out_of_place(hits, entries, column))
    return hits.take(np.flatnonzero(said)), met


def in_set(codes: NDArray[np.uint32], chars: str) -> Bools:
    """Return which characters are one of ``chars``."""
    table = np.zeros(int(max(map(ord, chars))) + 2, dtype=bool)
    table[[ord(char) for char in chars]] = True
    found: Bools = table[np.minimum(codes, len(table) - 1)]
    return found


def total(flags: Bools) -> Ints:
    """Return running totals: entry i is the number of true flags before i; one entry more than flags."""
    result = np.zeros(len(flags) + 1, dtype=np.int64)
    np.cumsum(flags, out=result[1:])
    return result


def covered(starts: Ints, ends: Ints, length: int) -> Bools:
    """Return which of ``length`` characters lie in one of the spans."""
    steps = np.bincount(starts, minlength=length + 1) - np.bincount(ends, minlength=length + 1)
    return np.asarray(np.cumsum(steps[:length]) > 0)


def pairs(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return (row, position) for every position in [first[row], last[row])."""
    counts = np.maximum(last - first, 0)
    rows = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, first[rows] + within


def _asked(hits: Hits, column: Column) -> Bools:
    """Return what is asked for, not given (好不好): any part of the question, save a plain subject."""
    codes, owner = column.codes, column.owner
    middle = np.flatnonzero(codes[1:-1] == ord("不")) + 1
    same = (codes[middle - 1] == codes[middle + 1]) & (owner[middle] >= 0)
    same &= (owner[middle - 1] == owner[middle]) & (owner[middle + 1] == owner[middle])
    asks = np.zeros(len(codes) + 1, dtype=bool)
    asks[middle[same]] = True
    asked = asks[hits.end] | asks[hits.start] | asks[hits.start - 1]
    return np.asarray(asked & (hits.kind != Kind.TERM))


def _out_of_place(hits: Hits, entries: Entries, column: Column) -> Bools:
    """Return praise whose last 好 only strengthens the blame behind it (服务好差)."""
    value = entries.value[hits.entry]
    blames = np.zeros(len(column.codes) + 1, dtype=bool)
    blames[hits.start[(hits.kind == Kind.OPINION) & (value < 0)]] = True
    result = (value > 0) & (column.codes[hits.end - 1] == ord("好")) & blames[hits.end]
    return np.asarray(result & (hits.end < column.ends[hits.clause]))


def subjects(hits: Hits, entries: Entries, column: Column) -> Hits:
    """Return terms, patterns and phrases that do not lie inside a longer term or phrase.

    What a regular expression spans may name other subjects too (房间的卫生差): it hides none.
    """
    named = hits.take(np.flatnonzero(hits.kind <= Kind.PHRASE))
    covers = ~entries.regex[named.entry]
    # The hits stand in order of their ends where their starts are equal, and the last one written stays.
    reach = np.zeros(len(column.codes) + 1, dtype=np.int64)
    reach[named.start[covers] + 1] = named.end[covers]
    here = reach[named.start + 1]
    before = np.maximum.accumulate(reach)[named.start]
    inside = (before >= named.end) | (here > named.end)
    span = np.cumsum(np.append(True, _changes(named.start) | _changes(named.end))[: len(named.start)])
    phrase = np.bincount(span[covers & (named.kind == Kind.PHRASE)], minlength=len(span) + 1) > 0
    inside |= (named.kind == Kind.TERM) & phrase[span]
    return named.take(np.flatnonzero(~inside))


def _changes(values: Ints) -> Bools:
    return np.asarray(values[1:] != values[:-1])


def words(hits: Hits, phrases: Hits, entries: Entries, column: Column) -> tuple[Hits, NDArray[np.float64]]:
    """Return opinions and modifiers with their values, the longest where they overlap, none that overlaps a
    phrase of a facet.
    """
    value = entries.value[hits.entry]
    adjectives = np.flatnonzero(hits.kind == Kind.ADJECTIVE)
    value[adjectives] = _conditioned(hits, adjectives, entries, column)
    wanted = (hits.kind == Kind.OPINION) | (hits.kind > Kind.NOUN)
    wanted[adjectives] = value[adjectives] != 0
    taken = total(covered(phrases.start, phrases.end, len(column.codes)))
    wanted &= taken[hits.end] == taken[hits.start]
    rows = np.flatnonzero(wanted)
    rows = rows[longest(hits.clause[rows], hits.start[rows], hits.end[rows], hits.kind[rows])]
    return hits.take(rows), value[rows]


def _conditioned(
    hits: Hits, adjectives: NDArray[np.intp], entries: Entries, column: Column
) -> NDArray[np.float64]:
    """Return the polarity of adjectives by the last noun right before each, 0 where there is none.

    Only adverbs and particles may stand between.
    """
    nouns = np.flatnonzero(hits.kind == Kind.NOUN)
    nouns = nouns[np.argsort(hits.end[nouns], kind="stable")]
    start = hits.start[adjectives]
    apart = np.maximum.accumulate(
        np.where(in_set(column.codes, _BETWEEN), 0, np.arange(1, len(column.codes) + 1))
    )
    earliest = np.maximum(np.append(0, apart)[start], column.starts[hits.clause[adjectives]] + 1)
    ends = hits.end[nouns]
    rows, place = pairs(np.searchsorted(ends, earliest), np.searchsorted(ends, start, side="right"))
    noun = nouns[place]
    value = entries.conditioned[entries.place[hits.entry[noun]], entries.place[hits.entry[adjectives[rows]]]]
    known = np.flatnonzero(~np.isnan(value))
    rows, noun, value = rows[known], noun[known], value[known]
    # In order of the hits, so that the last noun is written last.
    order = np.argsort(noun, kind="stable")
    result = np.zeros(len(adjectives))
    result[rows[order]] = value[order]
    return result


def longest(group: Ints, start: Ints, end: Ints, kind: Ints) -> NDArray[np.intp]:
    """Return rows that do not overlap within their group: from the left, the longest of those that start
    together, then the one of the lowest kind, then the first.

    Parameters
    ----------
    group, start, end, kind : int64 arrays of shape (n,)
        Ordered by group; positions grow from group to group. Kinds are under 16.
    """
    if not len(start):
        return np.zeros(0, dtype=np.intp)
    length = end - start
    most = int(length.max())
    order = np.argsort(((start - start[0]) * (most + 1) + most - length) * 16 + kind, kind="stable")
    # Of those that start together only the first can be chosen.
    order = order[np.append(True, _changes(start[order]))]
    start, end, group = start[order], end[order], group[order]
    following = np.searchsorted(start, end)
    kept = np.zeros(len(order), dtype=bool)
    chosen = np.flatnonzero(np.append(True, _changes(group)))
    while len(chosen):
        kept[chosen] = True
        behind = following[chosen]
        inside = behind < len(order)
        chosen, behind = chosen[inside], behind[inside]
        chosen = behind[group[behind] == group[chosen]]
    result: NDArray[np.intp] = order[kept]
    return result
