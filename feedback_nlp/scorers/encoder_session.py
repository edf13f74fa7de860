"""Running the encoder without torch: ONNX Runtime, one window at a time, as many at once as there are cores.

Int8 activations are scaled by the largest value of a whole input. A window by itself always gets the same
scale; among others, padded, it would not, and its scores would depend on its neighbours in the file.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import MissingExtraError
from feedback_nlp.scorers.encoder_heads import Pooled, mean_states

if TYPE_CHECKING:
    from feedback_nlp.scorers.encoder_tokens import Tokens

__all__ = ["Backend", "OnnxBackend", "load_tokenizer"]

Floats = NDArray[np.float32]
# Made one operation, the addition and the layer norm after it take three times as long.
_SLOWER = ["SkipLayerNormFusion"]


class Backend(Protocol):
    """Turns tokens into pooled states."""

    def pooled(self, tokens: Tokens) -> Pooled:
        """Return the mean state of each clause and of each window's own tokens."""


class OnnxBackend:
    """The exported encoder. A copy, such as one for another process, makes a session of its own.

    Parameters
    ----------
    graph : bytes
        The model in ONNX form: ``input_ids`` and ``attention_mask`` (n, width) to ``states``
        (n, width, hidden).
    threads : int, optional
        Windows in flight; all cores when not given.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, graph: bytes, *, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError.from_extra("encoder", "encoder") from error
        options = onnxruntime.SessionOptions()
        # One thread a window: short inputs don't fill more, and threads of our own fill all cores.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._made_of = (graph, threads)
        self.threads = threads or _cores()
        self.session: Any = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
        )

    def __getstate__(self) -> tuple[bytes, int | None]:
        return self._made_of

    def __setstate__(self, state: tuple[bytes, int | None]) -> None:
        graph, threads = state
        self.__init__(graph, threads=threads)  # type: ignore[misc]

    def pooled(self, tokens: Tokens) -> Pooled:
        """Return the mean state of each clause and of each window's own tokens."""
        spans = _spans_by_window(tokens)
        with ThreadPoolExecutor(self.threads) as pool:
            found = list(pool.map(self._window, tokens.windows.ids, spans))
        width = int(self.session.get_outputs()[0].shape[2])
        joined = np.concatenate([np.zeros((0, width), np.float32), *found])
        # Of each window, its own range comes first, then its clauses.
        sizes = np.array([len(part) for part in found], dtype=np.int64)
        heads = np.cumsum(sizes) - sizes
        is_head = np.zeros(len(joined), dtype=bool)
        is_head[heads] = True
        return Pooled(joined[~is_head], joined[is_head])

    def _window(self, ids: NDArray[np.int32], spans: NDArray[np.int32]) -> Floats:
        row = ids[None].astype(np.int64)
        states = self.session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})[0]
        return mean_states(states[0], spans)


def _spans_by_window(tokens: Tokens) -> list[NDArray[np.int32]]:
    """Return for each window its own range and the spans of its clauses."""
    first = np.searchsorted(tokens.window, np.arange(len(tokens.windows) + 1))
    return [
        np.concatenate([tokens.windows.own[row : row + 1], tokens.span[first[row] : first[row + 1]]])
        for row in range(len(tokens.windows))
    ]


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_tokenizer(path: str | Path) -> Any:
    """Read ``tokenizer.json``; texts are neither padded nor cut.

    Raises
    ------
    MissingExtraError
        If tokenizers is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError.from_extra("encoder", "encoder") from error
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
