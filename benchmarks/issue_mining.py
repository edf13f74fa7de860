"""Issue mining on dated reviews: what stays unnamed, whether names hold when rows come in, and time.

    python benchmarks/issue_mining.py aircon.jsonl hotel.jsonl phone.jsonl

Each file is what ``feedback-nlp analyze`` reads. Printed for each, with the mentions that ``linear`` finds:

- ``other``: part of the negative mentions in 其他; ``problems``: in named problems of the taxonomy;
  ``mined``: in mined issues; ``vague``: those of them that name an aspect only (安装问题);
- ``moved``: part of the mentions of the first 80 % of the reviews (by date) whose issue changes when the
  other 20 % are appended; ``renamed``: issues whose name changes; ``shuffled``: mentions whose issue depends
  on the order of the rows;
- CPU time of the grouping;
- for comparison, HDBSCAN and agglomerative clustering (both scikit-learn) of TF-IDF character n-grams of
  the clauses that no named problem covers: what is unassigned, and what part of the pairs that were in one
  cluster stay so when the rows are shuffled and when 20 % are appended.

``--sample N`` prints N mined names with their clauses, for reading whether the names are true.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import feedback_nlp as fn
from feedback_nlp.insight.issues import assign
from feedback_nlp.insight.naming import OTHER
from feedback_nlp.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("default")
SEED = 0
OLD = 0.8
# Clusterings of all distinct clauses take minutes and gigabytes; this many show how they behave.
CLUSTERED = 3000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--no-clusterings", action="store_true")
    given = parser.parse_args()
    for path in given.files:
        scored = fn.score(path)
        filled, names = grouped(path.stem, scored.mention_table)
        stability(scored.mention_table, filled, names, older(scored.canonical))
        unnamed = [
            (issue, text)
            for issue, text in zip(filled["issue_id"].to_pylist(), filled["text"].to_pylist(), strict=True)
            if issue and (":m-" in issue or issue.endswith(f":{OTHER}"))
        ]
        if not given.no_clusterings:
            clusterings([text for _, text in unnamed])
        mined = [pair for pair in unnamed if ":m-" in pair[0]]
        for issue, text in random.Random(SEED).sample(mined, min(given.sample, len(mined))):
            print(f"  {issue.partition(':')[0]}\t{names[issue]}\t{text}")


def grouped(name: str, mentions: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """Group the mentions, print what is named, and return them with the names."""
    start = time.process_time()
    filled, catalogue = assign(mentions, TAXONOMY)
    seconds = time.process_time() - start
    ids = [issue for issue in filled["issue_id"].to_pylist() if issue]
    names = {row["issue_id"]: row["name"] for row in catalogue.to_pylist()}
    mined = [issue for issue in ids if ":m-" in issue]
    n_other = sum(issue.endswith(f":{OTHER}") for issue in ids)
    n_vague = sum(names[issue].endswith("问题") for issue in mined)
    print(
        f"{name}: {len(ids):,} negative mentions, {len(names)} issues; other {share(n_other, len(ids))}, "
        f"problems {share(len(ids) - len(mined) - n_other, len(ids))}, mined {share(len(mined), len(ids))} "
        f"(vague {share(n_vague, len(ids))}); {seconds:.1f} s CPU"
    )
    return filled, names


def stability(mentions: pa.Table, filled: pa.Table, names: dict[str, str], old: set[str]) -> None:
    """Print what changes when rows are appended and shuffled."""
    early = pa.array([review in old for review in mentions["review_id"].to_pylist()])
    before, catalogue = assign(mentions.filter(early), TAXONOMY)
    after = filled.filter(early)["issue_id"].to_pylist()
    pairs = zip(before["issue_id"].to_pylist(), after, strict=True)
    pairs = [pair for pair in pairs if pair[0]]
    moved = sum(one != other for one, other in pairs)
    rows = catalogue.to_pylist()
    renamed = sum(names.get(row["issue_id"], row["name"]) != row["name"] for row in rows)
    order = np.random.default_rng(SEED).permutation(mentions.num_rows)
    shuffled = assign(mentions.take(pa.array(order)), TAXONOMY)[0]["issue_id"].to_pylist()
    straight = filled["issue_id"].to_pylist()
    differ = sum(shuffled[place] != straight[row] for place, row in enumerate(order))
    print(f"  moved by appending {share(moved, len(pairs))}, renamed {renamed}, shuffled {differ}")


def older(reviews: pa.Table) -> set[str]:
    """Return the ids of the first 80 % of the reviews, by date."""
    times = reviews["time"].to_pylist() if "time" in reviews.column_names else [None] * reviews.num_rows
    places = sorted(range(reviews.num_rows), key=lambda place: (str(times[place]), place))
    ids = reviews["review_id"].to_pylist()
    return {ids[place] for place in places[: int(OLD * len(places))]}


def clusterings(texts: list[str]) -> None:
    from sklearn.cluster import HDBSCAN, AgglomerativeClustering
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    distinct = sorted(set(texts))
    kept = sorted(random.Random(SEED).sample(distinct, min(CLUSTERED, len(distinct))))

    def vectors(some: list[str]) -> NDArray[np.float64]:
        grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2).fit_transform(some)
        return normalize(TruncatedSVD(min(50, grams.shape[1] - 1), random_state=SEED).fit_transform(grams))

    methods = {
        "HDBSCAN": lambda: HDBSCAN(min_cluster_size=5, copy=True),
        "agglomerative": lambda: AgglomerativeClustering(
            n_clusters=None, distance_threshold=0.9, linkage="average"
        ),
    }
    for name, method in methods.items():
        start = time.process_time()
        labels = method().fit_predict(vectors(kept))
        seconds = time.process_time() - start
        order = np.random.default_rng(SEED).permutation(len(kept))
        shuffled = np.empty(len(kept), dtype=int)
        shuffled[order] = method().fit_predict(vectors([kept[place] for place in order]))
        old = np.sort(np.random.default_rng(SEED).choice(len(kept), int(OLD * len(kept)), replace=False))
        early = method().fit_predict(vectors([kept[place] for place in old]))
        print(
            f"  {name} of {len(kept)} clauses: unassigned {share(int((labels < 0).sum()), len(kept))}, "
            f"{len(set(labels.tolist()) - {-1})} clusters; still together after shuffling "
            f"{together(labels, shuffled)}, after appending {together(early, labels[old])}; "
            f"{seconds:.1f} s CPU"
        )


def together(before: NDArray[np.int64], after: NDArray[np.int64]) -> str:
    """Return what part of the pairs in one cluster before are in one cluster after."""
    same = kept = 0
    for label in set(before.tolist()) - {-1}:
        sizes = Counter(after[before == label].tolist())
        n = sum(sizes.values())
        same += n * (n - 1) // 2
        kept += sum(size * (size - 1) // 2 for found, size in sizes.items() if found >= 0)
    return share(kept, same)


def share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


if __name__ == "__main__":
    main()
