"""What is worked out from the packaged resources beforehand, so that a start does not work it out again.

``scripts/compile_resources.py`` writes the files in ``resources/compiled``. Each names the hash of what it
was made from; one that is missing or out of date is passed over, and everything is worked out as for a
user's own taxonomy: slower, with the same result.
"""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from typing import Any

__all__ = ["read_compiled", "source_hash"]


def source_hash(source: bytes) -> str:
    """Return the sha256 of a resource, whatever its line ends."""
    return hashlib.sha256(source.replace(b"\r\n", b"\n")).hexdigest()


def read_compiled(name: str, source: bytes) -> dict[str, Any] | None:
    """Return what was compiled from ``source``; ``None`` where there is nothing, or it is of another source.

    Parameters
    ----------
    name : str
        Of the file in ``resources/compiled``, without ``.json``.
    source : bytes
        The resource as it is now.
    """
    path = resources.files("feedback_nlp") / "resources" / "compiled" / f"{name}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if found.get("source") == source_hash(source) else None
