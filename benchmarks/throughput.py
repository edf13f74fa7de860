"""How fast ``score`` is, how its memory grows, and how that compares: the tables of docs/batch.md.

    python benchmarks/throughput.py peers --rows 2000        # against SnowNLP, cnsenti, TF-IDF
    python benchmarks/throughput.py scaling --rows 10000,100000,1000000 --jobs 1,2
    python benchmarks/throughput.py stages --rows 50000      # where the time goes, in one process
    python benchmarks/throughput.py spark --rows 100000      # local[2] beside two processes of our own

Texts are those of some of ``corpora/*.jsonl``, joined at random to about ``--chars`` characters, each made
its own by the number of the row, so that none is scored from another. Peers judge the sentiment alone;
``score`` reads Parquet and writes scores, facets, flags and the mentions file. Ratios are of CPU time in one
run, the median of ``--repeats``: wall times of a shared machine mean little, and are given beside. Peak
memory: of the process, and the sum over its children (Linux). ``FEEDBACK_NLP_COMPILED=0`` measures without
compiled loops.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# corpora/demo.jsonl and corpora/challenge are kept unseen.
CORPORA = ("mixed", "delays", "tickets", "contrasts", "lookalikes", "risks", "spoken", "hints")
CHUNK = 50_000


def texts(count: int, chars: int, seed: int = 0) -> Iterator[str]:
    """Yield ``count`` different texts of about ``chars`` characters."""
    files = [ROOT / "corpora" / f"{name}.jsonl" for name in CORPORA]
    known = [
        json.loads(line)["text"] for path in files if path.exists() for line in path.open(encoding="utf-8")
    ]
    chance = random.Random(seed)
    for number in range(count):
        text = chance.choice(known)
        while len(text) < chars - 15:
            text += chance.choice(known)
        yield f"{text}（{number}）"


def write_input(path: Path, count: int, chars: int) -> float:
    """Write ``count`` reviews as Parquet and return their mean length."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("review_id", pa.string()), ("text", pa.string())])
    source, length = texts(count, chars), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            cells = [next(source) for _ in range(size)]
            length += sum(map(len, cells))
            ids = [f"r{start + place}" for place in range(size)]
            writer.write_table(pa.table([ids, cells], schema=schema))
    return length / count


# --- peers


def peers(count: int, repeats: int, model: str, chars: int) -> None:
    sample = list(texts(count, chars))
    print(f"{statistics.mean(map(len, sample)):.0f} characters a text")
    judges = {"SnowNLP": snownlp(), "cnsenti": cnsenti(), "TF-IDF + LogisticRegression": tfidf()}
    rates: dict[str, list[float]] = {}
    walls: dict[str, list[float]] = {}
    for _ in range(repeats):
        for name, judge in judges.items():
            some = sample[: max(50, count // 10)] if name in ("SnowNLP", "cnsenti") else sample
            used, wall = spent(lambda judge=judge, some=some: judge(some))  # type: ignore[misc]
            rates.setdefault(name, []).append(len(some) / used)
            walls.setdefault(name, []).append(len(some) / wall)
        for jobs in (1, 2):
            used, wall = score_rate(count * 20, model, jobs, chars)
            name = f"feedback-nlp score --jobs {jobs}"
            rates.setdefault(name, []).append(used)
            walls.setdefault(name, []).append(wall)
    print("| tool | reviews/CPU s | x SnowNLP | reviews/s (wall) | x SnowNLP |\n|---|---:|---:|---:|---:|")
    for name in rates:
        used, wall = statistics.median(rates[name]), statistics.median(walls[name])
        first = used / statistics.median(rates["SnowNLP"])
        second = wall / statistics.median(walls["SnowNLP"])
        print(f"| {name} | {used:,.0f} | {first:.1f} | {wall:,.0f} | {second:.1f} |")


def spent(call: Callable[[], Any]) -> tuple[float, float]:
    """Return CPU seconds, ended children's too, and wall seconds."""
    before, start = os.times(), time.perf_counter()
    call()
    after, end = os.times(), time.perf_counter()
    return sum(after[:4]) - sum(before[:4]), end - start


def snownlp() -> Callable[[list[str]], Any]:
    from snownlp import SnowNLP

    _ = SnowNLP("热身").sentiments
    return lambda cells: [SnowNLP(text).sentiments for text in cells]


def cnsenti() -> Callable[[list[str]], Any]:
    from cnsenti import Sentiment

    judge = Sentiment()
    judge.sentiment_count("热身")
    return lambda cells: [judge.sentiment_count(text) for text in cells]


def tfidf() -> Callable[[list[str]], Any]:
    """Character 1-3-grams and a linear model: what one would build in an afternoon."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    known = list(texts(2_000, 60, seed=1))
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LogisticRegression(max_iter=50)
    )
    model.fit(known, [place % 2 for place in range(len(known))])
    return lambda cells: model.predict_proba(cells)


def score_rate(count: int, model: str, jobs: int, chars: int) -> tuple[float, float]:
    """Return reviews per CPU second and per second of the whole job, the start of Python aside."""
    import feedback_nlp as fn
    from feedback_nlp.engines.local import prepare

    scorer = fn.load_model(model)
    prepare(scorer, 10_000_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        write_input(path / "in.parquet", count, chars)
        used, wall = spent(
            lambda: fn.score_file(
                path / "in.parquet", path / "o.parquet", path / "m.parquet", model=scorer, jobs=jobs
            )
        )
        return count / used, count / wall


# --- scaling


def scaling(sizes: list[int], jobs: list[int], model: str, chars: int) -> None:
    names = (
        "rows",
        "jobs",
        "wall s",
        "CPU s",
        "reviews/s",
        "CPU µs/review",
        "peak MB, first",
        "peak MB, all (PSS)",
    )
    print("| " + " | ".join(names) + " |\n" + "|---:" * len(names) + "|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for size in sizes:
            write_input(path / "in.parquet", size, chars)
            for count in jobs:
                wall, used, own, everything = one_run(path, model, count)
                each = used / size * 1e6
                cells = (
                    f"{size:,}",
                    str(count),
                    f"{wall:.1f}",
                    f"{used:.1f}",
                    f"{size / wall:,.0f}",
                    f"{each:.0f}",
                )
                print("| " + " | ".join((*cells, f"{own:.0f}", f"{everything:.0f}")) + " |", flush=True)


def one_run(folder: Path, model: str, jobs: int) -> tuple[float, float, float, float]:
    """Return wall and CPU seconds, and peak memory of the first process and of all, of one command."""
    command = [sys.executable, "-m", "feedback_nlp", "score", str(folder / "in.parquet")]
    command += ["-o", str(folder / "o.parquet"), "--mentions", str(folder / "m.parquet")]
    command += ["--model", model, "--jobs", str(jobs), "--quiet", "--force"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    watch = Watch(process.pid)
    code = process.wait()
    wall = time.perf_counter() - start
    watch.stop()
    if code:
        raise SystemExit(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used, watch.own, watch.everything


class Watch:
    """Looks at the memory of a process and its children every tenth of a second."""

    def __init__(self, pid: int) -> None:
        self.own = 0.0
        self.everything = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        while not self._ended.wait(0.1):
            try:
                process = psutil.Process(self._pid)
                self.own = max(self.own, process.memory_info().rss / 1e6)
                family = [process, *process.children()]
                shared_once = sum(member.memory_full_info().pss for member in family)
                self.everything = max(self.everything, shared_once / 1e6)
            except psutil.Error:
                continue


# --- where the time goes


def stages(count: int, model: str, chars: int) -> None:
    import feedback_nlp as fn
    from feedback_nlp.engines.local import prepare

    scorer = fn.load_model(model)
    prepare(scorer, count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        write_input(path / "in.parquet", count, chars)
        profile = cProfile.Profile()
        profile.enable()
        fn.score_file(path / "in.parquet", path / "o.parquet", path / "m.parquet", model=scorer, jobs=1)
        profile.disable()
    wanted = {
        "read Parquet, check rows, number ids": ("inputs.py", "blocks"),
        "bytes to and from the scoring process": ("stream.py", "pack"),
        "… and back": ("stream.py", "unpack"),
        "cut clauses": ("clauses.py", "cut_column"),
        "predict": ("", "predict"),
        "mentions and scored columns": ("mentions.py", "write"),
        "status of each text": ("quality.py", "status"),
        "hashes for duplicates": ("duplicates.py", "keys"),
        "parts to the disk": ("parts.py", "write"),
        "outputs in place (second pass, Parquet)": ("placing.py", "place"),
    }
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(entry[2] for entry in found.values())
    print("| stage | µs/review (profiled) | share |\n|---|---:|---:|")
    for stage, (file, name) in wanted.items():
        spent = max(
            (entry[3] for place, entry in found.items() if place[0].endswith(file) and place[2] == name),
            default=0.0,
        )
        print(f"| {stage} | {spent / count * 1e6:.1f} | {spent / whole:.0%} |")
    print(f"| all | {whole / count * 1e6:.1f} | 100% |")


# --- Spark


def spark(count: int, model: str, chars: int) -> None:
    """Time the same job by Spark on this machine and by processes of our own, starts included."""
    print("| engine | wall s | reviews/s |\n|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        write_input(path / "in.parquet", count, chars)
        wall, *_ = one_run(path, model, 2)
        print(f"| score --jobs 2 | {wall:.1f} | {count / wall:,.0f} |", flush=True)
        command = [sys.executable, "-c", _SPARK, str(path), model]
        start = time.perf_counter()
        # Else its workers are whatever python3 the PATH has.
        workers = {**os.environ, "PYSPARK_PYTHON": sys.executable}
        subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL, env=workers)
        wall = time.perf_counter() - start
        print(f"| Spark local[2] | {wall:.1f} | {count / wall:,.0f} |", flush=True)


_SPARK = """
import sys, time
from pyspark.sql import SparkSession
from feedback_nlp.engines import spark
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
df = session.read.parquet(sys.argv[1] + "/in.parquet").repartition(2)
start = time.perf_counter()
scored = spark.score(df, text="text", id="review_id", model=sys.argv[2], order=["review_id"]).persist()
scored.reviews.write.mode("overwrite").parquet(sys.argv[1] + "/spark_reviews")
scored.mentions.write.mode("overwrite").parquet(sys.argv[1] + "/spark_mentions")
wall = time.perf_counter() - start
print(f"| … of which the job | {wall:.1f} | |")
session.stop()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["peers", "scaling", "stages", "spark"])
    parser.add_argument("--rows", default="2000")
    parser.add_argument("--jobs", default="1,2")
    parser.add_argument("--model", default="linear")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--chars", type=int, default=60)
    given = parser.parse_args()
    sizes = [int(size) for size in given.rows.split(",")]
    if given.what == "peers":
        peers(sizes[0], given.repeats, given.model, given.chars)
    elif given.what == "scaling":
        scaling(sizes, [int(jobs) for jobs in given.jobs.split(",")], given.model, given.chars)
    elif given.what == "spark":
        spark(sizes[0], given.model, given.chars)
    else:
        stages(sizes[0], given.model, given.chars)


if __name__ == "__main__":
    main()
