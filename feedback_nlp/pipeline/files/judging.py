"""Blocks to scores: batches go out to the processes and come back in order, as blocks again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from feedback_nlp.engines.stream import Task, judge, pack, unpack

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.engines.workers import Run
    from feedback_nlp.pipeline.files.inputs import Ready

__all__ = ["BATCH_ROWS", "Judged", "judged"]

BATCH_ROWS = 2_048


class Judged(NamedTuple):
    """A block with its scores (review id and keys among them), and its mentions if they are wanted."""

    ready: Ready
    scores: pa.Table
    mentions: pa.Table | None


def judged(
    run: Run, blocks: Iterable[Ready], *, own_ids: bool, mentions: bool, batch_rows: int = BATCH_ROWS
) -> Iterator[Judged]:
    """Yield every block with its scores, in order.

    Parameters
    ----------
    run : Run
        Of ``engines.workers``; takes blocks only as results are taken out.
    blocks : iterable of Ready
    own_ids : bool
        Whether ids are the input's own.
    mentions : bool
        Whether mentions are wanted.
    batch_rows : int
        Rows judged at a time; no result depends on it.
    """
    import pyarrow as pa

    waiting: deque[tuple[Ready, int]] = deque()

    def tasks() -> Iterator[Task]:
        for ready in blocks:
            n_rows = ready.reviews.num_rows
            waiting.append((ready, -(-n_rows // batch_rows)))
            for start in range(0, n_rows, batch_rows):
                yield Task(pack(ready.reviews.slice(start, batch_rows)), own_ids, mentions)

    scores: list[pa.Table] = []
    found: list[pa.Table] = []
    for scored, mentioned in run(judge, tasks()):
        scores.append(unpack(scored))
        if mentions:
            found.append(unpack(mentioned))
        if len(scores) == waiting[0][1]:
            ready, _ = waiting.popleft()
            yield Judged(ready, pa.concat_tables(scores), pa.concat_tables(found) if mentions else None)
            scores, found = [], []
