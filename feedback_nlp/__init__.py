"""Turn Chinese complaints and reviews into a ranked, evidenced list of what to improve.

Everything public is reachable from here and loaded on first use, so that ``import feedback_nlp`` stays light::

    import feedback_nlp as fn
    result = fn.analyze("投诉.xlsx")
    result.issues
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> module that defines it. An explicit table, imported on first access.
_PUBLIC = {
    "Analysis": "feedback_nlp.pipeline",
    "FeedbackError": "feedback_nlp.errors",
    "Scored": "feedback_nlp.pipeline",
    "Taxonomy": "feedback_nlp.taxonomy",
    "analyze": "feedback_nlp.pipeline",
    "classify": "feedback_nlp.pipeline",
    "demo": "feedback_nlp.pipeline",
    "load_model": "feedback_nlp.catalog",
    "load_report": "feedback_nlp.pipeline",
    "load_sample": "feedback_nlp.catalog",
    "load_taxonomy": "feedback_nlp.taxonomy",
    "mask": "feedback_nlp.text.pii",
    "score": "feedback_nlp.pipeline",
    "segment": "feedback_nlp.pipeline",
}

__all__ = ["__version__", *sorted(_PUBLIC)]

if TYPE_CHECKING:
    from feedback_nlp.catalog import load_model, load_sample
    from feedback_nlp.errors import FeedbackError
    from feedback_nlp.pipeline import Analysis, Scored, analyze, classify, demo, load_report, score, segment
    from feedback_nlp.taxonomy import Taxonomy, load_taxonomy
    from feedback_nlp.text.pii import mask


def __getattr__(name: str) -> Any:
    """Load a public name on first access."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'feedback_nlp' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
