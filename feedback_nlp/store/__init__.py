"""Scored reviews over the months in one DuckDB file: added once each, read back whole, deleted for good.

A review is kept by its id and the model that scored it. What is kept is what reports need: the roles of the
reviews, their scores and their mentions; other columns of the user's files are not. What is forgotten leaves
the file itself: DuckDB only marks deleted rows, so the file is written anew without them and takes the place
of the old one.
"""

from __future__ import annotations

from feedback_nlp.store.database import Store
from feedback_nlp.store.erasing import forget
from feedback_nlp.store.tables import SCHEMA_VERSION, Added, Batch, Forgotten, Kept

__all__ = ["SCHEMA_VERSION", "Added", "Batch", "Forgotten", "Kept", "Store", "forget"]
