"""``feedback-nlp app``: the main job on a local page, for people without a terminal.

``server`` starts and stops, ``guard`` lets in nobody else, ``site`` answers the page in ``static``. Files lie
in the private folder of ``places`` and are deleted at the end. The work itself is done by processes of
``worker``, one at a time for each file of ``jobs``, so that it can be stopped at any moment; ``preview`` is
what they show before it, ``stages`` how far they are. FastAPI and uvicorn are imported by ``site`` and
``server`` only.
"""

from __future__ import annotations
