"""From texts to tokens: what an encoder reads, and which tokens each clause owns.

A long review is read in windows. A window ends between two clauses and begins with the end of the one before
it, so that a clause at the seam still sees what was said just before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.text.normalize import normalize_column

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from feedback_nlp.text.clauses import Clauses

__all__ = ["Batch", "Tokens", "Windows", "tokenize"]

# Halves of surrogate pairs, which a string of Python may hold and a tokenizer doesn't take.
_HALVES = re.compile("[\ud800-\udfff]")
# Tokens of the window before that are read again.
OVERLAP = 32


@dataclass(frozen=True)
class Windows:
    """Pieces of reviews, each short enough for one forward pass.

    Attributes
    ----------
    ids : tuple of int32 arrays, length n_windows
        Token ids, the special tokens at both ends included.
    review : int64 array of shape (n_windows,)
        Position of the review in the column; non-decreasing.
    own : int32 array of shape (n_windows, 2)
        Half-open range of tokens that are no overlap and no special token.
    """

    ids: tuple[NDArray[np.int32], ...]
    review: NDArray[np.int64]
    own: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self) -> NDArray[np.int64]:
        """Return the number of tokens of each window."""
        return np.fromiter(map(len, self.ids), dtype=np.int64, count=len(self.ids))


@dataclass(frozen=True)
class Tokens:
    """A tokenised column.

    Attributes
    ----------
    windows : Windows
    window : int64 array of shape (n_clauses,)
        The window a clause is judged in.
    span : int32 array of shape (n_clauses, 2)
        Half-open range of its tokens in that window; never empty.
    pad : int
        Token id that fills short rows.
    """

    windows: Windows
    window: NDArray[np.int64]
    span: NDArray[np.int32]
    pad: int

    def batches(self, most_tokens: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        """Yield the windows of ``order`` (all by default), as many together as ``most_tokens`` allow.

        Windows are sorted by length first when no order is given, so that little is padded.
        """
        lengths = self.windows.lengths()
        chosen = np.argsort(lengths, kind="stable") if order is None else np.asarray(order, dtype=np.int64)
        begin = 0
        while begin < len(chosen):
            end, widest = begin, 0
            while end < len(chosen):
                widest = max(widest, int(lengths[chosen[end]]))
                if end > begin and widest * (end + 1 - begin) > most_tokens:
                    break
                end += 1
            yield self._batch(chosen[begin:end])
            begin = end

    def _batch(self, rows: NDArray[np.int64]) -> Batch:
        width = max(len(self.windows.ids[row]) for row in rows)
        ids = np.full((len(rows), width), self.pad, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for place, row in enumerate(rows):
            tokens = self.windows.ids[row]
            ids[place, : len(tokens)] = tokens
            mask[place, : len(tokens)] = 1
        return Batch(rows, ids, mask)


@dataclass(frozen=True)
class Batch:
    """Windows padded to one width.

    Attributes
    ----------
    rows : int64 array of shape (n,)
        Which windows.
    ids, mask : int64 arrays of shape (n, width)
    """

    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def tokenize(
    texts: Sequence[str | None], clauses: Clauses, tokenizer: Tokenizer, *, most_tokens: int = 256
) -> Tokens:
    """Tokenise a column of reviews.

    Parameters
    ----------
    texts : sequence of str or None, length n_reviews
        Original texts; normalised here, which keeps every offset.
    clauses : Clauses
        Spans into ``texts``.
    tokenizer : tokenizers.Tokenizer
        Without padding and truncation.
    most_tokens : int
        Longest window, the special tokens included.
    """
    builder = _Builder(most_tokens)
    # One for one: every offset stays.
    whole = [_HALVES.sub("\ufffd", text) for text in normalize_column(texts)]
    encodings = tokenizer.encode_batch(whole, add_special_tokens=False)
    first = np.searchsorted(clauses.review, np.arange(clauses.n_reviews + 1))
    special = _special_tokens(tokenizer)
    for review, encoding in enumerate(encodings):
        rows = slice(int(first[review]), int(first[review + 1]))
        ids = np.array(encoding.ids, dtype=np.int32)
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        builder.add(review, ids, _token_spans(offsets, clauses.start[rows], clauses.end[rows]), special)
    return builder.tokens(_pad_id(tokenizer))


def _special_tokens(tokenizer: Tokenizer) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the token ids that open and close an input."""
    ids = tokenizer.encode("", add_special_tokens=True).ids
    half = (len(ids) + 1) // 2
    return np.array(ids[:half], dtype=np.int32), np.array(ids[half:], dtype=np.int32)


def _pad_id(tokenizer: Tokenizer) -> int:
    for name in ("<pad>", "[PAD]"):
        found = tokenizer.token_to_id(name)
        if found is not None:
            return int(found)
    return 0


def _token_spans(
    offsets: NDArray[np.int64], start: NDArray[np.int32], end: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return for each clause the tokens that overlap it; at least one, the nearest, when there are any."""
    if not len(offsets):
        return np.zeros((len(start), 2), dtype=np.int64)
    begin = np.searchsorted(offsets[:, 1], start, side="right")
    stop = np.searchsorted(offsets[:, 0], end, side="left")
    begin = np.minimum(begin, len(offsets) - 1)
    return np.stack([begin, np.maximum(stop, begin + 1)], axis=1)


class _Builder:
    """Collects windows and the places of clauses in them."""

    def __init__(self, most_tokens: int) -> None:
        self.most = most_tokens
        self.ids: list[NDArray[np.int32]] = []
        self.review: list[int] = []
        self.own: list[tuple[int, int]] = []
        self.window: list[int] = []
        self.span: list[tuple[int, int]] = []

    def add(
        self,
        review: int,
        ids: NDArray[np.int32],
        spans: NDArray[np.int64],
        special: tuple[NDArray[np.int32], NDArray[np.int32]],
    ) -> None:
        """Add one review; nothing is added for a review without clauses."""
        if not len(spans):
            return
        opening, closing = special
        room = self.most - len(opening) - len(closing)
        for begin, stop, low, high in _pieces(spans, len(ids), room):
            shown = max(begin - OVERLAP, stop - room, 0)
            self.ids.append(np.concatenate([opening, ids[shown:stop], closing]))
            self.review.append(review)
            shift = len(opening) - shown
            self.own.append((begin + shift, max(stop, begin + 1) + shift))
            for at, to in spans[low:high].tolist():
                left = min(at, max(stop - 1, 0))
                self.window.append(len(self.ids) - 1)
                self.span.append((left + shift, max(min(to, stop), left + 1) + shift))

    def tokens(self, pad: int) -> Tokens:
        """Return everything added."""
        windows = Windows(
            tuple(self.ids),
            np.array(self.review, dtype=np.int64),
            np.array(self.own, dtype=np.int32).reshape(-1, 2),
        )
        return Tokens(
            windows,
            np.array(self.window, dtype=np.int64),
            np.array(self.span, dtype=np.int32).reshape(-1, 2),
            pad,
        )


def _pieces(spans: NDArray[np.int64], length: int, room: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (first token, last token, first clause, last clause) of each window, half-open.

    Each window after the first leaves room for the overlap. A clause too long for a window is judged by its
    beginning.
    """
    clause, begin = 0, 0
    while clause < len(spans):
        limit = begin + (room if begin == 0 else room - OVERLAP)
        last = clause + 1
        while last < len(spans) and spans[last, 1] <= limit:
            last += 1
        stop = length if last == len(spans) else int(spans[last, 0])
        yield begin, min(stop, limit), clause, last
        clause = last
        begin = int(spans[last, 0]) if last < len(spans) else length
