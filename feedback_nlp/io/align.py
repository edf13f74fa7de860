"""Several files as one: columns that mean the same and are called differently get one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from feedback_nlp.errors import Bilingual, InputError
from feedback_nlp.io.columns import Roles, guess
from feedback_nlp.io.raw import Raw

__all__ = ["aligned"]


def aligned(raws: Sequence[Raw], overrides: Mapping[str, str]) -> list[Raw]:
    """Rename columns of later files to those of the first that play the same role.

    Parameters
    ----------
    raws : sequence of Raw
        As read, in order.
    overrides : mapping of role to column name
        What the user says; a file that lacks such a column has its own recognised.

    Raises
    ------
    InputError
        If a file has no text column: its rows would count as empty.
    """
    if len(raws) < 2:
        return list(raws)
    columns = {name for raw in raws for name in raw.table.column_names}
    said = {role: name for role, name in overrides.items() if name in columns}
    names: dict[str, str] = dict(said)
    found = []
    for raw in raws:
        roles = _roles(raw, said)
        found.append(_renamed(raw, roles, names))
        names = {**roles.columns, **names}
    return found


def _roles(raw: Raw, said: Mapping[str, str]) -> Roles:
    own = {role: name for role, name in said.items() if not name or name in raw.table.column_names}
    try:
        return guess(raw.table, own)
    except InputError as error:
        name = Path(raw.info.path).name
        fact = Bilingual(f"{name}：{error.fact.zh}", f"{name}: {error.fact.en}")
        raise InputError(fact, error.hint) from error


def _renamed(raw: Raw, roles: Roles, names: Mapping[str, str]) -> Raw:
    """Return the file with the names that roles have in the files before it."""
    columns = raw.table.column_names
    changes = {
        own: names[role]
        for role, own in roles.columns.items()
        if names.get(role) and names[role] != own and names[role] not in columns
    }
    if not changes:
        return raw
    notes = tuple(
        Bilingual(f"列“{own}”当作“{name}”。", f"Column '{own}' is taken as '{name}'.")
        for own, name in changes.items()
    )
    table = raw.table.rename_columns([changes.get(name, name) for name in columns])
    return Raw(table, replace(raw.info, notes=(*raw.info.notes, *notes)))
