"""The same scores by Dask: ``python dask_job.py OUT IN.parquet ...``; one output file for each input file."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import dask
import pyarrow.parquet as pq

import feedback_nlp as fn


@cache
def model() -> object:
    """Return the model, loaded once in each process."""
    return fn.load_model("linear")


@dask.delayed
def part(source: str, target: str) -> str:
    """Score one file batch by batch."""
    writer = None
    for batch in pq.ParquetFile(source).iter_batches(10_000):
        scored = fn.score_batch(batch, model(), text="内容", mentions=True)
        writer = writer or pq.ParquetWriter(target, scored.schema)
        writer.write_batch(scored)
    if writer is not None:
        writer.close()
    return target


def main(folder: str, *sources: str) -> None:
    """Score every file; ``fn.mentions_of`` gives the mentions of what is written."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    tasks = [part(source, str(Path(folder) / Path(source).name)) for source in sources]
    print(*dask.compute(*tasks, scheduler="processes", num_workers=2), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
