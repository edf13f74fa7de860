"""Files as one sequence of blocks ready to be scored: columns aligned, bad rows found, ids numbered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.io.streams.base import MARK, REASONS, BadRow
from feedback_nlp.text import pii

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.io.columns import Roles
    from feedback_nlp.io.streams import Block, Stream

__all__ = ["BadReview", "Inputs", "Ready", "open_inputs"]

# What a message shows of a bad row.
_SHOWN = 24


@dataclass(frozen=True)
class BadReview:
    """A row that could not be scored, as it is reported.

    Attributes
    ----------
    file : str
        Name of the file.
    row : int
        Its place in the file as an editor counts, from 1, header included.
    reason : str
        ``bytes`` ``nul`` ``json`` ``ragged`` ``type``.
    text : str
        How it begins, personal data masked unless asked otherwise.
    """

    file: str
    row: int
    reason: str
    text: str

    def sentence(self) -> Bilingual:
        """Return what is wrong with it."""
        why = REASONS[self.reason]
        return Bilingual(
            f"{self.file} 第 {self.row} 行：{why.zh}（“{self.text}”）",
            f"{self.file} row {self.row}: {why.en} ('{self.text}')",
        )


@dataclass(frozen=True)
class Ready:
    """A block with what scoring needs of it.

    Attributes
    ----------
    table : pyarrow.Table
        The input's columns.
    reviews : pyarrow.Table
        ``review_id``, ``text``, ``bad`` and, if there is one, ``customer``.
    bad : tuple of BadReview
    seen : dict
        Kind of mending to how many rows.
    """

    table: pa.Table
    reviews: pa.Table
    bad: tuple[BadReview, ...]
    seen: dict[str, int]


@dataclass(frozen=True)
class Inputs:
    """What is to be scored: files in order, and which column plays which role in all of them.

    Attributes
    ----------
    streams : tuple of Stream
    heads : tuple of pyarrow.Table
        The first block of each, columns renamed.
    names : tuple of dict
        For each file, its own column name to the common one.
    roles : Roles
    notes : tuple of Bilingual
    """

    streams: tuple[Stream, ...]
    heads: tuple[pa.Table, ...]
    names: tuple[dict[str, str], ...]
    roles: Roles
    notes: tuple[Bilingual, ...]
    piped: Iterator[Block] | None = field(default=None, compare=False)
    mask: bool = True

    @property
    def unnamed(self) -> tuple[str, ...]:
        """Columns without a name of their own."""
        return tuple(dict.fromkeys(name for stream in self.streams for name in stream.unnamed))

    def expected(self) -> int:
        """Return about how many rows there are; 0 if nobody knows."""
        return sum(
            stream.info.n_rows or _by_size(stream, head)
            for stream, head in zip(self.streams, self.heads, strict=True)
        )

    def source(self, n_rows: int | None) -> dict[str, Any]:
        """Return name, format, encoding, sheet and number of rows, as ``summary.json`` has them."""
        infos = [stream.info for stream in self.streams]
        names = ("stdin" if info.path == "-" else Path(info.path).name for info in infos)

        def together(key: str) -> str | None:
            values = [getattr(info, key) for info in infos]
            return ", ".join(dict.fromkeys(value for value in values if value)) or None

        return {
            "name": "、".join(names),
            "format": together("format") or "",
            "encoding": together("encoding"),
            "sheet": together("sheet"),
            "n_rows": n_rows,
        }

    def blocks(self) -> Iterator[Ready]:
        """Yield everything, in order."""
        first_row = 1
        for place, stream in enumerate(self.streams):
            blocks = self.piped if self.piped is not None else stream.blocks()
            for block in blocks:
                ready = self._ready(block, place, first_row)
                first_row += ready.table.num_rows
                yield ready

    def _ready(self, block: Block, place: int, first_row: int) -> Ready:
        import pyarrow as pa

        from feedback_nlp.io.columns import canonical

        name = _file_name(self.streams[place])
        table = _prepared(block.table, self.names[place], name if len(self.streams) > 1 else None)
        text = self.roles.columns["text"]
        table = _with_column(table, text)
        odd = {self.names[place].get(own, own): rows for own, rows in block.odd.items()}.get(text, ())
        bad = _bad_rows(block, table, text, odd)
        if block.marked:
            table = _unmarked(table)
        table = _with_raw(table, text, bad)
        roles = replace(self.roles, columns=self._judged_roles(table))
        reviews, _ = canonical(table, roles, first_row=first_row)
        broken = {one.row for one in bad}
        marks = pa.array([row in broken for row in range(table.num_rows)], pa.bool_())
        texts = reviews["text"].to_pylist() if bad else []
        return Ready(
            table,
            reviews.append_column("bad", marks),
            tuple(
                BadReview(name, one.number, one.reason, _beginning(one, texts, mask=self.mask)) for one in bad
            ),
            {kind: len(numbers) for kind, numbers in block.seen.items()},
        )

    def _judged_roles(self, table: pa.Table) -> dict[str, str]:
        """Return the roles that scoring looks at; a block may lack the columns of some."""
        wanted = ("review_id", "text", "customer")
        return {
            role: name
            for role, name in self.roles.columns.items()
            if role in wanted and name in table.column_names
        }


def open_inputs(
    paths: Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    rating_scale: tuple[float, float] | None = None,
    sheet: str | int | None = None,
    from_config: Sequence[str] = (),
    labels: Mapping[Path, str] | None = None,
    mask: bool = True,
) -> Inputs:
    """Open files and find out from their first blocks which column plays which role.

    Parameters
    ----------
    paths : sequence of path
        In order; ``"-"``, alone, is JSON lines on standard input.
    columns, rating_scale, sheet, from_config
        As in ``pipeline.prepare``.
    labels : mapping of path to name, optional
        What messages call a file.
    mask : bool
        Mask personal data where messages quote a row.

    Raises
    ------
    InputError
        If a file can't be read, or none has rows or a text column. An empty one among several is passed over.
    """
    from feedback_nlp.io.align import aligned
    from feedback_nlp.io.columns import guess
    from feedback_nlp.io.raw import Raw

    streams, heads, notes, piped = _first_blocks(paths, sheet, labels or {})
    overrides = dict(columns or {})
    raws = [
        Raw(_without_scores(head.table), stream.info) for stream, head in zip(streams, heads, strict=True)
    ]
    fitted = aligned(raws, overrides)
    names = tuple(
        {
            own: new
            for own, new in zip(raw.table.column_names, fit.table.column_names, strict=True)
            if own != new
        }
        for raw, fit in zip(raws, fitted, strict=True)
    )
    roles = guess(fitted[0].table, overrides, rating_scale=rating_scale, from_config=from_config)
    if any(raw.table.num_columns < head.table.num_columns for raw, head in zip(raws, heads, strict=True)):
        notes.append(_SCORED_BEFORE)
    several = len(streams) > 1
    for fit in fitted:
        notes.extend(_named(note, fit.info.path) if several else note for note in fit.info.notes)
    notes.extend(roles.notes)
    return Inputs(tuple(streams), tuple(fit.table for fit in fitted), names, roles, tuple(notes), piped, mask)


_SCORED_BEFORE = Bilingual(
    "输入里已有上次打分的列（fb_…），已重新计算。",
    "The input holds columns of an earlier scoring (fb_…); they are computed anew.",
)


def _first_blocks(
    paths: Sequence[str | Path], sheet: str | int | None, labels: Mapping[Path, str]
) -> tuple[list[Stream], list[Block], list[Bilingual], Iterator[Block] | None]:
    from feedback_nlp.io.source import NoRowsError, empty_file
    from feedback_nlp.io.streams import open_stream

    streams: list[Stream] = []
    heads: list[Block] = []
    notes: list[Bilingual] = []
    piped: Iterator[Block] | None = None
    for path in paths:
        try:
            stream = open_stream(path, sheet=sheet, label=labels.get(Path(path)))
            blocks = stream.blocks()
            head = next(blocks, None)
            if head is None:
                raise empty_file(stream.info.path)
        except NoRowsError as error:
            if len(paths) == 1:
                raise
            notes.append(Bilingual(f"{error.fact.zh}已跳过。", f"{error.fact.en} It was passed over."))
            continue
        if str(path) == "-":
            piped = chain([head], blocks)
        streams.append(stream)
        heads.append(head)
    if not streams:
        raise empty_file("、".join(str(path) for path in paths))
    return streams, heads, notes, piped


def _named(note: Bilingual, path: str) -> Bilingual:
    return Bilingual(f"{Path(path).name}：{note.zh}", f"{Path(path).name}: {note.en}")


def _file_name(stream: Stream) -> str:
    return "stdin" if stream.info.path == "-" else Path(stream.info.path).name


def _by_size(stream: Stream, head: pa.Table) -> int:
    """Return the number of rows by the bytes the first ones take; packed files hold some four times more."""
    if stream.size is None:
        return 0
    packed = 4 if stream.info.path.endswith((".gz", ".zst", ".xlsx")) else 1
    each = max(1.0, float(head.nbytes) / max(1, int(head.num_rows)))
    return max(int(head.num_rows), int(packed * stream.size / each))


def _without_scores(table: pa.Table) -> pa.Table:
    from feedback_nlp.schema import scored_schema

    old = [name for name in scored_schema().names if name in table.column_names]
    return table.drop_columns(old) if old else table


def _prepared(table: pa.Table, names: Mapping[str, str], file: str | None) -> pa.Table:
    import pyarrow as pa

    from feedback_nlp.io.readers import FILE_COLUMN

    table = _without_scores(table)
    if names:
        table = table.rename_columns([names.get(name, name) for name in table.column_names])
    if file is not None and FILE_COLUMN not in table.column_names:
        table = table.append_column(FILE_COLUMN, pa.array([file] * table.num_rows, pa.string()))
    return table


def _with_column(table: pa.Table, name: str) -> pa.Table:
    """Return the table with the column of texts, as strings where it is empty."""
    import pyarrow as pa

    if name not in table.column_names:
        return table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    if pa.types.is_null(table[name].type):
        return table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, pa.string()))
    return table


# --- bad rows


def _bad_rows(block: Block, table: pa.Table, text: str, odd: Sequence[int]) -> list[BadRow]:
    """Return the rows that can't be scored, one reason each, in order."""
    found = {row: BadRow(row, block.number(row), "type") for row in odd}
    texts = table[text]
    for reason, mark, looked_for in (("bytes", MARK, block.marked), ("nul", "\0", True)):
        if looked_for:
            found.update({row: BadRow(row, block.number(row), reason) for row in _holding(texts, mark)})
    found.update({one.row: one for one in block.bad})
    return [found[row] for row in sorted(found)]


def _holding(values: pa.ChunkedArray, part: str) -> list[int]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return []
    rows: list[int] = pc.indices_nonzero(
        pc.fill_null(pc.match_substring(values, part), fill_value=False)
    ).to_pylist()
    return rows


def _unmarked(table: pa.Table) -> pa.Table:
    """Return the table with the usual sign for what is no character."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, kind in enumerate(table.schema):
        if pa.types.is_string(kind.type) or pa.types.is_large_string(kind.type):
            table = table.set_column(place, kind, pc.replace_substring(table[kind.name], MARK, "\ufffd"))
    return table


def _with_raw(table: pa.Table, text: str, bad: Sequence[BadRow]) -> pa.Table:
    """Put rows whose cells can't be told apart, whole, where the text would be: nothing is lost."""
    import pyarrow as pa

    raw = {one.row: one.raw.replace(MARK, "\ufffd") for one in bad if one.raw is not None}
    if not raw:
        return table
    place = table.column_names.index(text)
    values = table[text].to_pylist()
    if not pa.types.is_string(table[text].type):
        from feedback_nlp.io.raw import as_text

        values = [as_text(value) for value in values]
    for row, line in raw.items():
        values[row] = line
    return table.set_column(place, text, pa.array(values, pa.string()))


def _beginning(bad: BadRow, texts: Sequence[str | None], *, mask: bool) -> str:
    """Return how a row begins, masked if asked, without characters that a terminal would act on."""
    whole = bad.raw if bad.raw is not None else texts[bad.row] or ""
    start = whole[: 4 * _SHOWN]
    masked = (pii.mask(start) if mask else start)[:_SHOWN]
    shown = "".join(char if char.isprintable() else "\ufffd" for char in masked)
    return shown + ("…" if len(whole) > _SHOWN else "")
