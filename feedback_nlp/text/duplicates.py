"""The same text again: exact duplicates, which are not counted, and near ones, which are only reported."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.codepoints import encode
from feedback_nlp.text.normalize import normalize_column

__all__ = ["exact", "keys", "near"]

# Below this length two customers may well write the same ("不错").
SHORTEST = 10
# Near duplicates: shortest text in letters and digits, length of the runs compared, least similarity.
# On 20,300 real reviews of seven kinds that gives 50 pairs, of which about 45 are one text reworked.
SHORTEST_NEAR = 16
SHINGLE = 2
THRESHOLD = 0.5
PERMUTATIONS = 96
# A missed pair weighs 32 times a needless candidate, for candidates are verified: of pairs of similarity 0.5
# one in 60 is missed, of 0.6 one in 2,000.
WEIGHTS = (0.03, 0.97)
SEED = 1


def exact(
    texts: Sequence[str | None],
    ids: Sequence[str],
    customers: Sequence[str | None] | None = None,
    statuses: Sequence[str] | None = None,
) -> list[str | None]:
    """Name for each review the first one with the same text.

    The same text from the same customer is a duplicate; of unknown customers, the same text of at least 10
    characters. Texts are compared in normal form and without white space.

    Parameters
    ----------
    texts : sequence of str or None, length n
    ids : sequence of str, length n
    customers : sequence of str or None, length n, optional
    statuses : sequence of str, length n, optional
        Of ``quality.status``; only "ok" reviews take part.

    Returns
    -------
    list of str or None, length n
        The id of the first such review; ``None`` for first occurrences and for texts without content.
    """
    first: dict[Hashable, int] = {}
    found: list[str | None] = []
    for row, key in enumerate(keys(texts, customers, statuses)):
        source = row if key is None else first.setdefault(key, row)
        found.append(None if source == row else ids[source])
    return found


def keys(
    texts: Sequence[str | None],
    customers: Sequence[str | None] | None = None,
    statuses: Sequence[str] | None = None,
) -> list[tuple[str | None, str] | None]:
    """Return for each review what it shares with its exact duplicates; parameters as in :func:`exact`.

    Returns
    -------
    list of (customer, text in normal form without white space) or None, length n
        ``None`` for a review that repeats nothing: without content, or short and of an unknown customer.
    """
    plain = _keys(texts)
    whose = customers if customers is not None else [None] * len(plain)
    taking = [status == "ok" for status in statuses] if statuses is not None else [True] * len(plain)
    return [
        (customer, key) if takes and len(key) >= (SHORTEST if customer is None else 1) else None
        for key, customer, takes in zip(plain, whose, taking, strict=True)
    ]


def near(texts: Sequence[str | None], ids: Sequence[str], threshold: float = THRESHOLD) -> list[str | None]:
    """Name for each review the first one with nearly the same text.

    Candidates come from MinHash signatures of character bigrams (Broder 1997), punctuation aside, banded by
    locality-sensitive hashing, and are kept if their Jaccard similarity reaches the threshold.

    Parameters
    ----------
    texts : sequence of str or None, length n
    ids : sequence of str, length n
    threshold : float, optional
        Least Jaccard similarity, in (0, 1].

    Returns
    -------
    list of str or None, length n
        The id of the first review that is near; ``None`` for the others and for texts under 16 letters.
    """
    position: dict[str, int] = {}
    keys = [_letters(key) for key in _keys(texts)]
    for row, key in enumerate(keys):
        if len(key) >= SHORTEST_NEAR:
            position.setdefault(key, row)
    sources = dict(zip(position, _near_sources(list(position), threshold), strict=True))
    rows = list(position.values())
    found: list[str | None] = []
    for row, key in enumerate(keys):
        source = rows[sources[key]] if key in sources else row
        found.append(None if source == row else ids[source])
    return found


def _keys(texts: Sequence[str | None]) -> list[str]:
    return ["".join(text.split()) for text in normalize_column(texts)]


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _near_sources(texts: Sequence[str], threshold: float) -> list[int]:
    """Return for each of distinct texts the position of the first that is near, itself included."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=WEIGHTS)
    shingles = [_shingles(text) for text in texts]
    signatures = MinHash.generator(shingles, num_perm=PERMUTATIONS, seed=SEED, hashfunc=_identity)
    sources = []
    for row, signature in enumerate(signatures):
        candidates = sorted(index.query(signature))
        near_rows = (other for other in candidates if _jaccard(shingles[row], shingles[other]) >= threshold)
        sources.append(next(near_rows, row))
        index.insert(row, signature, check_duplication=False)
    return sources


def _shingles(text: str) -> NDArray[np.uint32]:
    """Return the distinct hashes of the runs of ``SHINGLE`` characters of ``text``, sorted."""
    codes = encode(text).astype(np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(codes, SHINGLE)
    # 21 bits hold a code point; Fibonacci hashing spreads the 42 bits, of which the upper 32 are kept.
    packed = (runs[:, 0] << np.uint64(21)) | runs[:, 1]
    return np.unique((packed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)).astype(np.uint32)


def _identity(value: Any) -> int:
    return int(value)


def _jaccard(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)
