"""Words that complaints have begun to use: the latest weeks against what was said before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray
from scipy import special

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.monitoring.exposure import days_of
from feedback_nlp.insight.trends import adjust
from feedback_nlp.text import pii
from feedback_nlp.text.words import default_segmenter

__all__ = ["Emerging", "Word", "emerging", "log_odds"]

LEVEL = 0.05
# Words of the latest weeks that fewer reviews use are not yet a word of complaints.
MIN_REVIEWS = 4
# What the background counts for: as many words as some 200 clauses have.
PRIOR_WORDS = 1000.0
N_WORDS = 20
# The latest part: this many days, or a third of a shorter file.
LATEST = 28
# Clauses cut into words at most, the newest; jieba cuts some 5,000 a second.
MAX_CLAUSES = 30_000
_WORD = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fffa-zA-Z0-9]+\Z")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Word:
    """A word used more than before: distinct reviews with it and all with blame, of both parts.

    ``z`` is its log-odds over their standard error, ``q`` adjusted over all words tested; ``issue_id`` the
    issue most often told with it, or None.
    """

    word: str
    n_new: int
    base_new: int
    n_old: int
    base_old: int
    log_odds: float
    z: float
    q: float
    issue_id: str | None


@dataclass(frozen=True)
class Emerging:
    """Emerging words, surest first; ``since`` is the first day of the latest part, None where there is none.

    ``reason`` says why nothing was looked for: "" , "time", "short" or "few".
    """

    words: tuple[Word, ...]
    since: str | None
    reason: str


def log_odds(
    y_new: ArrayLike, y_old: ArrayLike, *, prior_words: float = PRIOR_WORDS
) -> tuple[Floats, Floats]:
    """Return the log-odds of each word in the new against the old part, and z.

    Parameters
    ----------
    y_new, y_old : array-like of shape (n_words,)
        Counts of all words of each part.
    prior_words : float
        a₀.

    Returns
    -------
    delta, z : float64 arrays of shape (n_words,)
        δ_w = log((y₁ + a_w)/(n₁ + a₀ − y₁ − a_w)) − log((y₂ + a_w)/(n₂ + a₀ − y₂ − a_w)), variance ≈ 1/(y₁ +
        a_w) + 1/(y₂ + a_w), z = δ/√variance; a_w = a₀ times the share of w in both parts together (Monroe,
        Colaresi & Quinn 2008, informative Dirichlet prior).
    """
    new, old = np.asarray(y_new, dtype=float), np.asarray(y_old, dtype=float)
    both = new + old
    prior = prior_words * both / max(float(both.sum()), 1.0)
    n_new, n_old, a0 = new.sum(), old.sum(), prior.sum()

    def logit(y: Floats, n: float) -> Floats:
        found: Floats = np.log((y + prior) / (n + a0 - y - prior))
        return found

    delta = logit(new, n_new) - logit(old, n_old)
    return delta, delta / np.sqrt(1 / (new + prior) + 1 / (old + prior))


def emerging(facts: Facts) -> Emerging:
    """Find the words of negative clauses that the latest weeks use more than the time before.

    Parameters
    ----------
    facts : Facts
        Reviews with ``time`` and ``text``, mentions with ``issue_id``.

    Returns
    -------
    Emerging
        At most 20 words of at least 4 reviews, two characters and one-sided Benjamini–Hochberg q < .05. A
        word counts once a review. Personal data is masked before words are cut.
    """
    days = days_of(facts)
    known = sorted(day for day in days if day)
    if not known:
        return Emerging((), None, "time")
    span = (date.fromisoformat(known[-1]) - date.fromisoformat(known[0])).days + 1
    length = min(LATEST, span // 3)
    if length < 1:
        return Emerging((), None, "short")
    since = (date.fromisoformat(known[-1]) - timedelta(days=length - 1)).isoformat()
    told = _words_of_reviews(facts, days)
    new = [pair for row, pair in told.items() if (days[row] or "") >= since]
    old = [pair for row, pair in told.items() if "" < (days[row] or "") < since]
    if min(len(new), len(old)) < MIN_REVIEWS:
        return Emerging((), since, "few")
    return Emerging(_surest(new, old), since, "")


Told = tuple[set[str], set[tuple[str, str]]]


def _words_of_reviews(facts: Facts, days: Sequence[str | None]) -> dict[int, Told]:
    """Return by row of the review the words of its negative clauses, and (word, issue) pairs."""
    blamed = facts.mentions.filter(pc.equal(facts.mentions["label"], "negative"))
    rows = blamed["row"].to_pylist()
    texts, issues = blamed["text"].to_pylist(), blamed["issue_id"].to_pylist()
    newest = sorted(range(len(rows)), key=lambda k: (days[rows[k]] or "", rows[k]), reverse=True)[
        :MAX_CLAUSES
    ]
    distinct = list(dict.fromkeys(texts[k] or "" for k in newest))
    cut = default_segmenter().cut
    words = {
        text: [word for word, _, _ in cut(masked) if _WORD.match(word)]
        for text, masked in zip(distinct, pii.mask_column(distinct), strict=True)
    }
    told: dict[int, Told] = {}
    for k in newest:
        seen, pairs = told.setdefault(rows[k], (set(), set()))
        for word in words[texts[k] or ""]:
            seen.add(word)
            if issues[k] is not None:
                pairs.add((word, issues[k]))
    return told


def _surest(new: Sequence[Told], old: Sequence[Told]) -> tuple[Word, ...]:
    y_new = Counter(word for seen, _ in new for word in seen)
    y_old = Counter(word for seen, _ in old for word in seen)
    names = sorted(set(y_new) | set(y_old))
    delta, z = log_odds([y_new[name] for name in names], [y_old[name] for name in names])
    tested = [k for k, name in enumerate(names) if y_new[name] >= MIN_REVIEWS]
    if not tested:
        return ()
    q = adjust(special.ndtr(-z[tested]))
    best = sorted(zip(tested, q.tolist(), strict=True), key=lambda pair: (-z[pair[0]], names[pair[0]]))
    issues = Counter(pair for _, pairs in new for pair in pairs)
    return tuple(
        Word(
            names[k], y_new[names[k]], len(new), y_old[names[k]], len(old), float(delta[k]), float(z[k]),
            q_of, _issue(names[k], issues),
        )
        for k, q_of in best[:N_WORDS]
        if q_of < LEVEL
    )  # fmt: skip


def _issue(word: str, issues: Counter[tuple[str, str]]) -> str | None:
    """Return the issue most often told with a word, the first by id among equals."""
    of_word = [(-n, issue) for (name, issue), n in issues.items() if name == word]
    return min(of_word)[1] if of_word else None
