"""All terms of a lexicon or taxonomy, found in a whole column at once.

Plain phrases stand in one trie (``text.trie``). A regular expression is tried only on texts that hold all the
pieces of plain text it needs (``text.patterns``); those pieces ride in the same trie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp import kernels
from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.text.codepoints import Joined, encode
from feedback_nlp.text.normalize import normalize_column
from feedback_nlp.text.patterns import normalize_pattern, ordered_pieces
from feedback_nlp.text.trie import Found, Trie

if TYPE_CHECKING:
    from feedback_nlp.text.terms_fast import FastTerms

__all__ = ["REGEX_MARK", "Matches", "TermMatcher"]

REGEX_MARK = "re:"
# Texts are looked at by this many, so that the tables of one step stay in the processor's cache.
_BLOCK = 16_384
# Bits of a sorting key: a signed number has one less than 64.
_KEY_BITS = 63
# Spans from which on compiled loops, if they are on, are worth their overhead.
_MANY = 64


class Matches(NamedTuple):
    """Occurrences in a column, ordered by text, start, end and phrase.

    ``doc`` int64 (position of the text), ``id`` int32 (position of the phrase), ``start`` and ``end`` int32
    (half-open, in code points of the text), all of shape (n_matches,).
    """

    doc: NDArray[np.int64]
    id: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


class TermMatcher:
    """Finds many phrases at once.

    Parameters
    ----------
    phrases : sequence of str
        Plain phrases, or regular expressions after ``re:``. A phrase's id is its position. Phrases are
        normalised here; texts are expected in normal form. Empty phrases never match.
    checked : bool
        Whether every expression is known to compile, as those of a taxonomy are. Each is then compiled when
        a text holds the pieces that it needs, which for most never happens.

    Raises
    ------
    ConfigError
        For a regular expression that does not compile.
    """

    def __init__(self, phrases: Sequence[str], *, checked: bool = False) -> None:
        self.phrases = tuple(phrases)
        # As in ``re.finditer`` over each text, expressions give non-overlapping matches.
        self._patterns = {
            number: phrase[len(REGEX_MARK) :]
            for number, phrase in enumerate(self.phrases)
            if phrase.startswith(REGEX_MARK)
        }
        self._compiled: dict[int, re.Pattern[str]] = {}
        if not checked:
            for number in self._patterns:
                self._regex(number)
        numbers = [number for number, phrase in enumerate(self.phrases) if phrase]
        numbers = [number for number in numbers if number not in self._patterns]
        texts = normalize_column([self.phrases[number] for number in numbers])
        plain = list(zip(texts, numbers, strict=True))
        self._gates = _Gates.of(self._patterns)
        words = dict.fromkeys([*(word for word, _ in plain), *self._gates.words()])
        place = {word: position for position, word in enumerate(words)}
        self._trie = Trie(list(words))
        self._plain = _Owners(len(words), [(place[word], number) for word, number in plain])
        self._opens = _Owners(len(words), [(place[word], number) for word, number in self._gates.first])
        self._holds = _Owners(len(words), [(place[word], number) for word, number in self._gates.others])

    def __len__(self) -> int:
        return len(self.phrases)

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Return every occurrence in a normalised text.

        Parameters
        ----------
        text : str
            In normal form.

        Returns
        -------
        list of (id, start, end)
            Sorted by start, then end, then id. Plain phrases are found wherever they stand, also inside one
            another; a regular expression gives its non-overlapping, non-empty matches.
        """
        _, number, start, end = self.find_column([text])
        return list(zip(number.tolist(), start.tolist(), end.tolist(), strict=True))

    def find_column(self, texts: Sequence[str]) -> Matches:
        """Return every occurrence in a column of normalised texts; each text gives what ``find`` gives for
        it.

        Parameters
        ----------
        texts : sequence of str, length n

        Returns
        -------
        Matches
        """
        joined = Joined.of(texts)
        return self.find_spans(joined.text, joined.starts[:-1], joined.starts[1:] - 1)

    def find_spans(
        self,
        text: str,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        codes: NDArray[np.uint32] | None = None,
    ) -> Matches:
        """Return every occurrence in spans of one long text, each taken as a text of its own.

        Parameters
        ----------
        text : str
            In normal form.
        starts, ends : int64 arrays of shape (n,)
            Half-open spans of ``text``, in order, not overlapping.
        codes : uint32 array of shape (len(text),), optional
            Code points of ``text``, if at hand.

        Returns
        -------
        Matches
            ``doc`` is the position of the span; ``start`` and ``end`` count from its start.
        """
        codes = encode(text) if codes is None else codes
        if len(starts) >= _MANY and kernels.active():
            return self._fast.find(codes, starts, ends, self._tried_in(text, starts, ends))
        blocks = [
            self._find_block(text, codes, starts[at : at + _BLOCK], ends[at : at + _BLOCK], at)
            for at in range(0, max(len(starts), 1), _BLOCK)
        ]
        doc, number, start, end = (np.concatenate(columns) for columns in zip(*blocks, strict=True))
        return Matches(doc, number, start, end)

    @cached_property
    def _fast(self) -> FastTerms:
        """Everything laid out for compiled loops, when they are first used."""
        from feedback_nlp.text.terms_fast import FastTerms

        owners = (self._plain, self._opens, self._holds)
        return FastTerms.of(self._trie, owners, self._gates, [*map(self._patterns.get, range(len(self)))])

    def _tried_in(
        self, text: str, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
        return lambda pairs: self._tried(text, starts, ends, pairs)

    def _find_block(
        self,
        text: str,
        codes: NDArray[np.uint32],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        at: int,
    ) -> Matches:
        if not len(starts):
            none = np.zeros(0, dtype=np.int32)
            return Matches(np.zeros(0, dtype=np.int64), none, none, none)
        origin = int(starts[0])
        found, doc = _inside(self._trie.scan(codes[origin : int(ends[-1])]), starts - origin, ends - origin)
        rows, number = self._plain.of(found.word)
        pairs = self._worth_trying(found.word, doc, len(starts))
        more = self._tried(text, starts, ends, pairs) - np.array([0, 0, origin, 0])
        columns = [
            np.concatenate([doc[rows], more[:, 0]]),
            np.concatenate([number, more[:, 1]]),
            np.concatenate([found.start[rows], more[:, 2]]),
            np.concatenate([found.length[rows], more[:, 3]]),
        ]
        order = _order(*columns[1:])
        doc, number, start, length = (column[order] for column in columns)
        start -= starts[doc] - origin
        return Matches(
            doc + at,
            number.astype(np.int32),
            start.astype(np.int32),
            (start + length).astype(np.int32),
        )

    def _worth_trying(
        self, word: NDArray[np.int64], doc: NDArray[np.int64], n_docs: int
    ) -> NDArray[np.int64]:
        """Return the distinct (regular expression, text) whose needs are met, in order: shape (n, 2)."""
        rows, number = self._opens.of(word)
        owner = doc[rows]
        held, piece = self._holds.of(word)
        # The last column stands for "needs no more".
        present = np.zeros((n_docs, self._gates.n_pieces + 1), dtype=bool)
        present[:, -1] = True
        present[doc[held], piece] = True
        for column in self._gates.needs.T:
            met = present[owner, column[number]]
            number, owner = number[met], owner[met]
        keys = _distinct(number * n_docs + owner)
        always = np.array(self._gates.always, dtype=np.int64)
        tried = np.stack([keys // n_docs, keys % n_docs], axis=1)
        everywhere = np.stack([np.repeat(always, n_docs), np.tile(np.arange(n_docs), len(always))], axis=1)
        return np.concatenate([tried, everywhere])

    def _tried(
        self, text: str, starts: NDArray[np.int64], ends: NDArray[np.int64], pairs: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the matches of expressions as rows (span, id, start in ``text``, length)."""
        rows: list[tuple[int, int, int, int]] = []
        number = -1
        first, last = starts[pairs[:, 1]].tolist(), ends[pairs[:, 1]].tolist()
        for (wanted, doc), start, end in zip(pairs.tolist(), first, last, strict=True):
            if wanted != number:
                number = wanted
                search = self._regex(number).finditer
            for match in search(text[start:end]):
                begin, stop = match.span()
                if stop > begin:
                    rows.append((doc, number, start + begin, stop - begin))
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    def _regex(self, number: int) -> re.Pattern[str]:
        """Return an expression in normal form, compiled when it is first asked for."""
        found = self._compiled.get(number)
        if found is None:
            pattern = self._patterns[number]
            try:
                found = self._compiled[number] = re.compile(normalize_pattern(pattern))
            except re.error as error:
                raise ConfigError(
                    Bilingual(
                        f"正则表达式“{pattern}”有误：{error}。",
                        f"Bad regular expression '{pattern}': {error}.",
                    ),
                    Bilingual("改正词表里的这一条。", "Mend this entry of the term list."),
                ) from error
        return found


class _Gates(NamedTuple):
    """What must stand in a text before an expression is tried on it.

    ``first`` pairs each string of an expression's rarest piece with the expression, ``others`` each string of
    the other pieces with the piece; ``needs`` (n_phrases, most pieces) lists those others, filled up with
    ``n_pieces``; ``always`` are the expressions that need nothing.
    """

    first: list[tuple[str, int]]
    others: list[tuple[str, int]]
    needs: NDArray[np.int64]
    n_pieces: int
    always: list[int]

    @classmethod
    def of(cls, patterns: dict[int, str]) -> _Gates:
        first: list[tuple[str, int]] = []
        always: list[int] = []
        known: dict[frozenset[str], int] = {}
        needs: dict[int, list[int]] = {}
        for number, pattern in patterns.items():
            pieces = ordered_pieces(pattern)
            if not pieces:
                always.append(number)
                continue
            first.extend((text, number) for text in pieces[0])
            needs[number] = [known.setdefault(piece, len(known)) for piece in pieces[1:]]
        table = np.full(
            (max(patterns, default=-1) + 1, max(map(len, needs.values()), default=0)), len(known), np.int64
        )
        for number, row in needs.items():
            table[number, : len(row)] = row
        others = [(text, number) for piece, number in known.items() for text in piece]
        return cls(first, others, table, len(known), always)

    def words(self) -> Iterable[str]:
        yield from (word for word, _ in self.first)
        yield from (word for word, _ in self.others)


class _Owners:
    """For each of ``n_words`` words, the numbers that own it."""

    def __init__(self, n_words: int, pairs: Sequence[tuple[int, int]]) -> None:
        table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        table = table[np.argsort(table[:, 0], kind="stable")]
        self._counts = np.bincount(table[:, 0], minlength=n_words)
        self._first = np.cumsum(self._counts) - self._counts
        self._numbers = np.ascontiguousarray(table[:, 1])

    def of(self, words: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a row for each owner of each of ``words``: position in ``words``, and the number."""
        counts = self._counts[words]
        rows = np.repeat(np.arange(len(words)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self._numbers[self._first[words[rows]] + within]

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return how many numbers each word has, where they begin, and all numbers."""
        return self._counts, self._first, self._numbers


def _inside(
    found: Found, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[Found, NDArray[np.int64]]:
    """Return the occurrences that lie in one span, and the span of each."""
    edges = np.empty(2 * len(starts) + 1, dtype=np.int64)
    edges[0], edges[1::2], edges[2::2] = 0, starts, ends
    numbers = np.full(2 * len(starts), -1, dtype=np.int32)
    numbers[1::2] = np.arange(len(starts))
    span = np.repeat(numbers, np.diff(edges))
    doc = span[found.start]
    kept = np.flatnonzero((doc >= 0) & (doc == span[found.start + found.length - 1]))
    return Found(*(column[kept] for column in found)), doc[kept].astype(np.int64)


def _order(
    number: NDArray[np.int64], start: NDArray[np.int64], length: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return the order by start, length and number: one key where they fit into 64 bits."""
    bits = [int(column.max(initial=0)).bit_length() for column in (number, length, start)]
    if sum(bits) > _KEY_BITS:
        return np.lexsort((number, length, start))
    return np.argsort((start << (bits[0] + bits[1])) | (length << bits[0]) | number)


def _distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
