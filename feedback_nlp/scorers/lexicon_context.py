"""Reading a review: what its clauses mean beside one another, and what it says as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from feedback_nlp.scorers.lexicon_reading import LUKEWARM, Evidence, Level, Reading

__all__ = ["place", "sign", "summarise", "tone"]

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
