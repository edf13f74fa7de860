"""Checks of arguments that several calls take, so that each is refused the same way and before any work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from feedback_nlp.errors import Bilingual, ConfigError

__all__ = ["LANGS", "are_numbers", "by_code", "check_draws", "is_number", "one_of", "plain", "whole_number"]

LANGS = ("zh", "en")


def check_draws(draws: Any, seed: Any) -> tuple[int, int]:
    """Return the number of bootstrap draws and their seed; see ``whole_number``."""
    return whole_number("draws", draws, least=1), whole_number("seed", seed, least=0)


def whole_number(name: str, value: Any, *, least: int, advice: Bilingual | None = None) -> int:
    """Return the argument ``name`` as an int.

    Parameters
    ----------
    name : str
        As the caller writes it.
    value : object
        What was given; NumPy's whole numbers are fine, truth values are not.
    least : int
        The smallest that makes sense.
    advice : Bilingual, optional
        The hint; by default which numbers to give.

    Raises
    ------
    ConfigError
        If it is no whole number, or smaller.
    """
    if not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= least:
        return int(value)
    raise ConfigError(
        Bilingual(f"{name}={value!r:.40} 不能用。", f"{name}={value!r:.40} can't be used."),
        advice or Bilingual(f"给 {least} 以上的整数。", f"Give a whole number of at least {least}."),
    )


def by_code(name: str, value: Any, example: str) -> dict[str, Any]:
    """Return the argument ``name``, what is said of codes or issues, as a dictionary of strings.

    Parameters
    ----------
    name : str
        As the caller writes it.
    value : object
        What was given; None says nothing.
    example : str
        A value that can be used.

    Raises
    ------
    ConfigError
        If it is no mapping.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(key): plain(said) for key, said in value.items()}
    raise ConfigError(
        Bilingual(f"{name}={value!r:.40} 不能用。", f"{name}={value!r:.40} can't be used."),
        Bilingual(f"给字典：{example}。", f"Give a dictionary: {example}."),
    )


def one_of(value: Any, choices: Sequence[str]) -> None:
    """Refuse what is not among the choices, and say which there are.

    Raises
    ------
    ConfigError
        If it is none of them.
    """
    if value not in tuple(choices):
        raise ConfigError(
            Bilingual(f"没有“{value!s:.40}”。", f"There is no '{value!s:.40}'."),
            Bilingual(f"可用：{'、'.join(choices)}。", f"Use one of {', '.join(choices)}."),
        )


def plain(value: Any) -> Any:
    """Return a number as Python's own, which every file can hold as NumPy's can't; all else as it is."""
    if not is_number(value):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def is_number(value: Any) -> bool:
    """Whether ``value`` is a number; truth values are none."""
    return not isinstance(value, bool) and isinstance(value, Real)


def are_numbers(values: Any, count: int) -> bool:
    """Whether ``values`` are so many numbers."""
    found = list(values) if isinstance(values, Iterable) else []
    return len(found) == count and all(map(is_number, found))
