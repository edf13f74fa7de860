"""The whole job, composed: read, recognise columns, score, aggregate, report."""

from __future__ import annotations

from feedback_nlp.pipeline.compare import Comparison, compare
from feedback_nlp.pipeline.prepare import Prepared, prepare
from feedback_nlp.pipeline.reload import load_report
from feedback_nlp.pipeline.run import analyze, analyze_prepared, demo, score, score_prepared
from feedback_nlp.pipeline.single import Segment, classify, segment

__all__ = [
    "Comparison",
    "Prepared",
    "Segment",
    "analyze",
    "analyze_prepared",
    "classify",
    "compare",
    "demo",
    "load_report",
    "prepare",
    "score",
    "score_prepared",
    "segment",
]
