"""Texts for ``segment`` and ``classify``: one on the command line, or a file of them; what commands print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from feedback_nlp.errors import Bilingual, ConfigError

Text = Annotated[str | None, typer.Argument(help="一条文本。", metavar="文本")]
File = Annotated[
    str | None, typer.Option("--file", "-f", help="文件：.txt 一行一条，或任何表格；- 为标准输入的 JSONL。")
]


@dataclass(frozen=True)
class Texts:
    """Texts in order, with their ids where the column of these was named."""

    texts: list[str]
    ids: list[str] | None = None

    def with_ids(self, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """Yield one object per text, its id in front where it has one."""
        if self.ids is None:
            return rows
        return ({"review_id": id, **row} for id, row in zip(self.ids, rows, strict=True))


def of(text: str | None, file: str | None, chosen: Mapping[str, Any]) -> Texts:
    """Return the texts asked for; ``chosen`` names the columns and the sheet of the file.

    Raises
    ------
    ConfigError
        If neither or both of a text and a file are given.
    """
    if (text is None) == (file is None):
        raise ConfigError(
            Bilingual(
                "要给一条文本，或用 --file 给一个文件（二选一）。", "Give one text, or a file with --file."
            ),
            Bilingual(
                "例：feedback-nlp classify '物流太慢了，客服很好'。",
                "Example: feedback-nlp classify '物流太慢了'.",
            ),
        )
    if text is not None:
        return Texts([text])
    return _from_file(str(file), chosen)


def _from_file(file: str, chosen: Mapping[str, Any]) -> Texts:
    from feedback_nlp.cli import runs
    from feedback_nlp.io.readers import read_lines

    if Path(file).suffix.lower() == ".txt" and not chosen.get("text"):
        return Texts(read_lines(file))
    reviews = runs.prepared([file], chosen).reviews
    ids = reviews["review_id"].to_pylist() if chosen.get("id") else None
    return Texts([text or "" for text in reviews["text"].to_pylist()], ids)


def as_json(rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line to standard output."""
    import json

    from feedback_nlp.cli import console

    for row in rows:
        console.result(json.dumps(row, ensure_ascii=False, allow_nan=False))


def workbook_written(output: Path, n_rows: int, zh: str, en: str, *, json: bool, quiet: bool) -> None:
    """Say where a workbook to fill in lies, and what comes next."""
    from feedback_nlp.cli import console

    if json:
        as_json([{"output": str(output), "n_rows": n_rows}])
    elif not quiet:
        console.result(str(output))
        console.note(zh, en)
