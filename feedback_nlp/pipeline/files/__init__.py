"""Files of any length scored in constant memory, so that a run that is killed can go on."""

from __future__ import annotations

from feedback_nlp.pipeline.files.inputs import BadReview, Inputs
from feedback_nlp.pipeline.files.run import Job, ScoredFile, open_job, score_file

__all__ = ["BadReview", "Inputs", "Job", "ScoredFile", "open_job", "score_file"]
