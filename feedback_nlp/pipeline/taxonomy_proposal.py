"""A taxonomy to start from, out of a file of one's own: what it speaks of, and words that are new in it."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.insight.vocabulary import Group, Term, Told, english, facet_terms, groups, subjects
from feedback_nlp.taxonomy import GENERAL, Facet, Taxonomy, load_taxonomy

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Scorer

__all__ = ["Proposal", "propose_taxonomy"]

BASE = "default"
# Fewer reviews make no facet; of a large file, this part of the reviews.
MIN_REVIEWS, MIN_SHARE = 3, 0.003
# An even sample of this many reviews tells the words of a file; jieba cuts some 5,000 clauses a second.
MAX_REVIEWS = 10_000
_EXAMPLE = 40
_TELLING = 12
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True)
class Known:
    """A shipped facet that the file speaks of: in how many reviews, negatively in how many, and new words."""

    facet: Facet
    n_reviews: int
    n_negative: int
    terms: tuple[Term, ...]
    example: str


@dataclass(frozen=True)
class New:
    """A facet that no shipped one covers; ``element`` is the name of the element it is proposed for."""

    group: Group
    element: str
    example: str


@dataclass(frozen=True)
class Proposal:
    """What a file proposes.

    Attributes
    ----------
    name : str
        Of the taxonomy.
    known : tuple of Known
        In the order of the shipped taxonomy.
    new : tuple of New
        Most reviews first.
    unseen : tuple of Facet
        Shipped facets that too few reviews speak of.
    n_reviews, n_sampled, n_uncovered : int
        Reviews with a text; those looked at; complaining clauses of these that no facet covers.
    """

    name: str
    known: tuple[Known, ...]
    new: tuple[New, ...]
    unseen: tuple[Facet, ...]
    n_reviews: int
    n_sampled: int
    n_uncovered: int

    def to_toml(self, lang: str = "zh") -> str:
        """Return the taxonomy file, with the reason for every proposal as a comment in ``lang``."""
        return "\n".join(_Writer(self, lang).lines()) + "\n"

    def taxonomy(self) -> Taxonomy:
        """Return the proposal as a taxonomy that scores at once with the lexicon."""
        return Taxonomy.from_toml(self.to_toml(), self.name)


def propose_taxonomy(
    data: Any,
    *,
    text: str | None = None,
    sheet: str | int | None = None,
    model: str | Path | Scorer = "linear",
    min_reviews: int | None = None,
    name: str | None = None,
) -> Proposal:
    """Propose a taxonomy for a file: shipped facets it speaks of with new terms, and facets for what is left.

    Parameters
    ----------
    data : path, list of paths, list of str, Series, DataFrame or Arrow table
        The reviews, as in :func:`feedback_nlp.analyze`. Of more than 10,000 an even sample is looked at.
    text, sheet : optional
        The column and the sheet, where they are not found.
    model : str, Path or Scorer
        What says which shipped facet a clause mentions.
    min_reviews : int, optional
        Distinct reviews that must speak of a facet or say a word; 0.3 % of them, at least 3, when not given.
    name : str, optional
        Of the taxonomy; the file's when not given.

    Returns
    -------
    Proposal

    Raises
    ------
    InputError
        If the data can't be read, or no text says anything.

    Examples
    --------
    >>> proposal = propose_taxonomy(["物流太慢了", "快递慢死了", "物流慢，客服好"] * 2, min_reviews=2)
    >>> [known.facet.code for known in proposal.known]
    ['logistics.speed', 'overall.general']
    """
    from feedback_nlp.pipeline.prepare import prepare
    from feedback_nlp.scorers import load_model

    prepared = prepare(data, columns={"text": text}, sheet=sheet)
    base = load_taxonomy(BASE)
    texts = _distinct([text or "" for text in prepared.reviews["text"].to_pylist()])
    if not texts:
        raise InputError(
            Bilingual(
                f"{len(prepared.reviews)} 行里没有可读的中文评价。",
                f"None of {len(prepared.reviews)} rows has a Chinese text that says anything.",
            ),
            Bilingual(
                "用 --text 指定内容列，或换一个文件。", "Name the column by --text, or use another file."
            ),
        )
    sample = texts[:: -(-len(texts) // MAX_REVIEWS)]
    least = min_reviews or max(MIN_REVIEWS, round(MIN_SHARE * len(sample)))
    told, shown, mentions = _told(sample, load_model(model, base))
    found = facet_terms(told, base, min_reviews=least)
    known = tuple(_known(base, mentions, found, least))
    seen = {item.facet.code for item in known}
    return Proposal(
        name=_plain(name or Path(prepared.source["name"]).stem)[:60] or "custom",
        known=known,
        new=_new(groups(told, base, min_reviews=least), shown),
        unseen=tuple(facet for facet in base.facets if facet.code not in seen),
        n_reviews=len(texts),
        n_sampled=len(sample),
        n_uncovered=sum(clause.blames and not clause.facets for clause in told),
    )


def _distinct(texts: Sequence[str]) -> list[str]:
    """Return the texts that say something, each once."""
    from feedback_nlp.text.quality import status

    kept = (text for text, state in zip(texts, status(texts), strict=True) if state == "ok")
    return list(dict.fromkeys(kept))


@dataclass
class _Mentioned:
    """Reviews that speak of a facet, those that blame it, and one clause that does (masked)."""

    reviews: set[int]
    negative: set[int]
    example: str


def _told(texts: Sequence[str], scorer: Scorer) -> tuple[list[Told], list[str], dict[str, _Mentioned]]:
    """Return every clause of the texts, its masked text, and the facets that are mentioned."""
    from feedback_nlp.engines.local import score_batch
    from feedback_nlp.text import pii
    from feedback_nlp.text.clauses import cut_column
    from feedback_nlp.text.normalize import normalize_column

    mentions, scored = score_batch([str(row) for row in range(len(texts))], texts, scorer)
    labels = scored["fb_label"].to_pylist()
    facets: defaultdict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for said in mentions.select(["review_id", "clause", "facet", "label"]).to_pylist():
        facets[int(said["review_id"]), said["clause"]].append((said["facet"], said["label"]))
    cut, masked = cut_column(texts), pii.mask_column(list(texts))
    columns = (column.tolist() for column in (cut.review, cut.index, cut.start, cut.end))
    spans = list(zip(*columns, strict=True))
    shown = [masked[row][start:end] for row, _, start, end in spans]
    told: list[Told] = []
    found: dict[str, _Mentioned] = {}
    for (row, place, _, _), text, words in zip(spans, shown, subjects(normalize_column(shown)), strict=True):
        here = facets.get((row, place), [])
        blames = labels[row] == "negative" or (GENERAL, "negative") in here
        told.append(Told(row, words, tuple(code for code, _ in here if code != GENERAL), blames))
        for code, label in here:
            _note(
                found.setdefault(code, _Mentioned(set(), set(), "")), row, text, negative=label == "negative"
            )
    return told, shown, found


def _note(mentioned: _Mentioned, row: int, text: str, *, negative: bool) -> None:
    mentioned.reviews.add(row)
    if negative:
        mentioned.negative.add(row)
        if _ill_sized(text) < _ill_sized(mentioned.example):
            mentioned.example = text


def _ill_sized(text: str) -> int:
    """Return how far a clause is from the length at which it tells most and is still short."""
    return abs(len(text) - _TELLING) if text else sys.maxsize


def _known(
    base: Taxonomy, mentions: dict[str, _Mentioned], terms: dict[str, tuple[Term, ...]], least: int
) -> Iterator[Known]:
    for facet in base.facets:
        found = mentions.get(facet.code)
        if facet.code == GENERAL or (found is not None and len(found.reviews) >= least):
            said = found or _Mentioned(set(), set(), "")
            yield Known(facet, len(said.reviews), len(said.negative), terms.get(facet.code, ()), said.example)


def _new(found: Sequence[Group], shown: Sequence[str]) -> tuple[New, ...]:
    """Name the elements of new facets: by their first facet, or as one element where each would hold one."""
    sizes = Counter(group.element for group in found)
    first: dict[int, str] = {}
    for group in found:
        first.setdefault(group.element, group.name)
    return tuple(
        New(group, first[group.element] if sizes[group.element] > 1 else "", shown[group.clause])
        for group in found
    )


def _plain(text: str) -> str:
    """Return text that may stand in a comment and in a file."""
    return _UNPRINTABLE.sub(" ", text).strip()


def _short(text: str) -> str:
    plain = _plain(text)
    return plain if len(plain) <= _EXAMPLE else plain[: _EXAMPLE - 1] + "…"


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    return json.dumps(_plain(text), ensure_ascii=False)


class _Writer:
    """Writes a proposal as TOML with comments."""

    def __init__(self, proposal: Proposal, lang: str) -> None:
        self.proposal = proposal
        self.lang = lang

    def say(self, zh: str, en: str) -> str:
        return Bilingual(zh, en).in_(self.lang)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        yield from self._head()
        yield from self._shipped()
        yield from self._found()

    def _head(self) -> Iterator[str]:
        made = self.proposal
        sampled = (
            self.say(f"（抽看了 {made.n_sampled} 条）", f" (a sample of {made.n_sampled} was looked at)")
            if made.n_sampled < made.n_reviews
            else ""
        )
        yield self.say(
            f"# 由 {made.n_reviews} 条评价提出的分类体系{sampled}。请改：删除、改名、挪词、加方面。",
            f"# Proposed from {made.n_reviews} reviews{sampled}. Edit it: delete, rename, move, add.",
        )
        yield self.say("# 改好后：", "# Then:")
        yield "#   feedback-nlp taxonomy check FILE.toml"
        yield "#   feedback-nlp analyze DATA.xlsx --taxonomy FILE.toml --model lexicon"
        yield self.say(
            '# like = "default:…" 借来自带方面的全部词和问题；terms 是这份数据里新的词；'
            "借来而不要的词写进 without = [..]。",
            '# like = "default:…" takes over all phrases and problems of a shipped facet; '
            "terms are new words of this file; without = [..] drops phrases.",
        )
        yield self.say("# 每次改动把 version 加一。", "# Raise version with every change.")
        yield ""
        yield f"name = {_quoted(made.name)}"
        yield "version = 1"
        if made.unseen:
            names = "、".join(f"{facet.name(self.lang)} ({facet.code})" for facet in made.unseen)
            yield ""
            yield self.say(
                f"# 这份数据几乎没说到，没有列出：{names}。", f"# Hardly spoken of, not listed: {names}."
            )

    def _shipped(self) -> Iterator[str]:
        base = load_taxonomy(BASE)
        for element in base.elements:
            inside = [item for item in self.proposal.known if item.facet.element == element.code]
            if inside:
                yield from self._element(element.code, element.zh, element.en)
            for item in inside:
                yield from self._facet(item)

    def _element(self, code: str, zh: str, en: str) -> Iterator[str]:
        yield from ("", f"[elements.{code}]", f"zh = {_quoted(zh)}", f"en = {_quoted(en)}")

    def _facet(self, item: Known) -> Iterator[str]:
        example = (
            self.say(f"例：{_short(item.example)}", f"e.g. {_short(item.example)}") if item.example else ""
        )
        yield ""
        yield self.say(
            f"# {item.n_reviews} 条评价说到，{item.n_negative} 条是负面。{example}",
            f"# {item.n_reviews} reviews mention it, {item.n_negative} negatively. {example}",
        ).rstrip()
        yield f"[elements.{item.facet.element}.facets.{item.facet.code.partition('.')[2]}]"
        yield f"zh = {_quoted(item.facet.zh)}"
        yield f"en = {_quoted(item.facet.en)}"
        yield f'like = "{BASE}:{item.facet.code}"'
        yield from self._terms(item.terms)

    def _terms(self, terms: Sequence[Term]) -> Iterator[str]:
        if not terms:
            return
        yield "terms = ["
        for term in terms:
            yield f"    {_quoted(term.word)},  # " + self.say(
                f"{term.n_reviews} 条", f"{term.n_reviews} reviews"
            )
        yield "]"

    def _found(self) -> Iterator[str]:
        rest = self.say("其他新话题", "Other new topics")
        elements: dict[str, list[New]] = {}
        for item in self.proposal.new:
            elements.setdefault(item.element or rest, []).append(item)
        if not elements:
            return
        yield ""
        yield self.say(
            f"# 以下是自带方面没有覆盖的抱怨（共 {self.proposal.n_uncovered} 句）里反复出现的词，"
            "名字取自其中最常见的；请改名、合并，或把词挪进上面的方面。",
            f"# Words that come again and again in the {self.proposal.n_uncovered} complaining clauses that "
            "no shipped facet covers; rename them, join them, or move the words into facets above.",
        )
        for number, (name, items) in enumerate(elements.items(), 1):
            code = f"new_{number}"
            other = "Other new topics" if name == rest else english(name)
            chinese = "其他新话题" if name == rest else name
            taken = {element.zh for element in load_taxonomy(BASE).elements}
            yield from self._element(code, f"{chinese}（新）" if chinese in taken else chinese, other)
            for place, item in enumerate(items, 1):
                yield ""
                yield self.say(
                    f"# {item.group.n_reviews} 条评价。例：{_short(item.example)}",
                    f"# {item.group.n_reviews} reviews. e.g. {_short(item.example)}",
                )
                yield f"[elements.{code}.facets.topic_{place}]"
                yield f"zh = {_quoted(item.group.name)}"
                yield f"en = {_quoted(english(item.group.name))}"
                yield from self._terms(item.group.terms)
