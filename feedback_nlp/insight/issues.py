"""Issues: every negative mention in exactly one named group of its facet.

An issue is decided by the facet and the text of the clause alone, so identical strings always share one and
row order does not matter; data added later moves a mention at most from 其他 or a vaguer issue into one whose
phrase is by then shared by enough reviews. The clauses around it are not looked at: they would give identical
strings different issues. Three steps, the first that applies:

1. the taxonomy's ``problems`` of the facet, in their order; id ``facet:code``;
2. a short phrase taken from the clause (空调吵; see ``phrases``), if at least ``min_reviews`` reviews share
   it, or ``min_sure`` where it says of its whole facet what is wrong; id ``facet:m-`` and 8 hexadecimal
   digits of the phrase's sha256, or that of the problem of this name, which needs no sharing;
3. the facet's 其他; id ``facet:other``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.insight.called import Called
from feedback_nlp.insight.mining import mine
from feedback_nlp.insight.naming import Issue
from feedback_nlp.insight.phrases import Phrase
from feedback_nlp.schema import LABELS
from feedback_nlp.taxonomy import GENERAL
from feedback_nlp.text.normalize import normalize_column
from feedback_nlp.text.terms import TermMatcher

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from feedback_nlp.insight.edits import Edits, Split
    from feedback_nlp.taxonomy import Problem, Taxonomy

__all__ = ["ABSENT", "assign", "catalogue_schema", "first_problems", "least_reviews"]


ABSENT = b"absent"
# Reviews that must give a name made of one entry of the lists, but in small files.
_FEW = 3
# Files of fewer blaming reviews than this, and the reviews that must share a phrase there.
_LEAST = ((1_000, 3), (3_000, 6), (10_000, 15), (50_000, 30), (float("inf"), 60))


def catalogue_schema() -> pa.Schema:
    """Schema of the table of issues that ``assign`` gives beside the mentions."""
    import pyarrow as pa

    return pa.schema(
        [
            ("issue_id", pa.string()),
            ("element", pa.string()),
            ("facet", pa.string()),
            ("name", pa.string()),
            ("name_en", pa.string()),
            ("other", pa.bool_()),
            ("pinned", pa.bool_()),
        ]
    )


def assign(
    mentions: pa.Table,
    taxonomy: Taxonomy,
    *,
    lang: str = "zh",
    min_reviews: int | None = None,
    min_sure: int | None = None,
    edits: Edits | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Fill ``issue_id`` of every negative mention and list the issues met.

    Parameters
    ----------
    mentions : pyarrow.Table
        ``schema.mentions_schema()``. Mentions of ``overall.general`` and those not negative get no issue.
    taxonomy : Taxonomy
        Gives the facets' problems and names. Facets it does not know have only mined issues and 其他.
    lang : {"zh", "en"}
        Language of ``name``; ``name_en`` is always English.
    min_reviews : int, optional
        Distinct reviews that must share a phrase before it is an issue of its own; by the size of the file
        where not given (see :func:`least_reviews`).
    min_sure : int, optional
        The same for a phrase made of one entry of the shipped lists; where not given three, and one in small
        files, where ``min_reviews`` is no more than three.
    edits : Edits, optional
        Names, merges, splits and pins that people decided on.

    Returns
    -------
    mentions : pyarrow.Table
        The same rows with ``issue_id`` filled.
    catalogue : pyarrow.Table
        ``catalogue_schema()``: one row per issue met, in the order of facets, then problems, mined phrases,
        其他; ``other`` says whether it is the facet's 其他, ``pinned`` whether people want it listed. The
        schema's metadata has, under ``ABSENT``, the issues that edits speak of and this file doesn't have.

    Raises
    ------
    ConfigError
        For an edit that can't be done, such as a merge across facets.
    """
    import pyarrow as pa

    rows = _negative_rows(mentions)
    pairs = _distinct_pairs(mentions, rows)
    names, absent = _edited(_name_pairs(pairs, taxonomy, min_reviews, min_sure), pairs, taxonomy, edits)
    met = sorted(set(names), key=lambda issue: issue.order(taxonomy))
    place = {issue: position for position, issue in enumerate(met)}
    of_pair = np.array([place[issue] for issue in names], dtype=np.int64)
    index = np.full(mentions.num_rows, -1, dtype=np.int64)
    index[rows] = of_pair[pairs.of_row]
    ids = pa.array([issue.id for issue in met], pa.string())
    filled = ids.take(pa.array(index, pa.int64(), mask=index < 0))
    column = mentions.schema.get_field_index("issue_id")
    catalogue = _catalogue(met, taxonomy, lang).replace_schema_metadata({ABSENT: json.dumps(absent)})
    return mentions.set_column(column, "issue_id", filled), catalogue


@dataclass(frozen=True)
class _Pairs:
    """Distinct (facet, clause text) of the negative mentions.

    ``facets`` and ``texts`` (normalised) have one entry per pair; ``of_row`` gives the pair of each negative
    mention and ``review`` a number for its review.
    """

    facets: list[str]
    texts: list[str]
    of_row: NDArray[np.int64]
    review: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)

    def reviews(self) -> list[set[int]]:
        """Return the reviews that say each pair."""
        found: list[set[int]] = [set() for _ in self.texts]
        for pair, review in zip(self.of_row.tolist(), self.review.tolist(), strict=True):
            found[pair].add(review)
        return found


def _negative_rows(mentions: pa.Table) -> NDArray[np.int64]:
    import pyarrow.compute as pc

    negative = pc.equal(mentions.column("label"), LABELS[0])
    wanted = pc.and_(negative, pc.not_equal(mentions.column("facet"), GENERAL))
    rows: NDArray[np.int64] = np.flatnonzero(pc.fill_null(wanted, False).to_numpy())  # noqa: FBT003
    return rows


def _codes(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
    """Return numbers of the distinct values of ``rows`` and those values."""
    import pyarrow as pa

    encoded = column.take(pa.array(rows)).combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _distinct_pairs(mentions: pa.Table, rows: NDArray[np.int64]) -> _Pairs:
    facet, facets = _codes(mentions.column("facet"), rows)
    text, texts = _codes(mentions.column("text"), rows)
    review, _ = _codes(mentions.column("review_id"), rows)
    # Clauses that differ only in width, case or script are one text.
    normal, same = _number(normalize_column(texts))
    width = max(len(facets), 1)
    keys, of_row = np.unique(same[text] * width + facet, return_inverse=True)
    return _Pairs(
        [facets[key] for key in (keys % width).tolist()],
        [normal[key] for key in (keys // width).tolist()],
        of_row,
        review,
    )


def _number(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct texts, sorted, and the position of each text among them."""
    distinct = sorted(set(texts))
    place = {text: position for position, text in enumerate(distinct)}
    return distinct, np.array([place[text] for text in texts], dtype=np.int64)


def least_reviews(n_reviews: int) -> int:
    """Return how many reviews must share a phrase in a file in which ``n_reviews`` blame something.

    3 in small files, up to 60 in very large ones, so that issues stay few enough to be read. It goes in
    steps: a file that grows keeps its issues but where it crosses one.
    """
    return next(least for size, least in _LEAST if n_reviews < size)


def _name_pairs(
    pairs: _Pairs, taxonomy: Taxonomy, min_reviews: int | None, min_sure: int | None
) -> list[Issue]:
    """Return the issue of every pair."""
    if min_reviews is None:
        min_reviews = least_reviews(len(np.unique(pairs.review)))
    if min_sure is None:
        min_sure = _FEW if min_reviews > _FEW else 1
    found = _match_problems(pairs, taxonomy)
    missed = [position for position, issue in enumerate(found) if issue is None]
    reviews = pairs.reviews()
    mined = mine(
        [pairs.texts[position] for position in missed],
        [pairs.facets[position] for position in missed],
        [reviews[position] for position in missed],
        taxonomy,
        min_reviews=min_reviews,
        min_sure=min_sure,
    )
    phrases = dict(zip(missed, mined, strict=True))
    return [
        issue or _mined(facet, phrases[position], taxonomy)
        for position, (issue, facet) in enumerate(zip(found, pairs.facets, strict=True))
    ]


def _mined(facet: str, phrase: Phrase | None, taxonomy: Taxonomy) -> Issue:
    """Return the issue of a phrase; the facet's problem where one has that name."""
    if phrase is not None and facet in taxonomy.index:
        for rank, problem in enumerate(taxonomy.facet(facet).problems):
            if problem.zh == phrase.zh:
                return Issue(facet, rank, problem.code)
    return Issue(facet, phrase=phrase)


def _edited(
    names: list[Issue], pairs: _Pairs, taxonomy: Taxonomy, edits: Edits | None
) -> tuple[list[Issue], list[str]]:
    """Return the issues as people want them, and which of those they speak of are not here."""
    if not edits:
        return names, []
    known = {issue: [issue.name(taxonomy, "zh"), issue.name(taxonomy, "en")] for issue in set(names)}
    called = Called.of(known, edits.name).with_given(edits)
    for split in edits.splits:
        names = _split(names, pairs, split, called)
        called = called.with_own(names)
    decided = called.decide(edits)
    met = {issue.own for issue in names}
    wanted = (*edits.keys(), *(split.name for split in edits.splits if split.name not in met))
    absent = [key for key in dict.fromkeys(wanted) if not called.knows(key)]
    return [decided.get(issue, issue) for issue in names], absent


def _split(names: list[Issue], pairs: _Pairs, split: Split, called: Called) -> list[Issue]:
    whole = called.find(split.issue, split.line)
    if whole is None:
        return names
    places = [place for place, issue in enumerate(names) if issue == whole]
    matches = TermMatcher(split.terms).find_column([pairs.texts[place] for place in places])
    part = Issue(whole.facet, own=split.name)
    moved = {places[doc] for doc in set(matches.doc.tolist())}
    return [part if place in moved else issue for place, issue in enumerate(names)]


def _match_problems(pairs: _Pairs, taxonomy: Taxonomy) -> list[Issue | None]:
    """Return for every pair the first problem of its facet with a term in the text."""
    result: list[Issue | None] = [None] * len(pairs)
    for code, positions in _by_facet(pairs.facets, taxonomy).items():
        problems = taxonomy.facet(code).problems
        first = first_problems([pairs.texts[position] for position in positions], problems)
        for position, rank in zip(positions, first, strict=True):
            if rank is not None:
                result[position] = Issue(code, rank, problems[rank].code)
    return result


def _by_facet(facets: Sequence[str], taxonomy: Taxonomy) -> dict[str, list[int]]:
    """Return the positions of every facet that the taxonomy knows."""
    positions: dict[str, list[int]] = {}
    for position, code in enumerate(facets):
        if code in taxonomy.index:
            positions.setdefault(code, []).append(position)
    return positions


def first_problems(texts: Sequence[str], problems: tuple[Problem, ...]) -> list[int | None]:
    """Return for every text the position of the first problem with a term in it.

    Parameters
    ----------
    texts : sequence of str, length n
        Clauses in normal form.
    problems : tuple of Problem
        Of one facet, in the order in which they are tried.

    Returns
    -------
    list of int or None, length n
    """
    owners, matcher = _problem_matcher(problems)
    matches = matcher.find_column(texts)
    first = np.full(len(texts), len(problems), dtype=np.int64)
    np.minimum.at(first, matches.doc, owners[matches.id])
    return [rank if rank < len(problems) else None for rank in first.tolist()]


# A facet's terms meet only the clauses of that facet: one matcher for all would be 30 times the work.
@lru_cache(maxsize=128)
def _problem_matcher(problems: tuple[Problem, ...]) -> tuple[NDArray[np.int64], TermMatcher]:
    """Return the position of the problem that owns each term, and the matcher of these terms."""
    owners = [rank for rank, problem in enumerate(problems) for _ in problem.terms]
    matcher = TermMatcher([term for problem in problems for term in problem.terms])
    return np.array(owners, dtype=np.int64), matcher


def _catalogue(issues: Sequence[Issue], taxonomy: Taxonomy, lang: str) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "issue_id": issue.id,
            "element": issue.facet.partition(".")[0],
            "facet": issue.facet,
            "name": issue.name(taxonomy, lang),
            "name_en": issue.name(taxonomy, "en"),
            "other": issue.other,
            "pinned": issue.pinned,
        }
        for issue in issues
    ]
    return pa.Table.from_pylist(rows, schema=catalogue_schema())
