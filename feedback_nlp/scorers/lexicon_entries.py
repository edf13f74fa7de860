"""Everything the lexicon scorer looks for, compiled into one matcher."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.scorers.lexicon_words import Words
from feedback_nlp.taxonomy import GENERAL, REGEX_MARK, Taxonomy
from feedback_nlp.text.normalize import normalize
from feedback_nlp.text.terms import TermMatcher

__all__ = ["Entries", "Entry", "Kind"]


class Kind(IntEnum):
    """What a matched phrase says."""

    TERM = 0  # names the subject
    PATTERN = 1  # names the subject, without a fixed wording
    PHRASE = 2  # names subject and polarity at once
    OPINION = 3  # a polarity word
    ADJECTIVE = 4  # a polarity that depends on its noun
    NOUN = 5  # a noun that such adjectives are said of
    NEGATION = 6
    DEGREE = 7
    DOUBT = 8
    CONTRAST = 9
    WISH = 10
    IRONY = 11
    WHOLE = 12  # speaks of the whole (总体)
    BLANK = 13  # holds an opinion word but no opinion (差价)
    BOUNDARY = 14  # decides between two facets; says nothing itself


class Entry(NamedTuple):
    """A phrase with its meaning; ``facet`` is a position on the facet axis or -1."""

    phrase: str
    kind: Kind
    facet: int
    value: float


# Words without polarity that are a judgement all the same: lukewarm. The others only keep opinion words in
# them from being found.
_LUKEWARM = re.compile(
    "一般|还行|还好|凑合|将就|马虎|中规中矩|普通|平平|不好不坏|无功无过|[那这]样|差不多|[说谈]不上|没什么?特别|正常|"
    "可有可无|中等|中庸|及格|[😐😶🤔]"
)
# Kinds of modifiers.tsv that act alike.
_MODIFIERS = {
    "negation": Kind.NEGATION,
    "degree": Kind.DEGREE,
    "doubt": Kind.DOUBT,
    "condition": Kind.DOUBT,
    "contrast": Kind.CONTRAST,
    "wish": Kind.WISH,
    "irony": Kind.IRONY,
}


class Entries:
    """All entries as arrays, and what finds them.

    Parameters
    ----------
    taxonomy : Taxonomy
    words : Words

    Attributes
    ----------
    kind, facet : int64 arrays of shape (n_entries,)
        What each entry says, and its position on the facet axis (of a boundary: its rule) or -1.
    value : float64 array of shape (n_entries,)
    regex : bool array of shape (n_entries,)
    place : int64 array of shape (n_entries,)
        Row of a noun, or column of an adjective, in ``conditioned``; 0 for others.
    conditioned : float64 array of shape (n_nouns, n_adjectives)
        Polarity of an adjective said of a noun; NaN where the lists have none.
    rules : tuple of (facet, facet)
        Where a boundary's words stand in a clause, the first facet yields to the second. In order.
    matcher : TermMatcher
        Its ids are positions in these arrays.
    """

    def __init__(self, taxonomy: Taxonomy, words: Words) -> None:
        known = [row for row in words.boundaries if row[0] in taxonomy.index and row[1] in taxonomy.index]
        self.rules = tuple((taxonomy.index[facet], taxonomy.index[other]) for facet, other, _ in known)
        entries = [
            *_facet_entries(taxonomy),
            *_word_entries(words),
            *_boundary_entries([pattern for *_, pattern in known]),
        ]
        self.kind = np.array([entry.kind for entry in entries], dtype=np.int64)
        self.facet = np.array([entry.facet for entry in entries], dtype=np.int64)
        self.value = np.array([entry.value for entry in entries], dtype=np.float64)
        self.regex = np.array([entry.phrase.startswith(REGEX_MARK) for entry in entries], dtype=bool)
        self.place, self.conditioned = _conditioned(entries, words)
        # The taxonomy has compiled its expressions when it was read; a test does it for the word lists.
        self.matcher = TermMatcher([entry.phrase for entry in entries], checked=True)


def _facet_entries(taxonomy: Taxonomy) -> Iterator[Entry]:
    for position, facet in enumerate(taxonomy.facets):
        if facet.code == GENERAL:
            # Its phrases (不错, 垃圾) are opinions about whatever the clause is about.
            yield from (Entry(phrase, Kind.WHOLE, position, 0.0) for phrase in facet.terms)
            yield from (Entry(phrase, Kind.OPINION, -1, 0.7) for phrase in facet.positive)
            yield from (Entry(phrase, Kind.OPINION, -1, -0.7) for phrase in facet.negative)
            continue
        yield from (Entry(phrase, Kind.TERM, position, 0.0) for phrase in facet.terms)
        yield from (Entry(REGEX_MARK + phrase, Kind.PATTERN, position, 0.0) for phrase in facet.patterns)
        yield from (Entry(phrase, Kind.PHRASE, position, 1.0) for phrase in facet.positive)
        yield from (Entry(phrase, Kind.PHRASE, position, -1.0) for phrase in facet.negative)


def _word_entries(words: Words) -> Iterator[Entry]:
    for word, value in words.polarity.items():
        blank = value == 0 and not _LUKEWARM.search(word)
        yield Entry(word, Kind.BLANK if blank else Kind.OPINION, -1, value)
    for word, (kind, weight) in words.modifiers.items():
        if kind in _MODIFIERS:
            yield Entry(word, _MODIFIERS[kind], -1, weight)
    nouns = dict.fromkeys(noun for noun, _ in words.conditioned)
    adjectives = dict.fromkeys(word for _, word in words.conditioned)
    yield from (Entry(noun, Kind.NOUN, -1, 0.0) for noun in nouns)
    yield from (Entry(word, Kind.ADJECTIVE, -1, 0.0) for word in adjectives)


def _boundary_entries(patterns: Sequence[str]) -> Iterator[Entry]:
    for rule, pattern in enumerate(patterns):
        # Most are a list of words; those need no expression.
        plain = re.fullmatch(r"[^\\^$.|?*+()\[\]{}]+(\|[^\\^$.|?*+()\[\]{}]+)*", pattern)
        phrases = pattern.split("|") if plain else [REGEX_MARK + pattern]
        yield from (Entry(phrase, Kind.BOUNDARY, rule, 0.0) for phrase in phrases)


def _conditioned(entries: Sequence[Entry], words: Words) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the place of nouns and adjectives, and the polarity of each pair."""
    place = np.zeros(len(entries), dtype=np.int64)
    texts: dict[Kind, list[str]] = {Kind.NOUN: [], Kind.ADJECTIVE: []}
    for position, entry in enumerate(entries):
        if entry.kind in texts:
            place[position] = len(texts[entry.kind])
            # As it stands in a text, which is in normal form.
            texts[entry.kind].append(normalize(entry.phrase))
    nouns, adjectives = texts[Kind.NOUN], texts[Kind.ADJECTIVE]
    row = {noun: position for position, noun in enumerate(nouns)}
    column = {word: position for position, word in enumerate(adjectives)}
    table = np.full((len(nouns), len(adjectives)), np.nan)
    for (noun, word), value in words.conditioned.items():
        if noun in row and word in column:
            table[row[noun], column[word]] = value
    return place, table
