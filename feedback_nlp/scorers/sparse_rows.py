"""Sums of the table rows that each clause has: the one product of prediction.

Weights in eight bits are added as whole numbers, which float32 holds exactly up to 2^24, and scaled at the
end: no order of additions changes a bit. SciPy does it for a column. For a text or two its import would cost
more than the sum, so those are added step by step. The bits are the same.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows", "Table", "restore"]

Floats = NDArray[np.float32]
# Up to here a step for each column of the longest row is quicker than importing SciPy (0.1 s).
_FEW_ROWS, _FEW_COLUMNS = 64, 10_000


def restore(weights: NDArray[Any], scale: Floats) -> Floats:
    """Return float32 weights from ``linear_model.quantise``'s result."""
    return np.asarray(np.multiply(weights, scale, dtype=np.float32))


class Table:
    """A table of shape (n_rows, width): float32, or whole numbers of eight bits and a factor for each column.

    Parameters
    ----------
    weights : float32 array of shape (n_rows, width), or int8 with ``scale``
    scale : float32 array of shape (width,), optional

    Attributes
    ----------
    small, scale : arrays
        As given.
    """

    def __init__(self, weights: NDArray[Any], scale: Floats | None = None) -> None:
        self.small = weights
        self.scale = scale

    def take(self, rows: NDArray[np.int64]) -> Floats:
        """Return some rows, to be added up and then ``scaled``."""
        return np.asarray(self.small[rows], dtype=np.float32)

    def scaled(self, sums: Floats) -> Floats:
        """Return sums of rows in units of one."""
        return sums if self.scale is None else np.asarray(sums * self.scale, dtype=np.float32)

    @cached_property
    def plain(self) -> Floats:
        """All rows, to be added up and then ``scaled``."""
        return np.asarray(self.small, dtype=np.float32)

    @cached_property
    def dense(self) -> Floats:
        """The whole table in units of one."""
        return self.plain if self.scale is None else restore(self.small, self.scale)


class Rows(NamedTuple):
    """Which table rows each clause has: ``columns[starts[i]:starts[i + 1]]`` for clause i, ascending."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def part(self, first: int, last: int) -> Rows:
        """Return clauses [first, last)."""
        starts = self.starts[first : last + 1]
        return Rows(starts - starts[0], self.columns[starts[0] : starts[-1]])

    def sums(self, table: Table) -> Floats:
        """Return the sum of each clause's table rows, added in their order: float32 (n_clauses, width)."""
        if len(self) <= _FEW_ROWS and len(self.columns) <= _FEW_COLUMNS:
            return table.scaled(self._stepwise(table.take(self.columns)))
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.columns), dtype=np.float32)
        matrix = csr_matrix((ones, self.columns, self.starts), shape=(len(self), len(table.plain)))
        return table.scaled(np.asarray(matrix @ table.plain, dtype=np.float32))

    def _stepwise(self, rows: Floats) -> Floats:
        result = np.zeros((len(self), rows.shape[1]), dtype=np.float32)
        sizes = np.diff(self.starts)
        for step in range(int(sizes.max(initial=0))):
            going = np.flatnonzero(sizes > step)
            result[going] += rows[self.starts[going] + step]
        return result
