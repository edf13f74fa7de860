"""Turn Chinese complaints and reviews into a ranked, evidenced list of what to improve.

Everything public is reachable from here and loaded on first use, so that ``import feedback_nlp`` is light::

    import feedback_nlp as fn
    result = fn.analyze("投诉.xlsx")
    result.issues
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedback_nlp.datasets import load_corpus, load_sample
    from feedback_nlp.engines.batch import mentions_of, score_batch
    from feedback_nlp.errors import FeedbackError
    from feedback_nlp.evaluation import evaluate
    from feedback_nlp.pipeline import analyze, classify, demo, load_report, score, segment
    from feedback_nlp.pipeline.audit import apply_audit, sample_audit
    from feedback_nlp.pipeline.compare import Comparison, compare
    from feedback_nlp.pipeline.corrections import import_review
    from feedback_nlp.pipeline.files import score_file
    from feedback_nlp.pipeline.learning import train
    from feedback_nlp.pipeline.result import Analysis
    from feedback_nlp.pipeline.review import export_review
    from feedback_nlp.pipeline.scored import Scored
    from feedback_nlp.pipeline.taxonomy_moves import compare_taxonomies
    from feedback_nlp.pipeline.taxonomy_proposal import propose_taxonomy
    from feedback_nlp.research.agreement import agreement
    from feedback_nlp.research.estimators import FacetClassifier, FeedbackVectorizer, SentimentClassifier
    from feedback_nlp.research.plots import calibration_plot, confusion_plot
    from feedback_nlp.research.public_sets import load_public_set
    from feedback_nlp.research.splits import LeaveOneDomainOut
    from feedback_nlp.research.tables import results_table
    from feedback_nlp.scorers import load_model
    from feedback_nlp.taxonomy import Taxonomy, load_taxonomy
    from feedback_nlp.text.pii import mask

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "Comparison",
    "FacetClassifier",
    "FeedbackError",
    "FeedbackVectorizer",
    "LeaveOneDomainOut",
    "Scored",
    "SentimentClassifier",
    "Taxonomy",
    "__version__",
    "agreement",
    "analyze",
    "apply_audit",
    "calibration_plot",
    "classify",
    "compare",
    "compare_taxonomies",
    "confusion_plot",
    "demo",
    "evaluate",
    "export_review",
    "import_review",
    "load_corpus",
    "load_model",
    "load_public_set",
    "load_report",
    "load_sample",
    "load_taxonomy",
    "mask",
    "mentions_of",
    "propose_taxonomy",
    "results_table",
    "sample_audit",
    "score",
    "score_batch",
    "score_file",
    "segment",
    "train",
]

# Public name -> module that defines it: an explicit table, imported on first access.
_HOME = {
    "Analysis": "feedback_nlp.pipeline.result",
    "Comparison": "feedback_nlp.pipeline",
    "FacetClassifier": "feedback_nlp.research.estimators",
    "FeedbackError": "feedback_nlp.errors",
    "FeedbackVectorizer": "feedback_nlp.research.estimators",
    "LeaveOneDomainOut": "feedback_nlp.research.splits",
    "Scored": "feedback_nlp.pipeline.scored",
    "SentimentClassifier": "feedback_nlp.research.estimators",
    "Taxonomy": "feedback_nlp.taxonomy",
    "agreement": "feedback_nlp.research.agreement",
    "analyze": "feedback_nlp.pipeline",
    "apply_audit": "feedback_nlp.pipeline.audit",
    "calibration_plot": "feedback_nlp.research.plots",
    "classify": "feedback_nlp.pipeline",
    "compare": "feedback_nlp.pipeline",
    "compare_taxonomies": "feedback_nlp.pipeline.taxonomy_moves",
    "confusion_plot": "feedback_nlp.research.plots",
    "demo": "feedback_nlp.pipeline",
    "evaluate": "feedback_nlp.evaluation",
    "export_review": "feedback_nlp.pipeline.review",
    "import_review": "feedback_nlp.pipeline.corrections",
    "load_corpus": "feedback_nlp.datasets",
    "load_model": "feedback_nlp.scorers",
    "load_public_set": "feedback_nlp.research.public_sets",
    "load_report": "feedback_nlp.pipeline",
    "load_sample": "feedback_nlp.datasets",
    "load_taxonomy": "feedback_nlp.taxonomy",
    "mask": "feedback_nlp.text.pii",
    "mentions_of": "feedback_nlp.engines.batch",
    "propose_taxonomy": "feedback_nlp.pipeline.taxonomy_proposal",
    "results_table": "feedback_nlp.research.tables",
    "sample_audit": "feedback_nlp.pipeline.audit",
    "score": "feedback_nlp.pipeline",
    "score_batch": "feedback_nlp.engines.batch",
    "score_file": "feedback_nlp.pipeline.files",
    "segment": "feedback_nlp.pipeline",
    "train": "feedback_nlp.pipeline.learning",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first access."""
    if name not in _HOME:
        raise AttributeError(f"module 'feedback_nlp' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
