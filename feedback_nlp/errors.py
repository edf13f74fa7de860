"""The exception tree; every message states a fact with its value, then what to do.

FeedbackError                     anything this package raises on purpose (exit code 1)
└── UserError                     the user can fix it (exit code 2)
    ├── InputError                a file or table that can't be used (ValueError)
    │   └── ColumnNotFoundError   a named or needed column is not there (KeyError)
    ├── OutputError               a place that can't be written (OSError)
    ├── ConfigError               an option or configuration file with a bad value (ValueError)
    ├── TaxonomyError             a taxonomy that breaks its own rules (ValueError)
    ├── ModelError                a model folder that is missing, damaged or does not fit (ValueError)
    └── MissingExtraError         an optional dependency is not installed (ImportError)

A message is kept in both languages, since the language is the reader's choice (``--lang``), not the raiser's.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

__all__ = [
    "Bilingual",
    "ColumnNotFoundError",
    "ConfigError",
    "FeedbackError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "TaxonomyError",
    "UserError",
    "cannot_open",
]


class Bilingual(NamedTuple):
    """One sentence in Chinese and in English."""

    zh: str
    en: str

    def in_(self, lang: str) -> str:
        """Return the sentence in ``lang`` (``"zh"`` or ``"en"``)."""
        return self.en if lang == "en" else self.zh


class FeedbackError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    fact : Bilingual
        What is wrong and where, with the value met.
    hint : Bilingual
        What to do about it.
    """

    exit_code = 1

    def __init__(self, fact: Bilingual, hint: Bilingual) -> None:
        super().__init__(fact, hint)
        self.fact = fact
        self.hint = hint

    def message(self, lang: str = "zh") -> str:
        """Return fact and hint as one line in ``lang``."""
        lead = "Hint: " if lang == "en" else "提示："
        gap = " " if lang == "en" else ""
        text = f"{self.fact.in_(lang)}{gap}{lead}{self.hint.in_(lang)}"
        return " ".join(text.split("\n"))

    def __str__(self) -> str:
        return self.message("zh")


class UserError(FeedbackError):
    """Something the user can fix."""

    exit_code = 2


class InputError(UserError, ValueError):
    """A file or table that can't be used as it is."""


class OutputError(UserError, OSError):
    """A place that can't be written."""

    # OSError.__str__ would print the argument tuple.
    __str__ = FeedbackError.__str__


class ConfigError(UserError, ValueError):
    """An option or a configuration file with a bad value."""


class TaxonomyError(UserError, ValueError):
    """A taxonomy that breaks its own rules."""


class ModelError(UserError, ValueError):
    """A model folder that is missing, damaged or does not fit the taxonomy."""


class ColumnNotFoundError(InputError, KeyError):
    """A named or needed column is not in the table."""

    # KeyError.__str__ would print the repr of the arguments.
    __str__ = FeedbackError.__str__

    @classmethod
    def from_missing(cls, asked: str, available: Iterable[str], option: str = "") -> ColumnNotFoundError:
        """Build the error for the column ``asked``, suggesting the nearest of ``available``."""
        names = [str(name) for name in available]
        near = get_close_matches(asked, names, n=1, cutoff=0.5)
        where_zh = f"（{option}）" if option else ""
        where_en = f" ({option})" if option else ""
        shown = "、".join(names[:30])
        guess_zh = f"是不是“{near[0]}”？" if near else ""
        guess_en = f"Did you mean '{near[0]}'? " if near else ""
        return cls(
            Bilingual(f"表里没有列“{asked}”{where_zh}。", f"No column '{asked}'{where_en}."),
            Bilingual(f"{guess_zh}现有的列：{shown}。", f"{guess_en}Columns here: {shown}."),
        )


class MissingExtraError(UserError, ImportError):
    """An optional dependency is not installed."""

    @classmethod
    def from_extra(cls, extra: str, needed_for: str) -> MissingExtraError:
        """Build the error naming the exact ``pip install``."""
        command = f'pip install "feedback-nlp[{extra}]"'
        return cls(
            Bilingual(
                f"{needed_for} 需要可选组件 {extra}，没有安装。",
                f"{needed_for} needs the extra '{extra}', which is not installed.",
            ),
            Bilingual(f"运行 {command}。", f"Run {command}."),
        )


def cannot_open(name: str, error: OSError, kind: type[UserError] = InputError) -> UserError:
    """Return the error of ``kind`` for a file that the system does not let us read."""
    why = error.strerror or str(error)
    if isinstance(error, FileNotFoundError):
        return kind(
            Bilingual(f"找不到文件 {name}。", f"There is no file {name}."),
            Bilingual("请检查路径和文件名。", "Check the path and the name."),
        )
    if isinstance(error, IsADirectoryError):
        return kind(
            Bilingual(f"{name} 是文件夹，不是文件。", f"{name} is a folder, not a file."),
            Bilingual("请给出文件夹里的文件。", "Name the files in it."),
        )
    return kind(
        Bilingual(f"读不了文件 {name}（{why}）。", f"The file {name} can't be read ({why})."),
        Bilingual(
            "请检查权限；如果正在 Excel 里打开，先关掉。",
            "Check the permissions; if it is open in Excel, close it first.",
        ),
    )
