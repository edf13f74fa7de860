"""Short problem phrases out of clauses that no named problem covers: what they are about and what is wrong.

泳池太小, 游泳池有点窄 and 泳池不够大 all give 泳池小; a clause that names an aspect only says with its facet
what is wrong (泳池差; see ``faults``); one that names none and blames gives the blame (旧了点: 陈旧).
Words that the lists do not know come in as the customers' own. The phrases depend on the clause and its facet
only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from feedback_nlp.insight.aspects import EMPTY, KINDS, Aspect, Complaint, Lexis, load_lexis, longest
from feedback_nlp.insight.faults import Fault, alone, fault, same_issue
from feedback_nlp.scorers.lexicon_words import load_words
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.terms import TermMatcher
from feedback_nlp.text.words import default_segmenter, nouns

__all__ = ["LONGEST", "Phrase", "one_name", "phrases"]

# A name, not a sentence; in characters.
LONGEST = 10
# Clauses are read up to here: only speech without punctuation is longer.
_READ = 200
# An aspect further before its complaint is likely to belong to another one; behind it, to another clause.
_REACH = 6
_BEHIND = 3
# Aspects that no list knows: the customers' own words.
OWN = "own"
_SERVICE = "service"
_NEGATED = re.compile(r"(?:不|没有?|无|未|别)(?:是|会|能|怎么|太|够|很|那么|多)?$")
# The dictionary calls some scraps of speech nouns (给我发).
_SPOKEN = re.compile("[我你您]")
_DOUBT = re.compile("[不没无未别难]")
# Polarity from which an opinion word counts as praise.
_PRAISE = 0.5
_SUFFIX, _SUFFIX_EN = "问题", "problems"
_ABOUT = "·"
_BAN, _BAN_EN = "不让", "not allowed"


@dataclass(frozen=True)
class Phrase:
    """A name that an issue may get.

    Attributes
    ----------
    zh : str
        At most ``LONGEST`` characters; also what the issue's id is made of.
    en : str
        Empty where it is in the customers' own words.
    word : str
        The word in it that no list knows, for words alike to be joined; mostly empty.
    sure : bool
        Whether few who say it are enough to name an issue: it is made of one entry of the lists.
    """

    zh: str
    en: str = field(default="", compare=False)
    word: str = field(default="", compare=False)
    sure: bool = field(default=False, compare=False)


class _Named(NamedTuple):
    """An aspect where it stands."""

    start: int
    end: int
    aspect: Aspect


class _Blame(NamedTuple):
    """A complaint where it stands."""

    start: int
    end: int
    complaint: Complaint


@dataclass
class _Clause:
    """What the lists find in a clause."""

    text: str
    facet: str
    aspects: list[_Named] = field(default_factory=list)
    complaints: list[_Blame] = field(default_factory=list)
    silent: list[_Blame] = field(default_factory=list)
    praised: bool = False


def phrases(texts: Sequence[str], facets: Sequence[str], taxonomy: Taxonomy) -> list[tuple[Phrase, ...]]:
    """Return the phrases that may name each clause's issue, the most telling first, as they are put.

    Parameters
    ----------
    texts : sequence of str, length n
        Clauses in normal form.
    facets : sequence of str, length n
        Code of the facet that each clause is negative about.
    taxonomy : Taxonomy
        Its ``terms`` name aspects of a facet besides the shipped list.

    Returns
    -------
    list of tuple of Phrase, length n
        Empty for clauses that name neither an aspect nor a complaint, or praise only.
    """
    if not texts:
        return []
    texts = [text[:_READ] for text in texts]
    lexis = load_lexis()
    owners, matcher = _term_matcher(taxonomy)
    listed = longest(lexis.aspect_matcher.find_column(texts), len(texts))
    terms = longest(matcher.find_column(texts), len(texts))
    opinions = longest(lexis.complaint_matcher.find_column(texts), len(texts))
    result: list[tuple[Phrase, ...]] = []
    for place, (text, facet) in enumerate(zip(texts, facets, strict=True)):
        clause = _Clause(text, facet)
        _judge(clause, opinions[place], lexis)
        _name_aspects(clause, listed[place], lexis)
        own = [(owners[number], start, end) for number, start, end in terms[place]]
        _name_terms(clause, [span for span in own if facet in span[0][1]])
        result.append(tuple(_candidates(clause, taxonomy)))
    return result


def _judge(clause: _Clause, opinions: list[tuple[int, int, int]], lexis: Lexis) -> None:
    """Add what blames in the clause, and whether something praises."""
    for number, start, end in opinions:
        said, negated = lexis.complaints[number], _NEGATED.search(clause.text[:start])
        if isinstance(said, Complaint):
            clause.praised |= said.praises
            if said.praises or said.neutral:
                clause.silent.append(_Blame(start, end, said))
            elif said.leads or negated is None:
                clause.complaints.append(_Blame(start, end, said))
        elif negated is None:
            clause.praised |= said >= _PRAISE
            if said < 0:
                clause.complaints.append(_Blame(start, end, Complaint(clause.text[start:end])))
        elif said > 0:
            said_so = Complaint(negated[0][0] + clause.text[start:end])
            clause.complaints.append(_Blame(negated.start(), end, said_so))


def _name_aspects(clause: _Clause, listed: list[tuple[int, int, int]], lexis: Lexis) -> None:
    for number, start, end in listed:
        meant = next((each for each in lexis.aspects[number] if each.holds_in(clause.facet)), None)
        if meant is not None and not _unsaid(clause, meant, start, end):
            clause.aspects.append(_Named(start, end, meant))


def _unsaid(clause: _Clause, meant: Aspect, start: int, end: int) -> bool:
    """Whether a word is part of a complaint (卫生 in 不卫生), or a trouble that is denied (没有异味)."""
    if meant.kind == "trouble":
        return _NEGATED.search(clause.text[:start]) is not None
    return any(blame.start <= start and end <= blame.end for blame in clause.complaints)


def _name_terms(clause: _Clause, terms: list[tuple[tuple[str, frozenset[str]], int, int]]) -> None:
    """Add the facet's own terms where the shipped list has no aspect."""
    known: list[_Named | _Blame] = [span for span in clause.aspects if span.aspect.kind != EMPTY]
    known += clause.complaints
    for (term, _), start, end in terms:
        span = _Named(start, end, Aspect(term, "", OWN))
        if not any(_overlap(span, other) for other in known):
            clause.aspects.append(span)
    clause.aspects.sort(key=lambda span: span.start)


def _candidates(clause: _Clause, taxonomy: Taxonomy) -> list[Phrase]:
    if clause.praised and not clause.complaints and not _DOUBT.search(clause.text):
        return []
    named = [span for span in clause.aspects if span.aspect.kind != EMPTY]
    ordered = sorted(clause.complaints, key=lambda span: (span.complaint.vague, -span.start))
    pair = next(
        ((aspect, span) for span in ordered if (aspect := _nearest(named, span, clause.text)) is not None),
        None,
    )
    found = [_paired(*pair, clause.facet)] if pair else []
    listed = [span for span in named if span.aspect.kind != OWN]
    foremost = _foremost(listed, clause.facet).aspect if listed else None
    label = (taxonomy.label(clause.facet), taxonomy.label(clause.facet, "en"))
    own = alone(clause.facet)
    blanket = [_blanket(span.complaint, own, *label) for span in ordered[:1] if span.complaint.alone]
    if foremost is not None:
        # What is wrong tells more than what it is about where nothing is named (又拖了三天: 一直拖延).
        found += blanket if foremost.kind == "concern" else _about(foremost, listed)
        found.append(_whole(foremost, clause.facet))
        # Where too few speak of the aspect, the facet says what is wrong.
        found += [] if own is None else [Phrase(own.zh, own.en, sure=True)]
    else:
        found += [*(() if pair else _own_words(clause, ordered)), *blanket]
    return [phrase for phrase in found if 1 < len(phrase.zh) <= LONGEST]


def one_name(phrase: Phrase, facet: str) -> Phrase:
    """Return the phrase under the one name that its issue has in ``facet``, however it is put."""
    same = same_issue(facet, phrase.zh)
    return phrase if same is None else Phrase(same.zh, same.en, sure=phrase.sure)


def _nearest(aspects: list[_Named], blame: _Blame, text: str) -> _Named | None:
    """Return the aspect that a complaint is about: one before it rather than one behind it."""
    aspects = [span for span in aspects if blame.complaint.fits(span.aspect)]
    behind = [span for span in aspects if 0 <= span.start - blame.end <= _BEHIND]
    if blame.complaint.leads:
        near = [span for span in behind if span.start == blame.end]
        return near[0] if near and near[0].aspect.kind in ("thing", OWN) else None
    before = [span for span in aspects if 0 <= blame.start - span.end <= _REACH]
    if before:
        return before[-1]
    return behind[0] if behind and "的" in text[blame.end : behind[0].start] else None


def _foremost(aspects: list[_Named], facet: str) -> _Named:
    """Return the aspect that tells most; of a service that is who serves."""
    served = facet.partition(".")[0] == _SERVICE

    def place(span: _Named) -> tuple[int, int]:
        kind = span.aspect.kind
        return (-1 if served and kind == "people" else KINDS.index(kind), span.start)

    return min(aspects, key=place)


def _paired(named: _Named, blame: _Blame, facet: str) -> Phrase:
    what, wrong = named.aspect, blame.complaint
    en = f"{what.name_en}: {wrong.name_en}" if what.name_en and wrong.name_en else ""
    if what.name.endswith(wrong.name) or (what.telling and wrong.vague):
        return _whole(what, facet)
    if wrong.name.startswith(what.name):
        return Phrase(wrong.name, en)
    if wrong.leads:
        return Phrase((_BAN if wrong.name.startswith(_BAN) else wrong.name) + what.name, en)
    return Phrase(what.name + wrong.name, en)


def _about(aspect: Aspect, listed: list[_Named]) -> list[Phrase]:
    """Return what the trouble with people or with what is done is about: 安装·等待时间."""
    if aspect.kind not in ("people", "act"):
        return []
    concerns = [span.aspect for span in listed if span.aspect.kind == "concern"]
    return [
        Phrase(f"{aspect.name}{_ABOUT}{concern.name}", f"{aspect.name_en}: {concern.name_en.lower()}")
        for concern in concerns[:1]
    ]


def _whole(aspect: Aspect, facet: str) -> Phrase:
    if aspect.telling:
        return Phrase(aspect.name, aspect.name_en, sure=True)
    wrong = fault(facet, aspect)
    if wrong is not None:
        return Phrase(wrong.zh, wrong.en)
    en = f"{aspect.name_en}: {_SUFFIX_EN}" if aspect.name_en else ""
    return Phrase(aspect.name + _SUFFIX, en, sure=aspect.kind != OWN)


def _blanket(complaint: Complaint, own: Fault | None, facet: str, facet_en: str) -> Phrase:
    if complaint.alone == "=" and own is not None:
        return Phrase(own.zh, own.en, sure=True)
    en = f"{facet_en}: {complaint.name_en}" if complaint.name_en else ""
    return Phrase(facet + complaint.name if complaint.alone in ("+", "=") else complaint.alone, en, sure=True)


def _own_words(clause: _Clause, blames: list[_Blame]) -> list[Phrase]:
    """Return phrases of a noun that no list knows: with the complaint behind it, and alone."""
    known: list[_Named | _Blame] = [*clause.aspects, *clause.complaints, *clause.silent]
    words = [span for span in _nouns_of(clause.text) if not any(_overlap(span, other) for other in known)]
    if not words:
        return []
    for blame in blames:
        near = [span for span in words if 0 <= blame.start - span.end <= _REACH]
        if near and not blame.complaint.leads:
            word = near[-1].aspect.name
            return [Phrase(word + blame.complaint.name, word=word), _alone(word, clause.facet)]
    return [_alone(words[0].aspect.name, clause.facet)]


def _alone(word: str, facet: str) -> Phrase:
    wrong = fault(facet, Aspect(word, "", OWN))
    return Phrase(word + _SUFFIX if wrong is None else wrong.zh, word=word)


def _overlap(one: _Named | _Blame, other: _Named | _Blame) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _nouns_of(text: str) -> list[_Named]:
    modifiers = load_words().modifiers
    known, listed = nouns(), load_lexis().words
    return [
        _Named(start, end, Aspect(word, "", OWN))
        for word, start, end in default_segmenter().cut(text)
        if word in known and word not in modifiers and word not in listed and not _SPOKEN.search(word)
    ]


@lru_cache(maxsize=4)
def _term_matcher(taxonomy: Taxonomy) -> tuple[list[tuple[str, frozenset[str]]], TermMatcher]:
    """Return each aspect term with the facets that own it, and the matcher of these terms."""
    owners: dict[str, set[str]] = {}
    for facet in taxonomy.facets:
        for term in facet.terms:
            if not term.startswith("re:"):
                owners.setdefault(term, set()).add(facet.code)
    terms = sorted(owners)
    return [(term, frozenset(owners[term])) for term in terms], TermMatcher(terms)
