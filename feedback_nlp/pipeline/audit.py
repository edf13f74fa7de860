"""How right the model is on the user's own file: a sample to label in Excel, and what its labels say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.arguments import check_draws, whole_number
from feedback_nlp.errors import Bilingual, ConfigError, InputError
from feedback_nlp.insight.quantify import Audited, Span, allocate, audited, strata
from feedback_nlp.io.forms import Field, Filled, at_cell, read_form, write_form
from feedback_nlp.pipeline.review import counted, masked, open_scored, printable
from feedback_nlp.pipeline.review_cells import SIDES
from feedback_nlp.taxonomy import GENERAL, Taxonomy, load_taxonomy

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.pipeline.scored import Scored
    from feedback_nlp.taxonomy import Element

__all__ = ["VERDICTS", "Audit", "ElementAudit", "apply_audit", "sample_audit"]

SHEET = Bilingual("抽样", "Sample")
_TITLE = Bilingual(
    "请标一标：每条评价说到了哪些要素", "Please label: which elements does each review speak of"
)
LOOKED = Bilingual("看过", "labelled")
SKIP = Bilingual("跳过", "skip")
BOTH = Bilingual("褒贬都有", "both")
VERDICTS = {
    "use": Bilingual("可以用", "use"),
    "check": Bilingual("要核对", "check"),
    "avoid": Bilingual("别用", "don't use"),
    "unknown": Bilingual("标得太少，不知道", "too few labels to tell"),
}
_NO_BLAME = "-"


@dataclass(frozen=True)
class ElementAudit:
    """What the labels say of one element: its code and name, and the figures."""

    element: str
    name: str
    found: Audited


@dataclass(frozen=True)
class Audit:
    """What an audited sample says.

    Attributes
    ----------
    elements : tuple of ElementAudit
        In the order of the taxonomy.
    n_rows, n_labelled, n_reviews : int
        Rows of the sample, those labelled, and counted reviews of the file.
    notes : tuple of Bilingual
    """

    elements: tuple[ElementAudit, ...]
    n_rows: int
    n_labelled: int
    n_reviews: int
    notes: tuple[Bilingual, ...] = ()

    def to_table(self) -> pa.Table:
        """Return one row an element: shares of reviews that blame it, as counted and as corrected."""
        import pyarrow as pa

        return pa.Table.from_pylist([_plain(row) for row in self.elements], schema=_schema())


def _schema() -> pa.Schema:
    import pyarrow as pa

    spans = [
        f"{name}{end}" for name in ("naive", "share", "precision", "recall") for end in ("", "_low", "_high")
    ]
    return pa.schema(
        [
            ("element", pa.string()),
            ("name", pa.string()),
            *((name, pa.float64()) for name in spans),
            *((name, pa.int64()) for name in ("n_audited", "n_positive", "n_predicted")),
            ("verdict", pa.string()),
        ]
    )


def _plain(row: ElementAudit) -> dict[str, Any]:
    plain: dict[str, Any] = {"element": row.element, "name": row.name}
    for name in ("naive", "share", "precision", "recall"):
        span: Span | None = getattr(row.found, name)
        for end, value in zip(("", "_low", "_high"), span or (None, None, None), strict=True):
            plain[name + end] = value
    counts = {name: getattr(row.found, name) for name in ("n_audited", "n_positive", "n_predicted")}
    return {**plain, **counts, "verdict": row.found.verdict}


def sample_audit(
    source: str | Path | Scored,
    path: str | Path,
    *,
    n: int = 300,
    seed: int = 0,
    taxonomy: str | Path | Taxonomy | None = None,
    mentions: str | Path | None = None,
    lang: str = "zh",
    mask: bool = True,
    force: bool = False,
) -> int:
    """Write a workbook with a stratified sample of reviews to label, without the model's answers.

    Parameters
    ----------
    source : str, Path or Scored
        Folder of ``analyze``, scored Parquet file, or what ``score`` returned.
    path : str or Path
        Workbook to write.
    n : int
        Reviews wanted, at least 1; all where there are fewer.
    seed : int
        Of the draw: the same file and seed give the same bytes.
    taxonomy : str, Path or Taxonomy, optional
        The one it was scored with when not given.
    mentions : str or Path, optional
        Of ``source``; beside it when not given.
    lang : {"zh", "en"}
    mask : bool
        Mask personal data.
    force : bool
        Whether an existing workbook may be replaced; labels in it would be lost.

    Returns
    -------
    int
        Rows written, in random order, so that those labelled first are a sample too.

    Raises
    ------
    InputError
        If a file can't be read or holds no counted review.
    ConfigError
        If ``n`` is below 1, or ``seed`` below 0.
    OutputError
        If the workbook exists (without ``force``) or can't be written.
    """
    if n < 1:
        raise ConfigError(
            Bilingual(f"行数 {n} 不对。", f"Bad number of rows: {n}."),
            Bilingual("给 1 以上。", "Give 1 or more."),
        )
    whole_number("seed", seed, least=0)
    file = _File.of(open_scored(source, mentions), taxonomy)
    sizes = np.bincount(file.stratum, minlength=len(file.elements) + 1)
    wanted = allocate(sizes, n)
    generator = np.random.default_rng(seed)
    drawn = [
        generator.choice(np.flatnonzero(file.stratum == place), count, replace=False)
        for place, count in enumerate(wanted.tolist())
    ]
    rows = generator.permutation(np.concatenate(drawn)).tolist()
    chance = wanted / np.maximum(sizes, 1)
    shown = [printable(text) for text in masked([file.texts[row] for row in rows], mask=mask)]
    write_form(
        path,
        title=_TITLE.in_(lang),
        guide=[(lead.in_(lang), text.in_(lang)) for lead, text in _GUIDE],
        sheet=SHEET.in_(lang),
        fields=_fields(file.elements),
        rows=[
            {
                "review_id": file.ids[row],
                "text": text,
                "stratum": file.name_of(file.stratum[row]),
                "chance": f"{chance[file.stratum[row]]:.6f}",
                "key": _digest(file.ids[row], file.texts[row]),
            }
            for row, text in zip(rows, shown, strict=True)
        ],
        lists={
            "looked": [(word.in_(lang), "") for word in (LOOKED, SKIP)],
            "side": [(word.in_(lang), "") for word in (*SIDES, BOTH)],
            "elements": [(element.name(lang), element.define) for element in file.elements],
        },
        lang=lang,
        force=force,
    )
    return len(rows)


@dataclass(frozen=True)
class _File:
    """A scored file as an audit sees it: counted reviews, elements, and which reviews blame which."""

    ids: list[str]
    texts: list[str]
    elements: tuple[Element, ...]
    blamed: NDArray[np.bool_]
    stratum: NDArray[np.int64]

    @classmethod
    def of(cls, scored: Scored, taxonomy: str | Path | Taxonomy | None) -> _File:
        named = load_taxonomy(taxonomy or scored.meta["taxonomy"])
        reviews, _ = counted(scored)
        if not reviews.num_rows:
            raise InputError(
                Bilingual("没有计入的评价可抽。", "There is no counted review to draw."),
                Bilingual("换一个有中文评价的文件。", "Use a file with Chinese reviews."),
            )
        general = GENERAL.partition(".")[0]
        elements = tuple(element for element in named.elements if element.code != general)
        place = {element.code: column for column, element in enumerate(elements)}
        blamed = np.zeros((reviews.num_rows, len(elements)), dtype=bool)
        for row, facets in enumerate(reviews["fb_negative"].to_pylist()):
            for facet in facets:
                element = facet.partition(".")[0]
                if element in place:
                    blamed[row, place[element]] = True
        texts = [text or "" for text in reviews["text"].to_pylist()]
        return cls(reviews["review_id"].to_pylist(), texts, elements, blamed, strata(blamed))

    def name_of(self, stratum: int) -> str:
        """Return the code of a stratum."""
        return self.elements[stratum].code if stratum < len(self.elements) else _NO_BLAME


def _digest(review_id: str, text: str) -> str:
    return hashlib.sha256(f"{review_id}\0{text}".encode()).hexdigest()[:10]


def _fields(elements: Sequence[Element]) -> tuple[Field, ...]:
    return (
        Field("review_id", Bilingual("评价编号", "review id"), 14, "id"),
        Field("text", Bilingual("评价原文", "review"), 80),
        Field("looked", Bilingual("看过", "labelled?"), 9, "own", "looked"),
        *(Field(element.code, Bilingual(element.zh, element.en), 10, "own", "side") for element in elements),
        Field("note", Bilingual("备注", "note"), 20, "own", needed=False),
        Field("stratum", Bilingual("层（勿动）", "stratum (leave)"), 10, "id", hidden=True),
        Field("chance", Bilingual("抽中机会（勿动）", "chance (leave)"), 10, "id", hidden=True),
        Field("key", Bilingual("校验码（勿动）", "key (leave)"), 12, "id", hidden=True),
    )


_GUIDE = (
    (
        Bilingual("为什么", "Why"),
        Bilingual(
            "看模型在这份文件上有多准，并校正它数出的占比。这里看不到模型的判断，免得受它影响。",
            "To see how right the model is on this file, and to correct its shares. Its answers are not "
            "shown, so that they sway nobody.",
        ),
    ),
    (
        Bilingual("怎么标", "How"),
        Bilingual(
            "每行一条评价。说到哪个要素，就在那一列选负面、中性、正面或褒贬都有；没说到的空着。要素的含义见“选项”表。",
            "One review a row. Where it speaks of an element, choose its side in that column; leave the "
            "others. What the elements mean stands on the sheet 'Lists'.",
        ),
    ),
    (
        Bilingual("看过", "labelled?"),
        Bilingual(
            "一个要素都没说到的评价，在“看过”选“看过”。读不懂、不想标的选“跳过”或空着，不算数。",
            "Where a review speaks of no element, choose 'labelled'. Empty rows and 'skip' don't count.",
        ),
    ),
    (
        Bilingual("标多少", "How many"),
        Bilingual(
            "从上往下标，不必标完：行的次序是随机的。每个要素至少要有 10 条真正负面的，才能下结论。",
            "From the top, as far as you get: the order is random. An element needs at least 10 truly "
            "negative reviews for a verdict.",
        ),
    ),
    (
        Bilingual("然后", "Then"),
        Bilingual(
            "feedback-nlp audit apply 这个文件 打分文件夹",
            "feedback-nlp audit apply THIS_FILE SCORED_FOLDER",
        ),
    ),
)


def apply_audit(
    paths: str | Path | Sequence[str | Path],
    source: str | Path | Scored,
    *,
    taxonomy: str | Path | Taxonomy | None = None,
    mentions: str | Path | None = None,
    lang: str = "zh",
    draws: int = 4_000,
    seed: int = 0,
) -> Audit:
    """Read labelled samples and correct the shares of the file they were drawn from.

    Parameters
    ----------
    paths : path, or several
        Workbooks of :func:`sample_audit`, labelled as far as somebody got.
    source : str, Path or Scored
        The file they were drawn from.
    taxonomy : str, Path or Taxonomy, optional
        The one it was scored with when not given.
    mentions : str or Path, optional
        Of ``source``.
    lang : {"zh", "en"}
        Of the elements' names.
    draws, seed : int
        Behind the intervals.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        If a workbook can't be read, a cell makes no sense or is not of this file (the message names it), one
        review was labelled in two ways, or nothing is labelled.
    ConfigError
        If ``draws`` is below 1, or ``seed`` below 0.
    """
    check_draws(draws, seed)
    file = _File.of(open_scored(source, mentions), taxonomy)
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    labels, n_rows = _labels(files, file)
    if not labels:
        raise InputError(
            Bilingual("抽样里没有标注过的行。", "No row of the sample is labelled."),
            Bilingual("标几行（一个要素都没有的选“看过”）再来。", "Label some rows and come again."),
        )
    rows = np.array(sorted(labels), dtype=np.int64)
    truth = np.array([labels[row] for row in rows.tolist()], dtype=bool)
    sizes = np.bincount(file.stratum, minlength=len(file.elements) + 1)
    done = np.bincount(file.stratum[rows], minlength=len(sizes))
    # The order of the sample is random: what is labelled of a stratum is a sample of that stratum.
    weight = (sizes / np.maximum(done, 1))[file.stratum[rows]]
    found = tuple(
        ElementAudit(
            element.code,
            element.name(lang),
            audited(file.blamed[:, place], rows, truth[:, place], weight, draws=draws, seed=seed),
        )
        for place, element in enumerate(file.elements)
    )
    return Audit(found, n_rows, len(rows), len(file.ids), _notes(file, sizes, done))


def _notes(file: _File, sizes: NDArray[np.int64], done: NDArray[np.int64]) -> tuple[Bilingual, ...]:
    left = [file.name_of(place) for place in np.flatnonzero((sizes > 0) & (done == 0)).tolist()]
    if not left:
        return ()
    return (
        Bilingual(
            f"这些层一条也没标，校正没有覆盖到：{'、'.join(left)}（- 是模型没找到负面的评价）。再标一些。",
            f"No row of these strata is labelled, so they are left out: {', '.join(left)} (- is no blame).",
        ),
    )


def _labels(files: Sequence[Path], file: _File) -> tuple[dict[int, list[bool]], int]:
    """Return the labels of each labelled review: which elements it truly blames; and the rows read."""
    place = {review_id: row for row, review_id in enumerate(file.ids)}
    labels: dict[int, list[bool]] = {}
    cells: dict[int, str] = {}
    n_rows = 0
    for path in files:
        problems: list[tuple[str, Bilingual, Bilingual]] = []
        for row in read_form(path, _fields(file.elements)):
            n_rows += 1
            try:
                found = _read_row(row, file, place)
            except _BadCell as bad:
                problems.append((bad.cell, bad.fact, bad.hint))
                continue
            if found is None:
                continue
            at, values = found
            if labels.setdefault(at, values) != values:
                problems.append(_twice(path, row.cells["looked"], cells[at]))
            cells.setdefault(at, f"{path.name} {row.cells['looked']}")
        if problems:
            first, *others = problems
            raise at_cell(path, *first, [other[0] for other in others])
    return labels, n_rows


class _BadCell(Exception):  # noqa: N818 (never leaves this module)
    def __init__(self, cell: str, fact: Bilingual, hint: Bilingual) -> None:
        super().__init__(fact.en)
        self.cell, self.fact, self.hint = cell, fact, hint


def _twice(path: Path, cell: str, there: str) -> tuple[str, Bilingual, Bilingual]:
    name = there.removeprefix(f"{path.name} ")
    return (
        cell,
        Bilingual(f"和 {name} 是同一条评价，标得不一样。", f"The same review as {name}, labelled otherwise."),
        Bilingual("改成一致，或清空其中一行。", "Make them agree, or clear one of the rows."),
    )


def _read_row(row: Filled, file: _File, place: Mapping[str, int]) -> tuple[int, list[bool]] | None:
    """Return the review's row and which elements it blames; None where it is not labelled."""
    blamed = [_blames(row, element.code) for element in file.elements]
    looked = _looked(row)
    if looked == "skip" or (looked is None and all(side is None for side in blamed)):
        return None
    at = place.get(row["review_id"])
    if at is None or row["key"] != _digest(file.ids[at], file.texts[at]):
        raise _BadCell(
            row.cells["review_id"],
            Bilingual(
                f"打分文件里没有编号“{row['review_id']}”的这条评价。",
                f"The scored file has no such review '{row['review_id']}'.",
            ),
            Bilingual(
                "给抽样用的那个打分文件；编号或校验码改过的，从原抽样粘回来。",
                "Give the scored file it was drawn from, or paste id and key back from the original.",
            ),
        )
    if row["stratum"] != file.name_of(int(file.stratum[at])):
        raise _BadCell(
            row.cells["stratum"],
            Bilingual("这条评价的打分和抽样时不同。", "The review is scored otherwise than at the draw."),
            Bilingual(
                "给抽样用的那个打分文件，或重新抽样。", "Give the file it was drawn from, or draw again."
            ),
        )
    return at, [bool(side) for side in blamed]


def _blames(row: Filled, key: str) -> bool | None:
    """Return whether an element is blamed; None for an empty cell."""
    cell = row[key].casefold()
    if not cell:
        return None
    negative, neutral, positive = SIDES
    if cell in (*negative, *BOTH, "-1"):
        return True
    if cell in (*neutral, *positive, "0", "1"):
        return False
    choices = Bilingual(*("、".join(word.in_(lang) for word in (*SIDES, BOTH)) for lang in ("zh", "en")))
    raise _BadCell(
        row.cells[key],
        Bilingual(f"“{row[key]}”不认识。", f"'{row[key]}' is not known."),
        Bilingual(f"填 {choices.zh} 之一，或空着。", f"Fill in one of {choices.en}, or leave it empty."),
    )


def _looked(row: Filled) -> str | None:
    cell = row["looked"].casefold()
    if not cell:
        return None
    if cell in SKIP:
        return "skip"
    if cell in (*LOOKED, "✓", "√", "是", "yes", "y", "1", "x"):
        return "looked"
    raise _BadCell(
        row.cells["looked"],
        Bilingual(f"“{row['looked']}”不认识。", f"'{row['looked']}' is not known."),
        Bilingual(
            f"填 {LOOKED.zh} 或 {SKIP.zh}，或空着。", f"Fill in '{LOOKED.en}' or '{SKIP.en}', or nothing."
        ),
    )
