"""All terms of a lexicon or taxonomy, found in one pass.

Plain phrases go through one Aho-Corasick automaton. A regular expression is tried only on texts which
contain one of the literal pieces that each of its matches must contain; those pieces ride in the same
automaton.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.text.codepoints import Joined
from feedback_nlp.text.normalize import normalize

__all__ = ["REGEX_MARK", "Matches", "TermMatcher", "normalize_pattern", "required_literals"]

REGEX_MARK = "re:"
# Tokens of a pattern that normalising must leave alone: escapes (\S is not \s) and group openings ((?P<).
_PATTERN_TOKEN = re.compile(r"\\.|\(\?P?[<=!:]?|.", re.DOTALL)
_META = frozenset(".^$*+?{}[]\\|()")
# Tokens of a pattern for finding its literal pieces: escape, class, counted repeat, any other character.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[\d,]*\}|.", re.DOTALL)
_OPTIONAL = re.compile(r"[?*]|\{0?,|\{0\}")
_PLAIN_GROUP = re.compile(r"\((?:\?:)?([^()\[\]{}.^$*+?\\]+)\)(?![?*]|\{0?,|\{0\})")


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

    Raises
    ------
    ConfigError
        For a regular expression that does not compile.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        self.phrases = tuple(phrases)
        self._regexes: dict[int, re.Pattern[str]] = {}
        self._always: list[int] = []
        plain: dict[str, list[int]] = {}
        self._gates: dict[str, list[int]] = {}
        for number, phrase in enumerate(self.phrases):
            if phrase.startswith(REGEX_MARK):
                self._add_regex(number, phrase[len(REGEX_MARK) :])
            elif phrase:
                plain.setdefault(normalize(phrase), []).append(number)
        self._words = list({**plain, **self._gates})
        self._plain_ids = [plain.get(word, []) for word in self._words]
        self._gate_ids = [self._gates.get(word, []) for word in self._words]
        self._automaton = ahocorasick_rs.AhoCorasick(self._words) if self._words else None

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
        plain, gated = self._scan(text)
        found = list(plain)
        for number in sorted({*self._always, *gated}):
            found.extend((number, *span) for span in self._spans(number, text))
        return sorted(found, key=itemgetter(1, 2, 0))

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
        plain, gated = self._scan_column(joined)
        rows = [plain, self._regex_rows(texts, gated)]
        table = np.concatenate([row for row in rows if len(row)] or [np.zeros((0, 4), dtype=np.int64)])
        table = table[np.lexsort((table[:, 1], table[:, 3], table[:, 2], table[:, 0]))]
        doc, number, start, end = table.T
        return Matches(doc.copy(), number.astype(np.int32), start.astype(np.int32), end.astype(np.int32))

    def _add_regex(self, number: int, pattern: str) -> None:
        normal = normalize_pattern(pattern)
        try:
            self._regexes[number] = re.compile(normal)
        except re.error as error:
            raise ConfigError(
                Bilingual(
                    f"正则表达式“{pattern}”有误：{error}。", f"Bad regular expression '{pattern}': {error}."
                ),
                Bilingual("改正词表里的这一条。", "Mend this entry of the term list."),
            ) from error
        literals = required_literals(normal)
        for literal in literals:
            self._gates.setdefault(literal, []).append(number)
        if not literals:
            self._always.append(number)

    def _scan(self, text: str) -> tuple[Iterator[tuple[int, int, int]], set[int]]:
        """Return plain occurrences and the regular expressions worth trying."""
        hits = self._automaton.find_matches_as_indexes(text, overlapping=True) if self._automaton else []
        plain = ((number, start, end) for word, start, end in hits for number in self._plain_ids[word])
        return plain, {number for word, _, _ in hits for number in self._gate_ids[word]}

    def _scan_column(self, joined: Joined) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
        """Return plain occurrences as rows (doc, id, start, end), and the (regex, doc) pairs worth trying."""
        if self._automaton is None:
            return np.zeros((0, 4), dtype=np.int64), []
        hits = self._automaton.find_matches_as_indexes(joined.text, overlapping=True)
        table = np.array(hits, dtype=np.int64).reshape(-1, 3)
        doc = joined.locate(table[:, 1])
        origin = joined.starts[doc]
        spans = np.stack([doc, table[:, 0], table[:, 1] - origin, table[:, 2] - origin], axis=1)
        pairs = _expand(spans[:, :2], self._gate_ids)
        return _expand(spans, self._plain_ids), [
            (number, text) for text, number in np.unique(pairs, axis=0).tolist()
        ]

    def _regex_rows(self, texts: Sequence[str], gated: list[tuple[int, int]]) -> NDArray[np.int64]:
        """Return the occurrences of regular expressions as rows (doc, id, start, end)."""
        tried = [(number, doc) for number in self._always for doc in range(len(texts))] + gated
        rows: list[tuple[int, int, int, int]] = []
        for number, pairs in groupby(sorted(tried), key=itemgetter(0)):
            rows.extend((doc, number, *span) for _, doc in pairs for span in self._spans(number, texts[doc]))
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    def _spans(self, number: int, text: str) -> Iterator[tuple[int, int]]:
        return (match.span() for match in self._regexes[number].finditer(text) if match.end() > match.start())


def _expand(rows: NDArray[np.int64], owners: list[list[int]]) -> NDArray[np.int64]:
    """Replace column 1, a word, by each phrase that owns the word; rows whose word has no owner go."""
    counts = np.fromiter(map(len, owners), dtype=np.int64, count=len(owners))
    flat = np.array([number for ids in owners for number in ids], dtype=np.int64)
    first = np.cumsum(counts) - counts
    repeats = counts[rows[:, 1]]
    grown = np.repeat(rows, repeats, axis=0)
    within = np.arange(len(grown)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    grown[:, 1] = flat[first[grown[:, 1]] + within] if len(grown) else 0
    return grown


def normalize_pattern(pattern: str) -> str:
    """Return a regular expression with its literal characters in normal form."""
    return "".join(map(_normal_token, _PATTERN_TOKEN.findall(pattern)))


def _normal_token(token: str) -> str:
    if len(token) > 1:
        return token
    normal = normalize(token)
    # A full-width bracket must not become a half-width one with a meaning.
    return "\\" + normal if normal != token and normal in _META else normal


def required_literals(pattern: str) -> list[str]:
    """Return pieces of which every match of ``pattern`` contains at least one; empty if none is found.

    Conservative: only runs of plain characters and groups of plain alternatives outside other groups are
    looked at.
    """
    groups = [
        match[1].split("|") for match in _PLAIN_GROUP.finditer(pattern) if _top_level(pattern, match.start())
    ]
    options = [group for group in groups if all(group)] + [[run] for run in _runs(pattern)]
    if _has_top_bar(pattern):
        return []
    return max(options, key=lambda option: min(map(len, option)), default=[])


def _depths(pattern: str) -> Iterator[tuple[str, int, int]]:
    """Yield the tokens of a pattern with their position and the depth of the groups around them."""
    depth = 0
    for match in _PIECE.finditer(pattern):
        token = match[0]
        depth -= token == ")"
        yield token, match.start(), depth
        depth += token == "("


def _top_level(pattern: str, position: int) -> bool:
    """Whether the token at ``position`` is outside all groups."""
    return any(start == position and depth == 0 for _, start, depth in _depths(pattern))


def _has_top_bar(pattern: str) -> bool:
    return any(token == "|" and depth == 0 for token, _, depth in _depths(pattern))


def _runs(pattern: str) -> list[str]:
    """Return the runs of plain characters outside groups, without characters that may be missing."""
    runs, current = [], ""
    for token, start, depth in _depths(pattern):
        follows = pattern[start + len(token) :]
        plain = depth == 0 and len(token) == 1 and token not in _META
        if plain and not _OPTIONAL.match(follows):
            current += token
            continue
        runs.append(current)
        current = ""
    return [run for run in [*runs, current] if run]
