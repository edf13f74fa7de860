"""Score a column of texts on this machine: in batches, by one process or several, always in input order.

A scorer judges a review the same in any batch, so any batch size and any number of processes
give the same tables.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.scorers.base import Scorer

__all__ = ["Progress", "score_batch", "score_column"]

# (reviews done, reviews in all)
Progress = Callable[[int, int], None]
Tables = tuple["pa.Table", "pa.Table"]
BATCH_SIZE = 2_000
# Below this many reviews a second process costs more (its imports) than it brings.
MIN_REVIEWS_PER_JOB = 20_000


def score_batch(ids: Sequence[str], texts: Sequence[str | None], scorer: Scorer) -> Tables:
    """Score one batch of reviews.

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
    from feedback_nlp.insight import mentions
    from feedback_nlp.text.clauses import cut_column

    clauses = cut_column(texts)
    return mentions.write(scorer.predict(texts, clauses), clauses, ids, texts, scorer)


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

    starts = range(0, max(len(texts), 1), batch_size)
    batches = ((ids[at : at + batch_size], texts[at : at + batch_size]) for at in starts)
    parts = []
    done = 0
    with _mapper(scorer, _n_jobs(jobs, len(texts))) as run:
        for part in run(batches):
            parts.append(part)
            done += len(part[1])
            if progress is not None:
                progress(done, len(texts))
    return pa.concat_tables([part[0] for part in parts]), pa.concat_tables([part[1] for part in parts])


Batch = tuple[Sequence[str], Sequence["str | None"]]


def _n_jobs(jobs: int | None, n_reviews: int) -> int:
    if jobs is not None:
        return max(1, jobs)
    return max(1, min(os.cpu_count() or 1, n_reviews // MIN_REVIEWS_PER_JOB))


@contextmanager
def _mapper(scorer: Scorer, jobs: int) -> Iterator[Callable[[Iterator[Batch]], Iterator[Tables]]]:
    """Give a function that maps batches to tables in order, in this process or in ``jobs`` of them."""
    if jobs == 1:
        yield lambda batches: (score_batch(ids, texts, scorer) for ids, texts in batches)
        return
    with tempfile.TemporaryDirectory(prefix="feedback-nlp-") as folder:
        saved = scorer.save(Path(folder) / "model")
        # "spawn": Arrow and BLAS have threads by now, and a forked copy of a held lock hangs.
        pool = ProcessPoolExecutor(jobs, get_context("spawn"), _load_in_worker, (saved, type(scorer)))
        try:
            yield lambda batches: pool.map(_score_in_worker, batches)
        finally:
            pool.shutdown(cancel_futures=True)


_worker: dict[str, Scorer] = {}


def _load_in_worker(folder: Path, kind: type[Scorer]) -> None:
    # Ctrl-C reaches every process of the terminal; the first one alone answers it and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker["scorer"] = kind.load(folder)


def _score_in_worker(batch: Batch) -> Tables:
    return score_batch(*batch, _worker["scorer"])
