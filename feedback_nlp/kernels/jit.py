"""How the loops are compiled: strictly by IEEE 754, in the order that is written, and kept on the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return a function compiled when it is first called; no locks of Python are held while it runs."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
