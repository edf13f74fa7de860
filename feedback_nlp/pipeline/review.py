"""The human loop in Excel: the clauses worth a person's minute, as a workbook to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, ConfigError, InputError
from feedback_nlp.gold import read
from feedback_nlp.io.forms import Highlighted, write_form
from feedback_nlp.pipeline.corrections import Judged, judged
from feedback_nlp.pipeline.review_cells import (
    LEAST_SLOTS,
    MOST_SLOTS,
    NONE_SAID,
    RIGHT,
    SIDES,
    UNSURE,
    WHY,
    Answer,
    Cells,
    Key,
    Label,
    fields,
    slots,
)
from feedback_nlp.schema import LABELS
from feedback_nlp.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.pipeline.scored import Scored
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["counted", "export_review", "masked", "open_scored", "printable"]

SHEET = Bilingual("待复核", "Review")
_TITLE = Bilingual("请帮模型看一看", "Help the model")


def export_review(
    source: str | Path | Scored,
    path: str | Path,
    *,
    n: int = 200,
    mentions: str | Path | None = None,
    corrections: str | Path | None = None,
    taxonomy: str | Path | Taxonomy | None = None,
    lang: str = "zh",
    mask: bool = True,
    force: bool = False,
) -> int:
    """Write a workbook of the clauses most worth a person's minute.

    Parameters
    ----------
    source : str, Path or Scored
        Folder of ``analyze``, scored Parquet file, or what ``score`` returned.
    path : str or Path
        Workbook to write.
    n : int
        Rows wanted, at least 1.
    mentions : str or Path, optional
        Of ``source``; beside it when not given.
    corrections : str or Path, optional
        Corrections at hand: their clauses are not asked again.
    taxonomy : str, Path or Taxonomy, optional
        The one it was scored with when not given.
    lang : {"zh", "en"}
    mask : bool
        Mask personal data in the texts shown (and so in what is learnt from them).
    force : bool
        Whether an existing workbook may be replaced; answers in it would be lost.

    Returns
    -------
    int
        Rows written. The same input gives the same bytes.

    Raises
    ------
    InputError
        If a file can't be read, or there is nothing to ask.
    ConfigError
        If ``n`` is below 1.
    OutputError
        If the workbook exists (without ``force``) or can't be written.
    """
    if n < 1:
        raise ConfigError(
            Bilingual(f"行数 {n} 不对。", f"Bad number of rows: {n}."),
            Bilingual("给 1 以上。", "Give 1 or more."),
        )
    scored = open_scored(source, mentions)
    cells = Cells(load_taxonomy(taxonomy or scored.meta["taxonomy"]), lang)
    done = judged(read(corrections)) if corrections is not None else {}
    rows = _questions(scored, cells, n, done, mask=mask)
    if not rows:
        raise InputError(
            Bilingual("没有值得问的小句。", "There is no clause worth asking about."),
            Bilingual(
                "文件里没有计入的中文评价，或都已复核过；换一个文件。",
                "The file holds no counted Chinese review, or all are judged; use another file.",
            ),
        )
    n_slots = min(max([LEAST_SLOTS, *(row.pop("n_labels") for row in rows)]), MOST_SLOTS)
    write_form(
        path,
        title=_TITLE.in_(lang),
        guide=[(lead.in_(lang), text.in_(lang)) for lead, text in _GUIDE],
        sheet=SHEET.in_(lang),
        fields=fields(n_slots),
        rows=rows,
        lists=_lists(cells),
        lang=lang,
        force=force,
    )
    return len(rows)


def open_scored(source: str | Path | Scored, mentions: str | Path | None) -> Scored:
    """Return scored reviews, read from files where they are given as such."""
    if not isinstance(source, str | Path):
        return source
    from feedback_nlp.pipeline.reload import load_scored

    return load_scored(source, mentions=mentions)


def _questions(scored: Scored, cells: Cells, n: int, done: Judged, *, mask: bool) -> list[dict[str, Any]]:
    """Return the rows of the workbook, those of one review together, the most valuable review first."""
    import numpy as np

    from feedback_nlp.pipeline.picking import Mentioned, pick
    from feedback_nlp.text.clauses import cut_column

    reviews, found = counted(scored)
    texts = [text or "" for text in reviews["text"].to_pylist()]
    ids = reviews["review_id"].to_pylist()
    clauses = cut_column(texts)
    place = {review_id: row for row, review_id in enumerate(ids)}
    rows = np.array([place[review_id] for review_id in found["review_id"].to_pylist()], dtype=np.int64)
    said = Mentioned.of(found, rows, clauses)
    shown = [printable(text) for text in masked(texts, mask=mask)]
    spans = list(zip(clauses.start.tolist(), clauses.end.tolist(), strict=True))
    asked = {
        (key, review.clauses[clause])
        for key, review in done.items()
        for clause in (review.reviewed if review.reviewed is not None else range(len(review.clauses)))
    }
    at = clauses.review.tolist()
    open_ = np.array(
        [((ids[at[row]], shown[at[row]]), spans[row]) not in asked for row in range(len(spans))], dtype=bool
    )
    negative = np.array([label == LABELS[0] for label in reviews["fb_label"].to_pylist()], dtype=bool)
    picks = pick(texts, clauses, said, negative=negative, n=n, open_=open_)
    first: dict[int, int] = {}
    for rank, chosen in enumerate(picks):
        first.setdefault(at[chosen.clause], rank)
    answers = _answers(said.clause, found, reviews, at)
    return [
        _row(cells, ids[at[row]], shown[at[row]], spans[row], reason, answers(row))
        for row, reason in sorted(picks, key=lambda chosen: (first[at[chosen.clause]], chosen.clause))
    ]


def counted(scored: Scored) -> tuple[pa.Table, pa.Table]:
    """Return reviews that count, each id once, and their mentions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    judged = scored.judged
    kept = pc.and_(pc.equal(judged["fb_status"], "ok"), pc.is_null(judged["fb_duplicate_of"]))
    judged = judged.filter(kept)
    ids = judged["review_id"].to_pylist()
    firsts: dict[str, int] = {}
    for row, review_id in enumerate(ids):
        firsts.setdefault(review_id, row)
    if len(firsts) < len(ids):
        # Mentions are tied to reviews by id: of rows that share one, it is unknown whose they are.
        repeated = {review_id for row, review_id in enumerate(ids) if firsts[review_id] != row}
        judged = judged.filter(pa.array([review_id not in repeated for review_id in ids], pa.bool_()))
    known = pc.is_in(scored.mention_table["review_id"], value_set=judged["review_id"].combine_chunks())
    return judged, scored.mention_table.filter(known)


def masked(texts: Sequence[str], *, mask: bool) -> list[str]:
    """Return texts as they may be shown."""
    from feedback_nlp.text import pii

    return pii.mask_column(texts) if mask else list(texts)


def printable(text: str) -> str:
    """Replace what a cell can't hold unchanged, one character by one."""
    return "".join(mark if mark in "\n\t" or mark.isprintable() else " " for mark in text)


def _answers(clause_of: Any, mentions: pa.Table, reviews: pa.Table, at: Sequence[int]) -> Any:
    """Return a function from a clause's row to what the model says of it and of its review."""
    labels: dict[int, list[Label]] = {}
    columns = (clause_of.tolist(), mentions["facet"].to_pylist(), mentions["label"].to_pylist())
    for row, facet, label in zip(*columns, strict=True):
        labels.setdefault(row, []).append((facet, LABELS.index(label) - 1))
    overall = [LABELS.index(label) - 1 if label else None for label in reviews["fb_label"].to_pylist()]
    return lambda row: Answer(tuple(labels.get(row, ())), overall[at[row]])


def _row(
    cells: Cells, review_id: str, text: str, span: tuple[int, int], reason: str, answer: Answer
) -> dict[str, Any]:
    model = cells.answer(answer)
    values: dict[str, Any] = {
        "review_id": review_id,
        "text": Highlighted(text, *span),
        "clause": text[slice(*span)],
        "why": WHY[reason].in_(cells.lang),
        "overall": None if answer.overall is None else cells.side(answer.overall),
        "model": model,
        "key": str(Key.of(review_id, text, span, model)),
        "n_labels": len(answer.labels),
    }
    for (facet, side), (code, polarity) in zip(slots(MOST_SLOTS), answer.labels, strict=False):
        values[facet], values[side] = cells.facet(code), cells.side(polarity)
    return values


def _lists(cells: Cells) -> dict[str, list[tuple[str, str]]]:
    lang = cells.lang
    return {
        "facet": [(cells.facet(facet.code), facet.define) for facet in cells.taxonomy.facets],
        "side": [(side.in_(lang), "") for side in SIDES],
        "verdict": [
            (RIGHT.in_(lang), Bilingual("这一行都对", "this row is right").in_(lang)),
            (NONE_SAID.in_(lang), Bilingual("这一句没有说到任何方面", "the clause says nothing").in_(lang)),
            (UNSURE.in_(lang), Bilingual("不算数，也不学", "does not count").in_(lang)),
        ],
    }


_GUIDE = (
    (
        Bilingual("要做什么", "What to do"),
        Bilingual(
            "看第二张表。每行问一个小句（在原文里标了颜色）：说的是哪个方面，是褒是贬。模型的判断已经填好，对的标“对”，错的改过来。",
            "See the second sheet. Each row asks about one clause (coloured in its review): which facet is "
            "it about, and on which side? The model's answer is filled in: mark it right, or change it.",
        ),
    ),
    (
        Bilingual("对", "Right"),
        Bilingual("在“对吗”一列选“对”。", "Choose 'right' in the column 'right?'."),
    ),
    (
        Bilingual("改", "Change"),
        Bilingual(
            "直接改“方面”和“褒贬”，用下拉；多一个方面就填下一格，少一个就清空。改过的行不用再标“对”。",
            "Change facet and side by their drop-downs; fill the next pair for one more, clear a pair for "
            "one less. A changed row needs no mark.",
        ),
    ),
    (
        Bilingual("都没提到", "None"),
        Bilingual(
            "这一句没有说到任何方面：在“对吗”选“都没提到”。",
            "The clause is about no facet: choose 'none of these'.",
        ),
    ),
    (
        Bilingual("没看、拿不准", "Not looked at, not sure"),
        Bilingual(
            "空着（或选“拿不准”）就不算数。不必填完，看几行是几行。",
            "Leave it (or choose 'not sure'): it does not count. There is no need to finish.",
        ),
    ),
    (
        Bilingual("整条态度", "Whole review"),
        Bilingual(
            "这条评价总的是褒是贬；模型已填，不对就改。标了“对”或改过的行，这一格也算看过。",
            "The side of the review as a whole; filled in, change it where it is wrong. It counts as judged "
            "with its row.",
        ),
    ),
    (
        Bilingual("可以", "You may"),
        Bilingual(
            "排序、筛选、调列宽、隐藏行、加列、写备注、删掉不看的行。",
            "sort, filter, widen, hide, add columns, write notes, delete rows you don't judge.",
        ),
    ),
    (
        Bilingual("不要", "Please don't"),
        Bilingual(
            "改评价编号、原文、“模型原来的判断”和隐藏的校验码：靠它们认出每一行。",
            "change ids, texts, the model's answers or the hidden keys: rows are recognised by them.",
        ),
    ),
    (
        Bilingual("然后", "Then"),
        Bilingual(
            "feedback-nlp review import 这个文件 -o corrections.jsonl，再 "
            "feedback-nlp train --base linear --data corrections.jsonl -o my-model/。",
            "feedback-nlp review import THIS_FILE -o corrections.jsonl, then "
            "feedback-nlp train --base linear --data corrections.jsonl -o my-model/.",
        ),
    ),
)
