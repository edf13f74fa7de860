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
  the clauses that no named problem covers, and BERTopic where it is installed, on the sentence vectors of
  ``--encoder FOLDER`` (mean of the last layer) if given: what is unassigned, and what part of the pairs that
  were in one cluster stay so when the rows are shuffled and when 20 % are appended.

``--sample N`` prints N mined names with their clauses, for reading whether the names are true.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
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
    parser.add_argument("--encoder", type=Path, help="folder of a pretrained encoder, for BERTopic")
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
            clusterings([text for _, text in unnamed], given.encoder)
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


Labels = Callable[[list[str], NDArray[np.float64]], NDArray[np.int64]]


def clusterings(texts: list[str], encoder: Path | None) -> None:
    """Print what clusterings of the clauses leave out, and how they hold."""
    distinct = sorted(set(texts))
    kept = sorted(random.Random(SEED).sample(distinct, min(CLUSTERED, len(distinct))))
    start = time.process_time()
    sentences = None if encoder is None else sentence_vectors(kept, encoder)
    seconds = time.process_time() - start
    for name, label in methods().items():
        own = sentences if name == "BERTopic" else None
        took = seconds if own is not None else 0.0
        compare(name, label, kept, own, took)


def methods() -> dict[str, Labels]:
    """Return the clusterings that are installed: texts and vectors to labels, -1 unassigned."""
    from sklearn.cluster import HDBSCAN, AgglomerativeClustering

    found: dict[str, Labels] = {
        "HDBSCAN": lambda _, vectors: HDBSCAN(min_cluster_size=5, copy=True).fit_predict(vectors),
        "agglomerative": lambda _, vectors: AgglomerativeClustering(
            n_clusters=None, distance_threshold=0.9, linkage="average"
        ).fit_predict(vectors),
    }
    if find_spec("bertopic"):
        found["BERTopic"] = bertopic
    return found


def bertopic(texts: list[str], vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Label by BERTopic; without umap-learn and hdbscan it takes PCA and scikit-learn's HDBSCAN."""
    from bertopic import BERTopic
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(analyzer="char", ngram_range=(1, 2))
    model = BERTopic(min_topic_size=5, vectorizer_model=words, verbose=False)
    return np.asarray(model.fit_transform(texts, vectors)[0])


def compare(
    name: str, label: Labels, texts: list[str], sentences: NDArray[np.float64] | None, seconds: float
) -> None:
    """Print one clustering: what it leaves out, and what holds when rows are shuffled or appended."""

    def labels(places: NDArray[np.int64]) -> NDArray[np.int64]:
        some = [texts[place] for place in places]
        return label(some, gram_vectors(some) if sentences is None else sentences[places])

    n = len(texts)
    rng = np.random.default_rng(SEED)
    start = time.process_time()
    straight = labels(np.arange(n))
    seconds += time.process_time() - start
    order = rng.permutation(n)
    shuffled = np.empty(n, dtype=np.int64)
    shuffled[order] = labels(order)
    old = np.sort(rng.choice(n, int(OLD * n), replace=False))
    print(
        f"  {name} of {n} clauses: unassigned {share(int((straight < 0).sum()), n)}, "
        f"{len(set(straight.tolist()) - {-1})} clusters; still together after shuffling "
        f"{together(straight, shuffled)}, after appending {together(labels(old), straight[old])}; "
        f"{seconds:.1f} s CPU"
    )


def gram_vectors(texts: list[str]) -> NDArray[np.float64]:
    """Return TF-IDF of character n-grams in 50 dimensions, of length 1."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2).fit_transform(texts)
    reduced = TruncatedSVD(min(50, grams.shape[1] - 1), random_state=SEED).fit_transform(grams)
    return normalize(reduced)


def sentence_vectors(texts: list[str], folder: Path) -> NDArray[np.float64]:
    """Return the means of the last layer of a pretrained encoder, of length 1."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False).float().eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(texts), 64):
            some = [f"query: {text}" for text in texts[start : start + 64]]
            batch = tokenizer(some, padding=True, truncation=True, max_length=64, return_tensors="pt")
            states, mask = model(**batch).last_hidden_state, batch["attention_mask"][..., None]
            parts.append(((states * mask).sum(1) / mask.sum(1)).numpy())
    vectors = np.concatenate(parts)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


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
