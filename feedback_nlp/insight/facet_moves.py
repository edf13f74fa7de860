"""What becomes of mentions when the taxonomy changes: kept, moved to another facet, lost or added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

__all__ = ["FacetTotals", "Move", "Said", "moves", "totals"]

# (row of the review, clause) → facet → label
Said = Mapping[tuple[int, int], Mapping[str, str]]


@dataclass(frozen=True)
class Move:
    """What became of one mention.

    ``old`` or ``new`` is None where it was added or lost; ``turned`` says that it is kept with another label.
    """

    row: int
    clause: int
    old: str | None
    new: str | None
    turned: bool = False


@dataclass
class FacetTotals:
    """Mentions of one facet: ``old`` = kept + moved_out + lost, ``new`` = kept + moved_in + added."""

    kept: int = 0
    moved_out: int = 0
    lost: int = 0
    moved_in: int = 0
    added: int = 0
    turned: int = 0
    n_reviews: set[int] = field(default_factory=set)

    @property
    def old(self) -> int:
        """Mentions under the old taxonomy."""
        return self.kept + self.moved_out + self.lost

    @property
    def new(self) -> int:
        """Mentions under the new taxonomy."""
        return self.kept + self.moved_in + self.added


def moves(old: Said, new: Said) -> list[Move]:
    """Return what became of every mention, clause by clause.

    Parameters
    ----------
    old, new : mapping of (row, clause) to mapping of facet to label
        The same reviews cut into the same clauses, by either taxonomy.

    Returns
    -------
    list of Move
        In order of row and clause. A facet that a clause mentions by both is kept. Of what is left, old and
        new facets are matched one to one, first those of one element, then in order of their codes, and count
        as moved; the rest is lost or added. So every mention of either side is in exactly one move.
    """
    found: list[Move] = []
    for place in sorted({*old, *new}):
        before, after = old.get(place, {}), new.get(place, {})
        for facet in sorted(set(before) & set(after)):
            found.append(Move(*place, facet, facet, before[facet] != after[facet]))
        found += [
            Move(*place, *pair) for pair in _matched(set(before) - set(after), set(after) - set(before))
        ]
    return found


def _matched(gone: Collection[str], come: Collection[str]) -> list[tuple[str | None, str | None]]:
    pairs: list[tuple[str, str]] = []
    for element in sorted({_element(facet) for facet in gone}):
        inside = ([facet for facet in sorted(side) if _element(facet) == element] for side in (gone, come))
        pairs += zip(*inside, strict=False)
    left = [[f for f in sorted(side) if all(f not in pair for pair in pairs)] for side in (gone, come)]
    # The longer of the two lists has no partner at its end.
    return [*sorted(pairs), *zip_longest(left[0], left[1])]


def _element(facet: str) -> str:
    return facet.partition(".")[0]


def totals(found: Iterable[Move]) -> dict[str, FacetTotals]:
    """Return the counts of every facet that a move names, by code."""
    result: defaultdict[str, FacetTotals] = defaultdict(FacetTotals)
    for move in found:
        if move.old == move.new and move.old is not None:
            result[move.old].kept += 1
            result[move.old].turned += move.turned
        if move.old != move.new and move.old is not None:
            result[move.old].moved_out += move.new is not None
            result[move.old].lost += move.new is None
        if move.old != move.new and move.new is not None:
            result[move.new].moved_in += move.old is not None
            result[move.new].added += move.old is None
        for code in {move.old, move.new} - {None}:
            result[str(code)].n_reviews.add(move.row)
    return dict(result)
