"""What if it were fixed: how the mean rating, CSAT and NPS would change without some of the blame.

From the penalty–reward model of each score (:mod:`feedback_nlp.insight.kano`): when a part f of an element's
negative mentions becomes "not mentioned", the mean of y changes by −f · penalty · p, with p the share of
answers that blame it. This holds if the association were causal. It isn't known to be: who blames something
chose to write of it, and one bad thing makes people see others, so read it as an upper end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from feedback_nlp.arguments import is_number
from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.insight.drivers import enough, refusal
from feedback_nlp.insight.facts import Facts, encode
from feedback_nlp.insight.features import Features, features, poisson_weights
from feedback_nlp.insight.kano import coefficients, design
from feedback_nlp.insight.nps import guess_scale, is_satisfied, net_points

__all__ = ["LEVELS", "OUTCOMES", "Change", "Effects", "changes", "effects", "issue_features"]

OUTCOMES = ("rating", "csat", "nps")
LEVELS = ("element", "facet", "issue")
# More columns than this make 200 draws slow; issues after the most mentioned ones are pooled by facet.
_MAX_COLUMNS = 160
# One facet for as many answers stands beside the issues, so that room is left for these.
_ANSWERS_PER_FACET = 40

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Effects:
    """What the blame of each of k codes takes from one score.

    Attributes
    ----------
    level : {"element", "facet", "issue"}
    outcome : {"rating", "csat", "nps"}
    codes : tuple of str
    n : int
        Answers.
    now : float
        The score today: a mean rating, a share in [0, 1], or an NPS in [-100, 100].
    top : float
        The most it can be.
    blamed : int64 array of shape (k,)
        Answers that blame each code.
    loss : float64 array of shape (k,)
        −penalty · p ≥ 0: what the score would gain without this blame.
    drawn : float64 array of shape (draws, k)
        ``loss`` in bootstrap draws over respondents.
    reason : Bilingual or None
        Why nothing could be estimated; arrays are empty then.
    """

    level: str
    outcome: str
    codes: tuple[str, ...]
    n: int
    now: float
    top: float
    blamed: NDArray[np.int64]
    loss: Floats
    drawn: Floats
    reason: Bilingual | None = None


class Change(NamedTuple):
    """The change of one score, with its 95 % interval; None where it could not be estimated (``reason``)."""

    level: str
    code: str
    outcome: str
    reduction: float
    n: int
    n_blamed: int | None
    now: float | None
    change: float | None
    low: float | None
    high: float | None
    after: float | None
    reason: Bilingual | None


class _Score(NamedTuple):
    name: str
    values: Floats
    top: float
    reason: Bilingual | None


def _scores(facts: Facts, scale: tuple[float, float] | None) -> list[_Score]:
    """Return the scores that the file has, values of shape (n_reviews,) with NaN for no answer."""
    found = []
    ratings, answers = facts.numbers("rating"), facts.numbers("nps")
    scale = scale or guess_scale(ratings)
    if not np.isnan(ratings).all():
        why = refusal(facts, "rating", ratings)
        top = scale[1] if scale else float(np.nanmax(ratings))
        found.append(_Score("rating", ratings, top, why))
        if scale:
            satisfied = np.where(np.isnan(ratings), np.nan, is_satisfied(ratings, scale))
            found.append(_Score("csat", satisfied, 1.0, why or refusal(facts, "rating", satisfied)))
    if not np.isnan(answers).all():
        points = np.where(np.isnan(answers), np.nan, net_points(answers))
        why = refusal(facts, "nps", answers) or refusal(facts, "nps", points)
        found.append(_Score("nps", points, 100.0, why))
    return found


def issue_features(facts: Facts, issue_ids: Sequence[str]) -> Features:
    """Return which reviews blame which issue; nothing is praised at this level."""
    codes, names = encode(facts.mentions["issue_id"])
    place = {issue: column for column, issue in enumerate(issue_ids)}
    column = np.array([place.get(name, -1) for name in names] + [-1], dtype=np.int64)[codes]
    known = column >= 0
    shape = (facts.n_reviews, len(issue_ids))
    blamed = sparse.csr_array((np.ones(int(known.sum())), (facts.rows[known], column[known])), shape=shape)
    blamed.sum_duplicates()
    blamed.data[:] = 1.0
    return Features(tuple(issue_ids), blamed, sparse.csr_array(shape), blamed)


def effects(
    facts: Facts,
    codes: Mapping[str, Sequence[str]],
    issue_facets: Sequence[str],
    *,
    scale: tuple[float, float] | None = None,
    draws: int = 200,
    seed: int = 0,
) -> tuple[Effects, ...]:
    """Estimate what blame takes from each score.

    Parameters
    ----------
    facts : Facts
    codes : mapping
        Codes of the levels "element", "facet" and "issue".
    issue_facets : sequence of str
        Facet of each issue.
    scale : (low, high), optional
        Of the ratings; guessed where not given.
    draws, seed : int
        Of the bootstrap over respondents.

    Returns
    -------
    tuple of Effects
        One for each level and score; none where the file has no score.
    """
    by_level = {
        "element": features(facts, "element", codes["element"]),
        "facet": features(facts, "facet", codes["facet"]),
        "issue": issue_features(facts, codes["issue"]),
    }
    found = []
    for score in _scores(facts, scale):
        rows = np.flatnonzero(~np.isnan(score.values))
        for level in LEVELS:
            if score.reason is not None:
                found.append(_refused(level, score, rows, score.reason))
                continue
            if level == "issue":
                negative, others, names = _issue_columns(by_level, issue_facets, rows)
            else:
                negative, others, names = _columns(by_level[level], rows)
            found.append(_estimate(facts, level, score, rows, negative, others, names, draws, seed))
    return tuple(found)


def _columns(
    found: Features, rows: NDArray[np.int64]
) -> tuple[sparse.csr_array, sparse.csr_array, tuple[str, ...]]:
    used = found.subset(rows, enough(found, rows))
    return used.negative, used.positive, used.codes


def _issue_columns(
    by_level: dict[str, Features], issue_facets: Sequence[str], rows: NDArray[np.int64]
) -> tuple[sparse.csr_array, sparse.csr_array, tuple[str, ...]]:
    """Return the issues, and beside them per facet its praise and the blame that no chosen issue holds."""
    facet, issue = by_level["facet"], by_level["issue"]
    kept = enough(facet, rows, room=len(rows) // _ANSWERS_PER_FACET)
    praised = facet.subset(rows, kept)
    room = min(len(rows) // 10, _MAX_COLUMNS) - 2 * len(kept)
    chosen = enough(issue, rows, room=max(room, 0))
    used = issue.subset(rows, chosen)
    place = {code: column for column, code in enumerate(praised.codes)}
    owner = np.array([place.get(issue_facets[column], -1) for column in chosen], dtype=np.int64)
    known = owner >= 0
    shape = (len(chosen), len(praised.codes))
    ones = np.ones(int(known.sum()))
    of_facet = sparse.csr_array((ones, (np.flatnonzero(known), owner[known])), shape=shape)
    named = used.negative @ of_facet
    rest = praised.negative - praised.negative.multiply(named > 0)
    others = sparse.csr_array(sparse.hstack([praised.positive, rest], format="csr"))
    others.eliminate_zeros()
    return used.negative, others, used.codes


def _refused(level: str, score: _Score, rows: NDArray[np.int64], reason: Bilingual) -> Effects:
    now = float(score.values[rows].mean()) if len(rows) else 0.0
    none = np.zeros(0, dtype=np.int64)
    return Effects(
        level, score.name, (), len(rows), now, score.top, none, np.zeros(0), np.zeros((0, 0)), reason
    )


def _estimate(
    facts: Facts,
    level: str,
    score: _Score,
    rows: NDArray[np.int64],
    negative: sparse.csr_array,
    others: sparse.csr_array,
    names: tuple[str, ...],
    draws: int,
    seed: int,
) -> Effects:
    y, k = score.values[rows], len(names)
    if k == 0:
        return _refused(level, score, rows, _TOO_RARE)
    x = design(negative, others)

    def loss(weights: Floats) -> Floats:
        penalty = np.minimum(coefficients(x, y, weights)[:, 1 : k + 1], 0.0)
        share = (negative.T @ weights / np.maximum(weights.sum(axis=0), 1.0)).T
        return np.asarray(-penalty * share)

    drawn = [loss(weights[rows]) for weights in poisson_weights(facts, draws, seed)]
    return Effects(
        level=level,
        outcome=score.name,
        codes=names,
        n=len(rows),
        now=float(y.mean()),
        top=score.top,
        blamed=negative.sum(axis=0).astype(np.int64),
        loss=loss(np.ones((len(rows), 1)))[0],
        drawn=np.concatenate(drawn) if drawn else np.zeros((0, k)),
    )


_TOO_RARE = Bilingual(
    "在有评分的评价里没有哪一项被提到 8 次以上。",
    "Nothing is mentioned eight times or more in the reviews with a score.",
)


def changes(
    found: Iterable[Effects],
    level: str,
    codes: Sequence[str],
    *,
    reduction: float = 1.0,
    outcome: str | None = None,
) -> list[Change]:
    """Return how each score would change with a part of the blame of ``codes`` together gone.

    Parameters
    ----------
    found : iterable of Effects
    level : {"element", "facet", "issue"}
    codes : sequence of str
        Of that level. One that is mentioned too rarely to be estimated makes the change unknown.
    reduction : float in (0, 1]
        Part of the negative mentions that becomes "not mentioned": 1 all, 0.5 half.
    outcome : {"rating", "csat", "nps"}, optional
        All that there are where not given.

    Returns
    -------
    list of Change
        One for each score; the interval holds 95 % of the bootstrap draws.

    Raises
    ------
    ConfigError
        For a reduction outside (0, 1], an outcome that there is not, or no codes.
    """
    _check(codes, reduction, outcome)
    chosen = [one for one in found if one.level == level and outcome in (None, one.outcome)]
    if not chosen:
        why = Bilingual("没有评分或 NPS 列。", "There is no rating or NPS column.")
        return [_unknown(level, codes, outcome or "rating", reduction, 0, None, why)]
    return [_change(one, codes, reduction) for one in chosen]


def _unknown(
    level: str,
    codes: Sequence[str],
    outcome: str,
    reduction: float,
    n: int,
    now: float | None,
    reason: Bilingual,
) -> Change:
    return Change(level, ",".join(codes), outcome, reduction, n, None, now, None, None, None, None, reason)


def _change(one: Effects, codes: Sequence[str], reduction: float) -> Change:
    missing = [code for code in codes if code not in one.codes]
    if one.reason is not None or missing:
        why = one.reason or Bilingual(
            f"{'、'.join(missing)} 在有评分的评价里提到太少，无法估计。",
            f"{', '.join(missing)}: mentioned too rarely in reviews with a score.",
        )
        now = one.now if one.n else None
        return _unknown(one.level, codes, one.outcome, reduction, one.n, now, why)
    columns = [one.codes.index(code) for code in codes]
    room = one.top - one.now
    gain = min(reduction * float(one.loss[columns].sum()), room)
    drawn = np.minimum(reduction * one.drawn[:, columns].sum(axis=1), room)
    low, high = (float(value) for value in np.quantile(drawn, [0.025, 0.975])) if len(drawn) else (gain, gain)
    return Change(
        level=one.level,
        code=",".join(codes),
        outcome=one.outcome,
        reduction=reduction,
        n=one.n,
        n_blamed=int(one.blamed[columns[0]]) if len(columns) == 1 else None,
        now=one.now,
        change=gain,
        low=min(low, gain),
        high=max(high, gain),
        after=one.now + gain,
        reason=None,
    )


def _check(codes: Sequence[str], reduction: float, outcome: str | None) -> None:
    if not is_number(reduction) or not 0 < reduction <= 1:
        raise ConfigError(
            Bilingual(f"减少的比例 {reduction} 不在 0–1 之间。", f"Reduction {reduction} is not in 0-1."),
            Bilingual("1 是全部消除，0.5 是减半。", "1 takes all away, 0.5 half."),
        )
    if outcome is not None and outcome not in OUTCOMES:
        raise ConfigError(
            Bilingual(f"没有满意度指标“{outcome}”。", f"No score '{outcome}'."),
            Bilingual(f"可用：{'、'.join(OUTCOMES)}。", f"Scores: {', '.join(OUTCOMES)}."),
        )
    if not codes:
        raise ConfigError(
            Bilingual("没有给要改的要素、方面或问题。", "No element, facet or issue was given."),
            Bilingual("例如 what_if('logistics.speed')。", "For example what_if('logistics.speed')."),
        )
