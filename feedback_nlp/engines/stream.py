"""One batch of a stream, judged where the model is: bytes go to another process and bytes come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.scorers.base import Scorer

__all__ = ["ID_KEY", "KEY", "Task", "judge", "pack", "unpack"]

# Columns beside the scores: the hash by which duplicates are found, and that of the id.
KEY, ID_KEY = "key", "id_key"


class Task(NamedTuple):
    """A batch to be judged.

    Attributes
    ----------
    data : bytes
        A table ``review_id``, ``text``, ``bad`` (bool) and, if there are any, ``customer``, as Arrow IPC.
    own_ids : bool
        Whether ids are the input's own; row numbers can't repeat.
    mentions : bool
        Whether mentions are wanted.
    """

    data: bytes
    own_ids: bool
    mentions: bool


def judge(task: Task, scorer: Scorer) -> tuple[bytes, bytes]:
    """Return the scored columns with their keys, and the mentions, as Arrow IPC.

    A bad row has the status "bad", no scores and no mentions.
    """
    import pyarrow as pa

    from feedback_nlp.engines import duplicates, local
    from feedback_nlp.schema import scored_schema
    from feedback_nlp.text import quality

    table = unpack(task.data)
    ids = table["review_id"].to_pylist()
    bad = table["bad"].to_pylist()
    texts = [None if broken else text for text, broken in zip(table["text"].to_pylist(), bad, strict=True)]
    mentions, scored = local.score_batch(ids, texts, scorer)
    statuses = [
        "bad" if broken else status for status, broken in zip(quality.status(texts), bad, strict=True)
    ]
    customers = table["customer"].to_pylist() if "customer" in table.column_names else None
    columns = {name: scored[name] for name in scored.column_names}
    columns["fb_status"] = pa.array(statuses, pa.string())
    columns[KEY] = duplicates.keys(texts, customers, statuses)
    columns[ID_KEY] = duplicates.id_keys(ids if task.own_ids else [None] * len(ids))
    names = [name for name in scored_schema().names if name in columns]
    found = pa.table(
        {"review_id": table["review_id"], **{name: columns[name] for name in (*names, KEY, ID_KEY)}}
    )
    return pack(found), pack(mentions) if task.mentions else b""


def pack(table: pa.Table) -> bytes:
    """Return a table as Arrow IPC; of a slice, only its own rows."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(data: bytes) -> pa.Table:
    """Return the table of :func:`pack`."""
    import pyarrow as pa

    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
