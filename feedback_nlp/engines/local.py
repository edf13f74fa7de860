"""Score reviews on this machine: a batch as a pure function, a column in batches by one process or several.

A scorer judges a review the same in any batch, so any batch size and any number of processes
give the same tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp import kernels
from feedback_nlp.arguments import whole_number
from feedback_nlp.errors import Bilingual

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from feedback_nlp.scorers.base import Scorer

__all__ = ["Progress", "judge", "prepare", "score_batch", "score_column"]

# (reviews done, reviews in all)
Progress = Callable[[int, int], None]
Tables = tuple["pa.Table", "pa.Table"]
BATCH_SIZE = 2_000
# Below this many reviews a second process costs more (its start) than it brings.
MIN_REVIEWS_PER_JOB = 20_000
_JOBS = Bilingual(
    "给 1 以上的整数；None 按数据量和核数自动选。",
    "Give a whole number of at least 1; None chooses by the number of reviews and the cores.",
)
# Enough that compiled loops are used for them.
_WARM_REVIEWS = 64


def score_batch(ids: Sequence[str], texts: Sequence[str | None], scorer: Scorer) -> Tables:
    """Score one batch of reviews; the same text is judged once.

    Pure and thread-safe: nothing is kept between calls, and the scorer is only read.

    Parameters
    ----------
    ids, texts : sequences of length n_reviews
    scorer : Scorer

    Returns
    -------
    mentions : pyarrow.Table
        As ``schema.mentions_schema()``, ``issue_id`` null.
    scored : pyarrow.Table
        n_reviews rows: ``fb_polarity`` … ``fb_needs_review``.
    """
    place: dict[str | None, int] = {}
    where = [place.setdefault(text, len(place)) for text in texts]
    if len(place) == len(where):
        return _judged(ids, texts, scorer)
    numbers = [str(number) for number in range(len(place))]
    mentions, scored = _judged(numbers, list(place), scorer)
    return _repeated(mentions, scored, ids, np.array(where, dtype=np.int64))


def judge(texts: Sequence[str | None], scorer: Scorer) -> list[dict[str, Any]]:
    """Score a few texts; what comes back is plain data (``insight.plain.rows``)."""
    from feedback_nlp.insight.plain import rows
    from feedback_nlp.text.clauses import cut_column

    clauses = cut_column(texts)
    return rows(scorer.predict(texts, clauses), clauses, texts, scorer)


def _judged(ids: Sequence[str], texts: Sequence[str | None], scorer: Scorer) -> Tables:
    from feedback_nlp.insight import mentions
    from feedback_nlp.text.clauses import cut_column

    clauses = cut_column(texts)
    return mentions.write(scorer.predict(texts, clauses), clauses, ids, texts, scorer)


def _repeated(mentions: pa.Table, scored: pa.Table, ids: Sequence[str], where: NDArray[np.int64]) -> Tables:
    """Give every review what was judged of its text, whose number is its review id in ``mentions``."""
    import pyarrow as pa

    number = mentions["review_id"].cast(pa.int64()).to_numpy()
    count = np.bincount(number, minlength=scored.num_rows)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    each = count[where]
    row = np.repeat(np.arange(len(where)), each)
    within = np.arange(len(row)) - np.repeat(np.cumsum(each) - each, each)
    spread = mentions.take(pa.array(first[where][row] + within, pa.int64()))
    names = pa.array(ids, pa.string()).take(pa.array(row, pa.int64()))
    return spread.set_column(0, mentions.schema.field(0), names), scored.take(pa.array(where))


def score_column(
    ids: Sequence[str],
    texts: Sequence[str | None],
    scorer: Scorer,
    *,
    jobs: int | None = 1,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> Tables:
    """Score a column in batches; see :func:`score_batch` for what comes back.

    Parameters
    ----------
    ids, texts : sequences of length n_reviews
    scorer : Scorer
    jobs : int, optional
        Number of processes; ``None`` chooses by the size of the column and the cores.
    batch_size : int
        Reviews scored at a time.
    progress : callable, optional
        Called with (reviews done, reviews in all) after each batch.
    """
    import pyarrow as pa

    from feedback_nlp.engines.workers import workers

    starts = range(0, max(len(texts), 1), batch_size)
    batches = ((ids[at : at + batch_size], texts[at : at + batch_size]) for at in starts)
    parts = []
    done = 0
    prepare(scorer, len(texts))
    with workers(scorer, n_jobs(jobs, len(texts))) as run:
        for part in run(_score, batches):
            parts.append(part)
            done += len(part[1])
            if progress is not None:
                progress(done, len(texts))
    return pa.concat_tables([part[0] for part in parts]), pa.concat_tables([part[1] for part in parts])


def _score(batch: tuple[Sequence[str], Sequence[str | None]], scorer: Scorer) -> Tables:
    return score_batch(*batch, scorer)


def prepare(scorer: Scorer, n_reviews: int | None) -> None:
    """Get ready for a job of about this many reviews: compiled loops are loaded if it is long enough.

    To be called before processes are forked, so that they share what is loaded.
    """
    if kernels.prepare(n_reviews) and not kernels.warm():
        texts = [f"物流太慢了，但是客服很好{number}；退款拖了一个月！" for number in range(_WARM_REVIEWS)]
        score_batch([""] * len(texts), texts, scorer)
        kernels.done()


def n_jobs(jobs: int | None, n_reviews: int | None) -> int:
    """Return how many processes to use: as asked, else by the cores and the number of reviews if known.

    Raises
    ------
    ConfigError
        If ``jobs`` is no number of processes.
    """
    if jobs is not None:
        return whole_number("jobs", jobs, least=1, advice=_JOBS)
    cores = _cores()
    return cores if n_reviews is None else max(1, min(cores, n_reviews // MIN_REVIEWS_PER_JOB))


def _cores() -> int:
    """Cores that this process may use; a container often grants fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
