"""Where the time of scoring goes, stage by stage, and the ratio against SnowNLP in the same run.

    python benchmarks/hot_path.py reviews.jsonl.gz [more …] [--reviews 20000] [--snownlp 300] [--start]

Without numba, and with ``FEEDBACK_NLP_COMPILED=0``, NumPy's stages are measured, otherwise the compiled ones.
Reads texts of 30 to 110 characters (about 60 on average) from JSON lines (``text``), gzipped or not, and
prints Markdown: CPU microseconds for each review and stage on one core, the median of seven passes; reviews
for each second of CPU; with SnowNLP installed, the ratio to its sentiment alone. ``--start`` measures the CPU
time of whole processes instead: ``classify`` of one text, and loading the model and scoring one batch.

CPU time, not wall time: the figures hold on a busy machine, if not to the last tenth.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from feedback_nlp import kernels
from feedback_nlp.engines.local import BATCH_SIZE, prepare, score_batch
from feedback_nlp.insight import mentions
from feedback_nlp.scorers import (
    hashing,
    lexicon,
    lexicon_hits,
    lexicon_reading,
    linear,
    linear_parts,
    load_model,
)
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.linear_model import LinearWeights
from feedback_nlp.scorers.linear_tone import Tone
from feedback_nlp.text import clauses, terms
from feedback_nlp.text.column import Column
from feedback_nlp.text.trie import Trie

PASSES = 7
SHORTEST, LONGEST = 30, 110
# (what the reader sees, where the function is looked up, its name); a stage's time is without its sub-stages
STAGES: tuple[tuple[str, Any, str], ...] = (
    ("join and normalise", Column, "of"),
    ("find terms: trie", Trie, "scan"),
    ("find terms: expressions that passed the gate", terms.TermMatcher, "_tried"),
    ("find terms: gates, order", terms.TermMatcher, "find_spans"),
    ("lexicon: sort out what is found", lexicon_hits, "words"),
    ("lexicon: negation, degree, doubt", lexicon_reading, "_judged"),
    ("lexicon: link subjects and opinions", lexicon_reading, "_link"),
    ("lexicon: rest of reading clauses", lexicon, "read"),
    ("lexicon: reviews, flags", LexiconScorer, "judge"),
    ("n-grams: hash", linear, "column_slots"),
    ("n-grams: sort", linear, "distinct"),
    ("n-grams: look up", hashing.Vocabulary, "known"),
    ("tone of n-grams", Tone, "sums_of"),
    ("evidence as features", linear_parts, "from_judged"),
    ("n-grams × weights, log-odds", LinearWeights, "logits_of"),
    ("calibration, overall, flags", LinearWeights, "calibrated"),
    ("rest of the model", linear.LinearScorer, "predict"),
    ("cut clauses", clauses, "cut_column"),
    ("write mentions and scores", mentions, "write"),
)

# The same by compiled loops: these take the place of some of the above.
_LOOPS = (
    ("find terms: trie", "feedback_nlp.text.terms_fast", "FastTerms", "_found"),
    ("find terms: expressions that passed the gate", "feedback_nlp.text.terms_fast", "Expressions", "find"),
    ("n-grams: hash, look up, add weights", "feedback_nlp.kernels.grams", None, "gram_sums"),
    ("the small network", "feedback_nlp.scorers.linear_fast", "FastNetwork", "added"),
    ("log-odds, calibration, overall, flags", "feedback_nlp.scorers.linear_fast", "FastModel", "_part"),
)


def loops() -> tuple[tuple[str, Any, str], ...]:
    """Return the stages of compiled loops, if they are in use."""
    if not kernels.active():
        return ()
    found = []
    for name, module, owner, attribute in _LOOPS:
        held = import_module(module)
        found.append((name, getattr(held, owner) if owner else held, attribute))
    return tuple(found)


class Clock:
    """CPU time of nested stages, each without what its inner stages took."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner = [0.0]

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function`` with its time added to the stage ``name``."""

        def run(*arguments: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            begin = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                whole = time.process_time() - begin
                self.spent[name] = self.spent.get(name, 0.0) + whole - self._inner.pop()
                self._inner[-1] += whole

        return run


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Measure every stage while the block runs."""
    originals = []
    for name, owner, attribute in (*STAGES, *loops()):
        held = vars(owner)[attribute]
        originals.append((owner, attribute, held))
        plain = held.__func__ if isinstance(held, classmethod) else held
        timed = clock.timed(name, plain)
        setattr(owner, attribute, classmethod(timed) if isinstance(held, classmethod) else timed)
    # Imported by name into the module that calls it.
    lexicon_reading.words, kept = lexicon_hits.words, lexicon_reading.words
    try:
        yield
    finally:
        lexicon_reading.words = kept
        for owner, attribute, held in originals:
            setattr(owner, attribute, held)


def read(paths: list[str], count: int) -> list[str]:
    texts: list[str] = []
    for path in paths:
        content = Path(path).read_bytes()
        lines = (gzip.decompress(content) if path.endswith(".gz") else content).decode().splitlines()
        texts += [json.loads(line)["text"] for line in lines]
    texts = sorted({text for text in texts if SHORTEST <= len(text) <= LONGEST})
    random.Random(1).shuffle(texts)
    return texts[:count]


def one_pass(texts: list[str], scorer: Any) -> tuple[float, dict[str, float]]:
    """Return CPU seconds of all and of each stage."""
    clock = Clock()
    with watched(clock):
        begin = time.process_time()
        for at in range(0, len(texts), BATCH_SIZE):
            part = texts[at : at + BATCH_SIZE]
            score_batch([str(number) for number in range(len(part))], part, scorer)
        return time.process_time() - begin, clock.spent


def snownlp_seconds(texts: list[str]) -> float | None:
    """Return SnowNLP's CPU seconds for each sentiment, ``None`` where it is not installed."""
    try:
        from snownlp import SnowNLP
    except ImportError:
        return None
    _ = SnowNLP(texts[0]).sentiments
    begin = time.process_time()
    for text in texts:
        _ = SnowNLP(text).sentiments
    return (time.process_time() - begin) / len(texts)


def table(texts: list[str], n_snownlp: int) -> None:
    scorer = load_model("linear")
    prepare(scorer, 10_000_000)
    one_pass(texts[:BATCH_SIZE], scorer)
    passes = [one_pass(texts, scorer) for _ in range(PASSES)]
    micro = 1e6 / len(texts)
    whole = statistics.median(total for total, _ in passes) * micro
    length = statistics.mean(map(len, texts))
    print(f"{len(texts):,} reviews of {length:.0f} characters, CPU time of one core, median of {PASSES}\n")
    print("| stage | µs a review | share |\n|---|---:|---:|")
    known = 0.0
    for name in dict.fromkeys(name for name, _, _ in (*STAGES, *loops())):
        spent = statistics.median(stages.get(name, 0.0) for _, stages in passes) * micro
        known += spent
        if not spent:
            continue
        print(f"| {name} | {spent:.1f} | {spent / whole:.0%} |")
    print(f"| the rest | {max(whole - known, 0):.1f} | {max(whole - known, 0) / whole:.0%} |")
    print(f"| **all** | **{whole:.1f}** | |\n")
    print(f"{1e6 / whole:,.0f} reviews a second of CPU on one core.")
    other = snownlp_seconds(texts[:n_snownlp]) if n_snownlp else None
    if other is not None:
        print(f"SnowNLP's sentiment alone: {1 / other:,.0f} a second; ratio {other * 1e6 / whole:,.0f}.")


_BATCH = (
    "from feedback_nlp.scorers import load_model\n"
    "from feedback_nlp.engines.local import score_batch\n"
    "texts = ['物流太慢了，客服很好' + str(number) for number in range(2000)]\n"
    "score_batch(['1'] * 2000, texts, load_model('linear'))\n"
)


def starts() -> None:
    calls = {
        "classify of one text, command line": ["-m", "feedback_nlp", "classify", "物流太慢了，客服很好"],
        "classify of one text, Python": ["-c", "from feedback_nlp import classify; classify('物流太慢了')"],
        "load the model, score one batch": ["-c", _BATCH],
        "command line, --help": ["-m", "feedback_nlp", "--help"],
        "import feedback_nlp": ["-c", "import feedback_nlp"],
        "import numpy (nothing of ours)": ["-c", "import numpy"],
        "import numpy, pyarrow (nothing of ours)": ["-c", "import numpy, pyarrow"],
    }
    # As for an installed package: compiled modules are kept.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    print("| process | CPU seconds, median of 7 |\n|---|---:|")
    for name, arguments in calls.items():
        spent = []
        for _ in range(PASSES + 1):
            before = os.times()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
            after = os.times()
            spent.append(
                after.children_user + after.children_system - before.children_user - before.children_system
            )
        print(f"| {name} | {statistics.median(spent[1:]):.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--reviews", type=int, default=20_000)
    parser.add_argument("--snownlp", type=int, default=300)
    parser.add_argument("--start", action="store_true")
    chosen = parser.parse_args()
    if chosen.start:
        starts()
    else:
        table(read(chosen.files, chosen.reviews), chosen.snownlp)


if __name__ == "__main__":
    main()
