"""Which reviews ask for a person once a least confidence is set (``--max-error``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["accepted_from"]


def accepted_from(scored: pa.Table, confidence: float | None) -> pa.Table:
    """Return ``scored`` with ``fb_needs_review`` true for labels less sure than ``confidence``.

    Parameters
    ----------
    scored : pyarrow.Table
        With ``fb_confidence`` and ``fb_needs_review``.
    confidence : float, optional
        Least confidence of a label that stands by itself; with None no label does. Reviews without a label
        (nothing is written in them) ask for nobody.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = scored.column("fb_confidence")
    least = pa.scalar(float("inf") if confidence is None else confidence, pa.float32())
    place = scored.schema.get_field_index("fb_needs_review")
    less = pc.fill_null(pc.less(found, least), pa.scalar(value=False))
    return scored.set_column(place, "fb_needs_review", less)
