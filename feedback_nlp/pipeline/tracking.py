"""Monitoring over months: scored files into a store, and the report over everything stored."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.pipeline.options import Options
from feedback_nlp.pipeline.reload import load_scored
from feedback_nlp.pipeline.result import Analysis
from feedback_nlp.pipeline.run import refined
from feedback_nlp.pipeline.scored import Scored
from feedback_nlp.store import Added, Batch, Kept, Store, forget
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["batch_of", "choose", "expire", "track_add", "track_report"]

# Fields that tell reviews without an id apart.
_CONTENT = ("text", "time", "customer", "store", "product", "channel", "rating", "nps")


def track_add(
    store: str | Path,
    source: str | Path,
    *,
    mentions: str | Path | None = None,
    today: date | None = None,
) -> tuple[Added, tuple[Bilingual, ...]]:
    """Add a scored file to a store, which is made where there is none.

    Parameters
    ----------
    store : str or Path
        DuckDB file.
    source, mentions : str or Path
        As in :func:`feedback_nlp.load_report`.
    today : date, optional
        Day that reviews without a time count as.

    Returns
    -------
    added : Added
        Adding the same file again changes nothing: all its reviews replace themselves.
    notes : tuple of Bilingual
        Ids that were made up or repeat.

    Raises
    ------
    InputError
        If the file is no scored file, or its rating scale is not that of the store.
    OutputError
        If the store is in use or can't be written.
    """
    batch, notes = batch_of(load_scored(source, mentions=mentions))
    day = today or date.today()
    if Path(store).exists():
        expire(store, today=day)
    with Store(store, create=True) as opened:
        return opened.add(batch, today=day), notes


def batch_of(scored: Scored) -> tuple[Batch, tuple[Bilingual, ...]]:
    """Return what a store keeps of scored reviews: one row an id.

    Rows without an id of their own (the file has no such column) get one from their content, so that the row
    numbers of two files don't meet. Of rows that share an id the one is kept that analyses count.
    """
    reviews, mentions, notes = scored.judged, scored.mention_table, []
    if "review_id" not in scored.meta["roles"]:
        reviews, mentions = _named_by_content(reviews, mentions)
        notes.append(_NO_IDS)
    n_rows = reviews.num_rows
    reviews, mentions = _one_per_id(reviews, mentions)
    if reviews.num_rows < n_rows:
        notes.append(_shared(n_rows - reviews.num_rows))
    meta = {key: value for key, value in scored.meta.items() if key != "input"}
    # Options of a run, such as a rating scale given as a tuple, as JSON holds them.
    meta = json.loads(json.dumps(meta, ensure_ascii=False))
    return Batch(str(meta["model"]["sha256"]), meta, reviews, mentions), tuple(notes)


def expire(store: str | Path, *, today: date | None = None) -> int:
    """Delete for good what is older than the retention period of a store; return how many reviews."""
    day = today or date.today()
    with Store(store, read_only=True) as opened:
        oldest = opened.oldest_kept(day)
        n_expired = opened.n_older(opened.retention_days, day)
    return forget(store, before=oldest).n_reviews if n_expired else 0


def choose(kept: Sequence[Kept], model: str | None, store: str | Path) -> Kept:
    """Return the model to report: the one added to last, or the one whose name or hash begins with ``model``.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    full = [one for one in kept if one.n_reviews]
    found = [one for one in full if model is None or _goes_by(one, model)]
    if found and (model is None or len(found) == 1):
        return found[0]
    names = "、".join(f"{one.meta['model']['name']} {one.model[:8]}" for one in full)
    if not full:
        raise InputError(
            Bilingual(f"存储 {store} 里没有评价。", f"Store {store} holds no reviews."),
            Bilingual("先用 track add 加入打分文件。", "Add scored files with track add first."),
        )
    raise InputError(
        Bilingual(
            f"存储里{'没有' if not found else '不止一个'}模型“{model}”。",
            f"The store holds {'no' if not found else 'more than one'} model '{model}'.",
        ),
        Bilingual(
            f"现有的：{names}；--model 可给哈希开头。", f"It has {names}; --model takes a hash's start."
        ),
    )


def _goes_by(one: Kept, model: str) -> bool:
    return one.meta["model"]["name"] == model or (len(model) >= 4 and one.model.startswith(model))


def track_report(
    store: str | Path,
    *,
    model: str | None = None,
    taxonomy: str | Path | Taxonomy | None = None,
    options: Options | None = None,
    today: date | None = None,
) -> Analysis:
    """Analyse everything stored: what ``analyze`` gives for all periods as one file.

    Reviews over the retention period are deleted first. Repeats are looked for over all periods.

    Parameters
    ----------
    store : str or Path
    model : str, optional
        Name or start of the hash of the model whose scores are used; the one added to last.
    taxonomy : str, Path or Taxonomy, optional
        The one it was scored with when not given.
    options : Options, optional
    today : date, optional

    Raises
    ------
    InputError
        If there is no store, or nothing in it.
    """
    expire(store, today=today)
    with Store(store, read_only=True) as opened:
        chosen = choose(opened.kept(), model, store)
        reviews, mentions = opened.read(chosen.model)
    scored = _scored(reviews, mentions, chosen, Path(store))
    analysis = Analysis.build(
        scored,
        taxonomy=load_taxonomy(taxonomy or chosen.meta["taxonomy"]),
        safety_threshold=float(chosen.meta["safety_threshold"]),
        options=options or Options(),
    )
    return refined(analysis)


def _scored(reviews: pa.Table, mentions: pa.Table, chosen: Kept, store: Path) -> Scored:
    import pyarrow as pa

    from feedback_nlp.schema import reviews_schema, scored_schema
    from feedback_nlp.text import duplicates

    columns = reviews.to_pydict()
    copies = duplicates.exact(
        columns["text"], columns["review_id"], columns.get("customer"), columns["fb_status"]
    )
    scores = reviews.append_column("fb_duplicate_of", pa.array(copies, pa.string()))
    canonical = reviews.select([name for name in reviews_schema().names if name in reviews.column_names])
    source = {"name": store.name, "format": "duckdb", "encoding": None, "sheet": None}
    # The table written beside the report has the roles as its columns.
    roles = {role: role for role in canonical.column_names}
    meta = {**chosen.meta, "roles": roles, "input": {**source, "n_rows": reviews.num_rows}}
    return Scored(canonical, canonical, scores.select(scored_schema().names), mentions, meta)


def _named_by_content(reviews: pa.Table, mentions: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Give each review an id made of what it holds; the second of two alike gets another one."""
    import pyarrow as pa

    fields = [reviews[name].to_pylist() for name in _CONTENT if name in reviews.column_names]
    met: Counter[str] = Counter()
    names = {}
    for number, *values in zip(reviews["review_id"].to_pylist(), *fields, strict=True):
        content = json.dumps(values, ensure_ascii=False, default=str)
        met[content] += 1
        digest = hashlib.sha256(f"{met[content]} {content}".encode("utf-8", "surrogatepass")).hexdigest()
        names[number] = f"h-{digest[:16]}"

    def renamed(table: pa.Table) -> pa.Table:
        ids = pa.array([names[number] for number in table["review_id"].to_pylist()], pa.string())
        return table.set_column(table.column_names.index("review_id"), "review_id", ids)

    return renamed(reviews), renamed(mentions)


def _one_per_id(reviews: pa.Table, mentions: pa.Table) -> tuple[pa.Table, pa.Table]:
    import pyarrow as pa

    ids = reviews["review_id"].to_pylist()
    if len(set(ids)) == len(ids):
        return reviews, mentions
    texts, statuses = reviews["text"].to_pylist(), reviews["fb_status"].to_pylist()
    best: dict[str, int] = {}
    for row, review_id in enumerate(ids):
        rival = best.setdefault(review_id, row)
        if (statuses[row] != "ok", texts[row] or "") < (statuses[rival] != "ok", texts[rival] or ""):
            best[review_id] = row
    repeated = {review_id for review_id, n in Counter(ids).items() if n > 1}
    return reviews.take(pa.array(sorted(best.values()))), mentions.filter(
        pa.array(_own(mentions, {review_id: texts[best[review_id]] or "" for review_id in repeated}))
    )


def _own(mentions: pa.Table, texts: dict[str, str]) -> list[bool]:
    """Say which mentions stand in the text that was kept of their id, each once."""
    seen: set[tuple[Any, ...]] = set()
    keep = []
    columns = [mentions[name].to_pylist() for name in ("review_id", "facet", "start", "end", "text")]
    for review_id, facet, start, end, text in zip(*columns, strict=True):
        place = (review_id, facet, start, end)
        fits = review_id not in texts or (texts[review_id][start:end] == text and place not in seen)
        seen.add(place)
        keep.append(fits)
    return keep


_NO_IDS = Bilingual(
    "文件没有编号列，编号由内容生成；同一条评价改过内容再加入，会当成另一条。",
    "The file has no column of ids, so they are made of the content: a review that is changed and "
    "added again counts as another.",
)


def _shared(n: int) -> Bilingual:
    return Bilingual(
        f"有 {n} 行与别的行编号相同，每个编号只存一行。",
        f"{n} rows share an id with another row; one row an id is stored.",
    )
