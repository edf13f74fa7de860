"""Where things stand in a taxonomy file: the line of a table or a key, for messages.

``tomllib`` gives values without lines, so the headers and keys are looked up again in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from feedback_nlp.errors import Bilingual

__all__ = ["MARKS", "Source", "places", "refusal"]

Path = tuple[str, ...]
# What goes wrong most often where Chinese is typed; the parser notices it on that line or a line further on.
MARKS = Bilingual(
    '看这一行和上一行：引号、逗号、方括号要用英文的（" , [ ]），文字要加引号，括号要成对。',
    'See this line and the one before: quotes, commas and brackets are the plain ones (" , [ ]), in pairs.',
)

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[^\s."']+|"[^"]*"|'[^']*'""")
# What a value is made of: long strings first, then strings, comments and brackets.
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


def refusal(error: Exception) -> tuple[str, int | None]:
    """Return what a TOML parser says is wrong, and on which line if it says so."""
    what, _, where = str(error).partition(" (at ")
    found = re.search(r"line (\d+)", where)
    return what, int(found[1]) if found else None


@dataclass(frozen=True)
class Source:
    """A taxonomy as it was written.

    Attributes
    ----------
    name : str
        What messages call it: a path, or a shipped name.
    text : str
        Empty where it did not come from TOML.
    """

    name: str
    text: str = ""

    @cached_property
    def _lines(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for path, line in places(self.text):
            found.setdefault(path, line)
        return found

    def line(self, where: str) -> int | None:
        """Return the line, from 1, on which ``where`` stands; that of what holds it where it does not stand.

        Parameters
        ----------
        where : str
            ``top`` or ``top.key`` for the file itself; else a code (``menu``, ``menu.taste``), with a key
            behind it (``menu.taste.terms``) or the word ``elements.`` before it.
        """
        parts = where.removeprefix("elements.").split(".")
        if parts[0] == "top":
            return self._lines.get(tuple(parts[1:]))
        for length in range(len(parts), 0, -1):
            element, *rest = parts[:length]
            for path in (("elements", element, "facets", *rest), ("elements", element, *rest)):
                if path in self._lines:
                    return self._lines[path]
        return None

    def repeated(self, line: int) -> tuple[str, int] | None:
        """Return name and first line of the table or key that stands on ``line`` for the second time."""
        every = list(places(self.text))
        here = next((path for path, number in every if number == line), None)
        first = next((number for path, number in every if path == here), line)
        return None if here is None or first >= line else (".".join(here), first)


def places(text: str) -> Iterator[tuple[Path, int]]:
    """Yield the path and the line, from 1, of every table header and key of a TOML text, in order.

    A table of an array (``[[…]]``) has the path of the array.
    """
    table: Path = ()
    depth, string = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if depth == 0 and not string:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header is not None:
                table = _parts(header[2])
                yield table, number
                continue
            if key is None:
                continue
            yield (*table, *_parts(key[1])), number
            line = line[key.end() :]
        depth, string = _after(line, depth, string)


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _after(line: str, depth: int, string: str) -> tuple[int, str]:
    """Return how many brackets are open behind a line, and the quotes of a long string that is."""
    for token in _TOKEN.findall(line):
        if string:
            string = "" if token == string else string
        elif token in ('"""', "'''"):
            string = token
        else:
            depth += (token in "[{") - (token in "]}")
    return max(depth, 0), string
