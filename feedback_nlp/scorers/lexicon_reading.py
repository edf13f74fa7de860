"""Reading clauses by rules: which facets each speaks of, on what evidence, and how it judges them.

A clause alone decides here; ``lexicon_context`` looks at its neighbours. All clauses of a column are read
together: every step works on arrays of all that was found.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_entries import Entries, Kind
from feedback_nlp.scorers.lexicon_hits import Hits, covered, find, in_set, subjects, total, words
from feedback_nlp.scorers.lexicon_opinions import outdone_from, turned, weigh
from feedback_nlp.text.column import Column

__all__ = ["Evidence", "Level", "Readings", "read"]

# A clause that is only a subject is at most so long, with so many characters beside the subject.
BARE_LENGTH, BARE_REST = 6, 1
# Weight of a doubt from which down a clause only supposes (如果).
SUPPOSED = 0.3
# A contrast opens a clause when it stands at most this far from its start.
OPENING = 1
_FILLERS = "的了啊呀吧呢哦啦吗嘛么哈唉哎是就都也还又再才只却真我你他她它这那个家一些有点体来说感觉得第次。!~ "
# Two subjects joined by these share the opinion behind them.
_JOINER, _JOINERS = "和与跟及或、", ("以及", "还有")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Level(IntEnum):
    """How a clause speaks of a facet, weakest evidence first; ``lexicon_tables`` has what each is worth."""

    MODIFIER = 0  # a term that only describes the next one (房间的卫生)
    TERM = 1  # a term, no opinion
    PATTERN = 2  # a pattern, no opinion
    WISH = 3  # a term in a wish
    BEFORE = 4  # an opinion before the term (很差的服务)
    PATTERN_OPINION = 5
    OPINION = 6  # a term and an opinion behind it
    PHRASE = 7  # a phrase that names both
    # Opinions without a subject of their own, by what stands before the clause.
    ANNOUNCED = 8  # the clause before is nothing but the subject (快递，太慢了)
    INHERITED = 9  # the clause before names the subject without an opinion
    FOLLOWING = 10  # the clause before judges the subject
    GENERAL_FIRST = 11  # of the whole: nothing else said, nothing before it
    GENERAL_AFTER = 12  # of the whole, after a judgement of something
    GENERAL_ALONE = 13  # of the whole, after clauses about nothing
    GENERAL_MIXED = 14  # of the whole, among other words


class Evidence(NamedTuple):
    """Facets that clauses speak of, by clause; arrays of shape (n_evidence,).

    ``clause``, ``facet`` and ``level`` int64, ``value`` float64 from -1 (blame) to 1 (praise).
    """

    clause: Ints
    facet: Ints
    level: Ints
    value: Floats

    def take(self, rows: NDArray[np.integer] | Bools) -> Evidence:
        """Return some of the evidence."""
        return Evidence(self.clause[rows], self.facet[rows], self.level[rows], self.value[rows])


def joined(parts: list[Evidence]) -> Evidence:
    """Return parts one behind the other."""
    clause, facet, level, value = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Evidence(clause, facet, level, value)


class Readings(NamedTuple):
    """What n_clauses clauses say.

    Attributes
    ----------
    evidence : Evidence
        By clause; at most one per clause and facet.
    free : float64 array of shape (n_clauses,)
        Sum of the opinions that no facet took; NaN where there is none.
    rest : int64 array of shape (n_clauses,)
        Characters outside opinions and fillers; counted only where there is a free opinion and no evidence.
    bare : bool array of shape (n_clauses,)
        Whether it is nothing but a subject.
    contrast : bool array of shape (n_clauses,)
        Whether it opens with a word like 但是.
    whole : bool array of shape (n_clauses,)
        Whether it speaks of the whole (总体).
    """

    evidence: Evidence
    free: Floats
    rest: Ints
    bare: Bools
    contrast: Bools
    whole: Bools


def read(entries: Entries, column: Column) -> Readings:
    """Return the readings of the clauses of a column."""
    count = len(column)
    hits, boundaries = find(entries, column)
    named = subjects(hits, entries, column)
    phrases = named.take(np.flatnonzero(named.kind == Kind.PHRASE))
    terms = named.take(np.flatnonzero(named.kind != Kind.PHRASE))
    said, value = words(hits, phrases, entries, column)
    judged, opinions, opinion_value = _judged(hits, phrases, said, value, entries, column)
    wish = _first(said, Kind.WISH, value, count)
    used, linked = _link(terms, named, opinions, opinion_value, wish, entries, column)
    evidence = _merge(_settle(joined([judged, linked]), entries, boundaries), len(entries.facet))
    evidence = _supposed(evidence, said, value, wish)
    has_evidence = np.bincount(evidence.clause, minlength=count) > 0
    free, has_free = _free(opinions, opinion_value, used, np.where(has_evidence, np.nan, wish))
    opening = said.clause[(said.kind == Kind.CONTRAST) & (said.start - column.starts[said.clause] <= OPENING)]
    return Readings(
        evidence,
        free,
        np.where(has_free & ~has_evidence, _rest(column, [said]), 0),
        _bare(column, said, terms, phrases, opinions),
        _any(opening, count),
        _any(hits.clause[hits.kind == Kind.WHOLE], count),
    )


def _any(rows: Ints, count: int) -> Bools:
    """Return which of ``count`` rows are among ``rows``."""
    result = np.zeros(count, dtype=bool)
    result[rows] = True
    return result


def _first(said: Hits, kind: Kind, value: Floats, count: int) -> Floats:
    """Return the value of the first word of a kind in each clause; NaN where there is none."""
    rows = np.flatnonzero(said.kind == kind)[::-1]
    result = np.full(count, np.nan)
    result[said.clause[rows]] = value[rows]
    return result


def _judged(
    hits: Hits, phrases: Hits, said: Hits, value: Floats, entries: Entries, column: Column
) -> tuple[Evidence, Hits, Floats]:
    """Return what phrases say of their facets, and the opinions beside them with their values."""
    outdone = outdone_from(column)
    items = Hits(*(np.concatenate(columns) for columns in zip(said, phrases, strict=True)))
    values = np.concatenate([value, turned(hits, phrases, outdone, entries, column)])
    order = np.lexsort((items.end, items.start))
    items, values = items.take(order), values[order]
    ironic = _any(said.clause[said.kind == Kind.IRONY], len(column))[items.clause]
    weighed = weigh(items, values, ironic, outdone, column, items.clause)
    is_phrase = items.kind == Kind.PHRASE
    found = items.take(np.flatnonzero(is_phrase))
    level = np.full(len(found.clause), Level.PHRASE, dtype=np.int64)
    judged = Evidence(found.clause, entries.facet[found.entry], level, weighed[is_phrase])
    opines = np.flatnonzero((items.kind == Kind.OPINION) | (items.kind == Kind.ADJECTIVE))
    return judged, items.take(opines), weighed[opines]


def _link(
    terms: Hits,
    named: Hits,
    opinions: Hits,
    value: Floats,
    wish: Floats,
    entries: Entries,
    column: Column,
) -> tuple[Ints, Evidence]:
    """Give each term the opinion that is about it; return the opinions used and the evidence."""
    facet = entries.facet[terms.entry]
    other = _next_subject(terms, facet, named, entries, column)
    describes = other < column.ends[terms.clause]
    behind = _behind(terms, np.where(_shares(terms, other, column), _LAST, other), opinions, column)
    before = _before(terms, facet, opinions, column)
    choice = np.where(behind >= 0, behind, before)
    pattern = terms.kind == Kind.PATTERN
    chosen = choice >= 0
    hope = wish[terms.clause]
    strong = np.where(pattern, Level.PATTERN_OPINION, Level.OPINION)
    weak = np.where(pattern, Level.PATTERN, np.where(describes, Level.MODIFIER, Level.TERM))
    weak = np.where(np.isnan(hope), weak, Level.WISH)
    level = np.where(chosen, np.where(behind >= 0, strong, Level.BEFORE), weak).astype(np.int64)
    own = np.append(value, 0.0)[choice]
    values = np.where(chosen, own, np.where(np.isnan(hope), 0.0, hope))
    return choice[chosen], Evidence(terms.clause, facet, level, values)


_LAST = np.iinfo(np.int64).max


def _next_subject(terms: Hits, facet: Ints, named: Hits, entries: Entries, column: Column) -> Ints:
    """Return where the first subject of another facet behind each term starts; the greatest number where
    there is none in the clause.
    """
    facets = entries.facet[named.entry]
    count = len(facets)
    changes = np.flatnonzero((facets[1:] != facets[:-1]) | (named.clause[1:] != named.clause[:-1])) + 1
    place = np.searchsorted(named.start, terms.end)
    same = np.append(facets, -1)[place] == facet
    # Behind neighbours of one facet the next change brings another.
    change = np.append(changes, count)[np.searchsorted(changes, place, side="right")]
    place = np.where(same, change, place)
    inside = np.append(named.clause, -1)[place] == terms.clause
    return np.where(inside, np.append(named.start, _LAST)[place], _LAST)


def _shares(terms: Hits, other: Ints, column: Column) -> Bools:
    """Return which terms are joined by 和 to the subject that starts at ``other``."""
    codes = np.append(column.codes, [0, 0])
    length = in_set(codes[terms.end], _JOINER).astype(np.int64)
    for pair in _JOINERS:
        length += 2 * ((codes[terms.end] == ord(pair[0])) & (codes[terms.end + 1] == ord(pair[1])))
    return np.asarray((length > 0) & (other >= terms.end + length))


def _behind(terms: Hits, limit: Ints, opinions: Hits, column: Column) -> Ints:
    """Return the first opinion in or behind each term, before ``limit``; -1 for none."""
    place = np.searchsorted(opinions.start, terms.start)
    start = np.append(opinions.start, _LAST)[place]
    return np.where(start < np.minimum(limit, column.ends[terms.clause]), place, -1)


def _before(terms: Hits, facet: Ints, opinions: Hits, column: Column) -> Ints:
    """Return the last opinion before each term with no earlier term of another facet between; -1 for none."""
    bound = np.maximum(_other_end(terms, facet), column.starts[terms.clause])
    place = np.searchsorted(opinions.end, terms.start, side="right") - 1
    start = np.append(opinions.start, -1)[place]
    return np.where(start >= bound, place, -1)


def _other_end(terms: Hits, facet: Ints) -> Ints:
    """Return the greatest end of the earlier terms of other facets in the clause; -1 for none.

    The terms of all clauses are walked side by side. The two greatest ends of different facets suffice.
    """
    result = np.full(len(facet), -1, dtype=np.int64)
    opens = np.flatnonzero(np.append(True, terms.clause[1:] != terms.clause[:-1])[: len(facet)])
    size = np.diff(np.append(opens, len(facet)))
    order = np.argsort(-size, kind="stable")
    opens, size = opens[order], size[order]
    best = np.full((3, len(opens)), -1, dtype=np.int64)  # greatest end, its facet, greatest of the others
    for step in range(int(size.max(initial=0))):
        going = int(np.searchsorted(-size, -step))
        row = opens[:going] + step
        top, owner, second = best[:, :going]
        end, own = terms.end[row], facet[row]
        same = owner == own
        result[row] = np.where(same, second, top)
        beats = ~same & (end > top)
        second[:] = np.where(same, second, np.where(beats, top, np.maximum(second, end)))
        owner[:] = np.where(beats, own, owner)
        top[:] = np.maximum(top, end)
        if step == 0 and not (size > 1).any():
            break
    return result


def _settle(found: Evidence, entries: Entries, boundaries: Bools) -> Evidence:
    """Return the evidence for the facet on whose side of the boundary its clause lies."""
    facet = found.facet.copy()
    open_ = np.isin(facet, [first for first, _ in entries.rules])
    rows = np.flatnonzero(open_)
    left = np.ones(len(rows), dtype=bool)
    for rule, (first, other) in enumerate(entries.rules):
        yields = left & (found.facet[rows] == first) & boundaries[found.clause[rows], rule]
        facet[rows[yields]] = other
        left &= ~yields
    return found._replace(facet=facet)


def _merge(found: Evidence, n_facets: int) -> Evidence:
    """Return one evidence per clause and facet: the strongest level, the sum of the values on that level,
    bounded after each addition; by clause, then by what was found first.
    """
    if not len(found.clause):
        return found
    found = found.take(np.argsort(found.clause, kind="stable"))
    order = np.argsort(found.clause * n_facets + found.facet, kind="stable")
    key = (found.clause * n_facets + found.facet)[order]
    opens = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    group = np.repeat(np.arange(len(opens)), np.diff(np.append(opens, len(key))))
    level = np.maximum.reduceat(found.level[order], opens)
    top = np.flatnonzero(found.level[order] == level[group])
    group = group[top]
    value = np.zeros(len(opens))
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    size = np.diff(np.append(first, len(group)))
    values = found.value[order][top]
    value[:] = values[first]
    for step in range(1, int(size.max())):
        going = np.flatnonzero(size > step)
        value[going] = np.maximum(-1.0, np.minimum(1.0, value[going] + values[first[going] + step]))
    kept = order[opens]
    by_place = np.argsort(kept)
    kept = kept[by_place]
    return Evidence(found.clause[kept], found.facet[kept], level[by_place], value[by_place])


def _supposed(evidence: Evidence, said: Hits, value: Floats, wish: Floats) -> Evidence:
    """Return the evidence with that of clauses which only suppose (如果) made weak."""
    rows = said.clause[(said.kind == Kind.DOUBT) & (value <= SUPPOSED)]
    only = _any(rows, len(wish))[evidence.clause]
    hope = wish[evidence.clause]
    most = np.where(np.isnan(hope), Level.TERM, Level.WISH)
    level = np.where(only, np.minimum(evidence.level, most), evidence.level)
    return evidence._replace(level=level, value=np.where(only, np.nan_to_num(hope), evidence.value))


def _free(opinions: Hits, value: Floats, used: Ints, otherwise: Floats) -> tuple[Floats, Bools]:
    """Return the sum of the opinions not used, ``otherwise`` where there are none, and where there are."""
    unused = np.ones(len(value), dtype=bool)
    unused[used] = False
    rows = opinions.clause[unused]
    has = _any(rows, len(otherwise))
    return np.where(has, np.bincount(rows, weights=value[unused], minlength=len(has)), otherwise), has


def _rest(column: Column, parts: list[Hits]) -> Ints:
    """Return how many characters of each clause stand outside ``parts`` and are no fillers."""
    starts = np.concatenate([part.start for part in parts])
    ends = np.concatenate([part.end for part in parts])
    left = ~covered(starts, ends, len(column.codes)) & ~in_set(column.codes, _FILLERS)
    count = total(left)
    return np.asarray(count[column.ends] - count[column.starts])


def _bare(column: Column, said: Hits, terms: Hits, phrases: Hits, opinions: Hits) -> Bools:
    """Return which clauses without an opinion are nothing but a subject."""
    count = len(column)
    short = column.ends - column.starts <= BARE_LENGTH
    judges = _any(phrases.clause, count) | _any(opinions.clause, count)
    bare = _any(terms.clause, count) & short & ~judges
    return bare & (_rest(column, [said, terms]) <= BARE_REST)
