"""The lexicon scorer, clause by clause and phrase by phrase: slow, plain, what the fast one must equal.

This is how the scorer worked before it worked on arrays; the shipped weights were learnt with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.lexicon_entries import Entry, Kind, _facet_entries, _word_entries
from feedback_nlp.scorers.lexicon_reading import Level
from feedback_nlp.scorers.lexicon_tables import FLAG_SCORES, evidence_table, overall_probabilities
from feedback_nlp.scorers.lexicon_words import Words
from feedback_nlp.taxonomy import GENERAL, REGEX_MARK, Taxonomy
from feedback_nlp.text.clauses import cut_column
from feedback_nlp.text.normalize import normalize
from feedback_nlp.text.patterns import normalize_pattern


class Hit(NamedTuple):
    start: int
    end: int
    entry: Entry


# A modifier acts on an opinion at most this many characters behind it.
REACH = 4
# 不差 praises less than 好: a negated opinion keeps this share of its strength.
NEGATED_BLAME, NEGATED_PRAISE = 0.6, 0.9
# A clause that is only a subject is at most so long, with so many characters beside the subject.
BARE_LENGTH, BARE_REST = 6, 1
# Weight of a doubt from which down a clause only supposes (如果).
SUPPOSED = 0.3
# What a strengthened lukewarm word is worth.
PLAIN_BLAME = 0.4
# Values this near to zero are lukewarm.
LUKEWARM = 0.15
# Between a noun and its adjective stand only such characters (噪音还是有点大).
_BETWEEN = re.compile(
    "[的是也都还就有点些很太较挺真好超最更非常特别不又实在确也比一般么那这相当略偏极得算了上没却倒并未够怎可越来]*"
)
_FILLERS = re.compile(
    "[的了啊呀吧呢哦啦吗嘛么哈唉哎是就都也还又再才只却真我你他她它这那个家一些有点体来说感觉得第次。!~ ]"
)
_NEGATED = re.compile("[不没无未]")
# The other one is better: 没有上次效果好.
_OUTDONE = re.compile("没有?.{2,12}(?:好|强|快|清晰|好吃|好用|便宜|舒服|划算|方便)$")
_JOINED = re.compile(r"\A(?:[和与跟及]|以及|还有|或|、)+")


class Evidence(NamedTuple):
    """A facet that a clause speaks of."""

    facet: int
    level: Level
    value: float


class Reading(NamedTuple):
    """What a clause says.

    Attributes
    ----------
    evidence : tuple of Evidence
        One per facet.
    free : float or None
        Sum of the opinions that no facet took; None where there is none.
    rest : int
        Characters of the clause outside opinions and fillers; counted only where there is no evidence.
    bare : bool
        Whether it is nothing but a subject.
    contrast : bool
        Whether it opens with a word like 但是.
    whole : bool
        Whether it speaks of the whole (总体).
    """

    evidence: tuple[Evidence, ...]
    free: float | None
    rest: int
    bare: bool
    contrast: bool
    whole: bool


NOTHING = Reading((), None, rest=0, bare=False, contrast=False, whole=False)


class _Opinion(NamedTuple):
    start: int
    end: int
    value: float


def read_clause(
    text: str,
    hits: list[Hit],
    conditioned: Mapping[tuple[str, str], float],
    boundaries: Mapping[int, Sequence[tuple[re.Pattern[str], int]]] = MappingProxyType({}),
) -> Reading:
    """Return the reading of one clause.

    Parameters
    ----------
    text : str
        The clause in normal form.
    hits : list of Hit
        Everything found in it.
    conditioned : mapping
        Polarity of (noun, adjective).
    boundaries : mapping
        For a facet, words of the clause and the facet that it yields to when they are there.
    """
    if not hits:
        return NOTHING
    if "不" in text or "好" in text:
        hits = [hit for hit in hits if not (_asked(text, hit) or _out_of_place(text, hit, hits))]
    subjects = _subjects(hits)
    phrases = [hit for hit in subjects if hit.entry.kind is Kind.PHRASE]
    words = _words(text, hits, phrases, conditioned)
    opinions, judged = _opinions(text, words, [_reverse(text, hit, hits) for hit in phrases])
    found = [Evidence(hit.entry.facet, Level.PHRASE, value) for hit, value in judged]
    terms = [hit for hit in subjects if hit.entry.kind is not Kind.PHRASE]
    wish = next((hit.entry.value for hit in words if hit.entry.kind is Kind.WISH), None)
    used, linked = _link(text, terms, opinions, phrases, wish)
    free = [opinion.value for position, opinion in enumerate(opinions) if position not in used]
    evidence = _merge([_settle(text, item, boundaries) for item in (*found, *linked)])
    if any(hit.entry.kind is Kind.DOUBT and hit.entry.value <= SUPPOSED for hit in words):
        level = Level.TERM if wish is None else Level.WISH
        evidence = tuple(Evidence(item.facet, min(item.level, level), wish or 0.0) for item in evidence)
    return Reading(
        evidence,
        sum(free) if free else None if evidence else wish,
        _rest(text, words) if free and not evidence else 0,
        not opinions and not phrases and _bare(text, words, terms),
        any(hit.entry.kind is Kind.CONTRAST and hit.start <= 1 for hit in words),
        any(hit.entry.kind is Kind.WHOLE for hit in hits),
    )


def _asked(text: str, hit: Hit) -> bool:
    """Whether a judgement is asked for, not given (好不好)."""
    if hit.entry.kind is Kind.TERM:
        return False
    # Any part of the question 好不好 asks.
    for middle in (hit.end, hit.start, hit.start - 1):
        around = text[middle - 1 : middle], text[middle + 1 : middle + 2]
        if middle > 0 and text[middle : middle + 1] == "不" and around[0] == around[1]:
            return True
    return False


def _out_of_place(text: str, hit: Hit, hits: list[Hit]) -> bool:
    """Whether the 好 that a phrase ends with only strengthens the blame behind it (服务好差)."""
    if hit.entry.value <= 0 or text[hit.end - 1] != "好":
        return False
    return any(other.start == hit.end and other.entry.value < 0 for other in hits if _opines(other))


def _opines(hit: Hit) -> bool:
    return hit.entry.kind is Kind.OPINION


def _reverse(text: str, phrase: Hit, hits: list[Hit]) -> Hit:
    """Return a phrase found by a regular expression with the polarity of the opinion in it (隔音不差)."""
    if not phrase.entry.phrase.startswith(REGEX_MARK):
        return phrase
    kinds = (Kind.OPINION, Kind.NEGATION, Kind.DEGREE)
    inside = [hit for hit in hits if hit.entry.kind in kinds and _within(hit, phrase)]
    value = sum(opinion.value for opinion in _opinions(text, _longest(inside), [])[0])
    opposite = value * phrase.entry.value < 0 and _NEGATED.search(text, phrase.start, phrase.end) is not None
    return phrase._replace(entry=phrase.entry._replace(value=-phrase.entry.value)) if opposite else phrase


def _within(hit: Hit, other: Hit) -> bool:
    return other.start <= hit.start and hit.end <= other.end


def _subjects(hits: list[Hit]) -> list[Hit]:
    """Return terms, patterns and phrases that do not lie inside a longer term or phrase."""
    named = [hit for hit in hits if hit.entry.kind <= Kind.PHRASE]
    if len(named) < 2:
        return named
    # What a regular expression spans may name other subjects too (房间的卫生差).
    covers = [hit for hit in named if not hit.entry.phrase.startswith(REGEX_MARK)]
    return [hit for hit in named if not any(_inside(hit, other) for other in covers)]


def _inside(hit: Hit, other: Hit) -> bool:
    """Whether ``hit`` lies in ``other`` and says less."""
    if hit.start < other.start or hit.end > other.end:
        return False
    shorter = hit.end - hit.start < other.end - other.start
    return shorter or (hit.entry.kind < other.entry.kind and hit.entry.kind != Kind.PATTERN)


def _words(
    text: str, hits: list[Hit], phrases: list[Hit], conditioned: Mapping[tuple[str, str], float]
) -> list[Hit]:
    """Return opinions and modifiers, the longest where they overlap, none inside a phrase of a facet."""
    nouns = [hit for hit in hits if hit.entry.kind is Kind.NOUN]
    candidates: list[Hit] = []
    for hit in hits:
        if hit.entry.kind is Kind.ADJECTIVE and nouns:
            value = _conditioned(text, hit, nouns, conditioned)
            if value:
                candidates.append(Hit(hit.start, hit.end, hit.entry._replace(value=value)))
        elif hit.entry.kind is Kind.OPINION or hit.entry.kind > Kind.NOUN:
            candidates.append(hit)
    if phrases:
        candidates = [hit for hit in candidates if not any(_overlaps(hit, phrase) for phrase in phrases)]
    return _longest(candidates)


def _conditioned(
    text: str, hit: Hit, nouns: list[Hit], conditioned: Mapping[tuple[str, str], float]
) -> float:
    """Return the polarity of an adjective by the nearest noun before it, 0 where there is none."""
    adjective = text[hit.start : hit.end]
    for noun in reversed(nouns):
        if noun.end <= hit.start and _BETWEEN.fullmatch(text[noun.end : hit.start]):
            value = conditioned.get((text[noun.start : noun.end], adjective))
            if value is not None:
                return value
    return 0.0


def _overlaps(hit: Hit, other: Hit) -> bool:
    return hit.start < other.end and hit.end > other.start


def _longest(hits: Iterable[Hit]) -> list[Hit]:
    """Return hits that do not overlap, from the left, the longest of those that start together."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=_leftmost_longest):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def _leftmost_longest(hit: Hit) -> tuple[int, int, int]:
    return hit.start, -hit.end, hit.entry.kind


def _opinions(
    text: str, words: list[Hit], phrases: list[Hit]
) -> tuple[list[_Opinion], list[tuple[Hit, float]]]:
    """Return free opinions and the phrases with their values, after negation, degree, doubt and irony."""
    opinions: list[_Opinion] = []
    judged: list[tuple[Hit, float]] = []
    doubt, ironic = 1.0, any(hit.entry.kind is Kind.IRONY for hit in words)
    outdone = _OUTDONE.search(text)
    factor, negated, last = 1.0, False, -REACH
    for hit in sorted([*words, *phrases], key=lambda hit: (hit.start, hit.end)):
        kind = hit.entry.kind
        if hit.start - last > REACH:
            factor, negated = 1.0, False
        if kind is Kind.NEGATION:
            negated, last = not negated, hit.end
        elif kind is Kind.DEGREE:
            factor, last = factor * hit.entry.value, hit.end
        elif kind is Kind.DOUBT:
            doubt = min(doubt, hit.entry.value)
        elif kind in (Kind.OPINION, Kind.ADJECTIVE, Kind.PHRASE):
            near = hit.start - last <= (1 if kind is Kind.PHRASE else REACH)
            turned = negated and near
            if outdone and hit.end == len(text) and hit.start > outdone.start() and hit.entry.value > 0:
                turned = True
            value = _judge(hit.entry.value, factor, negated=turned, ironic=ironic) * doubt
            if kind is Kind.PHRASE:
                judged.append((hit, value))
            else:
                opinions.append(_Opinion(hit.start, hit.end, value))
            factor, negated, last = 1.0, False, -REACH
    return opinions, judged


def _judge(value: float, factor: float, *, negated: bool, ironic: bool) -> float:
    if negated:
        value *= -(NEGATED_BLAME if value < 0 else NEGATED_PRAISE)
    if ironic and value > 0:
        value = -value
    if value == 0 and factor > 1:
        # 很一般 is no longer lukewarm.
        return -PLAIN_BLAME
    return max(-1.0, min(1.0, value * factor))


def _link(
    text: str, terms: list[Hit], opinions: list[_Opinion], phrases: list[Hit], wish: float | None
) -> tuple[set[int], list[Evidence]]:
    """Give each term the opinion that is about it; return the opinions used and the evidence."""
    used: set[int] = set()
    found: list[Evidence] = []
    for place, term in enumerate(terms):
        behind = _behind(text, term, terms[place + 1 :], opinions, phrases)
        before = _before(term, terms[:place], opinions)
        pattern = term.entry.kind is Kind.PATTERN
        choice = behind if behind is not None else before
        if choice is not None:
            used.add(choice)
            strong = Level.PATTERN_OPINION if pattern else Level.OPINION
            level = strong if behind is not None else Level.BEFORE
            found.append(Evidence(term.entry.facet, level, opinions[choice].value))
        elif wish is not None:
            found.append(Evidence(term.entry.facet, Level.WISH, wish))
        else:
            level = Level.PATTERN if pattern else Level.TERM
            if not pattern and _describes(term, terms[place + 1 :], phrases):
                level = Level.MODIFIER
            found.append(Evidence(term.entry.facet, level, 0.0))
    return used, found


def _behind(
    text: str, term: Hit, later: list[Hit], opinions: list[_Opinion], phrases: list[Hit]
) -> int | None:
    """Return the first opinion in or behind the term with no other subject between, save 和."""
    limit = len(text)
    for other in [*later, *phrases]:
        apart = other.start >= term.end and other.entry.facet != term.entry.facet
        if apart and not _JOINED.match(text[term.end : other.start]):
            limit = min(limit, other.start)
    for position, opinion in enumerate(opinions):
        if opinion.start >= term.start and opinion.start < limit:
            return position
    return None


def _before(term: Hit, earlier: list[Hit], opinions: list[_Opinion]) -> int | None:
    """Return the last opinion before the term with no other subject between."""
    bound = max((other.end for other in earlier if other.entry.facet != term.entry.facet), default=0)
    for position in range(len(opinions) - 1, -1, -1):
        if opinions[position].end <= term.start and opinions[position].start >= bound:
            return position
    return None


def _describes(term: Hit, later: list[Hit], phrases: list[Hit]) -> bool:
    return any(
        other.start >= term.end and other.entry.facet != term.entry.facet for other in [*later, *phrases]
    )


def _bare(text: str, words: list[Hit], terms: list[Hit]) -> bool:
    """Whether a clause without an opinion is nothing but a subject."""
    return bool(terms) and len(text) <= BARE_LENGTH and _rest(text, [*words, *terms]) <= BARE_REST


def _rest(text: str, words: list[Hit]) -> int:
    """Return how many characters stand outside the opinions, modifiers and fillers."""
    kept, last = [], 0
    for hit in sorted(words):
        kept.append(text[last : max(hit.start, last)])
        last = max(hit.end, last)
    return len(_FILLERS.sub("", "".join([*kept, text[last:]])))


def _settle(
    text: str, item: Evidence, boundaries: Mapping[int, Sequence[tuple[re.Pattern[str], int]]]
) -> Evidence:
    """Return the evidence for the facet on whose side of the boundary the clause lies."""
    for words, facet in boundaries.get(item.facet, ()):
        if words.search(text):
            return item._replace(facet=facet)
    return item


def _merge(found: list[Evidence]) -> tuple[Evidence, ...]:
    """Return one evidence per facet: the strongest level, the sum of the values on that level."""
    best: dict[int, Evidence] = {}
    for evidence in found:
        old = best.get(evidence.facet)
        if old is None or evidence.level > old.level:
            best[evidence.facet] = evidence
        elif evidence.level == old.level:
            best[evidence.facet] = old._replace(value=max(-1.0, min(1.0, old.value + evidence.value)))
    return tuple(best.values())


# Characters beside the opinion of a clause that says nothing else, and of one that says little else.
PURE, SHORT = 0, 2
# Later clauses conclude, and what follows 但是 is the point: weights for the overall judgement.
LATE_WEIGHT, CONTRAST_WEIGHT = 0.5, 0.5
# Balance of praise and blame, from -1 to 1, from which on a review has a tone.
ONE_SIDED = 0.3
# A subject that was only named lends itself to a judgement that stands in the next clause.
_NAMED = (Level.MODIFIER, Level.TERM, Level.PATTERN)


def sign(value: float) -> int:
    """Return -1, 0 or 1 for a value that blames, is lukewarm or praises."""
    return int(value > LUKEWARM) - int(value < -LUKEWARM)


def tone(summary: Sequence[float]) -> int:
    """Return -1, 0 or 1 for a review that mostly blames, is mixed or says little, or mostly praises."""
    praise, blame = summary[:2]
    balance = (praise - blame) / (praise + blame + 1)
    return int(balance > ONE_SIDED) - int(balance < -ONE_SIDED)


def place(readings: Sequence[Reading], general: int) -> list[tuple[Evidence, ...]]:
    """Return the evidence of each clause of a review, with subjects that are left out filled in.

    Parameters
    ----------
    readings : sequence of Reading
        The clauses of one review, in order.
    general : int
        Position of ``overall.general`` on the facet axis; -1 where the taxonomy has none.
    """
    result: list[tuple[Evidence, ...]] = []
    before: Reading | None = None
    for reading in readings:
        evidence = reading.evidence
        if not evidence and reading.free is not None:
            evidence = _without_subject(reading, reading.free, before, general)
            if before is not None and before.bare and evidence and evidence[0].level is Level.ANNOUNCED:
                # The judgement carries the mention, not the announcement.
                result[-1] = tuple(item._replace(level=Level.MODIFIER) for item in result[-1])
        result.append(evidence)
        before = reading
    return result


def _without_subject(
    reading: Reading, value: float, before: Reading | None, general: int
) -> tuple[Evidence, ...]:
    """Return what an opinion without a subject may be about."""
    found: list[Evidence] = []
    subject = None if before is None or reading.whole else _subject(before)
    if subject is not None:
        level = Level.INHERITED if subject.level in _NAMED else Level.FOLLOWING
        if before is not None and before.bare and reading.rest <= SHORT:
            level = Level.ANNOUNCED
        found.append(Evidence(subject.facet, level, value))
    if general >= 0:
        level = _general_level(before) if reading.rest <= PURE else Level.GENERAL_MIXED
        if not found or found[0].level is Level.FOLLOWING:
            found.append(Evidence(general, level, value))
    return tuple(found)


def _general_level(before: Reading | None) -> Level:
    if before is None:
        return Level.GENERAL_FIRST
    return Level.GENERAL_AFTER if before.evidence else Level.GENERAL_ALONE


def _subject(before: Reading) -> Evidence | None:
    """Return the last of the strongest evidence of the clause before."""
    return max(reversed(before.evidence), key=lambda item: item.level, default=None)


def summarise(readings: Sequence[Reading], placed: Sequence[tuple[Evidence, ...]]) -> tuple[float, ...]:
    """Return what the overall judgement of a review rests on.

    Returns
    -------
    tuple of four float
        Weight of praise, of blame and of lukewarm remarks; the value of the last clause that judges.
    """
    praise = blame = lukewarm = last = 0.0
    count = max(len(readings) - 1, 1)
    for position, (reading, evidence) in enumerate(zip(readings, placed, strict=True)):
        values = [item.value for item in evidence if item.level not in _NAMED]
        if not values and reading.free is not None:
            values = [reading.free]
        if not values:
            continue
        weight = 1.0 + LATE_WEIGHT * position / count + CONTRAST_WEIGHT * reading.contrast
        value = sum(values) / len(values)
        praise += weight * max(value, 0.0)
        blame += weight * max(-value, 0.0)
        lukewarm += weight * (sign(value) == 0)
        last = value
    return praise, blame, lukewarm, last


def compile_boundaries(taxonomy: Taxonomy, words: Words) -> dict[int, list[tuple[re.Pattern[str], int]]]:
    """Return for each facet the words at which it yields, and to which; unknown facets are left out."""
    result: dict[int, list[tuple[re.Pattern[str], int]]] = {}
    for facet, other, pattern in words.boundaries:
        if facet in taxonomy.index and other in taxonomy.index:
            rule = re.compile(normalize_pattern(pattern)), taxonomy.index[other]
            result.setdefault(taxonomy.index[facet], []).append(rule)
    return result


@cache
def compiled(phrase):
    return re.compile(normalize_pattern(phrase[len(REGEX_MARK) :]))


normal = lru_cache(maxsize=None)(normalize)


def naive_find(phrases, text):
    """Every occurrence (id, start, end) in a normalised text, phrase by phrase; by start, end, id."""
    found = []
    for number, phrase in enumerate(phrases):
        if phrase.startswith(REGEX_MARK):
            matches = compiled(phrase).finditer(text)
            found.extend((number, *match.span()) for match in matches if match.end() > match.start())
        elif phrase:
            word, start = normal(phrase), -1
            while (start := text.find(word, start + 1)) >= 0:
                found.append((number, start, start + len(word)))
    return sorted(found, key=lambda row: (row[1], row[2], row[0]))


def naive_predict(taxonomy, words, texts):
    """What ``LexiconScorer.predict`` gives, one clause after the other."""
    cut = cut_column(texts)
    column = [normalize(text or "") for text in texts]
    entries = [*_facet_entries(taxonomy), *_word_entries(words)]
    phrases = [entry.phrase for entry in entries]
    boundaries = compile_boundaries(taxonomy, words)
    readings = []
    for review, start, end in zip(cut.review.tolist(), cut.start.tolist(), cut.end.tolist(), strict=True):
        text = column[review][start:end]
        hits = [Hit(first, last, entries[number]) for number, first, last in naive_find(phrases, text)]
        readings.append(read_clause(text, hits, words.conditioned, boundaries))
    block = np.zeros((len(cut), len(taxonomy.codes), 3), dtype=np.float32)
    summaries = np.zeros((cut.n_reviews, 4))
    table = evidence_table()
    starts = np.searchsorted(cut.review, np.arange(cut.n_reviews + 1)).tolist()
    for review, (first, last) in enumerate(pairwise(starts)):
        placed = place(readings[first:last], taxonomy.index.get(GENERAL, -1))
        summary = summarise(readings[first:last], placed)
        summaries[review] = summary
        for row, evidence in enumerate(placed, first):
            for item in evidence:
                block[row, item.facet] = table[item.level, sign(item.value) + 1, tone(summary) + 1]
    flags = np.zeros((cut.n_reviews, len(FLAGS)), dtype=np.float32)
    for review, text in enumerate(column):
        for position, flag in enumerate(FLAGS):
            if starts[review] < starts[review + 1]:
                flags[review, position] = FLAG_SCORES[flag][not naive_find(words.flags[flag], text)]
    return Prediction(block, overall_probabilities(summaries), flags)
