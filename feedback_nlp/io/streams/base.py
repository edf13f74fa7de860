"""What every stream gives: blocks of rows in file order, bad rows among them, never the whole file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.io.raw import InputInfo

__all__ = ["BLOCK_BYTES", "BLOCK_ROWS", "MARK", "REASONS", "BadRow", "Block", "Stream", "cut"]

# A block is the unit that a resumed run does again: a second or so of scoring. Its size never depends on the
# options of a run.
BLOCK_ROWS = 16_384
BLOCK_BYTES = 1 << 22
# Stands for bytes that are no text, until the row is known to be bad. A code point that Unicode keeps free.
MARK = "\ufdd0"
REASONS = {
    "bytes": Bilingual("正文里有不是文字的字节", "bytes in the text that are no characters"),
    "nul": Bilingual("正文里有 NUL 字符", "NUL characters in the text"),
    "json": Bilingual("不是一个 JSON 对象", "not a JSON object"),
    "ragged": Bilingual("格数和表头不一样", "not as many cells as the header"),
    "type": Bilingual("正文不是文字", "the text is no text"),
}


@dataclass(frozen=True)
class BadRow:
    """A row that is kept but can't be scored.

    Attributes
    ----------
    row : int
        Its place in the table of its block, from 0.
    number : int
        Its place in the file as an editor counts: line, record or row, from 1, header included.
    reason : str
        Of ``REASONS``.
    raw : str or None
        The row as it stands in the file, where its cells could not be told apart.
    """

    row: int
    number: int
    reason: str
    raw: str | None = None


@dataclass(frozen=True)
class Block:
    """Some rows of a file.

    Attributes
    ----------
    table : pyarrow.Table
        At most ``BLOCK_ROWS`` rows. A column in which nothing is filled may have the type null.
    first : int
        Number of the first row in the file.
    numbers : tuple of int, or None
        The number of every row in the file, where rows were left out; None where they follow one another.
    bad : tuple of BadRow
    odd : mapping of column name to places
        Cells that are no text in a column that has texts.
    seen : mapping of kind to row numbers
        What the reader mended: ``blank`` ``joined`` ``stray``.
    marked : bool
        Whether some cell holds ``MARK``.
    """

    table: pa.Table
    first: int = 1
    numbers: tuple[int, ...] | None = None
    bad: tuple[BadRow, ...] = ()
    odd: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    seen: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    marked: bool = False

    def number(self, row: int) -> int:
        """Return the number that a row of the table has in the file."""
        return self.first + row if self.numbers is None else self.numbers[row]


@dataclass(frozen=True)
class Stream:
    """A file that is read block by block.

    Attributes
    ----------
    info : InputInfo
        ``n_rows`` is 0: it is known at the end.
    blocks : callable
        Starts reading and gives the blocks; may be called again, except for standard input.
    unnamed : tuple of str
        Columns without a name of their own; they count only if some cell is filled.
    size : int or None
        Bytes of the file.
    """

    info: InputInfo
    blocks: Callable[[], Iterator[Block]]
    unnamed: tuple[str, ...] = ()
    size: int | None = None


def cut(block: Block) -> Iterator[Block]:
    """Yield a block in pieces of at most ``BLOCK_ROWS`` rows."""
    n_rows = block.table.num_rows
    if n_rows <= BLOCK_ROWS:
        yield block
        return
    for start in range(0, n_rows, BLOCK_ROWS):
        end = min(start + BLOCK_ROWS, n_rows)
        yield replace(
            block,
            table=block.table.slice(start, end - start),
            first=block.number(start),
            numbers=None if block.numbers is None else block.numbers[start:end],
            bad=tuple(replace(bad, row=bad.row - start) for bad in block.bad if start <= bad.row < end),
            odd={
                name: tuple(row - start for row in rows if start <= row < end)
                for name, rows in block.odd.items()
            },
            seen=block.seen if start == 0 else {},
        )
