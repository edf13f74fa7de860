"""What a file holds, shown before any work: sheets, columns and the roles recognised, a few masked rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io import columns, excel, readers
from feedback_nlp.io.headers import names_people
from feedback_nlp.io.raw import as_text
from feedback_nlp.io.source import Source
from feedback_nlp.pipeline.privacy import masked_customers
from feedback_nlp.schema import ROLES, scored_schema
from feedback_nlp.text.pii import mask_column
from feedback_nlp.webapp.wording import both, error_words, page_words

if TYPE_CHECKING:
    from feedback_nlp.io.columns import Roles
    from feedback_nlp.io.raw import Raw

__all__ = ["preview", "sheets"]

N_ROWS = 5
N_EXAMPLES = 3
_LONGEST = 60
# Rows in which examples of a column are looked for.
_LOOKED_AT = 200
# Stands for the texts while other roles are looked for in a table whose texts were not recognised.
_NONE = "\0"


def sheets(path: Path) -> list[str]:
    """Return the names of a workbook's sheets, in order; none for other files.

    Raises
    ------
    InputError
        If the file can't be opened, or the workbook is protected or damaged.
    """
    source = Source(path)
    with readers.opened(source):
        if not (source.is_ole or (source.is_zip and source.is_workbook_zip())):
            return []
        with excel.opened(source) as book:
            return list(book.sheet_names)


def preview(raw: Raw) -> dict[str, Any]:
    """Return what the page shows of a table.

    Returns
    -------
    dict
        ``names`` of the columns as they are, ``columns`` as they may be shown (``name``, ``examples``),
        ``roles`` recognised (role to position and reason), ``scale`` of the rating, ``rows``, ``n_rows``,
        ``notes``, ``problem`` where the texts were not recognised, and where the table comes from.
    """
    scores = set(scored_schema().names)
    table = raw.table.drop_columns([name for name in raw.table.column_names if name in scores])
    roles, problem = _roles(table)
    names = table.column_names
    shown = mask_column(names)  # without a header, names are the first row's cells
    cells = {name: _masked(table[name].slice(0, _LOOKED_AT), name, roles) for name in names}
    return {
        "names": names,
        "columns": [
            {"name": label, "examples": _examples(cells[name])}
            for label, name in zip(shown, names, strict=True)
        ],
        "roles": {
            role: {"column": names.index(roles.columns[role]), "why": roles.why.get(role)}
            for role in ROLES
            if role in roles.columns and roles.columns[role] in names
        },
        "scale": roles.rating_scale,
        "rows": [[cells[name][row] for name in names] for row in range(min(N_ROWS, table.num_rows))],
        "n_rows": table.num_rows,
        "notes": [both(page_words(note)) for note in (*raw.info.notes, *roles.notes)],
        "problem": None if problem is None else both(problem),
        "format": raw.info.format,
        "encoding": raw.info.encoding,
        "sheet": raw.info.sheet,
    }


def _roles(table: pa.Table) -> tuple[Roles, Bilingual | None]:
    """Return the roles recognised; where no column looks like the text, those of the others and why."""
    try:
        return columns.guess(table), None
    except InputError as error:
        stand_in = table.append_column(_NONE, pa.array([""] * table.num_rows, pa.string()))
        return columns.guess(stand_in, {"text": _NONE}), error_words(error)


def _masked(values: pa.ChunkedArray, name: str, roles: Roles) -> list[str]:
    """Return cells as the page may show them: short, without personal data."""
    texts = [" ".join((as_text(cell) or "").split()) for cell in values.to_pylist()]
    masked = mask_column(texts)
    if name == roles.columns.get("customer") or names_people(name):
        people = masked_customers(set(masked))
        masked = [people.get(cell, cell) for cell in masked]
    return [cell if len(cell) <= _LONGEST else cell[: _LONGEST - 1] + "…" for cell in masked]


def _examples(cells: list[str]) -> list[str]:
    return list(dict.fromkeys(cell for cell in cells if cell))[:N_EXAMPLES]
