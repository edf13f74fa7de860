"""``text.terms`` on compiled loops: the same matches, sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.kernels import expressions
from feedback_nlp.kernels import terms as loops
from feedback_nlp.text.pattern_code import Op, opens_of, program_of
from feedback_nlp.text.patterns import normalize_pattern

if TYPE_CHECKING:
    from feedback_nlp.text.terms import Matches, _Gates, _Owners
    from feedback_nlp.text.trie import Trie

__all__ = ["FastTerms"]

Ints = NDArray[np.int64]
# Room for matches, for each character of the text, to begin with.
_ROOM = 1.0


class Expressions(NamedTuple):
    """Programs of regular expressions, as ``kernels.expressions.find`` takes them."""

    programs: Ints
    code: NDArray[np.int32]
    ranges: NDArray[np.int32]
    opens: NDArray[np.uint64]

    @classmethod
    def of(cls, patterns: Sequence[str | None]) -> Expressions:
        """Translate expressions; those that stay with ``re`` have no program."""
        programs = np.full(len(patterns), -1, dtype=np.int64)
        code: list[list[int]] = []
        ranges: list[tuple[int, int]] = []
        opens: list[int] = []
        for number, pattern in enumerate(patterns):
            program = None if pattern is None else program_of(normalize_pattern(pattern))
            if program is None:
                continue
            programs[number] = len(code)
            moved = len(ranges)
            code += [
                [op, first + moved if op in (Op.SET, Op.NOT_SET) else first, second]
                for op, first, second in program.code
            ]
            ranges += program.ranges
            opens += opens_of(program)
        return cls(
            programs,
            np.array(code, dtype=np.int32).reshape(-1, 3),
            np.array(ranges, dtype=np.int32).reshape(-1, 2),
            np.array(opens, dtype=np.uint64),
        )

    def find(self, codes: NDArray[np.uint32], starts: Ints, ends: Ints, pairs: Ints) -> tuple[Ints, Ints]:
        """Return the matches (span, number, start, length) of pairs, and the pairs left to ``re``."""
        left = np.zeros(len(pairs), dtype=bool)
        room = len(pairs) + 64
        while True:
            found = np.empty((room, 4), dtype=np.int64)
            count = expressions.find(codes, starts, ends, pairs, *self, found, left)
            if count <= room:
                return found[:count], pairs[left]
            room = count


class FastTerms(NamedTuple):
    """Arrays of a ``TermMatcher`` as the loops take them."""

    classes: NDArray[Any]
    trie: tuple[Any, ...]
    owners: tuple[Ints, Ints, NDArray[np.int8]]
    needs: Ints
    n_pieces: int
    always: Ints
    expressions: Expressions

    @classmethod
    def of(
        cls, trie: Trie, owners: tuple[_Owners, ...], gates: _Gates, patterns: Sequence[str | None]
    ) -> FastTerms:
        """Lay out a matcher; ``patterns`` has the expression of each phrase that is one."""
        classes, rest = trie.arrays()
        needs = np.full((len(patterns), gates.needs.shape[1]), gates.n_pieces, dtype=np.int64)
        needs[: len(gates.needs)] = gates.needs
        return cls(
            classes,
            rest,
            _together(owners),
            needs,
            gates.n_pieces,
            np.array(gates.always, dtype=np.int64),
            Expressions.of(patterns),
        )

    def find(
        self, codes: NDArray[np.uint32], starts: Ints, ends: Ints, tried: Callable[[Ints], Ints]
    ) -> Matches:
        """Return every occurrence, as ``TermMatcher.find_spans`` does.

        Parameters
        ----------
        codes, starts, ends : arrays
        tried : callable
            Gives the matches of (expression, span) pairs as rows (span, id, start, length).
        """
        from feedback_nlp.text.terms import Matches

        found, pairs = self._found(codes, starts, ends)
        if len(self.always):
            everywhere = [
                np.repeat(self.always, len(starts)),
                np.tile(np.arange(len(starts)), len(self.always)),
            ]
            pairs = np.concatenate([pairs, np.stack(everywhere, axis=1)])
        matches, left = self.expressions.find(codes, starts, ends, pairs)
        left = left[np.lexsort((left[:, 1], left[:, 0]))]
        more = np.concatenate([matches, tried(left)]) if len(left) else matches
        if len(more):
            order = np.lexsort((more[:, 1], more[:, 3], more[:, 2], more[:, 0]))
            found = loops.merge(found, more[order])
        start = found[:, 2] - starts[found[:, 0]]
        return Matches(
            found[:, 0].copy(),
            found[:, 1].astype(np.int32),
            start.astype(np.int32),
            (start + found[:, 3]).astype(np.int32),
        )

    def _found(self, codes: NDArray[np.uint32], starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        room = (int(_ROOM * len(codes)) + 64, len(starts) + 64)
        while True:
            found, pairs = np.empty((room[0], 4), dtype=np.int64), np.empty((room[1], 2), dtype=np.int64)
            counts = loops.find(
                codes,
                starts,
                ends,
                self.classes,
                self.trie,
                self.owners,
                self.needs,
                self.n_pieces,
                found,
                pairs,
            )
            if counts[0] <= room[0] and counts[1] <= room[1]:
                return found[: counts[0]], pairs[: counts[1]]
            room = (max(room[0], counts[0]), max(room[1], counts[1]))


def _together(owners: tuple[_Owners, ...]) -> tuple[Ints, Ints, NDArray[np.int8]]:
    """Return where the numbers of each word begin, the numbers, and which of ``owners`` each is of."""
    words, numbers, kinds = [], [], []
    for kind, owner in enumerate(owners):
        counts, _, own = owner.arrays()
        words.append(np.repeat(np.arange(len(counts)), counts))
        numbers.append(own)
        kinds.append(np.full(len(own), kind, dtype=np.int8))
    word = np.concatenate(words)
    order = np.argsort(word, kind="stable")
    begins = np.searchsorted(word[order], np.arange(len(counts) + 1))
    return begins, np.concatenate(numbers)[order], np.concatenate(kinds)[order]
