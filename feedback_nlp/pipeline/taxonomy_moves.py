"""Two taxonomies on the same file: what changed in them, and what that moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.frames import frame
from feedback_nlp.insight.facet_moves import FacetTotals, Move, Said, moves, totals
from feedback_nlp.taxonomy import Change, Taxonomy, diff, load_taxonomy

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.text.clauses import Clauses

__all__ = ["TaxonomyComparison", "compare_taxonomies", "version_note"]

_EXAMPLE = 40
COUNTS = ("old", "kept", "moved_out", "lost", "moved_in", "added", "new", "turned")


@dataclass(frozen=True)
class TaxonomyComparison:
    """What another taxonomy makes of the same reviews.

    Attributes
    ----------
    old, new : Taxonomy
    changes : tuple of Change
        What differs in the taxonomies themselves.
    moves : tuple of Move
        What became of every mention.
    texts : tuple of str
        Original texts by row.
    ids : tuple of str
        ``review_id`` by row.
    spans : mapping of (row, clause) to (start, end)
    """

    old: Taxonomy
    new: Taxonomy
    changes: tuple[Change, ...]
    moves: tuple[Move, ...]
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    spans: Mapping[tuple[int, int], tuple[int, int]]

    @cached_property
    def facets(self) -> pd.DataFrame:
        """One row a facet, those of the old taxonomy first: counts of mentions.

        ``old`` = ``kept`` + ``moved_out`` + ``lost``; ``new`` = ``kept`` + ``moved_in`` + ``added``;
        ``turned`` of those kept have another label. Over all facets moved_out and moved_in sum to the same.
        """
        import pandas as pd

        found = totals(self.moves)
        codes = dict.fromkeys((*self.old.codes, *self.new.codes))
        rows = [self._row(code, found.get(code, FacetTotals())) for code in codes]
        return pd.DataFrame(rows, columns=["facet", "name", *COUNTS])

    def _row(self, code: str, counted: FacetTotals) -> dict[str, Any]:
        known = self.new if code in self.new.index else self.old
        return {"facet": code, "name": known.label(code)} | {name: getattr(counted, name) for name in COUNTS}

    @cached_property
    def totals(self) -> dict[str, int]:
        """Mentions in all, by the columns of ``facets``; ``moved`` once for both sides."""
        sums = {name: int(self.facets[name].sum()) for name in COUNTS}
        moved = sums.pop("moved_out")
        sums.pop("moved_in")
        return {"n_reviews": len(self.texts), **sums, "moved": moved}

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row for each pair of facets that mentions moved between, were lost from or added to.

        ``old`` or ``new`` is empty for added and lost ones; ``example`` is one clause, personal data masked.
        """
        import pandas as pd

        groups: dict[tuple[str, str], list[Move]] = defaultdict(list)
        for move in self.moves:
            if move.old != move.new:
                groups[move.old or "", move.new or ""].append(move)
        rows = [
            {
                "old": pair[0],
                "new": pair[1],
                "n_mentions": len(inside),
                "n_reviews": len({move.row for move in inside}),
                "example": self._example(inside),
            }
            for pair, inside in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        ]
        return pd.DataFrame(rows, columns=["old", "new", "n_mentions", "n_reviews", "example"])

    def _example(self, inside: Sequence[Move]) -> str:
        from feedback_nlp.text import pii

        def clause(move: Move) -> tuple[int, int, int]:
            start, end = self.spans[move.row, move.clause]
            return abs(end - start - 10), move.row, move.clause

        best = min(inside, key=clause)
        start, end = self.spans[best.row, best.clause]
        return pii.mask(self.texts[best.row])[start:end][:_EXAMPLE]

    @cached_property
    def table(self) -> pa.Table:
        """Every mention that did not stay as it was, with the original clause: what ``-o`` writes."""
        import pyarrow as pa

        changed = [move for move in self.moves if move.old != move.new or move.turned]
        spans = [self.spans[move.row, move.clause] for move in changed]
        return pa.table(
            {
                "review_id": pa.array([self.ids[move.row] for move in changed], pa.string()),
                "clause": pa.array([move.clause for move in changed], pa.int32()),
                "start": pa.array([start for start, _ in spans], pa.int32()),
                "end": pa.array([end for _, end in spans], pa.int32()),
                "text": pa.array(
                    [self.texts[m.row][a:b] for m, (a, b) in zip(changed, spans, strict=True)], pa.string()
                ),
                "kind": pa.array([_kind(move) for move in changed], pa.string()),
                "old": pa.array([move.old for move in changed], pa.string()),
                "new": pa.array([move.new for move in changed], pa.string()),
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return ``table`` as a DataFrame."""
        return frame(self.table)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the clauses as plain data."""
        return {
            "old": _described(self.old),
            "new": _described(self.new),
            "changes": [asdict(change) for change in self.changes],
            "totals": self.totals,
            "facets": self.facets.to_dict("records"),
            "flows": self.flows.to_dict("records"),
        }


def compare_taxonomies(
    old: str | Path | Taxonomy,
    new: str | Path | Taxonomy,
    data: Any,
    *,
    text: str | None = None,
    id: str | None = None,
    sheet: str | int | None = None,
    old_model: str | Path | Scorer = "lexicon",
    new_model: str | Path | Scorer = "lexicon",
) -> TaxonomyComparison:
    """Score the same reviews by two taxonomies and say what became of every mention.

    Parameters
    ----------
    old, new : str, Path or Taxonomy
        Shipped names or TOML files.
    data : path, list of paths, list of str, Series, DataFrame or Arrow table
        As in :func:`feedback_nlp.analyze`. Every row counts, duplicates too.
    text, id, sheet : optional
        Columns and sheet, where they are not found.
    old_model, new_model : str, Path or Scorer
        ``"lexicon"`` reads any taxonomy; a trained model reads the one it was trained on.

    Returns
    -------
    TaxonomyComparison

    Raises
    ------
    TaxonomyError, InputError, ModelError
        With one line on what is wrong and what to do.

    Examples
    --------
    >>> same = compare_taxonomies("default", "default", ["物流太慢了，客服很好"])
    >>> same.totals["old"] == same.totals["kept"] == same.totals["new"] > 0
    True
    """
    from feedback_nlp.pipeline.prepare import prepare
    from feedback_nlp.scorers import load_model
    from feedback_nlp.text.clauses import cut_column

    before, after = load_taxonomy(old), load_taxonomy(new)
    scorers = load_model(old_model, before), load_model(new_model, after)
    reviews = prepare(data, columns={"text": text, "review_id": id}, sheet=sheet).reviews
    texts = [value or "" for value in reviews["text"].to_pylist()]
    said_old, said_new = (_said(texts, scorer) for scorer in scorers)
    cut = cut_column(texts)
    return TaxonomyComparison(
        before,
        after,
        tuple(diff(before, after)),
        tuple(moves(said_old, said_new)),
        tuple(texts),
        tuple(reviews["review_id"].to_pylist()),
        _spans(cut),
    )


def version_note(old: Taxonomy, new: Taxonomy) -> Bilingual | None:
    """Return a remark where the content differs and the version does not, or went back."""
    if old.sha256 == new.sha256 or new.version > old.version:
        return None
    return Bilingual(
        f"内容不同，版本号却没有增加（{old.version} → {new.version}）；"
        f"把新文件的 version 改成 {old.version + 1}。",
        f"The content differs, but version {old.version} became {new.version}: "
        f"set version = {old.version + 1} in the new file.",
    )


def _said(texts: Sequence[str], scorer: Scorer) -> Said:
    from feedback_nlp.engines.local import score_batch

    mentions, _ = score_batch([str(row) for row in range(len(texts))], texts, scorer)
    found: dict[tuple[int, int], dict[str, str]] = {}
    for said in mentions.select(["review_id", "clause", "facet", "label"]).to_pylist():
        found.setdefault((int(said["review_id"]), said["clause"]), {})[said["facet"]] = said["label"]
    return found


def _spans(cut: Clauses) -> dict[tuple[int, int], tuple[int, int]]:
    columns = (column.tolist() for column in (cut.review, cut.index, cut.start, cut.end))
    return {(row, place): (start, end) for row, place, start, end in zip(*columns, strict=True)}


def _kind(move: Move) -> str:
    if move.turned:
        return "turned"
    if move.new is None:
        return "lost"
    return "added" if move.old is None else "moved"


def _described(taxonomy: Taxonomy) -> dict[str, Any]:
    return {"name": taxonomy.name, "version": taxonomy.version, "sha256": taxonomy.sha256}
