"""From mentions to a ranked list of issues: pure functions on Arrow tables.

Only *counted* reviews enter any number: those with a readable text (``fb_status`` "ok") that do not repeat
another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedback_nlp.insight.facts import counted

__all__ = ["counted"]


def __getattr__(name: str) -> Any:
    """Load ``counted`` on first use: scoring alone needs nothing of what it needs."""
    if name == "counted":
        from feedback_nlp.insight.facts import counted

        return counted
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
