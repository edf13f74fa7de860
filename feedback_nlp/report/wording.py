"""The words of a report in one language, and how its numbers are written."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["LANGS", "Words"]

LANGS = ("zh", "en")
# Strings of documents of their own, which their module reads by itself.
_APART = ("handoff",)


class Words:
    """The strings of ``lang`` and its way of writing numbers.

    Parameters
    ----------
    lang : str
        ``"zh"`` or ``"en"``.

    Examples
    --------
    >>> Words("en").percent(0.1234)
    '12.3%'
    """

    def __init__(self, lang: str = "zh") -> None:
        self.lang = lang

    @property
    def strings(self) -> dict[str, str]:
        """All strings by dotted key."""
        return _strings(self.lang)

    def __call__(self, key: str, **values: object) -> str:
        """Return the string ``key`` with its placeholders filled."""
        text = self.strings[key]
        return text.format(**values) if values else text

    def section(self, name: str) -> dict[str, str]:
        """Return the strings under ``name`` by the rest of their keys."""
        lead = f"{name}."
        return {key[len(lead) :]: text for key, text in self.strings.items() if key.startswith(lead)}

    def percent(self, share: float | None) -> str:
        """Write a share of [0, 1] with one decimal; a dash where there is none."""
        if share is None:
            return "–"
        if 0 < share < 0.0005:
            return "<0.1%"
        return f"{share * 100:.1f}%"

    def chance(self, share: float | None) -> str:
        """Write a probability from resampling, which is never quite 0 or 1, to the whole percent."""
        if share is None:
            return "–"
        if not 0.005 <= share <= 0.995:
            return self("number.hardly" if share < 0.5 else "number.nearly")
        return f"{share * 100:.0f}%"

    def span(self, low: float | None, high: float | None) -> str:
        """Write a 95 % interval of shares."""
        if low is None or high is None:
            return ""
        return self("number.interval", low=self.percent(low), high=self.percent(high))

    def with_span(self, share: float | None, low: float | None, high: float | None) -> str:
        """Write a share with its 95 % interval behind it."""
        interval = self.span(low, high)
        return f"{self.percent(share)}{self('number.comma')}{interval}" if interval else self.percent(share)

    def count(self, number: float | None) -> str:
        """Write a count with thousands separators."""
        return "–" if number is None else f"{int(number):,}"

    def decimal(self, number: float | None, digits: int = 2) -> str:
        """Write a number with ``digits`` decimals."""
        return "–" if number is None else f"{number:.{digits}f}"

    def signed(self, number: float | None, digits: int = 2) -> str:
        """Write a number with its sign, minus as a true minus."""
        return "–" if number is None else f"{number:+.{digits}f}".replace("-", "\N{MINUS SIGN}")

    def quoted(self, name: str) -> str:
        """Put a name in the quotation marks of the language."""
        return self("number.quoted", name=name)

    def joined(self, items: list[str]) -> str:
        """Join items as the language enumerates them."""
        return self("number.enumerate").join(items)


@lru_cache(maxsize=len(LANGS))
def _strings(lang: str) -> dict[str, str]:
    """Read ``zh.toml`` and every ``name.zh.toml`` beside it, a part of the report each."""
    found: dict[str, str] = {}
    folder = resources.files("feedback_nlp.report") / "strings"
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        part = item.name.removesuffix(f"{lang}.toml").rstrip(".")
        if item.name.endswith(f"{lang}.toml") and part not in _APART:
            found.update(_flat(tomllib.loads(item.read_text(encoding="utf-8"))))
    return found


def _flat(table: Mapping[str, Any], lead: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{lead}{key}.")
        else:
            yield f"{lead}{key}", str(value)
