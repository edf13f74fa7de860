"""The same scores by Ray Data: ``python ray_job.py OUT IN.parquet ...``."""

from __future__ import annotations

import sys

import pyarrow as pa
import ray

import feedback_nlp as fn


class Scoring:
    """An actor of Ray: the model is loaded once, when it starts."""

    def __init__(self) -> None:
        self.model = fn.load_model("linear")

    def __call__(self, table: pa.Table) -> pa.Table:
        """Score what Ray hands out."""
        batches = table.combine_chunks().to_batches()
        scored = [fn.score_batch(batch, self.model, text="内容", mentions=True) for batch in batches]
        return pa.Table.from_batches(scored) if scored else table


def main(folder: str, *sources: str) -> None:
    """Score every file by one to four actors."""
    rows = ray.data.read_parquet(list(sources))
    rows.map_batches(Scoring, batch_format="pyarrow", batch_size=10_000, concurrency=(1, 4)).write_parquet(
        folder
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
