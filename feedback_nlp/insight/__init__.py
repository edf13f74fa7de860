"""From mentions to a ranked list of issues: pure functions on Arrow tables.

Only *counted* reviews enter any number: those with a readable text (``fb_status`` "ok") that do not repeat
another.
"""

from __future__ import annotations

from feedback_nlp.insight.facts import counted

__all__ = ["counted"]
