"""``feedback-nlp serve``: scoring as a local HTTP service.

``app`` says what it answers, ``guard`` how much it takes and what it logs, ``server`` how it starts and
stops.
FastAPI and uvicorn are imported by these three only, and these by nothing before the command runs.
"""

from __future__ import annotations

from feedback_nlp.serve.limits import Limits

__all__ = ["Limits"]
