"""One text at a time: clauses with words, and the judgement of each clause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from feedback_nlp.frames import texts_of, whole
from feedback_nlp.scorers import load_model
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Scorer

__all__ = ["Segment", "classify", "segment"]


@dataclass(frozen=True)
class Segment:
    """A clause ``text[start:end]`` of a text, with its jieba words in order."""

    start: int
    end: int
    text: str
    words: tuple[str, ...]


@overload
def segment(texts: str) -> list[Segment]: ...  # type: ignore[overload-overlap]  # a str is a Sequence[str]
@overload
def segment(texts: Sequence[str]) -> list[list[Segment]]: ...
def segment(texts: str | Sequence[str]) -> list[Segment] | list[list[Segment]]:
    """Cut texts into clauses and jieba words.

    Parameters
    ----------
    texts : str, or a column of texts
        A list, Series, array or Arrow array; a missing text has no clause.

    Returns
    -------
    list of Segment, or a list of those for a sequence
        Spans are half-open code points of the original text.

    Raises
    ------
    InputError
        If it is no column of texts, such as a table of several.

    Examples
    --------
    >>> [clause.text for clause in segment("物流太慢了，客服很好")]
    ['物流太慢了', '客服很好']
    """
    from feedback_nlp.text.clauses import cut
    from feedback_nlp.text.words import default_segmenter

    if not isinstance(texts, str):
        return [segment(text or "") for text in texts_of(texts)]
    words = default_segmenter()
    texts = whole(texts)
    return [
        Segment(start, end, texts[start:end], tuple(word for word, _, _ in words.cut(texts[start:end])))
        for start, end in cut(texts)
    ]


@overload
def classify(  # type: ignore[overload-overlap]  # a str is a Sequence[str]
    texts: str, *, model: str | Path | Scorer = ..., taxonomy: str | Path | Taxonomy = ...
) -> dict[str, Any]: ...
@overload
def classify(
    texts: Sequence[str | None], *, model: str | Path | Scorer = ..., taxonomy: str | Path | Taxonomy = ...
) -> list[dict[str, Any]]: ...
def classify(
    texts: str | Sequence[str | None],
    *,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
) -> dict[str, Any] | list[dict[str, Any]]:
    """Say what each clause is about and how it sounds, as plain data.

    Parameters
    ----------
    texts : str, or a column of texts
        A list, Series, array or Arrow array.
    model, taxonomy
        As in :func:`feedback_nlp.analyze`.

    Returns
    -------
    dict, or a list of dicts for a sequence
        ``text``, ``polarity`` [-1, 1], ``label``, ``confidence`` [0, 1], ``flags`` and ``mentions``
        (each clause, start, end, text, element, facet, score, polarity and label).

    Raises
    ------
    InputError
        If it is no column of texts, such as a table of several.

    Examples
    --------
    >>> classify("物流太慢了")["mentions"][0]["facet"]
    'logistics.speed'
    """
    from feedback_nlp.engines.local import judge

    if isinstance(texts, str):
        return classify([texts], model=model, taxonomy=taxonomy)[0]
    scorer = load_model(model, load_taxonomy(taxonomy))
    return judge(texts_of(texts), scorer)
