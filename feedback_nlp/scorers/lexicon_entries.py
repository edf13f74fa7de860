"""Everything the lexicon scorer looks for, compiled into one matcher."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from feedback_nlp.scorers.lexicon_words import Words
from feedback_nlp.taxonomy import GENERAL, REGEX_MARK, Taxonomy
from feedback_nlp.text.terms import TermMatcher, normalize_pattern

__all__ = ["Entry", "Hit", "Kind", "compile_boundaries", "compile_entries", "hits_by_text"]


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


class Entry(NamedTuple):
    """A phrase with its meaning; ``facet`` is a position on the facet axis or -1."""

    phrase: str
    kind: Kind
    facet: int
    value: float


class Hit(NamedTuple):
    """An entry found at [start, end)."""

    start: int
    end: int
    entry: Entry


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


def compile_entries(taxonomy: Taxonomy, words: Words) -> tuple[list[Entry], TermMatcher]:
    """Return all entries and their matcher, whose ids are positions in the list."""
    entries = [*_facet_entries(taxonomy), *_word_entries(words)]
    return entries, TermMatcher([entry.phrase for entry in entries])


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


def compile_boundaries(taxonomy: Taxonomy, words: Words) -> dict[int, list[tuple[re.Pattern[str], int]]]:
    """Return for each facet the words at which it yields, and to which; unknown facets are left out."""
    result: dict[int, list[tuple[re.Pattern[str], int]]] = {}
    for facet, other, pattern in words.boundaries:
        if facet in taxonomy.index and other in taxonomy.index:
            rule = re.compile(normalize_pattern(pattern)), taxonomy.index[other]
            result.setdefault(taxonomy.index[facet], []).append(rule)
    return result


def hits_by_text(entries: list[Entry], matcher: TermMatcher, texts: list[str]) -> list[list[Hit]]:
    """Return the hits of each normalised text, by start, then end."""
    found: list[list[Hit]] = [[] for _ in texts]
    rows = zip(*(column.tolist() for column in matcher.find_column(texts)), strict=True)
    for doc, number, start, end in rows:
        found[doc].append(Hit(start, end, entries[number]))
    return found
